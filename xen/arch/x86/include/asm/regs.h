/* SPDX-License-Identifier: MIT */
/*
 * The register frame that each entry into the hypervisor leaves on the stack.
 * The order is the ABI's (struct cpu_user_regs up to ss), so that contexts are
 * copied, not converted.
 */
#ifndef ASM_REGS_H
#define ASM_REGS_H

#include "xen/types.h"
#include "asm/irqflags.h"

struct cpu_regs {
    u64 r15, r14, r13, r12, rbp, rbx;
    u64 r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    u32 error_code;
    u32 entry_vector; /* TRAP_*, or FRAME_SYSCALL when entered by syscall */
    u64 rip;
    u16 cs;
    u16 pad0[1];
    u8 saved_upcall_mask; /* only in copies that a guest sees */
    u8 pad1[3];
    u64 rflags;
    u64 rsp;
    u16 ss;
    u16 pad2[3];
};

/* entry_vector: the frame was made by SYSCALL; rcx and r11 are dead, so the
 * short way out may be taken. One push writes it, with error_code. */
#define FRAME_SYSCALL   0xffffffff

#define X86_EFLAGS_CF   0x00000001UL
#define X86_EFLAGS_MBS  0x00000002UL
#define X86_EFLAGS_PF   0x00000004UL
#define X86_EFLAGS_AF   0x00000010UL
#define X86_EFLAGS_ZF   0x00000040UL
#define X86_EFLAGS_SF   0x00000080UL
#define X86_EFLAGS_TF   0x00000100UL
#define X86_EFLAGS_DF   0x00000400UL
#define X86_EFLAGS_OF   0x00000800UL
#define X86_EFLAGS_IOPL 0x00003000UL
#define X86_EFLAGS_NT   0x00004000UL
#define X86_EFLAGS_RF   0x00010000UL
#define X86_EFLAGS_VM   0x00020000UL
#define X86_EFLAGS_AC   0x00040000UL
#define X86_EFLAGS_VIF  0x00080000UL
#define X86_EFLAGS_VIP  0x00100000UL
#define X86_EFLAGS_ID   0x00200000UL

#define TRAP_DE         0
#define TRAP_DB         1
#define TRAP_NMI        2
#define TRAP_BP         3
#define TRAP_OF         4
#define TRAP_BR         5
#define TRAP_UD         6
#define TRAP_NM         7
#define TRAP_DF         8
#define TRAP_TS         10
#define TRAP_NP         11
#define TRAP_SS         12
#define TRAP_GP         13
#define TRAP_PF         14
#define TRAP_MF         16
#define TRAP_AC         17
#define TRAP_MC         18
#define TRAP_XM         19
#define TRAP_CP         21

/* Page-fault error code. */
#define PFEC_PRESENT  0x01
#define PFEC_WRITE    0x02
#define PFEC_USER     0x04
#define PFEC_RESERVED 0x08
#define PFEC_INSN     0x10

/** The frame belongs to a guest (ring 3), not to the hypervisor. */
static inline bool guest_frame(const struct cpu_regs *regs)
{
    return regs->cs & 3;
}

#endif
