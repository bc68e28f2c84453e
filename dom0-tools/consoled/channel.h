/* SPDX-License-Identifier: MIT */
/*
 * A guest's consoles beyond the first: channels of xl.cfg. The toolstack makes
 * them, a pair of folders each, which find each other as those of any device:
 *
 *   /local/domain/<id>/device/console/<n>       the guest's: its driver says
 *                                               ring-ref, port, state
 *   /local/domain/0/backend/console/<id>/<n>    ours: type, connection, state
 *
 * Which there are is read from the second, where no guest can write.
 * Source: public/io/console.h, public/io/xenbus.h; xen-pv-channel(7).
 */
#ifndef CONSOLED_CHANNEL_H
#define CONSOLED_CHANNEL_H

#include <xenstore.h>

#include "consoled/guest.h"

/* Begin to serve all further consoles of a guest whose first one is served.
 * Once for each guest and connection with the store. */
void channels_find(struct xs_handle *xs, struct guest *first);

/* A watch of channels_find() has fired; channels_look() does the work. */
void channel_event(struct consoled *d, const char *token);

/* Look at all whose nodes have changed. */
void channels_look(struct consoled *d, struct xs_handle *xs);

/* Say in the store at which terminal it is served. */
void channel_tty_write(struct xs_handle *xs, const struct guest *g);

/* The domain has gone: nothing of it is watched any more. */
void channels_forget(struct xs_handle *xs, unsigned int domid);

/* The store's daemon has gone. */
void channels_forget_all(void);

#endif
