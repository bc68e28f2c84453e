/* SPDX-License-Identifier: MIT */
/* Guests' consoles; see guest.h. */
#include "consoled/guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "consoled/channel_socket.h"
#include "consoled/message.h"
#include "consoled/pty.h"
#include "lib/evtchn_dev.h"
#include "lib/gntdev.h"

/* Where a builder puts the grant of the page: public/grant_table.h,
 * GNTTAB_RESERVED_CONSOLE. */
static const uint32_t console_ref = 0;

/* Viewers. */

static void interest_set(struct viewer *v, uint32_t events)
{
    if (events == v->events)
        return;
    if (!v->events) {
        if (poller_add(&v->poller, events))
            events = 0;
    } else if (!events) {
        poller_remove(&v->poller);
    } else {
        poller_change(&v->poller, events);
    }
    v->events = events;
}

/* How much may be typed; where nobody is to read it any more it is lost. */
static uint32_t input_room(const struct guest *g)
{
    if (g->is_over)
        return RING_IN_SIZE;
    return g->port ? ring_in_room(&g->ring) : 0;
}

/* Look for input where there is room for it, and for room where output waits.
 */
static void interest_update(struct viewer *v)
{
    struct guest *g = v->guest;
    uint32_t events = EPOLLRDHUP;

    if (input_room(g))
        events |= EPOLLIN;
    if (v->pos < history_end(&g->history))
        events |= EPOLLOUT;
    interest_set(v, events);
}

static void output_send(struct viewer *v)
{
    struct history_head *head = v->guest->history.head;
    const char *data;
    size_t len;

    while ((len = history_at(&v->guest->history, &v->pos, &data)) > 0) {
        ssize_t n = write(v->poller.fd, data, len);

        if (n <= 0)
            break;
        v->pos += (size_t)n;
    }
    if (v->pos > head->shown)
        head->shown = v->pos;
}

static void input_take(struct viewer *v)
{
    struct guest *g = v->guest;
    uint32_t room = input_room(g);
    char text[RING_IN_SIZE];
    ssize_t n;

    if (!room)
        return;
    n = read(v->poller.fd, text, room);
    if (n > 0 && !g->is_over) {
        ring_in_put(&g->ring, text, (uint32_t)n);
        evtchn_dev_notify(g->d->evtchn, g->port);
    }
}

/* Output. */

/* How much may be taken now of what waits. */
static uint32_t share(const struct guest *g, uint32_t waiting)
{
    const struct history_head *head = g->history.head;
    uint64_t unseen = head->end - head->shown;
    uint32_t room = head->size - HISTORY_CHUNK;

    if (!g->d->options.keep || g->is_over)
        return waiting;
    room = unseen < room ? room - (uint32_t)unseen : 0;
    return waiting < room ? waiting : room;
}

static void log_write(struct guest *g)
{
    int rc = log_file_write(&g->log, &g->history, &g->d->guest_style);

    if (rc && !g->log.failed)
        message("%s: can't write its log: %s", g->history.head->name,
                strerror(-rc));
    g->log.failed = rc != 0;
}

/* Once: a guest that goes on writing sends another event. */
static void output_take(struct guest *g)
{
    char text[HISTORY_CHUNK];
    int waiting = g->port ? ring_out_waiting(&g->ring) : 0;
    uint32_t len;

    if (waiting < 0 && !g->is_broken) {
        message("%s (%u): its console's page is broken", g->history.head->name,
                g->domid);
        g->is_broken = true;
    }
    if (waiting <= 0)
        return;
    len = share(g, (uint32_t)waiting);
    g->is_held = len < (uint32_t)waiting;
    if (!len)
        return;
    ring_out_copy(&g->ring, text, len);
    history_append(&g->history, text, len);
    ring_out_release(&g->ring, len);
    budget_use(&g->budget, len);
    evtchn_dev_notify(g->d->evtchn, g->port);
    log_write(g);
}

static void viewer_serve(struct viewer *v)
{
    output_send(v);
    if (v->guest->is_held) {
        output_take(v->guest);
        output_send(v);
    }
    interest_update(v);
    if (v->guest->is_over && v->hung_up && v != &v->guest->pty &&
        v->pos >= history_end(&v->guest->history))
        v->hung_up(v);
}

