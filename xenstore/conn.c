/* SPDX-License-Identifier: MIT */
/* Connections: turns, messages, events. */
#include "conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops.h"
#include "quota.h"

/* Requests that a connection may have in one turn. */
#define TURN_REQUESTS 32

/* Bytes waiting for a client, above which its requests wait, and events for a
 * domain are dropped (watch_event()). */
#define OUT_HIGH   (2 * (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX))
#define OUT_EVENTS (64 * 1024)

struct list conn_all = LIST_INIT(conn_all);
static struct list ready = LIST_INIT(ready);
static struct list dirty = LIST_INIT(dirty);

void conn_init(struct conn *c, const struct conn_kind *kind, domid_t domid)
{
    *c = (struct conn){
        .kind = kind,
        .who = {.domid = domid, .target = DOMID_NONE},
    };
    list_add_tail(&conn_all, &c->link);
    list_init(&c->ready);
    list_init(&c->dirty);
    list_init(&c->watches);
    list_init(&c->transactions);
}

void conn_unwatch(struct watch *w)
{
    domid_t domid = w->conn->who.domid;

    quota_add(domid, QUOTA_WATCHES, -1);
    quota_add(domid, QUOTA_MEMORY, -(long)watch_size(w));
    watch_del(w);
}

/* Change the bytes that wait for the client. */
static void count_out(struct conn *c, long n)
{
    quota_add(c->who.domid, QUOTA_MEMORY, n);
}

void conn_reset(struct conn *c)
{
    while (!list_empty(&c->watches))
        conn_unwatch(list_entry(c->watches.next, struct watch, link));
    while (!list_empty(&c->transactions))
        transaction_free(
            list_entry(c->transactions.next, struct transaction, link));
    count_out(c, -(long)c->out.len);
    quota_add(c->who.domid, QUOTA_OUTSTANDING, -(long)c->nr_replies);
    buf_free(&c->in);
    buf_free(&c->out);
    c->out_new = c->nr_replies = 0;
    c->in_new = c->missed = false;
}

void conn_fini(struct conn *c)
{
    conn_reset(c);
    list_del(&c->link);
    list_del(&c->ready);
    list_del(&c->dirty);
}

void conn_wake(struct conn *c)
{
    if (list_empty(&c->ready))
        list_add_tail(&ready, &c->ready);
}

bool conn_any_ready(void)
{
    return !list_empty(&ready);
}

void conn_mark_dirty(struct conn *c)
{
    if (list_empty(&c->dirty))
        list_add_tail(&dirty, &c->dirty);
}

static void send(struct conn *c, const struct xsd_sockmsg *head,
                 const void *data)
{
    buf_add(&c->out, head, sizeof(*head));
    buf_add(&c->out, data, head->len);
    count_out(c, sizeof(*head) + head->len);
    c->out_new += sizeof(*head) + head->len;
    conn_mark_dirty(c);
}

static void reply(const struct request *r, uint32_t type, const void *data,
                  size_t len)
{
    struct xsd_sockmsg head = {
        .type = type,
        .req_id = r->req_id,
        .tx_id = r->tx_id,
        .len = len,
    };

    send(r->conn, &head, data);
    r->conn->nr_replies++;
    quota_add(r->conn->who.domid, QUOTA_OUTSTANDING, 1);
}

void conn_reply(const struct request *r, const void *data, size_t len)
{
    reply(r, r->type, data, len);
}

void conn_reply_ok(const struct request *r)
{
    reply(r, r->type, "OK", 3);
}

struct transaction *conn_transaction(struct conn *c, uint32_t id)
{
    struct transaction *t;

    list_for_each_entry(t, &c->transactions, struct transaction, link)
        if (t->id == id)
            return t;
    return NULL;
}

struct subject watch_subject(const struct watch *w)
{
    return w->conn->who;
}

static void send_event(struct watch *w, const char *path)
{
    char data[2 * PATH_ROOM + XENSTORE_PAYLOAD_MAX];
    struct xsd_sockmsg head = {.type = XS_WATCH_EVENT};
    size_t path_len, token_len = strlen(w->token) + 1;

    if (w->relative) {
        path += snprintf(data, sizeof(data), "/local/domain/%u",
                         w->conn->who.domid);
        path += *path == '/';
    }
    path_len = strlen(path) + 1;
    if (path_len + token_len > XENSTORE_PAYLOAD_MAX)
        return;
    memcpy(data, path, path_len);
    memcpy(data + path_len, w->token, token_len);
    head.len = path_len + token_len;
    send(w->conn, &head, data);
}

/*
 * A domain that does not take its events loses them from some point on; once
 * there is room again, each watch that missed one fires for its own path, and
 * the domain looks at all that it may have missed.
 */
