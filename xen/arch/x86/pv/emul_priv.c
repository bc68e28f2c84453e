/* SPDX-License-Identifier: MIT */
/*
 * Privileged instructions of a guest, which runs in ring 3 and gets #GP for
 * them. The instruction at rip is fetched once and decoded; a table says who
 * does it. What is not in the table, or refused, stays a #GP for the guest.
 */
#include "asm/pv.h"

#include "emul_internal.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/string.h"
#include "asm/cpuid.h"
#include "asm/ioport.h"
#include "asm/msr.h"
#include "asm/processor.h"
#include "asm/xstate.h"

#define DR6_SINGLE_STEP 0x4000

/* LAR: the L bit of a code segment's descriptor. */
#define ACCESS_RIGHTS_LONG (1u << 21)

static enum emul_result emul_cli_sti(struct vcpu *v, struct cpu_regs *regs,
                                     const struct insn *insn)
{
    (void)regs;
    (void)insn;
    /* The event mask is another thing, and the guest's own. */
    return ioport_iopl_ok(v) ? EMUL_DONE : EMUL_REFUSED;
}

static u64 edx_eax(const struct cpu_regs *regs)
{
    return (regs->rdx << 32) | (u32)regs->rax;
}

static void set_edx_eax(struct cpu_regs *regs, u64 value)
{
    regs->rax = (u32)value;
    regs->rdx = value >> 32;
}

static enum emul_result emul_rdmsr(struct vcpu *v, struct cpu_regs *regs,
                                   const struct insn *insn)
{
    u64 value = 0;

    (void)insn;
    /* A kernel that has no handlers yet can't survive a #GP: it reads 0. */
    if (msr_guest_read(v, (u32)regs->rcx, &value) &&
        v->arch.trap_table[TRAP_GP].address)
        return EMUL_REFUSED;
    set_edx_eax(regs, value);
    return EMUL_DONE;
}

static enum emul_result emul_wrmsr(struct vcpu *v, struct cpu_regs *regs,
                                   const struct insn *insn)
{
    (void)insn;
    if (msr_guest_write(v, (u32)regs->rcx, edx_eax(regs)))
        return EMUL_REFUSED;
    return EMUL_DONE;
}

/* Traps while the guest's kernel keeps the TSC from its programs, and in a
 * domain whose TSC is emulated. */
static enum emul_result emul_rdtsc(struct vcpu *v, struct cpu_regs *regs,
                                   const struct insn *insn)
{
    if (!guest_kernel_mode(v) && (v->arch.cr4 & X86_CR4_TSD))
        return EMUL_REFUSED;
    if (insn->kind == INSN_RDTSCP) {
        if (!cpuid_has_rdtscp(v->domain->arch.cpuid))
            return EMUL_INVALID;
        regs->rcx = (u32)v->arch.tsc_aux;
    }
    set_edx_eax(regs, msr_guest_tsc(v));
    return EMUL_DONE;
}

static void return_cpuid(struct cpu_regs *regs, struct cpuid_leaf leaf)
{
    regs->rax = leaf.a;
    regs->rbx = leaf.b;
    regs->rcx = leaf.c;
    regs->rdx = leaf.d;
}

static enum emul_result emul_cpuid(struct vcpu *v, struct cpu_regs *regs,
                                   const struct insn *insn)
{
    (void)insn;
    return_cpuid(regs, cpuid_guest(v, (u32)regs->rax, (u32)regs->rcx, false));
    return EMUL_DONE;
}

static enum emul_result emul_xsetbv(struct vcpu *v, struct cpu_regs *regs,
                                    const struct insn *insn)
{
    (void)insn;
    if (!(v->arch.cr4 & X86_CR4_OSXSAVE))
        return EMUL_INVALID;
    if ((u32)regs->rcx != 0 || !xstate_set_xcr0(v, edx_eax(regs)))
        return EMUL_REFUSED;
    return EMUL_DONE;
}

/* Caches matter to a guest with devices only. INVD would lose other domains'
 * data: they are written back. */
static enum emul_result emul_wbinvd(struct vcpu *v, struct cpu_regs *regs,
                                    const struct insn *insn)
{
    (void)regs;
    (void)insn;
    if (v->domain->arch.has_devices)
        __asm__ volatile("wbinvd" ::: "memory");
    return EMUL_DONE;
}

struct emul_op {
    emul_fn *fn;
    bool for_programs; /* in guest user mode too; fn decides */
};

