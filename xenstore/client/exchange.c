/* SPDX-License-Identifier: MIT */
/* Requests out, replies and events in: handle.h has the rules. */
#include "handle.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct error_name {
    const char *name;
    int error;
};

static const struct error_name error_names[] = {
    {"EINVAL", EINVAL},         {"EACCES", EACCES},
    {"EEXIST", EEXIST},         {"EISDIR", EISDIR},
    {"ENOENT", ENOENT},         {"ENOMEM", ENOMEM},
    {"ENOSPC", ENOSPC},         {"EIO", EIO},
    {"ENOTEMPTY", ENOTEMPTY},   {"ENOSYS", ENOSYS},
    {"EROFS", EROFS},           {"EBUSY", EBUSY},
    {"EAGAIN", EAGAIN},         {"EISCONN", EISCONN},
    {"E2BIG", E2BIG},           {"EPERM", EPERM},
    {"EOPNOTSUPP", EOPNOTSUPP},
};

/* A name that we do not know is an error all the same. */
static int error_number(const char *name)
{
    for (size_t i = 0; i < sizeof(error_names) / sizeof(*error_names); i++)
        if (strcmp(name, error_names[i].name) == 0)
            return error_names[i].error;
    return EINVAL;
}

void xs_fail_locked(struct xs_handle *h, int error)
{
    if (h->error)
        return;
    h->error = error;
    if (h->is_socket)
        shutdown(h->fd, SHUT_RDWR); /* makes the descriptor readable */
    for (struct waiter *w = h->waiters; w; w = w->next)
        pthread_cond_signal(&w->cond);
    pthread_cond_broadcast(&h->event_cond);
}

void xs_pass_on_locked(struct xs_handle *h)
{
    if (h->reading)
        return;
    if (h->waiters)
        pthread_cond_signal(&h->waiters->cond);
    else if (h->nr_event_waiters)
        pthread_cond_signal(&h->event_cond);
}

static void remove_waiter(struct xs_handle *h, const struct waiter *w)
{
    for (struct waiter **p = &h->waiters; *p; p = &(*p)->next)
        if (*p == w) {
            *p = w->next;
            return;
        }
}

/* ---- receiving ---- */

/* Give a reply to who waits for it; false if it is nobody's. */
static bool deliver_reply(struct xs_handle *h, const struct xsd_sockmsg *msg,
                          const char *payload)
{
    struct waiter *w = h->waiters;
    char *copy;

    while (w && w->req_id != msg->req_id)
        w = w->next;
    if (!w || (msg->type != w->type && msg->type != XS_ERROR))
        return false;
    copy = malloc((size_t)msg->len + 1);
    if (copy) {
        memcpy(copy, payload, msg->len);
        copy[msg->len] = '\0';
        w->error = msg->type == XS_ERROR ? error_number(copy) : 0;
    } else {
        w->error = ENOMEM;
    }
    if (w->error)
        free(copy);
    else
        w->reply = copy;
    w->reply_len = msg->len;
    w->done = true;
    remove_waiter(h, w);
    pthread_cond_signal(&w->cond);
    return true;
}

/* Sort all whole messages in the buffer. */
static void deliver_all(struct xs_handle *h)
{
    struct xsd_sockmsg msg;
    size_t at = 0;

    while (!h->error && h->rx_len - at >= sizeof(msg)) {
        const char *payload = h->rx + at + sizeof(msg);

        memcpy(&msg, h->rx + at, sizeof(msg));
        if (msg.len > RX_SIZE - sizeof(msg)) {
            xs_fail_locked(h, EIO);
            return;
        }
        if (h->rx_len - at < sizeof(msg) + msg.len)
            break;
        at += sizeof(msg) + msg.len;
        if (msg.type == XS_WATCH_EVENT) {
            if (!xs_queue_event_locked(h, payload, msg.len))
                xs_fail_locked(h, errno);
        } else if (!deliver_reply(h, &msg, payload)) {
            xs_fail_locked(h, EIO);
        }
    }
    memmove(h->rx, h->rx + at, h->rx_len - at);
    h->rx_len -= at;
}

static ssize_t read_some(struct xs_handle *h, enum xs_wait wait)
{
    struct pollfd pfd = {.fd = h->fd, .events = POLLIN};
    char *buf = h->rx + h->rx_len;
    size_t size = RX_SIZE - h->rx_len;
    ssize_t got;

    if (!h->is_socket) {
        if (wait != XS_WAIT_NOT || poll(&pfd, 1, 0) == 1)
            return read(h->fd, buf, size);
        errno = EAGAIN;
        return -1;
    }
    if (wait != XS_WAIT_REPLY)
        return recv(h->fd, buf, size, wait == XS_WAIT_NOT ? MSG_DONTWAIT : 0);
    got = xs_look(&h->look, h->fd, buf, size);
    if (got >= 0 || errno != EAGAIN)
        return got;
    /* A thread that sleeps in recv() is woken also when the daemon takes its
     * request, for nothing; not so in poll(). */
    if (poll(&pfd, 1, -1) < 0)
        return -1;
    return recv(h->fd, buf, size, MSG_DONTWAIT);
}

static void stop_reading(void *arg)
{
    struct xs_handle *h = arg;

    pthread_mutex_lock(&h->lock);
    h->reading = false;
}

