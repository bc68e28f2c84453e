/* SPDX-License-Identifier: MIT */
/* xl sched-credit, sched-credit2: shares of the CPUs. */
#include "xl/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/domctl.h"
#include "lib/json.h"
#include "lib/sysctl.h"
#include "toolstack/pool.h"

/* What both have. */
/* clang-format off */
#define SHARE_OPTIONS                                                          \
    {.id = 'd', .name = "domain", .value = "DOMAIN", .help = "this domain"},   \
    {.id = 'w', .name = "weight", .value = "N",                                \
     .help = "set its weight, 1 to 65535"},                                    \
    {.id = 'c', .name = "cap", .value = "N",                                   \
     .help = "set its cap, per cent of one CPU; 0: none"},                     \
    {.id = 's', .name = "schedparam",                                          \
     .help = "parameters of the scheduler itself"},                            \
    {.id = 'r', .name = "ratelimit_us", .value = "US",                         \
     .help = "with -s, set the least time that a vcpu runs"},                  \
    {.id = 'p', .name = "cpupool", .value = "POOL",                            \
     .help = "of this pool only"}
/* clang-format on */

const struct option_row sched_credit_options[] = {
    SHARE_OPTIONS,
    {.id = 't',
     .name = "tslice_ms",
     .value = "MS",
     .help = "with -s, set the time that a vcpu may run at once"},
    {.id = 'm',
     .name = "migration_delay_us",
     .value = "US",
     .help = "with -s, set for how long a vcpu's cache counts as warm"},
    {0},
};

const struct option_row sched_credit2_options[] = {
    SHARE_OPTIONS,
    {0},
};

/* A pool and what its domains are asked for. */
struct sched_view {
    unsigned int sched_id; /* the command's */
    struct cpupool_info pool;
    char *name;
};

static int domain_row(struct xl *xl, const struct sched_view *v,
                      const struct domain_entry *d, struct json *j,
                      struct error **err_out)
{
    struct xen_domctl_sched_credit2 params;
    int rc = domctl_get_sched(xl->privcmd, d->info.domain, v->sched_id, &params,
                              err_out);

    if (rc)
        return rc;
    if (!j) {
        fprintf(xl->out, "%-33s %4d %6d %4d\n", d->name ? d->name : "(null)",
                d->info.domain, params.weight, params.cap);
        return 0;
    }
    json_object(j, NULL);
    json_text(j, "name", d->name);
    json_int(j, "domid", d->info.domain);
    json_int(j, "weight", params.weight);
    json_int(j, "cap", params.cap);
    json_object_end(j);
    return 0;
}

static void table_header(FILE *out)
{
    fprintf(out, "%-33s %4s %6s %4s\n", "Name", "ID", "Weight", "Cap");
}

/* The line of the pool's own parameters. */
static int pool_row(struct xl *xl, const struct sched_view *v, struct json *j,
                    struct error **err_out)
{
    struct xen_sysctl_scheduler_op op;
    int rc =
        sysctl_sched_params(xl->privcmd, v->pool.id, v->sched_id, &op, err_out);
    bool credit = v->sched_id == XEN_SCHEDULER_CREDIT;

    if (rc)
        return rc;
    if (j) {
        if (credit)
            json_int(j, "tslice_ms", op.u.sched_credit.tslice_ms);
        json_int(j, "ratelimit_us",
                 credit ? op.u.sched_credit.ratelimit_us
                        : op.u.sched_credit2.ratelimit_us);
    } else if (credit) {
        fprintf(xl->out,
                "Cpupool %s: tslice=%ums ratelimit=%uus migration-delay=%uus\n",
                v->name, op.u.sched_credit.tslice_ms,
                op.u.sched_credit.ratelimit_us,
                op.u.sched_credit.vcpu_migr_delay_us);
    } else {
        fprintf(xl->out, "Cpupool %s: ratelimit=%uus\n", v->name,
                op.u.sched_credit2.ratelimit_us);
    }
    return 0;
}

static int pool_show(struct xl *xl, const struct sched_view *v,
                     const struct domain_list *list, struct json *j,
                     struct error **err_out)
{
    size_t i;
    int rc;

