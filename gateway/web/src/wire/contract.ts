// Made by `make docs` from contract.json beside it; a test fails when it is stale.

/**
 * What a client may send.
 */
export type Command =
  MessageCommand | TypingCommand | UserUpdateCommand | HistoryCommand | PingCommand;
/**
 * Stable names of errors; part of the contract.
 */
export type ErrorCode =
  | "validation_error"
  | "bad_json"
  | "unknown_type"
  | "binary_not_supported"
  | "session_required"
  | "session_unknown"
  | "forbidden"
  | "origin_refused"
  | "banned"
  | "muted"
  | "room_locked"
  | "words_refused"
  | "held_for_review"
  | "too_late"
  | "not_found"
  | "room_not_found"
  | "message_not_found"
  | "method_not_allowed"
  | "not_acceptable"
  | "room_full"
  | "conflict"
  | "client_id_conflict"
  | "too_large"
  | "unsupported_media_type"
  | "rate_limited"
  | "slow_mode"
  | "proof_required"
  | "too_many_connections"
  | "overloaded"
  | "unavailable"
  | "internal_error";
/**
 * What the server sends.
 */
export type ServerEvent =
  | WelcomeEvent
  | RecoveredEvent
  | MessageEvent
  | MessageUpdatedEvent
  | MessageDeletedEvent
  | SystemEvent
  | TypingEvent
  | UserListEvent
  | RoomRulesEvent
  | JoinedEvent
  | LeftEvent
  | AckEvent
  | HistoryEvent
  | PongEvent
  | ErrorEvent;

/**
 * The message is in Redis: it has its place and will not be lost.
 */
export interface AckEvent {
  type: "ack";
  client_id: string;
  message_id: string;
  seq: number;
  timestamp: string;
}
/**
 * What is known of the work before it is done.
 */
export interface ChallengeEffort {
  /**
   * 0 is the least; a phone needs about a second for that
   */
  level: number;
  /**
   * The counter that is looked for is below this
   */
  most: number;
}
/**
 * Parameters of an ALTCHA challenge, version 2; its names, not ours.
 */
export interface ChallengeParametersView {
  algorithm: "PBKDF2/SHA-256";
  /**
   * Hexadecimal; the password is this and the counter, 4 bytes
   */
  nonce: string;
  /**
   * Hexadecimal
   */
  salt: string;
  /**
   * Iterations
   */
  cost: number;
  /**
   * Bytes
   */
  keyLength: number;
  /**
   * How the key begins, hexadecimal
   */
  keyPrefix: string;
  /**
   * For the server
   */
  keySignature: string;
  /**
   * Seconds since 1970
   */
  expiresAt: number;
  data: ChallengeEffort;
}
/**
 * An ALTCHA challenge, version 2: find the counter whose key begins as it says.
 */
export interface ChallengeView {
  parameters: ChallengeParametersView;
  /**
   * Both go back with the solution, as they are
   */
  signature: string;
}
/**
 * Say something in the room.
 */
export interface MessageCommand {
  type: "message";
  /**
   * Trimmed; 1–4,000 graphemes, at most 16 KiB; blank is ignored
   */
  content: string;
  /**
   * Makes a retry safe: the same id again gets the first ack again
   */
  client_id?: string | null;
  /**
   * text, image or file
   */
  message_type?: string;
  /**
   * http or https only
   */
  file_url?: string | null;
  /**
   * message_id of the message answered
   */
  reply_to?: string | null;
}
/**
 * Tell that the user types, or stopped. Expires by itself after 5 s.
 */
export interface TypingCommand {
  type: "typing";
  typing?: boolean;
}
/**
 * Change one's own name or colour, or both.
 */
export interface UserUpdateCommand {
  type: "user_update";
  username?: string | null;
  color?: string | null;
}
/**
 * Ask for older (`before`) or newer (`after`) messages; exclusive seqs.
 */
export interface HistoryCommand {
  type: "history";
  before?: number | null;
  after?: number | null;
  limit?: number;
}
/**
 * Ask for a `pong`; `t` comes back as it is.
 */
export interface PingCommand {
  type: "ping";
  t?: number | string | null;
}
/**
 * A new person.
 */
export interface CreateUserRequest {
  /**
   * 1–100 graphemes; no control or bidi-override characters
   */
  username: string;
  color?: string | null;
}
/**
 * A line of the audit log.
 */
export interface DeedView {
  id: string;
  made_by: string;
  action: string;
  subject: string;
  details: {
    [k: string]: unknown;
  };
  created_at: string;
}
/**
 * The newest first.
 */
