/* SPDX-License-Identifier: MIT */
/* Looks at pending work are counted, and one of them may find some. */
#include "xen/softirq.h"

#include "asm/processor.h"
#include "fake/fake.h"

unsigned int fake_nr_preempt_checks;
unsigned long fake_cr3;

static unsigned int countdown;

void fake_preempt_at(unsigned int n)
{
    countdown = n;
}

bool fake_preempt_check(bool pending)
{
    fake_nr_preempt_checks++;
    if (countdown > 0 && --countdown == 0)
        return true;
    return pending;
}
