/** A world whose clock and sockets are moved by hand. */
import type { Socket, Surroundings } from "../src/connection/surroundings.ts";
import type { Command, ServerEvent } from "../src/wire/contract.ts";

export class RecordingSocket implements Socket {
  onmessage: ((event: globalThis.MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  readonly sent: string[] = [];
  closedWith: number | undefined | null = null;

  constructor(
    readonly address: string,
    readonly protocols: readonly string[],
  ) {}

  send(text: string): void {
    if (this.closedWith !== null) throw new Error("sent on a socket that was closed");
    this.sent.push(text);
  }

  close(code?: number): void {
    this.closedWith = code;
  }

  get commands(): Command[] {
    return this.sent.map((text) => JSON.parse(text) as Command);
  }

  get query(): URLSearchParams {
    return new URL(this.address).searchParams;
  }

  /** The server says something. */
  hear(event: ServerEvent): void {
    this.hearText(JSON.stringify(event));
  }

  hearText(data: unknown): void {
    this.onmessage?.({ data } as globalThis.MessageEvent);
  }

  /** The other side closes, or the line breaks. */
  end(code: number): void {
    this.onclose?.({ code } as CloseEvent);
  }
}

/** What somebody was asked to prove. */
export interface Task {
  readonly place: string;
  readonly signal: AbortSignal;
  readonly solve: (proof: string) => void;
  readonly fail: () => void;
}

interface Timer {
  readonly at: number;
  readonly work: () => void;
}

export class ByHand implements Surroundings {
  readonly sockets: RecordingSocket[] = [];
  readonly tasks: Task[] = [];
  chanceIs = 0.5;
  isOnline = true;
  #now = 1_000_000;
  #timers = new Set<Timer>();

  openSocket = (address: string, protocols: string[]): Socket => {
    const socket = new RecordingSocket(address, protocols);
    this.sockets.push(socket);
    return socket;
  };
  now = (): number => this.#now;
  chance = (): number => this.chanceIs;
  online = (): boolean => this.isOnline;
  prove = (place: string, signal: AbortSignal): Promise<string> =>
    new Promise((solve, reject) => {
      const fail = (): void => {
        reject(new Error("not proved"));
      };
      this.tasks.push({ place, signal, solve, fail });
    });
  later = (milliseconds: number, work: () => void): (() => void) => {
    const timer = { at: this.#now + milliseconds, work };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  };

  get socket(): RecordingSocket {
    const last = this.sockets.at(-1);
    if (last === undefined) throw new Error("no socket was opened");
    return last;
  }

  get task(): Task {
    const last = this.tasks.at(-1);
    if (last === undefined) throw new Error("nothing was to be proved");
    return last;
  }

  /** How many wait for their time. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Time goes on; what is due meanwhile is done when it is due. */
  pass(milliseconds: number): void {
    const until = this.#now + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= until);
      const [next] = due.sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      this.#timers.delete(next);
      next.work();
    }
    this.#now = until;
  }
}

/** Lets what waits for promises go on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
}

/** Texts by key, in memory, as localStorage keeps them. */
export class MapStorage {
  readonly texts = new Map<string, string>();

  getItem(key: string): string | null {
    return this.texts.get(key) ?? null;
  }

  setItem(key: string, text: string): void {
    this.texts.set(key, text);
  }

  removeItem(key: string): void {
    this.texts.delete(key);
  }

  get length(): number {
    return this.texts.size;
  }

  key(at: number): string | null {
    return [...this.texts.keys()][at] ?? null;
  }
}
