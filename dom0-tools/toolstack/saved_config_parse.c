/* SPDX-License-Identifier: MIT */
/*
 * From the stock tools' JSON back to a configuration; see saved_config.h. It
 * comes with saved guests, from anybody: what has the wrong type or is out of
 * range is an error, what is not known is passed over.
 */
#include "toolstack/saved_config_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_tree.h>

#include "public/xen.h"

#define MAX_DEVICES 256u
#define MAX_KIB     (1LL << 40)
#define MAX_DEPTH   64u

/* Kinds of TSC: XEN_DOMCTL_settscinfo. */
#define NR_TSC_MODES 4

static int out_of_memory(struct error **err_out)
{
    return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
}

static int wrong(struct error **err_out, const char *key)
{
    return error_set(err_out, ERROR_CONFIG, -EINVAL,
                     "the saved configuration's '%s' is wrong", key);
}

/* The member of an object, NULL where there is none. */
static yajl_val member(yajl_val object, const char *key)
{
    const char *path[] = {key, NULL};

    return object ? yajl_tree_get(object, path, yajl_t_any) : NULL;
}

/* A copy of a text; *text stays as it is where there is none. */
static int text_get(yajl_val object, const char *key, char **text,
                    struct error **err_out)
{
    yajl_val value = member(object, key);
    const char *string = json_string_of(value);

    if (!value || YAJL_IS_NULL(value))
        return 0;
    if (!string)
        return wrong(err_out, key);
    free(*text);
    *text = strdup(string);
    return *text ? 0 : out_of_memory(err_out);
}

static int number_get(yajl_val object, const char *key, long long min,
                      long long max, long long *number, struct error **err_out)
{
    yajl_val value = member(object, key);

    if (!value || YAJL_IS_NULL(value))
        return 0;
    if (!YAJL_IS_INTEGER(value) || YAJL_GET_INTEGER(value) < min ||
        YAJL_GET_INTEGER(value) > max)
        return wrong(err_out, key);
    *number = YAJL_GET_INTEGER(value);
    return 0;
}

static bool is_set(yajl_val object, const char *key)
{
    yajl_val value = member(object, key);
    const char *string = json_string_of(value);

    return YAJL_IS_TRUE(value) ||
           (YAJL_IS_INTEGER(value) && YAJL_GET_INTEGER(value)) ||
           (string && !strcmp(string, "True"));
}

static int action_get(yajl_val object, const char *key, enum vm_action *action,
                      struct error **err_out)
{
    static const struct {
        const char *name;
        enum vm_action action;
    } names[] = {
        {"destroy", VM_DESTROY},
        {"restart", VM_RESTART},
        {"restart_rename", VM_RENAME_RESTART},
        {"preserve", VM_PRESERVE},
        {"coredump_destroy", VM_DESTROY},
        {"coredump_restart", VM_RESTART},
    };
    char *text = NULL;
    size_t i;
    int rc = text_get(object, key, &text, err_out);

    /* What is left out is the first. */
    *action = VM_DESTROY;
    for (i = 0; text && i < sizeof(names) / sizeof(names[0]); i++)
        if (!strcmp(text, names[i].name))
            *action = names[i].action;
    free(text);
    return rc;
}

static int create_info_get(yajl_val info, struct vm_config *config,
                           struct error **err_out)
{
    char *uuid = NULL, *type = NULL;
    long long domid = -1;
    int rc = text_get(info, "name", &config->name, err_out);

    if (!rc)
        rc = text_get(info, "uuid", &uuid, err_out);
    if (!rc && uuid && uuid_parse(uuid, config->uuid))
        rc = wrong(err_out, "uuid");
    config->has_uuid = uuid != NULL;
    if (!rc)
        rc = text_get(info, "type", &type, err_out);
    if (!rc && type && strcmp(type, "pv"))
        rc = error_set(err_out, ERROR_CONFIG, -EINVAL,
                       "the saved guest is of type '%s': only PV guests are "
                       "supported",
                       type);
    if (!rc)
        rc = text_get(info, "pool_name", &config->pool, err_out);
    if (!rc)
        rc = number_get(info, "domid", 0, UINT32_MAX, &domid, err_out);
    if (!rc && domid > 0 && domid < DOMID_FIRST_RESERVED)
        config->domid = (long)domid;
    free(uuid);
    free(type);
    return rc;
}

