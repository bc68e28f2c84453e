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
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "consoled/protocol.h"

#define MAX_CLIENTS 512

struct client {
    struct viewer viewer; /* its guest is NULL until it is attached */
    struct client *next;  /* among those that wait */
    bool is_waiting;      /* has said what it wants */
    unsigned int domid;
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
        if (c->is_waiting && c->domid == g->domid)
            client_attach(c, g);
    }
}

/* What the line says. Returns false if it is none that is known. */
static bool line_parse(struct client *c)
{
    char pos[24] = "", extra;

    _Static_assert(HISTORY_FILE_SIZE == 80, "the format says 79");
    return sscanf(c->line, "attach %5u %79s %23s%c", &c->domid, c->file, pos,
                  &extra) == 3 &&
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
    for (g = consoled->guests; g; g = g->next)
        if (g->domid == c->domid) {
            client_attach(c, g);
            return;
        }
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
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    mode_t mask;
    int rc;

    consoled = d;
    if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s",
                 d->options.run_folder,
                 CONSOLED_SOCKET) >= (int)sizeof(address.sun_path))
        return -ENAMETOOLONG;
    listener.fd =
        socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener.fd < 0)
        return -errno;
    unlink(address.sun_path);
    mask = umask(0177);
    rc = bind(listener.fd, (struct sockaddr *)&address, sizeof(address));
    umask(mask);
    if (rc || listen(listener.fd, 64)) {
        rc = -errno;
        close(listener.fd);
        return rc;
    }
    return poller_add(&listener, EPOLLIN);
}
