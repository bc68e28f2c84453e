/* SPDX-License-Identifier: MIT */
/* xl cpupool-list: pools of CPUs. */
#include "xl/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/sysctl.h"
#include "toolstack/pool.h"

const struct option_row cpupool_list_options[] = {
    {.id = 'c', .name = "cpus", .help = "show the CPUs of each pool"},
    {0},
};

static unsigned int cpu_count(const struct cpupool_info *pool)
{
    unsigned int cpu, nr = 0;

    for (cpu = 0; cpu < pool->nr_cpus; cpu++)
        nr += cpumap_has(pool->cpumap, cpu);
    return nr;
}

static void cpus_print(FILE *out, const struct cpupool_info *pool,
                       const char *name)
{
    const char *comma = "";
    unsigned int cpu;

    fprintf(out, "%-19s", name);
    for (cpu = 0; cpu < pool->nr_cpus; cpu++)
        if (cpumap_has(pool->cpumap, cpu)) {
            fprintf(out, "%s%u", comma, cpu);
            comma = ",";
        }
    fputc('\n', out);
}

static void row_print(FILE *out, const struct cpupool_info *pool,
                      const char *name)
{
    fprintf(out, "%-19s%3u %9s       y       %4u\n", name, cpu_count(pool),
            sched_name(pool->sched_id), pool->nr_domains);
}

static void row_json(struct json *j, const struct cpupool_info *pool,
                     const char *name)
{
    unsigned int cpu;

    json_object(j, NULL);
    json_text(j, "name", name);
    json_int(j, "poolid", pool->id);
    json_text(j, "sched", sched_name(pool->sched_id));
    json_int(j, "domains", pool->nr_domains);
    json_array(j, "cpus");
    for (cpu = 0; cpu < pool->nr_cpus; cpu++)
        if (cpumap_has(pool->cpumap, cpu))
            json_int(j, NULL, cpu);
    json_array_end(j);
    json_object_end(j);
}

/* Show a pool if it is the one that is wanted, or all are. */
static int pool_show(struct xl *xl, const struct cpupool_info *pool,
                     const char *wanted, struct json *j, bool *found,
                     struct error **err_out)
{
    char *name;
    int rc = pool_name(xl->store, pool->id, &name, err_out);

    if (rc)
        return rc;
    if (!wanted || !strcmp(wanted, name)) {
        *found = true;
        if (j)
            row_json(j, pool, name);
        else
            (xl_has(xl, 'c') ? cpus_print : row_print)(xl->out, pool, name);
    }
    free(name);
    return 0;
}

static int pools_show(struct xl *xl, const char *wanted, struct json *j,
                      struct error **err_out)
{
    struct cpupool_info pool;
    unsigned int next = 0;
    bool found = false;
    int rc;

    while (!(rc = sysctl_cpupool(xl->privcmd, next, &pool, err_out))) {
        rc = pool_show(xl, &pool, wanted, j, &found, err_out);
        free(pool.cpumap);
        if (rc)
            return rc;
        next = pool.id + 1;
    }
    if (rc != -ENOENT)
        return rc;
    return found || !wanted ? 0
                            : error_set(err_out, ERROR_USAGE, -ENOENT,
                                        "%s: no such pool", wanted);
}

int cmd_cpupool_list(struct xl *xl, int nr_args, char **args,
                     struct error **err_out)
{
    const char *wanted = nr_args ? args[0] : NULL;
    struct privcmd *p;
    struct store *s;
    struct json *j;
    int rc = xl_open(xl, &p, &s, err_out);

    if (rc)
        return rc;
    if (!xl->json) {
        if (xl_has(xl, 'c'))
            fprintf(xl->out, "%-19s%s\n", "Name", "CPU list");
        else
            fputs("Name               CPUs   Sched     Active   Domain "
                  "count\n",
                  xl->out);
        return pools_show(xl, wanted, NULL, err_out);
    }
    j = json_new();
    if (!j)
        return out_of_memory(err_out);
    json_array(j, NULL);
    rc = pools_show(xl, wanted, j, err_out);
    json_array_end(j);
    json_finish(j, rc ? NULL : xl->out);
    return rc;
}