static void viewers_serve(struct guest *g)
{
    struct viewer *v, *next;

    if (g->pty.events)
        viewer_serve(&g->pty);
    for (v = g->clients; v; v = next) {
        next = v->next;
        viewer_serve(v);
    }
}

void viewer_ready(struct poller *p, uint32_t events)
{
    struct viewer *v = (struct viewer *)p;
    struct guest *g = v->guest;

    if (events & EPOLLIN)
        input_take(v);
    if (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) {
        v->hung_up(v);
        return;
    }
    viewers_serve(g);
}

static void guest_look(struct guest *g)
{
    evtchn_dev_unmask(g->d->evtchn, g->port);
    output_take(g);
    viewers_serve(g);
}

void guest_event(struct guest *g)
{
    if (g->is_throttled)
        return;
    if (budget_fill(&g->budget, g->d->options.rate, clock_ms())) {
        budget_use(&g->budget, BUDGET_EVENT);
        guest_look(g);
        return;
    }
    g->is_throttled = true;
    g->next_throttled = g->d->throttled;
    g->d->throttled = g;
}

void guests_unthrottle(struct consoled *d)
{
    struct guest **at = &d->throttled, *g;
    uint64_t now = clock_ms();

    while ((g = *at)) {
        if (!budget_fill(&g->budget, d->options.rate, now)) {
            at = &g->next_throttled;
            continue;
        }
        *at = g->next_throttled;
        g->is_throttled = false;
        guest_look(g);
    }
}

static void throttled_forget(struct guest *g)
{
    struct guest **at;

    for (at = &g->d->throttled; *at; at = &(*at)->next_throttled)
        if (*at == g) {
            *at = g->next_throttled;
            break;
        }
    g->is_throttled = false;
}

/* Begin and end. */

struct guest *guest_find(const struct consoled *d, unsigned int domid,
                         unsigned int number)
{
    struct guest *g = d->guests;

    while (g && (g->domid != domid || g->number != number))
        g = g->next;
    return g;
}

static int page_map(struct guest *g)
{
    void *page = NULL;
    int rc = gntdev_map(g->d->gntdev, g->domid, &g->ref, 1, true, &page);

    if (rc && g->frame) {
        page = privcmd_map(g->d->privcmd, g->domid, &g->frame, 1, true, NULL);
        g->is_foreign = page != NULL;
    }
    g->ring.page = page;
    return page ? 0 : rc;
}

static void page_unmap(struct guest *g)
{
    if (g->is_foreign)
        privcmd_unmap(g->ring.page, 1);
    else
        gntdev_unmap(g->d->gntdev, g->ring.page, 1);
}

/* What agents say to each other on further consoles is nobody else's. */
static void log_begin(struct guest *g, bool is_new)
{
    char file[256];
    int rc;

    if (!g->d->options.log_guests || g->number)
        return;
    log_file_name(g->history.head->name, file);
    rc = log_file_open(&g->log, g->d->log_dir, file, &g->history, is_new);
    if (rc)
        message("%s: %s", file, strerror(-rc));
}

static int history_begin(struct guest *g, const struct history_owner *owner)
{
    int rc = history_open(g->d->history_dir, owner, g->d->options.history_size,
                          &g->history, &g->is_new);

    if (rc)
        return rc;
    memcpy(g->history.head->name, owner->name, sizeof(owner->name));
    log_begin(g, g->is_new);
    return 0;
}

void guest_reopen_log(struct guest *g)
{
    log_write(g);
    log_file_close(&g->log);
    log_begin(g, false);
}

int guest_make(struct consoled *d, const struct history_owner *owner,
               bool has_socket, struct guest **g_out)
{
    struct guest *g = calloc(1, sizeof(*g));
    int rc;

    if (!g)
        return -ENOMEM;
    *g = (struct guest){.d = d,
                        .domid = (domid_t)owner->domid,
                        .number = owner->number,
                        .log.fd = -1,
                        .pty.poller.fd = -1,
                        .socket.listener.fd = -1};
    budget_init(&g->budget, d->options.rate, clock_ms());
    rc = history_begin(g, owner);
    if (rc) {
        free(g);
        return rc;
    }
    rc = has_socket ? channel_socket_open(g) : pty_open(g);
    if (rc)
        message("%s: no %s: %s", owner->name,
                has_socket ? "socket" : "terminal", strerror(-rc));
    g->next = d->guests;
    d->guests = g;
    message_verbose("%s (%u): serving its console %u", owner->name, g->domid,
                    g->number);
    *g_out = g;
    return 0;
}

