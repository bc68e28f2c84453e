/* SPDX-License-Identifier: MIT */
/* xl mem-set, mem-max: memory of a running domain. */
#include "xl/cmd.h"

#include "toolstack/memory_target.h"

typedef int memory_fn(struct privcmd *p, struct store *s, domid_t domid,
                      uint64_t kib, struct error **err_out);

static int memory_run(struct xl *xl, char **args, memory_fn *set,
                      struct error **err_out)
{
    struct privcmd *p;
    struct store *s;
    domid_t domid;
    uint64_t kib;
    int rc = memory_parse(args[1], &kib, err_out);

    if (!rc)
        rc = xl_open(xl, &p, &s, err_out);
    if (!rc)
        rc = domain_find(p, s, args[0], &domid, err_out);
    if (!rc) {
        rc = set(p, s, domid, kib, err_out);
        if (rc)
            error_wrap(err_out, "%s", args[0]);
    }
    return rc;
}

int cmd_mem_set(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    (void)nr_args;
    return memory_run(xl, args, memory_set_target, err_out);
}

int cmd_mem_max(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    (void)nr_args;
    return memory_run(xl, args, memory_set_max, err_out);
}
