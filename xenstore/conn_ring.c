/* SPDX-License-Identifier: MIT */
/*
 * Clients by a shared page. The other side is not trusted: an index of its own
 * is read once and checked, bytes are copied before they are looked at, and
 * what the daemon's own indexes are it knows without the page.
 *
 * Source: public/io/xs_wire.h, xenstore-ring.txt.
 */
#include "conn_ring.h"

#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "log.h"
#include "quota.h"
#include "xen_dev.h"

/* WATCH takes a depth; the public header has no name for it. */
#define SERVER_FEATURE_WATCHDEPTH 4

#define SERVER_FEATURES                                                        \
    (XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR |    \
     SERVER_FEATURE_WATCHDEPTH)

/* Seconds between two lines on one domain's ring. */
#define LOG_INTERVAL 60

struct conn_ring {
    struct conn conn;
    struct xenstore_domain_interface *ring; /* NULL while detached */
    uint32_t port;
    struct ring_state state;
    bool restarting;        /* the domain asked for an empty ring */
    unsigned long next_log; /* quota_clock: when an error is logged again */
};

/* Rings by local port; ports are small numbers. */
static struct conn_ring **by_port;
static uint32_t nr_ports;

static struct conn_ring *of(struct conn *c)
{
    return list_entry((struct list *)(void *)c, struct conn_ring, conn);
}

static void ring_fail(struct conn_ring *r, uint32_t error)
{
    r->state.error = error;
    r->conn.dead = true;
    if (quota_clock < r->next_log)
        return;
    r->next_log = quota_clock + LOG_INTERVAL;
    log_line(LOG_LEVEL_WARNING, "domain %u: ring error %u, connection stopped",
             r->conn.who.domid, error);
}

/* The domain wants to start anew; the page is set after the commit. */
static void ring_restart(struct conn_ring *r)
{
    conn_reset(&r->conn);
    journal_reset(&r->conn);
    r->state = (struct ring_state){0};
    r->restarting = true;
    r->conn.in_new = true;
    conn_mark_dirty(&r->conn);
}

static bool ring_fill(struct conn *c)
{
    struct conn_ring *r = of(c);
    uint32_t prod, avail, pos, first;
    char *to;

    if (!r->ring || r->restarting)
        return false;
    if (__atomic_load_n(&r->ring->connection, __ATOMIC_ACQUIRE) ==
        XENSTORE_RECONNECT) {
        ring_restart(r);
        return false;
    }
    if (r->state.error)
        return false;
    /* Pairs with the domain's write barrier between bytes and index. */
    prod = __atomic_load_n(&r->ring->req_prod, __ATOMIC_ACQUIRE);
    avail = prod - r->state.in_pos;
    if (!avail)
        return false;
    if (avail > XENSTORE_RING_SIZE) {
        ring_fail(r, XENSTORE_ERROR_RINGIDX);
        return false;
    }
    to = buf_reserve(&c->in, avail);
    pos = MASK_XENSTORE_IDX(r->state.in_pos);
    first = XENSTORE_RING_SIZE - pos < avail ? XENSTORE_RING_SIZE - pos : avail;
    memcpy(to, r->ring->req + pos, first);
    memcpy(to + first, r->ring->req, avail - first);
    c->in.len += avail;
    r->state.in_pos += avail;
    c->in_new = true;
    return true;
}

static void ring_log(struct conn *c)
{
    struct conn_ring *r = of(c);

    r->state.out_pos += c->out_new;
    journal_ring(c, c->out_new);
    c->out_new = 0;
    c->in_new = false;
}

/* Put to the page what has room. A domain tells of room only if it has found
 * the ring full, so that must be seen after the last index is stored. */
static void ring_send(struct conn_ring *r)
{
    struct conn *c = &r->conn;
    uint32_t prod = r->state.out_pos - c->out.len, cons, pos, first, n;

    while (c->out.len) {
        /* Pairs with the domain's barrier between reading bytes and its index,
         * and with that between its index and its look at ours. */
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        cons = __atomic_load_n(&r->ring->rsp_cons, __ATOMIC_ACQUIRE);
        if (prod - cons > XENSTORE_RING_SIZE) {
            ring_fail(r, XENSTORE_ERROR_RINGIDX);
            return;
        }
        n = XENSTORE_RING_SIZE - (prod - cons);
        if (!n)
            return;
        if (n > c->out.len)
            n = c->out.len;
        pos = MASK_XENSTORE_IDX(prod);
        first = XENSTORE_RING_SIZE - pos < n ? XENSTORE_RING_SIZE - pos : n;
        memcpy(r->ring->rsp + pos, buf_front(&c->out), first);
        memcpy(r->ring->rsp, buf_front(&c->out) + first, n - first);
        buf_take(&c->out, n);
        prod += n;
        __atomic_store_n(&r->ring->rsp_prod, prod, __ATOMIC_RELEASE);
    }
}

