/* SPDX-License-Identifier: MIT */
/* From entries of a file to a struct vm_config; see config.h. */
#include "toolstack/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "toolstack/bootloader.h"
#include "toolstack/config_keys.h"
#include "toolstack/suggest.h"

static int out_of_memory(struct error **err_out)
{
    return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
}

/* A warning that finds no memory is lost. */
void config_warn(struct config_warnings *warnings, const char *format, ...)
{
    char **longer, *text;
    va_list args;
    int len;

    va_start(args, format);
    len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        return;
    longer = realloc(warnings->text, (warnings->nr + 1) * sizeof(*longer));
    if (!longer) {
        free(text);
        return;
    }
    warnings->text = longer;
    warnings->text[warnings->nr++] = text;
}

void config_warnings_free(struct config_warnings *warnings)
{
    while (warnings->nr)
        free(warnings->text[--warnings->nr]);
    free(warnings->text);
    warnings->text = NULL;
}

static const struct config_key *key_find(const char *name)
{
    size_t i;

    for (i = 0; i < nr_config_keys; i++)
        if (!strcmp(config_keys[i].name, name))
            return &config_keys[i];
    return NULL;
}

static int unknown_key(const char *name, struct error **err_out)
{
    const char *near = NULL;
    size_t i, best = 0;

    for (i = 0; i < nr_config_keys; i++)
        if (config_keys[i].kind != KEY_REFUSED)
            suggest(name, config_keys[i].name, &near, &best);
    error_set(err_out, ERROR_CONFIG, -EINVAL, "no such key");
    return near ? error_hint(err_out, "did you mean `%s`?", near)
                : error_hint(err_out, "remove it: nothing would come of it");
}

static int text_set(char **text, const struct config_value *value,
                    struct error **err_out)
{
    if (value->kind == CONFIG_LIST)
        return error_set(err_out, ERROR_CONFIG, -EINVAL, "wants a text");
    free(*text);
    *text = strdup(value->text);
    return *text ? 0 : out_of_memory(err_out);
}

/* Numbers may stand in quotes. */
static int number_set(long *number, const struct config_key *key,
                      const struct config_value *value, struct error **err_out)
{
    long found = 0;
    char *end = NULL;

    if (value->kind != CONFIG_LIST) {
        errno = 0;
        found = strtol(value->text, &end, 0);
    }
    if (!end || end == value->text || *end)
        return error_set(err_out, ERROR_CONFIG, -EINVAL, "wants a number");
    if (errno || found < key->min || found > key->max)
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "%s is not from %ld to %ld", value->text, key->min,
                         key->max);
    *number = found;
    return 0;
}

static const char *const action_names[] = {
    [VM_DESTROY] = "destroy",
    [VM_RESTART] = "restart",
    [VM_RENAME_RESTART] = "rename-restart",
    [VM_PRESERVE] = "preserve",
};

const char *vm_action_name(enum vm_action action)
{
    return action_names[action];
}

static int action_set(enum vm_action *action, const struct config_value *value,
                      struct error **err_out)
{
    size_t i;

    for (i = 0; i < sizeof(action_names) / sizeof(action_names[0]); i++)
        if (value->kind == CONFIG_TEXT &&
            !strcmp(value->text, action_names[i])) {
            *action = (enum vm_action)i;
            return 0;
        }
    return error_set(err_out, ERROR_CONFIG, -EINVAL,
                     "wants destroy, restart, rename-restart or preserve; "
                     "others are not supported yet");
}

static bool says_no(const struct config_value *value)
{
    if (value->kind == CONFIG_LIST)
        return value->nr == 0;
    return !*value->text || !strcmp(value->text, "0");
}

static int key_apply(struct vm_config *config, const struct config_key *key,
                     const struct config_value *value, struct error **err_out)
{
    char *field = (char *)config + key->offset;

    switch (key->kind) {
    case KEY_TEXT:
        return text_set((char **)field, value, err_out);
    case KEY_NUMBER:
        return number_set((long *)field, key, value, err_out);
    case KEY_ACTION:
        return action_set((enum vm_action *)field, value, err_out);
    case KEY_SPECIAL:
        return key->set(config, value, err_out);
    case KEY_REFUSED:
        /* Who asks for nothing of it gets that. */
        return says_no(value) ? 0
                              : error_set(err_out, ERROR_CONFIG, -EOPNOTSUPP,
                                          "%s", key->text);
    default:
        return error_set(err_out, ERROR_INTERNAL, -EINVAL, "bad table");
    }
}

static int entry_read(const struct config_file *file,
                      const struct config_entry *entry,
                      struct vm_config *config,
                      struct config_warnings *warnings, struct error **err_out)
{
    const struct config_key *key = key_find(entry->key);
    int rc;

    if (key && key->kind == KEY_ALIAS) {
        config_warn(warnings, "%s:%d: '%s' is read as '%s'", file->name,
                    entry->line, key->name, key->text);
        key = key_find(key->text);
    }
    if (key && key->kind == KEY_IGNORED) {
        config_warn(warnings, "%s:%d: '%s' has no effect: %s", file->name,
                    entry->line, key->name, key->text);
        return 0;
    }
    rc = key ? key_apply(config, key, entry->value, err_out)
             : unknown_key(entry->key, err_out);
    return rc ? error_wrap(err_out, "%s:%d: %s", file->name, entry->line,
                           entry->key)
              : 0;
}

static int missing(const struct config_file *file, const char *what,
                   const char *hint, struct error **err_out)
{
    error_set(err_out, ERROR_CONFIG, -EINVAL, "%s: no %s is given", file->name,
              what);
    return error_hint(err_out, "%s", hint);
}