export interface DeedsView {
  deeds: DeedView[];
}
/**
 * A command was refused, or the connection is about to be closed.
 */
export interface ErrorEvent {
  type: "error";
  message: string;
  timestamp: string;
  code: string;
  /**
   * Seconds until a retry makes sense, different for each who is refused
   */
  retry_after: number | null;
  /**
   * Of the message that was refused
   */
  client_id: string | null;
  errors: {
    [k: string]: string[];
  } | null;
  /**
   * With `proof_required`: the path where the challenge is to be had
   */
  challenge: string | null;
}
/**
 * The body of every error. Fields that have nothing to say are left out.
 */
export interface ErrorView {
  status: "error";
  code: ErrorCode;
  /**
   * Bangla, or English where Accept-Language prefers it
   */
  message: string;
  /**
   * Texts per field; only for validation errors
   */
  errors?: {
    [k: string]: string[];
  };
  /**
   * Parts that are away; only from the health check
   */
  failing?: string[];
  /**
   * With `proof_required`: the path where the challenge is to be had
   */
  challenge?: string | null;
}
/**
 * What waits, the oldest first.
 */
export interface HeldListView {
  held: HeldView[];
}
/**
 * A message that waits because of a word in it.
 */
export interface HeldView {
  id: string;
  user_id: string;
  name: string;
  content: string;
  message_type: string;
  file_url: string | null;
  created_at: string;
}
/**
 * Answer to `history`, oldest first.
 */
export interface HistoryEvent {
  type: "history";
  messages: MessageEvent[];
  has_more: boolean;
}
/**
 * A message of the room, live or from history.
 */
export interface MessageEvent {
  type: "message";
  message: string;
  user_id: string;
  username: string;
  user_color: string;
  message_id: string;
  room_id: string;
  client_id: string | null;
  message_type: "text" | "image" | "file" | "system";
  file_url: string | null;
  reply_to: string | null;
  /**
   * Number of the message in its room; gapless
   */
  seq: number;
  timestamp: string;
  /**
   * How often it was changed; absent when never
   */
  revision?: number;
  /**
   * Time of the last change
   */
  edited_at?: string;
  /**
   * true: deleted, `message` is empty
   */
  deleted?: boolean;
}
/**
 * Somebody wants into a room; an unknown id becomes a new room.
 */
export interface JoinRoomRequest {
  room_id: string;
  /**
   * 1–100 graphemes; no control or bidi-override characters
   */
  username: string;
  color?: string | null;
}
/**
 * Somebody came, or has a new name or colour; only for connections with `roster=delta`.
 */
export interface JoinedEvent {
  type: "joined";
  user: RosterUser;
  timestamp: string;
  total: number;
}
/**
 * A person who is present.
 */
export interface RosterUser {
  id: string;
  username: string;
  color: string;
  joined_at: string;
  is_online: boolean;
}
/**
 * A link by which people become moderators: told once, and only the newest is of use.
 */
export interface KeyView {
  key: string;
  /**
   * Of the web client: `/r/<room>#mod=<key>`
   */
  path: string;
}
/**
 * Somebody left; only for connections with `roster=delta`.
 */
export interface LeftEvent {
  type: "left";
  user_id: string;
  timestamp: string;
  total: number;
}
/**
 * What this server accepts.
 */
export interface Limits {
  content_graphemes: number;
  content_bytes: number;
  name_graphemes: number;
  client_id_length: number;
  frame_bytes: number;
  history_page: number;
  user_list: number;
}
/**
 * A message was deleted.
 */
export interface MessageDeletedEvent {
  type: "message_deleted";
  room_id: string;
  message_id: string;
  seq: number;
  timestamp: string;
}
/**
 * A page of messages, newest first. `next` leads to older ones.
 */
export interface MessagePageView {
  /**
   * Messages on all pages; a moment old where rooms are mixed
   */
  count: number;
  next: string | null;
  previous: string | null;
  results: MessageView[];
}
/**
 * A message as it is now.
 */
export interface MessageView {
  id: string;
  room_id: string;
  user: UserView;
  content: string;
  message_type: "text" | "image" | "file" | "system";
  file_url: string | null;
  timestamp: string;
  /**
   * Number of the message in its room; gapless
   */
  seq: number;
  client_id: string | null;
  /**
   * id of the message that it answers
   */
  reply_to: string | null;
  /**
   * Time of the last change; null when never
   */
  edited_at: string | null;
}
/**
 * A person as others see them.
 */