void watch_event(struct watch *w, const char *path)
{
    struct conn *c = w->conn;

    if (c->dead)
        return;
    if (w->missed || (c->who.domid && c->out.len > OUT_EVENTS)) {
        w->missed = c->missed = true;
        return;
    }
    send_event(w, path);
}

static void send_missed(struct conn *c)
{
    char path[PATH_ROOM];
    struct watch *w;

    c->missed = false;
    list_for_each_entry(w, &c->watches, struct watch, link) {
        if (!w->missed)
            continue;
        if (c->out.len > OUT_EVENTS) {
            c->missed = true;
            return;
        }
        w->missed = false;
        watch_path(w, path);
        send_event(w, path);
    }
}

/* Handle the first request in c->in; false if it is not whole. */
static bool handle_one(struct conn *c)
{
    struct xsd_sockmsg head;
    struct request r = {.conn = c};
    char data[XENSTORE_PAYLOAD_MAX + 1];
    int rc;

    if (c->in.len < sizeof(head))
        return false;
    memcpy(&head, buf_front(&c->in), sizeof(head));
    if (head.len > XENSTORE_PAYLOAD_MAX) {
        c->dead = true;
        return false;
    }
    if (c->in.len < sizeof(head) + head.len)
        return false;
    memcpy(data, buf_front(&c->in) + sizeof(head), head.len);
    data[head.len] = '\0';
    buf_take(&c->in, sizeof(head) + head.len);
    c->in_new = true;

    r.type = head.type;
    r.req_id = head.req_id;
    r.tx_id = head.tx_id;
    r.data = data;
    r.len = head.len;
    rc = ops_handle(&r);
    if (rc) {
        const char *name = wire_error_name(rc);

        reply(&r, XS_ERROR, name, strlen(name) + 1);
    }
    /* After those that it has events for: a client that has its reply finds
     * them sent. */
    conn_mark_dirty(c);
    return true;
}

static bool has_room(const struct conn *c)
{
    unsigned int limit = quota_info[QUOTA_OUTSTANDING].limit;

    if (c->out.len >= OUT_HIGH)
        return false;
    return c->who.domid == 0 || !limit || c->nr_replies < limit;
}

static void turn(struct conn *c)
{
    if (c->missed && c->out.len < OUT_HIGH)
        send_missed(c);
    for (int i = 0; i < TURN_REQUESTS; i++) {
        c->blocked = !has_room(c);
        if (c->dead || c->blocked)
            return;
        while (!handle_one(c)) {
            if (c->dead || !c->kind->fill(c))
                return;
            if (c->in_new)
                conn_mark_dirty(c);
        }
    }
    conn_wake(c);
}

void conn_run(void)
{
    struct list now;
    struct conn *c;

    if (list_empty(&ready))
        return;
    now = ready;
    now.next->prev = now.prev->next = &now;
    list_init(&ready);
    while (!list_empty(&now)) {
        c = list_entry(now.next, struct conn, ready);
        list_del(&c->ready);
        turn(c);
        if (c->dead)
            conn_mark_dirty(c);
    }
}

void conn_log(void)
{
    struct conn *c;

    list_for_each_entry(c, &dirty, struct conn, dirty)
        if (c->kind->log && !c->dead && (c->out_new || c->in_new))
            c->kind->log(c);
}

void conn_flush(void)
{
    struct conn *c;
    size_t len;

    while (!list_empty(&dirty)) {
        c = list_entry(dirty.next, struct conn, dirty);
        list_del(&c->dirty);
        if (!c->dead) {
            len = c->out.len;
            c->kind->flush(c);
            count_out(c, (long)c->out.len - (long)len);
            if (!c->out.len) {
                quota_add(c->who.domid, QUOTA_OUTSTANDING,
                          -(long)c->nr_replies);
                c->nr_replies = 0;
            }
            if ((c->blocked && has_room(c)) || (c->missed && len != c->out.len))
                conn_wake(c);
        }
        if (c->dead)
            c->kind->end(c);
    }
}

void conn_doom_perms(void)
{
    struct transaction *t;
    struct conn *c;

    list_for_each_entry(c, &conn_all, struct conn, link)
        list_for_each_entry(t, &c->transactions, struct transaction, link)
            if (t->sets_perms)
                transaction_doom(t);
}

void conn_expire(void)
{
    struct transaction *t;
    struct conn *c;

    list_for_each_entry(c, &conn_all, struct conn, link) {
        if (c->who.domid == 0)
            continue;
        list_for_each_entry(t, &c->transactions, struct transaction, link)
            if (!t->doomed && !quota_item(t->domid, QUOTA_TRANSACTION_AGE,
                                          quota_clock - t->started))
                transaction_doom(t);
    }
}
