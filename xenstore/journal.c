/* SPDX-License-Identifier: MIT */
/* The journal's records, and what a successor makes of them. */
#include "journal.h"

#include <stdlib.h>
#include <string.h>

#include "public/xen.h"

#include "conn_ring.h"
#include "journal_file.h"
#include "log.h"
#include "ops.h"
#include "quota.h"

/* Kinds of records; the numbers stay, so that a newer daemon can go on. */
enum record_type {
    RECORD_CHANGE = 1,      /* see change.h */
    RECORD_SPECIAL,         /* name with NUL, array of struct perm */
    RECORD_QUOTA,           /* u32 limit, name with NUL */
    RECORD_DOMAIN,          /* struct domain_record */
    RECORD_DOMAIN_GONE,     /* nothing */
    RECORD_WATCH,           /* struct watch_record, path and token with NULs */
    RECORD_UNWATCH,         /* path and token with NULs */
    RECORD_TRANSACTION,     /* u32 id: started */
    RECORD_TRANSACTION_END, /* u32 id */
    RECORD_RESET,           /* nothing */
    RECORD_RING,            /* struct ring_record, input, new output */
};

struct domain_record {
    uint64_t gfn;
    uint32_t remote_port;
    uint16_t target;
    uint8_t shutdown;
    uint8_t introduced;
};

struct watch_record {
    uint32_t depth;
    uint8_t relative;
    uint8_t pad[3];
};

struct ring_record {
    uint32_t in_pos;
    uint32_t out_pos;
    uint32_t in_len;
    uint32_t error;
};

/* Batches of records, before they are in the file. */
static struct buf batch;

static bool is_durable(const struct conn *c)
{
    return c->kind->log != NULL;
}

/* Append a record of up to three parts. */
static void add_record(enum record_type type, domid_t domid, const void *a,
                       size_t a_len, const void *b, size_t b_len, const void *c,
                       size_t c_len)
{
    struct record_head head = {
        .type = type,
        .domid = domid,
        .len = a_len + b_len + c_len,
    };

    buf_add(&batch, &head, sizeof(head));
    buf_add(&batch, a, a_len);
    buf_add(&batch, b, b_len);
    buf_add(&batch, c, c_len);
}

void journal_change(const struct change *c)
{
    struct record_head head = {.type = RECORD_CHANGE};
    size_t at = batch.len;

    buf_add(&batch, &head, sizeof(head));
    change_add(&batch, c);
    head.len = batch.len - at - sizeof(head);
    memcpy(buf_front(&batch) + at, &head, sizeof(head));
}

void journal_special(const char *name, const struct perms *perms)
{
    add_record(RECORD_SPECIAL, 0, name, strlen(name) + 1, perms->perm,
               perms->nr * sizeof(perms->perm[0]), NULL, 0);
}

void journal_quota(const char *name, unsigned int limit)
{
    uint32_t n = limit;

    add_record(RECORD_QUOTA, 0, &n, sizeof(n), name, strlen(name) + 1, NULL, 0);
}

void journal_domain(const struct domain *d)
{
    struct domain_record record = {
        .gfn = d->gfn,
        .remote_port = d->remote_port,
        .target = d->conn->who.target,
        .shutdown = d->shutdown,
        .introduced = d->introduced,
    };

    add_record(RECORD_DOMAIN, d->domid, &record, sizeof(record), NULL, 0, NULL,
               0);
}

void journal_domain_gone(const struct domain *d)
{
    add_record(RECORD_DOMAIN_GONE, d->domid, NULL, 0, NULL, 0, NULL, 0);
}

void journal_watch(const struct watch *w, bool add)
{
    struct watch_record record = {.depth = w->depth, .relative = w->relative};
    char path[PATH_ROOM];
    size_t len = watch_path(w, path);

    if (is_durable(w->conn))
        add_record(add ? RECORD_WATCH : RECORD_UNWATCH, w->conn->who.domid,
                   &record, add ? sizeof(record) : 0, path, len + 1, w->token,
                   strlen(w->token) + 1);
}

