/* SPDX-License-Identifier: MIT */
/*
 * A connection with a guest's console, by whichever console daemon serves it:
 * ours through its socket, where a connection can be taken up again at the byte
 * where it broke; any other through the terminal that the store names.
 */
#ifndef TOOLSTACK_CONSOLE_H
#define TOOLSTACK_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "public/types.h"

#include "lib/cancel.h"
#include "lib/privcmd.h"
#include "toolstack/store.h"

struct console;

/* Which console of a guest. */
#define CONSOLE_PRIMARY 0

/**
 * Attach. What the guest has written and nobody has seen comes first.
 *
 * @number      CONSOLE_PRIMARY, or that of a further console
 * @timeout_ms  how long a daemon has to serve it
 * @cancel      ends the waiting for that; may be NULL
 *
 * Returns 0; -ETIMEDOUT (NO_ANSWER) where none does; -ECANCELED; -errno.
 */
int console_attach(struct privcmd *p, struct store *s, domid_t domid,
                   unsigned int number, int timeout_ms,
                   const struct cancel *cancel, struct console **c_out,
                   struct error **err_out);

/* End it; NULL is let pass. */
void console_close(struct console *c);

/* A descriptor for poll(); -1 while the connection is broken. */
int console_fd(const struct console *c);

/**
 * Bytes that the guest has written.
 *
 * Returns how many; -EAGAIN if none are there; 0: the connection is broken, and
 *         console_ended() or console_retry() tells how it goes on.
 */
ssize_t console_read(struct console *c, char *buffer, size_t size);

/* Type. Returns how many bytes were taken; -EAGAIN: none now. */
ssize_t console_write(struct console *c, const char *text, size_t len);

/**
 * Whether the guest is over, and why.
 *
 * @reason_out  SHUTDOWN_*, or -1: it was destroyed
 */
bool console_ended(struct console *c, int *reason_out);

/* Try to take a broken connection up again. Returns whether it is. */
bool console_retry(struct console *c);

/**
 * What the guest wrote at its end, and the connection did not bring.
 *
 * @text_out  that the caller frees; NULL: nothing
 */
void console_rest(struct console *c, char **text_out, size_t *len_out);

#endif
