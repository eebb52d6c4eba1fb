/**
 * One room as the page shows it: joins the connection, the history that is held, the outbox and the
 * people, and gives components what they show. What comes in bursts is shown once per frame.
 */
import { tick } from "svelte";
import { MessageWindow, MOST_READ } from "../chat/message_window.ts";
import { MOST_WAITING, Outbox, type Draft, type Entry } from "../chat/outbox.ts";
import { People } from "../chat/people.ts";
import { RowList, type Note, type Row } from "../chat/rows.ts";
import { Sender } from "../connection/sender.ts";
import type { Revision, Step } from "../chat/timeline.ts";
import { Typists } from "../chat/typists.ts";
import { isNumbered } from "../chat/worn_name.ts";
import {
  Connection,
  type ConnectionState,
  type Listener,
  type PlainEvent,
} from "../connection/connection.ts";
import type { Surroundings } from "../connection/surroundings.ts";
import { identity } from "../storage/identity.ts";
import { lasting, ofTab, onOtherTab } from "../storage/shelf.ts";
import { LIMITS } from "../wire/codes.ts";
import type {
  ErrorEvent,
  MessageEvent,
  RoomInfo,
  RosterUser,
  SystemEvent,
  WelcomeEvent,
} from "../wire/contract.ts";
import { Coalescer } from "./coalescer.ts";
import { Standing } from "./standing.svelte.ts";

const PAGE = 50;
/** Around the place where the reader was, before a reload. */
const PLACE_CONTEXT = 40;
const MOST_NOTES = 200;
/** So many of the reader's own messages are known again. */
const MOST_OWN = 200;
/** So begins the client_id of what staff have let be said. */
const HELD = "held-";
/** So many messages are taken in at once; more are read one after another. */
const GLANCE = 5;
const PEOPLE_MILLISECONDS = 250;
const TYPING_REPEAT_MILLISECONDS = 3_000;

/** What the history is to do with its scroll position after rows have changed. */
export type Anchor = "keep" | "end" | { readonly seq: number };

export interface Me {
  readonly id: string;
  readonly username: string;
  readonly color: string;
}

/** Heard by its author alone: it has no number of its own. */
interface Echo {
  readonly type: "echo";
  readonly message: MessageEvent;
}

/** Told to whoever shows notices and notifications. */
export interface Told {
  refused(event: ErrorEvent): void;
  /** Somebody else goes by the name that the reader asked for; here they are called `name`. */
  numbered(name: string, asked: string): void;
  messages(messages: readonly MessageEvent[]): void;
}

export class RoomSession implements Listener {
  connection = $state.raw<ConnectionState>({ name: "stopped" });
  info = $state.raw<RoomInfo | null>(null);
  me = $state.raw<Me | null>(null);
  /** The server's text on why the reader cannot come in under their name. */
  nameRefused = $state.raw<string | null>(null);
  /** There is no such room, or not any more. */
  gone = $state.raw(false);
  /** Null until the first messages have come. */
  rows = $state.raw<readonly Row[] | null>(null);
  /** Rows were put before, or taken from, the beginning. */
  shifted = $state.raw(false);
  anchor: Anchor = "end";
  pending = $state.raw<readonly Entry[]>([]);
  people = $state.raw<readonly RosterUser[]>([]);
  total = $state.raw(0);
  typing = $state.raw<readonly string[]>([]);
  /** Messages of others that came while the reader looked elsewhere. */
  unseen = $state.raw(0);
  loading = $state.raw<"older" | "newer" | null>(null);
  historyFailed = $state.raw(false);
  hasOlder = $state.raw(false);
  hasNewer = $state.raw(false);

  readonly standing: Standing;
  readonly #connection: Connection;
  readonly #window = new MessageWindow();
  readonly #list = new RowList();
  readonly #outbox: Outbox;
  readonly #sender: Sender;
  readonly #people = new People();
  readonly #typists = new Typists();
  readonly #incoming: Coalescer<MessageEvent | SystemEvent | Revision | Echo>;
  readonly #forget: (() => void)[] = [];
  #notes: Note[] = [];
  /** Ids of what the reader has said lately. */
  #own: string[] = [];
  #noteNumber = 0;
  #following = true;
  /** How often the history was begun anew: pages of before do not adjoin. */
  #begun = 0;
  #unreadAfter: number | null = null;
  #markerMoved = false;
  /** More was missed than a glance takes in. */
  #catchingUp = false;
  #place: number | null;
  #typedAt = -Infinity;
  /** The name by which the server knows the reader. */
  #accepted: string | null = null;
  #peopleTimer: (() => void) | null = null;

