/* SPDX-License-Identifier: MIT */
/* Domains that were introduced, or have rights; and their ends. */
#ifndef XENSTORE_DOMAIN_H
#define XENSTORE_DOMAIN_H

#include "conn.h"

struct domain {
    struct list link;
    domid_t domid;
    uint64_t gfn;         /* as the toolstack gave it; the ring is a grant */
    uint32_t remote_port; /* the domain's end of the event channel */
    bool introduced;      /* or only named in permissions */
    bool shutdown;        /* @releaseDomain was fired for a shutdown */
    struct conn *conn;    /* its ring; without a page if that failed */
};

/** All of them, dom0 too if it has a ring. */
extern struct list domain_all;

/** Domain of that id, or NULL. */
struct domain *domain_find(domid_t domid);

/**
 * Keep an eye on a domain that permissions name, so that they end with it.
 *
 * Returns whether it exists.
 */
bool domain_note(domid_t domid);

/** Add one, whose ring has no page yet. */
struct domain *domain_add(domid_t domid);

/** Remove a domain: its ring, its watches, its rights; not its nodes. */
void domain_del(struct domain *d);

/**
 * Connect the domain that the daemon runs in, and all that the journal knows.
 */
void domain_connect(void);

/** An event came on a local port. */
void domain_event(uint32_t port);

/** Some domain has shut down or is gone: find out which. */
void domain_check(void);

/** Who may see a special event, by its name; NULL for another name. */
struct perms **domain_special(const char *name);

/* Operations; see ops.c. */
int domain_op_introduce(struct request *r);
int domain_op_release(struct request *r);
int domain_op_resume(struct request *r);
int domain_op_is_introduced(struct request *r);
int domain_op_get_path(struct request *r);
int domain_op_set_target(struct request *r);

#endif
