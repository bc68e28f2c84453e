/* SPDX-License-Identifier: MIT */
/* xl vcpu-list, vcpu-pin, vcpu-set: virtual CPUs and where they run. */
#include "xl/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/domctl.h"
#include "lib/json.h"
#include "lib/sysctl.h"
#include "toolstack/cpumap.h"
#include "toolstack/saved_config.h"

const struct option_row vcpu_set_options[] = {
    {.id = 'i',
     .name = "ignore-host",
     .help = "also more vcpus than the host has CPUs"},
    {0},
};

const struct option_row vcpu_pin_options[] = {
    {.id = 'f', .name = "force", .help = "also where the guest has pinned it"},
    {0},
};

/* What is known of one vcpu. */
struct vcpu_row {
    const char *name; /* of its domain */
    domid_t domid;
    struct xen_domctl_getvcpuinfo info;
    unsigned char *hard;
    unsigned char *soft;
};

static void vcpu_print(FILE *out, const struct vcpu_row *v, size_t nr_cpus)
{
    fprintf(out, "%-32s %5u %5u", v->name ? v->name : "(null)", v->domid,
            v->info.vcpu);
    if (v->info.online)
        fprintf(out, "%5u   %c%c- ", v->info.cpu, v->info.running ? 'r' : '-',
                v->info.blocked ? 'b' : '-');
    else
        fprintf(out, "%5c   %c%cp ", '-', v->info.running ? 'r' : '-',
                v->info.blocked ? 'b' : '-');
    fprintf(out, "%9.1f  ", (double)v->info.cpu_time / 1e9);
    cpumap_print(out, v->hard, nr_cpus);
    fputs(" / ", out);
    cpumap_print(out, v->soft, nr_cpus);
    fputc('\n', out);
}

static void map_json(struct json *j, const char *key, const unsigned char *map,
                     size_t nr_cpus)
{
    size_t cpu;

    json_array(j, key);
    for (cpu = 0; cpu < nr_cpus; cpu++)
        if (cpumap_has(map, (unsigned int)cpu))
            json_int(j, NULL, (int64_t)cpu);
    json_array_end(j);
}

static void vcpu_json(struct json *j, const struct vcpu_row *v, size_t nr_cpus)
{
    json_object(j, NULL);
    json_text(j, "name", v->name);
    json_int(j, "domid", v->domid);
    json_int(j, "vcpu", v->info.vcpu);
    json_bool(j, "online", v->info.online);
    json_bool(j, "running", v->info.running);
    json_bool(j, "blocked", v->info.blocked);
    if (v->info.online)
        json_int(j, "cpu", v->info.cpu);
    else
        json_null(j, "cpu");
    json_int(j, "cpu_time_ns", (int64_t)v->info.cpu_time);
    map_json(j, "hard_affinity", v->hard, nr_cpus);
    map_json(j, "soft_affinity", v->soft, nr_cpus);
    json_object_end(j);
}

static int vcpu_read(struct privcmd *p, struct vcpu_row *v, unsigned int vcpu,
                     size_t nr_cpus, struct error **err_out)
{
    int rc = domctl_vcpu_info(p, v->domid, vcpu, &v->info, err_out);

    return rc ? rc
              : domctl_get_affinity(p, v->domid, vcpu, v->hard, v->soft,
                                    (unsigned int)nr_cpus, err_out);
}

/* All vcpus of one domain, to the output or to j. */
static int domain_vcpus(struct xl *xl, const struct domain_entry *d,
                        size_t nr_cpus, struct json *j, struct error **err_out)
{
    unsigned int nr = d->info.max_vcpu_id + 1, vcpu; /* 0 where it has none */
    struct vcpu_row v = {.name = d->name, .domid = d->info.domain};
    int rc = 0;

    v.hard = calloc(2, (nr_cpus + 7) / 8);
    if (!v.hard)
        return out_of_memory(err_out);
    v.soft = v.hard + (nr_cpus + 7) / 8;
    for (vcpu = 0; vcpu < nr && !rc; vcpu++) {
        rc = vcpu_read(xl->privcmd, &v, vcpu, nr_cpus, err_out);
        if (!rc && j)
            vcpu_json(j, &v, nr_cpus);
        else if (!rc)
            vcpu_print(xl->out, &v, nr_cpus);
    }
    free(v.hard);
    return rc;
}

int cmd_vcpu_list(struct xl *xl, int nr_args, char **args,
                  struct error **err_out)
{
    struct xen_sysctl_physinfo phys;
    struct domain_list list;
    struct json *j = NULL;
    size_t i;
    int rc = xl_domains(xl, nr_args, args, &list, err_out);

    if (rc)
        return rc;
    rc = sysctl_physinfo(xl->privcmd, &phys, err_out);
    if (!rc && xl->json) {
        j = json_new();
        if (j)
            json_array(j, NULL);
        else
            rc = out_of_memory(err_out);
    } else if (!rc) {
        fprintf(xl->out, "%-32s %5s %5s %5s %5s %9s %s\n", "Name", "ID", "VCPU",
                "CPU", "State", "Time(s)", "Affinity (Hard / Soft)");
    }
    for (i = 0; i < list.nr && !rc; i++)
        rc = domain_vcpus(xl, &list.entry[i], phys.max_cpu_id + 1, j, err_out);
    if (j) {
        json_array_end(j);
        json_finish(j, rc ? NULL : xl->out);
    }
    domain_list_free(&list);
    return rc;
}

