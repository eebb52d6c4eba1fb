// Made by `make docs` from shared.protocol; a test fails when it is stale.

export const PROTOCOL_VERSION = 1;

/** Why the server closed a socket; `reconnect` alone says whether to come back. */
export const CLOSE_CODES = {
  1012: { label: "restart", reconnect: true },
  1013: { label: "overload", reconnect: true },
  4000: { label: "bad_request", reconnect: false },
  4001: { label: "room_full", reconnect: false },
  4003: { label: "refused", reconnect: false },
  4008: { label: "flood", reconnect: false },
  4009: { label: "too_many_connections", reconnect: false },
  4100: { label: "slow_consumer", reconnect: true },
  4101: { label: "no_pong", reconnect: true },
  4102: { label: "resync", reconnect: true },
} as const;

/** Errors by their stable code: status of REST answers, and whether a retry may help. */
export const ERROR_CODES = {
  validation_error: { status: 400, retryable: false },
  bad_json: { status: 400, retryable: false },
  unknown_type: { status: 400, retryable: false },
  binary_not_supported: { status: 400, retryable: false },
  session_required: { status: 401, retryable: false },
  session_unknown: { status: 401, retryable: false },
  forbidden: { status: 403, retryable: false },
  origin_refused: { status: 403, retryable: false },
  banned: { status: 403, retryable: false },
  muted: { status: 403, retryable: false },
  room_locked: { status: 403, retryable: false },
  words_refused: { status: 403, retryable: false },
  held_for_review: { status: 403, retryable: false },
  too_late: { status: 403, retryable: false },
  not_found: { status: 404, retryable: false },
  room_not_found: { status: 404, retryable: false },
  message_not_found: { status: 404, retryable: false },
  method_not_allowed: { status: 405, retryable: false },
  not_acceptable: { status: 406, retryable: false },
  room_full: { status: 409, retryable: true },
  conflict: { status: 409, retryable: false },
  client_id_conflict: { status: 409, retryable: false },
  too_large: { status: 413, retryable: false },
  unsupported_media_type: { status: 415, retryable: false },
  rate_limited: { status: 429, retryable: true },
  slow_mode: { status: 429, retryable: true },
  proof_required: { status: 429, retryable: true },
  too_many_connections: { status: 429, retryable: false },
  overloaded: { status: 503, retryable: true },
  unavailable: { status: 503, retryable: true },
  internal_error: { status: 500, retryable: true },
} as const;

/** What the server accepts; `welcome` tells the same of the one that is connected. */
export const LIMITS = {
  contentGraphemes: 4000,
  contentBytes: 16384,
  nameGraphemes: 100,
  nameBytes: 3200,
  clientIdLength: 64,
  fileUrlLength: 2048,
  frameBytes: 65536,
  historyPage: 100,
  userList: 200,
  leastMaxUsers: 2,
  mostMaxUsers: 100000,
  defaultMaxUsers: 100,
} as const;

export type CloseCode = keyof typeof CLOSE_CODES;
export type ErrorCode = keyof typeof ERROR_CODES;
