/** Gathers what comes between two frames, so that a flood of messages costs as much as a trickle. */

/** In a flood the list is built at most this often: reading needs no more, and typing needs time. */
const FLOOD_MILLISECONDS = 100;
/** More at once than this is a flood. */
const FLOOD_ITEMS = 10;
/** Hidden tabs get no frames. */
const HIDDEN_MILLISECONDS = 500;

export class Coalescer<T> {
  #items: T[] = [];
  #cancel: (() => void) | null = null;
  #flood = false;

  constructor(private readonly flush: (items: T[]) => void) {}

  add(...items: T[]): void {
    this.#items.push(...items);
    this.#cancel ??= schedule(
      document.hidden ? HIDDEN_MILLISECONDS : this.#flood ? FLOOD_MILLISECONDS : 0,
      () => {
        this.now();
      },
    );
  }

  /** What waits, at once. */
  now(): void {
    this.#cancel?.();
    this.#cancel = null;
    const items = this.#items;
    this.#items = [];
    this.#flood = items.length > FLOOD_ITEMS;
    this.flush(items);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#items = [];
  }
}

/** Runs `work` after so long, 0: at the next frame, or soon if the tab is hidden before that. */
function schedule(milliseconds: number, work: () => void): () => void {
  const frame = milliseconds === 0 ? requestAnimationFrame(work) : null;
  const timer = setTimeout(work, frame === null ? milliseconds : HIDDEN_MILLISECONDS);
  return () => {
    if (frame !== null) cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}
