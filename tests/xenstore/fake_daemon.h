/* SPDX-License-Identifier: MIT */
/*
 * A daemon with a script, in a thread of the test: it says when it reads, what
 * it expects, what it sends and when it dies.
 *
 * A failed expectation ends the test program with file and line.
 */
#ifndef TESTS_XENSTORE_FAKE_DAEMON_H
#define TESTS_XENSTORE_FAKE_DAEMON_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <xenstore.h>

struct fake_daemon;
typedef void fake_script(struct fake_daemon *d);

struct fake_daemon {
    int fd; /* to the client */
    fake_script *script;
    void *arg; /* for the script */
    int listen_fd;
    pthread_t thread;
    char dir[32];
    char path[64];
};

struct fake_request {
    struct xsd_sockmsg msg;
    char payload[XENSTORE_PAYLOAD_MAX + 1]; /* and a NUL */
};

/** Stop the program if the condition is false, in whatever thread. */
#define expect(condition)                                                      \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "FAIL %s:%d: expected %s\n", __FILE__, __LINE__,   \
                    #condition);                                               \
            abort();                                                           \
        }                                                                      \
    } while (0)

/** Start a daemon on a socket, and connect to it. */
struct xs_handle *fake_start(struct fake_daemon *d, fake_script *script,
                             void *arg, unsigned long flags);

/** The same behind a terminal, which to the library is a device. */
struct xs_handle *fake_start_device(struct fake_daemon *d, fake_script *script,
                                    void *arg);

/** Close the handle, wait for the end of the script, remove the socket. */
void fake_stop(struct fake_daemon *d, struct xs_handle *h);

/* ---- for scripts ---- */

/** Read a request. False if the client has gone. */
bool fake_read(struct fake_daemon *d, struct fake_request *req);

/** Read a request of this type with this payload. */
void fake_expect(struct fake_daemon *d, struct fake_request *req, uint32_t type,
                 const void *payload, size_t len);

/** Send bytes. */
void fake_send(struct fake_daemon *d, const void *bytes, size_t len);

/** Answer a request. */
void fake_reply(struct fake_daemon *d, const struct fake_request *req,
                const void *payload, size_t len);

/** Answer a request with an error's name. */
void fake_error(struct fake_daemon *d, const struct fake_request *req,
                const char *name);

/** Send an event. */
void fake_event(struct fake_daemon *d, const char *path, const char *token);

/** Make a message in buf; returns its length. */
size_t fake_message(char *buf, uint32_t type, uint32_t req_id,
                    const void *payload, size_t len);

#endif
