/* SPDX-License-Identifier: MIT */
/* Control and debug registers of a guest kernel. */
#include "emul_internal.h"

#include "asm/processor.h"
#include "asm/pv.h"
#include "asm/switch.h"

static u64 read_guest_cr0(const struct vcpu *v)
{
    u64 cr0 = read_cr0() & ~X86_CR0_TS;

    return v->arch.virtual_ts ? cr0 | X86_CR0_TS : cr0;
}

static void set_task_switched(struct vcpu *v, bool set)
{
    v->arch.virtual_ts = set;
    if (set)
        write_cr0(read_cr0() | X86_CR0_TS);
    else
        __asm__ volatile("clts");
}

enum emul_result emul_clts(struct vcpu *v, struct cpu_regs *regs,
                           const struct insn *insn)
{
    (void)regs;
    (void)insn;
    set_task_switched(v, false);
    return EMUL_DONE;
}

/* Only TS is a guest's to change. */
static enum emul_result write_guest_cr0(struct vcpu *v, u64 value)
{
    if ((value ^ read_guest_cr0(v)) & ~X86_CR0_TS)
        return EMUL_REFUSED;
    set_task_switched(v, value & X86_CR0_TS);
    return EMUL_DONE;
}

static void write_guest_cr4(struct vcpu *v, u64 value)
{
    pv_set_guest_cr4(v, value);
    write_cr4(vcpu_hw_cr4(v));
}

enum emul_result emul_mov_from_cr(struct vcpu *v, struct cpu_regs *regs,
                                  const struct insn *insn)
{
    u64 value;

    switch (insn->reg) {
    case 0:
        value = read_guest_cr0(v);
        break;
    case 2:
        value = v->arch.cr2;
        break;
    case 3:
        value = mfn_to_maddr(v->arch.guest_table);
        break;
    case 4:
        value = pv_guest_cr4(v);
        break;
    default:
        return EMUL_REFUSED;
    }
    insn_reg_write(regs, insn->rm, value);
    return EMUL_DONE;
}

enum emul_result emul_mov_to_cr(struct vcpu *v, struct cpu_regs *regs,
                                const struct insn *insn)
{
    u64 value = insn_reg(regs, insn->rm);

    switch (insn->reg) {
    case 0:
        return write_guest_cr0(v, value);
    case 2:
        v->arch.cr2 = value;
        WRITE_ONCE(v->vcpu_info->arch.cr2, value);
        return EMUL_DONE;
    case 4:
        write_guest_cr4(v, value);
        return EMUL_DONE;
    default:
        return EMUL_REFUSED;
    }
}

/* 4 and 5 are other names of 6 and 7, or nothing once CR4.DE is set. */
static bool debug_register(const struct vcpu *v, const struct insn *insn,
                           unsigned int *reg_out)
{
    unsigned int reg = insn->reg;

    if (reg > 7)
        return false;
    if (reg == 4 || reg == 5) {
        if (v->arch.cr4 & X86_CR4_DE)
            return false;
        reg += 2;
    }
    *reg_out = reg;
    return true;
}

enum emul_result emul_mov_from_dr(struct vcpu *v, struct cpu_regs *regs,
                                  const struct insn *insn)
{
    unsigned int reg;

    if (!debug_register(v, insn, &reg))
        return EMUL_INVALID;
    insn_reg_write(regs, insn->rm,
                   v->arch.debugreg[array_index_nospec(reg, 8)]);
    return EMUL_DONE;
}

enum emul_result emul_mov_to_dr(struct vcpu *v, struct cpu_regs *regs,
                                const struct insn *insn)
{
    unsigned int reg;

    if (!debug_register(v, insn, &reg))
        return EMUL_INVALID;
    if (pv_set_debugreg(v, reg, insn_reg(regs, insn->rm)))
        return EMUL_REFUSED;
    return EMUL_DONE;
}
