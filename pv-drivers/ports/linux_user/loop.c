/* SPDX-License-Identifier: MIT */
/* The loop, timers and the log. */
#include "internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <syslog.h>
#include <time.h>

#include "pv/timers.h"

#define BATCH 16

static int epoll_fd = -1;
static bool to_syslog;
static int (*other_wait)(uint64_t until_ns);

/* ---- Descriptors ------------------------------------------------------ */

int port_poll(struct port_poller *poller)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = poller};

    poller->writable = false;
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, poller->fd, &event) ? -errno : 0;
}

void port_unpoll(struct port_poller *poller)
{
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, poller->fd, NULL);
}

void port_poll_writable(struct port_poller *poller, bool wanted)
{
    struct epoll_event event = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0U),
                                .data.ptr = poller};

    if (poller->writable == wanted)
        return;
    poller->writable = wanted;
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, poller->fd, &event);
}

void port_wait_by(int (*wait)(uint64_t until_ns))
{
    other_wait = wait;
}

int port_loop_fd(void)
{
    return epoll_fd;
}

static int open_named(const char *name, int (*open_it)(void))
{
    int rc = open_it();

    if (rc)
        os_log("%s: %s", name, strerror(-rc));
    return rc;
}

int port_loop_open(void)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return epoll_fd < 0 ? -errno : 0;
}

int port_open(void)
{
    int rc = port_loop_open();

    if (!rc)
        rc = open_named("/dev/xen/evtchn", port_events_open);
    if (!rc)
        rc = open_named("/dev/xen/gntdev", port_grants_open);
    if (!rc)
        rc = open_named("xenstore", port_store_open);
    return rc;
}

/* ---- Time and the loop ------------------------------------------------ */

uint64_t os_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* Milliseconds until the next timer; -1: none. */
static int timers_wait(void)
{
    uint64_t next = timers_next(), now = os_now_ns();

    if (next == TIMERS_NONE)
        return -1;
    if (next <= now)
        return 0;
    /* Rounded up, and not too far for an int. */
    return (int)((next - now) % 3600000000000U / 1000000 + 1);
}

/* A poller that another one's function has removed may be called once more for
 * what it had: those of this port live for good. */
static int wait_and_call(int milliseconds)
{
    struct epoll_event events[BATCH];
    int nr = epoll_wait(epoll_fd, events, BATCH, milliseconds);

    if (nr < 0 && errno != EINTR)
        return -errno;
    for (int i = 0; i < nr; i++) {
        struct port_poller *poller = events[i].data.ptr;

        poller->ready(poller->arg);
    }
    return 0;
}

void port_ready(void)
{
    wait_and_call(0);
}

int port_run(void)
{
    int rc;

    if (other_wait)
        return other_wait(timers_next());
    rc = wait_and_call(timers_wait());
    if (!rc)
        timers_run();
    return rc;
}

/* ---- The log ---------------------------------------------------------- */

void port_log_to_syslog(const char *name)
{
    openlog(name, LOG_PID | LOG_NDELAY, LOG_DAEMON);
    to_syslog = true;
}

/* A guest may give reason for lines without end: more than these are dropped,
 * and counted. */
#define LINES_PER_SECOND 20U

static bool may_log(void)
{
    static uint64_t second;
    static unsigned int nr_lines, nr_dropped;
    uint64_t now = os_now_ns() / 1000000000U;

    if (second == now && nr_lines == LINES_PER_SECOND) {
        nr_dropped++;
        return false;
    }
    if (second != now) {
        unsigned int dropped = nr_dropped;

        second = now;
        nr_lines = 0;
        nr_dropped = 0;
        if (dropped)
            os_log("%u lines were too many and are not here", dropped);
    }
    nr_lines++;
    return true;
}

void os_log(const char *format, ...)
{
    va_list args;

    if (!may_log())
        return;
    va_start(args, format);
    if (to_syslog) {
        vsyslog(LOG_WARNING, format, args);
    } else {
        vfprintf(stderr, format, args);
        fputc('\n', stderr);
    }
    va_end(args);
}
