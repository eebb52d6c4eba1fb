// WebSocket frames as far as this program needs them (RFC 6455, section 5.2).
#pragma once

#include <stddef.h>
#include <stdint.h>

enum opcode { TEXT = 0x1, CLOSE = 0x8, PING = 0x9, PONG = 0xA };

enum {
    HEADER_MOST = 4,  // of a frame from us
    PAYLOAD_MOST = 65535,
    FRAME_MOST = HEADER_MOST + 4 + PAYLOAD_MOST,  // from a client: with its mask
};

struct frame {
    enum opcode opcode;
    uint8_t *payload;
    size_t length;
};

// Takes the first frame of a client out of `bytes`, unmasking its payload where it is. Returns how
// many bytes it had, 0 if it is not complete yet, -1 if it is none that we understand.
long take_frame(uint8_t *bytes, size_t available, struct frame *frame);

// Writes the header of a frame from us; returns its length.
size_t put_header(uint8_t header[HEADER_MOST], enum opcode opcode, size_t length);
