#define _GNU_SOURCE  // strcasestr
#include "handshake.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char KEY_HEADER[] = "\r\nSec-WebSocket-Key:";
static const char KEY_SUFFIX[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

enum { KEY_LENGTH = 24, DIGEST_LENGTH = 20, BLOCK_LENGTH = 64 };

static uint32_t rotate(uint32_t word, int bits) {
    return word << bits | word >> (32 - bits);
}

static void sha1_block(uint32_t state[5], const uint8_t block[BLOCK_LENGTH]) {
    uint32_t w[80];
    for (int i = 0; i < 16; i++) {
        const uint8_t *byte = block + 4 * i;
        w[i] = (uint32_t)byte[0] << 24 | byte[1] << 16 | byte[2] << 8 | byte[3];
    }
    for (int i = 16; i < 80; i++) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);

    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int i = 0; i < 80; i++) {
        uint32_t mixed, constant;
        if (i < 20) mixed = (b & c) | (~b & d), constant = 0x5A827999;
        else if (i < 40) mixed = b ^ c ^ d, constant = 0x6ED9EBA1;
        else if (i < 60) mixed = (b & c) | (b & d) | (c & d), constant = 0x8F1BBCDC;
        else mixed = b ^ c ^ d, constant = 0xCA62C1D6;
        uint32_t next = rotate(a, 5) + mixed + e + constant + w[i];
        e = d, d = c, c = rotate(b, 30), b = a, a = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

// SHA-1 of a text that fits, with its padding, into two blocks; a key with its suffix does.
static void sha1(const char *text, size_t length, uint8_t digest[DIGEST_LENGTH]) {
    uint8_t blocks[2 * BLOCK_LENGTH] = {0};
    memcpy(blocks, text, length);
    blocks[length] = 0x80;
    size_t count = length + 9 > BLOCK_LENGTH ? 2 : 1;
    blocks[count * BLOCK_LENGTH - 2] = (uint8_t)(length * 8 >> 8);
    blocks[count * BLOCK_LENGTH - 1] = (uint8_t)(length * 8);

    uint32_t state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    for (size_t i = 0; i < count; i++) sha1_block(state, blocks + i * BLOCK_LENGTH);
    for (int i = 0; i < DIGEST_LENGTH; i++) digest[i] = (uint8_t)(state[i / 4] >> (24 - i % 4 * 8));
}

// `text` takes four characters for each three bytes, and a zero.
static void base64(const uint8_t *bytes, size_t length, char *text) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < length; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16;
        if (i + 1 < length) three |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < length) three |= bytes[i + 2];
        *text++ = digits[three >> 18];
        *text++ = digits[three >> 12 & 63];
        *text++ = i + 1 < length ? digits[three >> 6 & 63] : '=';
        *text++ = i + 2 < length ? digits[three & 63] : '=';
    }
    *text = 0;
}

size_t answer_handshake(const char *request, char *answer) {
    const char *key = strcasestr(request, KEY_HEADER);
    if (!key) return 0;
    key += strlen(KEY_HEADER);
    key += strspn(key, " \t");
    if (strcspn(key, " \t\r\n") != KEY_LENGTH) return 0;

    char joined[KEY_LENGTH + sizeof KEY_SUFFIX];
    memcpy(joined, key, KEY_LENGTH);
    memcpy(joined + KEY_LENGTH, KEY_SUFFIX, sizeof KEY_SUFFIX);
    uint8_t digest[DIGEST_LENGTH];
    char accept[4 * ((DIGEST_LENGTH + 2) / 3) + 1];
    sha1(joined, sizeof joined - 1, digest);
    base64(digest, sizeof digest, accept);
    return (size_t)snprintf(answer, HANDSHAKE_ANSWER_MOST,
                            "HTTP/1.1 101 Switching Protocols\r\n"
                            "Upgrade: websocket\r\n"
                            "Connection: Upgrade\r\n"
                            "Sec-WebSocket-Accept: %s\r\n\r\n",
                            accept);
}