/* Of the list of vcpus that are online, as many as there are from 0 on. */
static long vcpus_online(yajl_val info, long max)
{
    yajl_val list = member(info, "avail_vcpus");

    if (!YAJL_IS_ARRAY(list) || !YAJL_GET_ARRAY(list)->len ||
        YAJL_GET_ARRAY(list)->len > (size_t)max)
        return max;
    return (long)YAJL_GET_ARRAY(list)->len;
}

static int tsc_mode_get(yajl_val info, struct vm_config *config,
                        struct error **err_out)
{
    char *text = NULL;
    long mode;
    int rc = text_get(info, "tsc_mode", &text, err_out);

    for (mode = 0; text && mode < NR_TSC_MODES; mode++)
        if (!strcmp(text, vm_tsc_mode_name(mode)))
            config->tsc_mode = mode;
    free(text);
    return rc;
}

static int build_info_get(yajl_val info, struct vm_config *config,
                          struct error **err_out)
{
    yajl_val sched = member(info, "sched_params");
    long long max_vcpus = 1, max_kib = -1, kib = -1, weight = -1, cap = -1;
    int rc =
        number_get(info, "max_vcpus", 1, CONFIG_MAX_VCPUS, &max_vcpus, err_out);

    if (!rc)
        rc = number_get(info, "max_memkb", 1, MAX_KIB, &max_kib, err_out);
    if (!rc)
        rc = number_get(info, "target_memkb", 1, MAX_KIB, &kib, err_out);
    if (!rc)
        rc = number_get(sched, "weight", 1, 65535, &weight, err_out);
    if (!rc)
        rc = number_get(sched, "cap", 0, 65535, &cap, err_out);
    if (!rc)
        rc = text_get(info, "kernel", &config->kernel, err_out);
    if (!rc)
        rc = text_get(info, "ramdisk", &config->ramdisk, err_out);
    if (!rc)
        rc = text_get(info, "cmdline", &config->cmdline, err_out);
    if (!rc)
        rc = tsc_mode_get(info, config, err_out);
    config->no_migrate = is_set(info, "disable_migrate");
    kib = kib < 0 ? max_kib : kib;
    max_kib = max_kib < kib ? kib : max_kib;
    if (!rc && kib < 0)
        rc = wrong(err_out, "target_memkb");
    config->memory_kib = (uint64_t)kib;
    config->max_memory_kib = (uint64_t)max_kib;
    config->max_vcpus = (long)max_vcpus;
    config->vcpus = vcpus_online(info, config->max_vcpus);
    config->cpu_weight = (long)weight;
    config->cap = (long)cap;
    return rc;
}

/* Say `key=value` of a member, if it is there; no value ends another one. */
static int part_put(FILE *out, yajl_val value, const char *member_name,
                    const char *key, struct error **err_out)
{
    char *text = NULL;
    int rc = text_get(value, member_name, &text, err_out);

    if (!rc && text && strpbrk(text, ",\"\n"))
        rc = wrong(err_out, member_name);
    if (!rc && text && *text)
        fprintf(out, "%s=%s,", key, text);
    free(text);
    return rc;
}

/* Members as the keys of a specification in xl.cfg. */
struct part {
    const char *member;
    const char *key;
};

static int parts_put(FILE *out, yajl_val value, const struct part *parts,
                     size_t nr, struct error **err_out)
{
    size_t i;
    int rc = 0;

    for (i = 0; i < nr && !rc; i++)
        rc = part_put(out, value, parts[i].member, parts[i].key, err_out);
    return rc;
}

static bool is_off(yajl_val value, const char *key)
{
    yajl_val found = member(value, key);
    const char *string = json_string_of(found);

    return YAJL_IS_FALSE(found) || (string && !strcmp(string, "False"));
}

