/* SPDX-License-Identifier: MIT */
/*
 * From the stock tools' JSON back to a configuration; see saved_config.h. It
 * comes with saved guests, from anybody: what has the wrong type or is out of
 * range is an error, what is not known is passed over.
 */
#include "toolstack/saved_config_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_tree.h>

#include "public/xen.h"

#define MAX_KIB   (1LL << 40)
#define MAX_DEPTH 64u

/* Kinds of TSC: XEN_DOMCTL_settscinfo. */
#define NR_TSC_MODES 4

int json_no_memory(struct error **err_out)
{
    return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
}

int json_wrong(struct error **err_out, const char *key)
{
    return error_set(err_out, ERROR_CONFIG, -EINVAL,
                     "the saved configuration's '%s' is wrong", key);
}

yajl_val json_member(yajl_val object, const char *key)
{
    const char *path[] = {key, NULL};

    return object ? yajl_tree_get(object, path, yajl_t_any) : NULL;
}

int json_text_get(yajl_val object, const char *key, char **text,
                  struct error **err_out)
{
    yajl_val value = json_member(object, key);
    const char *string = json_string_of(value);

    if (!value || YAJL_IS_NULL(value))
        return 0;
    if (!string)
        return json_wrong(err_out, key);
    free(*text);
    *text = strdup(string);
    return *text ? 0 : json_no_memory(err_out);
}

int json_number_get(yajl_val object, const char *key, long long min,
                    long long max, long long *number, struct error **err_out)
{
    yajl_val value = json_member(object, key);

    if (!value || YAJL_IS_NULL(value))
        return 0;
    if (!YAJL_IS_INTEGER(value) || YAJL_GET_INTEGER(value) < min ||
        YAJL_GET_INTEGER(value) > max)
        return json_wrong(err_out, key);
    *number = YAJL_GET_INTEGER(value);
    return 0;
}

bool json_is_set(yajl_val object, const char *key)
{
    yajl_val value = json_member(object, key);
    const char *string = json_string_of(value);

    return YAJL_IS_TRUE(value) ||
           (YAJL_IS_INTEGER(value) && YAJL_GET_INTEGER(value)) ||
           (string && !strcmp(string, "True"));
}

bool json_is_off(yajl_val object, const char *key)
{
    yajl_val value = json_member(object, key);
    const char *string = json_string_of(value);

    return YAJL_IS_FALSE(value) || (string && !strcmp(string, "False"));
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
        {"soft_reset", VM_RESTART},
    };
    char *text = NULL;
    size_t i;
    int rc = json_text_get(object, key, &text, err_out);

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
    int rc = json_text_get(info, "name", &config->name, err_out);

    if (!rc)
        rc = json_text_get(info, "uuid", &uuid, err_out);
    if (!rc && uuid && uuid_parse(uuid, config->uuid))
        rc = json_wrong(err_out, "uuid");
    config->has_uuid = uuid != NULL;
    if (!rc)
        rc = json_text_get(info, "type", &type, err_out);
    if (!rc && type && strcmp(type, "pv"))
        rc = error_set(err_out, ERROR_CONFIG, -EINVAL,
                       "the saved guest is of type '%s': only PV guests are "
                       "supported",
                       type);
    if (!rc)
        rc = json_text_get(info, "pool_name", &config->pool, err_out);
    if (!rc)
        rc = json_number_get(info, "domid", 0, UINT32_MAX, &domid, err_out);
    if (!rc && domid > 0 && domid < DOMID_FIRST_RESERVED)
        config->domid = (long)domid;
    free(uuid);
    free(type);
    return rc;
}

/* Of the list of vcpus that are online, as many as there are from 0 on. */
static long vcpus_online(yajl_val info, long max)
{
    yajl_val list = json_member(info, "avail_vcpus");

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
    int rc = json_text_get(info, "tsc_mode", &text, err_out);

    for (mode = 0; text && mode < NR_TSC_MODES; mode++)
        if (!strcmp(text, vm_tsc_mode_name(mode)))
            config->tsc_mode = mode;
    free(text);
    return rc;
}

static int memory_get(yajl_val info, struct vm_config *config,
                      struct error **err_out)
{
    long long max_kib = -1, kib = -1;
    int rc = json_number_get(info, "max_memkb", 1, MAX_KIB, &max_kib, err_out);

    if (!rc)
        rc = json_number_get(info, "target_memkb", 1, MAX_KIB, &kib, err_out);
    kib = kib < 0 ? max_kib : kib;
    max_kib = max_kib < kib ? kib : max_kib;
    if (!rc && kib < 0)
        rc = json_wrong(err_out, "target_memkb");
    config->memory_kib = (uint64_t)kib;
    config->max_memory_kib = (uint64_t)max_kib;
    return rc;
}

/* Numbers that are taken as they are. Limits of another host that can't be
 * ours are passed over. */
static int numbers_get(yajl_val info, struct vm_config *config,
                       struct error **err_out)
{
    yajl_val sched = json_member(info, "sched_params");
    const struct {
        yajl_val object;
        const char *key;
        long long min, max;
        bool limit;
        long *to;
    } rows[] = {
        {info, "max_vcpus", 1, CONFIG_MAX_VCPUS, false, &config->max_vcpus},
        {sched, "weight", 1, 65535, false, &config->cpu_weight},
        {sched, "cap", 0, 65535, false, &config->cap},
        {info, "rtc_timeoffset", INT_MIN, INT_MAX, false, &config->time_offset},
        {info, "max_grant_frames", 1, 4096, true, &config->max_grant_frames},
        {info, "max_maptrack_frames", 0, 65536, true,
         &config->max_maptrack_frames},
        {info, "max_grant_version", 1, 2, true, &config->max_grant_version},
        {info, "event_channels", 1, 131071, true, &config->max_event_channels},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        long long number = *rows[i].to;
        int rc = json_number_get(rows[i].object, rows[i].key,
                                 rows[i].limit ? INT64_MIN : rows[i].min,
                                 rows[i].limit ? INT64_MAX : rows[i].max,
                                 &number, err_out);

        if (rc)
            return rc;
        if (number >= rows[i].min && number <= rows[i].max)
            *rows[i].to = (long)number;
    }
    return 0;
}

