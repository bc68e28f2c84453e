/* SPDX-License-Identifier: MIT */
/*
 * The operations of the protocol: one row each, and the handlers of those on
 * the store. A handler reads decode, find, check, act, reply.
 */
#include "ops.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "domain.h"
#include "journal.h"
#include "quota.h"

struct node *store_root;

static void charge_owner(void *arg, domid_t owner, int nodes, long bytes)
{
    (void)arg;
    quota_add(owner, QUOTA_NODES, nodes);
    quota_add(owner, QUOTA_MEMORY, bytes);
}

const struct charge store_charge = {.fn = charge_owner};

void ops_init(void)
{
    store_root = store_new();
    quota_add(0, QUOTA_NODES, 1);
    quota_add(0, QUOTA_MEMORY, node_size(store_root));
}

void ops_change(const struct change *c)
{
    journal_change(c);
    watch_before(c, store_root);
    change_apply(&store_root, c, &store_charge);
    watch_after(c, store_root);
}

/* The version of the store that a request sees. */
static struct node **version(const struct request *r)
{
    return r->t && !r->t->doomed ? &r->t->root : &store_root;
}

/* Make a change where the request sees it. */
static void make_change(const struct request *r, enum change_type type,
                        const char *path, const void *data, size_t len)
{
    struct change c = {
        .type = type,
        .domid = r->conn->who.domid,
        .path = path,
        .data = data,
        .len = len,
    };

    if (r->t)
        transaction_change(r->t, &c);
    else
        ops_change(&c);
}

/* A request's path, found. */
struct found {
    char path[PATH_ROOM];
    struct node *node;    /* NULL if there is none */
    struct node *nearest; /* the node, or the last one on the way that exists */
    size_t nearest_len;
};

/* The limit on paths is the same for all. */
static bool path_fits(domid_t domid, const char *given)
{
    unsigned int limit = quota_info[QUOTA_PATH].limit;

    return quota_item(domid, QUOTA_PATH, strlen(given)) &&
           (!limit || strlen(given) <= limit);
}

/*
 * Find a path and check what the client may do there. Whether a node exists
 * shows only to who may look at the node above it.
 *
 * @want    PERM_*, on the node, or on the nearest one if there is none
 * @what    ACCESS_* that a transaction relies on
 *
 * Returns 0, also if there is no node; -EINVAL, -EACCES, -ENOSPC.
 */
static int find(const struct request *r, const char *given, unsigned int want,
                unsigned int what, struct found *f)
{
    struct subject who = r->conn->who;
    int rc = wire_path(who.domid, given, f->path);

    if (rc)
        return rc;
    if (!path_fits(who.domid, given))
        return -EINVAL;
    f->nearest = store_nearest(*version(r), f->path, &f->nearest_len);
    f->node = f->path[f->nearest_len] == '\0' || !strcmp(f->path, "/")
                  ? f->nearest
                  : NULL;
    if (r->t) {
        rc = transaction_access(r->t, f->path, what);
        if (!rc && !f->node) {
            char c = f->path[f->nearest_len];

            f->path[f->nearest_len] = '\0';
            rc = transaction_access(r->t, f->path, ACCESS_NODE);
            f->path[f->nearest_len] = c;
        }
        if (rc)
            return rc;
    }
    if ((perms_of(f->nearest->perms, who) & want) != want)
        return -EACCES;
    return 0;
}

/* The same, for a node that has to exist. */
static int find_node(const struct request *r, const char *given,
                     unsigned int want, unsigned int what, struct found *f)
{
    int rc = find(r, given, want, what, f);

    return rc ? rc : f->node ? 0 : -ENOENT;
}

/* The only field of a request. */
static const char *only_field(const struct request *r)
{
    const char *field;

    return wire_fields(r->data, r->len, &field, 1) == 1 ? field : NULL;
}

static int op_read(struct request *r)
{
    const char *path = only_field(r);
    struct found f;
    int rc;

    if (!path)
        return -EINVAL;
    rc = find_node(r, path, PERM_READ, ACCESS_NODE, &f);
    if (rc)
        return rc;
    conn_reply(r, node_value(f.node), f.node->value_len);
    return 0;
}

