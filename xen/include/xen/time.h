/* SPDX-License-Identifier: MIT */
/* System time: nanoseconds since start, the same on all CPUs. */
#ifndef XEN_TIME_H
#define XEN_TIME_H

#include "xen/types.h"

/** Now. Monotonic across CPUs. Callable everywhere. */
s_time_t NOW(void);

/** At system time `stime` the wall clock showed sec.nsec; all guests are told.
 * Locks: LOCK_TIME. */
void wallclock_set(u64 sec, u32 nsec, s_time_t stime);

/** Write the domain's wallclock fields of shared_info. */
void update_domain_wallclock(struct domain *d);
/** Refresh the vcpu's vcpu_time_info (and its registered area if current). */
void update_vcpu_system_time(struct vcpu *v);

/** Rate of the time stamp counter in kHz. */
extern unsigned long tsc_khz;

/** Let this CPU's next timer interrupt come at `deadline` (0: none). */
void reprogram_timer(s_time_t deadline);

#endif
