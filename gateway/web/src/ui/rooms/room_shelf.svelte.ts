/** The rooms that are shown: the most visited, or what was searched for; kept fresh while seen. */
import { untrack } from "svelte";
import { publicRooms, searchRooms } from "../../rest/api.ts";
import { problemText } from "../problems.ts";

const REFRESH_MILLISECONDS = 10_000;
/** Between two letters of somebody who searches. */
const PAUSE_MILLISECONDS = 300;
/** Pages behind these stay as they were: one reader shall not cost the server ever more calls. */
const MOST_PAGES_REFRESHED = 4;

export interface ShownRoom {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly online: number;
  readonly messages: number;
}

interface Running {
  readonly abort: AbortController;
  /** It brings more rooms, which the reader asked for. */
  readonly adds: boolean;
}

export class RoomShelf {
  query = $state("");
  /** What `rooms` is the answer to. */
  asked = $state("");
  rooms = $state.raw<readonly ShownRoom[] | null>(null);
  problem = $state.raw<string | null>(null);
  more = $state(false);
  loading = $state(false);
  #cursor: string | null = null;
  #pages = 1;
  #running: Running | null = null;

  /** For an effect: follows the query and the time; the answer ends it. */
  keepFresh(): () => void {
    const query = this.query.trim();
    const first = setTimeout(
      () => void this.refresh(),
      query === untrack(() => this.asked) ? 0 : PAUSE_MILLISECONDS,
    );
    const timer = setInterval(() => {
      if (!document.hidden) void this.refresh();
    }, REFRESH_MILLISECONDS);
    return () => {
      clearTimeout(first);
      clearInterval(timer);
      this.#stop();
    };
  }

  async refresh(): Promise<void> {
    const query = this.query.trim();
    // The next one comes soon; another query is no refresh, and ends what runs.
    if (this.#running?.adds === true && query === this.asked) return;
    await this.#load(false, async (signal) => {
      if (query === "") await this.#list(signal);
      else await this.#search(query, signal);
      this.asked = query;
    });
  }

  async loadMore(): Promise<void> {
    await this.#load(true, async (signal) => {
      const page = await publicRooms(this.#cursor, signal);
      this.rooms = joined(this.rooms ?? [], page.rooms.map(listed));
      this.#cursor = page.next_cursor;
      this.#pages++;
    });
  }

  /** As many pages as are held; they are shown together, so that no list is half old. */
  async #list(signal: AbortSignal): Promise<void> {
    let page = await publicRooms(null, signal);
    let rooms = page.rooms.map(listed);
    let pages = 1;
    while (pages < Math.min(this.#pages, MOST_PAGES_REFRESHED) && page.next_cursor !== null) {
      page = await publicRooms(page.next_cursor, signal);
      rooms = joined(rooms, page.rooms.map(listed));
      pages++;
    }
    if (pages < this.#pages && page.next_cursor !== null) {
      this.rooms = joined(rooms, this.rooms ?? []);
      return;
    }
    this.rooms = rooms;
    this.#cursor = page.next_cursor;
    this.#pages = pages;
  }

  async #search(query: string, signal: AbortSignal): Promise<void> {
    const page = await searchRooms(query, signal);
    this.rooms = page.results.map(found).sort((a, b) => b.online - a.online);
    this.#cursor = null;
    this.#pages = 1;
  }

  #stop(): void {
    this.#running?.abort.abort();
    this.#running = null;
  }

  async #load(adds: boolean, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#stop();
    const running = (this.#running = { abort: new AbortController(), adds });
    const { signal } = running.abort;
    this.loading = true;
    try {
      await work(signal);
      this.problem = null;
    } catch (error) {
      if (!signal.aborted) this.problem = problemText(error);
    } finally {
      if (running === this.#running) {
        this.#running = null;
        this.loading = false;
        this.more = this.#cursor !== null;
      }
    }
  }
}

/** `rooms`, and behind them those of `others` that they have not. */
function joined(rooms: readonly ShownRoom[], others: readonly ShownRoom[]): ShownRoom[] {
  const known = new Set(rooms.map((room) => room.id));
  return [...rooms, ...others.filter((room) => !known.has(room.id))];
}

function listed(room: {
  id: string;
  name: string;
  description: string | null;
  online_users: number;
  total_messages: number;
}): ShownRoom {
  const { id, name, description, online_users, total_messages } = room;
  return { id, name, description, online: online_users, messages: total_messages };
}

function found(room: {
  id: string;
  name: string;
  description: string | null;
  online_users_count: number;
  total_messages_count: number;
}): ShownRoom {
  const { online_users_count, total_messages_count } = room;
  return listed({
    ...room,
    online_users: online_users_count,
    total_messages: total_messages_count,
  });
}
