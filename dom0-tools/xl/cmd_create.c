/* SPDX-License-Identifier: MIT */
/* xl create, destroy: the beginning and the end of a domain. */
#include "xl/cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/domctl.h"
#include "lib/json.h"
#include "toolstack/create.h"
#include "toolstack/destroy.h"
#include "toolstack/device.h"
#include "toolstack/monitor.h"
#include "toolstack/saved_config.h"
#include "toolstack/watch_record.h"
#include "xl/config_input.h"
#include "xl/console.h"
#include "xl/watch.h"

const struct option_row create_options[] = {
    {.id = 'f',
     .name = "defconfig",
     .value = "FILE",
     .help = "the configuration, in place of the argument"},
    {.id = 'p', .name = "paused", .help = "leave the domain paused"},
    {.id = 'c', .help = "attach to its console before it runs"},
    {.id = 'q', .name = "quiet", .help = "say nothing on success"},
    {.id = 'e', .help = "do not watch the domain in the background"},
    {.id = 'F', .help = "watch the domain here, and end with it"},
    {.id = 'n',
     .name = "dryrun",
     .help = "show the configuration as it is understood, and do nothing"},
    {.id = 'P',
     .no_letter = true,
     .name = "plan",
     .help = "check everything and show what would be done"},
    {0},
};

const struct option_row config_update_options[] = {
    {.id = 'f',
     .name = "defconfig",
     .value = "FILE",
     .help = "the configuration, in place of the argument"},
    {0},
};

const struct option_row destroy_options[] = {
    {.id = 'f', .help = "also the control domain"},
    {0},
};

static void devices_print(struct xl *xl, const struct vm_config *config)
{
    FILE *out = xl->out;
    char network[128];
    size_t i;

    for (i = 0; i < config->nr_disks; i++)
        fprintf(out, "  disk %s: %s, %s, %s\n", config->disk[i].vdev,
                config->disk[i].target,
                disk_format_name(config->disk[i].format),
                config->disk[i].read_only ? "read-only" : "read and write");
    for (i = 0; i < config->nr_vifs; i++) {
        vif_describe(xl->store, &config->vif[i], network, sizeof(network));
        fprintf(out, "  network %ld: %s\n", config->vif[i].devid, network);
    }
    for (i = 0; i < config->nr_channels; i++)
        fprintf(out, "  channel %zu: %s, %s\n", i + 1, config->channel[i].name,
                config->channel[i].is_socket ? config->channel[i].path
                                             : "a terminal");
}

static void plan_print(struct xl *xl, const struct creation *c)
{
    FILE *out = xl->out;
    const struct vm_config *config = c->config;
    char uuid[UUID_STR_LEN];

    uuid_unparse_lower(config->uuid, uuid);
    fprintf(out, "domain '%s', UUID %s\n", config->name, uuid);
    fprintf(out,
            "  memory: %" PRIu64 " MiB of %" PRIu64 " MiB free on the host",
            config->memory_kib >> 10, c->free_kib >> 10);
    if (config->max_memory_kib > config->memory_kib)
        fprintf(out, ", up to %" PRIu64 " MiB later",
                config->max_memory_kib >> 10);
    fprintf(out, "\n  vcpus: %ld of %ld\n", config->vcpus, config->max_vcpus);
    fprintf(out, "  kernel: %s (%s %s), %" PRIu64 " KiB unpacked\n",
            config->kernel, c->kernel.image.guest_os,
            c->kernel.image.guest_version,
            (c->kernel.image.virt_end - c->kernel.image.virt_start) >> 10);
    if (config->ramdisk)
        fprintf(out, "  ramdisk: %s, %zu KiB\n", config->ramdisk,
                c->ramdisk.size >> 10);
    fprintf(out, "  command line: %s\n", config->cmdline);
    devices_print(xl, config);
    fputs("Everything is there; nothing was done.\n", out);
}

static void devices_json(struct json *j, const struct vm_config *config)
{
    size_t i;

    json_array(j, "disks");
    for (i = 0; i < config->nr_disks; i++) {
        json_object(j, NULL);
        json_text(j, "vdev", config->disk[i].vdev);
        json_text(j, "target", config->disk[i].target);
        json_bool(j, "read_only", config->disk[i].read_only);
        json_object_end(j);
    }
    json_array_end(j);
    json_array(j, "vifs");
    for (i = 0; i < config->nr_vifs; i++) {
        json_object(j, NULL);
        json_text(j, "bridge", config->vif[i].bridge);
        json_object_end(j);
    }
    json_array_end(j);
}

static int plan_json(FILE *out, const struct creation *c,
                     struct error **err_out)
{
    const struct vm_config *config = c->config;
    struct json *j = json_new();
    char uuid[UUID_STR_LEN];

    if (!j)
        return out_of_memory(err_out);
    uuid_unparse_lower(config->uuid, uuid);
    json_object(j, NULL);
    json_text(j, "name", config->name);
    json_text(j, "uuid", uuid);
    json_int(j, "memory_kib", (int64_t)config->memory_kib);
    json_int(j, "max_memory_kib", (int64_t)config->max_memory_kib);
    json_int(j, "host_free_kib", (int64_t)c->free_kib);
    json_int(j, "vcpus", config->vcpus);
    json_int(j, "max_vcpus", config->max_vcpus);
    json_text(j, "kernel", config->kernel);
    json_text(j, "ramdisk", config->ramdisk);
    json_text(j, "cmdline", config->cmdline);
    devices_json(j, config);
    json_object_end(j);
    json_finish(j, out);
    return 0;
}

