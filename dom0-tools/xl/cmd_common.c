/* SPDX-License-Identifier: MIT */
/* What several commands need; see cmd.h. */
#include "xl/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int out_of_memory(struct error **err_out)
{
    return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
}

int xl_open(struct xl *xl, struct privcmd **p_out, struct store **s_out,
            struct error **err_out)
{
    int rc = xl_hypervisor(xl, p_out, err_out);

    if (!rc && !xl->store) {
        rc = store_open(&xl->store, err_out);
        if (!rc)
            store_set_cancel(xl->store, xl->cancel);
    }
    *s_out = xl->store;
    return rc;
}

/* Those entries of `all` whose domains are named, in the order of names. */
static int list_pick(struct xl *xl, int nr_args, char **args,
                     struct domain_list *all, struct domain_list *picked,
                     struct error **err_out)
{
    domid_t domid;
    size_t i;
    int arg, rc;

    picked->entry = calloc((size_t)nr_args, sizeof(*picked->entry));
    if (!picked->entry)
        return out_of_memory(err_out);
    for (arg = 0; arg < nr_args; arg++) {
        rc = domain_find(xl->privcmd, xl->store, args[arg], &domid, err_out);
        if (rc)
            return rc;
        for (i = 0; i < all->nr; i++)
            if (all->entry[i].info.domain == domid)
                break;
        if (i == all->nr)
            return error_set(err_out, ERROR_NO_DOMAIN, -ESRCH,
                             "%s: no such domain", args[arg]);
        picked->entry[arg].info = all->entry[i].info;
        picked->entry[arg].name =
            all->entry[i].name ? strdup(all->entry[i].name) : NULL;
        picked->nr++;
    }
    return 0;
}

int xl_domains(struct xl *xl, int nr_args, char **args,
               struct domain_list *list_out, struct error **err_out)
{
    struct domain_list all, picked = {0};
    struct privcmd *p;
    struct store *s;
    int rc = xl_open(xl, &p, &s, err_out);

    if (!rc)
        rc = domain_list(p, s, &all, err_out);
    if (rc)
        return rc;
    if (nr_args == 0) {
        *list_out = all;
        return 0;
    }
    rc = list_pick(xl, nr_args, args, &all, &picked, err_out);
    domain_list_free(&all);
    if (rc)
        domain_list_free(&picked);
    else
        *list_out = picked;
    return rc;
}

const char *sched_name(unsigned int sched_id)
{
    switch (sched_id) {
    case XEN_SCHEDULER_CREDIT:
        return "credit";
    case XEN_SCHEDULER_CREDIT2:
        return "credit2";
    case XEN_SCHEDULER_ARINC653:
        return "arinc653";
    case XEN_SCHEDULER_RTDS:
        return "rtds";
    case XEN_SCHEDULER_NULL:
        return "null";
    default:
        return "unknown";
    }
}

int number_parse(const char *text, const char *what, long min, long max,
                 long *number_out, struct error **err_out)
{
    char *end;
    long number;

    errno = 0;
    number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < min || number > max)
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "%s: '%s' is no number from %ld to %ld", what, text,
                         min, max);
    *number_out = number;
    return 0;
}