void journal_transaction(const struct conn *c, uint32_t id, bool start)
{
    if (is_durable(c))
        add_record(start ? RECORD_TRANSACTION : RECORD_TRANSACTION_END,
                   c->who.domid, &id, sizeof(id), NULL, 0, NULL, 0);
}

void journal_reset(const struct conn *c)
{
    if (is_durable(c))
        add_record(RECORD_RESET, c->who.domid, NULL, 0, NULL, 0, NULL, 0);
}

void journal_ring(const struct conn *c, size_t out_new)
{
    struct ring_state state = conn_ring_state(c);
    struct ring_record record = {
        .in_pos = state.in_pos,
        .out_pos = state.out_pos,
        .in_len = c->in.len,
        .error = state.error,
    };

    add_record(RECORD_RING, c->who.domid, &record, sizeof(record),
               buf_front(&c->in), c->in.len,
               buf_front(&c->out) + c->out.len - out_new, out_new);
}

/* All but the tree, as records. */
static void add_checkpoint(void)
{
    static const char *const special[] = {"@introduceDomain", "@releaseDomain"};
    struct transaction *t;
    struct domain *d;
    struct watch *w;

    for (int i = 0; i < 2; i++)
        journal_special(special[i], *domain_special(special[i]));
    for (int q = 0; q < QUOTA_NR; q++)
        journal_quota(quota_info[q].name, quota_info[q].limit);
    list_for_each_entry(d, &domain_all, struct domain, link) {
        journal_domain(d);
        list_for_each_entry(w, &d->conn->watches, struct watch, link)
            journal_watch(w, true);
        list_for_each_entry(t, &d->conn->transactions, struct transaction, link)
            journal_transaction(d->conn, t->id, true);
        journal_ring(d->conn, d->conn->out.len);
    }
}

/* Reading. Each function returns false if the record is not sound. */

static bool read_change(const char *data, size_t len)
{
    struct change c;

    if (change_read(data, len, &c) != len || !wire_is_path(c.path))
        return false;
    change_apply(&store_root, &c, &store_charge);
    return true;
}

static bool read_special(const char *data, size_t len)
{
    size_t name_len = strnlen(data, len) + 1;
    struct perms **perms;
    struct perm *perm;

    if (len <= name_len || (len - name_len) % sizeof(*perm) ||
        !(perms = domain_special(data)))
        return false;
    perm = xmemdup(data + name_len, len - name_len);
    perms_put(*perms);
    *perms = perms_intern(perm, (len - name_len) / sizeof(*perm));
    free(perm);
    return true;
}

static bool read_quota(const char *data, size_t len)
{
    uint32_t limit;

    if (len <= sizeof(limit) || data[len - 1])
        return false;
    memcpy(&limit, data, sizeof(limit));
    /* A limit that this daemon does not know is none. */
    (void)!quota_set(data + sizeof(limit), limit);
    return true;
}

static bool read_domain(domid_t domid, const char *data, size_t len)
{
    struct domain *d = domain_find(domid);
    struct domain_record record;

    if (len != sizeof(record) || domid >= DOMID_FIRST_RESERVED)
        return false;
    memcpy(&record, data, sizeof(record));
    if (!d)
        d = domain_add(domid);
    d->gfn = record.gfn;
    d->remote_port = record.remote_port;
    d->conn->who.target = record.target;
    d->shutdown = record.shutdown;
    d->introduced = record.introduced;
    return true;
}

static bool read_watch(struct conn *c, const char *data, size_t len, bool add)
{
    struct watch_record record = {0};
    size_t head = add ? sizeof(record) : 0;
    const char *field[2];
    struct watch *w;

    if (len < head || wire_fields(data + head, len - head, field, 2) != 2 ||
        strlen(field[0]) >= PATH_ROOM)
        return false;
    memcpy(&record, data, head);
    if (add) {
        w = watch_add(c, &c->watches, field[0], field[1], record.depth,
                      record.relative);
        quota_add(c->who.domid, QUOTA_WATCHES, 1);
        quota_add(c->who.domid, QUOTA_MEMORY, watch_size(w));
        return true;
    }
    w = watch_find(&c->watches, field[0], field[1]);
    if (w)
        conn_unwatch(w);
    return w != NULL;
}

