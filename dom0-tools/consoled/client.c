/* SPDX-License-Identifier: MIT */
/* The socket and its clients; see client.h. */
#include "consoled/client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "consoled/channel_socket.h"
#include "consoled/protocol.h"

#define MAX_CLIENTS 512

struct client {
    struct viewer viewer; /* its guest is NULL until it is attached */
    struct client *next;  /* among those that wait */
    bool is_waiting;      /* has said what it wants */
    unsigned int domid;
    unsigned int number;          /* of the console */
    char file[HISTORY_FILE_SIZE]; /* it knows, or "-" */
    uint64_t pos;
    char line[CONSOLED_LINE_SIZE];
    size_t used;
};

static struct consoled *consoled;
static struct client *unattached;
static unsigned int nr_clients;

static void unattached_remove(struct client *c)
{
    struct client **at;

    for (at = &unattached; *at; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            break;
        }
}

static void client_free(struct client *c)
{
    close(c->viewer.poller.fd);
    free(c);
    nr_clients--;
}

static void client_gone(struct viewer *v)
{
    struct client *c = (struct client *)v;

    guest_unview(v);
    client_free(c);
}

static void client_drop(struct client *c)
{
    poller_remove(&c->viewer.poller);
    unattached_remove(c);
    client_free(c);
}

/* A line to a client that has got nothing yet: there is room for it. */
static bool line_send(struct client *c, const char *line)
{
    size_t len = strlen(line);

    return write(c->viewer.poller.fd, line, len) == (ssize_t)len;
}

static void client_attach(struct client *c, struct guest *g)
{
    uint64_t pos = g->history.head->shown;
    char line[CONSOLED_LINE_SIZE];

    if (!strcmp(c->file, g->history.file))
        pos = c->pos;
    if (pos < history_oldest(&g->history) || pos > history_end(&g->history))
        pos = history_oldest(&g->history);
    if (g->socket.listener.fd >= 0) {
        line_send(c, "error 16 it is served at its socket\n");
        client_drop(c);
        return;
    }
    snprintf(line, sizeof(line), "ok %s %" PRIu64 "\n", g->history.file, pos);
    if (!line_send(c, line)) {
        client_drop(c);
        return;
    }
    unattached_remove(c);
    poller_remove(&c->viewer.poller);
    c->viewer.poller.ready = viewer_ready;
    c->viewer.hung_up = client_gone;
    guest_view(g, &c->viewer, pos);
}

void clients_attach(struct guest *g)
{
    struct client *c, *next;

    for (c = unattached; c; c = next) {
        next = c->next;
        if (c->is_waiting && c->domid == g->domid && c->number == g->number)
            client_attach(c, g);
    }
}

/* What the line says. Returns false if it is none that is known. */
static bool line_parse(struct client *c)
{
    char pos[24] = "", extra;
    int rest = 0;

    _Static_assert(HISTORY_FILE_SIZE == 80, "the format says 79");
    if (sscanf(c->line, "attach %5u/%5u%n", &c->domid, &c->number, &rest) != 2)
        sscanf(c->line, "attach %5u%n", &c->domid, &rest);
    return rest &&
           sscanf(c->line + rest, " %79s %23s%c", c->file, pos, &extra) == 2 &&
           (!strcmp(pos, "-") || sscanf(pos, "%" SCNu64, &c->pos) == 1);
}

static void line_serve(struct client *c)
{
    struct guest *g;

    if (!line_parse(c)) {
        line_send(c, "error 22 no such request\n");
        client_drop(c);
        return;
    }
    c->is_waiting = true;
    g = guest_find(consoled, c->domid, c->number);
    if (g)
        client_attach(c, g);
}

/* Byte by byte: what follows the line is for the guest. */
static void unattached_ready(struct poller *p, uint32_t events)
{
    struct client *c = (struct client *)p;
    ssize_t n = 1;

    (void)events;
    while (!c->is_waiting && n == 1) {
        if (c->used == sizeof(c->line) - 1) {
            client_drop(c);
            return;
        }
        n = read(p->fd, c->line + c->used, 1);
        if (n == 1 && c->line[c->used] == '\n') {
            c->line[c->used] = 0;
            line_serve(c);
            return;
        }
        c->used += n == 1;
    }
    if (c->is_waiting || n == 0 || errno != EAGAIN)
        client_drop(c);
}

static void listener_ready(struct poller *p, uint32_t events)
{
    int fd = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct client *c;

    (void)events;
    if (fd < 0)
        return;
    c = nr_clients < MAX_CLIENTS ? calloc(1, sizeof(*c)) : NULL;
    if (!c) {
        close(fd);
        return;
    }
    nr_clients++;
    c->viewer.poller = (struct poller){.fd = fd, .ready = unattached_ready};
    c->next = unattached;
    unattached = c;
    if (poller_add(&c->viewer.poller, EPOLLIN)) {
        unattached_remove(c);
        client_free(c);
    }
}

int client_listen(struct consoled *d)
{
    static struct poller listener = {.ready = listener_ready};

    consoled = d;
    listener.fd = socket_listen(d, CONSOLED_SOCKET, 64);
    return listener.fd < 0 ? listener.fd : poller_add(&listener, EPOLLIN);
}
