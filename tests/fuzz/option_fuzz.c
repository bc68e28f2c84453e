/* SPDX-License-Identifier: MIT */
/* The command line: any text, against a table with an option of each kind. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xen/option.h"
#include "fake/fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool flag;
static unsigned int number;
static u64 bytes;
static char text[8];

static int custom(const char *value)
{
    return strlen(value) < 4 ? 0 : -EINVAL;
}

static const struct option table[] = {
    {.name = "flag", .help = "a flag", .kind = OPTION_KIND_BOOL, .var = &flag},
    {.name = "number",
     .help = "a number",
     .kind = OPTION_KIND_UINT,
     .var = &number},
    {.name = "size", .help = "a size", .kind = OPTION_KIND_SIZE, .var = &bytes},
    {.name = "text",
     .help = "a text",
     .kind = OPTION_KIND_STRING,
     .size = sizeof(text),
     .var = text},
    {.name = "custom",
     .help = "its own",
     .kind = OPTION_KIND_CUSTOM,
     .parse = custom},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = malloc(size + 1);

    memcpy(line, data, size);
    line[size] = '\0';
    fake_log_clear();
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    options_parse_table(line, table, table + ARRAY_SIZE(table));
    if (memchr(text, '\0', sizeof(text)) == NULL)
        abort();
    free(line);
    return 0;
}
