/* SPDX-License-Identifier: MIT */
/* What is done with domains that have ended; see ending.h. */
#include "toolstack/ending.h"

#include <stdio.h>

#include "public/sched.h"

#include "toolstack/create.h"
#include "toolstack/destroy.h"
#include "toolstack/device.h"
#include "toolstack/device_list.h"
#include "toolstack/domain.h"

enum vm_action ending_action(const struct vm_config *config,
                             unsigned int reason)
{
    switch (reason) {
    case SHUTDOWN_poweroff:
        return config->on_poweroff;
    case SHUTDOWN_reboot:
        return config->on_reboot;
    case SHUTDOWN_watchdog:
        return config->on_watchdog;
    case SHUTDOWN_soft_reset:
        return config->on_soft_reset;
    default:
        return config->on_crash;
    }
}

/* One more of the same configuration. */
static int restart(struct privcmd *p, struct store *s,
                   const struct vm_config *config, domid_t *domid_out,
                   struct error **err_out)
{
    struct creation c = {0};
    int rc = create_prepare(p, s, config, &c, err_out);

    if (rc)
        return rc;
    rc = create_run(p, s, &c, false, domid_out, err_out);
    creation_free(&c);
    return rc;
}

/* Make the domain's name and devices free for the next one. */
static int step_aside(struct privcmd *p, struct store *s,
                      const struct vm_config *config, domid_t domid,
                      struct error **err_out)
{
    char name[256];
    int rc = device_end_all(s, domid, err_out);

    if (!rc)
        rc = device_remove_all(s, domid, err_out);
    snprintf(name, sizeof(name), "%.200s-%u", config->name, domid);
    return rc ? rc : domain_rename(p, s, domid, name, err_out);
}

int ending_run(struct privcmd *p, struct store *s, struct vm_config *config,
               enum vm_action action, domid_t *domid, bool *goes_on,
               struct error **err_out)
{
    int rc = 0;

    *goes_on = action == VM_RESTART || action == VM_RENAME_RESTART;
    if (*goes_on)
        rc = device_list_read(s, *domid, config, err_out);
    if (rc)
        return rc;
    if (action == VM_DESTROY || action == VM_RESTART)
        rc = destroy_run(p, s, *domid, err_out);
    else if (action == VM_RENAME_RESTART)
        rc = step_aside(p, s, config, *domid, err_out);
    if (!rc && *goes_on)
        rc = restart(p, s, config, domid, err_out);
    return rc;
}