    if (j) {
        json_object(j, NULL);
        json_text(j, "cpupool", v->name);
    }
    rc = pool_row(xl, v, j, err_out);
    if (j)
        json_array(j, "domains");
    else if (!rc && !xl_has(xl, 's'))
        table_header(xl->out);
    for (i = 0; i < list->nr && !rc && !xl_has(xl, 's'); i++)
        if (list->entry[i].info.cpupool == v->pool.id)
            rc = domain_row(xl, v, &list->entry[i], j, err_out);
    if (j) {
        json_array_end(j);
        json_object_end(j);
    }
    return rc;
}

/* All pools that run this scheduler. */
/* Of -p; of -s without it, the first, as the stock tool has it; else all. */
static bool is_wanted(const struct xl *xl, const struct sched_view *v)
{
    const char *wanted = xl->option['p'];

    if (v->pool.sched_id != v->sched_id)
        return false;
    return wanted ? !strcmp(wanted, v->name)
                  : !xl_has(xl, 's') || v->pool.id == 0;
}

static int pools_show(struct xl *xl, unsigned int sched_id, struct json *j,
                      struct error **err_out)
{
    struct sched_view v = {.sched_id = sched_id};
    struct domain_list list;
    unsigned int next = 0;
    int rc = xl_domains(xl, 0, NULL, &list, err_out);

    if (rc)
        return rc;
    while (!(rc = sysctl_cpupool(xl->privcmd, next, &v.pool, err_out))) {
        rc = pool_name(xl->store, v.pool.id, &v.name, err_out);
        if (!rc) {
            if (is_wanted(xl, &v))
                rc = pool_show(xl, &v, &list, j, err_out);
            free(v.name);
        }
        free(v.pool.cpumap);
        if (rc)
            break;
        next = v.pool.id + 1;
    }
    domain_list_free(&list);
    return rc == -ENOENT ? 0 : rc;
}

static int all_show(struct xl *xl, unsigned int sched_id,
                    struct error **err_out)
{
    struct json *j = NULL;
    int rc;

    if (!xl->json)
        return pools_show(xl, sched_id, NULL, err_out);
    j = json_new();
    if (!j)
        return out_of_memory(err_out);
    json_array(j, NULL);
    rc = pools_show(xl, sched_id, j, err_out);
    json_array_end(j);
    json_finish(j, rc ? NULL : xl->out);
    return rc;
}

/* Set what is given, keep the rest. */
static int domain_set(struct xl *xl, unsigned int sched_id, domid_t domid,
                      struct error **err_out)
{
    struct xen_domctl_sched_credit2 params;
    long weight = 0, cap = 0;
    int rc = 0;

    if (xl_has(xl, 'w'))
        rc =
            number_parse(xl->option['w'], "weight", 1, 65535, &weight, err_out);
    if (!rc && xl_has(xl, 'c'))
        rc = number_parse(xl->option['c'], "cap", 0, 65535, &cap, err_out);
    if (!rc)
        rc = domctl_get_sched(xl->privcmd, domid, sched_id, &params, err_out);
    if (rc)
        return rc;
    if (xl_has(xl, 'w'))
        params.weight = (uint16_t)weight;
    if (xl_has(xl, 'c'))
        params.cap = (uint16_t)cap;
    return domctl_set_sched(xl->privcmd, domid, sched_id, &params, err_out);
}

static int one_show(struct xl *xl, unsigned int sched_id,
                    struct domain_list *list, struct error **err_out)
{
    struct sched_view v = {.sched_id = sched_id};
    struct json *j = NULL;
    int rc;

    if (xl->json) {
        j = json_new();
        if (!j)
            return out_of_memory(err_out);
    } else {
        table_header(xl->out);
    }
    rc = domain_row(xl, &v, &list->entry[0], j, err_out);
    if (j)
        json_finish(j, rc ? NULL : xl->out);
    return rc;
}

