/* SPDX-License-Identifier: MIT */
/* xenstore-list: names of nodes' children. */
#include "commands.h"

#include <stdlib.h>

int run_list(struct run *run)
{
    for (unsigned int i = 0; i < run->nr_args; i++) {
        unsigned int nr;
        char **names = xs_directory(run->h, run->t, run->args[i], &nr);

        if (!names)
            return run_failed(run, "could not list path %s", run->args[i]);
        for (unsigned int j = 0; j < nr; j++)
            text_printf(&run->out, "%s%s%s\n",
                        run->opt.prefix ? run->args[i] : "",
                        run->opt.prefix ? "/" : "", names[j]);
        free(names);
    }
    return 0;
}
