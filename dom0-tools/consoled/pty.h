/* SPDX-License-Identifier: MIT */
/*
 * The pseudo terminal of a guest, for the stock client and for programs: its
 * path stands in the store. Output goes to it only while somebody has it open;
 * until then the history keeps it.
 */
#ifndef CONSOLED_PTY_H
#define CONSOLED_PTY_H

#include "consoled/guest.h"

#define PTY_PATH_SIZE 32

/* Begin to see who opens terminals. Returns 0; -errno. */
int pty_init(struct consoled *d);

/* Make one for the guest. Returns 0; -errno. */
int pty_open(struct guest *g);

/* Its path, PTY_PATH_SIZE bytes; "" where there is none. */
void pty_path(const struct guest *g, char *path);

/* End it: whoever has it open sees that. */
void pty_close(struct guest *g);

#endif
