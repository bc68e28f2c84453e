/* SPDX-License-Identifier: MIT */
/* xl list, vm-list, claims, sharing: tables of domains. */
#include "xl/cmd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/domctl.h"
#include "lib/json.h"
#include "lib/sysctl.h"
#include "toolstack/cpumap.h"
#include "toolstack/pool.h"

#define PAGES_PER_MIB 256

const struct option_row list_options[] = {
    {.id = 'l', .name = "long", .help = "their configurations, as JSON"},
    {.id = 'v', .name = "verbose", .help = "also UUID, shutdown reason, label"},
    {.id = 'Z', .name = "context", .help = "also the security label"},
    {.id = 'c', .name = "cpupool", .help = "also the CPU pool"},
    {.id = 'n', .name = "numa", .help = "also the nodes of its memory"},
    {0},
};

/* Columns that one of the commands adds behind the common ones. */
struct columns {
    bool verbose; /* UUID, reason */
    bool label;
    bool pool;
    bool nodes;
    bool claimed;
};

/* Memory as a person thinks of it: what it has, and what it has claimed. */
static uint64_t memory_mib(const struct xen_domctl_getdomaininfo *info)
{
    return (info->tot_pages + info->outstanding_pages) / PAGES_PER_MIB;
}

static char shutdown_letter(const struct xen_domctl_getdomaininfo *info)
{
    unsigned int reason =
        info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;

    if (!(info->flags & XEN_DOMINF_shutdown))
        return '-';
    return reason < 6 ? "-rscwS"[reason] : '?';
}

static void state_letters(const struct xen_domctl_getdomaininfo *info,
                          char *text)
{
    text[0] = info->flags & XEN_DOMINF_running ? 'r' : '-';
    text[1] = info->flags & XEN_DOMINF_blocked ? 'b' : '-';
    text[2] = info->flags & XEN_DOMINF_paused ? 'p' : '-';
    text[3] = info->flags & XEN_DOMINF_shutdown ? 's' : '-';
    text[4] = shutdown_letter(info);
    text[5] = info->flags & XEN_DOMINF_dying ? 'd' : '-';
    text[6] = 0;
}

static double cpu_seconds(const struct xen_domctl_getdomaininfo *info)
{
    return (double)info->cpu_time / 1e9;
}

/* Nodes of a domain's memory, as text that the caller frees. */
static int nodes_text(struct xl *xl, domid_t domid, char **text_out,
                      struct error **err_out)
{
    struct numa_info numa;
    unsigned char *nodes;
    char *made = NULL;
    size_t size;
    FILE *text;
    int rc = sysctl_numa(xl->privcmd, &numa, err_out);

    if (rc)
        return rc;
    numa_info_free(&numa);
    nodes = calloc(1, numa.nr / 8 + 1);
    text = nodes ? open_memstream(&made, &size) : NULL;
    if (text) {
        rc = domctl_get_node_affinity(xl->privcmd, domid, nodes,
                                      (unsigned int)numa.nr, err_out);
        if (!rc)
            cpumap_print(text, nodes, numa.nr);
        fclose(text);
        if (rc)
            free(made);
        else
            *text_out = made;
    } else {
        rc = out_of_memory(err_out);
    }
    free(nodes);
    return rc;
}

static void header_print(FILE *out, const struct columns *c)
{
    fputs("Name                                        ID   Mem VCPUs\tState\t"
          "Time(s)",
          out);
    if (c->verbose)
        fputs("   UUID                            Reason-Code\tSecurity Label",
              out);
    else if (c->label)
        fputs("   Security Label", out);
    if (c->claimed)
        fputs("  Claimed", out);
    if (c->pool)
        fputs("         Cpupool", out);
    if (c->nodes)
        fputs(" NODE Affinity", out);
    fputc('\n', out);
}

static void verbose_print(FILE *out,
                          const struct xen_domctl_getdomaininfo *info)
{
    char uuid[UUID_TEXT_SIZE];

    domain_uuid_text(info->handle, uuid);
    fprintf(out, " %s", uuid);
    if (info->flags & XEN_DOMINF_shutdown)
        fprintf(out, " %8x",
                info->flags >> XEN_DOMINF_shutdownshift &
                    XEN_DOMINF_shutdownmask);
    else
        fprintf(out, " %8s", "-");
}

static int row_print(struct xl *xl, const struct columns *c,
                     const struct domain_entry *d, struct error **err_out)
{
    char state[7], *pool = NULL, *nodes = NULL;
    int rc = 0;

    if (c->pool)
        rc = pool_name(xl->store, d->info.cpupool, &pool, err_out);
    if (!rc && c->nodes)
        rc = nodes_text(xl, d->info.domain, &nodes, err_out);
    if (!rc) {
        state_letters(&d->info, state);
        fprintf(xl->out, "%-40s %5d %5" PRIu64 " %5u     %s  %8.1f",
                d->name ? d->name : "(null)", d->info.domain,
                memory_mib(&d->info), d->info.nr_online_vcpus, state,
                cpu_seconds(&d->info));
        if (c->verbose)
            verbose_print(xl->out, &d->info);
        /* Labels come with XSM, which neither hypervisor has. */
        if (c->verbose || c->label)
            fprintf(xl->out, " %16s", "-");
        if (c->claimed)
            fprintf(xl->out, " %5" PRIu64,
                    d->info.outstanding_pages / PAGES_PER_MIB);
        if (c->pool)
            fprintf(xl->out, "%16s", pool);
        if (c->nodes)
            fprintf(xl->out, " %s", nodes);
        fputc('\n', xl->out);
    }
    free(pool);
    free(nodes);
    return rc;
}