/* What vcpu-pin is to do: maps are NULL where they stay. */
struct pinning {
    domid_t domid;
    unsigned int first, last; /* vcpus */
    unsigned int nr_cpus;
    unsigned char *hard;
    unsigned char *soft;
};

/* The vcpu or all vcpus that are named. */
static int vcpus_parse(struct privcmd *p, const char *text, struct pinning *pin,
                       struct error **err_out)
{
    struct xen_domctl_getdomaininfo info;
    long vcpu;
    int rc = domctl_info(p, pin->domid, &info, err_out);

    if (rc)
        return rc;
    if (!strcmp(text, "all")) {
        pin->last = info.max_vcpu_id;
        return 0;
    }
    rc = number_parse(text, "vcpu", 0, info.max_vcpu_id, &vcpu, err_out);
    if (!rc)
        pin->first = pin->last = (unsigned int)vcpu;
    return rc;
}

static int map_parse(const char *text,
                     const struct xen_sysctl_cputopo *topology, size_t nr_cpus,
                     unsigned char **map_out, struct error **err_out)
{
    int rc;

    if (!strcmp(text, "-"))
        return 0;
    *map_out = calloc(1, (nr_cpus + 7) / 8);
    if (!*map_out)
        return out_of_memory(err_out);
    rc = cpumap_parse(text, topology, nr_cpus, *map_out, err_out);
    return rc;
}

static int maps_parse(struct privcmd *p, int nr_args, char **args,
                      struct pinning *pin, struct error **err_out)
{
    struct xen_sysctl_cputopo *topology;
    size_t nr;
    int rc = sysctl_cpu_topology(p, &topology, &nr, err_out);

    if (rc)
        return rc;
    pin->nr_cpus = (unsigned int)nr;
    rc = map_parse(args[2], topology, nr, &pin->hard, err_out);
    if (!rc && nr_args > 3)
        rc = map_parse(args[3], topology, nr, &pin->soft, err_out);
    free(topology);
    if (!rc && !pin->hard && !pin->soft)
        rc = error_set(err_out, ERROR_USAGE, -EINVAL,
                       "neither hard nor soft affinity is given");
    return rc;
}

/* Its configuration says it, for who saves or moves it. */
static int pins_keep(struct privcmd *p, char **args, const struct pinning *pin,
                     struct error **err_out)
{
    struct saved_config_pins pins = {.first = pin->first,
                                     .last = pin->last,
                                     .hard = pin->hard ? args[2] : NULL,
                                     .soft = pin->soft ? args[3] : NULL};
    struct xen_domctl_getdomaininfo info;
    char uuid[UUID_TEXT_SIZE];
    int rc = domctl_info(p, pin->domid, &info, err_out);

    if (rc)
        return rc;
    pins.nr_vcpus = info.max_vcpu_id + 1;
    domain_uuid_text(info.handle, uuid);
    rc = saved_config_pin(pin->domid, uuid, &pins, err_out);
    return rc ? error_wrap(err_out, "keeping its configuration") : 0;
}

int cmd_vcpu_pin(struct xl *xl, int nr_args, char **args,
                 struct error **err_out)
{
    struct pinning pin = {0};
    struct privcmd *p;
    struct store *s;
    unsigned int vcpu;
    int rc = xl_open(xl, &p, &s, err_out);

    if (!rc)
        rc = domain_find(p, s, args[0], &pin.domid, err_out);
    if (!rc)
        rc = vcpus_parse(p, args[1], &pin, err_out);
    if (!rc)
        rc = maps_parse(p, nr_args, args, &pin, err_out);
    for (vcpu = pin.first; vcpu <= pin.last && !rc; vcpu++)
        rc = domctl_set_affinity(p, pin.domid, vcpu, pin.hard, pin.soft,
                                 pin.nr_cpus, xl_has(xl, 'f'), err_out);
    if (!rc)
        rc = pins_keep(p, args, &pin, err_out);
    free(pin.hard);
    free(pin.soft);
    return rc;
}

/* More vcpus than CPUs slow a guest down: somebody has to mean it. */
static int host_check(struct xl *xl, long nr, struct error **err_out)
{
    struct xen_sysctl_physinfo phys;
    int rc = sysctl_physinfo(xl->privcmd, &phys, err_out);

    if (rc || xl_has(xl, 'i') || nr <= (long)phys.nr_cpus)
        return rc;
    error_set(err_out, ERROR_USAGE, -EINVAL,
              "%ld vcpus, but the host has %u CPUs", nr, phys.nr_cpus);
    return error_hint(err_out, "-i does it nevertheless");
}

int cmd_vcpu_set(struct xl *xl, int nr_args, char **args,
                 struct error **err_out)
{
    struct xen_domctl_getdomaininfo info = {0};
    struct privcmd *p;
    struct store *s;
    domid_t domid = 0;
    unsigned int vcpu;
    long nr = 0;
    int rc = xl_open(xl, &p, &s, err_out);

    (void)nr_args;
    if (!rc)
        rc = domain_find(p, s, args[0], &domid, err_out);
    if (!rc)
        rc = domctl_info(p, domid, &info, err_out);
    if (!rc)
        rc = number_parse(args[1], "number of vcpus", 1,
                          (long)info.max_vcpu_id + 1, &nr, err_out);
    if (!rc)
        rc = host_check(xl, nr, err_out);
    for (vcpu = 0; !rc && vcpu <= info.max_vcpu_id; vcpu++)
        rc = store_write(s, vcpu < nr ? "online" : "offline", err_out,
                         "/local/domain/%u/cpu/%u/availability", domid, vcpu);
    return rc;
}
