/* SPDX-License-Identifier: MIT */
/* What the scanner, the grammar and file.c share. */
#ifndef CONFIG_PARSE_H
#define CONFIG_PARSE_H

#include <stdbool.h>

#include "config/file.h"

/* One parsing. */
struct config_parse {
    struct config_file *file;
    char *why; /* first complaint, NULL: none */
    int line;  /* of it */
    bool out_of_memory;
    unsigned int depth; /* of lists */
};

/* Lists may be nested this deep. */
#define CONFIG_MAX_DEPTH 16

/* Values that the grammar makes; NULL where memory is short. They take over
 * the text. */
struct config_value *config_value_new(struct config_parse *parse,
                                      enum config_kind kind, int line,
                                      char *text);
void config_value_free(struct config_value *value);

/* Put an item behind the others of a list; takes it over. */
void config_list_add(struct config_parse *parse, struct config_value *list,
                     struct config_value *item);

/* Set a key or, with `add`, put a value behind what it has; takes both over. */
void config_set(struct config_parse *parse, char *key, int line, bool add,
                struct config_value *value);

/* Keep the first complaint of a parsing. */
void config_complain(struct config_parse *parse, int line, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));

#endif
