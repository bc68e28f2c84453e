/* SPDX-License-Identifier: MIT */
/* System time and waits with a limit. */
#include "guest.h"

uint64_t time_ns(void)
{
    const struct vcpu_time_info *info = &vcpu_info(this_vcpu()->id)->time;
    uint64_t delta, now;
    uint32_t version;

    do {
        version = READ_ONCE(info->version);
        barrier();
        delta = rdtsc() - info->tsc_timestamp;
        delta = info->tsc_shift < 0 ? delta >> -info->tsc_shift
                                    : delta << info->tsc_shift;
        now = info->system_time +
              (uint64_t)((unsigned __int128)delta * info->tsc_to_system_mul >>
                         32);
        barrier();
    } while ((version & 1) || version != READ_ONCE(info->version));
    return now;
}

bool wait_until(volatile unsigned int *word, unsigned int value,
                unsigned int ms)
{
    uint64_t end = time_ns() + ms * MS;

    while (*word != value) {
        if (time_ns() > end)
            return false;
        sleep_ms(1);
    }
    return true;
}

void sleep_ms(unsigned int ms)
{
    struct sched_poll poll = {.timeout = time_ns() + ms * MS};

    /* Any event of the domain ends a poll, too. */
    do
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
    while (time_ns() < poll.timeout);
}
