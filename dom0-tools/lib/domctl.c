/* SPDX-License-Identifier: MIT */
/* The control calls of one domain; see domctl.h. */
#include "lib/domctl.h"

#include <errno.h>
#include <string.h>

#include "lib/hypercall.h"

int domctl_info(struct privcmd *p, domid_t domid,
                struct xen_domctl_getdomaininfo *info_out,
                struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_getdomaininfo);
    int rc = domctl_call(p, &op, "domctl getdomaininfo", err_out);

    if (rc)
        return rc;
    /* Without such a domain the call tells of the next one. */
    if (op.u.getdomaininfo.domain != domid)
        return privcmd_fail(err_out, -ESRCH, "domctl getdomaininfo");
    *info_out = op.u.getdomaininfo;
    return 0;
}

int domctl_pause(struct privcmd *p, domid_t domid, struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_pausedomain);

    return domctl_call(p, &op, "domctl pausedomain", err_out);
}

int domctl_unpause(struct privcmd *p, domid_t domid, struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_unpausedomain);

    return domctl_call(p, &op, "domctl unpausedomain", err_out);
}

int domctl_destroy(struct privcmd *p, domid_t domid, struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_destroydomain);
    int rc;

    do
        rc = domctl_call(p, &op, "domctl destroydomain", err_out);
    while (rc == -EAGAIN);
    return rc;
}

int domctl_max_mem(struct privcmd *p, domid_t domid, uint64_t kib,
                   struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_max_mem);

    op.u.max_mem.max_memkb = kib;
    return domctl_call(p, &op, "domctl max_mem", err_out);
}

int domctl_vcpu_info(struct privcmd *p, domid_t domid, unsigned int vcpu,
                     struct xen_domctl_getvcpuinfo *info_out,
                     struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_getvcpuinfo);
    int rc;

    op.u.getvcpuinfo.vcpu = vcpu;
    rc = domctl_call(p, &op, "domctl getvcpuinfo", err_out);
    if (!rc)
        *info_out = op.u.getvcpuinfo;
    return rc;
}

/* Maps of one affinity call, both in hypercall buffers. */
struct affinity {
    struct xen_domctl op;
    unsigned char *hard;
    unsigned char *soft;
    size_t size; /* bytes of each */
};

static int affinity_init(struct affinity *a, struct privcmd *p, domid_t domid,
                         uint32_t cmd, unsigned int vcpu, unsigned int nr_cpus,
                         struct error **err_out)
{
    struct xen_domctl_vcpuaffinity *args = &a->op.u.vcpuaffinity;

    a->op = op_for(domid, cmd);
    a->size = (nr_cpus + 7) / 8;
    a->hard = privcmd_buffer(p, a->size);
    a->soft = privcmd_buffer(p, a->size);
    if (!a->hard || !a->soft)
        return buffer_fail(err_out);
    args->vcpu = vcpu;
    args->cpumap_hard.bitmap = (uintptr_t)a->hard;
    args->cpumap_hard.nr_bits = nr_cpus;
    args->cpumap_soft.bitmap = (uintptr_t)a->soft;
    args->cpumap_soft.nr_bits = nr_cpus;
    return 0;
}

int domctl_get_affinity(struct privcmd *p, domid_t domid, unsigned int vcpu,
                        unsigned char *hard, unsigned char *soft,
                        unsigned int nr_cpus, struct error **err_out)
{
    size_t mark = privcmd_mark(p);
    struct affinity a;
    int rc = affinity_init(&a, p, domid, XEN_DOMCTL_getvcpuaffinity, vcpu,
                           nr_cpus, err_out);

    a.op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT;
    if (!rc)
        rc = domctl_call(p, &a.op, "domctl getvcpuaffinity", err_out);
    if (!rc) {
        memcpy(hard, a.hard, a.size);
        memcpy(soft, a.soft, a.size);
    }
    privcmd_release(p, mark);
    return rc;
}

int domctl_set_affinity(struct privcmd *p, domid_t domid, unsigned int vcpu,
                        const unsigned char *hard, const unsigned char *soft,
                        unsigned int nr_cpus, bool force,
                        struct error **err_out)
{
    size_t mark = privcmd_mark(p);
    struct affinity a;
    int rc = affinity_init(&a, p, domid, XEN_DOMCTL_setvcpuaffinity, vcpu,
                           nr_cpus, err_out);

