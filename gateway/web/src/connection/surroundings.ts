/** What a connection needs of the browser, so that tests can stand in for it. */

/** The part of WebSocket that is used. */
export interface Socket {
  onmessage: ((event: globalThis.MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export interface Surroundings {
  openSocket(address: string, protocols: string[]): Socket;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** From [0, 1). */
  chance(): number;
  /** Runs `work` after `milliseconds`; the answer cancels it. */
  later(milliseconds: number, work: () => void): () => void;
  online(): boolean;
  /** Solves the challenge at `place`; rejects when it cannot be done, or `signal` stops it. */
  prove(place: string, signal: AbortSignal): Promise<string>;
}

export const browser: Surroundings = {
  openSocket: (address, protocols) => new WebSocket(address, protocols),
  now: () => performance.now(),
  chance: () => Math.random(),
  later: (milliseconds, work) => {
    const timer = setTimeout(work, milliseconds);
    return () => {
      clearTimeout(timer);
    };
  },
  online: () => navigator.onLine,
  prove: async (place, signal) => (await import("../proof/prove.ts")).prove(place, signal),
};