/* Bytes of a list of names; put to names[] from an offset on, up to room. */
static size_t list_names(const struct node *node, size_t offset, char *names,
                         size_t room, size_t *copied)
{
    struct dir_iter it;
    const struct node *child;
    size_t total = 0;

    *copied = 0;
    dir_iter_init(&it, node->dir);
    while ((child = dir_iter_next(&it))) {
        size_t size = child->name_len + 1UL;

        if (total >= offset && total - offset == *copied &&
            *copied + size <= room) {
            memcpy(names + *copied, child->data, size - 1);
            names[*copied + size - 1] = '\0';
            *copied += size;
        }
        total += size;
    }
    return total;
}

static int op_directory(struct request *r)
{
    const char *path = only_field(r);
    char names[XENSTORE_PAYLOAD_MAX];
    struct found f;
    size_t copied;
    int rc;

    if (!path)
        return -EINVAL;
    rc = find_node(r, path, PERM_READ, ACCESS_NODE | ACCESS_CHILDREN, &f);
    if (rc)
        return rc;
    if (list_names(f.node, 0, names, sizeof(names), &copied) > copied)
        return -E2BIG;
    conn_reply(r, names, copied);
    return 0;
}

static int op_directory_part(struct request *r)
{
    char names[XENSTORE_PAYLOAD_MAX];
    const char *field[2];
    struct found f;
    size_t copied, total;
    uint64_t offset;
    int rc, len;

    if (wire_fields(r->data, r->len, field, 2) != 2)
        return -EINVAL;
    rc = find_node(r, field[0], PERM_READ, ACCESS_NODE | ACCESS_CHILDREN, &f);
    if (rc)
        return rc;
    if (wire_number(field[1], UINT32_MAX, &offset))
        return -EINVAL;
    len = snprintf(names, sizeof(names), "%llu",
                   (unsigned long long)f.node->dir_gen) +
          1;
    total = list_names(f.node, offset, names + len, sizeof(names) - len - 1,
                       &copied);
    len += copied;
    /* An empty name ends the list. */
    if (offset + copied >= total)
        names[len++] = '\0';
    conn_reply(r, names, len);
    return 0;
}

/* May the client create what is missing of the path? */
static int may_create(const struct request *r, const struct found *f)
{
    struct subject who = r->conn->who;
    long missing = wire_depth(f->path + f->nearest_len - (f->nearest_len == 1));
    long nodes = r->t ? tally_get(&r->t->tally, who.domid).nodes : 0;

    if (!quota_item(who.domid, QUOTA_DEPTH, wire_depth(f->path)))
        return -ENOSPC;
    if (nodes + missing > 0 &&
        !quota_fits(who.domid, QUOTA_NODES, nodes + missing))
        return -ENOSPC;
    return 0;
}

static int may_grow(const struct request *r, const struct found *f, size_t len)
{
    domid_t domid = r->conn->who.domid;
    domid_t owner = f->node ? perms_owner(f->node->perms) : domid;
    size_t perms = f->nearest->perms->nr * sizeof(struct perm);
    size_t old = f->node ? f->node->value_len : 0;

    if (!quota_item(domid, QUOTA_NODE_SIZE, len + perms))
        return -ENOSPC;
    if (domid && len > old &&
        (!quota_fits(owner, QUOTA_MEMORY, len - old) ||
         !quota_fits(domid, QUOTA_MEMORY, r->t ? len : 0)))
        return -ENOSPC;
    return 0;
}

static int op_write(struct request *r)
{
    const char *value = memchr(r->data, '\0', r->len);
    struct found f;
    size_t len;
    int rc;

    if (!value)
        return -EINVAL;
    value++;
    len = r->len - (value - r->data);
    rc = find(r, r->data, PERM_WRITE, ACCESS_NODE, &f);
    if (!rc && !f.node)
        rc = may_create(r, &f);
    if (!rc)
        rc = may_grow(r, &f, len);
    if (rc)
        return rc;
    make_change(r, CHANGE_WRITE, f.path, value, len);
    conn_reply_ok(r);
    return 0;
}

