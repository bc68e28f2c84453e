/* SPDX-License-Identifier: MIT */
/* Clients by a local socket. */
#include "conn_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

/* Bytes that are read at once. */
#define READ_SIZE 8192

/* What is there is read until it is no more, or the client has to wait. */
#define SOCKET_EVENTS (EPOLLIN | EPOLLRDHUP | EPOLLET)

struct conn_socket {
    struct conn conn;
    struct poller poller;
    bool drained; /* nothing to read before the next EPOLLIN */
    bool waiting; /* for room in the socket */
};

static struct conn_socket *of(struct conn *c)
{
    return list_entry((struct list *)(void *)c, struct conn_socket, conn);
}

static bool socket_fill(struct conn *c)
{
    static char in[READ_SIZE]; /* so that c->in is as long as what came */
    struct conn_socket *s = of(c);
    ssize_t n;

    if (s->drained)
        return false;
    n = recv(s->poller.fd, in, sizeof(in), MSG_DONTWAIT);
    if (n > 0) {
        s->drained = n < READ_SIZE;
        buf_add(&c->in, in, n);
        return true;
    }
    s->drained = true;
    if (n == 0 || (errno != EAGAIN && errno != EINTR))
        c->dead = true;
    return false;
}

static void socket_flush(struct conn *c)
{
    struct conn_socket *s = of(c);
    ssize_t n;

    c->out_new = 0;
    c->in_new = false;
    if (!c->out.len)
        return;
    n = send(s->poller.fd, buf_front(&c->out), c->out.len,
             MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        c->dead = true;
        return;
    }
    if (n > 0)
        buf_take(&c->out, n);
    if (s->waiting != (c->out.len > 0)) {
        s->waiting = c->out.len > 0;
        poller_change(&s->poller, SOCKET_EVENTS | (s->waiting ? EPOLLOUT : 0));
    }
}

static void socket_end(struct conn *c)
{
    struct conn_socket *s = of(c);

    /* A client that has only ended its requests gets what it asked for. */
    if (c->out.len)
        send(s->poller.fd, buf_front(&c->out), c->out.len,
             MSG_DONTWAIT | MSG_NOSIGNAL);
    conn_fini(c);
    close(s->poller.fd);
    free(s);
}

static const struct conn_kind socket_kind = {
    .fill = socket_fill,
    .flush = socket_flush,
    .end = socket_end,
};

static void socket_ready(struct poller *p, uint32_t events)
{
    struct conn_socket *s =
        list_entry((struct list *)(void *)p, struct conn_socket, poller);

    if (events & ~EPOLLOUT) {
        s->drained = false;
        conn_wake(&s->conn);
    }
    if (events & EPOLLOUT)
        conn_mark_dirty(&s->conn);
}

struct conn *conn_socket_new(int fd)
{
    struct conn_socket *s = xzalloc(sizeof(*s));

    conn_init(&s->conn, &socket_kind, 0);
    s->poller.ready = socket_ready;
    s->poller.fd = fd;
    poller_add(&s->poller, SOCKET_EVENTS);
    return &s->conn;
}

int conn_socket_fd(const struct conn *c)
{
    return c->kind == &socket_kind ? of((struct conn *)c)->poller.fd : -1;
}

static struct poller listener = {.fd = -1};

int conn_socket_listener(void)
{
    return listener.fd;
}

static void accept_ready(struct poller *p, uint32_t events)
{
    int fd;

    (void)events;
    while ((fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
        conn_socket_new(fd);
    if (errno == EMFILE || errno == ENFILE)
        log_line(LOG_LEVEL_ERROR, "no descriptors for another client");
}

int conn_socket_bind(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    mode_t mask;
    int fd, rc;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    unlink(path);
    mask = umask(0177);
    rc = bind(fd, (struct sockaddr *)&address, sizeof(address));
    umask(mask);
    if (rc || listen(fd, 128)) {
        rc = -errno;
        close(fd);
        return rc;
    }
    return fd;
}

void conn_socket_serve(int listen_fd)
{
    listener.ready = accept_ready;
    listener.fd = listen_fd;
    poller_add(&listener, EPOLLIN);
}
