import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Coalescer } from "../../src/app/coalescer.ts";

const page = { hidden: false };
let frames: (() => void)[];
let flushed: number[][];
let gathered: Coalescer<number>;

/** The browser paints; hidden pages are not painted. */
function paint(): void {
  if (page.hidden) return;
  for (const work of frames.splice(0)) work();
}

beforeEach(() => {
  vi.useFakeTimers();
  [frames, flushed, page.hidden] = [[], [], false];
  vi.stubGlobal("document", page);
  vi.stubGlobal("requestAnimationFrame", (work: () => void) => frames.push(work));
  vi.stubGlobal("cancelAnimationFrame", (frame: number) => {
    frames[frame - 1] = () => undefined;
  });
  gathered = new Coalescer<number>((items) => flushed.push(items));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("what comes between two frames", () => {
  it("is shown together, in order, once", () => {
    gathered.add(1);
    gathered.add(2, 3);
    expect(flushed).toEqual([]);
    paint();
    paint();
    expect(flushed).toEqual([[1, 2, 3]]);
    gathered.add(4);
    paint();
    expect(flushed).toEqual([[1, 2, 3], [4]]);
  });

  it("is shown at once when it is asked for, and not again", () => {
    gathered.add(1);
    gathered.now();
    paint();
    vi.advanceTimersByTime(1_000);
    expect(flushed).toEqual([[1]]);
  });

  it("is shown less often in a flood, and each frame again after it", () => {
    gathered.add(...Array.from({ length: 11 }, (_, at) => at));
    paint();
    gathered.add(11);
    paint();
    expect(flushed.length).toBe(1);
    vi.advanceTimersByTime(100);
    expect(flushed[1]).toEqual([11]);
    gathered.add(12);
    paint();
    expect(flushed[2]).toEqual([12]);
  });

  it("is told in hidden tabs too, which have no frames", () => {
    page.hidden = true;
    gathered.add(1);
    vi.advanceTimersByTime(499);
    expect(flushed).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(flushed).toEqual([[1]]);
  });

  it("is told when the tab was hidden just before its frame", () => {
    gathered.add(1);
    page.hidden = true;
    gathered.add(2);
    paint();
    vi.advanceTimersByTime(500);
    expect(flushed).toEqual([[1, 2]]);
    gathered.add(3);
    vi.advanceTimersByTime(500);
    expect(flushed).toEqual([[1, 2], [3]]);
  });

  it("may bring more, which is shown next time", () => {
    const more = new Coalescer<number>((items) => {
      flushed.push(items);
      if (items[0] === 1) more.add(2);
    });
    more.add(1);
    paint();
    paint();
    expect(flushed).toEqual([[1], [2]]);
  });

  it("is forgotten at the end", () => {
    gathered.add(1);
    gathered.stop();
    paint();
    vi.advanceTimersByTime(1_000);
    expect(flushed).toEqual([]);
  });
});
