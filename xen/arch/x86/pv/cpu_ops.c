/* SPDX-License-Identifier: MIT */
/* Hypercalls that set up one vcpu's CPU state: handlers, stacks, segments,
 * debug registers. Each is a few checks and a store. */
#include "xen/hypercall.h"

#include "public/callback.h"
#include "public/xen.h"
#include "xen/bitops.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/softirq.h"
#include "asm/processor.h"
#include "asm/pv.h"
#include "asm/switch.h"

#define UNUSED3() ((void)a2, (void)a3, (void)a4)

/* An NMI that came before there was a handler for it comes now. */
static void look_for_nmi(const struct vcpu *v)
{
    if (READ_ONCE(v->arch.nmi_pending))
        raise_softirq(GUEST_NMI_SOFTIRQ);
}

long do_set_trap_table(unsigned long table, unsigned long a1, unsigned long a2,
                       unsigned long a3, unsigned long a4)
{
    struct vcpu *v = current;
    struct trap_info ti;

    (void)a1;
    UNUSED3();

    if (!table) {
        for (unsigned int i = 0; i < 256; i++)
            v->arch.trap_table[i] = (struct trap_info){.address = 0};
        return 0;
    }

    /* At most as many entries as there are vectors, then the caller goes round
     * in the guest, not here. */
    for (unsigned int i = 0; i < 257; i++) {
        if (copy_from_guest_index(&ti, table, i))
            return -EFAULT;
        if (!ti.address)
            return 0;
        if (!is_canonical_address(ti.address))
            return hc_error(-EINVAL);
        ti.cs = fixup_selector(ti.cs);
        v->arch.trap_table[array_index_nospec(ti.vector, 256)] = ti;
        if (ti.vector == TRAP_NMI)
            look_for_nmi(v);
    }
    return hc_error(-EINVAL);
}

long do_stack_switch(unsigned long ss, unsigned long sp, unsigned long a2,
                     unsigned long a3, unsigned long a4)
{
    UNUSED3();
    current->arch.kernel_ss = fixup_selector(ss);
    current->arch.kernel_sp = sp;
    return 0;
}

long do_fpu_taskswitch(unsigned long set, unsigned long a1, unsigned long a2,
                       unsigned long a3, unsigned long a4)
{
    (void)a1;
    UNUSED3();
    current->arch.virtual_ts = set;
    if (set)
        write_cr0(read_cr0() | X86_CR0_TS);
    else
        __asm__ volatile("clts");
    return 0;
}

/* Breakpoints may watch the guest's addresses only, with their whole length. */
#define DR_LEN_MAX 8

static int check_dr7(u64 value)
{
    if (value >> 32)
        return -EINVAL;
    if (value & DR7_GD)
        return -EPERM;
    /* I/O breakpoints (RW 2) would need CR4.DE, which guests do not have. */
    for (unsigned int i = 0; i < 4; i++)
        if (((value >> (16 + 4 * i)) & 3) == 2)
            return -EPERM;
    return 0;
}

int pv_set_debugreg(struct vcpu *v, unsigned int reg, u64 value)
{
    int rc;

    switch (reg) {
    case 0 ... 3:
        if (!guest_addr_ok(value) || !guest_addr_ok(value + DR_LEN_MAX - 1))
            return -EPERM;
        break;
    case 6:
        if (value >> 32)
            return -EINVAL;
        value = (value & ~DR6_RESERVED_ZERO) | DR6_RESERVED_ONE;
        break;
    case 7:
        rc = check_dr7(value);
        if (rc)
            return rc;
        value = (value & ~DR7_RESERVED_ZERO) | DR7_RESERVED_ONE;
        break;
    default:
        return -EINVAL;
    }

    v->arch.debugreg[reg] = value;
    if (v == current)
        load_debugregs(v);
    return 0;
}

/* 4 and 5 are other names of 6 and 7, unless CR4.DE is set. 8: none such. */
static unsigned long debugreg_number(const struct vcpu *v, unsigned long reg)
{
    if (reg != 4 && reg != 5)
        return min(reg, 8UL);
    return v->arch.cr4 & X86_CR4_DE ? 8 : reg + 2;
}

long do_set_debugreg(unsigned long reg, unsigned long value, unsigned long a2,
                     unsigned long a3, unsigned long a4)
{
    UNUSED3();
    reg = debugreg_number(current, reg);
    return reg < 8 ? pv_set_debugreg(current, reg, value) : -ENODEV;
}

