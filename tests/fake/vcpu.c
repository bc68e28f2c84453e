/* SPDX-License-Identifier: MIT */
/* Waking, stopping and kicking vcpus is counted. */
#include "xen/sched.h"

#include "fake/fake.h"

unsigned int fake_nr_wakes, fake_nr_sleeps, fake_nr_kicks;

void vcpu_wake(struct vcpu *v)
{
    (void)v;
    fake_nr_wakes++;
}

void vcpu_sleep_nosync(struct vcpu *v)
{
    (void)v;
    fake_nr_sleeps++;
}

void vcpu_sleep_sync(struct vcpu *v)
{
    vcpu_sleep_nosync(v);
}

void vcpu_unblock(struct vcpu *v)
{
    if (test_and_clear_bit(VPF_blocked, &v->pause_flags))
        vcpu_wake(v);
}

void vcpu_kick(struct vcpu *v)
{
    (void)v;
    fake_nr_kicks++;
}