/* Flags and the target, which is the rest of the text. */
static void disk_rest_put(FILE *out, yajl_val value)
{
    fprintf(out, "access=%s", is_set(value, "readwrite") ? "rw" : "ro");
    if (is_set(value, "is_cdrom"))
        fputs(",devtype=cdrom", out);
    if (is_set(value, "direct_io_safe"))
        fputs(",direct-io-safe", out);
    if (is_off(value, "discard_enable"))
        fputs(",no-discard", out);
    if (is_off(value, "trusted"))
        fputs(",untrusted", out);
    fputs(",target=", out);
}

static int disk_write(FILE *out, yajl_val value, struct error **err_out)
{
    static const struct part parts[] = {{"vdev", "vdev"},
                                        {"format", "format"},
                                        {"script", "script"},
                                        {"backend_domname", "backend"}};
    char *target = NULL;
    int rc = parts_put(out, value, parts, 4, err_out);

    if (!rc)
        rc = text_get(value, "pdev_path", &target, err_out);
    if (!rc && target && strpbrk(target, "\"\n"))
        rc = wrong(err_out, "pdev_path");
    if (!rc) {
        disk_rest_put(out, value);
        fputs(target ? target : "", out);
    }
    free(target);
    return rc;
}

static int nic_write(FILE *out, yajl_val value, struct error **err_out)
{
    static const struct part parts[] = {{"mac", "mac"},
                                        {"bridge", "bridge"},
                                        {"ip", "ip"},
                                        {"ifname", "vifname"},
                                        {"script", "script"},
                                        {"gatewaydev", "gatewaydev"},
                                        {"backend_domname", "backend"}};
    long long mtu = 0, devid = -1;
    int rc = parts_put(out, value, parts, 7, err_out);

    if (!rc)
        rc = number_get(value, "mtu", 0, 65535, &mtu, err_out);
    if (!rc)
        rc = number_get(value, "devid", -1, MAX_DEVICES, &devid, err_out);
    if (mtu > 0)
        fprintf(out, "mtu=%lld,", mtu);
    if (devid >= 0)
        fprintf(out, "devid=%lld,", devid);
    return rc;
}

/* A device's specification as xl.cfg would have it, without a last comma. */
static int spec_make(int (*write)(FILE *out, yajl_val value,
                                  struct error **err_out),
                     yajl_val value, char **spec_out, struct error **err_out)
{
    size_t size;
    FILE *out = open_memstream(spec_out, &size);
    int rc;

    if (!out)
        return out_of_memory(err_out);
    rc = write(out, value, err_out);
    if (fclose(out) && !rc)
        rc = out_of_memory(err_out);
    size = strlen(*spec_out);
    if (size && (*spec_out)[size - 1] == ',')
        (*spec_out)[size - 1] = 0;
    return rc;
}

static int disk_get(yajl_val value, struct disk_config *disk,
                    struct error **err_out)
{
    char *spec = NULL;
    int rc = spec_make(disk_write, value, &spec, err_out);

    if (!rc)
        rc = disk_config_parse(spec, disk, err_out);
    free(spec);
    return rc;
}

static int nic_get(yajl_val value, struct vif_config *vif,
                   struct error **err_out)
{
    long long rate = 0, interval = 0;
    char *spec = NULL;
    int rc = spec_make(nic_write, value, &spec, err_out);

    if (!rc)
        rc = number_get(value, "rate_bytes_per_interval", 0, INT64_MAX, &rate,
                        err_out);
    if (!rc)
        rc = number_get(value, "rate_interval_usecs", 0, UINT32_MAX, &interval,
                        err_out);
    if (!rc)
        rc = vif_config_parse(spec, vif, err_out);
    free(spec);
    if (rc)
        return rc;
    vif->rate_bytes = (uint64_t)rate;
    vif->rate_interval_us = (uint32_t)interval;
    vif->untrusted = is_off(value, "trusted");
    return 0;
}

/* Objects of an array, at most MAX_DEVICES. */
static int array_get(yajl_val root, const char *key, yajl_val **values,
                     size_t *nr, struct error **err_out)
{
    yajl_val list = member(root, key);

    *nr = 0;
    if (!list || YAJL_IS_NULL(list))
        return 0;
    if (!YAJL_IS_ARRAY(list) || YAJL_GET_ARRAY(list)->len > MAX_DEVICES)
        return wrong(err_out, key);
    *values = YAJL_GET_ARRAY(list)->values;
    *nr = YAJL_GET_ARRAY(list)->len;
    return 0;
}

