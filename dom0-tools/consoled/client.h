/* SPDX-License-Identifier: MIT */
/* Clients at the daemon's socket; protocol.h tells what they say. */
#ifndef CONSOLED_CLIENT_H
#define CONSOLED_CLIENT_H

#include "consoled/guest.h"

/* Listen. Returns 0; -errno. */
int client_listen(struct consoled *d);

/* A guest is there; clients may be waiting for it. */
void clients_attach(struct guest *g);

#endif
