/* SPDX-License-Identifier: MIT */
/* The console of a guest that is being created; see console.h. */
#include "xl/console.h"

#include <errno.h>
#include <poll.h>

#include "lib/domctl.h"
#include "xl/cmd.h"
#include "xl/watch.h"

/* How long a guest that reboots has until it is there again. */
#define REBORN_MS      60000
#define REBORN_STEP_MS 100

/* Its watcher makes it anew. Returns 0; -ESRCH; -errno. */
static int reborn_await(struct xl *xl, const char *name, domid_t before,
                        domid_t *domid_out, struct error **err_out)
{
    int rc, tries = REBORN_MS / REBORN_STEP_MS;

    do {
        struct pollfd fd = {.fd = cancel_fd(xl->cancel), .events = POLLIN};

        error_clear(err_out);
        rc = domain_find_name(xl->privcmd, xl->store, name, domid_out, err_out);
        if (!rc && *domid_out != before)
            return 0;
        poll(&fd, 1, REBORN_STEP_MS);
    } while (!cancel_requested(xl->cancel) && tries--);
    return rc ? rc
              : error_set(err_out, ERROR_NO_DOMAIN, -ESRCH,
                          "it has not come again");
}

int console_follow(struct xl *xl, const struct vm_config *config, domid_t domid,
                   struct error **err_out)
{
    bool comes_again =
        !xl_has(xl, 'e') && !xl_has(xl, 'F') && config->on_reboot == VM_RESTART;
    struct console *c = NULL;
    int rc = xl_console_attach(xl, domid, &c, err_out), run, reason = 0;

    /* Not only when this command ends: it may stay for long. */
    if (!xl_has(xl, 'e') && !xl_has(xl, 'F'))
        watch_ensure(false);
    if (!xl_has(xl, 'p')) {
        run = domctl_unpause(xl->privcmd, domid, rc ? NULL : err_out);
        rc = rc ? rc : run;
    }
    if (rc) {
        console_close(c);
        return error_wrap(err_out, "created, but its console is not to be had");
    }
    for (;;) {
        rc = xl_console_session(xl, c, config->name, CONSOLE_ESCAPE, &reason,
                                err_out);
        if (rc || reason != SHUTDOWN_reboot || !comes_again)
            return rc;
        rc = reborn_await(xl, config->name, domid, &domid, err_out);
        if (!rc)
            rc = xl_console_attach(xl, domid, &c, err_out);
        if (rc)
            return rc;
    }
}
