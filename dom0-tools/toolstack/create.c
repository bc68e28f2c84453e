/* SPDX-License-Identifier: MIT */
/* Creating domains; see create.h. */
#include "toolstack/create.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/domctl.h"
#include "lib/evtchn.h"
#include "lib/memory.h"
#include "lib/sysctl.h"
#include "stream/file.h"
#include "toolstack/cpuid_config.h"
#include "toolstack/cpumap.h"
#include "toolstack/destroy.h"
#include "toolstack/device.h"
#include "toolstack/domain.h"
#include "toolstack/memory_target.h"
#include "toolstack/pool.h"
#include "toolstack/saved_config.h"
#include "toolstack/store_tree.h"
#include "toolstack/watch_record.h"

static int out_of_memory(struct error **err_out)
{
    return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
}

/* Preparing. */

static int name_prepare(struct privcmd *p, struct store *s, const char *name,
                        struct error **err_out)
{
    struct error *err = NULL;
    domid_t domid;
    int rc = domain_name_check(name, err_out);

    if (rc)
        return rc;
    rc = domain_find_name(p, s, name, &domid, &err);
    if (rc == -ESRCH) {
        error_free(err);
        return 0;
    }
    if (rc && err_out)
        *err_out = err;
    else
        error_free(err);
    return rc ? rc
              : error_set(err_out, ERROR_NAME_IN_USE, -EEXIST,
                          "%s: domain %u has this name", name, domid);
}

static int files_prepare(struct creation *c, struct error **err_out)
{
    int rc;

    if (c->saved)
        return 0;
    rc = kernel_read(c->config->kernel, &c->kernel, err_out);
    if (!rc && c->config->ramdisk)
        rc =
            file_data_open("ramdisk", c->config->ramdisk, &c->ramdisk, err_out);
    if (!rc)
        rc = layout_make(&c->kernel.image, c->ramdisk.size,
                         c->config->memory_kib / 4, &c->layout, err_out);
    return rc;
}

static int memory_prepare(struct privcmd *p, struct creation *c,
                          struct error **err_out)
{
    struct xen_sysctl_physinfo phys;
    int rc = sysctl_physinfo(p, &phys, err_out);

    if (rc)
        return rc;
    c->nr_host_cpus = phys.max_cpu_id + 1;
    c->free_kib = (phys.free_pages - phys.outstanding_pages) * 4;
    if (c->config->memory_kib <= c->free_kib)
        return 0;
    error_set(err_out, ERROR_HOST_MEMORY, -ENOMEM,
              "memory = %llu MiB, but only %llu MiB are free on this host",
              (unsigned long long)c->config->memory_kib >> 10,
              (unsigned long long)c->free_kib >> 10);
    return error_hint(err_out, "lower it, or take memory from others by `xl "
                               "mem-set`");
}

/* The set for one vcpu: its own in the list, the one for all, or none. */
static int placement_parse(char *const *texts, size_t nr, size_t vcpu,
                           const struct xen_sysctl_cputopo *topology,
                           size_t nr_cpus, unsigned char **map,
                           struct error **err_out)
{
    const char *text = nr == 1 ? texts[0] : vcpu < nr ? texts[vcpu] : NULL;

    if (!text)
        return 0;
    *map = calloc(1, (nr_cpus + 7) / 8);
    return *map ? cpumap_parse(text, topology, nr_cpus, *map, err_out)
                : out_of_memory(err_out);
}

static int cpus_prepare(struct privcmd *p, struct creation *c,
                        struct error **err_out)
{
    const struct vm_config *config = c->config;
    struct xen_sysctl_cputopo *topology;
    size_t nr_cpus, vcpu;
    int rc;

    c->placement = calloc((size_t)config->max_vcpus, sizeof(*c->placement));
    if (!c->placement)
        return out_of_memory(err_out);
    rc = sysctl_cpu_topology(p, &topology, &nr_cpus, err_out);
    if (rc)
        return rc;
    for (vcpu = 0; vcpu < (size_t)config->max_vcpus && !rc; vcpu++) {
        struct vcpu_placement *v = &c->placement[vcpu];

        rc = placement_parse(config->cpus, config->nr_cpus, vcpu, topology,
                             nr_cpus, &v->hard, err_out);
        if (rc)
            error_wrap(err_out, "cpus");
        else if ((rc = placement_parse(config->cpus_soft, config->nr_cpus_soft,
                                       vcpu, topology, nr_cpus, &v->soft,
                                       err_out)))
            error_wrap(err_out, "cpus_soft");
    }
    free(topology);
    return rc;
}

