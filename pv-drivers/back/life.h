/* SPDX-License-Identifier: MIT */
/*
 * What the life of a back-end is, whatever its device: it offers, is connected,
 * closed, offers again, and is removed when its nodes go; or it goes on where
 * an earlier process has left it.
 *
 *   the front-end is in        we
 *   Initialising               disconnect; offer(), InitWait
 *   Initialised, Connected     open(), Connected, start()
 *   Closing                    Closing
 *   Closed                     disconnect, Closed
 *   gone                       disconnect, Closed, closed()
 *
 * To disconnect is to stop(), to wait while the device is busy(), and to
 * close(): until then the state that the front-end waits for is not written.
 */
#ifndef BACK_LIFE_H
#define BACK_LIFE_H

#include "pv/ring.h"
#include "pv/xenbus.h"

/* What a device adds. */
struct back_driver {
    /* How the notes of such a device are known. */
    uint32_t keep_magic;

    /* Write what we have to offer, with the state. */
    int (*offer)(void *device, uint32_t transaction);

    /* Read what the front-end has written, open rings and ports. After an
     * error, the device is disconnected. */
    int (*open)(void *device);

    /* Write what the front-end reads next, with the state. */
    int (*write_connected)(void *device, uint32_t transaction);

    /* Take requests; if recovering, those that an earlier process has taken,
     * too, and tell the front-end. */
    void (*start)(void *device);

    /* It says again that it has rings: are they others? */
    bool (*has_new_rings)(void *device);

    /* Take no more. */
    void (*stop)(void *device);

    /* Is something in flight? back_idle() tells when that is over. */
    bool (*busy)(const void *device);

    /* Close rings and ports, if there are some. */
    void (*close)(void *device);

    /* The device has ended, its owner may destroy it. */
    void (*closed)(void *device);

    /* A node of our own was written: "/rate". */
    void (*own_changed)(void *device, const char *name);
};

/* What each device's notes begin with. */
struct back_keep {
    uint32_t magic;
    uint32_t connected;
    uint32_t other_id;
    uint32_t nr_queues;
};

struct back_life {
    const struct back_driver *driver;
    void *device;
    struct xenbus bus;
    bool connected;     /* requests are taken */
    bool recovering;    /* an earlier process has connected it */
    bool disconnecting; /* as soon as it is not busy: next_state */
    bool removed;
    bool closed_told;
    unsigned int next_state;
    struct back_keep *keep;
    size_t own_keep; /* its size, if it is from os_alloc() */
};

/**
 * Take notes in memory that outlives the process; without (NULL), in some that
 * does not. What is there from an earlier process stays.
 */
int back_keep_open(struct back_life *b, const struct back_driver *driver,
                   void *memory, size_t size);

/** Give our own memory back. */
void back_keep_close(struct back_life *b);

/** Note a connection; the device's part of the notes is in place. */
void back_keep_connect(struct back_life *b, unsigned int nr_queues);

/** Was one noted for so many queues, by us or an earlier process? */
bool back_keep_matches(const struct back_life *b, unsigned int nr_queues);

/**
 * Find the front-end. back_keep_open() was called.
 *
 * Returns 0; errors of xenbus_open().
 */
int back_open(struct back_life *b, const char *node, void *device);

/** Find where the device stands, new or left by an earlier process. */
void back_begin(struct back_life *b);

/** Undo back_open(), whatever the device is doing. */
void back_close(struct back_life *b);

/** What write_connected() writes has changed: the front-end looks again. */
int back_tell(struct back_life *b);

/** End the device: closed() is called as soon as it is not busy. */
void back_remove(struct back_life *b);

/** The front-end has made a mistake that it does not recover from. */
void back_fail(struct back_life *b, int rc, const char *what);

/** It is not busy any more: end the connection if that is wanted. */
void back_idle(struct back_life *b);

/**
 * Map a ring of the front-end's, as new, or as another back-end has left it.
 *
 * Returns 0; errors of os_grants_map().
 */
int back_ring_open(const struct back_life *b, const grant_ref_t refs[],
                   unsigned int nr_pages, size_t entry, struct pv_ring *ring,
                   void **pages_out);

#endif