/* A parameter that is given, within its limits; else it stays. */
static int param_set(struct xl *xl, char id, const char *what, long min,
                     long max, uint32_t *param, struct error **err_out)
{
    long number;
    int rc;

    if (!xl_has(xl, id))
        return 0;
    rc = number_parse(xl->option[(unsigned char)id], what, min, max, &number,
                      err_out);
    if (!rc)
        *param = (uint32_t)number;
    return rc;
}

static int credit_set(struct xl *xl, struct xen_sysctl_credit_schedule *params,
                      struct error **err_out)
{
    uint32_t tslice = params->tslice_ms, ratelimit = params->ratelimit_us,
             delay = params->vcpu_migr_delay_us;
    int rc = param_set(xl, 't', "time slice", XEN_SYSCTL_CSCHED_TSLICE_MIN,
                       XEN_SYSCTL_CSCHED_TSLICE_MAX, &tslice, err_out);

    /* 0 switches the rate limit off. */
    if (!rc)
        rc = param_set(xl, 'r', "rate limit", 0, XEN_SYSCTL_SCHED_RATELIMIT_MAX,
                       &ratelimit, err_out);
    if (!rc)
        rc = param_set(xl, 'm', "migration delay", 0,
                       XEN_SYSCTL_CSCHED_MGR_DLY_MAX_US, &delay, err_out);
    if (rc)
        return rc;
    params->tslice_ms = tslice;
    params->ratelimit_us = ratelimit;
    params->vcpu_migr_delay_us = delay;
    return 0;
}

/* Set the parameters of one pool's scheduler: of -p, or of the first. */
static int params_set(struct xl *xl, unsigned int sched_id,
                      struct error **err_out)
{
    const char *which = xl->option['p'] ? xl->option['p'] : "0";
    struct xen_sysctl_scheduler_op op;
    struct cpupool_info pool;
    struct privcmd *p;
    struct store *s;
    int rc = xl_open(xl, &p, &s, err_out);

    if (!rc)
        rc = pool_find(p, s, which, &pool, err_out);
    if (rc)
        return rc;
    free(pool.cpumap);
    rc = sysctl_sched_params(p, pool.id, sched_id, &op, err_out);
    if (!rc && sched_id == XEN_SCHEDULER_CREDIT)
        rc = credit_set(xl, &op.u.sched_credit, err_out);
    else if (!rc)
        rc = param_set(xl, 'r', "rate limit", 0, XEN_SYSCTL_SCHED_RATELIMIT_MAX,
                       &op.u.sched_credit2.ratelimit_us, err_out);
    return rc ? rc
              : sysctl_set_sched_params(p, pool.id, sched_id, &op, err_out);
}

static bool sets_params(const struct xl *xl)
{
    return xl_has(xl, 'r') || xl_has(xl, 't') || xl_has(xl, 'm');
}

static int sched_run(struct xl *xl, unsigned int sched_id,
                     struct error **err_out)
{
    bool sets = xl_has(xl, 'w') || xl_has(xl, 'c');
    char *which = (char *)xl->option['d'];
    struct domain_list list;
    int rc;

    if (sets && !which)
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "weight and cap are a domain's: name it with -d");
    if (xl_has(xl, 's') && which)
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "-s is about the scheduler, -d about one domain");
    if (sets_params(xl) && !xl_has(xl, 's'))
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "parameters of the scheduler are set with -s");
    if (sets_params(xl))
        return params_set(xl, sched_id, err_out);
    if (!which)
        return all_show(xl, sched_id, err_out);
    rc = xl_domains(xl, 1, &which, &list, err_out);
    if (rc)
        return rc;
    rc = sets ? domain_set(xl, sched_id, list.entry[0].info.domain, err_out)
              : one_show(xl, sched_id, &list, err_out);
    domain_list_free(&list);
    return rc;
}

int cmd_sched_credit(struct xl *xl, int nr_args, char **args,
                     struct error **err_out)
{
    (void)nr_args, (void)args;
    return sched_run(xl, XEN_SCHEDULER_CREDIT, err_out);
}

int cmd_sched_credit2(struct xl *xl, int nr_args, char **args,
                      struct error **err_out)
{
    (void)nr_args, (void)args;
    return sched_run(xl, XEN_SCHEDULER_CREDIT2, err_out);
}
