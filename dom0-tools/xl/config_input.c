/* SPDX-License-Identifier: MIT */
/* Reading configurations; see config_input.h. */
#include "xl/config_input.h"

#include <string.h>

static void warnings_print(const struct xl *xl,
                           const struct config_warnings *warnings)
{
    size_t i;

    for (i = 0; i < warnings->nr; i++)
        fprintf(xl->err, "xl: %s: warning: %s\n", xl->command->name,
                warnings->text[i]);
}

static int file_read(const char *path, int nr_more, char **more,
                     struct config_file *file, struct error **err_out)
{
    int i, rc = config_file_read(path, file, err_out);

    for (i = 0; i < nr_more && !rc; i++)
        rc = config_file_parse("command line", more[i], strlen(more[i]), file,
                               err_out);
    return rc;
}

int config_input_read(struct xl *xl, const char *path, int nr_more, char **more,
                      struct vm_config *config, struct error **err_out)
{
    struct config_file file = {0};
    struct config_warnings warnings;
    int rc = file_read(path, nr_more, more, &file, err_out);

    if (!rc)
        rc = vm_config_read(&file, config, &warnings, err_out);
    if (!rc) {
        warnings_print(xl, &warnings);
        config_warnings_free(&warnings);
    }
    config_file_free(&file);
    return rc;
}
