/* SPDX-License-Identifier: MIT */
/* Requests to guests; see control.h. */
#include "toolstack/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/domctl.h"
#include "toolstack/domain.h"

struct request {
    struct store *s;
    domid_t domid;
};

/* A guest takes a request by making the node empty, or by going away. */
static int request_taken(void *ctx, struct error **err_out)
{
    struct request *r = ctx;
    char *value;
    int rc = store_read(r->s, &value, err_out,
                        "/local/domain/%u/control/shutdown", r->domid);

    if (rc)
        return rc;
    rc = !value || !*value;
    free(value);
    return rc;
}

int control_request(struct store *s, domid_t domid, const char *what,
                    int timeout_ms, struct error **err_out)
{
    struct request r = {.s = s, .domid = domid};
    char path[64];
    int rc;

    snprintf(path, sizeof(path), "/local/domain/%u/control/shutdown", domid);
    rc = store_write(s, what, err_out, "%s", path);
    if (!rc)
        rc = store_wait(s, path, timeout_ms, request_taken, &r, err_out);
    if (rc == -ECANCELED)
        store_write(s, "", NULL, "%s", path);
    if (rc != -ETIMEDOUT)
        return rc;
    rc = store_write(s, "", err_out, "%s", path);
    if (rc)
        return rc;
    error_set(err_out, ERROR_NO_ANSWER, -ETIMEDOUT,
              "the guest did not take the request within %d s",
              timeout_ms / 1000);
    return error_hint(err_out, "it may be paused, hung or not listening: "
                               "`xl destroy` ends it");
}

struct ending {
    struct privcmd *p;
    domid_t domid;
};

static int has_ended(void *ctx, struct error **err_out)
{
    struct ending *e = ctx;
    struct xen_domctl_getdomaininfo info;
    int rc = domctl_info(e->p, e->domid, &info, err_out);

    if (rc == -ESRCH) {
        error_clear(err_out);
        return 1;
    }
    if (rc)
        return rc;
    return info.flags & XEN_DOMINF_dying || domain_has_ended(&info);
}

int control_await_end(struct privcmd *p, struct store *s, domid_t domid,
                      int timeout_ms, struct error **err_out)
{
    struct ending e = {.p = p, .domid = domid};
    int rc =
        store_wait(s, "@releaseDomain", timeout_ms, has_ended, &e, err_out);

    if (rc == -ETIMEDOUT)
        rc = error_set(err_out, ERROR_NO_ANSWER, -ETIMEDOUT,
                       "domain %u still runs after %d s", domid,
                       timeout_ms / 1000);
    return rc;
}

int control_sysrq(struct store *s, domid_t domid, char key,
                  struct error **err_out)
{
    return store_write(s, (char[]){key, 0}, err_out,
                       "/local/domain/%u/control/sysrq", domid);
}