/* The history knows how far a predecessor came. */
static void ring_begin(struct guest *g, bool goes_on)
{
    struct history_head *head = g->history.head;
    uint32_t taken = head->base + (uint32_t)head->end;

    ring_open(&g->ring, g->ring.page, goes_on ? &taken : NULL);
    head->base = g->ring.out_cons - (uint32_t)head->end;
}

int guest_connect(struct guest *g, uint32_t remote_port, uint32_t ref,
                  bool goes_on)
{
    int rc = evtchn_dev_bind_interdomain(g->d->evtchn, g->domid, remote_port);
    uint32_t port = (uint32_t)rc;

    if (rc < 0)
        return rc;
    g->remote_port = remote_port;
    g->ref = ref;
    rc = page_map(g);
    if (rc) {
        evtchn_dev_unbind(g->d->evtchn, port);
        return rc;
    }
    g->port = port;
    ring_begin(g, goes_on);
    /* What a predecessor had no time for; the port's first event comes, too. */
    output_take(g);
    viewers_serve(g);
    return 0;
}

void guest_disconnect(struct guest *g)
{
    if (!g->port)
        return;
    throttled_forget(g);
    output_take(g);
    evtchn_dev_unbind(g->d->evtchn, g->port);
    page_unmap(g);
    g->ring.page = NULL;
    g->port = 0;
    viewers_serve(g);
}

void guest_over(struct guest *g, int reason)
{
    if (g->is_over)
        return;
    g->is_over = true;
    output_take(g);
    g->history.head->reason = reason;
    viewers_serve(g);
}

static void guest_free(struct guest *g)
{
    history_close(&g->history);
    free(g);
}

/* Serve it no longer. Its history is as it was. */
static void guest_drop(struct guest *g)
{
    struct guest **at;

    g->is_over = true;
    guest_disconnect(g);
    log_file_close(&g->log);
    pty_close(g);
    channel_socket_close(g);
    g->is_gone = true;
    for (at = &g->d->guests; *at != g; at = &(*at)->next)
        ;
    *at = g->next;
    if (g->clients)
        viewers_serve(g);
    else
        guest_free(g);
}

/* What passed on further consoles is not kept: it was not for people. */
static void history_end_with(struct guest *g, int reason)
{
    struct history_head *head = g->history.head;

    head->ended = (int64_t)time(NULL);
    if (head->reason == HISTORY_DESTROYED)
        head->reason = reason;
    if (g->number)
        unlinkat(g->d->history_dir, g->history.file, 0);
    else
        g->d->nr_ended++;
}

void guest_end(struct guest *g, int reason)
{
    message_verbose("%s (%u): gone", g->history.head->name, g->domid);
    history_end_with(g, reason);
    guest_drop(g);
}

int guest_begin(struct consoled *d, const struct history_owner *owner,
                uint32_t remote_port, uint64_t frame, struct guest **g_out)
{
    struct guest *g;
    int rc;

    if (d->nr_ended > d->options.history_files)
        d->nr_ended =
            history_prune(d->history_dir, d->boot, d->options.history_files);
    rc = guest_make(d, owner, false, &g);
    if (rc)
        return rc;
    g->frame = frame;
    rc = guest_connect(g, remote_port, console_ref, !g->is_new);
    if (rc)
        guest_drop(g);
    else
        *g_out = g;
    return rc;
}

void guest_view(struct guest *g, struct viewer *v, uint64_t pos)
{
    v->guest = g;
    v->pos = pos;
    v->next = g->clients;
    g->clients = v;
    viewer_serve(v);
}

void guest_unview(struct viewer *v)
{
    struct guest *g = v->guest;
    struct viewer **at;

    for (at = &g->clients; *at; at = &(*at)->next)
        if (*at == v) {
            *at = v->next;
            break;
        }
    interest_set(v, 0);
    if (!g->clients && g->is_gone)
        guest_free(g);
}
