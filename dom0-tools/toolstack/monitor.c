/* SPDX-License-Identifier: MIT */
/* Waiting for the end of one domain; see monitor.h. */
#include "toolstack/monitor.h"

#include <errno.h>
#include <string.h>

#include "lib/domctl.h"
#include "toolstack/control.h"
#include "toolstack/domain.h"
#include "toolstack/ending.h"

int monitor_run(struct privcmd *p, struct store *s, struct vm_config *config,
                domid_t domid, struct error **err_out)
{
    struct xen_domctl_getdomaininfo info;
    bool goes_on = true;
    int rc = 0;

    while (!rc && goes_on) {
        rc = control_await_end(p, s, domid, -1, err_out);
        if (!rc)
            rc = domctl_info(p, domid, &info, err_out);
        if (rc == -ESRCH) {
            error_clear(err_out);
            return 0;
        }
        /* Somebody else destroys it, or has done so and made another. */
        if (!rc && (info.flags & XEN_DOMINF_dying ||
                    memcmp(info.handle, config->uuid, sizeof(info.handle))))
            return 0;
        if (!rc)
            rc =
                ending_run(p, s, config,
                           ending_action(config, domain_shutdown_reason(&info)),
                           &domid, &goes_on, err_out);
    }
    return rc;
}
