/* SPDX-License-Identifier: MIT */
/* domctl on the life of domains: create, pause, resume, destroy. */
#include "domctl_internal.h"

#include "xen/errno.h"
#include "xen/string.h"
#include "xen/vcpu.h"

#define DEFAULT_GRANT_FRAMES    64
#define DEFAULT_MAPTRACK_FRAMES 1024
#define MAX_GRANT_FRAMES        4096
#define MAX_MAPTRACK_FRAMES     65536
#define MAX_PAUSES              255
#define MAX_GRANT_VERSION       2

/* Flags that mean nothing to a PV domain here, and do no harm. */
#define FLAGS_IGNORED (XEN_DOMCTL_CDF_s3_integrity | XEN_DOMCTL_CDF_oos_off)

/* What a PV domain without device assignment can have. Returns 0, -EINVAL. */
static int check_config(const struct xen_domctl_createdomain *c)
{
    if ((c->flags & ~FLAGS_IGNORED) || c->iommu_opts || c->vmtrace_size ||
        c->arch.emulation_flags || c->arch.misc_flags)
        return -EINVAL;
    if (c->grant_opts < 1 || c->grant_opts > MAX_GRANT_VERSION)
        return -EINVAL;
    if (c->max_grant_frames > MAX_GRANT_FRAMES ||
        c->max_maptrack_frames > MAX_MAPTRACK_FRAMES)
        return -EINVAL;
    return 0;
}

static unsigned int limit_or(int32_t limit, unsigned int standard)
{
    return limit < 0 ? standard : (unsigned int)limit;
}

/* The id after the one given last that is free. Returns 0; -ENOMEM if all are
 * taken; or an error of domain_create(). */
static int create_with_free_id(const struct domain_config *cfg,
                               struct domain **d_out)
{
    static domid_t last; /* under the domctl lock */
    struct domain *d;
    unsigned int id = last;
    int rc;

    for (unsigned int i = 1; i < DOMID_FIRST_RESERVED; i++) {
        id = id + 1 < DOMID_FIRST_RESERVED ? id + 1 : 1;
        d = domain_get(id);
        if (d) {
            domain_put(d);
            continue;
        }
        rc = domain_create(id, cfg, d_out);
        if (rc == -EEXIST)
            continue; /* its last reference is just going */
        if (rc == 0)
            last = id;
        return rc;
    }
    return -ENOMEM;
}

int domctl_createdomain(struct xen_domctl *op)
{
    const struct xen_domctl_createdomain *c = &op->u.createdomain;
    struct domain_config cfg = {
        .max_vcpus = c->max_vcpus,
        .cpupool = c->cpupool_id,
        .max_evtchn_port = c->max_evtchn_port,
        .max_grant_frames = limit_or(c->max_grant_frames, DEFAULT_GRANT_FRAMES),
        .max_maptrack_frames =
            limit_or(c->max_maptrack_frames, DEFAULT_MAPTRACK_FRAMES),
        .max_grant_version = XEN_DOMCTL_GRANT_version(c->grant_opts),
    };
    struct domain *d;
    int rc = check_config(c);

    if (rc)
        return rc;
    memcpy(cfg.handle, c->handle, sizeof(cfg.handle));
    if (op->domain > 0 && op->domain < DOMID_FIRST_RESERVED)
        rc = domain_create(op->domain, &cfg, &d);
    else
        rc = create_with_free_id(&cfg, &d);
    if (rc == 0)
        op->domain = d->domain_id;
    return rc;
}

int domctl_destroydomain(struct domain *d, struct xen_domctl *op)
{
    (void)op;
    if (d == current->domain || d->is_hardware)
        return -EINVAL;
    return domain_kill(d);
}

int domctl_pausedomain(struct domain *d, struct xen_domctl *op)
{
    (void)op;
    if (d == current->domain || d->nr_controller_pauses >= MAX_PAUSES)
        return -EINVAL;
    d->nr_controller_pauses++;
    WRITE_ONCE(d->controller_pause, true);
    domain_pause(d);
    return 0;
}

int domctl_unpausedomain(struct domain *d, struct xen_domctl *op)
{
    (void)op;
    if (d->nr_controller_pauses == 0)
        return -EINVAL;
    d->was_unpaused = true;
    d->nr_controller_pauses--;
    WRITE_ONCE(d->controller_pause, d->nr_controller_pauses > 0);
    domain_unpause(d);
    return 0;
}

int domctl_resumedomain(struct domain *d, struct xen_domctl *op)
{
    (void)op;
    if (d == current->domain)
        return -EINVAL;
    domain_resume(d);
    return 0;
}