static int op_mkdir(struct request *r)
{
    const char *path = only_field(r);
    struct found f;
    int rc;

    if (!path)
        return -EINVAL;
    rc = find(r, path, PERM_WRITE, ACCESS_NODE, &f);
    if (!rc && !f.node)
        rc = may_create(r, &f);
    if (!rc)
        rc = may_grow(r, &f, f.node ? f.node->value_len : 0);
    if (rc)
        return rc;
    if (!f.node)
        make_change(r, CHANGE_MKDIR, f.path, NULL, 0);
    conn_reply_ok(r);
    return 0;
}

static int op_rm(struct request *r)
{
    const char *path = only_field(r);
    struct found f;
    int rc;

    if (!path)
        return -EINVAL;
    rc = find(r, path, PERM_WRITE, ACCESS_TREE, &f);
    if (rc)
        return rc;
    if (!strcmp(f.path, "/"))
        return -EINVAL;
    if (!f.node) {
        /* No error, if only the last name of the path is missing. */
        if (f.nearest_len < wire_parent_len(f.path, strlen(f.path)))
            return -ENOENT;
    } else {
        make_change(r, CHANGE_RM, f.path, NULL, 0);
    }
    conn_reply_ok(r);
    return 0;
}

static void reply_perms(struct request *r, const struct perms *perms)
{
    char text[XENSTORE_PAYLOAD_MAX];
    size_t len = 0;

    for (unsigned int i = 0;
         i < perms->nr && len + PERM_TEXT_MAX <= sizeof(text); i++)
        len += perm_format(perms->perm[i], text + len) + 1;
    conn_reply(r, text, len);
}

static int op_get_perms(struct request *r)
{
    const char *path = only_field(r);
    struct perms **special;
    struct found f;
    int rc;

    if (!path)
        return -EINVAL;
    special = domain_special(path);
    if (special) {
        if (!(perms_of(*special, r->conn->who) & PERM_READ))
            return -EACCES;
        reply_perms(r, *special);
        return 0;
    }
    rc = find_node(r, path, PERM_READ, ACCESS_NODE, &f);
    if (rc)
        return rc;
    reply_perms(r, f.node->perms);
    return 0;
}

/* Entries of a permission list. An owner must exist; what is said of another
 * domain that does not is void. */
static int parse_perms(const char *const field[], int nr, struct perm perm[])
{
    int rc;

    for (int i = 0; i < nr; i++) {
        rc = perm_parse(field[i], &perm[i]);
        if (rc)
            return rc;
        perm[i].dead = !domain_note(perm[i].domid);
        if (!i && perm[i].dead)
            return -ENOENT;
    }
    return 0;
}

#define MAX_PERMS (XENSTORE_PAYLOAD_MAX / 3)

static int set_special_perms(struct request *r, const char *name,
                             struct perms **special, const struct perm *perm,
                             int nr)
{
    if (r->conn->who.domid != 0)
        return -EACCES;
    perms_put(*special);
    *special = perms_intern(perm, nr);
    journal_special(name, *special);
    conn_reply_ok(r);
    return 0;
}

static int op_set_perms(struct request *r)
{
    struct subject who = r->conn->who;
    const char *field[MAX_PERMS + 1];
    struct perm perm[MAX_PERMS];
    int nr = wire_fields(r->data, r->len, field, MAX_PERMS + 1) - 1, rc;
    struct perms **special;
    struct found f;

    if (nr < 1 || nr > MAX_PERMS)
        return -EINVAL;
    if (!quota_item(who.domid, QUOTA_PERMISSIONS, nr))
        return -ENOSPC;
    special = domain_special(field[0]);
    if (special) {
        rc = parse_perms(field + 1, nr, perm);
        return rc ? rc : set_special_perms(r, field[0], special, perm, nr);
    }
    rc = find_node(r, field[0], PERM_WRITE, ACCESS_NODE, &f);
    if (!rc)
        rc = parse_perms(field + 1, nr, perm);
    if (rc)
        return rc;
    if (!perms_is_owner(f.node->perms, who))
        return -EACCES;
    if (who.domid != 0 && perm[0].domid != perms_owner(f.node->perms))
        return -EPERM;
    make_change(r, CHANGE_PERMS, f.path, perm, nr * sizeof(perm[0]));
    conn_reply_ok(r);
    return 0;
}

