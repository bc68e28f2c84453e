/* SPDX-License-Identifier: MIT */
/*
 * xenstore-ls --json: a tree as one object.
 *
 * A node is {"value": "...", "permissions": ["n0", "r7"], "children": {"name":
 * node, ...}}, the permissions only with -p, and "children" only where there
 * are any. A value that is no UTF-8 is "value_hex" instead. With -f the object
 * has a node without children for each path.
 *
 * yajl nests only so deep, and a guest may make deeper trees: the children of a
 * node DEEPEST levels down are all nodes below it, each by its path from there.
 */
#include "commands.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_gen.h>

static void check(yajl_gen_status status)
{
    if (status != yajl_gen_status_ok)
        errx(1, "JSON: status %d", (int)status);
}

static void put_string(yajl_gen gen, const char *string)
{
    check(yajl_gen_string(gen, (const unsigned char *)string, strlen(string)));
}

/* Length of the UTF-8 sequence at s, or 0 if it is none. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    size_t len = s[0] < 0x80                   ? 1
                 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
                 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                               : 0;

    if (len > left)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    /* Longer than needed, a surrogate, or beyond the last character. */
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return len;
}

static bool is_utf8(const unsigned char *value, size_t len)
{
    size_t step;

    for (size_t i = 0; i < len; i += step) {
        step = utf8_length(value + i, len - i);
        if (!step)
            return false;
    }
    return true;
}

static void put_value(yajl_gen gen, const char *value, unsigned int len)
{
    struct text hex = {0};

    if (is_utf8((const unsigned char *)value, len)) {
        put_string(gen, "value");
        check(yajl_gen_string(gen, (const unsigned char *)value, len));
        return;
    }
    for (unsigned int i = 0; i < len; i++)
        text_printf(&hex, "%02x", (unsigned char)value[i]);
    put_string(gen, "value_hex");
    put_string(gen, hex.bytes);
    free(hex.bytes);
}

static void put_perms(struct run *run, yajl_gen gen, const char *path)
{
    char buf[16];
    unsigned int nr;
    struct xs_permissions *perms =
        xs_get_permissions(run->h, run->t, path, &nr);

    if (!perms)
        return;
    put_string(gen, "permissions");
    check(yajl_gen_array_open(gen));
    for (unsigned int i = 0; i < nr; i++) {
        snprintf(buf, sizeof(buf), "%c%u", perm_letter(&perms[i]), perms[i].id);
        put_string(gen, buf);
    }
    check(yajl_gen_array_close(gen));
    free(perms);
}

/* Two levels of JSON for each node. */
#define DEEPEST 60

/* Keys are names, not paths. */
#define NESTED (-1)

struct place {
    const char *path;
    const char *name;
    int depth;
    int flat_from; /* the key is the path from here on, or NESTED */
};

static void put_node(struct run *run, yajl_gen gen, const struct place *at);

/* False if the node's children cannot be listed. */
static bool put_children(struct run *run, yajl_gen gen, const struct place *at)
{
    struct place below = {.depth = at->depth + 1, .flat_from = at->flat_from};
    bool nested = at->flat_from == NESTED;
    unsigned int nr;
    char **names = xs_directory(run->h, run->t, at->path, &nr);

    if (!names)
        return false;
    if (nr && nested) {
        put_string(gen, "children");
        check(yajl_gen_map_open(gen));
    }
    if (nested && at->depth >= DEEPEST)
        below.flat_from = (int)strlen(at->path) + 1;
    for (unsigned int i = 0; i < nr; i++) {
        char *child = join_path(at->path, names[i]);

        below.path = child;
        below.name = names[i];
        put_node(run, gen, &below);
        free(child);
    }
    if (nr && nested)
        check(yajl_gen_map_close(gen));
    free(names);
    return true;
}

/* A node that has gone since its parent was listed is left out. */
static void put_node(struct run *run, yajl_gen gen, const struct place *at)
{
    bool nested = at->flat_from == NESTED;
    unsigned int len;
    char *value = xs_read(run->h, run->t, at->path, &len);

    if (!value && errno != EACCES)
        return;
    put_string(gen, nested ? at->name : at->path + at->flat_from);
    check(yajl_gen_map_open(gen));
    if (value)
        put_value(gen, value, len);
    if (run->opt.prefix)
        put_perms(run, gen, at->path);
    if (!nested)
        check(yajl_gen_map_close(gen));
    put_children(run, gen, at);
    if (nested)
        check(yajl_gen_map_close(gen));
    free(value);
}

/* The node itself, whose name the caller knows. */
static int put_root(struct run *run, yajl_gen gen, const char *path)
{
    const struct place root = {path, path, 0, run->opt.flat ? 0 : NESTED};
    unsigned int len;
    char *value = xs_read(run->h, run->t, path, &len);

    if (!value)
        return run_failed(run, "couldn't read path %s", path);
    check(yajl_gen_map_open(gen));
    if (!run->opt.flat) {
        put_value(gen, value, len);
        if (run->opt.prefix)
            put_perms(run, gen, path);
    }
    free(value);
    if (!put_children(run, gen, &root))
        return run_failed(run, "xs_directory (%s)", path);
    check(yajl_gen_map_close(gen));
    return 0;
}

int run_ls_json(struct run *run)
{
    const unsigned char *bytes;
    size_t len;
    yajl_gen gen = yajl_gen_alloc(NULL);
    int status;

    if (!gen)
        err(1, "JSON");
    yajl_gen_config(gen, yajl_gen_beautify, 1);
    yajl_gen_config(gen, yajl_gen_indent_string, "    ");
    status = put_root(run, gen, run->nr_args ? run->args[0] : "/");
    if (!status) {
        check(yajl_gen_get_buf(gen, &bytes, &len));
        text_add(&run->out, bytes, len);
    }
    yajl_gen_free(gen);
    return status;
}