  constructor(
    readonly room: string,
    private readonly surroundings: Surroundings,
    private readonly told: Told,
  ) {
    const key = `outbox:${room}`;
    this.standing = new Standing(surroundings);
    this.#outbox = new Outbox(lasting, key);
    this.#place = Number(ofTab.getItem(`place:${room}`)) || null;
    this.#incoming = new Coalescer((items) => {
      this.#show(items);
    });
    this.#connection = new Connection(location.origin, room, whoIsThere, this, surroundings);
    this.#sender = new Sender({
      outbox: this.#outbox,
      surroundings,
      send: (command) => this.#connection.send(command),
      reconnect: () => {
        this.#connection.giveUp();
      },
      changed: () => {
        this.pending = this.#outbox.entries;
      },
      wallClock: Date.now,
    });
    this.pending = this.#outbox.entries;
    this.#forget.push(
      onOtherTab(key, () => {
        this.#outbox.reload();
        this.pending = this.#outbox.entries;
      }),
      onOtherTab("identity", () => {
        this.#renamedElsewhere();
      }),
    );
  }

  // ------------------------------------------------------------------ for components

  start(): void {
    this.#connection.start();
  }

  stop(): void {
    this.#connection.stop();
    this.#sender.stop();
    this.standing.stop();
    this.#incoming.now();
    this.#incoming.stop();
    this.#peopleTimer?.();
    for (const forget of this.#forget) forget();
  }

  /** After a refusal, or to be quicker than the next attempt. */
  retry(): void {
    this.nameRefused = this.standing.barred = null;
    this.#connection.stop();
    this.#connection.start();
  }

  wake(): void {
    this.#connection.wake();
  }

  get outboxFull(): boolean {
    return this.pending.length >= MOST_WAITING;
  }

  say(draft: Draft): void {
    this.#sender.say(draft);
    this.#typedAt = -Infinity;
    this.#unreadAfter = null;
    if (this.hasNewer) void this.toNewest();
    else this.#rebuild("end");
  }

  resend(clientId: string): void {
    this.#sender.retry(clientId);
  }

  discard(clientId: string): void {
    this.#outbox.remove(clientId);
    this.pending = this.#outbox.entries;
  }

  rename(username: string, color: string): void {
    this.#connection.send({ type: "user_update", username, color });
  }

  /** The reader types, or has emptied the field. */
  types(typing: boolean): void {
    const now = this.surroundings.now();
    if (typing && now - this.#typedAt < TYPING_REPEAT_MILLISECONDS) return;
    if (!typing && this.#typedAt === -Infinity) return;
    this.#typedAt = typing ? now : -Infinity;
    this.#connection.send({ type: "typing", typing });
  }

  /** Names of who types now; call it again when time has passed. */
  refreshTyping(): void {
    const names = this.#typists.names(this.surroundings.now());
    if (names.join("\n") !== this.typing.join("\n")) this.typing = names;
  }

  /** Is the newest message in sight? */
  follow(following: boolean): void {
    this.#following = following;
    if (following && !document.hidden) this.seen();
  }

  /** The reader has seen all that there is. */
  seen(): void {
    if (!this.#following || this.hasNewer) return;
    this.unseen = 0;
  }

  /** The tab is looked at again: at the first message that has not been seen. */
  lookBack(): void {
    if (this.unseen > 0 && this.#following && this.#unreadAfter !== null) {
      this.#rebuild({ seq: this.#unreadAfter + 1 });
    }
    this.seen();
  }

  /** What was seen until now; what comes from now on is new. */
  lookAway(): void {
    if (this.unseen > 0 || this.#unreadAfter === null) return;
    this.#unreadAfter = null;
    this.#rebuild("keep");
  }

  /** The first message in sight, to come back to after a reload; null: the newest. */
  remember(seq: number | null): void {
    const key = `place:${this.room}`;
    if (seq === null) ofTab.removeItem(key);
    else ofTab.setItem(key, String(seq));
  }

  find(messageId: string): MessageEvent | undefined {
    return this.#window.messages.findLast((message) => message.message_id === messageId);
  }

  async loadOlder(): Promise<void> {
    if (!this.#window.hasOlder || this.loading !== null) return;
    const { first, hasNewer } = this.#window;
    // All that was held is deleted: what is left stands before it.
    if (first === undefined && hasNewer) return this.toNewest();
    const before = first?.seq ?? this.#next;
    await this.#page("older", { before, limit: PAGE }, (messages, more) => {
      // What was let go meanwhile lies between.
      if ((this.#window.first?.seq ?? before) !== before) return;
      this.#showOlder(messages, more);
    });
  }

  async loadNewer(): Promise<void> {
    const last = this.#window.last;
    if (!this.#window.hasNewer || this.loading !== null || last === undefined) return;
    await this.#page("newer", { after: last.seq, limit: PAGE }, (messages, more) => {
      // Who has jumped to the newest meanwhile has left this page behind.
      if (this.#window.hasNewer) this.#window.extend(messages, more);
      this.#rebuild("keep");
    });
  }

  /** After a page that could not be had. */
  async loadAgain(): Promise<void> {
    this.historyFailed = false;
    await this.loadOlder();
    await this.loadNewer();
  }

  async toNewest(): Promise<void> {
    if (!this.#window.hasNewer) {
      this.#rebuild("end");
      return;
    }
    await this.#page("newer", { before: this.#next, limit: PAGE }, (messages, more) => {
      // Another page may have led there first; what came live since then is not in this one.
      if (this.#window.hasNewer) this.#window.reset(messages, { hasOlder: more });
      this.#rebuild("end");
    });
  }

  // ------------------------------------------------------------------ from the connection

  state(state: ConnectionState): void {
    this.connection = state;
    // A room that is deleted closes like one that never was; who was in it made no mistake.
    if (state.name === "refused" && state.code === 4000 && this.info !== null) this.gone = true;
    if (state.name === "open") this.gone = false;
    if (state.name !== "open") this.#sender.disconnected();
  }

  welcome(event: WelcomeEvent): void {
    this.info = event.room;
    this.standing.welcome(event);
    this.total = event.room.online_users;
    this.#setMe({ id: event.user_id, username: event.username, color: event.color });
  }

  step(step: Step, caughtUp: boolean): void {
    if (step.restart !== undefined) {
      this.#incoming.now();
      this.#restart(step.restart);
    }
    if (step.deliver.length > 0) {
      for (const message of step.deliver) this.#arrived(message);
      this.#catchingUp ||= caughtUp && step.deliver.length > GLANCE;
      this.#incoming.add(...step.deliver);
    }
    if (step.again !== undefined) this.#heardAgain(step.again);
    if (step.revisions.length > 0) this.#incoming.add(...step.revisions);
    if (caughtUp) {
      this.#sender.passed(this.#connection.position?.seq ?? 0);
      this.#sender.ready();
    }
  }

  event(event: PlainEvent): void {
    switch (event.type) {
      case "system":
        this.#incoming.add(event);
        return;
      case "ack":
        this.standing.spoke();
        this.#sender.acknowledged(event);
        // Known again, and further back than what was brought: it will not come any more.
        if (event.seq <= (this.#connection.position?.seq ?? 0)) {
          this.#sender.arrived(event.client_id);
        }
        return;
      case "room_rules":
        if (event.rules.slow_seconds < this.standing.rules.slow_seconds) this.#sender.hurry();
        this.standing.changed(event.rules);
        return;
      case "error":
        this.standing.refused(event);
        if (event.client_id == null) this.#refused(event);
        else this.#sender.refused(event);
        return;
      case "typing":
        if (event.user_id !== this.me?.id && this.#typists.event(event, this.surroundings.now())) {
          this.refreshTyping();
        }
        return;
      case "user_list":
        this.#people.list(event);
        this.#showPeople();
        return;
      case "joined":
        this.#people.joined(event, LIMITS.userList);
        if (event.user.id === this.me?.id) this.#setMe(event.user);
        this.#showPeople();
        return;
      case "left":
        this.#people.left(event);
        this.#typists.stopped(event.user_id);
        this.#showPeople();
        return;
    }
  }

  // ------------------------------------------------------------------ inside

  /** The number of the message that is heard next. */
  get #next(): number {
    return (this.#connection.position?.seq ?? 0) + 1;
  }

  #refused(event: ErrorEvent): void {
    const name = event.errors?.["username"]?.[0];
    // On the way in the close says the rest; but nobody gets in under this name.
    if (this.standing.barred !== null) return; // a page of its own says so
    if (this.connection.name === "open") {
      if (name !== undefined) this.#keepName();
      this.told.refused(event);
    } else if (event.code === "room_not_found") this.gone = true;
    else if (name !== undefined) this.nameRefused = name;
  }

  /** The reader would have liked another name, and nobody may wear that one. */
  #keepName(): void {
    if (identity.value === null || this.#accepted === null) return;
    identity.value = { ...identity.value, username: this.#accepted };
  }

  #restart({ messages, sameLife }: NonNullable<Step["restart"]>): void {
    this.#begun++;
    for (const message of messages) this.#arrived(message);
    if (sameLife && !this.#following && this.#window.last !== undefined) {
      // The reader looks at older ones: they stay, and the newest are a tap away.
      const missed = (this.#connection.position?.seq ?? 0) - this.#window.last.seq;
      this.unseen = (this.#window.hasNewer ? 0 : this.unseen) + missed;
      this.#window.detach();
      this.#rebuild("keep");
      return;
    }
    if (!sameLife) {
      this.#notes = [];
      this.#unreadAfter = null;
      this.#outbox.begunAnew();
    }
    this.unseen = 0;
    this.#window.restart(messages, { hasOlder: (messages[0]?.seq ?? 1) > 1 });
    this.#rebuild("end");
    if (this.#place !== null) void this.#backTo(this.#place);
    this.#place = null;
  }

  /** To where the reader was before a reload. */
  async #backTo(seq: number): Promise<void> {
    if ((this.#window.first?.seq ?? 0) <= seq) {
      this.#rebuild({ seq });
      return;
    }
    const after = Math.max(0, seq - PLACE_CONTEXT);
    await this.#page("older", { after, limit: LIMITS.historyPage }, (messages, more) => {
      const live = this.#window.messages;
      if (more) this.#window.detach();
      this.#window.reset(messages, { hasOlder: after > 0, hasNewer: more });
      if (!more) this.#window.append(live); // came after the page was read
      this.#rebuild({ seq });
    });
  }

  /** In front of all that is held, which may be very much: nothing of that is built anew. */
  #showOlder(messages: readonly MessageEvent[], more: boolean): void {
    const first = this.#window.first?.seq ?? 0;
    const older = this.#window.prepend(messages, more);
    const cut = this.#window.messages.length >= MOST_READ;
    const markerMoves = this.#unreadAfter !== null && this.#unreadAfter < first - 1;
    if (cut || markerMoves) {
      this.#rebuild("keep", true);
    } else {
      this.#list.prepend(older);
      this.#commit("keep", true);
    }
  }

  async #page(
    direction: "older" | "newer",
    query: { before: number; limit: number } | { after: number; limit: number },
    take: (messages: readonly MessageEvent[], more: boolean) => void,
  ): Promise<void> {
    this.loading = direction;
    const begun = this.#begun;
    try {
      const page = await this.#connection.history(query);
      this.#incoming.now();
      // The list must see what came at the end before it is told that something came in front.
      await tick();
      this.historyFailed = false;
      if (begun !== this.#begun) return;
      take(page.messages, page.has_more);
    } catch {
      this.historyFailed = true; // HistoryFailed: told by a line in the list, with a way to retry
    } finally {
      this.loading = null;
    }
  }

  /** A message is there, whether or not it is shown. */
  #arrived(message: MessageEvent): void {
    if (message.user_id === this.me?.id) {
      this.#own = [...this.#own.slice(1 - MOST_OWN), message.message_id];
      const id = message.client_id ?? "";
      if (id.startsWith(HELD)) this.#sender.released(message.message);
      else this.#sender.arrived(id);
    }
    if (this.#typists.stopped(message.user_id)) this.refreshTyping();
  }

  /** Who is muted without being told hears their own messages where the newest one stands. */
  #heardAgain(message: MessageEvent): void {
    if (message.user_id !== this.me?.id || this.#own.includes(message.message_id)) return;
    this.#arrived(message);
    this.#incoming.add({ type: "echo", message });
  }

  /** All that came since the last frame. */
  #show(items: readonly (MessageEvent | SystemEvent | Revision | Echo)[]): void {
    let run: MessageEvent[] = [];
    let rebuild = false;
    for (const item of items) {
      if (item.type === "message") {
        run.push(item);
        continue;
      }
      this.#append(run);
      run = [];
      if (item.type === "system") this.#note(item);
      else if (item.type === "echo") this.#note(item.message);
      else rebuild = this.#window.revise(item) || rebuild;
    }
    this.#append(run);
    const anchor = this.#afterMissing();
    if (rebuild || anchor !== null) this.#rebuild(anchor ?? "keep");
    else if (items.length > 0) this.#commit(this.#following ? "end" : "keep");
    if (this.#following && this.#window.trim()) this.#rebuild("end", true);
  }

  /** The line has a new place; what was missed while nobody looked is shown from its beginning. */
  #afterMissing(): Anchor | null {
    const moved = this.#markerMoved;
    const missed = this.#catchingUp;
    this.#catchingUp = this.#markerMoved = false;
    if (!moved) return null;
    const show = missed && this.#following && this.#unreadAfter !== null;
    return show ? { seq: (this.#unreadAfter ?? 0) + 1 } : "keep";
  }

  #append(all: readonly MessageEvent[]): void {
    const messages = all.filter((message) => message.deleted !== true);
    if (messages.length === 0) return;
    this.#countUnseen(messages);
    for (const message of this.#window.append(messages)) this.#list.message(message);
    this.told.messages(messages);
  }

  #countUnseen(messages: readonly MessageEvent[]): void {
    if (this.#following && !document.hidden && !this.#catchingUp) return;
    const others = messages.filter((message) => message.user_id !== this.me?.id);
    const first = others[0];
    if (first === undefined) return;
    if (this.#unreadAfter === null || this.unseen === 0) {
      this.#unreadAfter = first.seq - 1;
      this.#markerMoved = true;
    }
    this.unseen += others.length;
  }

  #note(event: SystemEvent | MessageEvent): void {
    const away = this.#window.hasNewer;
    if (away && event.type === "system") return; // of the moment, and the moment is not shown
    const afterSeq = away && event.type === "message" ? event.seq : (this.#window.last?.seq ?? 0);
    const note = { key: `n${String(this.#noteNumber++)}`, afterSeq, event };
    this.#notes = [...this.#notes.slice(1 - MOST_NOTES), note];
    if (!away) this.#list.note(note);
  }

  #rebuild(anchor: Anchor, shifted = false): void {
    const notes = this.#window.hasNewer ? [] : this.#notes;
    this.#list.rebuild(this.#window.messages, notes, this.#unreadAfter);
    this.#commit(anchor, shifted);
  }

  #commit(anchor: Anchor, shifted = false): void {
    if (anchor !== "keep") this.#following = anchor === "end";
    this.anchor = anchor;
    this.shifted = shifted;
    this.rows = this.#list.rows.slice();
    this.hasOlder = this.#window.hasOlder;
    this.hasNewer = this.#window.hasNewer;
  }

  #showPeople(): void {
    this.#peopleTimer ??= this.surroundings.later(PEOPLE_MILLISECONDS, () => {
      this.#peopleTimer = null;
      this.people = this.#people.users;
      this.total = this.#people.total;
      const me = this.me === null ? undefined : this.#people.get(this.me.id);
      if (me !== undefined) this.#setMe(me);
    });
  }

  /** Another tab, or the server's rules, may have changed the name. */
  #setMe({ id, username, color }: Me): void {
    // What this room has called the reader before is no news, and may be older than what is kept.
    const renamed = this.me?.username !== username;
    const news = renamed || this.me?.color !== color;
    this.me = { id, username, color };
    const known = identity.value;
    if (known === null) return;
    const numbered = isNumbered(username, known.username);
    if (renamed && numbered) this.told.numbered(username, known.username);
    // The number is this room's doing: elsewhere the reader goes by the name itself.
    const now = news ? { username: numbered ? known.username : username, color } : known;
    this.#accepted = now.username;
    const same = known.known && known.username === now.username && known.color === now.color;
    if (!same) identity.value = { ...known, username: now.username, color: now.color, known: true };
  }

  /** A tab in another room has taken another name: here it holds, too. */
  #renamedElsewhere(): void {
    const { me } = this;
    if (identity.value === null || me === null) return;
    const { username, color } = identity.value;
    const same = username === me.username || isNumbered(me.username, username);
    if (!same || color !== me.color) this.rename(same ? me.username : username, color);
  }
}

function whoIsThere(): { sessionId: string; username: string; color: string } {
  if (identity.value === null) throw new Error("nobody enters a room without a name");
  return identity.value;
}
