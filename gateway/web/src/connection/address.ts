/** Addresses of the chat socket. Pure. */
import type { Position } from "../chat/timeline.ts";

/**
 * A position in no life of any room: who gives it gets the newest messages right after the welcome,
 * without asking for them one round trip later.
 */
export const NOWHERE: Position = { epoch: "none", seq: 0 };

export interface Name {
  readonly username: string;
  readonly color: string;
}

/** `origin` is the page's, http or https. The session is no part of it: it goes as a subprotocol. */
export function chatAddress(
  origin: string,
  room: string,
  name: Name,
  position: Position,
  proof: string | null = null,
): string {
  const query = new URLSearchParams({
    username: name.username,
    color: name.color,
    roster: "delta",
    epoch: position.epoch,
    since: String(position.seq),
    ...(proof === null ? {} : { proof }),
  });
  return `${origin.replace(/^http/, "ws")}/ws/chat/${room}/?${query.toString()}`;
}
