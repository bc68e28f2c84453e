/* SPDX-License-Identifier: MIT */
/* Specifications of channels; see device_config.h. */
#include "toolstack/device_config_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* One reading: what is wanted of keys that depend on others. */
struct reading {
    struct channel_config *c;
    bool has_connection;
};

static int name_set(struct reading *r, const char *text, struct error **err_out)
{
    if (!*text || strlen(text) > CHANNEL_MAX_NAME)
        return spec_wrong(err_out, "no channel can be called ", text);
    return spec_keep(&r->c->name, text, err_out);
}

static int connection_set(struct reading *r, const char *text,
                          struct error **err_out)
{
    r->has_connection = true;
    r->c->is_socket = !strcasecmp(text, "socket");
    return r->c->is_socket || !strcasecmp(text, "pty")
               ? 0
               : spec_wrong(err_out, "connection is pty or socket, not ", text);
}

static int path_set(struct reading *r, const char *text, struct error **err_out)
{
    if (*text != '/')
        return spec_wrong(err_out, "path wants an absolute path, not ", text);
    if (strlen(text) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return spec_wrong(err_out, "no socket can have so long a path: ", text);
    return spec_keep(&r->c->path, text, err_out);
}

static int backend_set(struct reading *r, const char *text,
                       struct error **err_out)
{
    (void)r;
    return !strcmp(text, "0") || !strcmp(text, "Domain-0")
               ? 0
               : spec_wrong(err_out,
                            "only the control domain serves channels, not ",
                            text);
}

static const struct {
    const char *name;
    int (*set)(struct reading *r, const char *text, struct error **err_out);
} channel_keys[] = {
    {"name", name_set},
    {"connection", connection_set},
    {"path", path_set},
    {"backend", backend_set},
};
#define NR_CHANNEL_KEYS (sizeof(channel_keys) / sizeof(channel_keys[0]))

static int part_read(void *reading, char *part, struct error **err_out)
{
    char *value = spec_value(part, err_out), *key;
    size_t i;

    if (!value)
        return -EINVAL;
    key = spec_cut_blanks(part);
    for (i = 0; i < NR_CHANNEL_KEYS; i++)
        if (!strcmp(channel_keys[i].name, key))
            return channel_keys[i].set(reading, spec_cut_blanks(value),
                                       err_out);
    return spec_unknown_key(key, channel_keys, NR_CHANNEL_KEYS,
                            sizeof(channel_keys[0]), err_out);
}

/* What keys mean together. */
static int complete(const struct reading *r, struct error **err_out)
{
    const char *wrong = NULL;

    if (!r->c->name)
        wrong = "wants name=, by which the guest knows it";
    else if (!r->has_connection)
        wrong = "wants connection=pty or connection=socket,path=..";
    else if (r->c->is_socket && !r->c->path)
        wrong = "connection=socket wants path=";
    else if (!r->c->is_socket && r->c->path)
        wrong = "path= wants connection=socket";
    return wrong ? error_set(err_out, ERROR_CONFIG, -EINVAL, "%s", wrong) : 0;
}

int channel_config_parse(const char *text, struct channel_config *channel,
                         struct error **err_out)
{
    struct channel_config c = {0};
    struct reading r = {.c = &c};
    int rc = spec_parts(text, part_read, &r, err_out);

    if (!rc)
        rc = complete(&r, err_out);
    if (rc)
        channel_config_free(&c);
    else
        *channel = c;
    return rc;
}

void channel_config_free(struct channel_config *channel)
{
    free(channel->name);
    free(channel->path);
    *channel = (struct channel_config){0};
}

char *channel_config_text(const struct channel_config *channel)
{
    char *text;

    if (asprintf(&text, "name=%s,connection=%s%s%s", channel->name,
                 channel->is_socket ? "socket" : "pty",
                 channel->is_socket ? ",path=" : "",
                 channel->is_socket ? channel->path : "") < 0)
        return NULL;
    return text;
}
