/* SPDX-License-Identifier: MIT */
/* What the emulations of guests' stores share. */
#ifndef ASM_EMUL_H
#define ASM_EMUL_H

#include "asm/decode.h"

/** Fetch and decode the guest's instruction at rip. Returns false if it is no
 * store to memory by its linear address. */
bool pv_fetch_store(const struct cpu_regs *regs, struct insn *insn_out);

#endif
