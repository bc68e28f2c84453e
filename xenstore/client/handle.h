/* SPDX-License-Identifier: MIT */
/*
 * A connection, and how its threads share it.
 *
 * A thread that waits for a reply or an event reads, if no other does, and
 * sorts what comes: replies to who asked, events into the queue. When it has
 * what it waited for it leaves, and wakes the next one to read. So a lone
 * thread sends a request and looks for its reply (look.h), and any number of
 * them needs no thread of the library's own.
 */
#ifndef XENSTORE_CLIENT_HANDLE_H
#define XENSTORE_CLIENT_HANDLE_H

#include <pthread.h>
#include <sys/uio.h>

#include <xenstore.h>

#include "look.h"

/*
 * The longest message that is read. More than XENSTORE_PAYLOAD_MAX, since the
 * path of an event may be longer than that of its watch.
 */
#define RX_SIZE 8192

/* A thread that waits for a reply; lives on its stack. */
struct waiter {
    struct waiter *next;
    pthread_cond_t cond; /* signalled when done, or to take over reading */
    uint32_t req_id;
    uint32_t type;
    bool done;
    int error;   /* once done: what the daemon said, or 0 */
    char *reply; /* once done without error: its payload, for free() */
    unsigned int reply_len;
};

struct event {
    struct event *next;
    char **strings; /* path and token in one allocation, as callers get them */
};

struct xs_handle {
    /* Constant: */
    int fd;
    bool is_socket; /* or a device */
    bool unwatch_filter;

    pthread_mutex_t tx_lock; /* held while a request is sent; outer lock */
    pthread_mutex_t lock;
    /* Under lock: */
    int error;    /* what ended the connection; 0 while it lives */
    bool reading; /* a thread reads, without the lock */
    uint32_t last_req_id;
    struct waiter *waiters; /* those not done */
    unsigned int nr_event_waiters;
    pthread_cond_t event_cond; /* as waiter.cond, for those threads */
    struct event *events, **events_tail;
    int event_fd; /* holds 1 while there are events; -1: no user */
    int poll_fd;  /* epoll of fd and event_fd; -1: no user */
    /* Of the thread that has set reading: */
    struct look look;
    size_t rx_len;
    char rx[RX_SIZE];
};

/**
 * Send a request and wait for its reply.
 *
 * @type     XS_*
 * @iov, nr  parts of the payload
 * @len_out  of the reply; may be NULL
 *
 * Returns the reply's payload with a NUL behind it, for free(); NULL and errno
 *         as xenstore.h says.
 */
char *xs_exchange(struct xs_handle *h, uint32_t type, xs_transaction_t t,
                  const struct iovec *iov, unsigned int nr,
                  unsigned int *len_out);

/* The parts of it, for who has several requests under way: */

/**
 * Message of a request in buf, which has room for the longest one. Returns its
 * length, or 0 if it is too long.
 */
size_t xs_build(char *buf, const struct xsd_sockmsg *head,
                const struct iovec *iov, unsigned int nr);

/** Number a waiter and expect its reply; false, and an error in it, if the
 * connection has ended. */
bool xs_add_waiter(struct xs_handle *h, struct waiter *w);

/** Put a waiter's number into its message. */
void xs_set_req_id(char *buf, uint32_t req_id);

/** Send whole messages. If that fails the connection ends. */
void xs_send(struct xs_handle *h, const char *buf, size_t len);

/** Return when the waiter has its reply or its error. */
void xs_wait_for_reply(struct xs_handle *h, struct waiter *w);

/** What to wait for if there is nothing to read. */
enum xs_wait {
    XS_WAIT_NOT,
    XS_WAIT_REPLY,
    XS_WAIT_EVENT,
};

/**
 * Read what there is and sort it. The caller holds the lock and has seen
 * !reading; both are so again on return, but not in between.
 */
void xs_receive_locked(struct xs_handle *h, enum xs_wait wait);

/** Whoever stops reading, or takes an event, calls this before it leaves. */
void xs_pass_on_locked(struct xs_handle *h);

/** End the connection: all that wait fail with this error. */
void xs_fail_locked(struct xs_handle *h, int error);

/**
 * Queue the payload of a watch event and take it over; false if it is no event
 * or there is no memory, errno saying which.
 */
bool xs_queue_event_locked(struct xs_handle *h, const char *payload,
                           unsigned int len);

/** Drop all queued events. */
void xs_drop_events_locked(struct xs_handle *h);

/**
 * Split len bytes into NUL-terminated strings, the last one's NUL being
 * optional.
 *
 * Returns an array of *nr_out strings and NULL, in one allocation, or NULL.
 */
char **xs_split(const char *strings, size_t len, unsigned int *nr_out);

#endif
