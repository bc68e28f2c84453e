/* SPDX-License-Identifier: MIT */
/*
 * Command line options. Each lives in the file of its subject as one
 * OPTION_*() line; the linker collects them into one table.
 *
 *   name=value   name (true)   no-name (false, BOOL only)
 *
 * An option that is unknown or malformed is named in the log and ignored.
 */
#ifndef XEN_OPTION_H
#define XEN_OPTION_H

#include "xen/types.h"

enum option_kind {
    OPTION_KIND_BOOL,   /* bool: yes no on off true false enable disable 1 0 */
    OPTION_KIND_UINT,   /* unsigned int */
    OPTION_KIND_SIZE,   /* u64 bytes, with suffix B K M G T; bare: KiB */
    OPTION_KIND_STRING, /* char[], cut to size */
    OPTION_KIND_CUSTOM, /* int (*)(const char *value) */
};

struct option {
    const char *name;
    const char *help; /* one line */
    enum option_kind kind;
    unsigned int size; /* of a string's buffer */
    void *var;
    /* Returns 0, or -EINVAL to have the option called malformed. `value` is
     * "" where none was given. */
    int (*parse)(const char *value);
};

#define OPTION_ROW(id, ...)                                                    \
    static const struct option option_##id __used __section(".data.options")   \
        __aligned(8) = {__VA_ARGS__}

#define OPTION_BOOL(opt, variable, text)                                       \
    OPTION_ROW(variable, .name = (opt), .help = (text),                        \
               .kind = OPTION_KIND_BOOL, .size = sizeof(bool),                 \
               .var = &(variable))
#define OPTION_UINT(opt, variable, text)                                       \
    OPTION_ROW(variable, .name = (opt), .help = (text),                        \
               .kind = OPTION_KIND_UINT, .size = sizeof(unsigned int),         \
               .var = &(variable))
#define OPTION_SIZE(opt, variable, text)                                       \
    OPTION_ROW(variable, .name = (opt), .help = (text),                        \
               .kind = OPTION_KIND_SIZE, .size = sizeof(u64),                  \
               .var = &(variable))
#define OPTION_STRING(opt, buffer, text)                                       \
    OPTION_ROW(buffer, .name = (opt), .help = (text),                          \
               .kind = OPTION_KIND_STRING, .size = sizeof(buffer),             \
               .var = (buffer))
#define OPTION_CUSTOM(opt, fn, text)                                           \
    OPTION_ROW(fn, .name = (opt), .help = (text), .kind = OPTION_KIND_CUSTOM,  \
               .parse = (fn))

/** Read a whole command line: words separated by spaces. */
void options_parse(const char *cmdline);

/** The same with a table of the caller's. */
void options_parse_table(const char *cmdline, const struct option *table,
                         const struct option *end);

/** Meaning of a yes/no word: 0, 1, or -EINVAL. "" means yes. */
int option_bool_value(const char *value);

#endif
