/* SPDX-License-Identifier: MIT */
/*
 * Handing clients on to a new daemon. For each client a struct handed goes with
 * its socket, and then the data; one without data, with the listening socket,
 * is the end. Both ends are daemons of this host's root.
 */
#include "handover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "conn.h"
#include "conn_socket.h"
#include "journal.h"
#include "log.h"
#include "quota.h"

#define HANDOVER_MAGIC 0x58534831 /* "XSH1" */

/* Seconds that one waits for the other. */
#define TIMEOUT 10

struct handed {
    uint32_t magic;
    uint32_t next_tx;
    uint32_t in_len;
    uint32_t out_len;
    uint32_t watches_len; /* of all struct handed_watch with path and token */
    uint32_t nr_transactions;
    uint32_t last; /* of all: the listening socket */
};

struct handed_watch {
    uint32_t depth;
    uint32_t missed;
};

struct client {
    struct client *next;
    int fd;
    struct handed head;
    char *data;
};

struct handover {
    struct client *clients;
    int listen_fd;
};

static struct poller listener;
static void (*stop_loop)(void);

static void set_timeout(int fd)
{
    struct timeval t = {.tv_sec = TIMEOUT};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

/* A message with room for one descriptor. */
struct fd_message {
    struct msghdr msg;
    struct iovec iov;
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
};

static void init_message(struct fd_message *m, struct handed *head)
{
    memset(m, 0, sizeof(*m));
    m->iov = (struct iovec){.iov_base = head, .iov_len = sizeof(*head)};
    m->msg.msg_iov = &m->iov;
    m->msg.msg_iovlen = 1;
    m->msg.msg_control = &m->control;
    m->msg.msg_controllen = sizeof(m->control);
}

static bool send_head(int to, struct handed *head, int fd)
{
    struct fd_message m;
    struct cmsghdr *c;

    init_message(&m, head);
    c = CMSG_FIRSTHDR(&m.msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(fd));
    memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    return sendmsg(to, &m.msg, MSG_NOSIGNAL) == sizeof(*head);
}

static bool receive_head(int from, struct handed *head, int *fd)
{
    struct fd_message m;
    struct cmsghdr *c;

    init_message(&m, head);
    if (recvmsg(from, &m.msg, MSG_WAITALL | MSG_CMSG_CLOEXEC) != sizeof(*head))
        return false;
    c = CMSG_FIRSTHDR(&m.msg);
    if (!c || c->cmsg_type != SCM_RIGHTS)
        return false;
    memcpy(fd, CMSG_DATA(c), sizeof(*fd));
    return head->magic == HANDOVER_MAGIC;
}

static bool send_all(int to, const char *data, size_t len)
{
    ssize_t n;

    for (; len; data += n, len -= n) {
        n = send(to, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
    }
    return true;
}

static bool hand_client(int to, struct conn *c)
{
    struct handed head = {
        .magic = HANDOVER_MAGIC,
        .next_tx = c->next_tx,
        .in_len = c->in.len,
        .out_len = c->out.len,
    };
    char path[PATH_ROOM];
    struct transaction *t;
    struct buf data = {0};
    struct watch *w;
    size_t at;
    bool ok;

    buf_add(&data, buf_front(&c->in), c->in.len);
    buf_add(&data, buf_front(&c->out), c->out.len);
    at = data.len;
    list_for_each_entry(w, &c->watches, struct watch, link) {
        struct handed_watch hw = {.depth = w->depth, .missed = w->missed};

        buf_add(&data, &hw, sizeof(hw));
        buf_add(&data, path, watch_path(w, path) + 1);
        buf_add(&data, w->token, strlen(w->token) + 1);
    }
    head.watches_len = data.len - at;
    list_for_each_entry(t, &c->transactions, struct transaction, link) {
        buf_add(&data, &t->id, sizeof(t->id));
        head.nr_transactions++;
    }
    ok = send_head(to, &head, conn_socket_fd(c)) &&
         send_all(to, buf_front(&data), data.len);
    buf_free(&data);
    return ok;
}

/* A successor has connected. Where it does not take all, this daemon goes on:
 * the successor has not begun, for it waits for the end. */
static void hand_over(struct poller *p, uint32_t events)
{
    struct handed last = {.magic = HANDOVER_MAGIC, .last = 1};
    int to = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC);
    struct conn *c;
    bool ok = true;

    (void)events;
    if (to < 0)
        return;
    set_timeout(to);
    list_for_each_entry(c, &conn_all, struct conn, link)
        if (ok && !c->dead && conn_socket_fd(c) >= 0)
            ok = hand_client(to, c);
    if (ok)
        ok = send_head(to, &last, conn_socket_listener());
    close(to);
    if (ok)
        stop_loop();
    else
        log_line(LOG_LEVEL_WARNING, "a successor did not take over");
}

static bool socket_path(const char *folder, struct sockaddr_un *address)
{
    int n = snprintf(address->sun_path, sizeof(address->sun_path),
                     "%s/handover", folder);

    address->sun_family = AF_UNIX;
    return n < (int)sizeof(address->sun_path);
}

void handover_listen(const char *folder, void (*stop)(void))
{
    struct sockaddr_un address = {0};
    int fd = -ENAMETOOLONG;

    if (socket_path(folder, &address))
        fd = conn_socket_bind(address.sun_path);
    if (fd < 0) {
        log_line(LOG_LEVEL_ERROR, "handover: %s", strerror(-fd));
        return;
    }
    stop_loop = stop;
    listener.ready = hand_over;
    listener.fd = fd;
    poller_add(&listener, EPOLLIN);
}

static void free_clients(struct handover *h)
{
    struct client *next;

    for (struct client *c = h->clients; c; c = next) {
        next = c->next;
        free(c->data);
        free(c);
    }
    free(h);
}

/* Bytes behind a head. */
static size_t data_len(const struct handed *head)
{
    return (size_t)head->in_len + head->out_len + head->watches_len +
           head->nr_transactions * sizeof(uint32_t);
}

static bool receive_all(int from, struct handover *h)
{
    struct handed head;
    struct client *c;
    size_t len;
    int fd;

    while (receive_head(from, &head, &fd)) {
        if (head.last) {
            h->listen_fd = fd;
            return true;
        }
        len = data_len(&head);
        c = xzalloc(sizeof(*c));
        *c = (struct client){.next = h->clients, .fd = fd, .head = head};
        h->clients = c;
        c->data = xmalloc(len);
        if (len && recv(from, c->data, len, MSG_WAITALL) != (ssize_t)len)
            return false;
    }
    return false;
}

struct handover *handover_take(const char *folder)
{
    struct sockaddr_un address = {0};
    struct handover *h;
    int fd;

    if (!socket_path(folder, &address))
        return NULL;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    set_timeout(fd);
    h = xzalloc(sizeof(*h));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
        !receive_all(fd, h)) {
        for (struct client *c = h->clients; c; c = c->next)
            close(c->fd);
        free_clients(h);
        h = NULL;
    }
    close(fd);
    return h;
}

