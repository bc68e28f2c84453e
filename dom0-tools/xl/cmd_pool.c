/* SPDX-License-Identifier: MIT */
/* xl cpupool-*: making, changing and removing pools of CPUs. */
#include "xl/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/file.h"
#include "lib/json.h"
#include "lib/sysctl.h"
#include "toolstack/cpumap.h"
#include "toolstack/pool.h"
#include "toolstack/suggest.h"

const struct option_row cpupool_create_options[] = {
    {.id = 'f',
     .name = "defconfig",
     .value = "FILE",
     .help = "the configuration, in place of the argument"},
    {.id = 'n', .name = "dryrun", .help = "show what would be made"},
    {0},
};

/* What a pool's configuration says; texts belong to the file. */
struct pool_config {
    const char *name;
    unsigned int sched_id;
    unsigned char *cpus;
    size_t nr_cpus; /* of the host: bits of cpus */
};

/* Keys of a pool's configuration. Source: xlcpupool.cfg(5). */
static const char *const pool_keys[] = {"name", "sched", "cpus", "nodes"};

static int keys_check(const struct config_file *file, struct error **err_out)
{
    const char *near = NULL;
    size_t i, k, best = 0;

    for (i = 0; i < file->nr; i++) {
        for (k = 0; k < 4; k++)
            if (!strcmp(file->entry[i].key, pool_keys[k]))
                break;
        if (k < 4)
            continue;
        for (k = 0; k < 4; k++)
            suggest(file->entry[i].key, pool_keys[k], &near, &best);
        error_set(err_out, ERROR_CONFIG, -EINVAL, "%s:%d: %s: no such key",
                  file->name, file->entry[i].line, file->entry[i].key);
        return error_hint(err_out,
                          near ? "did you mean `%s`?"
                               : "a pool has name, sched, cpus, nodes",
                          near);
    }
    return 0;
}

static int text_find(const struct config_file *file, const char *key,
                     const char **text_out, struct error **err_out)
{
    const struct config_entry *entry = config_find(file, key);

    *text_out = NULL;
    if (!entry)
        return 0;
    if (entry->value->kind == CONFIG_LIST)
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "%s:%d: %s: wants a text", file->name, entry->line,
                         key);
    *text_out = entry->value->text;
    return 0;
}

static int sched_find(struct xl *xl, const struct config_file *file,
                      struct pool_config *config, struct error **err_out)
{
    static const unsigned int ids[] = {XEN_SCHEDULER_CREDIT,
                                       XEN_SCHEDULER_CREDIT2,
                                       XEN_SCHEDULER_RTDS, XEN_SCHEDULER_NULL};
    const char *name;
    size_t i;
    int rc = text_find(file, "sched", &name, err_out);

    if (rc || !name)
        return rc ? rc
                  : sysctl_sched_id(xl->privcmd, &config->sched_id, err_out);
    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        if (!strcmp(name, sched_name(ids[i]))) {
            config->sched_id = ids[i];
            return 0;
        }
    return error_set(err_out, ERROR_CONFIG, -EINVAL,
                     "%s: sched: '%s' is no scheduler", file->name, name);
}

/* `cpus` or `nodes` as a text that cpumap_parse() takes; NULL: not given. */
static int set_text(const struct config_file *file, const char *key,
                    const char *prefix, char **text_out, struct error **err_out)
{
    const struct config_entry *entry = config_find(file, key);
    const struct config_value *value = entry ? entry->value : NULL;
    size_t size, i, nr = value && value->kind == CONFIG_LIST ? value->nr : 1;
    FILE *out;

    *text_out = NULL;
    if (!value)
        return 0;
    out = open_memstream(text_out, &size);
    if (!out)
        return out_of_memory(err_out);
    for (i = 0; i < nr; i++) {
        const struct config_value *one =
            value->kind == CONFIG_LIST ? value->item[i] : value;

        if (one->kind != CONFIG_LIST)
            fprintf(out, "%s%s%s", i ? "," : "", prefix, one->text);
    }
    if (!fclose(out))
        return 0;
    free(*text_out);
    return out_of_memory(err_out);
}

