/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of guests' configurations: syntax, keys, disks, networks. Nothing
 * may crash, leak or be refused without a reason.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "toolstack/config.h"
#include "toolstack/config_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void refused(struct error *err)
{
    char *text = err ? error_text(err) : NULL;

    if (!text || !*text)
        abort();
    free(text);
    error_free(err);
}

/* A configuration that is written out says the same when it is read again. */
static void write_and_read(const struct vm_config *config)
{
    struct config_warnings warnings;
    struct config_file file = {0};
    struct error *err = NULL;
    struct vm_config again;
    size_t size;
    char *text;
    FILE *out = open_memstream(&text, &size);

    config_text_write(out, config);
    fclose(out);
    if (config_file_parse("text", text, size, &file, &err) ||
        vm_config_read(&file, &again, &warnings, &err))
        abort();
    if (strcmp(config->cmdline, again.cmdline) ||
        strcmp(config->name, again.name) ||
        strcmp(config->kernel, again.kernel) ||
        config->memory_kib != again.memory_kib ||
        config->nr_disks != again.nr_disks ||
        config->nr_vifs != again.nr_vifs || config->nr_cpus != again.nr_cpus ||
        config->on_reboot != again.on_reboot)
        abort();
    vm_config_free(&again);
    config_warnings_free(&warnings);
    config_file_free(&file);
    free(text);
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
        write_and_read(&config);
        vm_config_free(&config);
        config_warnings_free(&warnings);
    }
    config_file_free(&file);
    return 0;
}
