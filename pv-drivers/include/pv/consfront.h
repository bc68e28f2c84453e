/* SPDX-License-Identifier: MIT */
/*
 * Console front-end: the page and the port that a domain is started with
 * (start_info.console), or any other such pair.
 *
 * The back-end is not trusted: whatever it stores, reads and writes stay within
 * the page.
 */
#ifndef PV_CONSFRONT_H
#define PV_CONSFRONT_H

#include "public/io/console.h"

#include "pv/os.h"

struct consfront {
    struct xencons_interface *ring;
    evtchn_port_t port;
    uint32_t out_prod, in_cons; /* ours; the page's may be written by it, too */
};

/** Use this page and port, from the start; also after a restore. */
void consfront_open(struct consfront *console, struct xencons_interface *ring,
                    evtchn_port_t port);

/** Write as much as there is room for, at least one byte if there is any.
 * Returns how much; after the port's next event there may be more room. */
size_t consfront_write(struct consfront *console, const char *text,
                       size_t size);

/** Take what was typed. Returns how much; after the port's next event there may
 * be more. */
size_t consfront_read(struct consfront *console, char *text, size_t size);

#endif