static int texts_get(yajl_val info, struct vm_config *config,
                     struct error **err_out)
{
    const struct {
        const char *key;
        char **to;
    } rows[] = {
        {"kernel", &config->kernel},
        {"ramdisk", &config->ramdisk},
        {"cmdline", &config->cmdline},
        {"bootloader", &config->bootloader},
        {"xenia_firmware", &config->firmware},
        {"xenia_cpuid", &config->cpuid},
    };
    size_t i;
    int rc = 0;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]) && !rc; i++)
        rc = json_text_get(info, rows[i].key, rows[i].to, err_out);
    return rc;
}

/* Numbers of CPUs as a set; of none: all. */
static char *cpu_numbers_text(yajl_val set)
{
    bool good = true;
    char *text;
    size_t size, i, nr = YAJL_GET_ARRAY(set)->len;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    for (i = 0; i < nr && good; i++) {
        yajl_val cpu = YAJL_GET_ARRAY(set)->values[i];

        good = YAJL_IS_INTEGER(cpu) && YAJL_GET_INTEGER(cpu) >= 0;
        if (good)
            fprintf(out, "%s%lld", i ? "," : "", YAJL_GET_INTEGER(cpu));
    }
    if (!nr)
        fputs("all", out);
    if (!fclose(out) && good)
        return text;
    free(text);
    return NULL;
}

/* One set of CPUs: a text of ours, or their list. NULL: neither. */
static char *cpus_text(yajl_val set)
{
    if (json_string_of(set))
        return strdup(json_string_of(set));
    return YAJL_IS_ARRAY(set) ? cpu_numbers_text(set) : NULL;
}

static int cpus_get(yajl_val info, const char *key, char **cpus, size_t *nr,
                    struct error **err_out)
{
    yajl_val list = json_member(info, key);
    size_t i;

    if (!list || YAJL_IS_NULL(list))
        return 0;
    if (!YAJL_IS_ARRAY(list) || YAJL_GET_ARRAY(list)->len > CONFIG_MAX_VCPUS)
        return json_wrong(err_out, key);
    for (i = 0; i < YAJL_GET_ARRAY(list)->len; i++) {
        cpus[i] = cpus_text(YAJL_GET_ARRAY(list)->values[i]);
        if (!cpus[i])
            return json_wrong(err_out, key);
        *nr = i + 1;
    }
    return 0;
}

/* Ours first: it has no numbers of a host. */
int saved_config_placement_get(yajl_val info, struct vm_config *config,
                               struct error **err_out)
{
    bool own = json_member(info, "xenia_cpus") != NULL,
         own_soft = json_member(info, "xenia_cpus_soft") != NULL;
    int rc = cpus_get(info, own ? "xenia_cpus" : "vcpu_hard_affinity",
                      config->cpus, &config->nr_cpus, err_out);

    return rc ? rc
              : cpus_get(info,
                         own_soft ? "xenia_cpus_soft" : "vcpu_soft_affinity",
                         config->cpus_soft, &config->nr_cpus_soft, err_out);
}

static int build_info_get(yajl_val info, struct vm_config *config,
                          struct error **err_out)
{
    int rc;

    config->max_vcpus = 1;
    rc = numbers_get(info, config, err_out);
    if (!rc)
        rc = memory_get(info, config, err_out);
    if (!rc)
        rc = texts_get(info, config, err_out);
    if (!rc)
        rc = saved_config_placement_get(info, config, err_out);
    if (!rc)
        rc = tsc_mode_get(info, config, err_out);
    config->local_time = json_is_set(info, "localtime");
    config->no_migrate = json_is_set(info, "disable_migrate");
    config->vcpus = vcpus_online(info, config->max_vcpus);
    return rc;
}

static int root_get(yajl_val root, struct vm_config *config,
                    struct error **err_out)
{
    int rc = create_info_get(json_member(root, "c_info"), config, err_out);

    if (!rc)
        rc = build_info_get(json_member(root, "b_info"), config, err_out);
    if (!rc)
        rc = saved_config_devices_get(root, config, err_out);
    if (!rc)
        rc = action_get(root, "on_poweroff", &config->on_poweroff, err_out);
    if (!rc)
        rc = action_get(root, "on_reboot", &config->on_reboot, err_out);
    if (!rc)
        rc = action_get(root, "on_crash", &config->on_crash, err_out);
    if (!rc)
        rc = action_get(root, "on_watchdog", &config->on_watchdog, err_out);
    if (!rc)
        rc = action_get(root, "on_soft_reset", &config->on_soft_reset, err_out);
    if (!rc && (!config->name || !*config->name))
        rc = json_wrong(err_out, "name");
    if (!rc && !config->has_uuid)
        rc = json_wrong(err_out, "uuid");
    if (!rc && !config->cmdline && !(config->cmdline = strdup("")))
        rc = json_no_memory(err_out);
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
    *stays_out = json_is_set(json_member(root, "b_info"), "disable_migrate");
    yajl_tree_free(root);
    return 0;
}