export interface UserView {
  id: string;
  username: string;
  color: string;
  /**
   * true while a socket of theirs is open
   */
  is_online: boolean;
  last_seen: string;
  created_at: string;
}
/**
 * A part of a message.
 */
export interface MessagePatch {
  /**
   * Trimmed; 1–4,000 graphemes, at most 16 KiB
   */
  content?: string;
  message_type?: "text" | "image" | "file";
  file_url?: string | null;
}
/**
 * A new message.
 */
export interface MessageRequest {
  room_id: string;
  /**
   * Trimmed; 1–4,000 graphemes, at most 16 KiB
   */
  content: string;
  client_id?: string | null;
  message_type?: "text" | "image" | "file";
  file_url?: string | null;
  reply_to?: string | null;
}
/**
 * A message was changed; carries the whole message as it is now.
 */
export interface MessageUpdatedEvent {
  type: "message_updated";
  message: string;
  user_id: string;
  username: string;
  user_color: string;
  message_id: string;
  room_id: string;
  client_id: string | null;
  message_type: "text" | "image" | "file" | "system";
  file_url: string | null;
  reply_to: string | null;
  /**
   * Number of the message in its room; gapless
   */
  seq: number;
  timestamp: string;
  /**
   * How often it was changed; absent when never
   */
  revision: number;
  /**
   * Time of the last change
   */
  edited_at: string;
  /**
   * true: deleted, `message` is empty
   */
  deleted?: boolean;
}
/**
 * All that staff have decided about a room.
 */
export interface ModerationView {
  room_id: string;
  /**
   * Yours
   */
  role: "moderator" | "owner" | "admin";
  locked: boolean;
  slow_seconds: number;
  notice: string | null;
  moderators: ModeratorView[];
  sanctions: SanctionView[];
  words: WordView[];
}
/**
 * Somebody whom the owner trusts with the room.
 */
export interface ModeratorView {
  user_id: string;
  name: string;
  since: string;
}
/**
 * A ban or a mute that is in force.
 */
export interface SanctionView {
  id: string;
  kind: "ban" | "mute" | "shadow_mute";
  by: "user" | "address" | "name";
  /**
   * As staff saw it when they decided, or the pattern
   */
  name: string;
  /**
   * Of one person; null where it is about others too
   */
  user_id: string | null;
  reason: string;
  made_by: string;
  created_at: string;
  /**
   * null: until it is lifted
   */
  until: string | null;
}
/**
 * A word of the list.
 */
export interface WordView {
  id: string;
  word: string;
  action: "block" | "mask" | "hold";
}
/**
 * Answer to `ping`.
 */
export interface PongEvent {
  type: "pong";
  t: number | string | null;
  server_time: string;
}
/**
 * The ten listed rooms with most people online.
 */
export interface PopularRoomsView {
  status: "success";
  /**
   * Rooms in this answer
   */
  count: number;
  rooms: RoomView[];
}
/**
 * A room.
 */
export interface RoomView {
  id: string;
  name: string;
  description: string | null;
  /**
   * false: unlisted, reachable by its id alone
   */
  is_public: boolean;
  max_users: number;
  online_users_count: number;
  total_messages_count: number;
  created_at: string;
  updated_at: string;
  /**
   * User who may change and delete it; null: nobody
   */
  owner_id: string | null;
}
/**
 * A listed room, with the field names of the list of public rooms.
 */
export interface PublicRoomView {
  id: string;
  name: string;
  description: string | null;
  online_users: number;
  total_messages: number;
  max_users: number;
  created_at: string;
  updated_at: string;
}
/**
 * Listed rooms: most people online first, then the newest.
 */
export interface PublicRoomsView {
  status: "success";
  /**
   * Listed rooms in all
   */
  count: number;
  rooms: PublicRoomView[];
  /**
   * `cursor` of the next page; null on the last one
   */
  next_cursor: string | null;
}
/**
 * Answer to a reconnect with a position.
 */
export interface RecoveredEvent {
  type: "recovered";
  /**
   * true: `messages` is all that was missed; false: the newest 50, reload the rest
   */
  complete: boolean;
  epoch: string;
  seq: number;
  messages: MessageEvent[];
  /**
   * Changes, since then, of messages that are older than the position
   */
  revisions: (MessageUpdatedEvent | MessageDeletedEvent)[];
}
/**
 * What somebody told staff about a message.
 */
export interface ReportView {
  id: string;
  message_id: string;
  user_id: string;
  name: string;
  content: string;
  reason: string;
  created_at: string;
}
/**
 * Reports that nobody has decided, the oldest first.
 */
