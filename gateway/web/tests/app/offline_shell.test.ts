import "../browser_globals.ts";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type * as OfflineShell from "../../src/app/offline_shell.svelte.ts";
import { settled } from "../by_hand.ts";

/** A version of the page, as the browser tells of it. */
class Version extends EventTarget {
  readonly heard: unknown[] = [];

  constructor(public state: ServiceWorkerState) {
    super();
  }

  postMessage(data: unknown): void {
    this.heard.push(data);
  }

  becomes(state: ServiceWorkerState): void {
    this.state = state;
    this.dispatchEvent(new Event("statechange"));
  }
}

class Registration extends EventTarget {
  waiting: Version | null = null;
  installing: Version | null = null;

  finds(version: Version): void {
    this.installing = version;
    this.dispatchEvent(new Event("updatefound"));
  }
}

/** The browser's service workers, of which one already brought this page. */
class Workers extends EventTarget {
  readonly registration = new Registration();
  controller = new Version("activated");

  register(): Promise<Registration> {
    return Promise.resolve(this.registration);
  }

  /** Some tab has asked `version` to take over. */
  takenOverBy(version: Version): void {
    version.becomes("activating");
    version.becomes("activated");
    this.controller = version;
    this.dispatchEvent(new Event("controllerchange"));
  }
}

let workers: Workers;
let reload: ReturnType<typeof vi.fn>;
let shell: typeof OfflineShell.shell;

/** The page has been opened, and a new version was found since. */
async function withNewVersion(): Promise<Version> {
  const version = new Version("installing");
  workers.registration.finds(version);
  version.becomes("installed");
  await settled();
  return version;
}

beforeEach(async () => {
  workers = new Workers();
  reload = vi.fn();
  vi.stubEnv("DEV", false);
  vi.stubGlobal("navigator", { serviceWorker: workers, onLine: true });
  vi.stubGlobal("location", { reload });
  vi.stubGlobal("document", { readyState: "complete" });
  vi.stubGlobal("window", {});
  vi.resetModules();
  const module = await import("../../src/app/offline_shell.svelte.ts");
  module.keepShellOffline();
  ({ shell } = module);
  await settled();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

describe("a new version", () => {
  it("is offered, and shown as soon as it has taken over", async () => {
    const version = await withNewVersion();
    expect(shell.waiting).toBe(version);
    shell.renew();
    expect(version.heard).toEqual(["take over"]);
    expect(reload).not.toHaveBeenCalled();
    workers.takenOverBy(version);
    expect(reload).toHaveBeenCalledOnce();
  });

  it("that another tab has accepted is shown at once, for it waits no more", async () => {
    const version = await withNewVersion();
    workers.takenOverBy(version);
    expect(shell.broken).toBe("app.new_version");
    expect(reload).not.toHaveBeenCalled();
    shell.renew();
    expect(reload).toHaveBeenCalledOnce();
    expect(version.heard).toEqual([]);
  });

  it("that came after the one another tab accepted is asked to take over", async () => {
    workers.takenOverBy(await withNewVersion());
    const newest = await withNewVersion();
    shell.renew();
    expect(newest.heard).toEqual(["take over"]);
  });
});

describe("a page whose parts are gone", () => {
  it("is loaded anew where no version waits", () => {
    shell.broken = "error.network";
    shell.renew();
    expect(reload).toHaveBeenCalledOnce();
  });

  it("asks the version that waits, since the old one would only come again", async () => {
    const version = await withNewVersion();
    shell.broken = "error.network";
    shell.renew();
    expect(version.heard).toEqual(["take over"]);
    expect(reload).not.toHaveBeenCalled();
  });
});
