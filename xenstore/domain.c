/* SPDX-License-Identifier: MIT */
/* Domains that were introduced: operations on them, and their ends. */
#include "domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "public/xen.h"

#include "conn_ring.h"
#include "journal.h"
#include "log.h"
#include "ops.h"
#include "quota.h"
#include "xen_dev.h"

struct list domain_all = LIST_INIT(domain_all);
static struct domain *by_domid[DOMID_FIRST_RESERVED];

/* The port of VIRQ_DOM_EXC. */
static int virq_port = -1;

static struct {
    const char *name;
    struct perms *perms;
} special[] = {
    {"@introduceDomain", NULL},
    {"@releaseDomain", NULL},
};

struct perms **domain_special(const char *name)
{
    struct perm perm = {.domid = 0, .access = PERM_NONE};

    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
        if (strcmp(special[i].name, name))
            continue;
        if (!special[i].perms)
            special[i].perms = perms_intern(&perm, 1);
        return &special[i].perms;
    }
    return NULL;
}

bool domain_note(domid_t domid)
{
    struct xen_domain_state state;
    int rc;

    if (!domid || domain_find(domid))
        return true;
    if (domid >= DOMID_FIRST_RESERVED)
        return false;
    rc = xen_domain_state(domid, &state);
    /* Without a hypervisor there is nothing to be found out. */
    if (rc == -ENODEV)
        return true;
    if (rc || state.dying)
        return false;
    journal_domain(domain_add(domid));
    return true;
}

static void fire(const char *name, domid_t domid)
{
    watch_special(name, *domain_special(name), domid);
}

struct domain *domain_find(domid_t domid)
{
    return domid < DOMID_FIRST_RESERVED ? by_domid[domid] : NULL;
}

struct domain *domain_add(domid_t domid)
{
    struct domain *d = xzalloc(sizeof(*d));

    d->domid = domid;
    d->conn = conn_ring_new(domid);
    list_add_tail(&domain_all, &d->link);
    by_domid[domid] = d;
    return d;
}

void domain_del(struct domain *d)
{
    struct domain *other;

    by_domid[d->domid] = NULL;
    list_del(&d->link);
    conn_ring_free(d->conn);
    list_for_each_entry(other, &domain_all, struct domain, link)
        if (other->conn->who.target == d->domid)
            other->conn->who.target = DOMID_NONE;
    perms_revoke(d->domid);
    conn_doom_perms();
    quota_forget(d->domid);
    free(d);
}

/* Remove a domain and all that it owns. */
static void remove_domain(struct domain *d)
{
    domid_t domid = d->domid;
    bool introduced = d->introduced;

    journal_domain_gone(d);
    domain_del(d);
    ops_remove_owned(domid);
    if (introduced)
        fire("@releaseDomain", domid);
}

/* Bind and map. */
static int connect_ring(struct domain *d, bool restored)
{
    struct xenstore_domain_interface *ring;
    int port;

    conn_ring_detach(d->conn);
    ring = xen_map_ring(d->domid);
    if (!ring)
        return -EINVAL;
    port = xen_evtchn_bind(d->domid, d->remote_port);
    if (port < 0) {
        xen_unmap_ring(ring);
        return port;
    }
    conn_ring_attach(d->conn, ring, port, restored);
    return 0;
}

static void connect_own(void)
{
    struct domain *d = domain_find(0);
    bool restored = d != NULL;
    struct xenstore_domain_interface *ring;
    uint32_t remote_port;
    int port;

    ring = xen_map_own_ring(&remote_port);
    if (!ring)
        return;
    port = xen_evtchn_bind(0, remote_port);
    if (port < 0) {
        log_line(LOG_LEVEL_ERROR, "own ring: port %u: %s", remote_port,
                 strerror(-port));
        xen_unmap_ring(ring);
        return;
    }
    if (!d)
        d = domain_add(0);
    d->remote_port = remote_port;
    d->introduced = true;
    conn_ring_attach(d->conn, ring, port, restored);
    journal_domain(d);
}

void domain_connect(void)
{
    struct domain *d;
    int rc;

    rc = xen_evtchn_bind_virq(VIRQ_DOM_EXC);
    if (rc < 0)
        log_line(LOG_LEVEL_ERROR, "VIRQ_DOM_EXC: %s", strerror(-rc));
    virq_port = rc;
    list_for_each_entry(d, &domain_all, struct domain, link) {
        rc = d->introduced && d->domid ? connect_ring(d, true) : 0;
        if (rc)
            log_line(LOG_LEVEL_WARNING, "domain %u: ring: %s", d->domid,
                     strerror(-rc));
    }
    connect_own();
    domain_check();
}

