/* SPDX-License-Identifier: MIT */
/* System time stands still until a test moves it. */
#include "xen/time.h"

#include "fake/fake.h"

s_time_t fake_now;
s_time_t fake_programmed[FAKE_NR_CPUS];
unsigned long tsc_khz = 1000000;

s_time_t NOW(void)
{
    return fake_now;
}

void reprogram_timer(s_time_t deadline)
{
    fake_programmed[smp_processor_id()] = deadline;
}

void update_vcpu_system_time(struct vcpu *v)
{
    (void)v;
}

void update_domain_wallclock(struct domain *d)
{
    (void)d;
}