static void ring_flush(struct conn *c)
{
    struct conn_ring *r = of(c);
    size_t len = c->out.len;

    if (!r->ring)
        return;
    if (r->restarting) {
        r->restarting = false;
        r->ring->req_cons = r->ring->req_prod = 0;
        r->ring->rsp_cons = r->ring->rsp_prod = 0;
        r->ring->error = XENSTORE_ERROR_NONE;
        __atomic_store_n(&r->ring->connection, XENSTORE_CONNECTED,
                         __ATOMIC_RELEASE);
        xen_evtchn_notify(r->port);
        return;
    }
    if (r->state.error)
        return;
    if (len)
        ring_send(r);
    if (!c->dead &&
        (r->ring->req_cons != r->state.in_pos || len != c->out.len)) {
        __atomic_store_n(&r->ring->req_cons, r->state.in_pos, __ATOMIC_RELEASE);
        xen_evtchn_notify(r->port);
        /* A domain tells of requests only if it has found all taken: those that
         * came before it saw the index are found by looking once more. */
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (__atomic_load_n(&r->ring->req_prod, __ATOMIC_RELAXED) !=
            r->state.in_pos)
            conn_wake(c);
    }
}

/* The connection stays, so that the domain may ask for a new start. */
static void ring_end(struct conn *c)
{
    struct conn_ring *r = of(c);

    if (!r->state.error)
        ring_fail(r, XENSTORE_ERROR_PROTO);
    conn_reset(c);
    journal_reset(c);
    journal_ring(c, 0);
    c->dead = false;
    if (!r->ring)
        return;
    r->ring->error = r->state.error;
    xen_evtchn_notify(r->port);
}

static const struct conn_kind ring_kind = {
    .fill = ring_fill,
    .log = ring_log,
    .flush = ring_flush,
    .end = ring_end,
};

struct conn *conn_ring_new(domid_t domid)
{
    struct conn_ring *r = xzalloc(sizeof(*r));

    conn_init(&r->conn, &ring_kind, domid);
    return &r->conn;
}

void conn_ring_restore(struct conn *c, const struct ring_state *state)
{
    of(c)->state = *state;
}

/* Drop what the page shows to have been sent already. */
static void drop_sent(struct conn_ring *r)
{
    struct conn *c = &r->conn;
    uint32_t left = r->state.out_pos - r->ring->rsp_prod;

    if (left > c->out.len) {
        ring_fail(r, XENSTORE_ERROR_RINGIDX);
        return;
    }
    quota_add(c->who.domid, QUOTA_MEMORY, -(long)(c->out.len - left));
    buf_take(&c->out, c->out.len - left);
}

void conn_ring_attach(struct conn *c, struct xenstore_domain_interface *ring,
                      uint32_t port, bool restored)
{
    struct conn_ring *r = of(c);

    conn_ring_detach(c);
    r->ring = ring;
    r->port = port;
    if (port >= nr_ports) {
        by_port = xrealloc(by_port, (port + 1) * 2UL * sizeof(*by_port));
        memset(by_port + nr_ports, 0,
               ((port + 1) * 2UL - nr_ports) * sizeof(*by_port));
        nr_ports = (port + 1) * 2;
    }
    by_port[port] = r;
    if (!restored) {
        r->state.in_pos = ring->req_cons;
        r->state.out_pos = ring->rsp_prod;
        r->state.error = XENSTORE_ERROR_NONE;
        ring->error = XENSTORE_ERROR_NONE;
        c->in_new = true;
    } else if (!r->state.error && ring->connection != XENSTORE_RECONNECT) {
        drop_sent(r);
    }
    ring->server_features = SERVER_FEATURES;
    conn_mark_dirty(c);
    conn_wake(c);
    /* Linux's own drivers in the control domain begin with the first event. */
    xen_evtchn_notify(port);
}

void conn_ring_detach(struct conn *c)
{
    struct conn_ring *r = of(c);

    if (!r->ring)
        return;
    by_port[r->port] = NULL;
    xen_evtchn_unbind(r->port);
    xen_unmap_ring(r->ring);
    r->ring = NULL;
}

void conn_ring_free(struct conn *c)
{
    conn_ring_detach(c);
    conn_fini(c);
    free(of(c));
}

struct conn *conn_ring_find(uint32_t port)
{
    return port < nr_ports && by_port[port] ? &by_port[port]->conn : NULL;
}

struct ring_state conn_ring_state(const struct conn *c)
{
    return of((struct conn *)c)->state;
}
