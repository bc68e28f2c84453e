/* SPDX-License-Identifier: MIT */
/*
 * The syntax of xl.cfg: `key = value`, one per line or separated by `;`. A
 * value is a number, a text in single or double quotes, or a list of values in
 * brackets; `#` begins a comment; `key += value` adds to a text or a list.
 */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include <stddef.h>

#include "lib/error.h"

enum config_kind {
    CONFIG_NUMBER,
    CONFIG_TEXT,
    CONFIG_LIST,
};

struct config_value {
    enum config_kind kind;
    int line; /* from 1 */
    long number;
    char *text;                 /* of a text, and of a number as written */
    struct config_value **item; /* of a list */
    size_t nr;
};

struct config_entry {
    char *key;
    int line;
    struct config_value *value;
};

/* The last of several entries with one key counts. */
struct config_file {
    char *name; /* of the file, for messages */
    struct config_entry *entry;
    size_t nr;
};

/**
 * Read a configuration.
 *
 * @name  of the file, for messages
 * @text  its contents, size bytes
 * @file  config_file_free() ends it; may have entries already: then these come
 *        behind them
 *
 * Returns 0; -EINVAL (CONFIG) with file and line; -ENOMEM.
 */
int config_file_parse(const char *name, const char *text, size_t size,
                      struct config_file *file, struct error **err_out);

/* Read a file, "-" for standard input. Returns also -errno (CONFIG). */
int config_file_read(const char *path, struct config_file *file,
                     struct error **err_out);

void config_file_free(struct config_file *file);

/* The entry that counts for a key, or NULL. */
const struct config_entry *config_find(const struct config_file *file,
                                       const char *key);

#endif
