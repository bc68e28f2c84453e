/* SPDX-License-Identifier: MIT */
/* Suspending guests; see suspend.h. */
#include "toolstack/suspend.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/domctl.h"
#include "lib/domctl_state.h"
#include "lib/evtchn.h"
#include "toolstack/control.h"
#include "toolstack/domain.h"

#define SUSPEND_MS 60000

/* What a guest's call to suspend returns where nothing came of it. */
#define CANCELLED 1

static bool is_suspended(const struct xen_domctl_getdomaininfo *info)
{
    return info->flags & XEN_DOMINF_shutdown &&
           domain_shutdown_reason(info) == SHUTDOWN_suspend;
}

struct waiting {
    struct privcmd *p;
    domid_t domid;
};

static int has_suspended(void *ctx, struct error **err_out)
{
    struct waiting *w = ctx;
    struct xen_domctl_getdomaininfo info;
    int rc = domctl_info(w->p, w->domid, &info, err_out);

    if (rc)
        return rc;
    if (info.flags & XEN_DOMINF_dying || domain_has_ended(&info))
        return error_set(err_out, ERROR_NO_ANSWER, -ECANCELED,
                         "the guest has ended in place of suspending");
    return is_suspended(&info);
}

static int await(struct privcmd *p, struct store *s, domid_t domid,
                 struct error **err_out)
{
    struct waiting w = {.p = p, .domid = domid};
    int rc =
        store_wait(s, "@releaseDomain", SUSPEND_MS, has_suspended, &w, err_out);

    if (rc != -ETIMEDOUT)
        return rc;
    error_set(err_out, ERROR_NO_ANSWER, -ETIMEDOUT,
              "the guest did not suspend itself within %d s",
              SUSPEND_MS / 1000);
    return error_hint(err_out, "look at its console");
}

/* By the event channel that it may have made for this, or by the store. */
static int request(struct privcmd *p, struct store *s, domid_t domid,
                   struct error **err_out)
{
    unsigned long port;
    char *text;
    int rc = store_read(s, &text, err_out,
                        "/local/domain/%u/device/suspend/event-channel", domid);

    if (rc)
        return rc;
    port = text ? strtoul(text, NULL, 10) : 0;
    free(text);
    return port ? evtchn_notify(p, domid, (evtchn_port_t)port, err_out)
                : control_request(s, domid, "suspend", SUSPEND_MS, err_out);
}

/*
 * After a failure: let a guest go on that has suspended itself nevertheless.
 *
 * @comes  it has taken the request, and is on its way
 */
static void take_back(struct privcmd *p, struct store *s, domid_t domid,
                      bool comes)
{
    const struct cancel *cancel = store_set_cancel(s, NULL);

    if (!comes || !await(p, s, domid, NULL))
        suspend_cancel(p, s, domid, false, NULL);
    store_set_cancel(s, cancel);
}

/* Whether it can suspend itself; *done: it has already. */
static int check(struct privcmd *p, domid_t domid, bool *done,
                 struct error **err_out)
{
    struct xen_domctl_getdomaininfo info;
    int rc = domctl_info(p, domid, &info, err_out);

    if (rc)
        return rc;
    *done = is_suspended(&info);
    if (domid == 0)
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "it is the control domain");
    if (*done)
        return 0;
    if (info.flags & (XEN_DOMINF_shutdown | XEN_DOMINF_dying))
        return error_set(err_out, ERROR_USAGE, -EINVAL, "it has shut down");
    if (info.flags & XEN_DOMINF_paused) {
        error_set(err_out, ERROR_USAGE, -EINVAL,
                  "it is paused and can't suspend itself");
        return error_hint(err_out, "unpause it first");
    }
    return 0;
}

int suspend_run(struct privcmd *p, struct store *s, domid_t domid,
                struct error **err_out)
{
    bool done = false;
    int rc = check(p, domid, &done, err_out);

    if (rc || done)
        return rc;
    rc = request(p, s, domid, err_out);
    if (rc) {
        take_back(p, s, domid, false);
        return rc;
    }
    rc = await(p, s, domid, err_out);
    if (rc)
        take_back(p, s, domid, rc != -ETIMEDOUT && rc != -ESRCH);
    return rc;
}

/* Its call returns to it. */
static int result_set(struct privcmd *p, domid_t domid, struct error **err_out)
{
    struct vcpu_guest_context *c = malloc(sizeof(*c));
    int rc;

    if (!c)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    rc = domctl_get_context(p, domid, 0, c, err_out);
    if (!rc) {
        c->user_regs.rax = CANCELLED;
        rc = domctl_set_context(p, domid, 0, c, err_out);
    }
    free(c);
    return rc;
}

int suspend_cancel(struct privcmd *p, struct store *s, domid_t domid,
                   bool paused, struct error **err_out)
{
    struct xen_domctl_getdomaininfo info;
    int rc = domctl_info(p, domid, &info, err_out);

    if (rc)
        return rc;
    if (!is_suspended(&info))
        return error_set(err_out, ERROR_USAGE, -EINVAL, "it is not suspended");
    rc = result_set(p, domid, err_out);
    if (!rc && paused)
        rc = domctl_pause(p, domid, err_out);
    if (!rc)
        rc = domctl_resume(p, domid, err_out);
    return rc ? rc : store_resume(s, domid, err_out);
}
