/* SPDX-License-Identifier: MIT */
/*
 * The key cpuid of xl.cfg: which features of the CPU a guest is told of. Two
 * forms: `host,tm1=0,avx=x` by names, and `7,0:ebx=xx..0` by bits, of which
 * several may be joined by `;`.
 */
#ifndef TOOLSTACK_CPUID_CONFIG_H
#define TOOLSTACK_CPUID_CONFIG_H

#include "public/arch_x86_64.h"

#include "lib/error.h"
#include "lib/privcmd.h"

/**
 * Find out whether a text is understood.
 *
 * Returns 0; -EINVAL (CONFIG) with the word that is not.
 * Source: xl.cfg(5), cpuid.
 */
int cpuid_config_check(const char *text, struct error **err_out);

/**
 * Change leaves as a text says: bits that it forces; all others stay.
 *
 * @leaf, @nr  what the domain has
 *
 * Returns 0; -EINVAL (CONFIG), also where there is no such leaf.
 */
int cpuid_config_apply(const char *text, struct xen_cpuid_leaf *leaf, size_t nr,
                       struct error **err_out);

/**
 * Find out whether leaves are as a text says. What the CPU lacks, a hypervisor
 * leaves out.
 *
 * Returns 0; -EINVAL (CONFIG) where they lack what is forced to 1.
 */
int cpuid_config_compare(const char *text, struct xen_cpuid_leaf *leaf,
                         size_t nr, struct error **err_out);

/**
 * Change what a domain sees that has not run yet.
 *
 * Returns 0; -EINVAL (CONFIG) where the host can't give what is forced to 1;
 *         -errno (HYPERVISOR).
 */
int cpuid_config_set(struct privcmd *p, domid_t domid, const char *text,
                     struct error **err_out);

#endif
