/** Finds web addresses in a text. Pure; what is shown is always text, never HTML. */

export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string };

const ADDRESS =
  /\bhttps?:\/\/[^\s<>"'`\\^{}|\u0964\u0965\u200b-\u200f\u202a-\u202e\u2060-\u2069]+/giu;
/** Ends a sentence rather than an address. */
const TRAILING = ".,;:!?'\"»”’)]*_~";

/**
 * The pieces of `text` in order; joined they are `text` again. Only http and https become links.
 */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = withoutTrailing(match[0]);
    const href = safeAddress(address);
    if (href === null) continue;
    if (match.index > end) found.push({ kind: "text", text: text.slice(end, match.index) });
    found.push({ kind: "link", text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length) found.push({ kind: "text", text: text.slice(end) });
  return found;
}

/** The address as the browser reads it, if it is http or https without credentials; else null. */
export function safeAddress(address: string): string | null {
  const url = parsed(address);
  if (url === null) return null;
  const web = url.protocol === "http:" || url.protocol === "https:";
  return web && url.username === "" && url.password === "" ? url.href : null;
}

/** URL.parse, which browsers of 2022 do not have. */
function parsed(address: string): URL | null {
  try {
    return new URL(address);
  } catch {
    return null; // TypeError: no address
  }
}

function withoutTrailing(address: string): string {
  const opened = count(address, "(");
  let closed = count(address, ")");
  let end = address.length;
  for (; TRAILING.includes(address.charAt(end - 1)); end--) {
    if (address.charAt(end - 1) !== ")") continue;
    // A closing bracket belongs to the address if it was opened there, as in Wikipedia's.
    if (opened >= closed) break;
    closed--;
  }
  return address.slice(0, end);
}

function count(text: string, mark: string): number {
  return text.split(mark).length - 1;
}
