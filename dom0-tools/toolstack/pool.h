/* SPDX-License-Identifier: MIT */
/*
 * Pools of CPUs. The hypervisor knows their numbers, only the store their
 * names: /local/pool/<id>/name.
 */
#ifndef TOOLSTACK_POOL_H
#define TOOLSTACK_POOL_H

#include "lib/privcmd.h"
#include "lib/sysctl.h"
#include "toolstack/store.h"

/**
 * Name of a pool, or "Pool-<id>" where the store has none.
 *
 * @name_out  text that the caller frees
 *
 * Returns 0, or -errno.
 */
int pool_name(struct store *s, unsigned int id, char **name_out,
              struct error **err_out);

/**
 * Find a pool by its name, or by its number.
 *
 * @pool_out  its caller frees the map
 *
 * Returns 0; -ENOENT (USAGE) if there is none.
 */
int pool_find(struct privcmd *p, struct store *s, const char *which,
              struct cpupool_info *pool_out, struct error **err_out);

/**
 * Make a pool of free CPUs.
 *
 * @cpus  map of nr_cpus bits
 *
 * Returns 0; -EEXIST (NAME_IN_USE); -errno, and then there is none.
 */
int pool_create(struct privcmd *p, struct store *s, const char *name,
                unsigned int sched_id, const unsigned char *cpus,
                size_t nr_cpus, unsigned int *id_out, struct error **err_out);

/* Free its CPUs and remove it, where no domain is in it. Returns 0; -errno. */
int pool_destroy(struct privcmd *p, struct store *s,
                 const struct cpupool_info *pool, struct error **err_out);

/* Returns 0; -EEXIST (NAME_IN_USE); -errno. */
int pool_rename(struct privcmd *p, struct store *s, unsigned int id,
                const char *name, struct error **err_out);

/**
 * Give a pool CPUs, or take them from it.
 *
 * @cpus  map of nr_cpus bits; with `add` those that aren't free are an error
 *
 * Returns 0; -errno with the CPU that failed.
 */
int pool_cpus(struct privcmd *p, unsigned int id, const unsigned char *cpus,
              size_t nr_cpus, bool add, struct error **err_out);

#endif