/* Without a set it is the first free CPU, if there is one. */
static int first_free(struct xl *xl, struct pool_config *config,
                      struct error **err_out)
{
    struct cpupool_info pool;
    unsigned int cpu, nr;
    int rc = sysctl_free_cpus(xl->privcmd, &pool, &nr, err_out);

    if (rc)
        return rc;
    for (cpu = 0; cpu < pool.nr_cpus && cpu < config->nr_cpus; cpu++)
        if (cpumap_has(pool.cpumap, cpu)) {
            config->cpus[cpu / 8] |= (unsigned char)(1u << cpu % 8);
            break;
        }
    free(pool.cpumap);
    return 0;
}

/* A set of the host's CPUs in words. Its caller frees the map. */
static int cpus_read(struct xl *xl, const char *text, unsigned char **map_out,
                     size_t *nr_out, struct error **err_out)
{
    struct xen_sysctl_cputopo *topology;
    int rc = sysctl_cpu_topology(xl->privcmd, &topology, nr_out, err_out);

    if (rc)
        return rc;
    *map_out = calloc(1, (*nr_out + 7) / 8);
    if (!*map_out)
        rc = out_of_memory(err_out);
    else if (text)
        rc = cpumap_parse(text, topology, *nr_out, *map_out, err_out);
    free(topology);
    if (rc)
        free(*map_out);
    return rc;
}

static int cpus_find(struct xl *xl, const struct config_file *file,
                     struct pool_config *config, struct error **err_out)
{
    char *cpus = NULL, *nodes = NULL;
    int rc = set_text(file, "cpus", "", &cpus, err_out);

    if (!rc)
        rc = set_text(file, "nodes", "node:", &nodes, err_out);
    if (!rc && cpus && nodes)
        rc = error_set(err_out, ERROR_CONFIG, -EINVAL,
                       "%s: give either cpus or nodes", file->name);
    if (!rc)
        rc = cpus_read(xl, cpus ? cpus : nodes, &config->cpus, &config->nr_cpus,
                       err_out);
    if (!rc && !cpus && !nodes && (rc = first_free(xl, config, err_out)))
        free(config->cpus);
    free(cpus);
    free(nodes);
    return rc;
}

static void config_print(FILE *out, const struct pool_config *config)
{
    unsigned int cpu, nr = 0;

    for (cpu = 0; cpu < config->nr_cpus; cpu++)
        nr += cpumap_has(config->cpus, cpu);
    fprintf(out,
            "cpupool name:   %s\n"
            "scheduler:      %s\n"
            "number of cpus: %u\n",
            config->name, sched_name(config->sched_id), nr);
}

static int config_json(struct xl *xl, const struct pool_config *config,
                       int64_t id, struct error **err_out)
{
    struct json *j = json_new();
    unsigned int cpu;

    if (!j)
        return out_of_memory(err_out);
    json_object(j, NULL);
    json_text(j, "name", config->name);
    if (id >= 0)
        json_int(j, "poolid", id);
    json_text(j, "sched", sched_name(config->sched_id));
    json_array(j, "cpus");
    for (cpu = 0; cpu < config->nr_cpus; cpu++)
        if (cpumap_has(config->cpus, cpu))
            json_int(j, NULL, cpu);
    json_array_end(j);
    json_object_end(j);
    json_finish(j, xl->out);
    return 0;
}

static int pool_make(struct xl *xl, const struct pool_config *config,
                     struct error **err_out)
{
    unsigned int id;
    int rc;

    if (xl_has(xl, 'n'))
        return xl->json ? config_json(xl, config, -1, err_out) : 0;
    rc = pool_create(xl->privcmd, xl->store, config->name, config->sched_id,
                     config->cpus, config->nr_cpus, &id, err_out);
    if (rc)
        return error_wrap(err_out, "%s", config->name);
    return xl->json ? config_json(xl, config, id, err_out) : 0;
}