/* Path of a watch, also a special one. */
static int watch_path_of(const struct request *r, const char *given,
                         char path[PATH_ROOM])
{
    if (!path_fits(r->conn->who.domid, given))
        return -EINVAL;
    if (given[0] != '@')
        return wire_path(r->conn->who.domid, given, path);
    if (!wire_is_special(given))
        return -EINVAL;
    strcpy(path, given);
    return 0;
}

static int op_watch(struct request *r)
{
    struct conn *c = r->conn;
    const char *field[3];
    int nr = wire_fields(r->data, r->len, field, 3), rc;
    uint64_t depth = WATCH_ANY_DEPTH;
    char path[PATH_ROOM];
    struct watch *w;

    if (nr != 2 && nr != 3)
        return -EINVAL;
    rc = watch_path_of(r, field[0], path);
    if (rc)
        return rc;
    if (nr == 3 && wire_number(field[2], WATCH_ANY_DEPTH - 1, &depth))
        return -EINVAL;
    if (watch_find(&c->watches, path, field[1]))
        return -EEXIST;
    if (!quota_fits(c->who.domid, QUOTA_WATCHES, 1) ||
        !quota_fits(c->who.domid, QUOTA_MEMORY,
                    sizeof(*w) + strlen(path) + strlen(field[1])))
        return -E2BIG;
    w = watch_add(c, &c->watches, path, field[1], depth,
                  field[0][0] != '/' && field[0][0] != '@');
    quota_add(c->who.domid, QUOTA_WATCHES, 1);
    quota_add(c->who.domid, QUOTA_MEMORY, watch_size(w));
    journal_watch(w, true);
    conn_reply_ok(r);
    watch_event(w, path);
    return 0;
}

static int op_unwatch(struct request *r)
{
    const char *field[2];
    char path[PATH_ROOM];
    struct watch *w;
    int rc;

    if (wire_fields(r->data, r->len, field, 2) != 2)
        return -EINVAL;
    rc = watch_path_of(r, field[0], path);
    if (rc)
        return rc;
    w = watch_find(&r->conn->watches, path, field[1]);
    if (!w)
        return -ENOENT;
    journal_watch(w, false);
    conn_unwatch(w);
    conn_reply_ok(r);
    return 0;
}

static int op_reset_watches(struct request *r)
{
    struct conn *c = r->conn;

    while (!list_empty(&c->watches))
        conn_unwatch(list_entry(c->watches.next, struct watch, link));
    while (!list_empty(&c->transactions))
        transaction_free(
            list_entry(c->transactions.next, struct transaction, link));
    c->missed = false;
    journal_reset(c);
    conn_reply_ok(r);
    return 0;
}

static int op_transaction_start(struct request *r)
{
    struct conn *c = r->conn;
    struct transaction *t;
    char id[12];

    if (r->t)
        return -EBUSY;
    if (!quota_fits(c->who.domid, QUOTA_TRANSACTIONS, 1))
        return -ENOSPC;
    do
        c->next_tx++;
    while (!c->next_tx || conn_transaction(c, c->next_tx));
    t = transaction_new(c->next_tx, c->who.domid, store_root);
    list_add_tail(&c->transactions, &t->link);
    journal_transaction(c, t->id, true);
    conn_reply(r, id, snprintf(id, sizeof(id), "%u", t->id) + 1);
    return 0;
}

static int op_transaction_end(struct request *r)
{
    const char *how = only_field(r);
    struct transaction *t = r->t;
    int rc = 0;

    if (!how || (strcmp(how, "T") && strcmp(how, "F")))
        return -EINVAL;
    if (!t)
        return -ENOENT;
    if (*how == 'T') {
        if (!transaction_valid(t, store_root))
            rc = -EAGAIN;
        else if (!tally_fits(&t->tally, t->domid))
            rc = -ENOSPC;
        else {
            transaction_commit(t, &store_root, &store_charge, journal_change);
            transaction_events(t, store_root, watch_committed);
        }
    }
    journal_transaction(r->conn, t->id, false);
    transaction_free(t);
    if (!rc)
        conn_reply_ok(r);
    return rc;
}

#define OP_DOM0  1 /* may be sent by dom0 only */
#define OP_NO_TX 2 /* its transaction id is ignored */

