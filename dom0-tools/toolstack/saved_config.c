/* SPDX-License-Identifier: MIT */
/* Configurations of running domains; see saved_config.h. */
#include "toolstack/saved_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/json.h"

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

/* Their booleans are texts. */
static const char *truth(bool value)
{
    return value ? "True" : "False";
}

static void create_info_put(struct json *j, const struct vm_config *config,
                            const char *uuid)
{
    json_object(j, "c_info");
    json_text(j, "type", "pv");
    json_text(j, "name", config->name);
    json_int(j, "domid", config->domid < 0 ? NO_DOMID : config->domid);
    json_text(j, "uuid", uuid);
    json_text(j, "run_hotplug_scripts", truth(true));
    if (config->pool)
        json_text(j, "pool_name", config->pool);
    json_object_end(j);
}

static void empty_put(struct json *j, const char *key)
{
    json_object(j, key);
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
    empty_put(j, "sched_params");
    if (config->tsc_mode)
        json_text(j, "tsc_mode", vm_tsc_mode_name(config->tsc_mode));
    json_text(j, "claim_mode", truth(true));
    if (config->no_migrate)
        json_text(j, "disable_migrate", truth(true));
    if (config->kernel)
        json_text(j, "kernel", config->kernel);
    if (*config->cmdline)
        json_text(j, "cmdline", config->cmdline);
    if (config->ramdisk)
        json_text(j, "ramdisk", config->ramdisk);
    empty_put(j, "type.pv");
    empty_put(j, "arch_arm");
    json_object(j, "arch_x86");
    json_text(j, "msr_relaxed", truth(false));
    json_object_end(j);
    json_object_end(j);
}

static void disks_put(struct json *j, const struct vm_config *config)
{
    size_t i;

    if (!config->nr_disks)
        return;
    json_array(j, "disks");
    for (i = 0; i < config->nr_disks; i++) {
        const struct disk_config *d = &config->disk[i];

        json_object(j, NULL);
        if (d->backend)
            json_text(j, "backend_domname", d->backend);
        json_text(j, "pdev_path", d->target);
        json_text(j, "vdev", d->vdev);
        json_text(j, "backend", d->format == DISK_RAW ? "phy" : "qdisk");
        json_text(j, "format", disk_format_name(d->format));
        if (d->script)
            json_text(j, "script", d->script);
        /* What is 0 is left out. */
        if (d->cdrom)
            json_int(j, "removable", 1);
        if (!d->read_only)
            json_int(j, "readwrite", 1);
        if (d->cdrom)
            json_int(j, "is_cdrom", 1);
        if (d->direct)
            json_bool(j, "direct_io_safe", true);
        if (d->no_discard)
            json_text(j, "discard_enable", truth(false));
        if (d->untrusted)
            json_text(j, "trusted", truth(false));
        json_object_end(j);
    }
    json_array_end(j);
}

static void nic_put(struct json *j, const struct vif_config *v)
{
    char mac[MAC_TEXT_SIZE];

    vif_mac_text(v, mac);
    if (v->backend)
        json_text(j, "backend_domname", v->backend);
    json_int(j, "devid", v->devid);
    if (v->mtu > 0)
        json_int(j, "mtu", v->mtu);
    json_text(j, "mac", mac);
    if (v->ip)
        json_text(j, "ip", v->ip);
    if (v->bridge)
        json_text(j, "bridge", v->bridge);
    if (v->name)
        json_text(j, "ifname", v->name);
    if (v->script)
        json_text(j, "script", v->script);
    if (v->rate_bytes) {
        json_int(j, "rate_bytes_per_interval", (int64_t)v->rate_bytes);
        json_int(j, "rate_interval_usecs", v->rate_interval_us);
    }
    if (v->gateway)
        json_text(j, "gatewaydev", v->gateway);
    if (v->untrusted)
        json_text(j, "trusted", truth(false));
}

static void nics_put(struct json *j, const struct vm_config *config)
{
    size_t i;

    if (!config->nr_vifs)
        return;
    json_array(j, "nics");
    for (i = 0; i < config->nr_vifs; i++) {
        json_object(j, NULL);
        nic_put(j, &config->vif[i]);
        json_object_end(j);
    }
    json_array_end(j);
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
    disks_put(j, config);
    nics_put(j, config);
    action_put(j, "on_poweroff", config->on_poweroff);
    action_put(j, "on_reboot", config->on_reboot);
    action_put(j, "on_watchdog", config->on_watchdog);
    action_put(j, "on_crash", config->on_crash);
    json_text(j, "on_soft_reset", "soft_reset");
    json_object_end(j);
}

static int file_fail(struct error **err_out, const char *path)
{
    int rc = errno ? -errno : -EIO;

    return error_set(err_out, ERROR_INTERNAL, rc, "%s: %s", path,
                     strerror(-rc));
}

int saved_config_text(const struct vm_config *config, char **text_out,
                      struct error **err_out)
{
    struct json *j = json_new();
    char uuid[UUID_STR_LEN];
    size_t size;
    FILE *out;

    *text_out = NULL;
    out = j ? open_memstream(text_out, &size) : NULL;
    if (j) {
        uuid_unparse_lower(config->uuid, uuid);
        config_put(j, config, uuid);
        json_finish(j, out);
    }
    if (out && !fclose(out) && *text_out)
        return 0;
    free(*text_out);
    *text_out = NULL;
    return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
}

int saved_config_keep(domid_t domid, const uuid_t uuid, const char *text,
                      struct error **err_out)
{
    char path[4096], uuid_text[UUID_STR_LEN];
    FILE *out;
    bool good;

    uuid_unparse_lower(uuid, uuid_text);
    path_make(domid, uuid_text, path, sizeof(path));
    out = fopen(path, "we");
    if (!out)
        return file_fail(err_out, path);
    fputs(text, out);
    /* The end of a text, as they count it. */
    fputc(0, out);
    good = !ferror(out);
    if (fclose(out) || !good)
        return file_fail(err_out, path);
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
        rc = error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
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