static int pool_of_file(struct xl *xl, const char *path,
                        const struct config_file *file, struct error **err_out)
{
    struct pool_config config = {0};
    const char *slash = path ? strrchr(path, '/') : NULL;
    int rc = keys_check(file, err_out);

    if (!rc)
        rc = text_find(file, "name", &config.name, err_out);
    if (rc)
        return rc;
    if (!config.name)
        config.name = slash ? slash + 1 : path;
    if (!config.name)
        return error_set(err_out, ERROR_CONFIG, -EINVAL, "no name is given");
    rc = sched_find(xl, file, &config, err_out);
    if (!rc)
        rc = cpus_find(xl, file, &config, err_out);
    if (!rc) {
        if (!xl->json)
            config_print(xl->out, &config);
        rc = pool_make(xl, &config, err_out);
        free(config.cpus);
    }
    return rc;
}

int cmd_cpupool_create(struct xl *xl, int nr_args, char **args,
                       struct error **err_out)
{
    const char *path = xl->option['f'];
    struct config_file file = {0};
    struct privcmd *p;
    struct store *s;
    int i, rc = 0;

    /* The first argument is a file, unless it is a setting already. */
    if (!path && nr_args && !strchr(args[0], '=')) {
        path = *args++;
        nr_args--;
    }
    if (!path && !nr_args)
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "neither a configuration file nor key=value is given");
    if (path)
        rc = config_file_read(path, &file, err_out);
    for (i = 0; i < nr_args && !rc; i++)
        rc = config_file_parse("command line", args[i], strlen(args[i]), &file,
                               err_out);
    if (!rc)
        rc = xl_open(xl, &p, &s, err_out);
    if (!rc && !xl->json)
        fprintf(xl->out, "Using config file \"%s\"\n",
                path ? path : "command line");
    if (!rc)
        rc = pool_of_file(xl, path, &file, err_out);
    config_file_free(&file);
    return rc;
}

static int find_pool(struct xl *xl, const char *which,
                     struct cpupool_info *pool, struct error **err_out)
{
    struct privcmd *p;
    struct store *s;
    int rc = xl_open(xl, &p, &s, err_out);

    return rc ? rc : pool_find(p, s, which, pool, err_out);
}

int cmd_cpupool_destroy(struct xl *xl, int nr_args, char **args,
                        struct error **err_out)
{
    struct cpupool_info pool;
    int rc = find_pool(xl, args[0], &pool, err_out);

    (void)nr_args;
    if (rc)
        return rc;
    rc = pool_destroy(xl->privcmd, xl->store, &pool, err_out);
    free(pool.cpumap);
    return rc ? error_wrap(err_out, "%s", args[0]) : 0;
}

int cmd_cpupool_rename(struct xl *xl, int nr_args, char **args,
                       struct error **err_out)
{
    struct cpupool_info pool;
    int rc = find_pool(xl, args[0], &pool, err_out);

    (void)nr_args;
    if (rc)
        return rc;
    free(pool.cpumap);
    return pool_rename(xl->privcmd, xl->store, pool.id, args[1], err_out);
}

static int cpus_change(struct xl *xl, char **args, bool add,
                       struct error **err_out)
{
    struct cpupool_info pool;
    unsigned char *map;
    size_t nr;
    int rc = find_pool(xl, args[0], &pool, err_out);

    if (rc)
        return rc;
    free(pool.cpumap);
    rc = cpus_read(xl, args[1], &map, &nr, err_out);
    if (rc)
        return rc;
    rc = pool_cpus(xl->privcmd, pool.id, map, nr, add, err_out);
    free(map);
    return rc ? error_wrap(err_out, "%s", args[0]) : 0;
}

int cmd_cpupool_cpu_add(struct xl *xl, int nr_args, char **args,
                        struct error **err_out)
{
    (void)nr_args;
    return cpus_change(xl, args, true, err_out);
}

