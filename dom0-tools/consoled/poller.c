/* SPDX-License-Identifier: MIT */
/* epoll; see poller.h. */
#include "consoled/poller.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>

#define MAX_EVENTS 64

static int epoll_fd = -1;

/* What the present round has still to look at. */
static struct epoll_event found[MAX_EVENTS];
static int nr_found;

int poller_init(void)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return epoll_fd < 0 ? -errno : 0;
}

int poller_add(struct poller *p, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = p};

    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, p->fd, &event) ? -errno : 0;
}

void poller_change(struct poller *p, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = p};

    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, p->fd, &event);
}

void poller_remove(struct poller *p)
{
    int i;

    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, p->fd, NULL);
    for (i = 0; i < nr_found; i++)
        if (found[i].data.ptr == p)
            found[i].data.ptr = NULL;
}

void poller_round(int timeout_ms)
{
    int i;

    nr_found = epoll_wait(epoll_fd, found, MAX_EVENTS, timeout_ms);
    for (i = 0; i < nr_found; i++) {
        struct poller *p = found[i].data.ptr;

        if (p)
            p->ready(p, found[i].events);
    }
    nr_found = 0;
}
