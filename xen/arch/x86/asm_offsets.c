/* SPDX-License-Identifier: MIT */
/* Offsets that assembly needs; the build makes asm/asm_offsets.h of it. */
#include "xen/errno.h"
#include "xen/hypercall.h"
#include "xen/softirq.h"
#include "xen/vcpu.h"
#include "asm/current.h"

#define DEFINE(sym, val)                                                       \
    __asm__ volatile("\n.ascii \"->" #sym " %0\"" : : "i"(val))
#define OFFSET(sym, type, member) DEFINE(sym, __builtin_offsetof(type, member))

void asm_offsets(void);
void asm_offsets(void)
{
    OFFSET(REGS_r15, struct cpu_regs, r15);
    OFFSET(REGS_r14, struct cpu_regs, r14);
    OFFSET(REGS_r13, struct cpu_regs, r13);
    OFFSET(REGS_r12, struct cpu_regs, r12);
    OFFSET(REGS_rbp, struct cpu_regs, rbp);
    OFFSET(REGS_rbx, struct cpu_regs, rbx);
    OFFSET(REGS_r11, struct cpu_regs, r11);
    OFFSET(REGS_r10, struct cpu_regs, r10);
    OFFSET(REGS_r9, struct cpu_regs, r9);
    OFFSET(REGS_r8, struct cpu_regs, r8);
    OFFSET(REGS_rax, struct cpu_regs, rax);
    OFFSET(REGS_rdx, struct cpu_regs, rdx);
    OFFSET(REGS_rsi, struct cpu_regs, rsi);
    OFFSET(REGS_rdi, struct cpu_regs, rdi);
    OFFSET(REGS_error_code, struct cpu_regs, error_code);
    OFFSET(REGS_vector, struct cpu_regs, entry_vector);
    OFFSET(REGS_rip, struct cpu_regs, rip);
    OFFSET(REGS_cs, struct cpu_regs, cs);
    OFFSET(REGS_rflags, struct cpu_regs, rflags);
    OFFSET(REGS_rsp, struct cpu_regs, rsp);
    OFFSET(REGS_ss, struct cpu_regs, ss);
    DEFINE(REGS_SIZE, sizeof(struct cpu_regs));

    OFFSET(CPUINFO_current, struct cpu_info, curr);
    OFFSET(CPUINFO_softirq_pending, struct cpu_info, softirq_pending);
    OFFSET(CPUINFO_xpti_source, struct cpu_info, xpti_source);
    OFFSET(CPUINFO_entry_data, struct cpu_info, entry_data);
    DEFINE(CPUINFO_SIZE, sizeof(struct cpu_info));

    OFFSET(VCPU_vcpu_info, struct vcpu, vcpu_info);
    OFFSET(VCPU_arch_flags, struct vcpu, arch.flags);
    OFFSET(VCPU_nmi_pending, struct vcpu, arch.nmi_pending);

    DEFINE(VCPU_IN_KERNEL, VCPU_KERNEL_MODE);
    DEFINE(FRAME_VECTOR_SYSCALL, FRAME_SYSCALL);
    DEFINE(HYPERCALL_LIMIT, NR_HYPERCALLS);
    DEFINE(CONTINUE_SOFTIRQ_NR, CONTINUE_SOFTIRQ);
    DEFINE(ERR_NOSYS, ENOSYS);
}
