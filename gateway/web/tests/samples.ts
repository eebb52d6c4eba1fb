/** Events to test with: what a test does not speak of is as in the golden frames. */
import type {
  AckEvent,
  ErrorEvent,
  HistoryEvent,
  JoinedEvent,
  LeftEvent,
  MessageDeletedEvent,
  MessageEvent,
  MessageUpdatedEvent,
  RecoveredEvent,
  RosterUser,
  ServerEvent,
  SystemEvent,
  TypingEvent,
  UserListEvent,
  WelcomeEvent,
} from "../src/wire/contract.ts";
import frames from "./wire/frames.json";

type EventOf<T extends ServerEvent["type"]> = Extract<ServerEvent, { type: T }>;

/** The golden event `name`, as the server makes it. */
export function golden<T extends ServerEvent["type"]>(type: T, name: string = type): EventOf<T> {
  const found = frames.events.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no golden frame ${name}`);
  const event = JSON.parse(found.frame) as ServerEvent;
  if (event.type !== type) throw new Error(`${name} is a ${event.type}`);
  return event as EventOf<T>;
}

export const EPOCH = "0199b6a1-0000-7000-8000-5f2a6c1e0d51";
export const OTHER_EPOCH = "0199b6a1-0000-7000-8000-000000000002";
export const ROOM = "0199b6a2-5b7e-7c11-9a58-0d5f2a6c1e01";
/** 2026-11-23 12:00 in Dhaka. */
export const NOON = Date.parse("2026-11-23T12:00:00+06:00");

export function message(seq: number, fields: Partial<MessageEvent> = {}): MessageEvent {
  return {
    ...golden("message", "message_without_client_id"),
    message: `m${String(seq)}`,
    message_id: `id${String(seq)}`,
    seq,
    timestamp: new Date(NOON + seq * 1_000).toISOString(),
    ...fields,
  };
}

/** Messages from `first` to `last`, both included. */
export function messages(first: number, last: number): MessageEvent[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => message(first + at));
}

export function deletedMessage(seq: number): MessageEvent {
  return message(seq, { message: "", deleted: true, revision: 1 });
}

export function updated(
  seq: number,
  revision = 1,
  fields: Partial<MessageUpdatedEvent> = {},
): MessageUpdatedEvent {
  const { type: _, ...rest } = message(seq);
  return {
    ...rest,
    type: "message_updated",
    message: `m${String(seq)}'${String(revision)}`,
    revision,
    edited_at: rest.timestamp,
    ...fields,
  };
}

export function removed(seq: number): MessageDeletedEvent {
  return { ...golden("message_deleted"), message_id: `id${String(seq)}`, seq };
}

export function page(messages: readonly MessageEvent[], has_more = false): HistoryEvent {
  return { type: "history", messages: [...messages], has_more };
}

export function recovered(fields: Partial<RecoveredEvent> = {}): RecoveredEvent {
  const none = { messages: [], revisions: [] };
  return { type: "recovered", complete: true, epoch: EPOCH, seq: 0, ...none, ...fields };
}

export function welcome(fields: Partial<WelcomeEvent> = {}): WelcomeEvent {
  return { ...golden("welcome"), epoch: EPOCH, ...fields };
}

export function problem(code: string, fields: Partial<ErrorEvent> = {}): ErrorEvent {
  const none = { retry_after: null, client_id: null, errors: null, challenge: null };
  return { ...golden("error"), ...none, message: code, code, ...fields };
}

export function ack(client_id: string, seq: number): AckEvent {
  return { ...golden("ack"), client_id, seq, message_id: `id${String(seq)}` };
}

export function person(id: string, fields: Partial<RosterUser> = {}): RosterUser {
  const [user] = golden("user_list").users;
  if (user === undefined) throw new Error("the golden list is empty");
  return { ...user, id, username: `name of ${id}`, ...fields };
}

export function userList(users: RosterUser[], total = users.length): UserListEvent {
  return { ...golden("user_list"), users, total };
}

export function joined(user: RosterUser, total: number): JoinedEvent {
  return { ...golden("joined"), user, total };
}

export function left(user_id: string, total: number): LeftEvent {
  return { ...golden("left"), user_id, total };
}

export function system(fields: Partial<SystemEvent> = {}): SystemEvent {
  return { ...golden("system", "system_joined"), ...fields };
}

export function typing(user_id: string, is = true, username = `name of ${user_id}`): TypingEvent {
  return { ...golden("typing"), user_id, username, typing: is };
}

export function seqs(messages: readonly { readonly seq: number }[]): number[] {
  return messages.map(({ seq }) => seq);
}

/** The numbers from `first` to `last`, both included. */
export function run(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
}
