/* SPDX-License-Identifier: MIT */
/*
 * A new daemon takes over from one that runs, so that its local clients stay
 * connected: the old one hands their sockets on, with what it knows of each,
 * and ends. All else the new one finds in the journal.
 */
#ifndef XENSTORE_HANDOVER_H
#define XENSTORE_HANDOVER_H

#include <stdbool.h>

/** Clients that were handed on, and the socket that listens for more. */
struct handover;

/**
 * Ask the daemon that runs in a folder to hand over; it ends.
 *
 * Returns NULL if there is none, or it does not answer.
 */
struct handover *handover_take(const char *folder);

/** The listening socket; the caller owns it. */
int handover_listener(const struct handover *h);

/** Serve the clients: the store is as the old daemon left it. */
void handover_finish(struct handover *h);

/**
 * Wait for a successor.
 *
 * @stop  called when all has been handed on: the loop has to end
 */
void handover_listen(const char *folder, void (*stop)(void));

#endif
