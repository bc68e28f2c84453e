/* SPDX-License-Identifier: MIT */
/* Configurations of running domains; see saved_config.h. */
#include "toolstack/saved_config_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SIZE (1 << 20)

/* The stock tools' number for an id that was not chosen. */
#define NO_DOMID 4294967295

const char *saved_config_folder(void)
{
    const char *folder = getenv("XENIA_SAVED_CONFIGS");

    return folder ? folder : SAVED_CONFIG_FOLDER;
}

static void path_make(domid_t domid, const char *uuid, char *path, size_t size)
{
    snprintf(path, size, "%s/userdata-d.%u.%s.libxl-json",
             saved_config_folder(), domid, uuid);
}

static void empty_put(struct json *j, const char *key)
{
    json_object(j, key);
    json_object_end(j);
}

/* What is -1 was not given. */
static void given_put(struct json *j, const char *key, long value)
{
    if (value >= 0)
        json_int(j, key, value);
}

static void text_put(struct json *j, const char *key, const char *text)
{
    if (text)
        json_text(j, key, text);
}

static void sched_put(struct json *j, const struct vm_config *config)
{
    json_object(j, "sched_params");
    given_put(j, "weight", config->cpu_weight);
    given_put(j, "cap", config->cap);
    json_object_end(j);
}

/* Sets of CPUs as they are written: what they mean is the host's. */
static void cpus_put(struct json *j, const char *key, char *const *cpus,
                     size_t nr)
{
    size_t i;

    if (!nr)
        return;
    json_array(j, key);
    for (i = 0; i < nr; i++)
        json_text(j, NULL, cpus[i]);
    json_array_end(j);
}

void saved_config_placement_put(struct json *j, const struct vm_config *config)
{
    cpus_put(j, "xenia_cpus", config->cpus, config->nr_cpus);
    cpus_put(j, "xenia_cpus_soft", config->cpus_soft, config->nr_cpus_soft);
}

static void clock_put(struct json *j, const struct vm_config *config)
{
    if (config->tsc_mode)
        json_text(j, "tsc_mode", vm_tsc_mode_name(config->tsc_mode));
    if (config->time_offset)
        json_int(j, "rtc_timeoffset", config->time_offset);
    if (config->local_time)
        json_text(j, "localtime", saved_config_truth(true));
}

/* What is usual is left out, as by the stock tools. */
static void limits_put(struct json *j, const struct vm_config *config)
{
    struct vm_config usual;

    vm_config_init(&usual);
    given_put(j, "max_grant_frames", config->max_grant_frames);
    given_put(j, "max_maptrack_frames", config->max_maptrack_frames);
    if (config->max_grant_version != usual.max_grant_version)
        json_int(j, "max_grant_version", config->max_grant_version);
    if (config->max_event_channels != usual.max_event_channels)
        json_int(j, "event_channels", config->max_event_channels);
}

static void kernel_put(struct json *j, const struct vm_config *config)
{
    text_put(j, "kernel", config->kernel);
    if (*config->cmdline)
        json_text(j, "cmdline", config->cmdline);
    text_put(j, "ramdisk", config->ramdisk);
    text_put(j, "bootloader", config->bootloader);
    text_put(j, "xenia_firmware", config->firmware);
    text_put(j, "xenia_cpuid", config->cpuid);
}

static void create_info_put(struct json *j, const struct vm_config *config,
                            const char *uuid)
{
    json_object(j, "c_info");
    json_text(j, "type", "pv");
    json_text(j, "name", config->name);
    json_int(j, "domid", config->domid < 0 ? NO_DOMID : config->domid);
    json_text(j, "uuid", uuid);
    json_text(j, "run_hotplug_scripts", saved_config_truth(true));
    text_put(j, "pool_name", config->pool);
    json_object_end(j);
}

static void build_info_put(struct json *j, const struct vm_config *config)
{
    long vcpu;

    json_object(j, "b_info");
    json_int(j, "max_vcpus", config->max_vcpus);
    json_array(j, "avail_vcpus");
    for (vcpu = 0; vcpu < config->vcpus; vcpu++)
        json_int(j, NULL, vcpu);
    json_array_end(j);
    json_int(j, "max_memkb", (int64_t)config->max_memory_kib);
    json_int(j, "target_memkb", (int64_t)config->memory_kib);
    json_int(j, "video_memkb", 0);
    sched_put(j, config);
    clock_put(j, config);
    limits_put(j, config);
    json_text(j, "claim_mode", saved_config_truth(true));
    if (config->no_migrate)
        json_text(j, "disable_migrate", saved_config_truth(true));
    kernel_put(j, config);
    saved_config_placement_put(j, config);
    empty_put(j, "type.pv");
    empty_put(j, "arch_arm");
    json_object(j, "arch_x86");
    json_text(j, "msr_relaxed", saved_config_truth(false));
    json_object_end(j);
    json_object_end(j);
}

