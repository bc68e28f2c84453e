/* SPDX-License-Identifier: MIT */
/*
 * A daemon on another CPU answers in a few microseconds. To sleep meanwhile
 * takes longer: this CPU may halt, and the daemon has to wake it, in a virtual
 * machine by way of the hypervisor. So who waits for a reply looks for it for a
 * while before it sleeps:
 *
 * - LOOK_NS at most for each reply, and never for an event.
 * - Only while it helps. A daemon that needs this CPU, or is slow, is looked
 *   for in vain; then comes a pause, and it grows by each such look. What helps
 *   shortens it again.
 *
 * The CPU is not offered to others meanwhile: on a busy one that costs the rest
 * of a time slice, where who sleeps is run again as soon as its reply is there.
 */
#include "look.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <time.h>

#define LOOK_NS      50000

#define PAUSE_MIN_NS 50000
#define PAUSE_MAX_NS 100000000

static uint64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void xs_look_init(struct look *l)
{
    *l = (struct look){.never = get_nprocs() == 1};
}

static void helped(struct look *l, uint64_t now)
{
    l->pause_ns /= 2;
    if (l->pause_ns < PAUSE_MIN_NS)
        l->pause_ns = 0;
    l->resume_at = now + l->pause_ns;
}

/* One in vain weighs as much as two that helped: it costs more than one that
 * helps is worth. */
static void in_vain(struct look *l, uint64_t now)
{
    l->pause_ns = 4 * (l->pause_ns ? l->pause_ns : PAUSE_MIN_NS);
    if (l->pause_ns > PAUSE_MAX_NS)
        l->pause_ns = PAUSE_MAX_NS;
    l->resume_at = now + l->pause_ns;
}

ssize_t xs_look(struct look *l, int fd, void *buf, size_t size)
{
    uint64_t now, end;
    ssize_t got;

    errno = EAGAIN;
    if (l->never || (now = clock_ns()) < l->resume_at)
        return -1;
    got = recv(fd, buf, size, MSG_DONTWAIT);
    if (got >= 0 || errno != EAGAIN)
        return got;
    for (end = now + LOOK_NS; now < end; now = clock_ns()) {
        got = recv(fd, buf, size, MSG_DONTWAIT);
        if (got >= 0 || errno != EAGAIN) {
            helped(l, now);
            return got;
        }
    }
    in_vain(l, now);
    errno = EAGAIN;
    return -1;
}