    if (!rc) {
        a.op.u.vcpuaffinity.flags = (hard ? XEN_VCPUAFFINITY_HARD : 0) |
                                    (soft ? XEN_VCPUAFFINITY_SOFT : 0) |
                                    (force ? XEN_VCPUAFFINITY_FORCE : 0);
        if (hard)
            memcpy(a.hard, hard, a.size);
        if (soft)
            memcpy(a.soft, soft, a.size);
        rc = domctl_call(p, &a.op, "domctl setvcpuaffinity", err_out);
    }
    privcmd_release(p, mark);
    return rc;
}

int domctl_get_node_affinity(struct privcmd *p, domid_t domid,
                             unsigned char *nodes, unsigned int nr_nodes,
                             struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_getnodeaffinity);
    size_t mark = privcmd_mark(p), size = (nr_nodes + 7) / 8;
    void *map = privcmd_buffer(p, size);
    int rc;

    if (!map)
        return buffer_fail(err_out);
    op.u.nodeaffinity.nodemap.bitmap = (uintptr_t)map;
    op.u.nodeaffinity.nodemap.nr_bits = nr_nodes;
    rc = domctl_call(p, &op, "domctl getnodeaffinity", err_out);
    if (!rc)
        memcpy(nodes, map, size);
    privcmd_release(p, mark);
    return rc;
}

int domctl_get_sched(struct privcmd *p, domid_t domid, unsigned int sched_id,
                     struct xen_domctl_sched_credit2 *params_out,
                     struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_scheduler_op);
    int rc;

    op.u.scheduler_op.sched_id = sched_id;
    op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
    rc = domctl_call(p, &op, "domctl scheduler_op", err_out);
    if (!rc)
        *params_out = op.u.scheduler_op.u.credit2;
    return rc;
}

int domctl_set_sched(struct privcmd *p, domid_t domid, unsigned int sched_id,
                     const struct xen_domctl_sched_credit2 *params,
                     struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_scheduler_op);

    op.u.scheduler_op.sched_id = sched_id;
    op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
    op.u.scheduler_op.u.credit2 = *params;
    return domctl_call(p, &op, "domctl scheduler_op", err_out);
}

int domctl_create(struct privcmd *p, const struct xen_domctl_createdomain *args,
                  domid_t *domid_inout, struct error **err_out)
{
    struct xen_domctl op = op_for(*domid_inout, XEN_DOMCTL_createdomain);
    int rc;

    op.u.createdomain = *args;
    rc = domctl_call(p, &op, "domctl createdomain", err_out);
    if (!rc)
        *domid_inout = op.domain;
    return rc;
}

int domctl_max_vcpus(struct privcmd *p, domid_t domid, unsigned int max,
                     struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_max_vcpus);

    op.u.max_vcpus.max = max;
    return domctl_call(p, &op, "domctl max_vcpus", err_out);
}

int domctl_set_64bit(struct privcmd *p, domid_t domid, struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_set_address_size);

    op.u.address_size.size = 64;
    return domctl_call(p, &op, "domctl set_address_size", err_out);
}

int domctl_set_context(struct privcmd *p, domid_t domid, unsigned int vcpu,
                       const struct vcpu_guest_context *context,
                       struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_setvcpucontext);
    size_t mark = privcmd_mark(p);
    void *copy = buffer_with(p, context, sizeof(*context), err_out);
    int rc;

    if (!copy)
        return -ENOMEM;
    op.u.vcpucontext.vcpu = vcpu;
    op.u.vcpucontext.ctxt = (uintptr_t)copy;
    rc = domctl_call(p, &op, "domctl setvcpucontext", err_out);
    privcmd_release(p, mark);
    return rc;
}

int domctl_hypercall_page(struct privcmd *p, domid_t domid, uint64_t mfn,
                          struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_hypercall_init);

    op.u.hypercall_init.gmfn = mfn;
    return domctl_call(p, &op, "domctl hypercall_init", err_out);
}

int domctl_set_time_offset(struct privcmd *p, domid_t domid, int64_t seconds,
                           struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_settimeoffset);

    op.u.settimeoffset.time_offset_seconds = seconds;
    return domctl_call(p, &op, "domctl settimeoffset", err_out);
}

int domctl_set_tsc_mode(struct privcmd *p, domid_t domid, uint32_t mode,
                        struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_settscinfo);

    op.u.tsc_info.tsc_mode = mode;
    return domctl_call(p, &op, "domctl settscinfo", err_out);
}
