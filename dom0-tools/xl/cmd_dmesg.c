/* SPDX-License-Identifier: MIT */
/* xl dmesg, debug-keys: the hypervisor's console. */
#include "xl/cmd.h"

#include <stdlib.h>

#include "lib/json.h"
#include "lib/sysctl.h"

const struct option_row dmesg_options[] = {
    {.id = 'c', .name = "clear", .help = "empty the log after reading it"},
    {0},
};

int cmd_dmesg(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    struct privcmd *p;
    struct json *j;
    char *text;
    int rc = xl_hypervisor(xl, &p, err_out);

    (void)nr_args, (void)args;
    if (!rc)
        rc = sysctl_read_console(p, xl_has(xl, 'c'), &text, err_out);
    if (rc)
        return rc;
    if (!xl->json) {
        fputs(text, xl->out);
    } else if ((j = json_new())) {
        json_object(j, NULL);
        json_text(j, "log", text);
        json_object_end(j);
        json_finish(j, xl->out);
    } else {
        rc = out_of_memory(err_out);
    }
    free(text);
    return rc;
}

int cmd_debug_keys(struct xl *xl, int nr_args, char **args,
                   struct error **err_out)
{
    struct privcmd *p;
    int rc = xl_hypervisor(xl, &p, err_out);

    (void)nr_args;
    return rc ? rc : sysctl_debug_keys(p, args[0], err_out);
}