void domain_event(uint32_t port)
{
    struct conn *c = conn_ring_find(port);

    if (c) {
        conn_mark_dirty(c);
        conn_wake(c);
    } else if ((int)port == virq_port) {
        domain_check();
    }
}

void domain_check(void)
{
    struct xen_domain_state state;
    struct domain *d;
    int rc;

    list_for_each_entry(d, &domain_all, struct domain, link) {
        if (!d->domid)
            continue;
        rc = xen_domain_state(d->domid, &state);
        if (rc == -ESRCH || (!rc && state.dying)) {
            remove_domain(d);
        } else if (!rc && state.shutdown && !d->shutdown && d->introduced) {
            d->shutdown = true;
            journal_domain(d);
            fire("@releaseDomain", d->domid);
        }
    }
}

/* Domain id in a request, of a domain that may be introduced. */
static int parse_domid(const char *text, domid_t *domid_out)
{
    uint64_t n;

    if (wire_number(text, DOMID_FIRST_RESERVED - 1, &n))
        return -EINVAL;
    *domid_out = n;
    return 0;
}

int domain_op_introduce(struct request *r)
{
    struct xen_domain_state state;
    const char *field[3];
    uint64_t gfn, port;
    struct domain *d;
    domid_t domid;
    bool known, again;
    int rc;

    if (wire_fields(r->data, r->len, field, 3) < 3)
        return -EINVAL;
    /* The frame may be a signed number; nobody needs it: the ring is a grant.
     */
    if (parse_domid(field[0], &domid) ||
        wire_number(field[1] + (field[1][0] == '-'), UINT64_MAX, &gfn) ||
        wire_number(field[2], INT32_MAX, &port) || !domid || !port)
        return -EINVAL;
    rc = xen_domain_state(domid, &state);
    if (rc || state.dying)
        return -EINVAL;

    d = domain_find(domid);
    known = d != NULL;
    if (!known)
        d = domain_add(domid);
    d->gfn = gfn;
    d->remote_port = port;
    rc = connect_ring(d, false);
    if (rc) {
        if (!known)
            domain_del(d);
        return rc;
    }
    again = d->introduced;
    d->introduced = true;
    d->shutdown = false;
    journal_domain(d);
    if (!again)
        fire("@introduceDomain", domid);
    conn_reply_ok(r);
    return 0;
}

/* The introduced domain that a request is about. */
static int find_domain(struct request *r, struct domain **d_out)
{
    const char *field;
    domid_t domid;

    if (wire_fields(r->data, r->len, &field, 1) != 1 ||
        parse_domid(field, &domid))
        return -EINVAL;
    if (!domid)
        return -EINVAL;
    *d_out = domain_find(domid);
    return *d_out && (*d_out)->introduced ? 0 : -ENOENT;
}

int domain_op_release(struct request *r)
{
    struct domain *d;
    int rc = find_domain(r, &d);

    if (rc)
        return rc;
    remove_domain(d);
    conn_reply_ok(r);
    return 0;
}

int domain_op_resume(struct request *r)
{
    struct domain *d;
    int rc = find_domain(r, &d);

    if (rc)
        return rc;
    d->shutdown = false;
    journal_domain(d);
    conn_reply_ok(r);
    return 0;
}

int domain_op_is_introduced(struct request *r)
{
    struct domain *d;
    const char *field;
    uint64_t n;

    if (wire_fields(r->data, r->len, &field, 1) != 1 ||
        wire_number(field, UINT16_MAX, &n))
        return -EINVAL;
    d = domain_find(n);
    conn_reply(r, (d && d->introduced) || !n ? "T" : "F", 2);
    return 0;
}

int domain_op_get_path(struct request *r)
{
    const char *field;
    char path[32];
    uint64_t n;

    if (wire_fields(r->data, r->len, &field, 1) != 1 ||
        wire_number(field, UINT16_MAX, &n))
        return -EINVAL;
    conn_reply(r, path,
               snprintf(path, sizeof(path), "/local/domain/%u", (domid_t)n) +
                   1);
    return 0;
}

int domain_op_set_target(struct request *r)
{
    const char *field[2];
    domid_t domid, target;
    struct domain *d;

    if (wire_fields(r->data, r->len, field, 2) != 2 ||
        parse_domid(field[0], &domid) || parse_domid(field[1], &target))
        return -EINVAL;
    d = domain_find(domid);
    if (!d || !d->introduced || !domain_find(target))
        return -ENOENT;
    d->conn->who.target = target;
    journal_domain(d);
    conn_reply_ok(r);
    return 0;
}
