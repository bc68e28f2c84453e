/* SPDX-License-Identifier: MIT */
/* Sets of CPUs as people write them: `all`, `0-3,5,^2`, `node:0`. */
#ifndef TOOLSTACK_CPUMAP_H
#define TOOLSTACK_CPUMAP_H

#include <stddef.h>
#include <stdio.h>

#include "public/sysctl.h"

#include "lib/error.h"

/**
 * Read a set of CPUs.
 *
 * A list of `N`, `N-M`, `all`, `node:N`, `nodes:N-M`, joined by commas; what
 * has a `^` in front is taken away from what stands before it.
 *
 * @topology  where each of the nr_cpus CPUs is; a number beyond them is refused
 * @map       nr_cpus bits, filled in
 *
 * Returns 0; -EINVAL (USAGE), also where the set is empty.
 */
int cpumap_parse(const char *text, const struct xen_sysctl_cputopo *topology,
                 size_t nr_cpus, unsigned char *map, struct error **err_out);

/* Write a set of nr bits as `all`, `none`, or ranges as in `0-3,5`. */
void cpumap_print(FILE *out, const unsigned char *map, size_t nr);

#endif
