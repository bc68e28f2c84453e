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

/* What a toolstack saves and restores, of vcpus that do not run. */

/** States that v has ever enabled in XCR0; 0: it has not set XCR0. */
u64 xstate_used(const struct vcpu *v);
/** Bytes of an XSAVE area, in standard form, for these states. */
unsigned int xstate_size(u64 states);
/** Copy v's area, without states it has never enabled; there is room for
 * xstate_size(xstate_used(v)) bytes. */
void xstate_export(const struct vcpu *v, void *area_out);
/**
 * Set XCR0, the states used, and all registers.
 *
 * @area  xstate_size(used) bytes; a private copy, which may be changed
 *
 * Returns 0; -EINVAL for states that v cannot have, or a value of XCR0 that it
 * could not set; -EOPNOTSUPP for the compacted form; -EIO for reserved fields.
 * Source: SDM 1, 13.4.
 */
int __must_check xstate_import(struct vcpu *v, u64 xcr0, u64 used, void *area);

/** XSETBV by the current vcpu. Returns false if the value is not allowed. */
bool xstate_set_xcr0(struct vcpu *v, u64 value);

#endif
