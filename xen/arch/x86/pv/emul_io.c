/* SPDX-License-Identifier: MIT */
/* IN, OUT and their string forms. */
#include "emul_internal.h"

#include "xen/guest_access.h"
#include "xen/softirq.h"
#include "asm/ioport.h"
#include "asm/mm.h"
#include "asm/processor.h"
#include "asm/pv.h"

/* Elements of a repeated instruction that are done at one time. */
#define MAX_ELEMENTS 512

#define SEG_FS       0x64
#define SEG_GS       0x65

static u16 insn_port(const struct insn *insn, const struct cpu_regs *regs)
{
    return insn->has_imm ? (u16)insn->imm : (u16)regs->rdx;
}

enum emul_result emul_in(struct vcpu *v, struct cpu_regs *regs,
                         const struct insn *insn)
{
    u16 port = insn_port(insn, regs);
    u64 value;

    if (!ioport_enabled(v, port, insn->op_bytes))
        return EMUL_REFUSED;

    value = ioport_read(v, port, insn->op_bytes);
    if (insn->op_bytes == 1)
        value |= regs->rax & ~0xffULL;
    else if (insn->op_bytes == 2)
        value |= regs->rax & ~0xffffULL;
    regs->rax = value;
    return EMUL_DONE;
}

enum emul_result emul_out(struct vcpu *v, struct cpu_regs *regs,
                          const struct insn *insn)
{
    u16 port = insn_port(insn, regs);

    if (!ioport_enabled(v, port, insn->op_bytes))
        return EMUL_REFUSED;

    ioport_write(v, port, insn->op_bytes, (u32)regs->rax);
    return EMUL_DONE;
}

/* An element's memory can't be reached: the guest sees the fault that its own
 * access would have had. */
static enum emul_result memory_fault(struct vcpu *v, struct cpu_regs *regs,
                                     u64 addr, unsigned int bytes, u32 error)
{
    const u64 needed = error & PFEC_WRITE ? PTE_PRESENT | PTE_RW : PTE_PRESENT;
    u64 last = addr + bytes - 1;
    u64 pte;

    if (!guest_addr_ok(addr) || !guest_addr_ok(last))
        return EMUL_REFUSED;

    pte = guest_get_l1e(addr);
    if ((pte & needed) == needed && (addr ^ last) & PAGE_MASK) {
        addr = last & PAGE_MASK;
        pte = guest_get_l1e(addr);
    }
    if (pte & PTE_PRESENT)
        error |= PFEC_PRESENT;
    pv_inject_page_fault(v, regs, addr, error);
    return EMUL_FAULTED;
}

static bool is_writable(u64 addr)
{
    const u64 needed = PTE_PRESENT | PTE_RW;

    return guest_addr_ok(addr) && (guest_get_l1e(addr) & needed) == needed;
}

static enum emul_result ins_element(struct vcpu *v, struct cpu_regs *regs,
                                    unsigned int bytes, u64 addr)
{
    u32 value;

    /* Asked before the device loses what it is read. */
    if (!is_writable(addr) || !is_writable(addr + bytes - 1))
        return memory_fault(v, regs, addr, bytes, PFEC_WRITE);
    value = ioport_read(v, (u16)regs->rdx, bytes);
    if (copy_to_guest(addr, &value, bytes))
        return memory_fault(v, regs, addr, bytes, PFEC_WRITE);
    return EMUL_DONE;
}

static enum emul_result outs_element(struct vcpu *v, struct cpu_regs *regs,
                                     unsigned int bytes, u64 addr)
{
    u32 value = 0;

    if (copy_from_guest(&value, addr, bytes))
        return memory_fault(v, regs, addr, bytes, 0);
    ioport_write(v, (u16)regs->rdx, bytes, value);
    return EMUL_DONE;
}

/* rcx, rsi or rdi, of address size. */
static u64 address_reg(const struct insn *insn, u64 value)
{
    return insn->addrsize ? (u32)value : value;
}

static u64 outs_segment_base(const struct insn *insn)
{
    if (insn->kind != INSN_OUTS)
        return 0;
    if (insn->seg == SEG_FS)
        return rdmsr(MSR_FS_BASE);
    if (insn->seg == SEG_GS)
        return rdmsr(MSR_GS_BASE);
    return 0;
}

/* One element, and the pointer moves on behind it. */
static enum emul_result string_element(struct vcpu *v, struct cpu_regs *regs,
                                       const struct insn *insn, u64 base)
{
    bool is_ins = insn->kind == INSN_INS;
    u64 *pointer = is_ins ? &regs->rdi : &regs->rsi;
    u64 addr = address_reg(insn, *pointer) + base;
    u64 step = regs->rflags & X86_EFLAGS_DF ? -(u64)insn->op_bytes
                                            : (u64)insn->op_bytes;
    enum emul_result result = is_ins
                                  ? ins_element(v, regs, insn->op_bytes, addr)
                                  : outs_element(v, regs, insn->op_bytes, addr);

    if (result == EMUL_DONE)
        *pointer = address_reg(insn, *pointer + step);
    return result;
}

/* How many elements now: few, so that others get their turn; one when the
 * guest steps through them. */
static u64 elements_now(const struct cpu_regs *regs, u64 count)
{
    if (regs->rflags & X86_EFLAGS_TF)
        return min(count, (u64)1);
    return min(count, (u64)MAX_ELEMENTS);
}

static enum emul_result repeat_string(struct vcpu *v, struct cpu_regs *regs,
                                      const struct insn *insn, u64 base)
{
    u64 count = address_reg(insn, regs->rcx);
    enum emul_result result;

    for (u64 n = elements_now(regs, count); n > 0; n--) {
        result = string_element(v, regs, insn, base);
        if (result != EMUL_DONE)
            return result;
        regs->rcx = --count;
        if (hypercall_preempt_check())
            break;
    }
    return count ? EMUL_AGAIN : EMUL_DONE;
}

static enum emul_result string_io(struct vcpu *v, struct cpu_regs *regs,
                                  const struct insn *insn)
{
    u64 base = outs_segment_base(insn);

    if (!ioport_enabled(v, (u16)regs->rdx, insn->op_bytes))
        return EMUL_REFUSED;
    if (insn->rep || insn->repne)
        return repeat_string(v, regs, insn, base);
    return string_element(v, regs, insn, base);
}

enum emul_result emul_ins(struct vcpu *v, struct cpu_regs *regs,
                          const struct insn *insn)
{
    return string_io(v, regs, insn);
}

enum emul_result emul_outs(struct vcpu *v, struct cpu_regs *regs,
                           const struct insn *insn)
{
    return string_io(v, regs, insn);
}
