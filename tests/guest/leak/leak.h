/* SPDX-License-Identifier: MIT */
/* Registers filled, and looked at, by assembly: regs.S. */
#ifndef LEAK_LEAK_H
#define LEAK_LEAK_H

#include <stdint.h>

/* rbx, rbp, r12-r15, then those of a call's arguments. */
#define NR_GENERAL 14
#define NR_XMM     16

/* What a function found in the registers. */
struct all_regs {
    uint64_t general[NR_GENERAL];
    uint64_t xmm[NR_XMM][2];
    uint8_t x87[108]; /* as by fnsave */
    uint32_t mxcsr;
};

/** Fill all with the pattern, make hypercall nr with rdi and rsi, and tell what
 * is in them then. */
void fill_call_look(uint64_t pattern, uint64_t nr, uint64_t a0, uint64_t a1,
                    struct all_regs *found);

/** What is in those of the FPU now. */
void look(struct all_regs *found);

#endif
