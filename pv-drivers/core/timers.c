/* SPDX-License-Identifier: MIT */
/* A list of timers; see timers.h. */
#include "pv/timers.h"

/* In the order of their deadlines. */
static struct os_timer *timers;

void os_timer_set(struct os_timer *timer, uint64_t deadline_ns)
{
    struct os_timer **link = &timers;

    os_timer_cancel(timer);
    timer->deadline_ns = deadline_ns;
    timer->set = true;
    while (*link && (*link)->deadline_ns <= deadline_ns)
        link = &(*link)->next;
    timer->next = *link;
    *link = timer;
}

void os_timer_cancel(struct os_timer *timer)
{
    struct os_timer **link = &timers;

    if (!timer->set)
        return;
    while (*link != timer)
        link = &(*link)->next;
    *link = timer->next;
    timer->set = false;
}

uint64_t timers_next(void)
{
    return timers ? timers->deadline_ns : TIMERS_NONE;
}

void timers_run(void)
{
    uint64_t now = os_now_ns();

    while (timers && timers->deadline_ns <= now) {
        struct os_timer *timer = timers;

        os_timer_cancel(timer);
        timer->fn(timer->arg);
    }
}
