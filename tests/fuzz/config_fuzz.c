/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of guests' configurations: syntax, keys, disks, networks. Nothing
 * may crash, leak or be refused without a reason.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "toolstack/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void refused(struct error *err)
{
    char *text = err ? error_text(err) : NULL;

    if (!text || !*text)
        abort();
    free(text);
    error_free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config_warnings warnings;
    struct config_file file = {0};
    struct vm_config config;
    struct error *err = NULL;

    if (config_file_parse("input", (const char *)data, size, &file, &err)) {
        refused(err);
    } else if (vm_config_read(&file, &config, &warnings, &err)) {
        refused(err);
    } else {
        if (!config.name || !config.kernel || !config.cmdline)
            abort();
        vm_config_free(&config);
        config_warnings_free(&warnings);
    }
    config_file_free(&file);
    return 0;
}
