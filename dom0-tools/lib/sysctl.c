/* SPDX-License-Identifier: MIT */
/* The host's control calls; see sysctl.h. */
#include "lib/sysctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hypercall.h"

/* A copy of what a call left in a hypercall buffer. */
static void *copy_out(const void *data, size_t size, struct error **err_out)
{
    void *copy = malloc(size ? size : 1);

    if (copy)
        memcpy(copy, data, size);
    else
        error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    return copy;
}

/* Read up to `room` bytes; *count_out says how many there were. */
static int console_read(struct privcmd *p, char *buffer, uint32_t room,
                        bool clear, uint32_t *count_out, struct error **err_out)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_readconsole};
    int rc;

    op.u.readconsole.clear = clear;
    op.u.readconsole.buffer = (uintptr_t)buffer;
    op.u.readconsole.count = room;
    rc = sysctl_call(p, &op, "sysctl readconsole", err_out);
    if (!rc)
        *count_out = op.u.readconsole.count;
    return rc;
}

#define CONSOLE_FIRST (64u << 10)
#define CONSOLE_MAX   (64u << 20)

int sysctl_read_console(struct privcmd *p, bool clear, char **text_out,
                        struct error **err_out)
{
    size_t mark = privcmd_mark(p);
    uint32_t room = CONSOLE_FIRST, count = 0;
    char *buffer = NULL;
    int rc;

    for (;;) {
        privcmd_release(p, mark);
        buffer = privcmd_buffer(p, room);
        if (!buffer)
            return buffer_fail(err_out);
        /* Clear once all fits: what is left out would be lost. */
        rc = console_read(p, buffer, room, false, &count, err_out);
        if (rc || count < room || room == CONSOLE_MAX)
            break;
        room *= 2;
    }
    if (!rc && clear)
        rc = console_read(p, buffer, room, true, &count, err_out);
    if (!rc) {
        *text_out = strndup(buffer, count);
        if (!*text_out)
            rc = buffer_fail(err_out);
    }
    privcmd_release(p, mark);
    return rc;
}

int sysctl_physinfo(struct privcmd *p, struct xen_sysctl_physinfo *info_out,
                    struct error **err_out)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo};
    int rc = sysctl_call(p, &op, "sysctl physinfo", err_out);

    if (!rc)
        *info_out = op.u.physinfo;
    return rc;
}

int sysctl_sched_id(struct privcmd *p, unsigned int *id_out,
                    struct error **err_out)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_sched_id};
    int rc = sysctl_call(p, &op, "sysctl sched_id", err_out);

    if (!rc)
        *id_out = op.u.sched_id.sched_id;
    return rc;
}

int sysctl_debug_keys(struct privcmd *p, const char *keys,
                      struct error **err_out)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_debug_keys};
    size_t mark = privcmd_mark(p), len = strlen(keys);
    char *buffer = privcmd_buffer(p, len + 1);
    int rc;

    if (!buffer)
        return buffer_fail(err_out);
    memcpy(buffer, keys, len);
    op.u.debug_keys.keys = (uintptr_t)buffer;
    op.u.debug_keys.nr_keys = (uint32_t)len;
    rc = sysctl_call(p, &op, "sysctl debug_keys", err_out);
    privcmd_release(p, mark);
    return rc;
}

#define MAX_DOMAINS 0x7ff0u /* ids above are reserved */
#define DOMAIN_STEP 128u

/* One call: domains from id `first` on, into list[0..DOMAIN_STEP). */
static int domains_read(struct privcmd *p, unsigned int first,
                        struct xen_domctl_getdomaininfo *list, size_t *nr_out,
                        struct error **err_out)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_getdomaininfolist};
    size_t mark = privcmd_mark(p);
    void *buffer = privcmd_buffer(p, DOMAIN_STEP * sizeof(*list));
    int rc;

    if (!buffer)
        return buffer_fail(err_out);
    op.u.getdomaininfolist.first_domain = (domid_t)first;
    op.u.getdomaininfolist.max_domains = DOMAIN_STEP;
    op.u.getdomaininfolist.buffer = (uintptr_t)buffer;
    rc = sysctl_call(p, &op, "sysctl getdomaininfolist", err_out);
    if (!rc) {
        *nr_out = op.u.getdomaininfolist.num_domains;
        memcpy(list, buffer, *nr_out * sizeof(*list));
    }
    privcmd_release(p, mark);
    return rc;
}

