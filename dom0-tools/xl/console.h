/* SPDX-License-Identifier: MIT */
/*
 * A person at a guest's console: `xl console`, and -c of commands that make a
 * guest run. Those attach first, then let it run, then hand the terminal over:
 *
 *   xl_console_attach(xl, domid, &console, err_out)
 *   domctl_unpause(...)
 *   xl_console_session(xl, console, name, CONSOLE_ESCAPE, NULL, err_out)
 */
#ifndef XL_CONSOLE_H
#define XL_CONSOLE_H

#include "toolstack/config.h"
#include "toolstack/console.h"
#include "xl/xl.h"

#define CONSOLE_ESCAPE 0x1d /* Ctrl-] */
#define CONSOLE_LEFT   (-2) /* by the person */

/* Attach to the primary console of a guest that may not have run yet. Returns
 * 0; -errno. */
int xl_console_attach(struct xl *xl, domid_t domid, struct console **c_out,
                      struct error **err_out);

/**
 * Pass bytes between the terminal and the guest, until the person leaves by the
 * escape character or the guest is over, which is said.
 *
 * @c           ended by this
 * @reason_out  why it is over: SHUTDOWN_*, -1: destroyed, or CONSOLE_LEFT; may
 *              be NULL
 *
 * Returns 0; -errno. The terminal is as it was.
 */
int xl_console_session(struct xl *xl, struct console *c, const char *name,
                       char escape, int *reason_out, struct error **err_out);

/**
 * For `create -c`: attach to a new guest that is paused, let it run unless -p
 * was given, and stay with it, also when it reboots. It runs even where its
 * console is not to be had.
 *
 * Returns 0; -errno.
 */
int console_follow(struct xl *xl, const struct vm_config *config, domid_t domid,
                   struct error **err_out);

#endif