static int pool_prepare(struct privcmd *p, struct store *s, struct creation *c,
                        struct error **err_out)
{
    struct cpupool_info pool;
    int rc;

    if (!c->config->pool)
        return 0;
    rc = pool_find(p, s, c->config->pool, &pool, err_out);
    if (rc)
        return error_wrap(err_out, "pool");
    c->pool_id = pool.id;
    free(pool.cpumap);
    return 0;
}

static int devices_prepare(struct store *s, const struct vm_config *config,
                           struct error **err_out)
{
    size_t i;
    int rc;

    for (i = 0; i < config->nr_disks; i++) {
        rc = disk_check(s, &config->disk[i], err_out);
        if (!rc)
            rc = disk_twice_check(&config->disk[i], config->disk, i, err_out);
        if (rc)
            return error_wrap(err_out, "disk[%zu]", i);
    }
    for (i = 0; i < config->nr_vifs; i++) {
        rc = vif_check(s, &config->vif[i], err_out);
        if (rc)
            return error_wrap(err_out, "vif[%zu]", i);
    }
    for (i = 0; i < config->nr_channels; i++) {
        rc = channel_check(&config->channel[i], err_out);
        if (rc)
            return error_wrap(err_out, "channel[%zu]", i);
    }
    return 0;
}

static int prepare(struct privcmd *p, struct store *s,
                   const struct vm_config *config, struct stream *saved,
                   struct creation *c, struct error **err_out)
{
    int rc;

    c->config = config;
    c->saved = saved;
    step_begin(&c->steps, "checking its name");
    rc = name_prepare(p, s, config->name, err_out);
    step_begin(&c->steps, "reading its files");
    if (!rc)
        rc = files_prepare(c, err_out);
    step_begin(&c->steps, "checking memory, CPUs and devices");
    if (!rc)
        rc = memory_prepare(p, c, err_out);
    if (!rc)
        rc = cpus_prepare(p, c, err_out);
    if (!rc)
        rc = pool_prepare(p, s, c, err_out);
    if (!rc)
        rc = devices_prepare(s, config, err_out);
    if (rc)
        creation_free(c);
    return rc;
}

int create_prepare(struct privcmd *p, struct store *s,
                   const struct vm_config *config, struct creation *c,
                   struct error **err_out)
{
    return prepare(p, s, config, NULL, c, err_out);
}

int create_prepare_saved(struct privcmd *p, struct store *s,
                         const struct vm_config *config, struct stream *saved,
                         const char *saved_config, struct creation *c,
                         struct error **err_out)
{
    int rc = prepare(p, s, config, saved, c, err_out);

    if (!rc)
        c->saved_config = saved_config;
    return rc;
}

void creation_free(struct creation *c)
{
    long vcpu;

    kernel_free(&c->kernel);
    file_data_close(&c->ramdisk);
    for (vcpu = 0; c->placement && vcpu < c->config->max_vcpus; vcpu++) {
        free(c->placement[vcpu].hard);
        free(c->placement[vcpu].soft);
    }
    free(c->placement);
    *c = (struct creation){0};
}

/* Running. */

/* What is known of the domain as it grows. */
struct growing {
    struct privcmd *p;
    struct store *s;
    const struct creation *c;
    domid_t domid;
    evtchn_port_t store_port;
    evtchn_port_t console_port;
    struct build_result built;
};

static int domain_make(struct growing *g, struct error **err_out)
{
    const struct vm_config *config = g->c->config;
    struct xen_domctl_createdomain args = {
        .max_vcpus = (uint32_t)config->max_vcpus,
        .max_evtchn_port = (uint32_t)config->max_event_channels,
        .max_grant_frames = (int32_t)config->max_grant_frames,
        .max_maptrack_frames = (int32_t)config->max_maptrack_frames,
        .cpupool_id = g->c->pool_id,
        .grant_opts =
            XEN_DOMCTL_GRANT_version((uint32_t)config->max_grant_version),
    };

    memcpy(args.handle, config->uuid, sizeof(args.handle));
    g->domid = config->domid < 0 ? DOMID_ANY : (domid_t)config->domid;
    return domctl_create(g->p, &args, &g->domid, err_out);
}

