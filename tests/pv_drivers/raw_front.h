/* SPDX-License-Identifier: MIT */
/* A front-end without a driver: the test writes the ring itself. */
#ifndef RAW_FRONT_H
#define RAW_FRONT_H

#include "blk_setup.h"
#include "pv/blk_ring.h"

struct raw_front {
    struct pv_sring *shared;
    struct pv_ring ring;
    evtchn_port_t port;
    grant_ref_t ring_ref;
    void *data; /* a page */
    grant_ref_t data_ref;
    grant_ref_t readonly_ref; /* the same page, not to be written */
};

/** Nodes, back-end, ring; connected. */
void raw_start(struct raw_front *raw, bool persistent);

/** Put a request into the ring; the back-end has seen it. */
void raw_send(struct raw_front *raw, const struct blkif_request *request);

/** Send one, and return its response's status. */
int raw_ask(struct raw_front *raw, const struct blkif_request *request);

/** Free all, also what is left in a device that was closed. */
void raw_stop(struct raw_front *raw);

#endif
