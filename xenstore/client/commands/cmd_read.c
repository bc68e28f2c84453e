/* SPDX-License-Identifier: MIT */
/* xenstore-read: values of nodes. */
#include "commands.h"

#include <stdlib.h>

int run_read(struct run *run)
{
    for (unsigned int i = 0; i < run->nr_args; i++) {
        unsigned int len;
        char *value = xs_read(run->h, run->t, run->args[i], &len);

        if (!value)
            return run_failed(run, "couldn't read path %s", run->args[i]);
        if (run->opt.prefix)
            text_printf(&run->out, "%s: ", run->args[i]);
        if (run->opt.raw) {
            text_add(&run->out, value, len);
        } else {
            text_add_escaped(&run->out, value, len);
            text_add(&run->out, "\n", 1);
        }
        free(value);
    }
    return 0;
}
