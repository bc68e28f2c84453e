/* SPDX-License-Identifier: MIT */
/* A guest that comes out of a stream, from a file or from another host. */
#ifndef XL_INCOMING_H
#define XL_INCOMING_H

#include "stream/io.h"
#include "toolstack/config.h"
#include "xl/cmd.h"

struct incoming {
    struct xl *xl;
    struct stream stream;
    const char *config_path; /* in place of the configuration in the stream */
    bool paused;             /* do not let it run */
    bool watch;              /* wait for its end in the background */
    /* By incoming_read(): */
    struct vm_config config;
    char *text; /* of the configuration, NULL: none came */
    /* By incoming_create(): */
    domid_t domid;
};

/* Read the stream's head, and what guest it is. Returns 0; -errno. */
int incoming_read(struct incoming *in, struct error **err_out);

/**
 * Make the domain, paused.
 *
 * @suffix  of its name for now; NULL: none
 *
 * Returns 0; -errno, and nothing of it is left.
 */
int incoming_create(struct incoming *in, const char *suffix,
                    struct error **err_out);

/* Let it run, as far as wanted, and watch it. Returns 0; -errno. */
int incoming_start(struct incoming *in, struct error **err_out);

void incoming_free(struct incoming *in);

#endif
