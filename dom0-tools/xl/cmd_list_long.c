/* SPDX-License-Identifier: MIT */
/*
 * xl list -l: the configurations of domains as the stock tool shows them: what
 * was kept when they were created, with what has changed since.
 */
#include "xl/cmd.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_tree.h>

#include "lib/domctl.h"
#include "lib/json.h"
#include "toolstack/saved_config.h"

/* What has changed, or may have. */
struct now {
    const char *name;
    int64_t max_kib; /* -1: not known */
    int64_t target_kib;
    unsigned int sched_id;
    struct xen_domctl_sched_credit2 sched;
};

static void sched_put(struct json *j, const struct now *now)
{
    json_object(j, "sched_params");
    json_text(j, "sched", sched_name(now->sched_id));
    json_int(j, "weight", now->sched.weight);
    json_int(j, "cap", now->sched.cap);
    json_object_end(j);
}

/* Put what is true now in place of what was kept; false: nothing else is. */
static bool changed_put(struct json *j, const char *parent, const char *key,
                        const struct now *now)
{
    if (!parent || !key)
        return false;
    if (!strcmp(parent, "c_info") && !strcmp(key, "name") && now->name)
        json_text(j, key, now->name);
    else if (!strcmp(parent, "b_info") && !strcmp(key, "max_memkb") &&
             now->max_kib >= 0)
        json_int(j, key, now->max_kib);
    else if (!strcmp(parent, "b_info") && !strcmp(key, "target_memkb") &&
             now->target_kib >= 0)
        json_int(j, key, now->target_kib);
    else if (!strcmp(parent, "b_info") && !strcmp(key, "sched_params"))
        sched_put(j, now);
    else
        return false;
    return true;
}

static bool has_key(yajl_val object, const char *key)
{
    size_t i;

    for (i = 0; i < object->u.object.len; i++)
        if (!strcmp(object->u.object.keys[i], key))
            return true;
    return false;
}

/* What was not kept, as of a domain that no configuration describes. */
static void missing_put(struct json *j, const char *key, yajl_val object,
                        const struct now *now)
{
    static const char *const keys[][2] = {{"c_info", "name"},
                                          {"b_info", "max_memkb"},
                                          {"b_info", "target_memkb"}};
    size_t i;

    for (i = 0; key && i < sizeof(keys) / sizeof(keys[0]); i++)
        if (!strcmp(keys[i][0], key) && !has_key(object, keys[i][1]))
            changed_put(j, key, keys[i][1], now);
}

static void value_put(struct json *j, const char *parent, const char *key,
                      yajl_val v, const struct now *now);

static void object_put(struct json *j, const char *key, yajl_val v,
                       const struct now *now)
{
    /* Of what is missing, numbers come first, the name comes last. */
    bool last = key && !strcmp(key, "c_info");
    size_t i;

    json_object(j, key);
    if (!last)
        missing_put(j, key, v, now);
    for (i = 0; i < v->u.object.len; i++)
        value_put(j, key, v->u.object.keys[i], v->u.object.values[i], now);
    if (last)
        missing_put(j, key, v, now);
    json_object_end(j);
}

/* Copy a value; objects two levels down may have changed. */
static void value_put(struct json *j, const char *parent, const char *key,
                      yajl_val v, const struct now *now)
{
    if (changed_put(j, parent, key, now))
        return;
    if (YAJL_IS_OBJECT(v))
        object_put(j, key, v, now);
    else
        json_copy(j, key, v);
}

/* A domain that nobody has created by a configuration: the control domain. */
static void bare_put(struct json *j, const struct now *now)
{
    json_object(j, "config");
    json_object(j, "c_info");
    json_text(j, "type", "pv");
    json_text(j, "name", now->name);
    json_object_end(j);
    json_object(j, "b_info");
    if (now->max_kib >= 0)
        json_int(j, "max_memkb", now->max_kib);
    if (now->target_kib >= 0)
        json_int(j, "target_memkb", now->target_kib);
    sched_put(j, now);
    json_object(j, "type.pv");
    json_object_end(j);
    json_object(j, "arch_arm");
    json_object_end(j);
    json_object(j, "arch_x86");
    json_object_end(j);
    json_object_end(j);
    json_object_end(j);
}

static int kib_read(struct xl *xl, domid_t domid, const char *name,
                    int64_t *kib_out, struct error **err_out)
{
    char *text;
    int rc = store_read(xl->store, &text, err_out, "/local/domain/%u/memory/%s",
                        domid, name);

    if (!rc)
        *kib_out = text ? strtoll(text, NULL, 10) : -1;
    free(text);
    return rc;
}

static int now_read(struct xl *xl, const struct domain_entry *d,
                    struct now *now, struct error **err_out)
{
    domid_t domid = d->info.domain;
    int rc = kib_read(xl, domid, "static-max", &now->max_kib, err_out);

    now->name = d->name;
    if (!rc)
        rc = kib_read(xl, domid, "target", &now->target_kib, err_out);
    return rc ? rc
              : domctl_get_sched(xl->privcmd, domid, now->sched_id, &now->sched,
                                 err_out);
}

static int domain_put(struct xl *xl, struct json *j,
                      const struct domain_entry *d, struct now *now,
                      struct error **err_out)
{
    char uuid[UUID_TEXT_SIZE], *text = NULL;
    yajl_val tree = NULL;
    int rc = now_read(xl, d, now, err_out);

    domain_uuid_text(d->info.handle, uuid);
    if (!rc)
        rc = saved_config_read(d->info.domain, uuid, &text, err_out);
    if (rc)
        return rc;
    if (text)
        tree = yajl_tree_parse(text, NULL, 0);
    json_object(j, NULL);
    json_int(j, "domid", d->info.domain);
    if (tree)
        value_put(j, NULL, "config", tree, now);
    else
        bare_put(j, now);
    json_object_end(j);
    yajl_tree_free(tree);
    free(text);
    return 0;
}

int list_long(struct xl *xl, const struct domain_list *list,
              unsigned int sched_id, struct error **err_out)
{
    struct now now = {.sched_id = sched_id};
    struct json *j = json_new();
    size_t i;
    int rc = 0;

    if (!j)
        return out_of_memory(err_out);
    json_array(j, NULL);
    for (i = 0; i < list->nr && !rc; i++)
        rc = domain_put(xl, j, &list->entry[i], &now, err_out);
    json_array_end(j);
    json_finish(j, rc ? NULL : xl->out);
    /* The stock tool ends with an empty line. */
    if (!rc)
        fputc('\n', xl->out);
    return rc;
}
