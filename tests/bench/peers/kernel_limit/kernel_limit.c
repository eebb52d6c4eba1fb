// The least that a chat server can do, to see what the kernel alone costs: whatever text a client
// sends, all in its room get, framed once, by a bare write() to each. The room is the URL's path.
//
// What arrives in one round of epoll is joined, up to MOST_JOINED messages in one write per
// receiver. There is one thread and no timer; nobody is checked, nothing is kept.
#define _GNU_SOURCE  // accept4
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frames.h"
#include "handshake.h"

enum {
    BACKLOG = 65535,
    EVENTS = 256,
    MOST_JOINED = 64,
    MOST_UNREAD = FRAME_MOST,
    MOST_UNSENT = 1 << 20,  // who reads slower than that is cut off
    ROOM_NAME = 64,
    TABLE = 4096,  // of rooms
};

struct bytes {
    uint8_t *start;
    size_t length, capacity;
};

struct room {
    struct room *next;        // in its place of the table
    struct room *next_dirty;
    bool dirty;  // is it among those with something to send at the end of the round?
    struct connection **members;
    size_t count, capacity;
    struct bytes joined;
    int messages;  // in it
    char name[ROOM_NAME];
};

struct connection {
    struct connection *next_dead;
    struct room *room;  // NULL until the handshake is done
    size_t place;       // among the members of its room
    struct bytes unread, unsent;
    int socket;
    bool dead;
};

static struct room *rooms[TABLE];
static struct room *dirty;
static struct connection *dead;
static int epoll;

static void *enlarge(void *memory, size_t size) {
    memory = realloc(memory, size);
    if (!memory) abort();
    return memory;
}

static void append(struct bytes *to, const void *from, size_t length) {
    if (to->length + length > to->capacity) {
        to->capacity = 2 * (to->length + length);
        to->start = enlarge(to->start, to->capacity);
    }
    memcpy(to->start + to->length, from, length);
    to->length += length;
}

static void drop_first(struct bytes *from, size_t length) {
    from->length -= length;
    memmove(from->start, from->start + length, from->length);
}

static void release(struct bytes *all) {
    free(all->start);
    *all = (struct bytes){0};
}

static void watch(struct connection *client, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = client};
    epoll_ctl(epoll, operation, client->socket, &event);
}

// Others may be on their way through its room, so it goes at the end of the round.
static void end(struct connection *client) {
    if (client->dead) return;
    client->dead = true;
    client->next_dead = dead;
    dead = client;
}

static void send_bytes(struct connection *client, const uint8_t *start, size_t length) {
    if (client->dead) return;
    size_t written = 0;
    if (client->unsent.length == 0) {
        ssize_t result = write(client->socket, start, length);
        if (result < 0 && errno != EAGAIN) {
            end(client);
            return;
        }
        if (result > 0) written = (size_t)result;
        if (written == length) return;
        watch(client, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }
    append(&client->unsent, start + written, length - written);
    if (client->unsent.length > MOST_UNSENT) end(client);
}

static void send_unsent(struct connection *client) {
    ssize_t written = write(client->socket, client->unsent.start, client->unsent.length);
    if (written < 0) {
        if (errno != EAGAIN) end(client);
        return;
    }
    drop_first(&client->unsent, (size_t)written);
    if (client->unsent.length > 0) return;
    release(&client->unsent);
    watch(client, EPOLL_CTL_MOD, EPOLLIN);
}

static void send_joined(struct room *room) {
    for (size_t i = 0; i < room->count; i++)
        send_bytes(room->members[i], room->joined.start, room->joined.length);
    room->joined.length = 0;
    room->messages = 0;
}

static void tell(struct room *room, const uint8_t *text, size_t length) {
    if (room->messages == MOST_JOINED) send_joined(room);
    if (!room->dirty) {
        room->dirty = true;
        room->next_dirty = dirty;
        dirty = room;
    }
    uint8_t header[HEADER_MOST];
    append(&room->joined, header, put_header(header, TEXT, length));
    append(&room->joined, text, length);
    room->messages++;
}

static void send_frame(struct connection *to, enum opcode opcode, const void *payload, size_t length) {
    struct bytes frame = {0};
    uint8_t header[HEADER_MOST];
    append(&frame, header, put_header(header, opcode, length));
    append(&frame, payload, length);
    send_bytes(to, frame.start, frame.length);
    release(&frame);
}

static struct room *room_named(const char *name, size_t length) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    struct room **found = &rooms[hash % TABLE];
    while (*found && (strncmp((*found)->name, name, length) || (*found)->name[length]))
        found = &(*found)->next;
    if (!*found) {
        *found = calloc(1, sizeof **found);
        if (!*found) abort();
        memcpy((*found)->name, name, length);
    }
    return *found;
}

