/* SPDX-License-Identifier: MIT */
/* Which guests there are: the store tells when they come and go. */
#ifndef CONSOLED_GUESTS_H
#define CONSOLED_GUESTS_H

#include "consoled/consoled.h"

/**
 * Connect to the store, and serve all guests that are there.
 *
 * Returns 0; -errno where no daemon answers.
 */
int guests_open(struct consoled *d);

/* Events have come: look for ports that have some. */
void guests_events(struct consoled *d);

/* Open all logs anew: somebody has moved the files. */
void guests_reopen_logs(struct consoled *d);

/* What is to be tried again: the store, guests that could not be served yet. */
void guests_retry(struct consoled *d);

/* Milliseconds until guests_retry() should be called; -1: no need. */
int guests_timeout(void);

#endif
