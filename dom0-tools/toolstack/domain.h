/* SPDX-License-Identifier: MIT */
/* Domains by name and id: the hypervisor's list joined with the store's names.
 */
#ifndef TOOLSTACK_DOMAIN_H
#define TOOLSTACK_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "public/domctl.h"
#include "public/sched.h"

#include "lib/privcmd.h"
#include "toolstack/store.h"

/* One domain at the time of looking. */
struct domain_entry {
    struct xen_domctl_getdomaininfo info;
    char *name; /* NULL where the store has none */
};

struct domain_list {
    size_t nr;
    struct domain_entry *entry; /* by id */
};

/**
 * List all domains with their names.
 *
 * @list_out  domain_list_free() ends it
 *
 * Returns 0, or -errno.
 */
int domain_list(struct privcmd *p, struct store *s,
                struct domain_list *list_out, struct error **err_out);
void domain_list_free(struct domain_list *list);

/**
 * The id of the domain that a person means: a name, or its id in digits. Digits
 * are always an id.
 *
 * Returns 0; -ESRCH (NO_DOMAIN).
 */
int domain_find(struct privcmd *p, struct store *s, const char *which,
                domid_t *domid_out, struct error **err_out);

/* The same by name alone. */
int domain_find_name(struct privcmd *p, struct store *s, const char *name,
                     domid_t *domid_out, struct error **err_out);

/* Room for a UUID's text with its NUL. */
#define UUID_TEXT_SIZE 37

/* UUID of a domain as 8-4-4-4-12 hexadecimal digits. */
void domain_uuid_text(const xen_domain_handle_t handle, char *text);

/* Reason of a shutdown, SHUTDOWN_*; only where there is one. */
static inline unsigned int
domain_shutdown_reason(const struct xen_domctl_getdomaininfo *info)
{
    return info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
}

/* It has shut down, and not in order to be saved. */
static inline bool domain_has_ended(const struct xen_domctl_getdomaininfo *info)
{
    return info->flags & XEN_DOMINF_shutdown &&
           domain_shutdown_reason(info) != SHUTDOWN_suspend;
}

/* Whether a text can be a name. Returns 0; -EINVAL (USAGE). */
int domain_name_check(const char *name, struct error **err_out);

/**
 * Give a domain another name.
 *
 * Returns 0; -EEXIST (NAME_IN_USE) where another domain has it; -EINVAL (USAGE)
 *         where it can't be a name; -errno.
 * Source: xenstore /local/domain/<id>/name, /vm/<uuid>/name.
 */
int domain_rename(struct privcmd *p, struct store *s, domid_t domid,
                  const char *name, struct error **err_out);

#endif
