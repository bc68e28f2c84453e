/* SPDX-License-Identifier: MIT */
/* xl top: what domains use of the host, again and again. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "xl/cmd.h"
#include "xl/top.h"

#define DEFAULT_DELAY 3
/* With --json one table is enough, of as long a time. */
#define JSON_DELAY 1

const struct option_row top_options[] = {
    {.id = 'b', .name = "batch", .help = "write tables, for programs"},
    {.id = 'd',
     .name = "delay",
     .value = "SECONDS",
     .help = "between two looks"},
    {.id = 'i',
     .name = "iterations",
     .value = "N",
     .help = "end after so many looks"},
    {.id = 'f', .name = "full-name", .help = "do not cut names"},
    {.id = 'n', .name = "networks", .help = "a line for each interface"},
    {.id = 'x', .name = "vbds", .help = "a line for each disk"},
    {.id = 'v', .name = "vcpus", .help = "a line of vcpus"},
    {.id = 'r', .name = "repeat-header", .help = "the titles for each domain"},
    {0},
};

static int delay_parse(const char *text, double *delay, struct error **err_out)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value >= 0.1 && value <= 86400))
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "-d: '%s' is no number of seconds from 0.1 to 86400",
                         text);
    *delay = value;
    return 0;
}

static int options_read(const struct xl *xl, struct top_options *o,
                        struct error **err_out)
{
    int rc = 0;

    *o = (struct top_options){
        .delay = xl->json ? JSON_DELAY : DEFAULT_DELAY,
        /* The first table has no rates yet. */
        .iterations = xl->json ? 2 : 0,
        .full_names = xl_has(xl, 'f'),
        .vcpus = xl_has(xl, 'v'),
        .networks = xl_has(xl, 'n'),
        .disks = xl_has(xl, 'x'),
        .repeat_header = xl_has(xl, 'r'),
    };
    if (xl_has(xl, 'd'))
        rc = delay_parse(xl->option['d'], &o->delay, err_out);
    if (!rc && xl_has(xl, 'i'))
        rc = number_parse(xl->option['i'], "-i", 1, 1000000000, &o->iterations,
                          err_out);
    return rc;
}

/* Returns whether the whole time has passed: ^C is how this usually ends. */
static bool delay_pass(const struct xl *xl, double seconds)
{
    struct pollfd fd = {.fd = cancel_fd(xl->cancel), .events = POLLIN};

    return poll(&fd, 1, (int)(seconds * 1000)) <= 0 &&
           !cancel_requested(xl->cancel);
}

/* One table; with --json only the last one is written. */
static int tables_write(struct xl *xl, const struct top_options *o,
                        struct error **err_out)
{
    struct top_table table = {0};
    struct usage before = {0}, now = {0};
    long i;
    int rc = 0;

    for (i = 0; !rc && (!o->iterations || i < o->iterations); i++) {
        if (i && !delay_pass(xl, o->delay))
            break;
        rc = usage_take(xl->privcmd, xl->store, BACKEND_SYSFS, &now, err_out);
        if (!rc)
            rc = top_table_make(&table, i ? &before : NULL, &now, err_out);
        if (!rc && !xl->json)
            rc = top_batch_print(xl, &table, &now, o, err_out);
        fflush(xl->out);
        usage_free(&before);
        before = now;
    }
    if (!rc && xl->json)
        rc = top_json_print(xl, &table, err_out);
    usage_free(&before);
    top_table_free(&table);
    return rc;
}

int cmd_top(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    struct top_options o;
    struct privcmd *p;
    struct store *s;
    int rc = options_read(xl, &o, err_out);

    (void)nr_args, (void)args;
    if (!rc)
        rc = xl_open(xl, &p, &s, err_out);
    if (rc)
        return rc;
    return xl->json || xl_has(xl, 'b') ? tables_write(xl, &o, err_out)
                                       : top_screen_run(xl, &o, err_out);
}
