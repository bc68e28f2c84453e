/* SPDX-License-Identifier: MIT */
/* Where vcpus may run, changed in a saved configuration; see saved_config.h. */
#include "toolstack/saved_config_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One set for each vcpu, where there may have been one for all. */
static int sets_spread(char **cpus, size_t *nr, size_t nr_vcpus)
{
    const char *rest = *nr == 1 ? cpus[0] : "all";

    for (; *nr < nr_vcpus; ++*nr) {
        cpus[*nr] = strdup(rest);
        if (!cpus[*nr])
            return -ENOMEM;
    }
    return 0;
}

static int sets_change(char **cpus, size_t *nr,
                       const struct saved_config_pins *pins, const char *set)
{
    unsigned int vcpu;

    if (set && sets_spread(cpus, nr, pins->nr_vcpus))
        return -ENOMEM;
    for (vcpu = pins->first; set && vcpu <= pins->last && vcpu < *nr; vcpu++) {
        char *copy = strdup(set);

        if (!copy)
            return -ENOMEM;
        free(cpus[vcpu]);
        cpus[vcpu] = copy;
    }
    return 0;
}

static bool is_placement(const char *key)
{
    return !strcmp(key, "xenia_cpus") || !strcmp(key, "xenia_cpus_soft");
}

/* With other sets, where a new configuration has them: before what is only of
 * PV guests. */
static void build_info_put(struct json *j, yajl_val info,
                           const struct vm_config *config)
{
    bool put = false;
    size_t i;

    json_object(j, "b_info");
    for (i = 0; i < info->u.object.len; i++) {
        const char *key = info->u.object.keys[i];

        if (!put && !strcmp(key, "type.pv")) {
            saved_config_placement_put(j, config);
            put = true;
        }
        if (!is_placement(key))
            json_copy(j, key, info->u.object.values[i]);
    }
    if (!put)
        saved_config_placement_put(j, config);
    json_object_end(j);
}

static void root_put(struct json *j, yajl_val root,
                     const struct vm_config *config)
{
    yajl_val info = json_member(root, "b_info");
    size_t i;

    json_object(j, NULL);
    for (i = 0; i < root->u.object.len; i++)
        if (root->u.object.values[i] == info)
            build_info_put(j, info, config);
        else
            json_copy(j, root->u.object.keys[i], root->u.object.values[i]);
    json_object_end(j);
}

/* The sets of a configuration as they are now. */
static int placement_make(yajl_val root, const struct saved_config_pins *pins,
                          struct vm_config *config, struct error **err_out)
{
    yajl_val info = json_member(root, "b_info");
    int rc;

    if (!YAJL_IS_OBJECT(info) || pins->nr_vcpus > CONFIG_MAX_VCPUS)
        return json_wrong(err_out, "b_info");
    rc = saved_config_placement_get(info, config, err_out);
    if (rc)
        return rc;
    if (sets_change(config->cpus, &config->nr_cpus, pins, pins->hard) ||
        sets_change(config->cpus_soft, &config->nr_cpus_soft, pins, pins->soft))
        return json_no_memory(err_out);
    return 0;
}

int saved_config_edit_pins(const char *text,
                           const struct saved_config_pins *pins,
                           char **text_out, struct error **err_out)
{
    struct vm_config config;
    struct json *j;
    yajl_val root;
    int rc = saved_config_tree(text, &root, err_out);

    if (rc)
        return rc;
    vm_config_init(&config);
    rc = placement_make(root, pins, &config, err_out);
    if (!rc) {
        j = json_new();
        if (j)
            root_put(j, root, &config);
        rc = saved_config_finish(j, text_out, err_out);
    }
    vm_config_free(&config);
    yajl_tree_free(root);
    return rc;
}

static int pins_edit(const char *text, const void *what, char **text_out,
                     struct error **err_out)
{
    return saved_config_edit_pins(text, what, text_out, err_out);
}

int saved_config_pin(domid_t domid, const char *uuid,
                     const struct saved_config_pins *pins,
                     struct error **err_out)
{
    return saved_config_change(domid, uuid, pins_edit, pins, err_out);
}
