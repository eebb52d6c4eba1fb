/** What to tell people when something fails. */
import { ApiError } from "../rest/api.ts";
import { bn, type TextKey } from "../text/bn.ts";
import { say } from "../text/say.ts";

/** A text for `error`; the server's own where it gave one. */
export function problemText(error: unknown): string {
  if (!(error instanceof ApiError)) return say("error.unknown");
  if (error.status === 0) return say("error.network");
  return error.view === null ? say("error.unknown") : codeText(error.view.code, error.view.message);
}

/**
 * The text for an error code. A socket cannot tell the server its reader's language, so ours goes
 * before the server's `message`, which stands where the code says too little.
 */
export function codeText(code: string, message: string): string {
  const key = `error.${code}`;
  return key in bn ? say(key as TextKey) : message;
}

/** The server's text about one field, if it has one. */
export function fieldProblem(error: unknown, field: string): string | null {
  if (!(error instanceof ApiError)) return null;
  return error.view?.errors?.[field]?.[0] ?? null;
}