/* `root=ROOT EXTRA`, unless there is a whole command line. */
static int cmdline_make(const struct config_file *file,
                        struct vm_config *config,
                        struct config_warnings *warnings,
                        struct error **err_out)
{
    const char *root = config->root, *extra = config->extra;

    if (config->cmdline && (root || extra))
        config_warn(warnings,
                    "%s: 'root' and 'extra' are ignored beside 'cmdline'",
                    file->name);
    if (!config->cmdline &&
        asprintf(&config->cmdline, "%s%s%s%s", root ? "root=" : "",
                 root ? root : "", root && extra ? " " : "",
                 extra ? extra : "") < 0) {
        config->cmdline = NULL;
        return out_of_memory(err_out);
    }
    if (strlen(config->cmdline) > CONFIG_MAX_CMDLINE)
        return error_set(err_out, ERROR_CONFIG, -E2BIG,
                         "%s: the kernel's command line has %zu characters, "
                         "more than %d",
                         file->name, strlen(config->cmdline),
                         CONFIG_MAX_CMDLINE);
    return 0;
}

static int memory_make(const struct config_file *file, struct vm_config *config,
                       struct error **err_out)
{
    if (config->memory_mib < 0)
        config->memory_mib = config->max_memory_mib;
    if (config->max_memory_mib < 0)
        config->max_memory_mib = config->memory_mib;
    if (config->memory_mib < 0)
        return missing(file, "memory", "say memory = MiB", err_out);
    if (config->memory_mib > config->max_memory_mib)
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "%s: memory is more than maxmem", file->name);
    config->memory_kib = (uint64_t)config->memory_mib << 10;
    config->max_memory_kib = (uint64_t)config->max_memory_mib << 10;
    return 0;
}

static int vcpus_make(const struct config_file *file, struct vm_config *config,
                      struct error **err_out)
{
    if (config->vcpus < 0)
        config->vcpus = config->max_vcpus < 0 ? 1 : config->max_vcpus;
    if (config->max_vcpus < 0)
        config->max_vcpus = config->vcpus;
    if (config->vcpus > config->max_vcpus)
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "%s: vcpus is more than maxvcpus", file->name);
    return 0;
}

static bool has_devid(const struct vm_config *config, long devid)
{
    size_t i;

    for (i = 0; i < config->nr_vifs; i++)
        if (config->vif[i].devid == devid)
            return true;
    return false;
}

/* Interfaces without a number have the lowest that is free. */
static void vifs_number(struct vm_config *config)
{
    long devid = 0;
    size_t i;

    for (i = 0; i < config->nr_vifs; i++)
        if (config->vif[i].devid < 0) {
            while (has_devid(config, devid))
                devid++;
            config->vif[i].devid = devid;
        }
}

/* What keys mean together. */
static int config_complete(const struct config_file *file,
                           struct vm_config *config,
                           struct config_warnings *warnings,
                           struct error **err_out)
{
    int rc;

    if (!config->name || !*config->name)
        return missing(file, "name", "say name = \"...\"", err_out);
    rc = bootloader_apply(config, err_out);
    if (rc)
        return error_wrap(err_out, "%s", file->name);
    if (!config->kernel || !*config->kernel)
        return missing(file, "kernel",
                       "say kernel = \"file\", or bootloader = \"pygrub\"",
                       err_out);
    rc = memory_make(file, config, err_out);
    if (!rc)
        rc = vcpus_make(file, config, err_out);
    if (!rc)
        rc = cmdline_make(file, config, warnings, err_out);
    if (!rc && !config->has_uuid)
        uuid_generate(config->uuid);
    vifs_number(config);
    return rc;
}

void vm_config_init(struct vm_config *config)
{
    *config = (struct vm_config){
        .domid = -1,
        .memory_mib = -1,
        .max_memory_mib = -1,
        .vcpus = -1,
        .max_vcpus = -1,
        .cpu_weight = -1,
        .cap = -1,
        .max_grant_frames = -1,
        .max_maptrack_frames = -1,
        .max_grant_version = 2,
        .max_event_channels = 1023,
        .on_poweroff = VM_DESTROY,
        .on_reboot = VM_RESTART,
        .on_crash = VM_DESTROY,
        .on_watchdog = VM_DESTROY,
        .on_soft_reset = VM_RESTART,
    };
}

int vm_config_read(const struct config_file *file, struct vm_config *config,
                   struct config_warnings *warnings, struct error **err_out)
{
    size_t i;
    int rc = 0;

    vm_config_init(config);
    *warnings = (struct config_warnings){0};
    for (i = 0; i < file->nr && !rc; i++)
        rc = entry_read(file, &file->entry[i], config, warnings, err_out);
    if (!rc)
        rc = config_complete(file, config, warnings, err_out);
    if (rc) {
        vm_config_free(config);
        config_warnings_free(warnings);
    }
    return rc;
}

void vm_config_devices_free(struct vm_config *config)
{
    size_t i;

    for (i = 0; i < config->nr_disks; i++)
        disk_config_free(&config->disk[i]);
    free(config->disk);
    for (i = 0; i < config->nr_vifs; i++)
        vif_config_free(&config->vif[i]);
    free(config->vif);
}

void vm_config_free(struct vm_config *config)
{
    size_t i;

    free(config->name);
    free(config->bootloader);
    free(config->bootloader_args);
    free(config->firmware);
    free(config->kernel);
    free(config->ramdisk);
    free(config->cmdline);
    free(config->root);
    free(config->extra);
    free(config->pool);
    free(config->cpuid);
    vm_config_devices_free(config);
    for (i = 0; i < config->nr_channels; i++)
        channel_config_free(&config->channel[i]);
    free(config->channel);
    for (i = 0; i < CONFIG_MAX_VCPUS; i++) {
        free(config->cpus[i]);
        free(config->cpus_soft[i]);
    }
    *config = (struct vm_config){0};
}
