/* SPDX-License-Identifier: MIT */
/* Watches and the queue of their events. */
#include "handle.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- the queue ---- */

static void mark_events(struct xs_handle *h)
{
    uint64_t value = 1;

    if (h->event_fd < 0)
        return;
    if (h->events)
        (void)!write(h->event_fd, &value, sizeof(value));
    else
        (void)!read(h->event_fd, &value, sizeof(value));
}

bool xs_queue_event_locked(struct xs_handle *h, const char *payload,
                           unsigned int len)
{
    struct event *event = malloc(sizeof(*event));
    unsigned int nr = 0;
    bool first = !h->events;

    if (event)
        event->strings = xs_split(payload, len, &nr);
    if (!event || !event->strings || nr <= XS_WATCH_TOKEN) {
        errno = event && event->strings ? EIO : ENOMEM;
        if (event)
            free(event->strings);
        free(event);
        return false;
    }
    event->next = NULL;
    *h->events_tail = event;
    h->events_tail = &event->next;
    if (first)
        mark_events(h);
    pthread_cond_signal(&h->event_cond);
    return true;
}

static void unlink_event(struct xs_handle *h, struct event **at)
{
    struct event *event = *at;

    *at = event->next;
    if (!*at)
        h->events_tail = at;
    free(event);
    if (!h->events)
        mark_events(h);
}

static char **pop_event(struct xs_handle *h)
{
    char **strings;

    if (!h->events) {
        errno = h->error ? h->error : EAGAIN;
        return NULL;
    }
    strings = h->events->strings;
    unlink_event(h, &h->events);
    return strings;
}

void xs_drop_events_locked(struct xs_handle *h)
{
    while (h->events)
        free(pop_event(h));
}

/* Drop events of a watch that is no more. */
static void filter_events(struct xs_handle *h, const char *path,
                          const char *token)
{
    struct event **at = &h->events;

    while (*at) {
        char **strings = (*at)->strings;

        if (strcmp(strings[XS_WATCH_TOKEN], token) == 0 &&
            (strcmp(path, "/") == 0 ||
             xs_path_is_subpath(path, strings[XS_WATCH_PATH]))) {
            unlink_event(h, at);
            free(strings);
        } else {
            at = &(*at)->next;
        }
    }
}

/* ---- calls ---- */

static bool exchange_watch(struct xs_handle *h, uint32_t type, const char *path,
                           const char *token)
{
    const struct iovec iov[] = {
        {(void *)path, strlen(path) + 1},
        {(void *)token, strlen(token) + 1},
    };
    char *reply = xs_exchange(h, type, XBT_NULL, iov, 2, NULL);

    free(reply);
    return reply != NULL;
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
    return exchange_watch(h, XS_WATCH, path, token);
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
    if (!exchange_watch(h, XS_UNWATCH, path, token))
        return false;
    if (h->unwatch_filter) {
        pthread_mutex_lock(&h->lock);
        filter_events(h, path, token);
        pthread_mutex_unlock(&h->lock);
    }
    return true;
}

/*
 * Readable means: something to read, or something in the queue. The first may
 * be a reply that some thread waits for, so a wake-up can be for nothing.
 */
static int new_poll_fd(int fd, int event_fd)
{
    struct epoll_event want = {.events = EPOLLIN};
    int poll_fd = epoll_create1(EPOLL_CLOEXEC);
    int error;

    if (poll_fd < 0)
        return -1;
    if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, event_fd, &want) == 0 &&
        epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &want) == 0)
        return poll_fd;
    error = errno;
    close(poll_fd);
    errno = error;
    return -1;
}

int xs_fileno(struct xs_handle *h)
{
    int fd;

    pthread_mutex_lock(&h->lock);
    if (h->event_fd < 0) {
        h->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (h->events)
            mark_events(h);
    }
    if (h->event_fd >= 0 && h->poll_fd < 0)
        h->poll_fd = new_poll_fd(h->fd, h->event_fd);
    fd = h->poll_fd;
    pthread_mutex_unlock(&h->lock);
    return fd;
}

char **xs_check_watch(struct xs_handle *h)
{
    char **strings;
    int state;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pthread_mutex_lock(&h->lock);
    if (!h->events && !h->reading && !h->error)
        xs_receive_locked(h, XS_WAIT_NOT);
    strings = pop_event(h);
    xs_pass_on_locked(h);
    pthread_mutex_unlock(&h->lock);
    pthread_setcancelstate(state, NULL);
    return strings;
}

static void leave_read_watch(void *arg)
{
    struct xs_handle *h = arg;

    h->nr_event_waiters--;
    /* The signal for an event may have come to a thread that is cancelled. */
    if (h->events && h->nr_event_waiters)
        pthread_cond_signal(&h->event_cond);
    xs_pass_on_locked(h);
    pthread_mutex_unlock(&h->lock);
}

char **xs_read_watch(struct xs_handle *h, unsigned int *num)
{
    char **strings;
    int error;

    pthread_mutex_lock(&h->lock);
    h->nr_event_waiters++;
    pthread_cleanup_push(leave_read_watch, h);
    while (!h->events && !h->error) {
        if (h->reading)
            pthread_cond_wait(&h->event_cond, &h->lock);
        else
            xs_receive_locked(h, XS_WAIT_EVENT);
    }
    strings = pop_event(h);
    error = errno;
    pthread_cleanup_pop(1);
    errno = error;
    if (strings && num)
        *num = XS_WATCH_TOKEN + 1;
    return strings;
}
