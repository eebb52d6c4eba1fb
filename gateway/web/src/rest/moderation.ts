/** What readers report and staff decide. Every call may throw an ApiError. */
import type {
  DeedView,
  DeedsView,
  HeldListView,
  HeldView,
  KeyView,
  ModerationView,
  ReportView,
  ReportsView,
  SanctionView,
  WordView,
} from "../wire/contract.ts";
import { call } from "./api.ts";

export type WordAction = WordView["action"];

export interface Rules {
  readonly locked: boolean;
  readonly slow_seconds: number;
  /** Empty: none. */
  readonly notice: string;
}

/** `seconds` null: until it is lifted; `delete_seconds`: what they said so lately goes, too. */
export interface NewSanction {
  readonly kind: SanctionView["kind"];
  readonly message_id: string;
  readonly by_address: boolean;
  readonly seconds: number | null;
  readonly delete_seconds: number | null;
  readonly reason: string;
}

export async function reportMessage(id: string, reason: string): Promise<void> {
  await call("POST", `/api/messages/${encodeURIComponent(id)}/report/`, { reason });
}

export function readModeration(room: string): Promise<ModerationView> {
  return call("GET", place(room));
}

export function changeRules(room: string, rules: Rules): Promise<ModerationView> {
  return call("PATCH", place(room), rules);
}

export function addSanction(room: string, sanction: NewSanction): Promise<SanctionView> {
  return call("POST", place(room, "sanctions"), sanction);
}

export async function liftSanction(room: string, id: string): Promise<void> {
  await call("DELETE", place(room, "sanctions", id));
}

export function putWord(room: string, word: string, action: WordAction): Promise<WordView> {
  return call("POST", place(room, "words"), { word, action });
}

export async function dropWord(room: string, id: string): Promise<void> {
  await call("DELETE", place(room, "words", id));
}

export async function putSuggestedWords(room: string): Promise<void> {
  await call("POST", place(room, "words", "suggested"), {});
}

export async function openReports(room: string): Promise<readonly ReportView[]> {
  return (await call<ReportsView>("GET", place(room, "reports"))).reports;
}

export async function dismissReports(room: string, message: string): Promise<void> {
  await call("DELETE", place(room, "reports", message));
}

export async function heldMessages(room: string): Promise<readonly HeldView[]> {
  return (await call<HeldListView>("GET", place(room, "held"))).held;
}

export async function decideHeld(room: string, id: string, approve: boolean): Promise<void> {
  await call("POST", place(room, "held", id), { approve });
}

/** Lines of the log, the newest first, from before the line `before`. */
export async function deeds(room: string, before: string | null): Promise<readonly DeedView[]> {
  const query = before === null ? "" : `?before=${encodeURIComponent(before)}`;
  return (await call<DeedsView>("GET", place(room, "log") + query)).deeds;
}

/** The path of the page, with the key. */
export async function newModeratorLink(room: string): Promise<string> {
  return (await call<KeyView>("POST", place(room, "link"), {})).path;
}

export async function becomeModerator(room: string, key: string): Promise<void> {
  await call("POST", place(room, "moderators"), { key });
}

export async function dropModerator(room: string, user: string): Promise<void> {
  await call("DELETE", place(room, "moderators", user));
}

function place(room: string, ...parts: readonly string[]): string {
  const steps = [room, "moderation", ...parts].map(encodeURIComponent);
  return `/api/rooms/${steps.join("/")}/`;
}
