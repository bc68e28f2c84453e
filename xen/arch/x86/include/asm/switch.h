/* SPDX-License-Identifier: MIT */
/* A vcpu's state on a CPU: what is loaded besides the general registers. */
#ifndef ASM_SWITCH_H
#define ASM_SWITCH_H

#include "xen/vcpu.h"

/* DR6, DR7 (SDM 3B 17.2). */
#define DR6_RESERVED_ZERO 0xffffffff00001000UL
#define DR6_RESERVED_ONE  0x00000000ffff0ff0UL
#define DR7_ENABLED       0x000000ffUL
#define DR7_GD            0x00002000UL
#define DR7_RESERVED_ZERO 0xffffffff0000d800UL
#define DR7_RESERVED_ONE  0x00000400UL

/** Put v's debug registers into the CPU, if any breakpoint is on; else switch
 * the CPU's off. */
void load_debugregs(struct vcpu *v);

/** Set one register after checking it. Returns 0, -EPERM, -EINVAL. */
int __must_check pv_set_debugreg(struct vcpu *v, unsigned int reg, u64 value);

/** Load the current guest's user GS selector (0 if it is bad), as SWAPGS, load,
 * SWAPGS would do: the base in KERNEL_GS_BASE becomes the descriptor's. */
void load_user_gs(u16 selector);

/** Bits of CR4 in hardware while v runs. */
u64 vcpu_hw_cr4(const struct vcpu *v);

/** Save the state of a vcpu that this CPU holds but does not run, if any. In
 * answer to FLUSH_STATE; callable in interrupt context. */
void sync_local_state(void);

/** Sets CR4 and what else differs between CPUs before the first vcpu. */
void switch_cpu_init(void);

#endif