static int vcpus_make(struct growing *g, struct error **err_out)
{
    const struct creation *c = g->c;
    unsigned int nr = (unsigned int)c->config->max_vcpus, vcpu;
    int rc = domctl_max_vcpus(g->p, g->domid, nr, err_out);

    for (vcpu = 0; vcpu < nr && !rc; vcpu++)
        if (c->placement[vcpu].hard || c->placement[vcpu].soft)
            rc = domctl_set_affinity(
                g->p, g->domid, vcpu, c->placement[vcpu].hard,
                c->placement[vcpu].soft, c->nr_host_cpus, false, err_out);
    return rc;
}

static int limits_set(struct growing *g, struct error **err_out)
{
    const struct vm_config *config = g->c->config;
    int rc = domctl_set_64bit(g->p, g->domid, err_out);

    if (!rc)
        rc = domctl_max_mem(g->p, g->domid,
                            config->memory_kib + MEMORY_SLACK_KIB, err_out);
    if (!rc)
        rc = memory_set_map(g->p, g->domid, config->max_memory_kib << 10,
                            err_out);
    return rc;
}

/* Seconds by which the local time is ahead of the host's clock. */
static int64_t local_offset(void)
{
    time_t now = time(NULL);
    struct tm parts;

    return localtime_r(&now, &parts) ? parts.tm_gmtoff : 0;
}

static int clocks_set(struct growing *g, struct error **err_out)
{
    const struct vm_config *config = g->c->config;
    int64_t offset =
        config->time_offset + (config->local_time ? local_offset() : 0);
    int rc = 0;

    if (offset)
        rc = domctl_set_time_offset(g->p, g->domid, offset, err_out);
    if (!rc && config->tsc_mode)
        rc = domctl_set_tsc_mode(g->p, g->domid, (uint32_t)config->tsc_mode,
                                 err_out);
    return rc;
}

/* A saved guest has seen what it will see: that comes with it. */
static int cpuid_set(struct growing *g, struct error **err_out)
{
    const char *cpuid = g->c->config->cpuid;

    return cpuid && !g->c->saved
               ? cpuid_config_set(g->p, g->domid, cpuid, err_out)
               : 0;
}

static int sched_set(struct growing *g, struct error **err_out)
{
    const struct vm_config *config = g->c->config;
    struct xen_domctl_sched_credit2 params;
    unsigned int sched_id;
    int rc;

    if (config->cpu_weight < 0 && config->cap < 0)
        return 0;
    rc = sysctl_sched_id(g->p, &sched_id, err_out);
    if (!rc)
        rc = domctl_get_sched(g->p, g->domid, sched_id, &params, err_out);
    if (rc)
        return rc;
    if (config->cpu_weight >= 0)
        params.weight = (uint16_t)config->cpu_weight;
    if (config->cap >= 0)
        params.cap = (uint16_t)config->cap;
    return domctl_set_sched(g->p, g->domid, sched_id, &params, err_out);
}

static int ports_make(struct growing *g, struct error **err_out)
{
    int rc = evtchn_alloc_unbound(g->p, g->domid, 0, &g->store_port, err_out);

    return rc ? rc
              : evtchn_alloc_unbound(g->p, g->domid, 0, &g->console_port,
                                     err_out);
}

static int guest_restore(struct growing *g, struct error **err_out)
{
    const struct restore_request request = {
        .domid = g->domid,
        .max_vcpus = (unsigned int)g->c->config->max_vcpus,
        .nr_pages = g->c->config->max_memory_kib / 4,
        .store_port = g->store_port,
        .console_port = g->console_port,
    };
    struct restore_result result;
    int rc = file_domain_read(g->p, &request, g->c->saved, &result, err_out);

    if (!rc) {
        g->built.store_mfn = result.store_mfn;
        g->built.console_mfn = result.console_mfn;
    }
    return rc;
}

