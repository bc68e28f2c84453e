/* SPDX-License-Identifier: MIT */
/*
 * A toolstack asks one thing after the other. Where its CPU and the daemon's
 * are different ones with nothing else to do, each request wakes a CPU that has
 * halted, which takes longer than all the rest of it, in a virtual machine
 * several times as long. So the daemon looks again for a while before it
 * sleeps:
 *
 * - Only while requests come in quick succession: the time that it last slept
 *   tells. A daemon with little to do sleeps at once.
 * - Only while nobody else wants the CPU: between two looks it is offered to
 *   others. If one takes it, that may well be the client, and then sleeping is
 *   the quickest way to its next request.
 * - Only while it helps. After a look in vain comes a pause, which doubles from
 *   each such look to the next. This also holds where nobody can be seen to
 *   want the CPU: the client may be a guest that the hypervisor would run
 * there.
 *
 * So what it burns is at most LOOK_NS for a quick request, of a CPU that nobody
 * else would have used.
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

/* The pause after looking in vain. */
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

/* Let others have the CPU; false if they want it. *now is kept up to date. */
static bool offer_cpu(uint64_t *now)
{
    uint64_t before = *now;

    sched_yield();
    *now = clock_ns();
    return *now - before <= OFFER_NS;
}

/* Look for events until that has no point any more. */
static int look(int epoll_fd, struct epoll_event *events, int max,
                uint64_t *now)
{
    uint64_t end = *now + LOOK_NS;
    int nr = epoll_wait(epoll_fd, events, max, 0);

    if (nr)
        return nr;
    while (offer_cpu(now) && *now < end) {
        nr = epoll_wait(epoll_fd, events, max, 0);
        if (nr) {
            pause_ns = PAUSE_MIN_NS;
            return nr;
        }
    }
    resume_at = *now + pause_ns;
    if (pause_ns < PAUSE_MAX_NS)
        pause_ns *= 2;
    return 0;
}

int spin_wait(int epoll_fd, struct epoll_event *events, int max, int timeout)
{
    uint64_t now;
    int nr = 0;

    if (!timeout)
        return epoll_wait(epoll_fd, events, max, 0);
    now = clock_ns();
    if (quick && now >= resume_at)
        nr = look(epoll_fd, events, max, &now);
    if (nr)
        return nr;
    nr = epoll_wait(epoll_fd, events, max, timeout);
    quick = clock_ns() - now < LOOK_NS;
    return nr;
}
