/* SPDX-License-Identifier: MIT */
/* What becomes of a domain that has ended: on_poweroff and the like. */
#ifndef TOOLSTACK_ENDING_H
#define TOOLSTACK_ENDING_H

#include <stdbool.h>

#include "lib/privcmd.h"
#include "toolstack/config.h"
#include "toolstack/store.h"

/* What the configuration says of that reason, SHUTDOWN_*. */
enum vm_action ending_action(const struct vm_config *config,
                             unsigned int reason);

/**
 * Do it. A new domain has the devices that the old one had in the end, which
 * the configuration has then, too.
 *
 * @domid    the one that has ended; changed to the new one's
 * @goes_on  set: there is a new domain of that configuration, or not
 *
 * Returns 0; -errno.
 */
int ending_run(struct privcmd *p, struct store *s, struct vm_config *config,
               enum vm_action action, domid_t *domid, bool *goes_on,
               struct error **err_out);

#endif
