/* SPDX-License-Identifier: MIT */
/*
 * One process for all domains that are watched: it waits for the end of any and
 * does what the configuration of that says. It keeps nothing in memory but what
 * watch_record.h has on disk, so another one can take its place at any time.
 */
#ifndef TOOLSTACK_WATCHER_H
#define TOOLSTACK_WATCHER_H

#include "lib/privcmd.h"
#include "toolstack/config.h"
#include "toolstack/store.h"

/* What it is about, and what it does: for the log of that guest. */
typedef void watcher_tell_fn(const char *name, const char *text);

/**
 * Watch, until no domain is left to be watched.
 *
 * Returns 0; -errno (STORE, HYPERVISOR): it can't go on. What goes wrong with
 *         one guest is told.
 */
int watcher_run(struct privcmd *p, struct store *s, watcher_tell_fn *tell,
                struct error **err_out);

#endif
