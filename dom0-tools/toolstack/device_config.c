/* SPDX-License-Identifier: MIT */
/* What specifications of all devices have in common; see device_config.h. */
#include "toolstack/device_config_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "toolstack/suggest.h"

int spec_wrong(struct error **err_out, const char *what, const char *which)
{
    return error_set(err_out, ERROR_CONFIG, -EINVAL, "%s'%s'", what, which);
}

int spec_keep(char **to, const char *text, struct error **err_out)
{
    free(*to);
    *to = strdup(text);
    return *to ? 0
               : error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
}

int spec_keep_script(char **to, const char *text, struct error **err_out)
{
    char path[4096];

    if (!*text)
        return spec_wrong(err_out, "no script is called ", text);
    if (*text == '/')
        return spec_keep(to, text, err_out);
    if (strchr(text, '/'))
        return spec_wrong(err_out,
                          "a script is a name in " SCRIPT_FOLDER
                          " or an absolute path, not ",
                          text);
    snprintf(path, sizeof(path), SCRIPT_FOLDER "/%s", text);
    return spec_keep(to, path, err_out);
}

char *spec_skip_blanks(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

char *spec_cut_blanks(char *text)
{
    char *end = text + strlen(text);

    while (end > text && isspace((unsigned char)end[-1]))
        *--end = 0;
    return spec_skip_blanks(text);
}

int spec_parts(const char *text,
               int (*read)(void *ctx, char *part, struct error **err_out),
               void *ctx, struct error **err_out)
{
    char *copy = strdup(text), *rest, *part;
    int rc = 0;

    if (!copy)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    for (part = strtok_r(copy, ",", &rest); part && !rc;
         part = strtok_r(NULL, ",", &rest)) {
        part = spec_skip_blanks(part);
        if (*part)
            rc = read(ctx, part, err_out);
    }
    free(copy);
    return rc;
}

char *spec_value(char *part, struct error **err_out)
{
    char *equals = strchr(part, '=');

    if (!equals) {
        spec_wrong(err_out, "wants key=value, not ", part);
        return NULL;
    }
    *equals = 0;
    return equals + 1;
}

int spec_unknown_key(const char *name, const void *rows, size_t nr, size_t size,
                     struct error **err_out)
{
    const char *row = rows, *near = NULL;
    size_t i, best = 0;

    for (i = 0; i < nr; i++, row += size)
        suggest(name, *(const char *const *)row, &near, &best);
    spec_wrong(err_out, "no such key: ", name);
    return near ? error_hint(err_out, "did you mean `%s`?", near) : -EINVAL;
}
