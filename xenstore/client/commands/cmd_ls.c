/* SPDX-License-Identifier: MIT */
/* xenstore-ls: a tree with its values. */
#include "commands.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/*
 * A line of the tree leaves two columns of the terminal free: a name is cut so
 * that ` = "\..."` has room behind it, and a value so that this fits.
 * Permissions stand in one column where values are short enough, behind dots.
 */
#define COLUMNS_FREE      2
#define WIDTH_NO_TERMINAL 80
#define WIDTH_VALUE       8 /* what a cut value takes, but for two columns */
#define PERMS_COLUMN      60

struct ls {
    struct run *run;
    int width; /* 0: no limit */
};

static int line_width(bool flat)
{
    struct winsize size = {0};

    if (!isatty(STDOUT_FILENO))
        return flat ? 0 : WIDTH_NO_TERMINAL;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ||
        size.ws_col <= COLUMNS_FREE)
        return 0;
    return size.ws_col - COLUMNS_FREE;
}

/* The name with its indentation. Returns the column behind it. */
static int add_name(const struct ls *ls, int depth, const char *name)
{
    struct text *out = &ls->run->out;
    int len = (int)strlen(name);
    int room = ls->width - WIDTH_VALUE - depth;

    if (ls->width && room >= 0 && room < len)
        len = room;
    text_printf(out, "%*s%.*s", depth, "", len, name);
    return depth + len;
}

/* The value behind column. Returns the column behind it, or 0 if it is cut. */
static int add_value(const struct ls *ls, int column, const char *value,
                     unsigned int len)
{
    struct text *out = &ls->run->out;
    struct text escaped = {0};
    int room = ls->width - WIDTH_VALUE - column;
    bool cut = ls->width && room < (int)len;

    text_add_escaped(&escaped, value, len);
    if (cut && room < 0)
        room = 0;
    if (cut) {
        text_printf(out, " = \"%.*s\\...\"", room, escaped.bytes);
        column = 0;
    } else {
        text_printf(out, " = \"%s\"", escaped.bytes);
        column += (int)escaped.len + 5;
    }
    free(escaped.bytes);
    return column;
}

/* Fill up to where permissions stand; column 0: the value was cut. */
static void add_dots(const struct ls *ls, int column)
{
    struct text *out = &ls->run->out;
    int end = ls->width < PERMS_COLUMN ? ls->width : PERMS_COLUMN;

    if (!column)
        return;
    text_add(out, " ", 1);
    for (column++; !ls->run->opt.flat && column < end; column++)
        text_add(out, column % 2 ? "." : " ", 1);
}

static void add_perms(const struct ls *ls, const char *path)
{
    struct run *run = ls->run;
    unsigned int nr;
    struct xs_permissions *perms =
        xs_get_permissions(run->h, run->t, path, &nr);

    if (!perms)
        return;
    text_add(&run->out, "  (", 3);
    text_add_perms(&run->out, perms, nr);
    text_add(&run->out, ")", 1);
    free(perms);
}

static void add_node(const struct ls *ls, int depth, const char *path,
                     const char *name)
{
    struct run *run = ls->run;
    unsigned int len;
    char *value = xs_read(run->h, run->t, path, &len);
    int column = 0;

    /* Gone since its parent was listed. */
    if (!value && errno == ENOENT)
        return;
    if (run->opt.flat)
        text_add(&run->out, path, strlen(path));
    else
        column = add_name(ls, depth, name);
    if (value)
        column = add_value(ls, column, value, len);
    if (run->opt.prefix) {
        add_dots(ls, column);
        add_perms(ls, path);
    }
    text_add(&run->out, "\n", 1);
    free(value);
}

/* What is gone, or may not be read, further down is no error. */
static int add_children(const struct ls *ls, int depth, const char *path)
{
    struct run *run = ls->run;
    unsigned int nr;
    char **names = xs_directory(run->h, run->t, path, &nr);
    int status = 0;

    if (!names) {
        if (depth && (errno == ENOENT || errno == EACCES))
            return 0;
        return run_failed(run, "xs_directory (%s)", path);
    }
    for (unsigned int i = 0; i < nr && !status; i++) {
        char *child = join_path(path, names[i]);

        add_node(ls, depth, child, names[i]);
        status = add_children(ls, depth + 1, child);
        free(child);
    }
    free(names);
    return status;
}

int run_ls(struct run *run)
{
    const struct ls ls = {.run = run, .width = line_width(run->opt.flat)};
    int status = 0;

    if (run->opt.json)
        return run_ls_json(run);
    if (!run->nr_args)
        return add_children(&ls, 0, "/");
    for (unsigned int i = 0; i < run->nr_args && !status; i++)
        status = add_children(&ls, 0, run->args[i]);
    return status;
}