static int guest_build(struct growing *g, struct error **err_out)
{
    const struct build_request request = {
        .domid = g->domid,
        .kernel = &g->c->kernel,
        .ramdisk = g->c->ramdisk.is_open ? &g->c->ramdisk : NULL,
        .cmdline = g->c->config->cmdline,
        .layout = &g->c->layout,
        .store_port = g->store_port,
        .console_port = g->console_port,
    };

    return g->c->saved ? guest_restore(g, err_out)
                       : build_domain(g->p, &request, &g->built, err_out);
}

static int tree_write(struct growing *g, struct error **err_out)
{
    const struct store_tree tree = {
        .config = g->c->config,
        .domid = g->domid,
        .store_mfn = g->built.store_mfn,
        .store_port = g->store_port,
        .console_mfn = g->built.console_mfn,
        .console_port = g->console_port,
    };
    int rc = store_tree_write(g->s, &tree, err_out);

    return rc ? rc
              : store_introduce(g->s, g->domid, g->built.store_mfn,
                                g->store_port, err_out);
}

static int devices_attach(struct growing *g, struct error **err_out)
{
    const struct vm_config *config = g->c->config;
    unsigned int i;
    int rc;

    for (i = 0; i < config->nr_disks; i++) {
        rc = disk_attach(g->s, g->domid, &config->disk[i], err_out);
        if (rc)
            return error_wrap(err_out, "disk[%u]", i);
    }
    for (i = 0; i < config->nr_vifs; i++) {
        rc = vif_attach(g->s, g->domid, (unsigned int)config->vif[i].devid,
                        &config->vif[i], err_out);
        if (rc)
            return error_wrap(err_out, "vif[%u]", i);
    }
    for (i = 0; i < config->nr_channels; i++) {
        rc = channel_await(g->s, g->domid, i + 1, &config->channel[i], err_out);
        if (rc)
            return error_wrap(err_out, "channel[%u]", i);
    }
    return 0;
}

static int config_keep(struct growing *g, struct error **err_out)
{
    const struct creation *c = g->c;
    int rc = c->saved_config ? saved_config_keep(g->domid, c->config->uuid,
                                                 c->saved_config, err_out)
                             : saved_config_write(g->domid, c->config, err_out);

    return rc || !c->watched ? rc
                             : watch_record_write(g->domid, c->config, err_out);
}

/* What failed, in the words of whoever wanted the domain. */
static const struct {
    int (*run)(struct growing *g, struct error **err_out);
    const char *doing;
} steps[] = {
    {vcpus_make, "making its vcpus"},
    {limits_set, "setting its limits"},
    {clocks_set, "setting its clocks"},
    {cpuid_set, "setting what it sees of the CPU"},
    {sched_set, "setting its share"},
    {ports_make, "making its ports"},
    {guest_build, "building it"},
    {tree_write, "entering it in xenstore"},
    {devices_attach, "attaching its devices"},
    {config_keep, "keeping its configuration"},
};

/* Takes back all that was done, also for whoever can't wait for it. */
static void undo(struct growing *g)
{
    const struct cancel *cancel = store_set_cancel(g->s, NULL);

    destroy_run(g->p, g->s, g->domid, NULL);
    store_set_cancel(g->s, cancel);
}

int create_run(struct privcmd *p, struct store *s, const struct creation *c,
               bool paused, domid_t *domid_out, struct error **err_out)
{
    struct growing g = {.p = p, .s = s, .c = c};
    size_t i;
    int rc;

    step_begin(&c->steps, "making the domain");
    rc = domain_make(&g, err_out);
    if (rc)
        return rc;
    for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && !rc; i++) {
        rc = cancel_check(c->cancel, err_out);
        step_begin(&c->steps, steps[i].doing);
        if (!rc)
            rc = steps[i].run(&g, err_out);
        if (rc)
            error_wrap(err_out, "%s", steps[i].doing);
    }
    if (!rc && !paused)
        rc = domctl_unpause(p, g.domid, err_out);
    if (rc)
        undo(&g);
    else
        *domid_out = g.domid;
    return rc;
}
