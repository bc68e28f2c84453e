/* SPDX-License-Identifier: MIT */
/* Pools of CPUs; see pool.h. */
#include "toolstack/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

int pool_name(struct store *s, unsigned int id, char **name_out,
              struct error **err_out)
{
    int rc = store_read(s, name_out, err_out, "/local/pool/%u/name", id);

    if (!rc && !*name_out && asprintf(name_out, "Pool-%u", id) < 0)
        rc = error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    return rc;
}

/* 1 if the pool has that name, 0 if not, or -errno. */
static int is_called(struct store *s, const struct cpupool_info *pool,
                     const char *which, struct error **err_out)
{
    char *name, number[16];
    int rc = pool_name(s, pool->id, &name, err_out);

    if (rc)
        return rc;
    snprintf(number, sizeof(number), "%u", pool->id);
    rc = !strcmp(name, which) || !strcmp(number, which);
    free(name);
    return rc;
}

int pool_find(struct privcmd *p, struct store *s, const char *which,
              struct cpupool_info *pool_out, struct error **err_out)
{
    struct cpupool_info pool;
    unsigned int next = 0;
    int rc;

    while (!(rc = sysctl_cpupool(p, next, &pool, err_out))) {
        rc = is_called(s, &pool, which, err_out);
        if (rc > 0) {
            *pool_out = pool;
            return 0;
        }
        free(pool.cpumap);
        if (rc)
            return rc;
        next = pool.id + 1;
    }
    if (rc != -ENOENT)
        return rc;
    error_set(err_out, ERROR_USAGE, -ENOENT, "%s: no such pool", which);
    return error_hint(err_out, "`xl cpupool-list` shows all of them");
}

static int name_check(struct privcmd *p, struct store *s, const char *name,
                      struct error **err_out)
{
    struct cpupool_info pool;
    struct error *err = NULL;
    int rc;

    if (!*name || strlen(name) > 127 || strchr(name, '/'))
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "'%s' is no name for a pool", name);
    rc = pool_find(p, s, name, &pool, &err);
    if (!rc) {
        free(pool.cpumap);
        return error_set(err_out, ERROR_NAME_IN_USE, -EEXIST,
                         "%s: pool %u has this name", name, pool.id);
    }
    if (rc == -ENOENT || !err_out)
        error_free(err);
    else
        *err_out = err;
    return rc == -ENOENT ? 0 : rc;
}

static int nodes_write(struct store *s, unsigned int id, const char *name,
                       struct error **err_out)
{
    char text[UUID_STR_LEN];
    uuid_t uuid;
    int rc;

    uuid_generate(uuid);
    uuid_unparse_lower(uuid, text);
    rc = store_write(s, text, err_out, "/local/pool/%u/uuid", id);
    return rc ? rc : store_write(s, name, err_out, "/local/pool/%u/name", id);
}

int pool_cpus(struct privcmd *p, unsigned int id, const unsigned char *cpus,
              size_t nr_cpus, bool add, struct error **err_out)
{
    unsigned int cpu;
    int rc = 0;

    for (cpu = 0; cpu < nr_cpus && !rc; cpu++)
        if (cpumap_has(cpus, cpu)) {
            rc = sysctl_cpupool_cpu(p, id, cpu, add, err_out);
            if (rc)
                error_wrap(err_out, "CPU %u", cpu);
        }
    return rc;
}

/* To put things back: those that are where they should be are no error. */
static void cpus_try(struct privcmd *p, unsigned int id,
                     const unsigned char *cpus, size_t nr_cpus, bool add)
{
    unsigned int cpu;

    for (cpu = 0; cpu < nr_cpus; cpu++)
        if (cpumap_has(cpus, cpu))
            sysctl_cpupool_cpu(p, id, cpu, add, NULL);
}

static void pool_undo(struct privcmd *p, struct store *s, unsigned int id,
                      const unsigned char *cpus, size_t nr_cpus)
{
    cpus_try(p, id, cpus, nr_cpus, false);
    sysctl_cpupool_destroy(p, id, NULL);
    store_remove(s, NULL, "/local/pool/%u", id);
}

int pool_create(struct privcmd *p, struct store *s, const char *name,
                unsigned int sched_id, const unsigned char *cpus,
                size_t nr_cpus, unsigned int *id_out, struct error **err_out)
{
    unsigned int id;
    int rc = name_check(p, s, name, err_out);

    if (!rc)
        rc = sysctl_cpupool_create(p, sched_id, &id, err_out);
    if (rc)
        return rc;
    rc = pool_cpus(p, id, cpus, nr_cpus, true, err_out);
    if (!rc)
        rc = nodes_write(s, id, name, err_out);
    if (rc)
        pool_undo(p, s, id, cpus, nr_cpus);
    else
        *id_out = id;
    return rc;
}

int pool_destroy(struct privcmd *p, struct store *s,
                 const struct cpupool_info *pool, struct error **err_out)
{
    int rc;

    if (pool->nr_domains) {
        error_set(err_out, ERROR_USAGE, -EBUSY, "%u domain%s in it",
                  pool->nr_domains, pool->nr_domains == 1 ? " is" : "s are");
        return error_hint(err_out, "`xl cpupool-migrate` moves them");
    }
    rc = pool_cpus(p, pool->id, pool->cpumap, pool->nr_cpus, false, err_out);
    if (!rc)
        rc = sysctl_cpupool_destroy(p, pool->id, err_out);
    if (rc) {
        cpus_try(p, pool->id, pool->cpumap, pool->nr_cpus, true);
        return rc;
    }
    return store_remove(s, err_out, "/local/pool/%u", pool->id);
}

int pool_rename(struct privcmd *p, struct store *s, unsigned int id,
                const char *name, struct error **err_out)
{
    int rc = name_check(p, s, name, err_out);

    return rc ? rc : store_write(s, name, err_out, "/local/pool/%u/name", id);
}