static int disks_get(yajl_val root, struct vm_config *config,
                     struct error **err_out)
{
    yajl_val *values = NULL;
    size_t nr, i;
    int rc = array_get(root, "disks", &values, &nr, err_out);

    config->disk = calloc(nr + 1, sizeof(*config->disk));
    if (!config->disk)
        return out_of_memory(err_out);
    for (i = 0; i < nr && !rc; i++) {
        rc = disk_get(values[i], &config->disk[i], err_out);
        config->nr_disks += !rc;
    }
    return rc;
}

static int nics_get(yajl_val root, struct vm_config *config,
                    struct error **err_out)
{
    yajl_val *values = NULL;
    size_t nr, i;
    int rc = array_get(root, "nics", &values, &nr, err_out);

    config->vif = calloc(nr + 1, sizeof(*config->vif));
    if (!config->vif)
        return out_of_memory(err_out);
    for (i = 0; i < nr && !rc; i++) {
        rc = nic_get(values[i], &config->vif[i], err_out);
        config->nr_vifs += !rc;
    }
    return rc;
}

static int root_get(yajl_val root, struct vm_config *config,
                    struct error **err_out)
{
    int rc = create_info_get(member(root, "c_info"), config, err_out);

    if (!rc)
        rc = build_info_get(member(root, "b_info"), config, err_out);
    if (!rc)
        rc = disks_get(root, config, err_out);
    if (!rc)
        rc = nics_get(root, config, err_out);
    if (!rc)
        rc = action_get(root, "on_poweroff", &config->on_poweroff, err_out);
    if (!rc)
        rc = action_get(root, "on_reboot", &config->on_reboot, err_out);
    if (!rc)
        rc = action_get(root, "on_crash", &config->on_crash, err_out);
    if (!rc)
        rc = action_get(root, "on_watchdog", &config->on_watchdog, err_out);
    if (!rc && (!config->name || !*config->name))
        rc = wrong(err_out, "name");
    if (!rc && !config->has_uuid)
        rc = wrong(err_out, "uuid");
    if (!rc && !config->cmdline && !(config->cmdline = strdup("")))
        rc = out_of_memory(err_out);
    return rc;
}

/* yajl_tree_free() calls itself as deep as the text is nested. */
static bool is_too_deep(const char *text)
{
    bool quoted = false;
    unsigned int depth = 0;

    for (; *text && depth <= MAX_DEPTH; text++) {
        if (quoted && *text == '\\' && text[1])
            text++;
        else if (*text == '"')
            quoted = !quoted;
        else if (!quoted && (*text == '[' || *text == '{'))
            depth++;
        else if (!quoted && (*text == ']' || *text == '}') && depth)
            depth--;
    }
    return depth > MAX_DEPTH;
}

int saved_config_tree(const char *text, yajl_val *root_out,
                      struct error **err_out)
{
    char why[256];

    *root_out = NULL;
    if (is_too_deep(text))
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "the saved configuration is nested too deep");
    *root_out = yajl_tree_parse(text, why, sizeof(why));
    if (YAJL_IS_OBJECT(*root_out))
        return 0;
    yajl_tree_free(*root_out);
    return error_set(err_out, ERROR_CONFIG, -EINVAL,
                     "the saved configuration is no JSON object");
}

int saved_config_parse(const char *text, struct vm_config *config,
                       struct error **err_out)
{
    yajl_val root;
    int rc = saved_config_tree(text, &root, err_out);

    vm_config_init(config);
    if (rc)
        return rc;
    rc = root_get(root, config, err_out);
    yajl_tree_free(root);
    if (rc)
        vm_config_free(config);
    return rc;
}

int saved_config_stays(const char *text, bool *stays_out,
                       struct error **err_out)
{
    yajl_val root;
    int rc = saved_config_tree(text, &root, err_out);

    if (rc)
        return rc;
    *stays_out = is_set(member(root, "b_info"), "disable_migrate");
    yajl_tree_free(root);
    return 0;
}