int sysctl_domains(struct privcmd *p,
                   struct xen_domctl_getdomaininfo **list_out, size_t *nr_out,
                   struct error **err_out)
{
    struct xen_domctl_getdomaininfo *list = NULL, *longer;
    size_t nr = 0, found;
    unsigned int next = 0;
    int rc;

    do {
        longer = realloc(list, (nr + DOMAIN_STEP) * sizeof(*list));
        if (!longer) {
            rc = error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
            break;
        }
        list = longer;
        rc = domains_read(p, next, list + nr, &found, err_out);
        if (rc)
            break;
        nr += found;
        if (found)
            next = list[nr - 1].domain + 1u;
    } while (found == DOMAIN_STEP && next < MAX_DOMAINS);
    if (rc) {
        free(list);
        return rc;
    }
    *list_out = list;
    *nr_out = nr;
    return 0;
}

int sysctl_cpu_topology(struct privcmd *p, struct xen_sysctl_cputopo **list_out,
                        size_t *nr_out, struct error **err_out)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_cputopoinfo};
    size_t mark = privcmd_mark(p), size;
    void *buffer;
    int rc = sysctl_call(p, &op, "sysctl cputopoinfo", err_out);

    if (rc)
        return rc;
    size = op.u.cputopoinfo.num_cpus * sizeof(**list_out);
    buffer = privcmd_buffer(p, size);
    if (!buffer)
        return buffer_fail(err_out);
    op.u.cputopoinfo.cputopo = (uintptr_t)buffer;
    rc = sysctl_call(p, &op, "sysctl cputopoinfo", err_out);
    if (!rc) {
        *nr_out = op.u.cputopoinfo.num_cpus;
        *list_out = copy_out(buffer, *nr_out * sizeof(**list_out), err_out);
        rc = *list_out ? 0 : -ENOMEM;
    }
    privcmd_release(p, mark);
    return rc;
}

void numa_info_free(struct numa_info *info)
{
    free(info->memory);
    free(info->distance);
}

int sysctl_numa(struct privcmd *p, struct numa_info *info_out,
                struct error **err_out)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_numainfo};
    struct numa_info info = {0};
    size_t mark = privcmd_mark(p);
    void *memory, *distance;
    int rc = sysctl_call(p, &op, "sysctl numainfo", err_out);

    if (rc)
        return rc;
    info.nr = op.u.numainfo.num_nodes;
    memory = privcmd_buffer(p, info.nr * sizeof(*info.memory));
    distance = privcmd_buffer(p, info.nr * info.nr * sizeof(*info.distance));
    if (!memory || !distance) {
        privcmd_release(p, mark);
        return buffer_fail(err_out);
    }
    op.u.numainfo.meminfo = (uintptr_t)memory;
    op.u.numainfo.distance = (uintptr_t)distance;
    rc = sysctl_call(p, &op, "sysctl numainfo", err_out);
    if (!rc) {
        info.memory = copy_out(memory, info.nr * sizeof(*info.memory), err_out);
        info.distance = copy_out(
            distance, info.nr * info.nr * sizeof(*info.distance), err_out);
        if (info.memory && info.distance) {
            *info_out = info;
        } else {
            numa_info_free(&info);
            rc = -ENOMEM;
        }
    }
    privcmd_release(p, mark);
    return rc;
}

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
        info->cpumap = copy_out(map, size, err_out);
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

int sysctl_free_cpus(struct privcmd *p, unsigned int *nr_out,
                     struct error **err_out)
{
    struct xen_sysctl op = {0};
    struct cpupool_info info;
    unsigned int cpu, nr = 0;
    int rc;

    op.u.cpupool_op.op = XEN_SYSCTL_CPUPOOL_OP_FREEINFO;
    rc = cpupool_call(p, &op, &info, err_out);
    if (rc)
        return rc;
    for (cpu = 0; cpu < info.nr_cpus; cpu++)
        nr += cpumap_has(info.cpumap, cpu);
    free(info.cpumap);
    *nr_out = nr;
    return 0;
}

int sysctl_sched_params(struct privcmd *p, unsigned int pool,
                        unsigned int sched_id,
                        struct xen_sysctl_scheduler_op *params_out,
                        struct error **err_out)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_scheduler_op};
    int rc;

    op.u.scheduler_op.cpupool_id = pool;
    op.u.scheduler_op.sched_id = sched_id;
    op.u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_getinfo;
    rc = sysctl_call(p, &op, "sysctl scheduler_op", err_out);
    if (!rc)
        *params_out = op.u.scheduler_op;
    return rc;
}
