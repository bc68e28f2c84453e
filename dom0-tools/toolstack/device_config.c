/* SPDX-License-Identifier: MIT */
/* What specifications of all devices have in common; see device_config.h. */
#include "toolstack/device_config_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
