/* SPDX-License-Identifier: MIT */
/*
 * xen-blkd: the block back-end as a daemon of the control domain.
 *
 *   opener (root)                 worker (nobody, under seccomp)
 *   reads params, opens    ◀───▶  all devices: store, rings, I/O
 *   disks, starts workers
 *
 * The worker asks by a device's node only. What is opened for it is what the
 * node says, which only the toolstack can write. When a worker ends, however,
 * the opener starts another, and that goes on where the last one was.
 */
#ifndef BLKD_H
#define BLKD_H

#include <stdbool.h>
#include <stdint.h>

#include "pv/text.h"

struct options {
    const char *type;     /* devices of /local/domain/0/backend/<type> */
    const char *folder;   /* for locks and notes of workers */
    const char *pid_file; /* NULL: none */
    unsigned int uid;     /* of the worker */
    bool foreground;
    bool no_sandbox;
};

/* What the worker asks for. Answers come in the order of the requests. */
enum request_kind {
    REQUEST_OPEN,   /* a disk and its notes */
    REQUEST_FORGET, /* the notes: the device has gone. No answer. */
};

struct request {
    uint32_t kind;
    char node[PV_PATH_MAX]; /* "backend/<type>/<domid>/<number>" */
};

/* The answer: with two descriptors if rc is 0, disk and notes. */
struct answer {
    int32_t rc; /* -EAGAIN: an earlier worker's I/O is still in flight */
    uint64_t sectors;
    uint32_t sector_size;
    uint32_t physical_size;
    uint32_t discard_granularity;
    uint8_t readonly;
    uint8_t is_device; /* else a file, or: */
    uint8_t is_socket; /* of an NBD server */
    uint8_t flush;
    uint8_t discard;
    uint8_t cdrom;
};

/** Start workers again and again, and serve them. Returns an exit status. */
int opener_run(const struct options *options);

/** The worker, with its end of the opener's socket. Returns an exit status. */
int worker_run(const struct options *options, int opener);

/** Give up all that is not needed from here on. Returns 0; -errno. */
int sandbox_enter(unsigned int uid);

#endif
