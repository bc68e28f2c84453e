/* SPDX-License-Identifier: MIT */
/*
 * Timers for ports of kernels that have no better: core/timers.c has
 * os_timer_set() and os_timer_cancel(), and needs os_now_ns().
 */
#ifndef PV_TIMERS_H
#define PV_TIMERS_H

#include "pv/os.h"

/* No timer is set. */
#define TIMERS_NONE UINT64_MAX

/** When the first one is due, by os_now_ns(). */
uint64_t timers_next(void);

/** Call those that are due now. One that is set meanwhile waits for the next
 * call. */
void timers_run(void);

#endif
