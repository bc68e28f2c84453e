/* SPDX-License-Identifier: MIT */
/* Model-specific registers as paravirtual guests see them. */
#ifndef ASM_MSR_H
#define ASM_MSR_H

#include "xen/types.h"

/**
 * RDMSR by the current vcpu, from guest kernel mode.
 *
 * Returns 0; -EPERM if the guest has no such register: it gets #GP.
 */
int __must_check msr_guest_read(struct vcpu *v, u32 msr, u64 *value_out);

/** WRMSR, likewise. -EPERM also for a value that is not allowed. */
int __must_check msr_guest_write(struct vcpu *v, u32 msr, u64 value);

/** What RDTSC returns to v. */
u64 msr_guest_tsc(const struct vcpu *v);

#endif
