/** The REST service, as far as the client needs it. */
import { identity } from "../storage/identity.ts";
import { language } from "../storage/preferences.ts";
import type {
  ErrorView,
  MessageView,
  PublicRoomsView,
  RoomPageView,
  RoomView,
  UserCreatedView,
} from "../wire/contract.ts";

/** The server said no; `view` is in the reader's language. `view` null: it could not be reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly view: ErrorView | null,
  ) {
    super(view?.code ?? `HTTP ${String(status)}`);
    this.name = "ApiError";
  }
}

export interface NewRoom {
  readonly name: string;
  readonly description: string | null;
  readonly max_users: number;
  readonly is_public: boolean;
}

const PATIENCE_MILLISECONDS = 15_000;
const PROOF_MILLISECONDS = 60_000;
const MOST_PROOFS = 3;
/** Everything of one person may be much. */
const EXPORT_MILLISECONDS = 120_000;

/** Listed rooms, most people first. */
export function publicRooms(cursor: string | null, signal?: AbortSignal): Promise<PublicRoomsView> {
  const query = new URLSearchParams({ limit: "30", ...(cursor === null ? {} : { cursor }) });
  return call("GET", `/api/public-rooms/?${query.toString()}`, undefined, null, { signal });
}

/** Listed rooms whose name or description has `text`. */
export function searchRooms(text: string, signal?: AbortSignal): Promise<RoomPageView> {
  const query = new URLSearchParams({ search: text, page_size: "30" });
  return call("GET", `/api/rooms/?${query.toString()}`, undefined, null, { signal });
}

export function readRoom(id: string): Promise<RoomView> {
  return call("GET", `/api/rooms/${encodeURIComponent(id)}/`);
}

/** The reader becomes the owner; they need a name first. `onproving`: the device works for it. */
export async function createRoom(room: NewRoom, onproving?: () => void): Promise<RoomView> {
  // Sessions become known by their first socket, and none may have been opened yet.
  if (identity.value?.known !== true) await registerSession(onproving);
  const make = (): Promise<RoomView> =>
    withProof(onproving, (proof) => call("POST", "/api/rooms/", room, mySession(), { proof }));
  try {
    return await make();
  } catch (error) {
    // The server may have begun anew since it met this one.
    if (!(error instanceof ApiError && error.view?.code === "session_unknown")) throw error;
    await registerSession(onproving);
    return make();
  }
}

async function registerSession(onproving?: () => void): Promise<void> {
  const { username, color } = identity.value ?? {};
  const user = await withProof(onproving, (proof) =>
    call<UserCreatedView>("POST", "/api/create-user/", { username, color }, null, { proof }),
  );
  const { session_id: sessionId } = user;
  identity.value = { sessionId, username: user.username, color: user.color, known: true };
}

export function changeMessage(id: string, content: string): Promise<MessageView> {
  return call("PATCH", `/api/messages/${encodeURIComponent(id)}/`, { content });
}

export async function deleteMessage(id: string): Promise<void> {
  await call("DELETE", `/api/messages/${encodeURIComponent(id)}/`);
}

/** Everything that is stored about the reader. */
export function exportMe(): Promise<unknown> {
  return call("GET", "/api/me/export/", undefined, undefined, {
    patience: EXPORT_MILLISECONDS,
  });
}

/** The session ends at once; what was written follows. This cannot be taken back. */
export async function eraseMe(): Promise<void> {
  await call("DELETE", "/api/me/", { confirm: true });
}

/** Does `request`; where too many do so, again with a proof of work. */
async function withProof<T>(
  onproving: (() => void) | undefined,
  request: (proof: string | undefined) => Promise<T>,
): Promise<T> {
  for (let proof: string | undefined, asked = 0; ; asked++) {
    try {
      return await request(proof);
    } catch (error) {
      const place = error instanceof ApiError ? error.view?.challenge : undefined;
      if (place == null || asked === MOST_PROOFS) throw error;
      onproving?.();
      const { prove } = await import("../proof/prove.ts");
      proof = await prove(place, AbortSignal.timeout(PROOF_MILLISECONDS)).catch(() => {
        throw error; // it cannot be done here, or is of no use now
      });
    }
  }
}

function mySession(): string | null {
  return identity.value?.sessionId ?? null;
}

interface Extras {
  readonly signal?: AbortSignal | undefined;
  readonly proof?: string | undefined;
  readonly patience?: number;
}

/** @throws ApiError */
export async function call<T>(
  method: string,
  path: string,
  body?: object,
  session: string | null = mySession(),
  { signal, proof, patience = PATIENCE_MILLISECONDS }: Extras = {},
): Promise<T> {
  const headers: Record<string, string> = { "Accept-Language": language.value };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  // Reading what is everybody's needs no session, and answers without one can be shared by many.
  const personal = method !== "GET" || /\/(me|moderation)\//.test(path);
  if (session !== null && personal) headers["Authorization"] = `Bearer ${session}`;
  if (proof !== undefined) headers["X-Adda-Proof"] = proof;
  const timeout = AbortSignal.timeout(patience);
  const request: RequestInit = {
    method,
    headers,
    signal: signal === undefined ? timeout : either(signal, timeout),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  let response: Response;
  try {
    response = await fetch(path, request);
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiError(0, null);
  }
  if (response.status === 204) return undefined as T;
  const answer: unknown = await response.json().catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    return null; // cut off, or not from our server
  });
  if (!response.ok) throw new ApiError(response.status, answer as ErrorView | null);
  if (answer === null) throw new ApiError(0, null);
  return answer as T;
}

/** AbortSignal.any, which browsers of 2022 do not have. */
function either(one: AbortSignal, other: AbortSignal): AbortSignal {
  const both = new AbortController();
  for (const signal of [one, other]) {
    if (signal.aborted) both.abort(signal.reason);
    signal.addEventListener("abort", () => {
      both.abort(signal.reason);
    });
  }
  return both.signal;
}
