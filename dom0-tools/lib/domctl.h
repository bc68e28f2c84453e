/* SPDX-License-Identifier: MIT */
/*
 * Questions and orders to the hypervisor about one domain.
 *
 * Every function returns 0, or the call's -errno with an error stored: -ESRCH
 * (NO_DOMAIN) where there is no such domain.
 */
#ifndef LIB_DOMCTL_H
#define LIB_DOMCTL_H

#include <stdbool.h>
#include <stddef.h>

#include "public/domctl.h"

#include "lib/privcmd.h"

/* Source of all: public/domctl.h. */

/* State of one domain. */
int domctl_info(struct privcmd *p, domid_t domid,
                struct xen_domctl_getdomaininfo *info_out,
                struct error **err_out);

/* Stop its vcpus, once more each time; let them run when called as often. */
int domctl_pause(struct privcmd *p, domid_t domid, struct error **err_out);
int domctl_unpause(struct privcmd *p, domid_t domid, struct error **err_out);

/* Destroy it and give back its memory; returns when that is done. */
int domctl_destroy(struct privcmd *p, domid_t domid, struct error **err_out);

/* Limit of its memory, in KiB. */
int domctl_max_mem(struct privcmd *p, domid_t domid, uint64_t kib,
                   struct error **err_out);

/* State of one vcpu; -ESRCH too if it was never there. */
int domctl_vcpu_info(struct privcmd *p, domid_t domid, unsigned int vcpu,
                     struct xen_domctl_getvcpuinfo *info_out,
                     struct error **err_out);

/**
 * CPUs on which a vcpu may and should run.
 *
 * @hard, @soft  maps of nr_cpus bits; for setting either may be NULL: left
 */
int domctl_get_affinity(struct privcmd *p, domid_t domid, unsigned int vcpu,
                        unsigned char *hard, unsigned char *soft,
                        unsigned int nr_cpus, struct error **err_out);
int domctl_set_affinity(struct privcmd *p, domid_t domid, unsigned int vcpu,
                        const unsigned char *hard, const unsigned char *soft,
                        unsigned int nr_cpus, bool force,
                        struct error **err_out);

/* Nodes of its memory, a map of nr_nodes bits. */
int domctl_get_node_affinity(struct privcmd *p, domid_t domid,
                             unsigned char *nodes, unsigned int nr_nodes,
                             struct error **err_out);

/* Weight and cap under the credit schedulers; sched_id XEN_SCHEDULER_*. */
int domctl_get_sched(struct privcmd *p, domid_t domid, unsigned int sched_id,
                     struct xen_domctl_sched_credit2 *params_out,
                     struct error **err_out);
int domctl_set_sched(struct privcmd *p, domid_t domid, unsigned int sched_id,
                     const struct xen_domctl_sched_credit2 *params,
                     struct error **err_out);

/* No certain id. */
#define DOMID_ANY 0xffff

/**
 * Make a PV domain, paused, without vcpus or memory.
 *
 * @args         all but arch, filled in
 * @domid_inout  the id that it shall have; DOMID_ANY becomes the lowest free
 */
int domctl_create(struct privcmd *p, const struct xen_domctl_createdomain *args,
                  domid_t *domid_inout, struct error **err_out);

/* Make as many vcpus as the domain was created for; all are down. */
int domctl_max_vcpus(struct privcmd *p, domid_t domid, unsigned int max,
                     struct error **err_out);

/* Say that it is a 64-bit domain; before it has memory. */
int domctl_set_64bit(struct privcmd *p, domid_t domid, struct error **err_out);

/* Seconds by which its clock is ahead of the host's. */
int domctl_set_time_offset(struct privcmd *p, domid_t domid, int64_t seconds,
                           struct error **err_out);

/* How it sees the TSC: 0 the default, 1 emulated, 2 the machine's. */
int domctl_set_tsc_mode(struct privcmd *p, domid_t domid, uint32_t mode,
                        struct error **err_out);

/* Registers of a vcpu; its tables must be there. */
int domctl_set_context(struct privcmd *p, domid_t domid, unsigned int vcpu,
                       const struct vcpu_guest_context *context,
                       struct error **err_out);

/* Fill in a page of the domain for its hypercalls. */
int domctl_hypercall_page(struct privcmd *p, domid_t domid, uint64_t mfn,
                          struct error **err_out);

#endif
