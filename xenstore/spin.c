/* SPDX-License-Identifier: MIT */
/*
 * A toolstack asks one thing after the other. Where its CPU and the daemon's
 * are different and have nothing else to do, each request wakes a halted CPU,
 * and that takes longer than all the rest of it, in a virtual machine several
 * times as long. So the daemon looks again for a while before it sleeps, if
 * that has a point:
 *
 * - Only while requests come in quick succession: the time that it last slept
 *   tells. A daemon that has little to do sleeps at once.
 * - Only while nobody else wants the CPU. Between two looks it is offered to
 *   others; if one takes it, that may well be the client, and then sleeping is
 *   the quickest way to its next request. The daemon sleeps at once from then
 *   on, and tries again after a time that doubles as long as it is in vain.
 *
 * So what it burns, at most LOOK_NS for a request, nobody else would have had.
 */
#include "spin.h"

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* How long to look: about what it takes a client to be woken and to ask. */
#define LOOK_NS 50000

/* An offer that took longer was taken. */
#define OFFER_NS 3000

/* Pause after the CPU was wanted. */
#define PAUSE_MIN_NS 200000
#define PAUSE_MAX_NS 100000000

static bool quick;         /* requests come quickly */
static uint64_t resume_at; /* when to look again */
static uint64_t pause_ns = PAUSE_MIN_NS;

static uint64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Look for events until it has no point any more; *now_out is the time. */
static int look(int epoll_fd, struct epoll_event *events, int max,
                uint64_t *now_out)
{
    uint64_t end = *now_out + LOOK_NS, before;
    int nr = epoll_wait(epoll_fd, events, max, 0);

    while (!nr && *now_out < end) {
        before = *now_out;
        sched_yield();
        *now_out = clock_ns();
        if (*now_out - before > OFFER_NS) {
            resume_at = *now_out + pause_ns;
            if (pause_ns < PAUSE_MAX_NS)
                pause_ns *= 2;
            return 0;
        }
        nr = epoll_wait(epoll_fd, events, max, 0);
        if (nr)
            pause_ns = PAUSE_MIN_NS;
    }
    return nr;
}

int spin_wait(int epoll_fd, struct epoll_event *events, int max)
{
    uint64_t now = clock_ns();
    int nr;

    if (quick && now >= resume_at) {
        nr = look(epoll_fd, events, max, &now);
        if (nr)
            return nr;
    }
    nr = epoll_wait(epoll_fd, events, max, -1);
    quick = clock_ns() - now < LOOK_NS;
    return nr;
}
