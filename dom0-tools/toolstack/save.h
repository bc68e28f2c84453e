/* SPDX-License-Identifier: MIT */
/* Saving a running guest: it suspends itself, is written, and ends or goes on.
 */
#ifndef TOOLSTACK_SAVE_H
#define TOOLSTACK_SAVE_H

#include "public/types.h"

#include "lib/privcmd.h"
#include "stream/io.h"
#include "toolstack/store.h"

/* What becomes of the guest when it has been written. */
enum save_then {
    SAVE_DESTROY,
    SAVE_CONTINUE,
    SAVE_PAUSE, /* go on, but paused */
};

struct save_request {
    domid_t domid;
    const char *config; /* libxl's JSON; NULL: what is kept of the domain */
    bool keep_domid;    /* it shall have its id again */
    enum save_then then;
    /* Called when all is written, before the guest may end; may be NULL. */
    int (*settle)(void *ctx, struct error **err_out);
    void *settle_ctx;
};

/**
 * Save.
 *
 * Returns 0; -ETIMEDOUT (NO_ANSWER) where the guest does not suspend itself;
 *         -errno. Where it fails the guest runs as before, or the error says
 *         that it does not.
 */
int save_run(struct privcmd *p, struct store *s,
             const struct save_request *request, struct stream *out,
             struct error **err_out);

/**
 * The configuration that goes with a saved domain.
 *
 * @text_out  what the caller frees
 *
 * Returns 0; -ENOENT (CONFIG) where nothing is kept; -EPERM (CONFIG) where what
 *         is kept says that the domain stays; -errno.
 */
int save_config(struct privcmd *p, struct store *s,
                const struct save_request *request, char **text_out,
                struct error **err_out);

/* Let a guest run again that is not saved after all: `rc` with the error that
 * is there, and what went wrong with that. Waits are not cancelled. */
int save_undo(struct privcmd *p, struct store *s, domid_t domid, int rc,
              struct error **err_out);

#endif
