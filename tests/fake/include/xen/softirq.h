/* SPDX-License-Identifier: MIT */
/* A test says at which look at pending work a long call has to stop. */
#ifndef FAKE_XEN_SOFTIRQ_H
#define FAKE_XEN_SOFTIRQ_H

#define hypercall_preempt_check(none) real_preempt_check(none)
#include_next "xen/softirq.h"
#undef hypercall_preempt_check

/* preempt.c */
bool fake_preempt_check(bool pending);

static inline bool hypercall_preempt_check(void)
{
    return fake_preempt_check(real_preempt_check());
}

#endif
