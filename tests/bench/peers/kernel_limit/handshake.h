// The answer to a WebSocket handshake (RFC 6455, section 4.2.2).
#pragma once

#include <stddef.h>

enum { HANDSHAKE_ANSWER_MOST = 256 };

// Writes the answer to `request` (terminated by a zero) into `answer`, of HANDSHAKE_ANSWER_MOST
// bytes. Returns its length, or 0 if it is no request for a WebSocket.
size_t answer_handshake(const char *request, char *answer);