static void state_json(struct json *j, const struct xen_domctl_getdomaininfo *i)
{
    char letters[7];

    state_letters(i, letters);
    json_text(j, "state", letters);
    json_bool(j, "running", i->flags & XEN_DOMINF_running);
    json_bool(j, "blocked", i->flags & XEN_DOMINF_blocked);
    json_bool(j, "paused", i->flags & XEN_DOMINF_paused);
    json_bool(j, "dying", i->flags & XEN_DOMINF_dying);
    if (i->flags & XEN_DOMINF_shutdown)
        json_int(j, "shutdown_reason",
                 i->flags >> XEN_DOMINF_shutdownshift &
                     XEN_DOMINF_shutdownmask);
    else
        json_null(j, "shutdown_reason");
}

static int row_json(struct xl *xl, struct json *j, const struct domain_entry *d,
                    struct error **err_out)
{
    char uuid[UUID_TEXT_SIZE], *pool, *nodes;
    int rc = pool_name(xl->store, d->info.cpupool, &pool, err_out);

    if (rc)
        return rc;
    rc = nodes_text(xl, d->info.domain, &nodes, err_out);
    if (!rc) {
        domain_uuid_text(d->info.handle, uuid);
        json_object(j, NULL);
        json_text(j, "name", d->name);
        json_int(j, "domid", d->info.domain);
        json_text(j, "uuid", uuid);
        json_int(j, "memory_kib", (int64_t)d->info.tot_pages * 4);
        json_int(j, "max_memory_kib", (int64_t)d->info.max_pages * 4);
        json_int(j, "claimed_kib", (int64_t)d->info.outstanding_pages * 4);
        json_int(j, "shared_kib", (int64_t)d->info.shr_pages * 4);
        json_int(j, "vcpus", d->info.nr_online_vcpus);
        state_json(j, &d->info);
        json_int(j, "cpu_time_ns", (int64_t)d->info.cpu_time);
        json_text(j, "cpupool", pool);
        json_text(j, "nodes", nodes);
        json_object_end(j);
        free(nodes);
    }
    free(pool);
    return rc;
}

static int list_json(struct xl *xl, const struct domain_list *list,
                     struct error **err_out)
{
    struct json *j = json_new();
    size_t i;
    int rc = 0;

    if (!j)
        return out_of_memory(err_out);
    json_array(j, NULL);
    for (i = 0; i < list->nr && !rc; i++)
        rc = row_json(xl, j, &list->entry[i], err_out);
    json_array_end(j);
    json_finish(j, rc ? NULL : xl->out);
    return rc;
}

static int list_show(struct xl *xl, int nr_args, char **args,
                     const struct columns *c, struct error **err_out)
{
    struct domain_list list;
    size_t i;
    int rc = xl_domains(xl, nr_args, args, &list, err_out);

    if (rc)
        return rc;
    if (xl->json) {
        rc = list_json(xl, &list, err_out);
    } else {
        header_print(xl->out, c);
        for (i = 0; i < list.nr && !rc; i++)
            rc = row_print(xl, c, &list.entry[i], err_out);
    }
    domain_list_free(&list);
    return rc;
}

static int long_show(struct xl *xl, int nr_args, char **args,
                     struct error **err_out)
{
    struct domain_list list;
    unsigned int sched_id;
    int rc = xl_domains(xl, nr_args, args, &list, err_out);

    if (rc)
        return rc;
    rc = sysctl_sched_id(xl->privcmd, &sched_id, err_out);
    if (!rc)
        rc = list_long(xl, &list, sched_id, err_out);
    domain_list_free(&list);
    return rc;
}

int cmd_list(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    const struct columns c = {
        .verbose = xl_has(xl, 'v'),
        .label = xl_has(xl, 'Z'),
        .pool = xl_has(xl, 'c'),
        .nodes = xl_has(xl, 'n'),
    };

    if (xl_has(xl, 'l') && !xl->json)
        return long_show(xl, nr_args, args, err_out);
    return list_show(xl, nr_args, args, &c, err_out);
}

int cmd_claims(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    const struct columns c = {.claimed = true};

    return list_show(xl, nr_args, args, &c, err_out);
}

int cmd_vm_list(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    struct domain_list list;
    char uuid[UUID_TEXT_SIZE];
    size_t i;
    int rc = xl_domains(xl, nr_args, args, &list, err_out);

    if (rc)
        return rc;
    if (xl->json) {
        rc = list_json(xl, &list, err_out);
    } else {
        fputs("UUID                                  ID    name\n", xl->out);
        for (i = 0; i < list.nr; i++) {
            const struct domain_entry *d = &list.entry[i];

            domain_uuid_text(d->info.handle, uuid);
            fprintf(xl->out, "%s  %d    %-30s\n", uuid, d->info.domain,
                    d->name ? d->name : "(null)");
        }
    }
    domain_list_free(&list);
    return rc;
}

int cmd_sharing(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    struct domain_list list;
    size_t i;
    int rc = xl_domains(xl, nr_args, args, &list, err_out);

    if (rc)
        return rc;
    if (xl->json) {
        rc = list_json(xl, &list, err_out);
    } else {
        fputs("Name                                        ID   Mem Shared\n",
              xl->out);
        for (i = 0; i < list.nr; i++) {
            const struct domain_entry *d = &list.entry[i];

            fprintf(xl->out, "%-40s %5d %5" PRIu64 "  %5" PRIu64 "\n",
                    d->name ? d->name : "(null)", d->info.domain,
                    memory_mib(&d->info), d->info.shr_pages / PAGES_PER_MIB);
        }
    }
    domain_list_free(&list);
    return rc;
}
