/* SPDX-License-Identifier: MIT */
/* What the files of the frame share: the talk of opener and worker. */
#ifndef DAEMON_INTERNAL_H
#define DAEMON_INTERNAL_H

#include "daemon/daemon.h"

/* What the worker asks for. Answers come in the order of the requests. */
enum request_kind {
    REQUEST_OPEN, /* what a node names, and its notes */
    /* No answer to these: */
    REQUEST_FORGET,      /* the notes: the device has ended */
    REQUEST_FORGET_GONE, /* the same if the node is not there; without a node:
                          * all such */
};

struct request {
    uint32_t kind;
    char node[PV_PATH_MAX]; /* "backend/<type>/<domid>/<number>" */
};

/* The answer: with two descriptors if rc is 0, what was opened and notes. */
struct answer {
    int32_t rc; /* -EAGAIN: an earlier worker still has it */
    uint8_t info[DAEMON_INFO_SIZE] __attribute__((aligned(8)));
};

/** Start workers again and again, and serve them. Returns an exit status. */
int opener_run(const struct daemon_class *class, const struct options *options);

/** The worker, with its end of the opener's socket. Returns an exit status. */
int worker_run(const struct daemon_class *class, const struct options *options,
               int opener);

/** Give up all that is not needed from here on. Returns 0; -errno. */
int sandbox_enter(const struct daemon_class *class, unsigned int uid);

#endif
