/* SPDX-License-Identifier: MIT */
/*
 * Devices in the store: each end has a node with a state, sees that of the
 * other end, and answers.
 *
 *   front-end                          back-end
 *   Initialising                       Initialising
 *                                      InitWait       features are there
 *   Initialised   rings are there
 *                                      Connected      sizes are there
 *   Connected
 *   Closing, Closed                    Closing, Closed
 *
 * Source: public/io/xenbus.h.
 */
#ifndef PV_XENBUS_H
#define PV_XENBUS_H

#include "public/io/xenbus.h"

#include "pv/store.h"

#define XENBUS_NR_STATES (XenbusStateReconfigured + 1)

/* One end of a device class. */
struct xenbus_driver {
    const char *other;    /* nodes that lead to the other end: "backend" */
    const char *other_id; /* and to its domain: "backend-id" */

    /* What to do when the other end is in a state: called whenever its state
     * node was written, so also with the same state again. Unknown is a node
     * that has gone, not one that was not there yet. */
    void (*on[XENBUS_NR_STATES])(void *device);

    /* A node of our own was written, perhaps by us; NULL: of no interest. The
     * name is what follows the device's node: "/state". */
    void (*own_changed)(void *device, const char *name);
};

struct xenbus {
    const struct xenbus_driver *driver;
    void *device; /* for the driver's functions */
    char node[PV_PATH_MAX];
    char other[PV_PATH_MAX];
    char other_state_node[PV_PATH_MAX];
    domid_t other_id;
    unsigned int state;       /* our own, as we wrote it last */
    unsigned int other_state; /* as it was when last seen */
    bool other_was_there;
    struct os_watch other_watch;
    struct os_watch own_watch;
};

/**
 * Find the other end of the device at a node, and watch it. The driver's
 * functions are called from then on, not from here.
 *
 * Returns 0; -ENOENT if the node does not say who is the other end; errors of
 *         the store.
 */
int xenbus_open(struct xenbus *bus, const struct xenbus_driver *driver,
                const char *node, void *device);

/** Watch it no more. Not opened (all zero): nothing happens. */
void xenbus_close(struct xenbus *bus);

/**
 * Write our own state, also if it is the same: the other end looks again.
 *
 * Returns 0; -ENOENT where the toolstack has removed the node: it must not come
 *         back by our writing to it; other errors of the store.
 */
int xenbus_set_state(struct xenbus *bus, unsigned int state);

/** The same as a part of a transaction. */
int xenbus_write_state(struct xenbus *bus, uint32_t transaction,
                       unsigned int state);

/** Our own state as the store has it; Unknown if it has none. */
unsigned int xenbus_stored_state(const struct xenbus *bus);

/**
 * Something is wrong that only a new start can mend: tell the log and the
 * node's error/ entry, and close our end.
 */
void xenbus_fail(struct xenbus *bus, int rc, const char *what);

/**
 * Where the nodes of one of nr queues are: the only one's are the device's.
 *
 * Returns 0; -ENAMETOOLONG.
 */
int xenbus_queue_node(const char *node, unsigned int nr, unsigned int index,
                      char out[PV_PATH_MAX]);

#endif