/* clang-format off */
static const struct emul_op ops[] = {
    [INSN_CLI]         = {emul_cli_sti, true},
    [INSN_STI]         = {emul_cli_sti, true},
    [INSN_IN]          = {emul_in, true},
    [INSN_OUT]         = {emul_out, true},
    [INSN_INS]         = {emul_ins, true},
    [INSN_OUTS]        = {emul_outs, true},
    [INSN_RDMSR]       = {emul_rdmsr, false},
    [INSN_WRMSR]       = {emul_wrmsr, false},
    [INSN_RDTSC]       = {emul_rdtsc, true},
    [INSN_RDTSCP]      = {emul_rdtsc, true},
    [INSN_CPUID]       = {emul_cpuid, true},
    [INSN_XSETBV]      = {emul_xsetbv, false},
    [INSN_INVD]        = {emul_wbinvd, false},
    [INSN_WBINVD]      = {emul_wbinvd, false},
    [INSN_CLTS]        = {emul_clts, false},
    [INSN_MOV_FROM_CR] = {emul_mov_from_cr, false},
    [INSN_MOV_TO_CR]   = {emul_mov_to_cr, false},
    [INSN_MOV_FROM_DR] = {emul_mov_from_dr, false},
    [INSN_MOV_TO_DR]   = {emul_mov_to_dr, false},
};
/* clang-format on */

/* The decoder knows 64-bit code; anything else is left to the guest. */
static bool is_64bit_code(u16 cs)
{
    u32 rights = 0;

    if (cs == FLAT_USER_CS64)
        return true;
    __asm__ volatile("lar %1, %0" : "+r"(rights) : "r"((u32)cs) : "cc");
    return rights & ACCESS_RIGHTS_LONG;
}

/* Fetch and decode. What lies on the next page is read only if it is needed,
 * as the CPU would do; no byte is read twice. */
static bool fetch_insn(const struct cpu_regs *regs, struct insn *insn)
{
    const struct insn_context ctx = {.regs = regs};
    unsigned int on_page = PAGE_SIZE - (regs->rip & ~PAGE_MASK);
    /* Two words are copied faster than 15 bytes. */
    u8 bytes[INSN_MAX_BYTES + 1];
    unsigned int nr = min(on_page, (unsigned int)sizeof(bytes));
    int rc;

    if (copy_from_guest(bytes, regs->rip, nr))
        return false;
    /* A guest makes it at each context switch: not through the tables. */
    if (nr >= 2 && bytes[0] == 0x0f && bytes[1] == 0x32) {
        insn->kind = INSN_RDMSR;
        insn->len = 2;
        return true;
    }
    rc = insn_decode(bytes, nr, &ctx, insn);
    if (rc == -ENODATA && nr < INSN_MAX_BYTES) {
        if (copy_from_guest(bytes + nr, regs->rip + nr, INSN_MAX_BYTES - nr))
            return false;
        rc = insn_decode(bytes, INSN_MAX_BYTES, &ctx, insn);
    }
    return rc == 0;
}

/* An instruction is done: flags as after one, and a debugger is told. */
static void complete(struct vcpu *v, struct cpu_regs *regs, u64 rip)
{
    regs->rip = rip;
    regs->rflags &= ~X86_EFLAGS_RF;
    if (regs->rflags & X86_EFLAGS_TF) {
        v->arch.debugreg[6] |= DR6_SINGLE_STEP;
        pv_inject_trap(v, regs, TRAP_DB, 0);
    }
}

static bool emulate(struct vcpu *v, struct cpu_regs *regs,
                    const struct insn *insn)
{
    const struct emul_op *op;

    if (insn->kind >= ARRAY_SIZE(ops))
        return false;
    op = &ops[array_index_nospec(insn->kind, ARRAY_SIZE(ops))];
    if (!op->fn || (!op->for_programs && !guest_kernel_mode(v)))
        return false;

    switch (op->fn(v, regs, insn)) {
    case EMUL_DONE:
        complete(v, regs, regs->rip + insn->len);
        return true;
    case EMUL_AGAIN:
        complete(v, regs, regs->rip);
        return true;
    case EMUL_INVALID:
        pv_inject_trap(v, regs, TRAP_UD, 0);
        return true;
    case EMUL_FAULTED:
        return true;
    default:
        return false;
    }
}

bool pv_emulate_privileged(struct cpu_regs *regs)
{
    struct vcpu *v = current;
    struct insn insn;

    return is_64bit_code(regs->cs) && fetch_insn(regs, &insn) &&
           emulate(v, regs, &insn);
}

bool pv_emulate_forced_cpuid(struct cpu_regs *regs)
{
    /* ud2; "xen"; cpuid */
    static const u8 prefixed_cpuid[] = {0x0f, 0x0b, 0x78, 0x65,
                                        0x6e, 0x0f, 0xa2};
    struct vcpu *v = current;
    u8 bytes[sizeof(prefixed_cpuid)];

    if (copy_from_guest(bytes, regs->rip, sizeof(bytes)) ||
        memcmp(bytes, prefixed_cpuid, sizeof(bytes)) != 0)
        return false;

    return_cpuid(regs, cpuid_guest(v, (u32)regs->rax, (u32)regs->rcx, true));
    complete(v, regs, regs->rip + sizeof(bytes));
    return true;
}
