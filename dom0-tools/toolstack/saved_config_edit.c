/* SPDX-License-Identifier: MIT */
/* Bringing a saved configuration up to date: the text is written again, with
 * some members replaced; see saved_config.h. */
#include "toolstack/saved_config_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lock.h"

/* What replaces a member of an object of the first level. */
struct edit {
    const char *object;
    const char *key;
    const char *text; /* NULL: the number */
    int64_t number;
};

struct editing {
    struct json *j;
    const struct edit *edits;
    size_t nr;
};

static bool is_edited(const struct editing *e, const char *object,
                      const char *key)
{
    size_t i;

    for (i = 0; i < e->nr; i++)
        if (!strcmp(e->edits[i].object, object) &&
            !strcmp(e->edits[i].key, key))
            return true;
    return false;
}

/* Members as they are or as they shall be; new ones at the end. */
static void object_put(const struct editing *e, const char *name, yajl_val v)
{
    size_t i;

    json_object(e->j, name);
    for (i = 0; i < v->u.object.len; i++)
        if (!is_edited(e, name, v->u.object.keys[i]))
            json_copy(e->j, v->u.object.keys[i], v->u.object.values[i]);
    for (i = 0; i < e->nr; i++)
        if (strcmp(e->edits[i].object, name))
            continue;
        else if (e->edits[i].text)
            json_text(e->j, e->edits[i].key, e->edits[i].text);
        else
            json_int(e->j, e->edits[i].key, e->edits[i].number);
    json_object_end(e->j);
}

int saved_config_edit(const char *text, const struct saved_config_now *now,
                      char **text_out, struct error **err_out)
{
    const struct edit edits[] = {
        {"c_info", "name", now->name, 0},
        {"b_info", "target_memkb", NULL, (int64_t)now->memory_kib},
        {"b_info", "max_memkb", NULL, (int64_t)now->max_memory_kib},
        {"c_info", "domid", NULL, now->domid},
    };
    struct editing e = {.edits = edits, .nr = now->domid < 0 ? 3 : 4};
    yajl_val root;
    size_t i;
    int rc = saved_config_tree(text, &root, err_out);

    if (rc)
        return rc;
    e.j = json_new();
    if (e.j)
        json_object(e.j, NULL);
    for (i = 0; e.j && i < root->u.object.len; i++)
        if (YAJL_IS_OBJECT(root->u.object.values[i]))
            object_put(&e, root->u.object.keys[i], root->u.object.values[i]);
        else
            json_copy(e.j, root->u.object.keys[i], root->u.object.values[i]);
    if (e.j)
        json_object_end(e.j);
    yajl_tree_free(root);
    return saved_config_finish(e.j, text_out, err_out);
}

/* A device that comes or goes. */

static bool is_disk(const struct saved_config_device *d)
{
    return !strcmp(d->class, "vbd");
}

static const char *list_name(const struct saved_config_device *d)
{
    return is_disk(d) ? "disks" : "nics";
}

static bool is_this(const struct saved_config_device *d, yajl_val item)
{
    const char *vdev = json_string_of(json_member(item, "vdev"));
    yajl_val devid = json_member(item, "devid");

    if (is_disk(d))
        return vdev && disk_number(vdev) == d->number;
    return YAJL_IS_INTEGER(devid) && YAJL_GET_INTEGER(devid) == d->number;
}

static void new_put(struct json *j, const struct saved_config_device *d)
{
    if (d->disk)
        saved_config_disk_put(j, d->disk);
    if (d->vif)
        saved_config_nic_put(j, d->vif);
}

static bool comes(const struct saved_config_device *d)
{
    return d->disk || d->vif;
}

/* All but this one, then itself; no list where none is left. */
static void list_put(struct json *j, const struct saved_config_device *d,
                     yajl_val list)
{
    size_t i, left = comes(d);

    for (i = 0; i < list->u.array.len; i++)
        left += !is_this(d, list->u.array.values[i]);
    if (!left)
        return;
    json_array(j, list_name(d));
    for (i = 0; i < list->u.array.len; i++)
        if (!is_this(d, list->u.array.values[i]))
            json_copy(j, NULL, list->u.array.values[i]);
    new_put(j, d);
    json_array_end(j);
}

/* Where the stock tools have the list: disks, nics, on_poweroff, .. */
static bool belongs_before(const struct saved_config_device *d, const char *key)
{
    return !strncmp(key, "on_", 3) || (is_disk(d) && !strcmp(key, "nics"));
}

static void root_put(struct json *j, const struct saved_config_device *d,
                     yajl_val root)
{
    bool put = YAJL_IS_ARRAY(json_member(root, list_name(d))) || !comes(d);
    size_t i, nr = root->u.object.len;

    json_object(j, NULL);
    for (i = 0; i <= nr; i++) {
        if (!put && (i == nr || belongs_before(d, root->u.object.keys[i]))) {
            json_array(j, list_name(d));
            new_put(j, d);
            json_array_end(j);
            put = true;
        }
        if (i == nr)
            break;
        if (!strcmp(root->u.object.keys[i], list_name(d)) &&
            YAJL_IS_ARRAY(root->u.object.values[i]))
            list_put(j, d, root->u.object.values[i]);
        else
            json_copy(j, root->u.object.keys[i], root->u.object.values[i]);
    }
    json_object_end(j);
}

int saved_config_edit_device(const char *text,
                             const struct saved_config_device *d,
                             char **text_out, struct error **err_out)
{
    struct json *j;
    yajl_val root;
    int rc = saved_config_tree(text, &root, err_out);

    if (rc)
        return rc;
    j = json_new();
    if (j)
        root_put(j, d, root);
    yajl_tree_free(root);
    return saved_config_finish(j, text_out, err_out);
}

/* Under the lock. */
static int change(domid_t domid, const char *uuid, saved_config_edit_fn *edit,
                  const void *what, struct error **err_out)
{
    char *text, *edited = NULL;
    uuid_t bytes;
    int rc = saved_config_read(domid, uuid, &text, err_out);

    if (rc || !text)
        return rc;
    rc = edit(text, what, &edited, err_out);
    free(text);
    if (!rc && !uuid_parse(uuid, bytes))
        rc = saved_config_keep(domid, bytes, edited, err_out);
    free(edited);
    return rc;
}

int saved_config_change(domid_t domid, const char *uuid,
                        saved_config_edit_fn *edit, const void *what,
                        struct error **err_out)
{
    int lock = -1, rc = lock_take("saved-config", &lock, err_out);

    if (rc)
        return rc;
    rc = change(domid, uuid, edit, what, err_out);
    lock_drop(lock);
    return rc;
}

static int device_edit(const char *text, const void *what, char **text_out,
                       struct error **err_out)
{
    return saved_config_edit_device(text, what, text_out, err_out);
}

int saved_config_device(domid_t domid, const char *uuid,
                        const struct saved_config_device *d,
                        struct error **err_out)
{
    return saved_config_change(domid, uuid, device_edit, d, err_out);
}
