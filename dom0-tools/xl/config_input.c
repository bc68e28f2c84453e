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

int config_input_host(struct xl *xl, struct host_config *host,
                      struct error **err_out)
{
    struct config_warnings warnings = {0};
    int rc = host_config_read(host, &warnings, err_out);

    warnings_print(xl, &warnings);
    config_warnings_free(&warnings);
    return rc;
}

static int host_apply(struct xl *xl, struct vm_config *config,
                      struct error **err_out)
{
    struct host_config host;
    int rc = config_input_host(xl, &host, err_out);

    if (rc)
        return rc;
    rc = host_config_apply(&host, config, err_out);
    host_config_free(&host);
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
        rc = host_apply(xl, config, err_out);
        if (rc)
            vm_config_free(config);
    }
    config_file_free(&file);
    return rc;
}