int handover_listener(const struct handover *h)
{
    return h->listen_fd;
}

static void restore_watches(struct conn *c, const char *data, size_t len)
{
    const char *path, *token, *end = data + len;
    struct handed_watch hw;
    struct watch *w;

    while (data < end) {
        memcpy(&hw, data, sizeof(hw));
        path = data + sizeof(hw);
        token = path + strlen(path) + 1;
        data = token + strlen(token) + 1;
        w = watch_add(c, &c->watches, path, token, hw.depth, false);
        w->missed = hw.missed;
        c->missed |= w->missed;
        quota_add(0, QUOTA_WATCHES, 1);
        quota_add(0, QUOTA_MEMORY, watch_size(w));
    }
}

static void restore_client(const struct client *from)
{
    struct conn *c = conn_socket_new(from->fd);
    const char *data = from->data;
    struct transaction *t;
    uint32_t id;

    buf_add(&c->in, data, from->head.in_len);
    data += from->head.in_len;
    buf_add(&c->out, data, from->head.out_len);
    quota_add(0, QUOTA_MEMORY, from->head.out_len);
    data += from->head.out_len;
    restore_watches(c, data, from->head.watches_len);
    data += from->head.watches_len;
    for (uint32_t i = 0; i < from->head.nr_transactions; i++) {
        memcpy(&id, data + i * sizeof(id), sizeof(id));
        t = transaction_new(id, 0, NULL);
        list_add_tail(&c->transactions, &t->link);
    }
    c->next_tx = from->head.next_tx;
    conn_mark_dirty(c);
    conn_wake(c);
}

void handover_finish(struct handover *h)
{
    for (struct client *c = h->clients; c; c = c->next)
        restore_client(c);
    free_clients(h);
}
