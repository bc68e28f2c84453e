/* SPDX-License-Identifier: MIT */
/* From a struct vm_config back to xl.cfg; see config_text.h. */
#include "toolstack/config_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "toolstack/config_keys.h"

/* A quoted text can't have its own quote in it: it is added up of pieces. */
static void text_put(FILE *out, const char *text, const char *join)
{
    size_t len;

    do {
        char quote = *text == '"' ? '\'' : '"';

        len = strcspn(text, (char[]){quote, 0});
        fprintf(out, "%c%.*s%c\n", quote, (int)len, text, quote);
        text += len;
        if (*text)
            fputs(join, out);
    } while (*text);
}

void config_text_put(FILE *out, const char *key, const char *text)
{
    char join[80];

    snprintf(join, sizeof(join), "%s += ", key);
    fprintf(out, "%s = ", key);
    text_put(out, text, join);
}

/* A list of texts, none of which has both kinds of quotes. */
static void list_put(FILE *out, const char *key, char *const *texts, size_t nr,
                     const char *how)
{
    size_t i;

    if (!nr)
        return;
    fprintf(out, "%s %s [", key, how);
    for (i = 0; i < nr; i++) {
        char quote = strchr(texts[i], '"') ? '\'' : '"';

        fprintf(out, "%s%c%s%c", i ? ", " : "", quote, texts[i], quote);
    }
    fputs("]\n", out);
}

static void key_put(FILE *out, const struct config_key *key,
                    const struct vm_config *config)
{
    const char *field = (const char *)config + key->offset;

    switch (key->kind) {
    case KEY_TEXT:
        if (*(char *const *)field)
            config_text_put(out, key->name, *(char *const *)field);
        break;
    case KEY_NUMBER:
        if (*(const long *)field >= key->min)
            fprintf(out, "%s = \"%ld\"\n", key->name, *(const long *)field);
        break;
    case KEY_ACTION:
        fprintf(out, "%s = \"%s\"\n", key->name,
                vm_action_name(*(const enum vm_action *)field));
        break;
    default:
        break;
    }
}

/* A restored guest may have other sizes than whole MiB. */
static void memory_put(FILE *out, const struct vm_config *config)
{
    fprintf(out, "memory = %" PRIu64 "\nmaxmem = %" PRIu64 "\n",
            (config->memory_kib + 1023) >> 10,
            (config->max_memory_kib + 1023) >> 10);
}

/* One item of a list that grows. */
static void item_put(FILE *out, const char *key, size_t i, char *text)
{
    list_put(out, key, &text, text ? 1 : 0, i ? "+=" : "=");
    free(text);
}

static bool is_apart(const struct config_key *key)
{
    static const char *const names[] = {"memory", "maxmem", "root", "extra"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!strcmp(key->name, names[i]))
            return true;
    return false;
}

void config_text_write(FILE *out, const struct vm_config *config)
{
    char uuid[UUID_STR_LEN];
    size_t i;

    fprintf(out, "on_soft_reset = \"%s\"\ntsc_mode = %ld\n",
            vm_action_name(config->on_soft_reset), config->tsc_mode);
    uuid_unparse_lower(config->uuid, uuid);
    fprintf(out, "uuid = \"%s\"\n", uuid);
    memory_put(out, config);
    if (config->cpuid)
        config_text_put(out, "cpuid", config->cpuid);
    for (i = 0; i < nr_config_keys; i++)
        if (!is_apart(&config_keys[i]))
            key_put(out, &config_keys[i], config);
    list_put(out, "cpus", config->cpus, config->nr_cpus, "=");
    list_put(out, "cpus_soft", config->cpus_soft, config->nr_cpus_soft, "=");
    for (i = 0; i < config->nr_disks; i++)
        item_put(out, "disk", i, disk_config_text(&config->disk[i]));
    for (i = 0; i < config->nr_vifs; i++)
        item_put(out, "vif", i, vif_config_text(&config->vif[i]));
    for (i = 0; i < config->nr_channels; i++)
        item_put(out, "channel", i, channel_config_text(&config->channel[i]));
}