long do_get_debugreg(unsigned long reg, unsigned long a1, unsigned long a2,
                     unsigned long a3, unsigned long a4)
{
    (void)a1;
    UNUSED3();
    reg = debugreg_number(current, reg);
    if (reg >= 8)
        return -ENODEV;
    return current->arch.debugreg[array_index_nospec(reg, 8)];
}

long do_set_segment_base(unsigned long which, unsigned long base,
                         unsigned long a2, unsigned long a3, unsigned long a4)
{
    struct vcpu *v = current;

    UNUSED3();

    if (which == SEGBASE_GS_USER_SEL) {
        load_user_gs(base);
        return 0;
    }
    if (!is_canonical_address(base))
        return hc_error(-EINVAL);

    switch (which) {
    case SEGBASE_FS:
        v->arch.fs_base = base;
        wrmsr(MSR_FS_BASE, base);
        return 0;
    case SEGBASE_GS_USER:
        v->arch.gs_base_user = base;
        wrmsr(MSR_KERNEL_GS_BASE, base);
        return 0;
    case SEGBASE_GS_KERNEL:
        v->arch.gs_base_kernel = base;
        wrmsr(MSR_GS_BASE, base);
        return 0;
    default:
        return hc_error(-EINVAL);
    }
}

static void set_mask_flag(struct vcpu *v, unsigned int flag, bool mask)
{
    if (mask)
        v->arch.flags |= flag;
    else
        v->arch.flags &= ~flag;
}

static long callback_register(struct vcpu *v, const struct callback_register *r)
{
    bool mask = r->flags & CALLBACKF_mask_events;

    if (!is_canonical_address(r->address))
        return hc_error(-EINVAL);

    switch (r->type) {
    case CALLBACKTYPE_event:
        v->arch.event_callback = r->address;
        return 0;
    case CALLBACKTYPE_failsafe:
        v->arch.failsafe_callback = r->address;
        set_mask_flag(v, VCPU_FAILSAFE_MASKS, mask);
        return 0;
    case CALLBACKTYPE_syscall:
        v->arch.syscall_callback = r->address;
        set_mask_flag(v, VCPU_SYSCALL_MASKS, mask);
        return 0;
    case CALLBACKTYPE_syscall32:
        v->arch.syscall32_callback = r->address;
        set_mask_flag(v, VCPU_SYSCALL32_MASKS, mask);
        return 0;
    case CALLBACKTYPE_sysenter:
        v->arch.sysenter_callback = r->address;
        set_mask_flag(v, VCPU_SYSENTER_MASKS, mask);
        return 0;
    case CALLBACKTYPE_nmi:
        v->arch.nmi_callback = r->address;
        look_for_nmi(v);
        return 0;
    default:
        return -ENOSYS;
    }
}

long do_callback_op(unsigned long cmd, unsigned long arg, unsigned long a2,
                    unsigned long a3, unsigned long a4)
{
    struct callback_register reg;
    struct callback_unregister unreg;

    UNUSED3();

    switch (cmd) {
    case CALLBACKOP_register:
        if (copy_from_guest(&reg, arg, sizeof(reg)))
            return -EFAULT;
        return callback_register(current, &reg);
    case CALLBACKOP_unregister:
        if (copy_from_guest(&unreg, arg, sizeof(unreg)))
            return -EFAULT;
        if (unreg.type != CALLBACKTYPE_nmi)
            return unreg.type <= CALLBACKTYPE_syscall32 ? -EINVAL : -ENOSYS;
        current->arch.nmi_callback = 0;
        return 0;
    default:
        return -ENOSYS;
    }
}

long do_vm_assist(unsigned long cmd, unsigned long type, unsigned long a2,
                  unsigned long a3, unsigned long a4)
{
    struct domain *d = current->domain;

    UNUSED3();

    if (type >= BITS_PER_LONG || !((VM_ASSIST_VALID >> type) & 1))
        return -EINVAL;

    switch (cmd) {
    case VMASST_CMD_enable:
        set_bit(type, &d->vm_assist);
        return 0;
    case VMASST_CMD_disable:
        clear_bit(type, &d->vm_assist);
        return 0;
    default:
        return -ENOSYS;
    }
}
