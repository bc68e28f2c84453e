/* SPDX-License-Identifier: MIT */
/* Values and entries of a configuration; see file.h. */
#include "config/file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/parse.h"

#include "grammar.h"
#include "scan.h"

/* Larger files are no configuration. */
#define MAX_FILE (1 << 20)

void config_complain(struct config_parse *parse, int line, const char *format,
                     ...)
{
    va_list args;

    if (parse->why)
        return;
    va_start(args, format);
    if (vasprintf(&parse->why, format, args) < 0)
        parse->why = NULL;
    va_end(args);
    parse->line = line;
}

struct config_value *config_value_new(struct config_parse *parse,
                                      enum config_kind kind, int line,
                                      char *text)
{
    struct config_value *value = calloc(1, sizeof(*value));

    if (!value) {
        parse->out_of_memory = true;
        free(text);
        return NULL;
    }
    value->kind = kind;
    value->line = line;
    value->text = text;
    if (kind == CONFIG_NUMBER && text) {
        errno = 0;
        value->number = strtol(text, NULL, 0);
        if (errno)
            config_complain(parse, line, "number %s is too large", text);
    }
    return value;
}

void config_value_free(struct config_value *value)
{
    size_t i;

    if (!value)
        return;
    for (i = 0; i < value->nr; i++)
        config_value_free(value->item[i]);
    free(value->item);
    free(value->text);
    free(value);
}

void config_list_add(struct config_parse *parse, struct config_value *list,
                     struct config_value *item)
{
    struct config_value **longer = NULL;

    if (list && item)
        longer = realloc(list->item, (list->nr + 1) * sizeof(*longer));
    if (!longer) {
        parse->out_of_memory = true;
        config_value_free(item);
        return;
    }
    list->item = longer;
    list->item[list->nr++] = item;
}

/* `text += text` and `list += list`. */
static void value_append(struct config_parse *parse, struct config_value *to,
                         struct config_value *more)
{
    char *text;
    size_t i;

    if (to->kind != more->kind || to->kind == CONFIG_NUMBER) {
        config_complain(parse, more->line,
                        "+= wants a text behind a text or a list behind a "
                        "list");
    } else if (to->kind == CONFIG_TEXT) {
        if (asprintf(&text, "%s%s", to->text, more->text) < 0) {
            parse->out_of_memory = true;
        } else {
            free(to->text);
            to->text = text;
        }
    } else {
        for (i = 0; i < more->nr; i++)
            config_list_add(parse, to, more->item[i]);
        more->nr = 0;
    }
    config_value_free(more);
}

static struct config_entry *entry_find(const struct config_file *file,
                                       const char *key)
{
    size_t i;

    for (i = 0; i < file->nr; i++)
        if (!strcmp(file->entry[i].key, key))
            return &file->entry[i];
    return NULL;
}

void config_set(struct config_parse *parse, char *key, int line, bool add,
                struct config_value *value)
{
    struct config_file *file = parse->file;
    struct config_entry *entry = key ? entry_find(file, key) : NULL, *longer;

    if (!key || !value) {
        parse->out_of_memory = true;
    } else if (entry && add) {
        value_append(parse, entry->value, value);
        value = NULL;
    } else if (entry) {
        config_value_free(entry->value);
        entry->line = line;
        entry->value = value;
        value = NULL;
    } else if ((longer =
                    realloc(file->entry, (file->nr + 1) * sizeof(*longer)))) {
        file->entry = longer;
        file->entry[file->nr++] =
            (struct config_entry){.key = key, .line = line, .value = value};
        return;
    } else {
        parse->out_of_memory = true;
    }
    free(key);
    config_value_free(value);
}

const struct config_entry *config_find(const struct config_file *file,
                                       const char *key)
{
    return entry_find(file, key);
}

static int parse_result(struct config_parse *parse, const char *name,
                        struct error **err_out)
{
    int rc = 0;

    if (parse->out_of_memory)
        rc = error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    else if (parse->why)
        rc = error_set(err_out, ERROR_CONFIG, -EINVAL, "%s:%d: %s", name,
                       parse->line, parse->why);
    free(parse->why);
    return rc;
}

int config_file_parse(const char *name, const char *text, size_t size,
                      struct config_file *file, struct error **err_out)
{
    struct config_parse parse = {.file = file};
    void *scanner;

    if (memchr(text, 0, size))
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "%s: this is no text file", name);
    if (!file->name)
        file->name = strdup(name);
    if (!file->name || config_lex_init_extra(&parse, &scanner))
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    if (config__scan_bytes(text, (int)size, scanner)) {
        config_set_lineno(1, scanner);
        if (config_parse(&parse, scanner) && !parse.why)
            parse.out_of_memory = true;
    } else {
        parse.out_of_memory = true;
    }
    config_lex_destroy(scanner);
    return parse_result(&parse, name, err_out);
}

int config_file_read(const char *path, struct config_file *file,
                     struct error **err_out)
{
    bool is_stdin = !strcmp(path, "-");
    FILE *in = is_stdin ? stdin : fopen(path, "re");
    char *text = malloc(MAX_FILE + 1);
    size_t size;
    int rc;

    if (!in)
        rc = error_set(err_out, ERROR_CONFIG, -errno, "%s: %s", path,
                       strerror(errno));
    else if (!text)
        rc = error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    else if ((size = fread(text, 1, MAX_FILE + 1, in)) > MAX_FILE)
        rc = error_set(err_out, ERROR_CONFIG, -EFBIG,
                       "%s: this is too large for a configuration", path);
    else if (ferror(in))
        rc = error_set(err_out, ERROR_CONFIG, -EIO, "%s: %s", path,
                       strerror(errno));
    else
        rc = config_file_parse(is_stdin ? "standard input" : path, text, size,
                               file, err_out);
    if (in && !is_stdin)
        fclose(in);
    free(text);
    return rc;
}

void config_file_free(struct config_file *file)
{
    size_t i;

    for (i = 0; i < file->nr; i++) {
        free(file->entry[i].key);
        config_value_free(file->entry[i].value);
    }
    free(file->entry);
    free(file->name);
    *file = (struct config_file){0};
}