export interface ReportsView {
  reports: ReportView[];
}
/**
 * The room, as told on arrival.
 */
export interface RoomInfo {
  id: string;
  name: string;
  description: string | null;
  is_public: boolean;
  max_users: number;
  online_users: number;
  total_messages: number;
}
/**
 * Everything that is needed to open the socket.
 */
export interface RoomJoinedView {
  room_id: string;
  room_name: string;
  user_id: string;
  session_id: string;
  username: string;
  color: string;
  websocket_url: string;
  message: string;
}
/**
 * A part of a room's history, newest first.
 */
export interface RoomMessagesView {
  room_id: string;
  room_name: string;
  messages: MessageView[];
  /**
   * Messages of the whole room
   */
  total_messages: number;
  /**
   * Are there more in the direction that was asked for?
   */
  has_more: boolean;
}
/**
 * A page of rooms, newest first.
 */
export interface RoomPageView {
  /**
   * Rooms on all pages
   */
  count: number;
  next: string | null;
  previous: string | null;
  results: RoomView[];
}
/**
 * A part of a room.
 */
export interface RoomPatch {
  /**
   * 1–100 graphemes; no control or bidi-override characters
   */
  name?: string;
  description?: string | null;
  max_users?: number | string;
  is_public?: boolean;
}
/**
 * A new room, or all of a changed one; a field that is left out stays as it is.
 */
export interface RoomRequest {
  /**
   * 1–100 graphemes; no control or bidi-override characters
   */
  name: string;
  description?: string | null;
  max_users?: number | string;
  is_public?: boolean;
}
/**
 * Other rules apply in the room from now on.
 */
export interface RoomRulesEvent {
  type: "room_rules";
  rules: RulesInfo;
  timestamp: string;
}
/**
 * What applies to everybody in the room, but for staff.
 */
export interface RulesInfo {
  /**
   * Nobody new comes in
   */
  locked: boolean;
  /**
   * Between two messages of one person; 0: none
   */
  slow_seconds: number;
  /**
   * What staff have pinned
   */
  notice: string | null;
}
/**
 * Numbers of a room and its five newest messages.
 */
export interface RoomStatsView {
  room_id: string;
  room_name: string;
  online_users: number;
  total_messages: number;
  max_users: number;
  is_public: boolean;
  created_at: string;
  updated_at: string;
  recent_messages: MessageView[];
}
/**
 * Who is in a room, the longest present first.
 */
export interface RoomUsersView {
  room_id: string;
  online_users: UserView[];
  /**
   * People on all pages
   */
  total_online: number;
  next: string | null;
  previous: string | null;
}
/**
 * The first event on every connection.
 */
export interface WelcomeEvent {
  type: "welcome";
  protocol: number;
  connection_id: string;
  user_id: string;
  username: string;
  color: string;
  /**
   * Only if the server made it
   */
  session_id: string | null;
  room: RoomInfo;
  epoch: string;
  /**
   * Live messages begin after this one
   */
  seq: number;
  limits: Limits;
  rules: RulesInfo;
  /**
   * Yours, in this room
   */
  role: "nobody" | "moderator" | "owner";
  timestamp: string;
}
/**
 * A Bangla text about the room: joins, leaves, renames, closing.
 */
export interface SystemEvent {
  type: "system";
  message: string;
  user_id: string | null;
  username: string | null;
  timestamp: string;
  event: "joined" | "left" | "renamed" | "room_closed";
  /**
   * How many people the text speaks of
   */
  count: number;
}
/**
 * Somebody types, or stopped.
 */
export interface TypingEvent {
  type: "typing";
  user_id: string;
  username: string;
  typing: boolean;
  timestamp: string;
}
/**
 * Who is present: at most 200 people, the longest present first.
 */
export interface UserListEvent {
  type: "user_list";
  users: RosterUser[];
  timestamp: string;
  total: number;
}
/**
 * Sums over everything.
 */
export interface Statistics {
  total_rooms: number;
  total_users: number;
  total_messages: number;
  online_users: number;
  active_rooms: number;
}
/**
 * What this is.
 */
export interface SystemInfo {
  project: string;
  version: string;
  description: string;
}
/**
 * The system's status.
 */
export interface SystemStatusView {
  status: "সক্রিয়";
  server_time: string;
  statistics: Statistics;
  system_info: SystemInfo;
}
/**
 * A new user. `session_id` is told here and never again.
 */
export interface UserCreatedView {
  user_id: string;
  session_id: string;
  username: string;
  color: string;
  message: string;
  /**
   * false until a socket is open
   */
  is_online: boolean;
}
