/* SPDX-License-Identifier: MIT */
/*
 * What the life of a front-end is, whatever its device: it asks, is connected,
 * closed, asks again, and is removed once the back-end has let go of our pages.
 *
 *   the back-end is in    we
 *   InitWait              connect(): rings, and the nodes that tell of them
 *   Connected             connected()
 *   Closing, Closed       disconnect(), Closed; where we have only just begun,
 *                         nothing, unless the device is taken away
 *   Initialising          disconnect(), Initialising
 *   gone                  disconnect(), ended(), removed()
 */
#ifndef FRONT_LIFE_H
#define FRONT_LIFE_H

#include "pv/xenbus.h"

#include "pages.h"

/* What a device adds. */
struct front_driver {
    /* Make rings, write what the back-end reads, and a state. After an error,
     * disconnect() is called. */
    int (*connect)(void *device);

    /* The back-end has answered that. */
    void (*connected)(void *device);

    /* It says so again: something may have changed. */
    void (*changed)(void *device);

    /* Close ports and rings, give pages back. Also if there are none. */
    void (*disconnect)(void *device);

    /* There will be no other connection. */
    void (*ended)(void *device);

    /* Nothing is lent any more. */
    void (*removed)(void *device);

    /* The watchdog has come; it is the device that sets it anew. */
    void (*look)(void *device);
};

struct front_life {
    const struct front_driver *driver;
    void *device;
    struct xenbus bus;
    bool asked;         /* connect() was done, the back-end has not answered */
    bool connected;     /* set by the device: responses are taken */
    const char *broken; /* what the back-end did that none does */
    bool removed;
    bool removed_told;
    struct front_pages pages; /* for data and rings */
    struct os_timer watchdog;
};

/**
 * Begin: find the back-end, and tell it that we are there. What the device set
 * of f->pages stays.
 *
 * Returns 0; errors of xenbus_open() and the store, after which nothing is
 * open.
 */
int front_open(struct front_life *f, const struct front_driver *driver,
               const char *node, void *device);

/** Undo front_open(); pages that the back-end keeps are lost. */
void front_close(struct front_life *f);

/** No more connections: ended() at once, removed() as soon as it is. */
void front_shutdown(struct front_life *f);

/** The domain has been restored elsewhere: look for the back-end anew. */
void front_resume(struct front_life *f);

/**
 * The back-end does what no back-end does: have no more to do with it. Calls
 * nothing of the store; that follows from the watchdog.
 */
void front_break(struct front_life *f, const char *why);

/** Call look() in so many nanoseconds. */
void front_look_in(struct front_life *f, uint64_t ns);

/** How many queues to use: at least one, at most what both allow. */
unsigned int front_nr_queues(const struct front_life *f, unsigned int most);

/** An option that was left out, or is too large. */
void front_option(unsigned int *option, unsigned int otherwise,
                  unsigned int most);

#endif
