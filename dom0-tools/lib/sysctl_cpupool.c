/* SPDX-License-Identifier: MIT */
/* Control calls on pools of CPUs; see sysctl.h. */
#include "lib/sysctl.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/hypercall.h"

/* A cpupool_op that fills in a map of all CPUs. */
static int cpupool_call(struct privcmd *p, struct xen_sysctl *op,
                        struct cpupool_info *info, struct error **err_out)
{
    struct xen_sysctl_physinfo phys;
    size_t mark = privcmd_mark(p), size;
    struct error *err = NULL;
    void *map;
    int rc = sysctl_physinfo(p, &phys, err_out);

    if (rc)
        return rc;
    info->nr_cpus = phys.max_cpu_id + 1;
    size = (info->nr_cpus + 7) / 8;
    map = privcmd_buffer(p, size);
    if (!map)
        return buffer_fail(err_out);
    op->cmd = XEN_SYSCTL_cpupool_op;
    op->u.cpupool_op.cpumap.bitmap = (uintptr_t)map;
    op->u.cpupool_op.cpumap.nr_bits = info->nr_cpus;
    rc = sysctl_call(p, op, "sysctl cpupool_op", &err);
    if (rc == -ENOENT)
        error_clear(&err);
    else if (rc && err_out)
        *err_out = err;
    else
        error_free(err);
    if (!rc) {
        info->cpumap = hypercall_copy(map, size, err_out);
        rc = info->cpumap ? 0 : -ENOMEM;
    }
    privcmd_release(p, mark);
    return rc;
}

int sysctl_cpupool(struct privcmd *p, unsigned int id,
                   struct cpupool_info *info_out, struct error **err_out)
{
    struct xen_sysctl op = {0};
    struct cpupool_info info;
    int rc;

    op.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_INFO;
    op.u.cpupool_op.cpupool_id = id;
    rc = cpupool_call(p, &op, &info, err_out);
    if (rc)
        return rc;
    info.id = op.u.cpupool_op.cpupool_id;
    info.sched_id = op.u.cpupool_op.sched_id;
    info.nr_domains = op.u.cpupool_op.n_dom;
    *info_out = info;
    return 0;
}

int sysctl_free_cpus(struct privcmd *p, struct cpupool_info *info_out,
                     unsigned int *nr_out, struct error **err_out)
{
    struct xen_sysctl op = {0};
    unsigned int cpu, nr = 0;
    int rc;

    op.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_FREEINFO;
    rc = cpupool_call(p, &op, info_out, err_out);
    if (rc)
        return rc;
    for (cpu = 0; cpu < info_out->nr_cpus; cpu++)
        nr += cpumap_has(info_out->cpumap, cpu);
    *nr_out = nr;
    return 0;
}

static int cpupool_order(struct privcmd *p,
                         const struct xen_sysctl_cpupool_op *order,
                         unsigned int *id_out, struct error **err_out)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_cpupool_op};
    int rc;

    op.u.cpupool_op = *order;
    rc = sysctl_call(p, &op, "sysctl cpupool_op", err_out);
    if (!rc && id_out)
        *id_out = op.u.cpupool_op.cpupool_id;
    return rc;
}

int sysctl_cpupool_create(struct privcmd *p, unsigned int sched_id,
                          unsigned int *id_out, struct error **err_out)
{
    return cpupool_order(p,
                         &(struct xen_sysctl_cpupool_op){
                             .op = XEN_SYSCTL_CPUPOOL_OP_CREATE,
                             .cpupool_id = XEN_SYSCTL_CPUPOOL_PAR_ANY,
                             .sched_id = sched_id,
                         },
                         id_out, err_out);
}

int sysctl_cpupool_destroy(struct privcmd *p, unsigned int id,
                           struct error **err_out)
{
    return cpupool_order(p,
                         &(struct xen_sysctl_cpupool_op){
                             .op = XEN_SYSCTL_CPUPOOL_OP_DESTROY,
                             .cpupool_id = id,
                         },
                         NULL, err_out);
}

int sysctl_cpupool_cpu(struct privcmd *p, unsigned int id, unsigned int cpu,
                       bool add, struct error **err_out)
{
    return cpupool_order(p,
                         &(struct xen_sysctl_cpupool_op){
                             .op = add ? XEN_SYSCTL_CPUPOOL_OP_ADDCPU
                                       : XEN_SYSCTL_CPUPOOL_OP_RMCPU,
                             .cpupool_id = id,
                             .cpu = cpu,
                         },
                         NULL, err_out);
}

int sysctl_cpupool_move(struct privcmd *p, domid_t domid, unsigned int id,
                        struct error **err_out)
{
    return cpupool_order(p,
                         &(struct xen_sysctl_cpupool_op){
                             .op = XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN,
                             .cpupool_id = id,
                             .domid = domid,
                         },
                         NULL, err_out);
}
