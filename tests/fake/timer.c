/* SPDX-License-Identifier: MIT */
/* Timers that fire when a test lets time go on. */
#include "xen/timer.h"

#include <stdlib.h>

#include "fake/fake.h"

#define MAX_TIMERS 256

static struct timer *active[MAX_TIMERS];

void timer_init(struct timer *t, void (*function)(void *), void *data,
                unsigned int cpu)
{
    *t = (struct timer){.function = function,
                        .data = data,
                        .cpu = cpu,
                        .status = TIMER_inactive};
}

void timer_stop(struct timer *t)
{
    if (t->status != TIMER_in_heap)
        return;
    for (unsigned int i = 0; i < MAX_TIMERS; i++)
        if (active[i] == t)
            active[i] = NULL;
    t->status = TIMER_inactive;
}

void timer_set(struct timer *t, s_time_t deadline)
{
    unsigned int i = 0;

    if (t->status == TIMER_killed)
        return;
    timer_stop(t);
    while (i < MAX_TIMERS && active[i] != NULL)
        i++;
    if (i == MAX_TIMERS)
        abort();
    active[i] = t;
    t->deadline = deadline;
    t->status = TIMER_in_heap;
}

void timer_migrate(struct timer *t, unsigned int cpu)
{
    t->cpu = cpu;
}

void timer_kill(struct timer *t)
{
    timer_stop(t);
    t->status = TIMER_killed;
}

static struct timer *first_due(s_time_t until)
{
    struct timer *first = NULL;

    for (unsigned int i = 0; i < MAX_TIMERS; i++)
        if (active[i] != NULL && active[i]->deadline <= until &&
            (first == NULL || active[i]->deadline < first->deadline))
            first = active[i];

    return first;
}

void fake_run_timers(s_time_t until)
{
    struct timer *t;

    while ((t = first_due(until)) != NULL) {
        fake_now = max(fake_now, t->deadline);
        timer_stop(t);
        t->function(t->data);
    }
    fake_now = max(fake_now, until);
}
