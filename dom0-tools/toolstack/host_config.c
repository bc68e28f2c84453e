/* SPDX-License-Identifier: MIT */
/* Reading xl.conf; see host_config.h. */
#include "toolstack/host_config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "toolstack/suggest.h"

enum kind {
    TEXT,     /* char * at offset */
    NUMBER,   /* long at offset, 1 to max */
    NEEDLESS, /* what it asks for is so anyhow, or about other guests */
    FIXED,    /* only these values are as it is here: others get a warning */
};

/* clang-format off */
static const struct row {
    const char *name;
    enum kind kind;
    size_t offset;
    long max;
    const char *values; /* of FIXED: words between blanks */
    const char *text;   /* what is so instead */
} rows[] = {
    {"vif.default.script", TEXT, offsetof(struct host_config, vif_script), 0, NULL, NULL},
    {"vif.default.bridge", TEXT, offsetof(struct host_config, vif_bridge), 0, NULL, NULL},
    {"vif.default.gatewaydev", TEXT, offsetof(struct host_config, vif_gateway), 0, NULL, NULL},
    {"vif.default.backend", TEXT, offsetof(struct host_config, vif_backend), 0, NULL, NULL},
    {"vm.cpumask", TEXT, offsetof(struct host_config, cpus), 0, NULL, NULL},
    {"vm.pv.cpumask", TEXT, offsetof(struct host_config, pv_cpus), 0, NULL, NULL},
    {"vm.hvm.cpumask", NEEDLESS, 0, 0, NULL, NULL},
    {"max_grant_frames", NUMBER, offsetof(struct host_config, max_grant_frames), 4096, NULL, NULL},
    {"max_maptrack_frames", NUMBER, offsetof(struct host_config, max_maptrack_frames), 65536, NULL, NULL},
    {"lockfile", NEEDLESS, 0, 0, NULL, NULL},
    {"blkdev_start", NEEDLESS, 0, 0, NULL, NULL},
    {"autoballoon", FIXED, 0, 0, "auto off 0",
     "the control domain keeps its memory (`xl mem-set 0` changes it)"},
    {"claim_mode", FIXED, 0, 0, "1", "memory is always claimed first"},
    {"run_hotplug_scripts", FIXED, 0, 0, "1", "udev starts no scripts"},
    {"output_format", FIXED, 0, 0, "json", "`xl list -l` writes JSON"},
    {"domid_policy", FIXED, 0, 0, "xen", "the hypervisor chooses ids"},
};
/* clang-format on */
#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static int text_take(char **to, const char *text, struct error **err_out)
{
    free(*to);
    *to = strdup(text);
    return *to ? 0
               : error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
}

static int number_take(long *to, const char *text, long max,
                       struct error **err_out)
{
    char *end;
    long number;

    errno = 0;
    number = strtol(text, &end, 0);
    if (end == text || *end || errno || number < 1 || number > max)
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "'%s' is no number from 1 to %ld", text, max);
    *to = number;
    return 0;
}

static bool has_word(const char *words, const char *word)
{
    size_t len = strlen(word);
    const char *at = words;

    while (len && (at = strstr(at, word))) {
        if ((at == words || at[-1] == ' ') && (!at[len] || at[len] == ' '))
            return true;
        at += len;
    }
    return false;
}

static void unknown_warn(const struct config_file *file,
                         const struct config_entry *entry,
                         struct config_warnings *warnings)
{
    const char *near = NULL;
    size_t i, best = 0;

    for (i = 0; i < NR_ROWS; i++)
        suggest(entry->key, rows[i].name, &near, &best);
    config_warn(warnings, "%s:%d: %s: no such key%s%s%s", file->name,
                entry->line, entry->key, near ? " (did you mean `" : "",
                near ? near : "", near ? "`?)" : "");
}

static int entry_take(const struct config_file *file,
                      const struct config_entry *entry,
                      struct host_config *host,
                      struct config_warnings *warnings, struct error **err_out)
{
    const char *value = entry->value->text;
    const struct row *row = rows;
    void *field;

    while (row < rows + NR_ROWS && strcmp(row->name, entry->key) != 0)
        row++;
    if (row == rows + NR_ROWS) {
        unknown_warn(file, entry, warnings);
        return 0;
    }
    if (entry->value->kind == CONFIG_LIST)
        return error_set(err_out, ERROR_CONFIG, -EINVAL, "wants a text");
    field = (char *)host + row->offset;
    if (row->kind == TEXT)
        return text_take(field, value, err_out);
    if (row->kind == NUMBER)
        return number_take(field, value, row->max, err_out);
    if (row->kind == FIXED && !has_word(row->values, value))
        config_warn(warnings, "%s:%d: %s = '%s' has no effect: %s", file->name,
                    entry->line, entry->key, value, row->text);
    return 0;
}

