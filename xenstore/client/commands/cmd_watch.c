/* SPDX-License-Identifier: MIT */
/* xenstore-watch: a line for each change of a node, or of one below it. */
#include "commands.h"

#include <stdlib.h>

int run_watch(struct run *run)
{
    for (unsigned int i = 0; i < run->nr_args; i++)
        if (!xs_watch(run->h, run->args[i], run->args[i]))
            return run_failed(run, "Unable to add watch on %s", run->args[i]);
    while (run->opt.number != 0) {
        char **event = xs_read_watch(run->h, NULL);

        if (!event)
            return run_failed(run, "no more events");
        text_printf(&run->out, "%s\n", event[XS_WATCH_PATH]);
        free(event);
        run_flush(run);
        if (run->opt.number > 0)
            run->opt.number--;
    }
    return 0;
}
