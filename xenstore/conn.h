/* SPDX-License-Identifier: MIT */
/*
 * A client: what it sent and is sent, its watches and transactions. How bytes
 * come and go is its kind's: conn_socket.c, conn_ring.c.
 *
 * Work goes round: the main loop takes each ready connection in turn and lets
 * it have a few requests; then the journal is committed, and only then does
 * what they produced leave the daemon.
 */
#ifndef XENSTORE_CONN_H
#define XENSTORE_CONN_H

#include "list.h"
#include "mem.h"
#include "perms.h"
#include "transaction.h"
#include "watch.h"
#include "wire.h"

struct conn;

/** A kind of connection. */
struct conn_kind {
    /* Append what has come to c->in; false if that is nothing. */
    bool (*fill)(struct conn *c);
    /* Put to the journal what it lacks; NULL if such connections end with the
     * daemon. */
    void (*log)(struct conn *c);
    /* Send from c->out what can be sent. */
    void (*flush)(struct conn *c);
    /* The client broke the protocol, or its end is gone: forget the kind's
     * part. */
    void (*end)(struct conn *c);
};

struct conn {
    struct list link;  /* of all connections */
    struct list ready; /* in the queue of those with something to do */
    struct list dirty; /* in the queue of those to be flushed */
    const struct conn_kind *kind;
    struct subject who;
    struct buf in;  /* requests that were not handled */
    struct buf out; /* messages that were not sent */
    size_t out_new; /* bytes at the end of out that the journal lacks */
    bool in_new;    /* so has in changed */
    unsigned int nr_replies; /* in out, at most */
    struct list watches;
    struct list transactions;
    uint32_t next_tx;
    bool missed;  /* some watch has an event due */
    bool blocked; /* requests wait until out has room */
    bool dead;
};

/** All connections. */
extern struct list conn_all;

/** One request. */
struct request {
    struct conn *conn;
    uint32_t type;
    uint32_t req_id;
    uint32_t tx_id;
    struct transaction *t; /* that tx_id names, or NULL */
    const char *data;      /* followed by a NUL that len does not count */
    uint32_t len;
};

/** Set up an embedded connection of this kind for a domain. */
void conn_init(struct conn *c, const struct conn_kind *kind, domid_t domid);

/** Drop watches and transactions; input and output too. */
void conn_reset(struct conn *c);

/** conn_reset() and leave all queues. */
void conn_fini(struct conn *c);

/** Its client may have sent something, or taken something. */
void conn_wake(struct conn *c);

/** Does any connection have something to do? */
bool conn_any_ready(void);

/** Let each ready connection have its turn once. */
void conn_run(void);

/** Put to the journal what connections moved. */
void conn_log(void);

/** Send what has been produced; the journal has been committed. */
void conn_flush(void);

/** Flush it after the next commit. */
void conn_mark_dirty(struct conn *c);

/** Answer a request. */
void conn_reply(const struct request *r, const void *data, size_t len);

/** Answer a request with "OK". */
void conn_reply_ok(const struct request *r);

/** Transaction of a connection, or NULL. */
struct transaction *conn_transaction(struct conn *c, uint32_t id);

/** Remove a watch and what it counted. */
void conn_unwatch(struct watch *w);

/** Doom transactions that set permissions: a domain that they name is gone. */
void conn_doom_perms(void);

/** Doom what transactions of domains have lasted too long: they keep nodes that
 * others removed from being freed. */
void conn_expire(void);

#endif