int host_config_read(struct host_config *host, struct config_warnings *warnings,
                     struct error **err_out)
{
    const char *path = getenv("XENIA_XL_CONF");
    struct config_file file = {0};
    size_t i;
    int rc;

    *host =
        (struct host_config){.max_grant_frames = -1, .max_maptrack_frames = -1};
    path = path ? path : HOST_CONFIG_FILE;
    if (access(path, F_OK))
        return 0;
    rc = config_file_read(path, &file, err_out);
    for (i = 0; i < file.nr && !rc; i++) {
        const struct config_entry *entry = &file.entry[i];

        rc = entry_take(&file, entry, host, warnings, err_out);
        if (rc)
            error_wrap(err_out, "%s:%d: %s", path, entry->line, entry->key);
    }
    config_file_free(&file);
    if (rc)
        host_config_free(host);
    return rc;
}

void host_config_free(struct host_config *host)
{
    free(host->vif_script);
    free(host->vif_bridge);
    free(host->vif_gateway);
    free(host->vif_backend);
    free(host->cpus);
    free(host->pv_cpus);
    *host = (struct host_config){0};
}

/* Keys of a specification for what this one leaves open. */
static void vif_defaults_put(FILE *out, const struct host_config *host,
                             const struct vif_config *vif)
{
    const char *script =
        vif->kind == VIF_DEFAULT ? host->vif_script : vif_script_name(vif);
    bool bridged =
        vif->kind != VIF_BRIDGE && (!script || !strcmp(script, "vif-bridge"));
    bool nat = script && !strcmp(script, "vif-nat");

    if (vif->kind == VIF_DEFAULT && script && !bridged)
        fprintf(out, ",script=%s", script);
    if (bridged && !vif->bridge && host->vif_bridge)
        fprintf(out, ",bridge=%s", host->vif_bridge);
    if (script && !bridged && !nat && !vif->gateway && host->vif_gateway)
        fprintf(out, ",gatewaydev=%s", host->vif_gateway);
    if (!vif->backend && host->vif_backend && strcmp(host->vif_backend, "0"))
        fprintf(out, ",backend=%s", host->vif_backend);
}

/* The interface's own keys, then those; NULL where there is no memory. */
static char *vif_completed(const struct host_config *host,
                           const struct vif_config *vif, bool *same_out)
{
    char *said = vif_config_text(vif), *text = NULL;
    size_t size;
    FILE *out = said ? open_memstream(&text, &size) : NULL;

    if (out) {
        fputs(said, out);
        vif_defaults_put(out, host, vif);
    }
    if (!out || fclose(out)) {
        free(text);
        text = NULL;
    }
    *same_out = text && !strcmp(said, text);
    free(said);
    return text;
}

int host_config_apply_vif(const struct host_config *host,
                          struct vif_config *vif, struct error **err_out)
{
    struct vif_config complete;
    bool same;
    char *text = vif_completed(host, vif, &same);
    int rc = 0;

    if (!text)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    if (!same)
        rc = vif_config_parse(text, &complete, err_out);
    free(text);
    if (rc || same)
        return rc;
    vif_config_free(vif);
    *vif = complete;
    return 0;
}

static int cpus_apply(const struct host_config *host, struct vm_config *config,
                      struct error **err_out)
{
    const char *cpus = host->pv_cpus ? host->pv_cpus : host->cpus;

    if (!cpus || config->nr_cpus)
        return 0;
    config->nr_cpus = 1;
    return text_take(&config->cpus[0], cpus, err_out);
}

int host_config_apply(const struct host_config *host, struct vm_config *config,
                      struct error **err_out)
{
    size_t i;
    int rc;

    for (i = 0; i < config->nr_vifs; i++) {
        rc = host_config_apply_vif(host, &config->vif[i], err_out);
        if (rc)
            return error_wrap(err_out, "vif[%zu]", i);
    }
    if (config->max_grant_frames < 0)
        config->max_grant_frames = host->max_grant_frames;
    if (config->max_maptrack_frames < 0)
        config->max_maptrack_frames = host->max_maptrack_frames;
    return cpus_apply(host, config, err_out);
}
