/* SPDX-License-Identifier: MIT */
/*
 * FPU, SSE, AVX, ... state of vcpus, through XSAVE where the CPU has it, else
 * FXSAVE. It is switched eagerly: no vcpu ever runs with another's registers.
 */
#ifndef ASM_XSTATE_H
#define ASM_XSTATE_H

#include "xen/types.h"

/* What guests may enable in XCR0: 0 without XSAVE. */
extern u64 xfeature_mask;
/* Bytes of the area for all of xfeature_mask. */
extern unsigned int xsave_area_size;

/** Find out what there is; on each CPU: switch it on. */
void xstate_init(bool bsp);

/** Returns 0 or -ENOMEM; the state is that after FNINIT. */
int __must_check xstate_alloc(struct vcpu *v);
void xstate_free(struct vcpu *v);

void xstate_save(struct vcpu *v);
void xstate_restore(struct vcpu *v);

/** The legacy part (512 bytes, FXSAVE form) of a vcpu that does not run. MXCSR
 * bits the CPU would refuse are cleared. */
void xstate_load_fpu(struct vcpu *v, const void *fxsave);
void xstate_store_fpu(const struct vcpu *v, void *fxsave);

/** XSETBV by the current vcpu. Returns false if the value is not allowed. */
bool xstate_set_xcr0(struct vcpu *v, u64 value);

#endif
