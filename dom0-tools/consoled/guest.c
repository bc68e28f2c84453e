/* SPDX-License-Identifier: MIT */
/* Guests' consoles; see guest.h. */
#include "consoled/guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

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

/* Look for input where there is room for it, and for room where output waits.
 */
static void interest_update(struct viewer *v)
{
    struct guest *g = v->guest;
    uint32_t events = EPOLLRDHUP;

    if (g->is_over || !g->port || ring_in_room(&g->ring))
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
    bool is_open = g->port && !g->is_over;
    uint32_t room = is_open ? ring_in_room(&g->ring) : RING_IN_SIZE;
    char text[RING_IN_SIZE];
    ssize_t n;

    if (!room)
        return;
    n = read(v->poller.fd, text, room);
    if (n > 0 && is_open) {
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
    int waiting = ring_out_waiting(&g->ring);
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
    if (g->port)
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

static int page_map(struct guest *g, uint64_t frame)
{
    void *page = NULL;
    int rc = gntdev_map(g->d->gntdev, g->domid, &console_ref, 1, true, &page);

    if (rc) {
        page = privcmd_map(g->d->privcmd, g->domid, &frame, 1, true, NULL);
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

static void log_begin(struct guest *g, bool is_new)
{
    char file[256];
    int rc;

    if (!g->d->options.log_guests)
        return;
    log_file_name(g->history.head->name, file);
    rc = log_file_open(&g->log, g->d->log_dir, file, &g->history, is_new);
    if (rc)
        message("%s: %s", file, strerror(-rc));
}

static int history_begin(struct guest *g, const struct history_owner *owner)
{
    struct history_head *head;
    uint32_t taken;
    bool is_new;
    int rc = history_open(g->d->history_dir, owner, g->d->options.history_size,
                          &g->history, &is_new);

    if (rc)
        return rc;
    head = g->history.head;
    taken = head->base + (uint32_t)head->end;
    ring_open(&g->ring, g->ring.page, is_new ? NULL : &taken);
    head->base = g->ring.out_cons - (uint32_t)head->end;
    memcpy(head->name, owner->name, sizeof(head->name));
    log_begin(g, is_new);
    return 0;
}

void guest_reopen_log(struct guest *g)
{
    log_write(g);
    log_file_close(&g->log);
    log_begin(g, false);
}

int guest_begin(struct consoled *d, const struct history_owner *owner,
                uint32_t remote_port, uint64_t frame, struct guest **g_out)
{
    struct guest *g = calloc(1, sizeof(*g));
    int rc;

    if (!g)
        return -ENOMEM;
    *g = (struct guest){.d = d,
                        .domid = (domid_t)owner->domid,
                        .remote_port = remote_port,
                        .log.fd = -1,
                        .pty.poller.fd = -1};
    budget_init(&g->budget, d->options.rate, clock_ms());
    rc = evtchn_dev_bind_interdomain(d->evtchn, g->domid, remote_port);
    if (rc < 0)
        goto free_guest;
    g->port = (uint32_t)rc;
    rc = page_map(g, frame);
    if (rc)
        goto unbind;
    rc = history_begin(g, owner);
    if (rc)
        goto unmap;
    rc = pty_open(g);
    if (rc)
        message("%s: no terminal: %s", owner->name, strerror(-rc));
    g->next = d->guests;
    d->guests = g;
    message_verbose("%s (%u): serving its console", owner->name, g->domid);
    *g_out = g;
    /* What a predecessor had no time for; the port's first event comes, too. */
    output_take(g);
    return 0;

unmap:
    page_unmap(g);
unbind:
    evtchn_dev_unbind(d->evtchn, g->port);
free_guest:
    free(g);
    return rc;
}

void guest_over(struct guest *g, int reason)
{
    if (g->is_over)
        return;
    g->is_over = true;
    if (g->port)
        output_take(g);
    g->history.head->reason = reason;
    viewers_serve(g);
}

static void guest_free(struct guest *g)
{
    history_close(&g->history);
    free(g);
}

void guest_end(struct guest *g, int reason)
{
    bool no_clients = !g->clients;
    struct guest **at;

    message_verbose("%s (%u): gone", g->history.head->name, g->domid);
    throttled_forget(g);
    g->is_over = true;
    g->history.head->ended = (int64_t)time(NULL);
    if (g->history.head->reason == HISTORY_DESTROYED)
        g->history.head->reason = reason;
    output_take(g);
    evtchn_dev_unbind(g->d->evtchn, g->port);
    page_unmap(g);
    log_file_close(&g->log);
    pty_close(g);
    g->port = 0;
    for (at = &g->d->guests; *at != g; at = &(*at)->next)
        ;
    *at = g->next;
    if (no_clients)
        guest_free(g);
    else
        viewers_serve(g);
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
    if (!g->clients && !g->port)
        guest_free(g);
}