int cmd_cpupool_cpu_remove(struct xl *xl, int nr_args, char **args,
                           struct error **err_out)
{
    (void)nr_args;
    return cpus_change(xl, args, false, err_out);
}

int cmd_cpupool_migrate(struct xl *xl, int nr_args, char **args,
                        struct error **err_out)
{
    struct cpupool_info pool;
    domid_t domid;
    int rc = find_pool(xl, args[1], &pool, err_out);

    (void)nr_args;
    if (rc)
        return rc;
    free(pool.cpumap);
    rc = domain_find(xl->privcmd, xl->store, args[0], &domid, err_out);
    return rc ? rc : sysctl_cpupool_move(xl->privcmd, domid, pool.id, err_out);
}

/* The CPUs of one node: a map that the caller frees. */
static unsigned char *node_cpus(const struct xen_sysctl_cputopo *topology,
                                size_t nr, unsigned int node, bool *some)
{
    unsigned char *map = calloc(1, (nr + 7) / 8);
    size_t cpu;

    *some = false;
    for (cpu = 0; map && cpu < nr; cpu++)
        if (topology[cpu].core != XEN_INVALID_CORE_ID &&
            topology[cpu].node == node) {
            map[cpu / 8] |= (unsigned char)(1u << cpu % 8);
            *some = true;
        }
    return map;
}

/* Take one node's CPUs out of the first pool and make a pool of them. */
static int node_split(struct xl *xl, const struct cpupool_info *first,
                      const struct xen_sysctl_cputopo *topology, size_t nr,
                      unsigned int node, struct error **err_out)
{
    bool some;
    unsigned char *map = node_cpus(topology, nr, node, &some);
    unsigned int id;
    char name[32];
    int rc = 0;

    if (!map)
        return out_of_memory(err_out);
    snprintf(name, sizeof(name), "Pool-node%u", node);
    if (some)
        rc = pool_cpus(xl->privcmd, first->id, map, nr, false, err_out);
    if (!rc && some)
        rc = pool_create(xl->privcmd, xl->store, name, first->sched_id, map, nr,
                         &id, err_out);
    if (rc) {
        error_wrap(err_out, "%s", name);
        pool_cpus(xl->privcmd, first->id, map, nr, true, NULL);
    }
    free(map);
    return rc;
}

static int only_pool(struct xl *xl, struct cpupool_info *pool_out,
                     struct error **err_out)
{
    struct cpupool_info other;
    int rc = sysctl_cpupool(xl->privcmd, 0, pool_out, err_out);

    if (rc)
        return rc;
    rc = sysctl_cpupool(xl->privcmd, pool_out->id + 1, &other, err_out);
    if (rc == -ENOENT)
        return 0;
    free(pool_out->cpumap);
    if (rc)
        return rc;
    free(other.cpumap);
    error_set(err_out, ERROR_USAGE, -EBUSY, "there is more than one pool");
    return error_hint(err_out, "`xl cpupool-destroy` removes the others");
}

int cmd_cpupool_numa_split(struct xl *xl, int nr_args, char **args,
                           struct error **err_out)
{
    struct xen_sysctl_cputopo *topology = NULL;
    struct cpupool_info first;
    struct numa_info numa;
    struct privcmd *p;
    struct store *s;
    unsigned int node;
    size_t nr = 0;
    int rc = xl_open(xl, &p, &s, err_out);

    (void)nr_args, (void)args;
    if (!rc)
        rc = only_pool(xl, &first, err_out);
    if (rc)
        return rc;
    rc = sysctl_cpu_topology(p, &topology, &nr, err_out);
    if (!rc)
        rc = sysctl_numa(p, &numa, err_out);
    if (!rc) {
        for (node = 1; node < numa.nr && !rc; node++)
            rc = node_split(xl, &first, topology, nr, node, err_out);
        numa_info_free(&numa);
    }
    if (!rc)
        rc = pool_rename(p, s, first.id, "Pool-node0", err_out);
    free(topology);
    free(first.cpumap);
    return rc;
}
