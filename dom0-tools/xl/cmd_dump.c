/* SPDX-License-Identifier: MIT */
/* xl dump-core: a guest's memory and registers for debuggers. */
#include "xl/cmd.h"

#include "lib/domctl.h"
#include "stream/core.h"
#include "xl/saved.h"
#include "xl/target.h"

/* Stopped for the time, so that all is of one moment. */
static int dump(struct xl *xl, domid_t domid, struct target *target,
                struct error **err_out)
{
    struct saved_progress *progress = saved_progress_begin(xl, "dumping");
    struct stream s = {.fd = target->fd,
                       .name = target->path,
                       .progress = saved_progress_as(progress),
                       .cancel = xl->cancel};
    int rc = domctl_pause(xl->privcmd, domid, err_out), rc2;

    if (!rc) {
        rc = core_write(xl->privcmd, domid, &s, err_out);
        rc2 = domctl_unpause(xl->privcmd, domid, rc ? NULL : err_out);
        rc = rc ? rc : rc2;
    }
    if (!rc)
        rc = target_settle(target, err_out);
    saved_progress_end(progress);
    return rc;
}

int cmd_dump_core(struct xl *xl, int nr_args, char **args,
                  struct error **err_out)
{
    struct target target;
    struct privcmd *p;
    struct store *s;
    domid_t domid;
    int rc = xl_open(xl, &p, &s, err_out);

    (void)nr_args;
    if (!rc)
        rc = domain_find(p, s, args[0], &domid, err_out);
    if (!rc)
        rc = target_open(&target, args[1], err_out);
    if (rc)
        return rc;
    rc = dump(xl, domid, &target, err_out);
    target_close(&target);
    if (rc)
        return error_wrap(err_out, "%s", args[0]);
    return xl->json ? saved_json(xl, args[1], args[0], domid, err_out) : 0;
}
