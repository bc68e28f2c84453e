/* SPDX-License-Identifier: MIT */
/* From a hypercall's number to its handler, and how a long one is continued. */
#include "xen/hypercall.h"

#include "public/xen.h"
#include "xen/domain.h"
#include "xen/errno.h"
#include "xen/multicall.h"
#include "xen/printk.h"
#include "xen/softirq.h"
#include "xen/vcpu.h"

struct hypercall {
    hypercall_fn fn;
    u8 right; /* enum hc_right */
};

static const struct hypercall hypercalls[NR_HYPERCALLS] = {
#define HYPERCALL(nr, name, nr_args, who) [nr] = {do_##name, who},
#include "xen/hypercall_list.h"
#undef HYPERCALL
};

bool hypercall_allowed(enum hc_right right)
{
    const struct domain *d = current->domain;

    return right == HC_ANY || (right == HC_CONTROL && d->is_control) ||
           (right == HC_HARDWARE && d->is_hardware);
}

long hypercall_dispatch(unsigned long nr, const unsigned long args[6])
{
    const struct hypercall *h;

    if (nr >= NR_HYPERCALLS)
        return -ENOSYS;
    h = &hypercalls[nr & (NR_HYPERCALLS - 1)]; /* also when mispredicted */
    if (!h->fn)
        return -ENOSYS;
    if (!hypercall_allowed(h->right))
        return -EPERM;
    return h->fn(args[0], args[1], args[2], args[3], args[4]);
}

/* For the numbers that not everybody may call, or nobody. */
static long call_checked(unsigned long a0, unsigned long a1, unsigned long a2,
                         unsigned long a3, unsigned long a4)
{
    const unsigned long args[6] = {a0, a1, a2, a3, a4, 0};

    return hypercall_dispatch(guest_regs()->rax, args);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
const hypercall_fn hypercall_entries[NR_HYPERCALLS] = {
    [0 ... NR_HYPERCALLS - 1] = call_checked,
#define HYPERCALL(nr, name, nr_args, who)                                      \
    [nr] = (who) == HC_ANY ? do_##name : call_checked,
#include "xen/hypercall_list.h"
#undef HYPERCALL
};
#pragma GCC diagnostic pop

static void continue_softirq(void)
{
}

void hypercall_init(void)
{
    softirq_open(CONTINUE_SOFTIRQ, continue_softirq);
}

void hypercall_continue(unsigned long a0, unsigned long a1, unsigned long a2,
                        unsigned long a3, unsigned long a4)
{
    struct cpu_regs *regs = guest_regs();

    if (get_cpu_info()->in_multicall) {
        const unsigned long args[6] = {a0, a1, a2, a3, a4, 0};

        multicall_continue(args);
        return;
    }

    /* Its result is none: the way out, which looks for it only if there is
     * deferred work, leaves rax as the call's number. */
    raise_softirq(CONTINUE_SOFTIRQ);
    regs->rip -= 2; /* SYSCALL is two bytes */
    regs->rdi = a0;
    regs->rsi = a1;
    regs->rdx = a2;
    regs->r10 = a3;
    regs->r8 = a4;
}

#if CONFIG_DEBUG
long hc_error_at(long rc, const char *file, unsigned int line)
{
    gprintk_v(current, XENLOG_G_DEBUG, "error %ld at %s:%u\n", rc, file, line);
    return rc;
}
#endif
