/* SPDX-License-Identifier: MIT */
/*
 * Multicall: hypercalls in a row, each with its own result. An entry that wants
 * to be continued has its arguments rewritten in the guest's array, and the
 * multicall itself is continued from there.
 */
#include "xen/multicall.h"

#include "public/xen.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/hypercall.h"
#include "xen/percpu.h"
#include "xen/softirq.h"
#include "xen/vcpu.h"
#include "asm/guest_word.h"

#define ENTRY_WORDS (sizeof(struct multicall_entry) / sizeof(u64))

/* Arguments that multicall_continue() stored. */
static DEFINE_PER_CPU(struct hypercall_args, continuation);

/* cpu_info.in_multicall: an entry is being executed; and it stored arguments.
 * A result that looks like -ERESTART without these is just a number. */
#define MULTICALL_RUNNING   1
#define MULTICALL_CONTINUED 2

void multicall_continue(const unsigned long args[6])
{
    for (unsigned int i = 0; i < 6; i++)
        this_cpu(continuation).arg[i] = args[i];
    get_cpu_info()->in_multicall = MULTICALL_CONTINUED;
}

/* Make one call. Returns its result, and whether it is to be continued. */
static long call_entry(const struct multicall_entry *entry, bool *continued)
{
    const unsigned long *args = (const unsigned long *)entry->args;
    long rc;

    *continued = false;
    if (entry->op == __HYPERVISOR_multicall)
        return -EINVAL;

    get_cpu_info()->in_multicall = MULTICALL_RUNNING;
    rc = hypercall_dispatch(entry->op, args);
    *continued =
        rc == -ERESTART && get_cpu_info()->in_multicall == MULTICALL_CONTINUED;
    get_cpu_info()->in_multicall = 0;
    return rc;
}

/* Store a result, or the arguments to go on with. Returns 0 or -EFAULT. */
static int finish_entry(u64 va, struct multicall_entry *entry, long rc,
                        bool continued)
{
    const struct hypercall_args *cont = &this_cpu(continuation);

    if (!continued)
        return put_guest_u64(va + offsetof(struct multicall_entry, result), rc);

    for (unsigned int i = 0; i < ARRAY_SIZE(entry->args); i++)
        entry->args[i] = cont->arg[i];
    return copy_to_guest(va, entry, sizeof(*entry));
}

long do_multicall(unsigned long list, unsigned long nr, unsigned long a2,
                  unsigned long a3, unsigned long a4)
{
    struct multicall_entry entry;
    struct vcpu *v = current;
    bool continued;
    long rc;

    (void)a2, (void)a3, (void)a4;

    if (!guest_array_ok(list, nr, sizeof(entry)))
        return -EFAULT;

    for (unsigned long i = 0; i < nr; i++) {
        u64 va = list + i * sizeof(entry);

        if (i > 0 && hypercall_preempt_check()) {
            hypercall_continue(va, nr - i, 0, 0, 0);
            return -ERESTART;
        }
        if (get_guest_words(&entry, va, ENTRY_WORDS))
            return -EFAULT;

        rc = call_entry(&entry, &continued);

        /* An iret left the guest's kernel: its memory is not ours to write any
         * more, and what remains was asked for by nobody. */
        if (unlikely(!arch_guest_in_kernel(v)))
            return guest_regs()->rax;
        if (finish_entry(va, &entry, rc, continued))
            return -EFAULT;
        if (continued) {
            hypercall_continue(va, nr - i, 0, 0, 0);
            return -ERESTART;
        }
    }
    return 0;
}
