/** Reads what the server sends. Kinds of events that this version does not know are left out. */
import type { ServerEvent } from "./contract.ts";

const KNOWN: ReadonlySet<string> = new Set<ServerEvent["type"]>([
  "welcome",
  "recovered",
  "message",
  "message_updated",
  "message_deleted",
  "system",
  "typing",
  "user_list",
  "room_rules",
  "joined",
  "left",
  "ack",
  "history",
  "pong",
  "error",
]);

/** One frame; null for what is no event of ours, since the contract only ever adds. */
export function decodeEvent(frame: unknown): ServerEvent | null {
  if (typeof frame !== "string") return null;
  let data: unknown;
  try {
    data = JSON.parse(frame);
  } catch {
    return null; // a frame from something in between that is not our server
  }
  return isEvent(data) ? data : null;
}

function isEvent(data: unknown): data is ServerEvent {
  return (
    typeof data === "object" &&
    data !== null &&
    "type" in data &&
    typeof data.type === "string" &&
    KNOWN.has(data.type)
  );
}