static bool read_transaction(struct conn *c, const char *data, size_t len,
                             bool start)
{
    struct transaction *t;
    uint32_t id;

    if (len != sizeof(id))
        return false;
    memcpy(&id, data, sizeof(id));
    t = conn_transaction(c, id);
    if (start != !t)
        return false;
    if (!start) {
        transaction_free(t);
        return true;
    }
    t = transaction_new(id, c->who.domid, NULL);
    list_add_tail(&c->transactions, &t->link);
    c->next_tx = id;
    return true;
}

static bool read_ring(struct conn *c, const char *data, size_t len)
{
    struct ring_record record;
    size_t out_len;

    if (len < sizeof(record))
        return false;
    memcpy(&record, data, sizeof(record));
    if (len - sizeof(record) < record.in_len)
        return false;
    out_len = len - sizeof(record) - record.in_len;
    conn_ring_restore(c, &(struct ring_state){.in_pos = record.in_pos,
                                              .out_pos = record.out_pos,
                                              .error = record.error});
    buf_take(&c->in, c->in.len);
    buf_add(&c->in, data + sizeof(record), record.in_len);
    buf_add(&c->out, data + sizeof(record) + record.in_len, out_len);
    quota_add(c->who.domid, QUOTA_MEMORY, out_len);
    return true;
}

static bool read_record(const struct record_head *head, const char *data)
{
    struct domain *d = domain_find(head->domid);

    switch (head->type) {
    case RECORD_CHANGE:
        return read_change(data, head->len);
    case RECORD_SPECIAL:
        return read_special(data, head->len);
    case RECORD_QUOTA:
        return read_quota(data, head->len);
    case RECORD_DOMAIN:
        return read_domain(head->domid, data, head->len);
    }
    /* All others are about a domain that is known. */
    if (!d)
        return false;
    switch (head->type) {
    case RECORD_DOMAIN_GONE:
        domain_del(d);
        return true;
    case RECORD_WATCH:
        return read_watch(d->conn, data, head->len, true);
    case RECORD_UNWATCH:
        return read_watch(d->conn, data, head->len, false);
    case RECORD_TRANSACTION:
        return read_transaction(d->conn, data, head->len, true);
    case RECORD_TRANSACTION_END:
        return read_transaction(d->conn, data, head->len, false);
    case RECORD_RESET:
        conn_reset(d->conn);
        return true;
    case RECORD_RING:
        return read_ring(d->conn, data, head->len);
    }
    return false;
}

int journal_open(const char *folder)
{
    return journal_file_open(folder, read_record);
}

void journal_begin(void)
{
    /* What has happened since is in the checkpoint and the snapshot. */
    buf_take(&batch, batch.len);
    add_checkpoint();
    journal_file_begin(&batch);
    while (journal_file_busy())
        journal_file_work(~0UL);
}

/*
 * Bytes of the snapshot that are written for each byte that the journal grows:
 * whoever makes it grow pays, a little each time, and the snapshot is complete
 * long before the next one is due. WORK_MIN of them are written at once.
 */
#define WORK_RATIO 2
#define WORK_MIN   4096

/* The same where nobody has to wait for it. */
#define WORK_IDLE 16384

/* Bytes of the snapshot that are due. */
static size_t due;

void journal_commit(void)
{
    if (!batch.len)
        return;
    due += journal_file_busy() ? batch.len * WORK_RATIO : 0;
    journal_file_append(&batch);
    if (journal_file_is_long()) {
        add_checkpoint();
        journal_file_begin(&batch);
    }
}

bool journal_busy(void)
{
    return journal_file_busy();
}

void journal_work(bool idle)
{
    if (!idle && due < WORK_MIN)
        return;
    journal_file_work(due + (idle ? WORK_IDLE : 0));
    due = 0;
}

void journal_close(void)
{
    journal_commit();
    journal_file_close();
}
