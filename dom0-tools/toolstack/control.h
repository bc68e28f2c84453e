/* SPDX-License-Identifier: MIT */
/* What a guest is asked to do through the store. */
#ifndef TOOLSTACK_CONTROL_H
#define TOOLSTACK_CONTROL_H

#include "public/types.h"

#include "lib/privcmd.h"
#include "toolstack/store.h"

/**
 * Ask a guest to power off, reboot or suspend, and wait until it takes the
 * request.
 *
 * @what        "poweroff", "reboot", "halt" or "suspend"
 * @timeout_ms  how long it has for that
 *
 * Returns 0; -ETIMEDOUT (NO_ANSWER), the request is then taken back; -errno.
 * Source: xenstore /local/domain/<id>/control/shutdown.
 */
int control_request(struct store *s, domid_t domid, const char *what,
                    int timeout_ms, struct error **err_out);

/**
 * Wait until a domain has shut down or is gone. One that is suspended, to be
 * saved, has not.
 *
 * Returns 0; -ETIMEDOUT (NO_ANSWER); -errno.
 */
int control_await_end(struct privcmd *p, struct store *s, domid_t domid,
                      int timeout_ms, struct error **err_out);

/* Press a key of the guest kernel's SysRq. Returns 0; -errno. */
int control_sysrq(struct store *s, domid_t domid, char key,
                  struct error **err_out);

#endif
