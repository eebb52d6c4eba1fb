#include "frames.h"

#include <string.h>

enum { FINAL = 0x80, MASKED = 0x80, LONG_LENGTH = 126, MASK_LENGTH = 4 };

static void unmask(uint8_t *payload, size_t length, const uint8_t mask[MASK_LENGTH]) {
    uint8_t twice[8];
    memcpy(twice, mask, MASK_LENGTH);
    memcpy(twice + MASK_LENGTH, mask, MASK_LENGTH);
    uint64_t wide, word;
    memcpy(&wide, twice, sizeof wide);
    size_t i = 0;
    for (; i + sizeof word <= length; i += sizeof word) {
        memcpy(&word, payload + i, sizeof word);
        word ^= wide;
        memcpy(payload + i, &word, sizeof word);
    }
    for (; i < length; i++) payload[i] ^= mask[i % MASK_LENGTH];
}

long take_frame(uint8_t *bytes, size_t available, struct frame *frame) {
    if (available < 2) return 0;
    size_t header = 2, length = bytes[1] & 0x7F;
    // Neither fragments nor extensions nor frames of more than 64 KiB: no chat client sends them.
    if ((bytes[0] & 0xF0) != FINAL || !(bytes[1] & MASKED) || length > LONG_LENGTH) return -1;
    if (length == LONG_LENGTH) {
        header = 4;
        if (available < header) return 0;
        length = (size_t)bytes[2] << 8 | bytes[3];
    }
    if (available < header + MASK_LENGTH + length) return 0;
    frame->opcode = bytes[0] & 0x0F;
    frame->payload = bytes + header + MASK_LENGTH;
    frame->length = length;
    unmask(frame->payload, length, bytes + header);
    return (long)(header + MASK_LENGTH + length);
}

size_t put_header(uint8_t header[HEADER_MOST], enum opcode opcode, size_t length) {
    header[0] = (uint8_t)(FINAL | opcode);
    if (length < LONG_LENGTH) {
        header[1] = (uint8_t)length;
        return 2;
    }
    header[1] = LONG_LENGTH;
    header[2] = (uint8_t)(length >> 8);
    header[3] = (uint8_t)length;
    return 4;
}
