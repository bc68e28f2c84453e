/* SPDX-License-Identifier: MIT */
/*
 * xl getenforce, setenforce, loadpolicy: there is no security module in this
 * hypervisor, nor in a stock one as it is usually built. What is said on
 * standard output is what the stock tool says of such a one.
 */
#include "xl/cmd.h"

#include <errno.h>

static int disabled(struct error **err_out)
{
    return error_set(err_out, ERROR_UNSUPPORTED, -ENOSYS,
                     "the hypervisor has no security module");
}

int cmd_getenforce(struct xl *xl, int nr_args, char **args,
                   struct error **err_out)
{
    (void)nr_args, (void)args;
    if (!xl->json)
        fputs("Flask XSM Disabled\n", xl->out);
    return disabled(err_out);
}

int cmd_setenforce(struct xl *xl, int nr_args, char **args,
                   struct error **err_out)
{
    (void)xl, (void)nr_args, (void)args;
    return disabled(err_out);
}

int cmd_loadpolicy(struct xl *xl, int nr_args, char **args,
                   struct error **err_out)
{
    (void)xl, (void)nr_args, (void)args;
    return disabled(err_out);
}
