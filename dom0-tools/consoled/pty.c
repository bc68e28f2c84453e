/* SPDX-License-Identifier: MIT */
/*
 * Terminals by /dev/ptmx; see pty.h.
 *
 * The kernel says at the master's end when the last one closes the other end,
 * but not when somebody opens it: inotify does that.
 */
#include "consoled/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct consoled *consoled;

static void opened(struct guest *g)
{
    if (!g->pty.events) {
        g->pty.pos = g->history.head->shown;
        g->pty.events = EPOLLIN;
        if (poller_add(&g->pty.poller, EPOLLIN))
            g->pty.events = 0;
    }
    viewer_ready(&g->pty.poller, 0);
}

static void inotify_ready(struct poller *p, uint32_t events)
{
    char buffer[4096] __attribute__((aligned(8)));
    ssize_t len = read(p->fd, buffer, sizeof(buffer));
    char *at = buffer;

    (void)events;
    while (len >= (ssize_t)sizeof(struct inotify_event)) {
        const struct inotify_event *e = (const struct inotify_event *)at;
        size_t size = sizeof(*e) + e->len;
        struct guest *g = consoled->guests;

        while (g && g->watch != e->wd)
            g = g->next;
        if (g)
            opened(g);
        at += size;
        len -= (ssize_t)size;
    }
}

static struct poller inotify = {.fd = -1, .ready = inotify_ready};

int pty_init(struct consoled *d)
{
    consoled = d;
    inotify.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    return inotify.fd < 0 ? -errno : poller_add(&inotify, EPOLLIN);
}

/* The last one has closed it. */
static void closed(struct viewer *v)
{
    if (v->events)
        poller_remove(&v->poller);
    v->events = 0;
}

void pty_path(const struct guest *g, char *path)
{
    unsigned int number;

    if (g->pty.poller.fd < 0 || ioctl(g->pty.poller.fd, TIOCGPTN, &number))
        *path = 0;
    else
        snprintf(path, PTY_PATH_SIZE, "/dev/pts/%u", number);
}

/* Bytes as they are; the client's terminal does the rest. */
static int raw_make(int fd)
{
    struct termios t;

    if (tcgetattr(fd, &t))
        return -errno;
    cfmakeraw(&t);
    return tcsetattr(fd, TCSANOW, &t) ? -errno : 0;
}

int pty_open(struct guest *g)
{
    int fd = openat(g->d->dev_dir, "ptmx",
                    O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    char path[PTY_PATH_SIZE];
    int unlocked = 0, rc;

    if (fd < 0)
        return -errno;
    rc = ioctl(fd, TIOCSPTLCK, &unlocked) ? -errno : raw_make(fd);
    if (rc) {
        close(fd);
        return rc;
    }
    g->pty = (struct viewer){.poller = {.fd = fd, .ready = viewer_ready},
                             .guest = g,
                             .hung_up = closed};
    pty_path(g, path);
    g->watch = inotify_add_watch(inotify.fd, path, IN_OPEN);
    if (g->watch < 0) {
        rc = -errno;
        pty_close(g);
        return rc;
    }
    return 0;
}

void pty_close(struct guest *g)
{
    if (g->pty.poller.fd < 0)
        return;
    closed(&g->pty);
    if (g->watch > 0)
        inotify_rm_watch(inotify.fd, g->watch);
    g->watch = 0;
    close(g->pty.poller.fd);
    g->pty.poller.fd = -1;
}