/* What they take as said where nothing is said: destroy. */
static void action_put(struct json *j, const char *key, enum vm_action action)
{
    static const char *const names[] = {
        [VM_RESTART] = "restart",
        [VM_RENAME_RESTART] = "restart_rename",
        [VM_PRESERVE] = "preserve",
    };

    if (action != VM_DESTROY)
        json_text(j, key, names[action]);
}

static void config_put(struct json *j, const struct vm_config *config,
                       const char *uuid)
{
    json_object(j, NULL);
    create_info_put(j, config, uuid);
    build_info_put(j, config);
    saved_config_devices_put(j, config);
    action_put(j, "on_poweroff", config->on_poweroff);
    action_put(j, "on_reboot", config->on_reboot);
    action_put(j, "on_watchdog", config->on_watchdog);
    action_put(j, "on_crash", config->on_crash);
    if (config->on_soft_reset == VM_RESTART)
        json_text(j, "on_soft_reset", "soft_reset");
    else
        action_put(j, "on_soft_reset", config->on_soft_reset);
    json_object_end(j);
}

static int file_fail(struct error **err_out, const char *path)
{
    int rc = errno ? -errno : -EIO;

    return error_set(err_out, ERROR_INTERNAL, rc, "%s: %s", path,
                     strerror(-rc));
}

int saved_config_finish(struct json *j, char **text_out, struct error **err_out)
{
    size_t size;
    FILE *out;

    *text_out = NULL;
    out = j ? open_memstream(text_out, &size) : NULL;
    if (j)
        json_finish(j, out);
    if (out && !fclose(out) && *text_out)
        return 0;
    free(*text_out);
    *text_out = NULL;
    return json_no_memory(err_out);
}

int saved_config_text(const struct vm_config *config, char **text_out,
                      struct error **err_out)
{
    struct json *j = json_new();
    char uuid[UUID_STR_LEN];

    if (j) {
        uuid_unparse_lower(config->uuid, uuid);
        config_put(j, config, uuid);
    }
    return saved_config_finish(j, text_out, err_out);
}

/* A reader finds all of it or nothing. */
int saved_config_keep(domid_t domid, const uuid_t uuid, const char *text,
                      struct error **err_out)
{
    char path[4096], new[4100], uuid_text[UUID_STR_LEN];
    FILE *out;
    bool good;

    uuid_unparse_lower(uuid, uuid_text);
    path_make(domid, uuid_text, path, sizeof(path));
    snprintf(new, sizeof(new), "%s.new", path);
    out = fopen(new, "we");
    if (!out)
        return file_fail(err_out, new);
    fputs(text, out);
    /* The end of a text, as they count it. */
    fputc(0, out);
    good = !ferror(out);
    if (fclose(out) || !good || rename(new, path)) {
        unlink(new);
        return file_fail(err_out, path);
    }
    return 0;
}

int saved_config_write(domid_t domid, const struct vm_config *config,
                       struct error **err_out)
{
    char *text;
    int rc = saved_config_text(config, &text, err_out);

    if (rc)
        return rc;
    rc = saved_config_keep(domid, config->uuid, text, err_out);
    free(text);
    return rc;
}

int saved_config_read(domid_t domid, const char *uuid, char **text_out,
                      struct error **err_out)
{
    char path[4096], *text;
    size_t size;
    FILE *in;
    int rc = 0;

    *text_out = NULL;
    path_make(domid, uuid, path, sizeof(path));
    in = fopen(path, "re");
    if (!in)
        return errno == ENOENT ? 0 : file_fail(err_out, path);
    text = malloc(MAX_SIZE + 1);
    size = text ? fread(text, 1, MAX_SIZE, in) : 0;
    if (!text)
        rc = json_no_memory(err_out);
    else if (ferror(in))
        rc = file_fail(err_out, path);
    fclose(in);
    if (rc) {
        free(text);
        return rc;
    }
    text[size] = 0;
    *text_out = text;
    return 0;
}

void saved_config_remove(domid_t domid, const char *uuid)
{
    char path[4096];

    path_make(domid, uuid, path, sizeof(path));
    unlink(path);
}
