/* SPDX-License-Identifier: MIT */
/* Bringing a saved configuration up to date: the text is written again, with
 * some members replaced; see saved_config.h. */
#include "toolstack/saved_config_internal.h"

#include <errno.h>
#include <string.h>
#include <yajl/yajl_gen.h>

/* What replaces a member of an object of the first level. */
struct edit {
    const char *object;
    const char *key;
    const char *text; /* NULL: the number */
    long long number;
};

struct writer {
    yajl_gen gen;
    const struct edit *edits;
    size_t nr;
};

static void text_put(yajl_gen gen, const char *text)
{
    yajl_gen_string(gen, (const unsigned char *)text, strlen(text));
}

static const struct edit *edit_find(const struct writer *w, const char *object,
                                    const char *key)
{
    size_t i;

    for (i = 0; object && i < w->nr; i++)
        if (!strcmp(w->edits[i].object, object) &&
            !strcmp(w->edits[i].key, key))
            return &w->edits[i];
    return NULL;
}

static void edit_put(const struct writer *w, const struct edit *e)
{
    if (e->text)
        text_put(w->gen, e->text);
    else
        yajl_gen_integer(w->gen, e->number);
}

static void value_put(const struct writer *w, yajl_val v, const char *name,
                      unsigned int depth);

/* Members as they are or as they shall be; new ones at the end. */
static void object_put(const struct writer *w, yajl_val v, const char *name,
                       unsigned int depth)
{
    size_t i;

    yajl_gen_map_open(w->gen);
    for (i = 0; i < YAJL_GET_OBJECT(v)->len; i++) {
        const char *key = YAJL_GET_OBJECT(v)->keys[i];

        if (depth == 1 && edit_find(w, name, key))
            continue;
        text_put(w->gen, key);
        value_put(w, YAJL_GET_OBJECT(v)->values[i], key, depth + 1);
    }
    for (i = 0; depth == 1 && i < w->nr; i++)
        if (!strcmp(w->edits[i].object, name)) {
            text_put(w->gen, w->edits[i].key);
            edit_put(w, &w->edits[i]);
        }
    yajl_gen_map_close(w->gen);
}

static void value_put(const struct writer *w, yajl_val v, const char *name,
                      unsigned int depth)
{
    size_t i;

    if (YAJL_IS_OBJECT(v)) {
        object_put(w, v, name, depth);
    } else if (YAJL_IS_ARRAY(v)) {
        yajl_gen_array_open(w->gen);
        for (i = 0; i < YAJL_GET_ARRAY(v)->len; i++)
            value_put(w, YAJL_GET_ARRAY(v)->values[i], NULL, depth + 1);
        yajl_gen_array_close(w->gen);
    } else if (json_string_of(v)) {
        text_put(w->gen, json_string_of(v));
    } else if (YAJL_IS_NUMBER(v)) {
        yajl_gen_number(w->gen, YAJL_GET_NUMBER(v), strlen(YAJL_GET_NUMBER(v)));
    } else if (YAJL_IS_TRUE(v) || YAJL_IS_FALSE(v)) {
        yajl_gen_bool(w->gen, YAJL_IS_TRUE(v));
    } else {
        yajl_gen_null(w->gen);
    }
}

int saved_config_edit(const char *text, const struct saved_config_now *now,
                      char **text_out, struct error **err_out)
{
    const struct edit edits[] = {
        {"c_info", "name", now->name, 0},
        {"b_info", "target_memkb", NULL, (long long)now->memory_kib},
        {"b_info", "max_memkb", NULL, (long long)now->max_memory_kib},
        {"c_info", "domid", NULL, now->domid},
    };
    struct writer w = {.edits = edits, .nr = now->domid < 0 ? 3 : 4};
    const unsigned char *made;
    yajl_val root;
    size_t size;
    int rc = saved_config_tree(text, &root, err_out);

    if (rc)
        return rc;
    w.gen = yajl_gen_alloc(NULL);
    if (w.gen) {
        yajl_gen_config(w.gen, yajl_gen_beautify, 1);
        value_put(&w, root, NULL, 0);
    }
    yajl_tree_free(root);
    *text_out = NULL;
    if (w.gen && yajl_gen_get_buf(w.gen, &made, &size) == yajl_gen_status_ok)
        *text_out = strndup((const char *)made, size);
    if (w.gen)
        yajl_gen_free(w.gen);
    return *text_out
               ? 0
               : error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
}
