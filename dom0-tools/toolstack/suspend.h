/* SPDX-License-Identifier: MIT */
/* Guests that suspend themselves, so that they can be saved. */
#ifndef TOOLSTACK_SUSPEND_H
#define TOOLSTACK_SUSPEND_H

#include "public/types.h"

#include "lib/privcmd.h"
#include "toolstack/store.h"

/**
 * Ask a guest to suspend itself, and wait until it has.
 *
 * Returns 0; -ETIMEDOUT (NO_ANSWER) where it does not, and then it runs;
 *         -EINVAL (USAGE) where it can't now: it is paused, or has ended;
 * -errno. Source: xenstore /local/domain/<id>/device/suspend/event-channel and
 *         control/shutdown; public/sched.h, SHUTDOWN_suspend.
 */
int suspend_run(struct privcmd *p, struct store *s, domid_t domid,
                struct error **err_out);

/**
 * Let a suspended guest go on as if nothing had happened.
 *
 * @paused  stopped, until somebody lets it run
 *
 * Returns 0; -EINVAL (USAGE) where it is not suspended; -errno.
 */
int suspend_cancel(struct privcmd *p, struct store *s, domid_t domid,
                   bool paused, struct error **err_out);

#endif
