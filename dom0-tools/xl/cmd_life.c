/* SPDX-License-Identifier: MIT */
/* xl pause, unpause, shutdown, reboot, sysrq: what a running domain is told. */
#include "xl/cmd.h"

#include <errno.h>
#include <string.h>

#include "lib/domctl.h"
#include "toolstack/control.h"

/* A guest that listens takes a request at once; a busy one needs its time. */
#define REQUEST_MS 60000

const struct option_row shutdown_options[] = {
    {.id = 'a', .name = "all", .help = "all domains but the control domain"},
    {.id = 'w', .name = "wait", .help = "wait until they are gone or off"},
    {.id = 'F',
     .name = "fallback",
     .help = "taken, without effect on a PV guest"},
    {0},
};

static int find_one(struct xl *xl, const char *which, domid_t *domid_out,
                    struct error **err_out)
{
    struct privcmd *p;
    struct store *s;
    int rc = xl_open(xl, &p, &s, err_out);

    return rc ? rc : domain_find(p, s, which, domid_out, err_out);
}

int cmd_pause(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    domid_t domid;
    int rc = find_one(xl, args[0], &domid, err_out);

    (void)nr_args;
    return rc ? rc : domctl_pause(xl->privcmd, domid, err_out);
}

int cmd_unpause(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    domid_t domid;
    int rc = find_one(xl, args[0], &domid, err_out);

    (void)nr_args;
    return rc ? rc : domctl_unpause(xl->privcmd, domid, err_out);
}

static int one_request(struct xl *xl, const struct domain_entry *d,
                       const char *what, struct error **err_out)
{
    int rc;

    fprintf(xl->err, "%s domain %u\n",
            strcmp(what, "reboot") ? "Shutting down" : "Rebooting",
            d->info.domain);
    rc = control_request(xl->store, d->info.domain, what, REQUEST_MS, err_out);
    if (rc)
        error_wrap(err_out, "%s", d->name ? d->name : "(null)");
    return rc;
}

static int requests(struct xl *xl, struct domain_list *list, const char *what,
                    struct error **err_out)
{
    size_t i, first = 0;
    int rc = 0;

    /* Of all domains, the control domain is not meant. */
    if (xl_has(xl, 'a'))
        while (first < list->nr && list->entry[first].info.domain == 0)
            first++;
    for (i = first; i < list->nr && !rc; i++)
        rc = one_request(xl, &list->entry[i], what, err_out);
    for (i = first; xl_has(xl, 'w') && i < list->nr && !rc; i++)
        rc = control_await_end(xl->privcmd, xl->store,
                               list->entry[i].info.domain, -1, err_out);
    return rc;
}

static int request_run(struct xl *xl, int nr_args, char **args,
                       const char *what, struct error **err_out)
{
    struct domain_list list;
    int rc;

    if (xl_has(xl, 'a') == (nr_args > 0))
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "name one domain, or give -a for all of them");
    rc = xl_domains(xl, nr_args, args, &list, err_out);
    if (rc)
        return rc;
    rc = requests(xl, &list, what, err_out);
    domain_list_free(&list);
    return rc;
}

int cmd_shutdown(struct xl *xl, int nr_args, char **args,
                 struct error **err_out)
{
    return request_run(xl, nr_args, args, "poweroff", err_out);
}

int cmd_reboot(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    return request_run(xl, nr_args, args, "reboot", err_out);
}

int cmd_sysrq(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    domid_t domid;
    int rc;

    (void)nr_args;
    if (strlen(args[1]) != 1)
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "'%s' is not one letter", args[1]);
    rc = find_one(xl, args[0], &domid, err_out);
    return rc ? rc : control_sysrq(xl->store, domid, args[1][0], err_out);
}
