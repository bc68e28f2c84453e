/* SPDX-License-Identifier: MIT */
/* Sending a guest to another host; see handshake.h for what is said. */
#ifndef TOOLSTACK_MIGRATE_H
#define TOOLSTACK_MIGRATE_H

#include "lib/progress.h"
#include "toolstack/save.h"

struct migrate_request {
    struct save_request save; /* whom, with which configuration */
    const char *command;      /* for sh: starts `xl migrate-receive` there */
    const char *ask_command;  /* for sh: asks there what became of a guest */
    struct progress progress;
    const struct cancel *cancel; /* ends it as long as it can be taken back */
};

/**
 * Move a guest. It is stopped, sent, and goes on there.
 *
 * Returns 0, and it is not here any more; -errno (MIGRATION, STREAM, ..), and
 * it runs here as before; -EINPROGRESS (MIGRATION) where the other host can't
 * be asked: it stays here, suspended, as NAME--migratedaway.
 */
int migrate_run(struct privcmd *p, struct store *s,
                const struct migrate_request *request, struct error **err_out);

#endif
