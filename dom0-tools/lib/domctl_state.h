/* SPDX-License-Identifier: MIT */
/*
 * What a domain's state consists of besides its memory, taken and set: for
 * saving, restoring and dumping it. The domain does not run meanwhile.
 *
 * Every function returns 0, or the call's -errno with an error stored.
 * Source of all: public/domctl.h.
 */
#ifndef LIB_DOMCTL_STATE_H
#define LIB_DOMCTL_STATE_H

#include <stddef.h>

#include "public/domctl.h"

#include "lib/privcmd.h"

/* Bytes that the caller frees. */
struct state_blob {
    void *data;
    size_t size;
};

/* Frames that one question about their types can be about. */
#define MAX_TYPE_FRAMES 1024

/**
 * Types of frames, XEN_DOMCTL_PFINFO_*.
 *
 * @frames  nr frame numbers, up to MAX_TYPE_FRAMES; each becomes its type,
 *          XTAB where it is no frame of the domain
 */
int domctl_frame_types(struct privcmd *p, domid_t domid, uint64_t *frames,
                       size_t nr, struct error **err_out);

/* Registers of a vcpu; frames in them are machine frames. */
int domctl_get_context(struct privcmd *p, domid_t domid, unsigned int vcpu,
                       struct vcpu_guest_context *context_out,
                       struct error **err_out);

/* Its further callbacks and machine check registers. */
int domctl_get_extended(struct privcmd *p, domid_t domid, unsigned int vcpu,
                        struct xen_domctl_ext_vcpucontext *extended_out,
                        struct error **err_out);
int domctl_set_extended(struct privcmd *p, domid_t domid,
                        const struct xen_domctl_ext_vcpucontext *extended,
                        struct error **err_out);

/* Its extended processor state, as the hypervisor lays it out. */
int domctl_get_xsave(struct privcmd *p, domid_t domid, unsigned int vcpu,
                     struct state_blob *blob_out, struct error **err_out);
int domctl_set_xsave(struct privcmd *p, domid_t domid, unsigned int vcpu,
                     const void *data, size_t size, struct error **err_out);

/* Its MSRs, an array of struct xen_domctl_vcpu_msr; often there are none. */
int domctl_get_msrs(struct privcmd *p, domid_t domid, unsigned int vcpu,
                    struct state_blob *blob_out, struct error **err_out);
int domctl_set_msrs(struct privcmd *p, domid_t domid, unsigned int vcpu,
                    const void *data, size_t size, struct error **err_out);

/* How its TSC goes. */
int domctl_get_tsc(struct privcmd *p, domid_t domid,
                   struct xen_domctl_tsc_info *tsc_out, struct error **err_out);
int domctl_set_tsc(struct privcmd *p, domid_t domid,
                   const struct xen_domctl_tsc_info *tsc,
                   struct error **err_out);

/* What it sees of the CPU: struct xen_cpuid_leaf[], struct xen_msr_entry[]. */
struct cpu_policy {
    struct state_blob leaves;
    struct state_blob msrs;
};

int domctl_get_policy(struct privcmd *p, domid_t domid,
                      struct cpu_policy *policy_out, struct error **err_out);
int domctl_set_policy(struct privcmd *p, domid_t domid,
                      const struct cpu_policy *policy, struct error **err_out);
void cpu_policy_free(struct cpu_policy *policy);

/* Let a domain that has suspended itself run again. */
int domctl_resume(struct privcmd *p, domid_t domid, struct error **err_out);

#endif
