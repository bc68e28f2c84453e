/* SPDX-License-Identifier: MIT */
/* JSON by yajl; see json.h. Out of memory shows as a document cut off. */
#include "lib/json.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>
#include <yajl/yajl_tree.h>

struct json {
    yajl_gen gen;
};

struct json *json_new(void)
{
    struct json *j = calloc(1, sizeof(*j));

    if (!j)
        return NULL;
    j->gen = yajl_gen_alloc(NULL);
    if (!j->gen) {
        free(j);
        return NULL;
    }
    yajl_gen_config(j->gen, yajl_gen_beautify, 1);
    yajl_gen_config(j->gen, yajl_gen_validate_utf8, 1);
    return j;
}

void json_finish(struct json *j, FILE *out)
{
    const unsigned char *text;
    size_t len;

    if (out && yajl_gen_get_buf(j->gen, &text, &len) == yajl_gen_status_ok)
        fwrite(text, 1, len, out);
    yajl_gen_free(j->gen);
    free(j);
}

static void key_put(struct json *j, const char *key)
{
    if (key)
        yajl_gen_string(j->gen, (const unsigned char *)key, strlen(key));
}

void json_object(struct json *j, const char *key)
{
    key_put(j, key);
    yajl_gen_map_open(j->gen);
}

void json_object_end(struct json *j)
{
    yajl_gen_map_close(j->gen);
}

void json_array(struct json *j, const char *key)
{
    key_put(j, key);
    yajl_gen_array_open(j->gen);
}

void json_array_end(struct json *j)
{
    yajl_gen_array_close(j->gen);
}

void json_int(struct json *j, const char *key, int64_t value)
{
    key_put(j, key);
    yajl_gen_integer(j->gen, value);
}

void json_bool(struct json *j, const char *key, bool value)
{
    key_put(j, key);
    yajl_gen_bool(j->gen, value);
}

void json_null(struct json *j, const char *key)
{
    key_put(j, key);
    yajl_gen_null(j->gen);
}

void json_real(struct json *j, const char *key, double value, int digits)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "%.*f", digits, value);

    key_put(j, key);
    yajl_gen_number(j->gen, text, (size_t)len);
}

void json_text(struct json *j, const char *key, const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;

    if (!text) {
        json_null(j, key);
        return;
    }
    key_put(j, key);
    if (yajl_gen_string(j->gen, bytes, strlen(text)) ==
        yajl_gen_invalid_string) {
        char *copy = strdup(text), *c;

        for (c = copy; c && *c; c++)
            if (*c & 0x80)
                *c = '?';
        if (copy)
            yajl_gen_string(j->gen, (unsigned char *)copy, strlen(copy));
        free(copy);
    }
}

static void object_copy(struct json *j, const char *key, yajl_val v)
{
    size_t i;

    json_object(j, key);
    for (i = 0; i < v->u.object.len; i++)
        json_copy(j, v->u.object.keys[i], v->u.object.values[i]);
    json_object_end(j);
}

static void array_copy(struct json *j, const char *key, yajl_val v)
{
    size_t i;

    json_array(j, key);
    for (i = 0; i < v->u.array.len; i++)
        json_copy(j, NULL, v->u.array.values[i]);
    json_array_end(j);
}

void json_copy(struct json *j, const char *key, struct yajl_val_s *v)
{
    if (YAJL_IS_OBJECT(v)) {
        object_copy(j, key, v);
    } else if (YAJL_IS_ARRAY(v)) {
        array_copy(j, key, v);
    } else if (YAJL_IS_NUMBER(v)) {
        key_put(j, key);
        yajl_gen_number(j->gen, YAJL_GET_NUMBER(v), strlen(YAJL_GET_NUMBER(v)));
    } else if (YAJL_IS_STRING(v)) {
        json_text(j, key, YAJL_GET_STRING(v));
    } else if (YAJL_IS_TRUE(v) || YAJL_IS_FALSE(v)) {
        json_bool(j, key, YAJL_IS_TRUE(v));
    } else {
        json_null(j, key);
    }
}
