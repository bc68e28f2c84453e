/* SPDX-License-Identifier: MIT */
/* The host's control calls; see sysctl.h. */
#include "lib/sysctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hypercall.h"

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

int sysctl_read_console_from(struct privcmd *p, uint32_t *index, char *text,
                             size_t size, size_t *len_out,
                             struct error **err_out)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_readconsole};
    size_t mark = privcmd_mark(p);
    char *buffer = privcmd_buffer(p, size);
    int rc;

    if (!buffer)
        return buffer_fail(err_out);
    op.u.readconsole.incremental = 1;
    op.u.readconsole.index = *index;
    op.u.readconsole.buffer = (uintptr_t)buffer;
    op.u.readconsole.count = (uint32_t)size;
    rc = sysctl_call(p, &op, "sysctl readconsole", err_out);
    if (!rc) {
        *len_out =
            op.u.readconsole.count < size ? op.u.readconsole.count : size;
        memcpy(text, buffer, *len_out);
        *index = op.u.readconsole.index;
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
        *list_out =
            hypercall_copy(buffer, *nr_out * sizeof(**list_out), err_out);
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
        info.memory =
            hypercall_copy(memory, info.nr * sizeof(*info.memory), err_out);
        info.distance = hypercall_copy(
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

static int sched_call(struct privcmd *p, unsigned int pool,
                      unsigned int sched_id, uint32_t cmd,
                      struct xen_sysctl_scheduler_op *params,
                      struct error **err_out)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_scheduler_op};
    int rc;

    op.u.scheduler_op = *params;
    op.u.scheduler_op.cpupool_id = pool;
    op.u.scheduler_op.sched_id = sched_id;
    op.u.scheduler_op.cmd = cmd;
    rc = sysctl_call(p, &op, "sysctl scheduler_op", err_out);
    if (!rc)
        *params = op.u.scheduler_op;
    return rc;
}

int sysctl_sched_params(struct privcmd *p, unsigned int pool,
                        unsigned int sched_id,
                        struct xen_sysctl_scheduler_op *params_out,
                        struct error **err_out)
{
    struct xen_sysctl_scheduler_op params = {0};
    int rc = sched_call(p, pool, sched_id, XEN_SYSCTL_SCHEDOP_getinfo, &params,
                        err_out);

    if (!rc)
        *params_out = params;
    return rc;
}

int sysctl_set_sched_params(struct privcmd *p, unsigned int pool,
                            unsigned int sched_id,
                            const struct xen_sysctl_scheduler_op *params,
                            struct error **err_out)
{
    struct xen_sysctl_scheduler_op copy = *params;

    return sched_call(p, pool, sched_id, XEN_SYSCTL_SCHEDOP_putinfo, &copy,
                      err_out);
}

/* A call does some of them and says how many. */
static int pci_nodes_some(struct privcmd *p,
                          const struct physdev_pci_device *devs,
                          uint32_t *nodes, size_t nr, size_t *done,
                          struct error **err_out)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_pcitopoinfo};
    void *in = privcmd_buffer(p, nr * sizeof(*devs));
    void *out = privcmd_buffer(p, nr * sizeof(*nodes));
    int rc;

    if (!in || !out)
        return buffer_fail(err_out);
    memcpy(in, devs, nr * sizeof(*devs));
    op.u.pcitopoinfo.num_devs = (uint32_t)nr;
    op.u.pcitopoinfo.devs = (uintptr_t)in;
    op.u.pcitopoinfo.nodes = (uintptr_t)out;
    rc = sysctl_call(p, &op, "sysctl pcitopoinfo", err_out);
    if (rc)
        return rc;
    *done = op.u.pcitopoinfo.num_devs < nr ? op.u.pcitopoinfo.num_devs : nr;
    memcpy(nodes, out, *done * sizeof(*nodes));
    return *done ? 0 : privcmd_fail(err_out, -EIO, "sysctl pcitopoinfo");
}

int sysctl_pci_nodes(struct privcmd *p, const struct physdev_pci_device *devs,
                     uint32_t *nodes, size_t nr, struct error **err_out)
{
    size_t first, done = 0;
    int rc = 0;

    for (first = 0; first < nr && !rc; first += done) {
        size_t mark = privcmd_mark(p);

        rc = pci_nodes_some(p, devs + first, nodes + first, nr - first, &done,
                            err_out);
        privcmd_release(p, mark);
    }
    return rc;
}