void xs_receive_locked(struct xs_handle *h, enum xs_wait wait)
{
    ssize_t got;
    int error;

    h->reading = true;
    pthread_mutex_unlock(&h->lock);
    pthread_cleanup_push(stop_reading, h); /* only xs_read_watch() gets here */
    got = read_some(h, wait);
    error = errno;
    pthread_cleanup_pop(1);

    if (got > 0) {
        h->rx_len += (size_t)got;
        deliver_all(h);
    } else if (got == 0 || error == ECONNRESET) {
        xs_fail_locked(h, EBADF);
    } else if (error != EINTR && error != EAGAIN) {
        xs_fail_locked(h, error);
    }
}

/* ---- sending ---- */

/*
 * The daemon may wait until we take what it has sent before it reads on, so
 * take it. Returns false when the connection has ended.
 */
static bool wait_until_writable(struct xs_handle *h)
{
    struct pollfd pfd = {.fd = h->fd, .events = POLLIN | POLLOUT};
    bool alive;

    poll(&pfd, 1, -1);
    pthread_mutex_lock(&h->lock);
    if (!(pfd.revents & POLLOUT) && !h->reading && !h->error)
        xs_receive_locked(h, XS_WAIT_NOT);
    alive = !h->error;
    xs_pass_on_locked(h);
    pthread_mutex_unlock(&h->lock);
    return alive;
}

/* Returns 0 or what went wrong, EBADF for a daemon that has gone. */
static int send_all(struct xs_handle *h, const char *buf, size_t len)
{
    ssize_t sent;

    while (len) {
        if (h->is_socket)
            sent = send(h->fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        else
            sent = write(h->fd, buf, len);
        if (sent > 0) {
            buf += sent;
            len -= (size_t)sent;
        } else if (sent < 0 && errno == EAGAIN) {
            if (!wait_until_writable(h))
                return EBADF;
        } else if (sent == 0 || errno == EPIPE || errno == ECONNRESET) {
            return EBADF;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

/* ---- both ---- */

size_t xs_build(char *buf, const struct xsd_sockmsg *head,
                const struct iovec *iov, unsigned int nr)
{
    struct xsd_sockmsg msg = *head;
    size_t len = sizeof(msg);

    for (unsigned int i = 0; i < nr; i++) {
        if (iov[i].iov_len > sizeof(msg) + XENSTORE_PAYLOAD_MAX - len)
            return 0;
        if (iov[i].iov_len)
            memcpy(buf + len, iov[i].iov_base, iov[i].iov_len);
        len += iov[i].iov_len;
    }
    msg.len = (uint32_t)(len - sizeof(msg));
    memcpy(buf, &msg, sizeof(msg));
    return len;
}

bool xs_add_waiter(struct xs_handle *h, struct waiter *w)
{
    struct waiter **tail = &h->waiters;
    bool alive;

    pthread_mutex_lock(&h->lock);
    alive = !h->error;
    if (alive) {
        w->req_id = ++h->last_req_id;
        while (*tail)
            tail = &(*tail)->next;
        *tail = w;
    } else {
        w->error = h->error;
    }
    pthread_mutex_unlock(&h->lock);
    return alive;
}

void xs_wait_for_reply(struct xs_handle *h, struct waiter *w)
{
    pthread_mutex_lock(&h->lock);
    while (!w->done && !h->error) {
        if (h->reading)
            pthread_cond_wait(&w->cond, &h->lock);
        else
            xs_receive_locked(h, XS_WAIT_REPLY);
    }
    if (!w->done) {
        w->error = h->error;
        remove_waiter(h, w);
    }
    xs_pass_on_locked(h);
    pthread_mutex_unlock(&h->lock);
}

void xs_set_req_id(char *buf, uint32_t req_id)
{
    memcpy(buf + offsetof(struct xsd_sockmsg, req_id), &req_id, sizeof(req_id));
}

void xs_send(struct xs_handle *h, const char *buf, size_t len)
{
    int error;

    pthread_mutex_lock(&h->tx_lock);
    error = send_all(h, buf, len);
    pthread_mutex_unlock(&h->tx_lock);
    if (error) {
        pthread_mutex_lock(&h->lock);
        xs_fail_locked(h, error);
        pthread_mutex_unlock(&h->lock);
    }
}

char *xs_exchange(struct xs_handle *h, uint32_t type, xs_transaction_t t,
                  const struct iovec *iov, unsigned int nr,
                  unsigned int *len_out)
{
    const struct xsd_sockmsg head = {.type = type, .tx_id = t};
    struct waiter w = {.cond = PTHREAD_COND_INITIALIZER, .type = type};
    char buf[sizeof(head) + XENSTORE_PAYLOAD_MAX];
    size_t len = xs_build(buf, &head, iov, nr);
    int state;

    if (!len) {
        errno = E2BIG;
        return NULL;
    }
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    if (xs_add_waiter(h, &w)) {
        xs_set_req_id(buf, w.req_id);
        xs_send(h, buf, len);
        xs_wait_for_reply(h, &w);
    }
    pthread_setcancelstate(state, NULL);
    pthread_cond_destroy(&w.cond);
    if (w.error) {
        errno = w.error;
        return NULL;
    }
    if (len_out)
        *len_out = w.reply_len;
    return w.reply;
}