static void join(struct connection *client, struct room *room) {
    if (room->count == room->capacity) {
        room->capacity = room->capacity ? 2 * room->capacity : 16;
        room->members = enlarge(room->members, room->capacity * sizeof *room->members);
    }
    client->room = room;
    client->place = room->count;
    room->members[room->count++] = client;
}

static void leave(struct connection *client) {
    struct room *room = client->room;
    struct connection *last = room->members[--room->count];
    room->members[client->place] = last;
    last->place = client->place;
}

// Returns how many bytes of what is unread belong to the handshake: 0, it is not complete.
static size_t welcome(struct connection *client) {
    static const char greeting[] = "{\"type\":\"welcome\"}";
    uint8_t *start = client->unread.start;
    uint8_t *last = memmem(start, client->unread.length, "\r\n\r\n", 4);
    if (!last) return 0;
    *last = 0;

    char answer[HANDSHAKE_ANSWER_MOST];
    size_t length = answer_handshake((char *)start, answer);
    const char *path = strchr((char *)start, ' ');
    size_t path_length = path ? strcspn(++path, " ?") : 0;
    if (!length || !path_length || path_length >= ROOM_NAME) {
        end(client);
        return 0;
    }
    send_bytes(client, (uint8_t *)answer, length);
    join(client, room_named(path, path_length));
    send_frame(client, TEXT, greeting, sizeof greeting - 1);
    return (size_t)(last + 4 - start);
}

static void obey(struct connection *client, const struct frame *frame) {
    switch (frame->opcode) {
        case TEXT:
            tell(client->room, frame->payload, frame->length);
            break;
        case PING:
            send_frame(client, PONG, frame->payload, frame->length);
            break;
        case PONG:
            break;
        case CLOSE:
            send_frame(client, CLOSE, frame->payload, frame->length);
            end(client);
            break;
        default:
            end(client);
    }
}

static void take_unread(struct connection *client) {
    size_t taken = client->room ? 0 : welcome(client);
    struct frame frame;
    while (client->room && !client->dead) {
        uint8_t *next = client->unread.start + taken;
        long length = take_frame(next, client->unread.length - taken, &frame);
        if (length < 0) end(client);
        if (length <= 0) break;
        obey(client, &frame);
        taken += (size_t)length;
    }
    drop_first(&client->unread, taken);
    if (client->unread.length > MOST_UNREAD) end(client);
    if (client->unread.length == 0) release(&client->unread);
}

static void receive(struct connection *client) {
    static uint8_t buffer[MOST_UNREAD];
    ssize_t length = read(client->socket, buffer, sizeof buffer);
    if (length < 0 && errno == EAGAIN) return;
    if (length <= 0) {
        end(client);
        return;
    }
    append(&client->unread, buffer, (size_t)length);
    take_unread(client);
}

static void accept_all(int listener) {
    int socket;
    while ((socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        struct connection *client = calloc(1, sizeof *client);
        if (!client) abort();
        client->socket = socket;
        watch(client, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static void end_round(void) {
    while (dirty) {
        struct room *room = dirty;
        dirty = room->next_dirty;
        room->dirty = false;
        send_joined(room);
    }
    while (dead) {
        struct connection *client = dead;
        dead = client->next_dead;
        if (client->room) leave(client);
        close(client->socket);
        release(&client->unread);
        release(&client->unsent);
        free(client);
    }
}

static int listen_on(uint16_t port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, BACKLOG)) {
        perror("cannot listen");
        exit(1);
    }
    return listener;
}

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: kernel_limit PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_on((uint16_t)atoi(arguments[1]));
    epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            struct connection *client = events[i].data.ptr;
            if (!client) accept_all(listener);
            else if (client->dead) continue;
            else if (events[i].events & EPOLLOUT) send_unsent(client);
            else receive(client);
        }
        end_round();
    }
}