static const struct op {
    int (*handle)(struct request *r);
    unsigned int flags;
} ops[XS_TYPE_COUNT] = {
    /* clang-format off */
    [XS_CONTROL]              = {control_op,              OP_DOM0},
    [XS_DIRECTORY]            = {op_directory,            0},
    [XS_READ]                 = {op_read,                 0},
    [XS_GET_PERMS]            = {op_get_perms,            0},
    [XS_WATCH]                = {op_watch,                OP_NO_TX},
    [XS_UNWATCH]              = {op_unwatch,              OP_NO_TX},
    [XS_TRANSACTION_START]    = {op_transaction_start,    0},
    [XS_TRANSACTION_END]      = {op_transaction_end,      0},
    [XS_INTRODUCE]            = {domain_op_introduce,     OP_DOM0},
    [XS_RELEASE]              = {domain_op_release,       OP_DOM0},
    [XS_GET_DOMAIN_PATH]      = {domain_op_get_path,      0},
    [XS_WRITE]                = {op_write,                0},
    [XS_MKDIR]                = {op_mkdir,                0},
    [XS_RM]                   = {op_rm,                   0},
    [XS_SET_PERMS]            = {op_set_perms,            0},
    [XS_IS_DOMAIN_INTRODUCED] = {domain_op_is_introduced, OP_DOM0},
    [XS_RESUME]               = {domain_op_resume,        OP_DOM0},
    [XS_SET_TARGET]           = {domain_op_set_target,    OP_DOM0},
    [XS_RESET_WATCHES]        = {op_reset_watches,        0},
    [XS_DIRECTORY_PART]       = {op_directory_part,       0},
    /* clang-format on */
};

int ops_handle(struct request *r)
{
    const struct op *op = r->type < XS_TYPE_COUNT ? &ops[r->type] : NULL;

    if (!op || !op->handle)
        return -ENOSYS;
    if ((op->flags & OP_DOM0) && r->conn->who.domid != 0)
        return -EACCES;
    if (r->tx_id && !(op->flags & OP_NO_TX)) {
        r->t = conn_transaction(r->conn, r->tx_id);
        if (!r->t)
            return -ENOENT;
    }
    return op->handle(r);
}

static void count_nodes(const struct node *n, unsigned long count[])
{
    const struct node *child;
    struct dir_iter it;

    count[perms_owner(n->perms)]++;
    dir_iter_init(&it, n->dir);
    while ((child = dir_iter_next(&it)))
        count_nodes(child, count);
}

int ops_check(void)
{
    unsigned long *count = xzalloc((UINT16_MAX + 1UL) * sizeof(*count));
    int wrong = -1;

    count_nodes(store_root, count);
    for (int domid = 0; domid <= UINT16_MAX && wrong < 0; domid++)
        if (count[domid] != quota_used(domid, QUOTA_NODES))
            wrong = domid;
    free(count);
    return wrong;
}

/* Append the path of a node to a list of strings if a domain owns it; else
 * those of nodes below it that it owns. */
static void find_owned(const struct node *n, domid_t domid, char *path,
                       size_t len, struct buf *list)
{
    const struct node *child;
    struct dir_iter it;

    if (len && perms_owner(n->perms) == domid) {
        path[len] = '\0';
        buf_add(list, path, len + 1);
        return;
    }
    dir_iter_init(&it, n->dir);
    while ((child = dir_iter_next(&it))) {
        path[len] = '/';
        memcpy(path + len + 1, child->data, child->name_len);
        find_owned(child, domid, path, len + 1 + child->name_len, list);
    }
}

static void remove_owned_below(const char *top, domid_t domid)
{
    const struct node *n = store_find(store_root, top);
    struct change c = {.type = CHANGE_RM};
    struct buf list = {0};
    char path[PATH_ROOM];

    if (!n)
        return;
    strcpy(path, top);
    find_owned(n, domid, path, top[1] ? strlen(top) : 0, &list);
    for (size_t pos = 0; pos < list.len; pos += strlen(c.path) + 1) {
        c.path = buf_front(&list) + pos;
        ops_change(&c);
    }
    buf_free(&list);
}

void ops_remove_owned(domid_t domid)
{
    char home[32];

    /* Mostly that is all, and the rest of the store need not be looked at. */
    snprintf(home, sizeof(home), "/local/domain/%u", domid);
    remove_owned_below(home, domid);
    if (quota_used(domid, QUOTA_NODES))
        remove_owned_below("/", domid);
}
