/* SPDX-License-Identifier: MIT */
/*
 * The frame of back-end daemons in the control domain.
 *
 *   opener (root)                 worker (nobody, under seccomp)
 *   reads nodes, opens     ◀───▶  all devices: store, rings, I/O
 *   what they name, starts
 *   workers
 *
 * The worker asks by a device's node only. What is opened for it is what the
 * node says, which only the toolstack can write. When a worker ends, however,
 * the opener starts another, and that goes on where the last one was.
 *
 * A device class fills in struct daemon_class; all else is the same for each.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>

#include "pv/text.h"

struct xs_handle;

struct options {
    const char *type;     /* devices of /local/domain/0/backend/<type> */
    const char *folder;   /* for locks and notes of workers */
    const char *pid_file; /* NULL: none */
    unsigned int uid;     /* of the worker */
    bool foreground;
    bool no_sandbox;
};

/* What the opener tells of what it has opened; each class has its own. */
#define DAEMON_INFO_SIZE 512U

/* A device in the worker; at the start of the class's own. */
struct device {
    struct device *next;
    struct device *next_asked;
    bool asked;  /* the opener has an answer to give */
    bool served; /* use() was called */
    bool lost;   /* what was opened has gone: it is opened again */
    bool closed; /* it was removed; destroy() follows */
    void *keep;  /* its notes; NULL until served */
    char node[PV_PATH_MAX];
};

struct daemon_class {
    const char *name; /* "xen-blkd" */
    const char *type; /* devices it serves, unless told otherwise */
    size_t device_size;
    size_t keep_size;

    /* ---- In the opener ---- */

    /** Open what a node names. Returns a descriptor; -EAGAIN: an earlier
     * worker still has it; -errno. */
    int (*open)(struct xs_handle *xs, const char *node, void *info);
    /** The device has gone. May be NULL. */
    void (*forget)(const char *node);

    /* ---- In the worker ---- */

    /** Before privileges are given up. May be NULL. */
    int (*start)(void);
    /** System calls besides those of all. Returns 0; -errno. */
    int (*allow)(scmp_filter_ctx filter);
    /** Serve it, from now on; the descriptor is its own. If it fails, destroy()
     * follows. */
    int (*use)(struct device *device, int fd, const void *info);
    /** What it had lost is there again. NULL: nothing gets lost. */
    void (*use_again)(struct device *device, int fd);
    /** Give back all that use() has made, also of one that use() was not called
     * for. */
    void (*destroy)(struct device *device);
    /** Each second. May be NULL. */
    void (*look)(struct device *device);
};

/** All of it. Returns an exit status. */
int daemon_main(const struct daemon_class *class, int argc, char **argv);

/** For a class: ask for it again in a while. */
void daemon_lost(struct device *device);

/** A value of a device's node. Returns 0; -ENOENT; -E2BIG; -errno. */
int daemon_read(struct xs_handle *xs, const char *node, const char *name,
                char *value, size_t size);

#endif
