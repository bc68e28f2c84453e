/* SPDX-License-Identifier: MIT */
/*
 * Sockets of single consoles; see channel_socket.h. While one client is there,
 * the next one waits in the queue of the kernel.
 */
#include "consoled/channel_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "consoled/protocol.h"

#define NAME_SIZE 32

static int address_make(const struct consoled *d, const char *name,
                        struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    return snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s",
                    d->options.run_folder,
                    name) < (int)sizeof(address->sun_path)
               ? 0
               : -ENAMETOOLONG;
}

int socket_listen(const struct consoled *d, const char *name, int backlog)
{
    struct sockaddr_un address;
    int rc = address_make(d, name, &address), fd;
    mode_t mask;

    if (rc)
        return rc;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    unlinkat(AT_FDCWD, address.sun_path, 0);
    mask = umask(0177);
    rc = bind(fd, (struct sockaddr *)&address, sizeof(address));
    umask(mask);
    if (!rc && !listen(fd, backlog))
        return fd;
    rc = -errno;
    close(fd);
    return rc;
}

static void name_make(const struct guest *g, char *name)
{
    snprintf(name, NAME_SIZE, CONSOLED_CHANNEL_SOCKET, g->domid, g->number);
}

/* It has hung up: the next one may come, unless the guest is gone. */
static void client_gone(struct viewer *v)
{
    struct guest *g = v->guest;
    bool next = !g->is_gone && g->socket.listener.fd >= 0;

    g->socket.client = NULL;
    guest_unview(v); /* frees a guest that is gone */
    close(v->poller.fd);
    free(v);
    if (next)
        poller_add(&g->socket.listener, EPOLLIN);
}

static void listener_ready(struct poller *p, uint32_t events)
{
    struct guest *g = ((struct channel_socket *)p)->guest;
    int fd = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct viewer *v;

    (void)events;
    if (fd < 0)
        return;
    v = calloc(1, sizeof(*v));
    if (!v) {
        close(fd);
        return;
    }
    *v = (struct viewer){.poller = {.fd = fd, .ready = viewer_ready},
                         .hung_up = client_gone};
    poller_remove(p);
    g->socket.client = v;
    guest_view(g, v, g->history.head->shown);
}

int channel_socket_open(struct guest *g)
{
    char name[NAME_SIZE];
    int fd, rc;

    name_make(g, name);
    fd = socket_listen(g->d, name, 1);
    if (fd < 0)
        return fd;
    g->socket = (struct channel_socket){
        .listener = {.fd = fd, .ready = listener_ready}, .guest = g};
    rc = poller_add(&g->socket.listener, EPOLLIN);
    if (rc) {
        close(fd);
        g->socket.listener.fd = -1;
    }
    return rc;
}

void channel_socket_close(struct guest *g)
{
    struct sockaddr_un address;
    char name[NAME_SIZE];

    if (g->socket.listener.fd < 0)
        return;
    if (!g->socket.client)
        poller_remove(&g->socket.listener);
    close(g->socket.listener.fd);
    g->socket.listener.fd = -1;
    name_make(g, name);
    if (!address_make(g->d, name, &address))
        unlinkat(AT_FDCWD, address.sun_path, 0);
}