static int created_json(struct xl *xl, const struct vm_config *config,
                        domid_t domid, struct error **err_out)
{
    struct json *j = json_new();

    if (!j)
        return out_of_memory(err_out);
    json_object(j, NULL);
    json_text(j, "name", config->name);
    json_int(j, "domid", domid);
    json_object_end(j);
    json_finish(j, xl->out);
    return 0;
}

static int config_show(struct xl *xl, const struct vm_config *config,
                       struct error **err_out)
{
    char *text;
    int rc = saved_config_text(config, &text, err_out);

    if (rc)
        return rc;
    fputs(text, xl->out);
    free(text);
    return 0;
}

static int create(struct xl *xl, struct vm_config *config,
                  struct error **err_out)
{
    bool foreground = xl_has(xl, 'F'),
         watched = !xl_has(xl, 'e') && !foreground;
    struct creation c = {.cancel = xl->cancel, .watched = watched};
    struct privcmd *p;
    struct store *s;
    domid_t domid;
    int rc = xl_open(xl, &p, &s, err_out);

    if (xl->timing)
        c.steps = timing_steps(xl->timing);
    if (!rc)
        rc = create_prepare(p, s, config, &c, err_out);
    if (rc)
        return rc;
    if (xl_has(xl, 'P') && xl->json)
        rc = plan_json(xl->out, &c, err_out);
    else if (xl_has(xl, 'P'))
        plan_print(xl, &c);
    else
        rc = create_run(p, s, &c, xl_has(xl, 'p') || xl_has(xl, 'c'), &domid,
                        err_out);
    step_begin(&c.steps, "ending");
    creation_free(&c);
    if (rc || xl_has(xl, 'P'))
        return rc;
    if (xl->json)
        rc = created_json(xl, config, domid, err_out);
    if (!rc && xl_has(xl, 'c'))
        rc = console_follow(xl, config, domid, err_out);
    return foreground && !rc ? monitor_run(p, s, config, domid, err_out) : rc;
}

/* The file is an argument, or -f's. */
static int config_take(struct xl *xl, int nr_args, char **args,
                       const char **path_out, struct vm_config *config,
                       struct error **err_out)
{
    const char *path = xl->option['f'];

    if (!path && nr_args) {
        path = *args++;
        nr_args--;
    }
    if (!path)
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "no configuration file is named");
    *path_out = path;
    return config_input_read(xl, path, nr_args, args, config, err_out);
}

int cmd_create(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    struct vm_config config;
    const char *path;
    int rc = config_take(xl, nr_args, args, &path, &config, err_out);

    if (rc)
        return rc;
    if (!xl_has(xl, 'q') && !xl_has(xl, 'P') && !xl->json)
        fprintf(xl_has(xl, 'n') ? xl->err : xl->out, "Parsing config from %s\n",
                path);
    rc = xl_has(xl, 'n') ? config_show(xl, &config, err_out)
                         : create(xl, &config, err_out);
    if (rc)
        error_wrap(err_out, "%s", config.name);
    vm_config_free(&config);
    return rc;
}

/* For the next start: what the domain is just now stays. */
static int config_update(domid_t domid, const xen_domain_handle_t handle,
                         struct vm_config *config, struct error **err_out)
{
    struct vm_config before;
    int rc;

    memcpy(config->uuid, handle, sizeof(config->uuid));
    rc = watch_record_read(domid, handle, &before, err_out);
    if (rc && rc != -ENOENT)
        return rc;
    if (!rc) {
        vm_config_free(&before);
        rc = watch_record_write(domid, config, err_out);
    } else {
        rc = 0;
    }
    return rc ? rc : saved_config_write(domid, config, err_out);
}

int cmd_config_update(struct xl *xl, int nr_args, char **args,
                      struct error **err_out)
{
    struct xen_domctl_getdomaininfo info;
    struct vm_config config;
    struct privcmd *p;
    struct store *s;
    const char *path;
    domid_t domid = 0;
    int rc = xl_open(xl, &p, &s, err_out);

    if (!rc)
        rc = domain_find(p, s, args[0], &domid, err_out);
    if (!rc)
        rc = domctl_info(p, domid, &info, err_out);
    if (!rc)
        rc = config_take(xl, nr_args - 1, args + 1, &path, &config, err_out);
    if (rc)
        return rc;
    fprintf(xl->err, "setting dom%u configuration\n", domid);
    rc = config_update(domid, info.handle, &config, err_out);
    vm_config_free(&config);
    return rc ? error_wrap(err_out, "%s", args[0]) : 0;
}

int cmd_destroy(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    struct privcmd *p;
    struct store *s;
    domid_t domid;
    int rc = xl_open(xl, &p, &s, err_out);

    (void)nr_args;
    if (!rc)
        rc = domain_find(p, s, args[0], &domid, err_out);
    if (rc)
        return rc;
    if (domid == 0 && !xl_has(xl, 'f') && !xl->force) {
        error_set(err_out, ERROR_USAGE, -EPERM,
                  "domain 0 is the control domain: not destroyed");
        return error_hint(err_out, "-f tries it nevertheless");
    }
    rc = destroy_run(p, s, domid, err_out);
    return rc ? error_wrap(err_out, "%s", args[0]) : 0;
}
