/* SPDX-License-Identifier: MIT */
/* Opening and closing a connection. */
#include "handle.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The kernel's ways to the daemon, for those who have no socket. */
static const char *const devices[] = {
    "/dev/xen/xenbus",
    "/proc/xen/xenbus",
};

static int open_device(const char *path)
{
    return open(path, O_RDWR | O_CLOEXEC);
}

static int connect_socket(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd, rc;

    if (strlen(path) >= sizeof(addr.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(addr.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    do
        rc = connect(fd, (struct sockaddr *)&addr, sizeof(addr));
    while (rc < 0 && errno == EINTR);
    if (rc == 0)
        return fd;
    rc = errno;
    close(fd);
    errno = rc;
    return -1;
}

/* The path that xs_daemon_socket() names may also be that of a device. */
static int connect_daemon(bool *is_socket_out)
{
    const char *path = xs_daemon_socket();
    struct stat st;

    *is_socket_out = true;
    if (!path)
        return -1;
    if (stat(path, &st) == 0) {
        *is_socket_out = S_ISSOCK(st.st_mode);
        return *is_socket_out ? connect_socket(path) : open_device(path);
    }
    return -1;
}

/* Returns -1 with what kept us from the socket, if there is one. */
static int connect_any(bool *is_socket_out)
{
    int fd = connect_daemon(is_socket_out);
    int error = errno;

    for (size_t i = 0; fd < 0 && i < sizeof(devices) / sizeof(*devices); i++) {
        *is_socket_out = false;
        fd = open_device(devices[i]);
        if (fd < 0 && error == ENOENT)
            error = errno;
    }
    errno = error;
    return fd;
}

struct xs_handle *xs_open(unsigned long flags)
{
    struct xs_handle *h = calloc(1, sizeof(*h));
    int error;

    if (!h)
        return NULL;
    h->fd = connect_any(&h->is_socket);
    if (h->fd < 0) {
        error = errno;
        free(h);
        errno = error;
        return NULL;
    }
    h->unwatch_filter = flags & XS_UNWATCH_FILTER;
    h->events_tail = &h->events;
    xs_look_init(&h->look);
    h->event_fd = h->poll_fd = -1;
    pthread_mutex_init(&h->tx_lock, NULL);
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->event_cond, NULL);
    return h;
}

/* The child of a fork may have been given locks that nobody will release. */
void xs_daemon_destroy_postfork(struct xs_handle *h)
{
    if (!h)
        return;
    if (h->poll_fd >= 0)
        close(h->poll_fd);
    if (h->event_fd >= 0)
        close(h->event_fd);
    h->event_fd = -1;
    close(h->fd);
    xs_drop_events_locked(h);
    free(h);
}

void xs_close(struct xs_handle *h)
{
    if (!h)
        return;
    pthread_mutex_destroy(&h->tx_lock);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->event_cond);
    xs_daemon_destroy_postfork(h);
}

struct xs_handle *xs_daemon_open(void)
{
    return xs_open(0);
}

struct xs_handle *xs_domain_open(void)
{
    return xs_open(0);
}

struct xs_handle *xs_daemon_open_readonly(void)
{
    return xs_open(0);
}

void xs_daemon_close(struct xs_handle *h)
{
    xs_close(h);
}
