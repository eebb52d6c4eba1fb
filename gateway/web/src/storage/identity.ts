/** Who the reader is: a name, a colour, and the session that proves it. There is no login. */
import { Kept } from "./kept.svelte.ts";

export interface Identity {
  readonly sessionId: string;
  readonly username: string;
  readonly color: string;
  /** The server has met this session: only then it may own a room. */
  readonly known: boolean;
}

/** Colours to begin with; each can be read on both themes after `readable`. */
export const COLORS = [
  "#a91d3a",
  "#c2571a",
  "#8a6d00",
  "#2f7d32",
  "#00796b",
  "#1565c0",
  "#5e35b1",
  "#ad1477",
] as const;

const SESSION_BYTES = 24;

export const identity = new Kept<Identity | null>("identity", null, readIdentity);

/** Takes a name; the first time a session is made for it. */
export function becomes(username: string, color: string): void {
  const { sessionId = newSessionId(), known = false } = identity.value ?? {};
  identity.value = { sessionId, username, color, known };
}

/** 192 random bits: nobody guesses whose they are. */
function newSessionId(): string {
  return token(SESSION_BYTES);
}

/** A random text of `bytes` bytes in base64url. */
export function token(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return btoa(String.fromCharCode(...random))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

function readIdentity(kept: unknown): Identity | null {
  if (typeof kept !== "object" || kept === null) return null;
  const { sessionId, username, color, known } = kept as Partial<Record<keyof Identity, unknown>>;
  return typeof sessionId === "string" && typeof username === "string" && typeof color === "string"
    ? { sessionId, username, color, known: known === true }
    : null;
}
