/* SPDX-License-Identifier: MIT */
/*
 * Questions and orders to the hypervisor about the whole host.
 *
 * Every function returns 0, or the call's -errno with an error stored; arrays
 * that are handed out are the caller's to free().
 */
#ifndef LIB_SYSCTL_H
#define LIB_SYSCTL_H

#include <stdbool.h>
#include <stddef.h>

#include "public/physdev.h"
#include "public/sysctl.h"

#include "lib/privcmd.h"

/* Source of all: public/sysctl.h. */

/**
 * Read the hypervisor's log.
 *
 * @clear     empty it afterwards
 * @text_out  whole log, with a NUL
 */
int sysctl_read_console(struct privcmd *p, bool clear, char **text_out,
                        struct error **err_out);

/**
 * Read what the hypervisor has logged since the last reading.
 *
 * @index  where that ended, 0 at first; moved on
 * @size   room of text, up to 64 KiB
 */
int sysctl_read_console_from(struct privcmd *p, uint32_t *index, char *text,
                             size_t size, size_t *len_out,
                             struct error **err_out);

/* Number of CPUs, sizes of memory, capabilities. */
int sysctl_physinfo(struct privcmd *p, struct xen_sysctl_physinfo *info_out,
                    struct error **err_out);

/* Number of the default scheduler, XEN_SCHEDULER_*. */
int sysctl_sched_id(struct privcmd *p, unsigned int *id_out,
                    struct error **err_out);

/* As if the keys were typed on the host's console; at most 128. */
int sysctl_debug_keys(struct privcmd *p, const char *keys,
                      struct error **err_out);

/* All domains, by id. */
int sysctl_domains(struct privcmd *p,
                   struct xen_domctl_getdomaininfo **list_out, size_t *nr_out,
                   struct error **err_out);

/* Place of each CPU. */
int sysctl_cpu_topology(struct privcmd *p, struct xen_sysctl_cputopo **list_out,
                        size_t *nr_out, struct error **err_out);

/* Memory of each node, and a matrix of nr * nr distances. */
struct numa_info {
    size_t nr;
    struct xen_sysctl_meminfo *memory;
    uint32_t *distance;
};
int sysctl_numa(struct privcmd *p, struct numa_info *info_out,
                struct error **err_out);
void numa_info_free(struct numa_info *info);

/* One pool of CPUs. */
struct cpupool_info {
    unsigned int id;
    unsigned int sched_id; /* XEN_SCHEDULER_* */
    unsigned int nr_domains;
    unsigned int nr_cpus;  /* bits of cpumap */
    unsigned char *cpumap; /* the caller's to free() */
};

/**
 * Look at the pool of an id, or at the next one.
 *
 * Returns 0; -ENOENT without an error if there is none from that id on.
 */
int sysctl_cpupool(struct privcmd *p, unsigned int id,
                   struct cpupool_info *info_out, struct error **err_out);

/* CPUs that are in no pool: the map, and how many they are. */
int sysctl_free_cpus(struct privcmd *p, struct cpupool_info *info_out,
                     unsigned int *nr_out, struct error **err_out);

/* Make a pool without CPUs. */
int sysctl_cpupool_create(struct privcmd *p, unsigned int sched_id,
                          unsigned int *id_out, struct error **err_out);

/* Remove a pool that has neither CPUs nor domains. */
int sysctl_cpupool_destroy(struct privcmd *p, unsigned int id,
                           struct error **err_out);

/* Give a pool a free CPU, or take one from it. */
int sysctl_cpupool_cpu(struct privcmd *p, unsigned int id, unsigned int cpu,
                       bool add, struct error **err_out);

/* Move a domain to a pool. */
int sysctl_cpupool_move(struct privcmd *p, domid_t domid, unsigned int id,
                        struct error **err_out);

/* Parameters of a pool's scheduler, of the kind that sched_id names. */
int sysctl_sched_params(struct privcmd *p, unsigned int pool,
                        unsigned int sched_id,
                        struct xen_sysctl_scheduler_op *params_out,
                        struct error **err_out);
int sysctl_set_sched_params(struct privcmd *p, unsigned int pool,
                            unsigned int sched_id,
                            const struct xen_sysctl_scheduler_op *params,
                            struct error **err_out);

/**
 * Memory nodes of PCI devices.
 *
 * @nodes  of each device: XEN_INVALID_NODE_ID where it has none,
 *         XEN_INVALID_DEV where the hypervisor does not know it
 */
int sysctl_pci_nodes(struct privcmd *p, const struct physdev_pci_device *devs,
                     uint32_t *nodes, size_t nr, struct error **err_out);

/* Bit of a bitmap of bytes. */
static inline bool cpumap_has(const unsigned char *map, unsigned int cpu)
{
    return map[cpu / 8] & (1u << (cpu % 8));
}

#endif
