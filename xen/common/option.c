/* SPDX-License-Identifier: MIT */
/* Reads the command line by the table of options. */
#include "xen/option.h"

#include "xen/errno.h"
#include "xen/printk.h"
#include "xen/string.h"
#include "xen/strto.h"

#define WORD_MAX 256

int option_bool_value(const char *value)
{
    static const char *const words[][2] = {{"no", "yes"},
                                           {"off", "on"},
                                           {"false", "true"},
                                           {"disable", "enable"},
                                           {"0", "1"}};

    if (*value == '\0')
        return 1;
    for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
        for (int yes = 0; yes < 2; yes++)
            if (strcmp(value, words[i][yes]) == 0)
                return yes;
    return -EINVAL;
}

static int set_bool(const struct option *opt, const char *value, bool negated)
{
    int yes = option_bool_value(value);

    if (yes < 0 || (negated && *value))
        return -EINVAL;
    *(bool *)opt->var = negated ? !yes : yes;
    return 0;
}

static int set_uint(const struct option *opt, const char *value)
{
    u64 number;
    int rc = parse_uint(&value, 0, &number);

    if (rc)
        return rc;
    if (*value || number > ~0u)
        return -EINVAL;
    *(unsigned int *)opt->var = (unsigned int)number;
    return 0;
}

static int set_size(const struct option *opt, const char *value)
{
    u64 bytes;
    int rc = parse_size(&value, &bytes);

    if (rc)
        return rc;
    if (*value)
        return -EINVAL;
    *(u64 *)opt->var = bytes;
    return 0;
}

static int set_option(const struct option *opt, const char *value, bool negated)
{
    if (negated && opt->kind != OPTION_KIND_BOOL)
        return -EINVAL;

    switch (opt->kind) {
    case OPTION_KIND_BOOL:
        return set_bool(opt, value, negated);
    case OPTION_KIND_UINT:
        return set_uint(opt, value);
    case OPTION_KIND_SIZE:
        return set_size(opt, value);
    case OPTION_KIND_STRING:
        strlcpy(opt->var, value, opt->size);
        return 0;
    case OPTION_KIND_CUSTOM:
        return opt->parse(value);
    }
    return -EINVAL;
}

static const struct option *find_option(const char *name,
                                        const struct option *table,
                                        const struct option *end)
{
    for (const struct option *opt = table; opt < end; opt++)
        if (strcmp(opt->name, name) == 0)
            return opt;
    return NULL;
}

static void parse_word(char *word, const struct option *table,
                       const struct option *end)
{
    char *equals = strchr(word, '=');
    const char *value = "";
    const struct option *opt;
    bool negated = false;

    if (equals) {
        *equals = '\0';
        value = equals + 1;
    }

    opt = find_option(word, table, end);
    if (!opt && strncmp(word, "no-", 3) == 0) {
        negated = true;
        opt = find_option(word + 3, table, end);
    }

    if (!opt)
        printk(XENLOG_WARNING "Unknown option '%s' is ignored\n", word);
    else if (set_option(opt, value, negated))
        printk(XENLOG_WARNING "Option '%s' is ignored: '%s' is not a value for "
                              "it (%s)\n",
               word, value, opt->help);
}

void options_parse_table(const char *cmdline, const struct option *table,
                         const struct option *end)
{
    char word[WORD_MAX];

    while (*cmdline) {
        size_t len = 0, stored = 0;

        while (*cmdline == ' ' || *cmdline == '\t')
            cmdline++;
        while (cmdline[len] && cmdline[len] != ' ' && cmdline[len] != '\t')
            len++;
        if (len == 0)
            break;

        stored = min_t(size_t, len, sizeof(word) - 1);
        memcpy(word, cmdline, stored);
        word[stored] = '\0';
        cmdline += len;

        if (stored < len)
            printk(XENLOG_WARNING "Option '%.32s...' is ignored: longer than "
                                  "%u characters\n",
                   word, WORD_MAX - 1);
        else
            parse_word(word, table, end);
    }
}

#if !__STDC_HOSTED__
/* Written by grub-mkconfig where other loaders put a file's name. */
static bool placeholder;
OPTION_BOOL("placeholder", placeholder, "means nothing");

extern const struct option options_start[], options_end[];

void options_parse(const char *cmdline)
{
    options_parse_table(cmdline, options_start, options_end);
}
#endif
