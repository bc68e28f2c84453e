/* SPDX-License-Identifier: MIT */
/* Continuations are remembered for the test to look at. */
#include "xen/hypercall.h"

#include "fake/fake.h"

unsigned long fake_continue_args[5];

void hypercall_continue(unsigned long a0, unsigned long a1, unsigned long a2,
                        unsigned long a3, unsigned long a4)
{
    fake_continue_args[0] = a0;
    fake_continue_args[1] = a1;
    fake_continue_args[2] = a2;
    fake_continue_args[3] = a3;
    fake_continue_args[4] = a4;
}

#if CONFIG_DEBUG
long hc_error_at(long rc, const char *file, unsigned int line)
{
    (void)file;
    (void)line;
    return rc;
}
#endif

bool hypercall_allowed(enum hc_right right)
{
    const struct domain *d = current->domain;

    return right == HC_ANY || (right == HC_CONTROL && d->is_control) ||
           (right == HC_HARDWARE && d->is_hardware);
}
