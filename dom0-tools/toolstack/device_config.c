/* SPDX-License-Identifier: MIT */
/* Specifications of disks and network interfaces; see device_config.h. */
#include "toolstack/device_config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "toolstack/suggest.h"

static int wrong(struct error **err_out, const char *what, const char *which)
{
    return error_set(err_out, ERROR_CONFIG, -EINVAL, "%s'%s'", what, which);
}

/* Keep a copy; -ENOMEM. */
static int keep(char **to, const char *text, struct error **err_out)
{
    free(*to);
    *to = strdup(text);
    return *to ? 0
               : error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
}

static char *skip_blanks(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

/* Numbers of disks. */

/* `a` is 0, `z` 25, `aa` 26; moves *text behind the letters. */
static bool letters_parse(const char **text, unsigned int *number)
{
    const char *p = *text;
    unsigned int n = 0;

    for (; islower((unsigned char)*p) && n < 100000; p++)
        n = n * 26 + (unsigned int)(*p - 'a') + 1;
    if (p == *text)
        return false;
    *text = p;
    *number = n - 1;
    return true;
}

/* A number of decimal digits without leading zeros, to the end of the text. */
static bool digits_parse(const char *text, unsigned int *number)
{
    char *end;

    if (!isdigit((unsigned char)*text) || (*text == '0' && text[1]))
        return false;
    *number = (unsigned int)strtoul(text, &end, 10);
    return !*end && end - text < 7;
}

#define EXTENDED (1u << 28)

static unsigned int xvd_number(unsigned int disk, unsigned int partition)
{
    if (disk < 16 && partition < 16)
        return 202u << 8 | disk << 4 | partition;
    return disk < 1u << 20 && partition < 256 ? EXTENDED | disk << 8 | partition
                                              : 0;
}

static unsigned int hd_number(unsigned int disk, unsigned int partition)
{
    if (disk > 3 || partition > 63)
        return 0;
    return (disk < 2 ? 3u : 22u) << 8 | (disk & 1) << 6 | partition;
}

static unsigned int sd_number(unsigned int disk, unsigned int partition)
{
    return disk < 16 && partition < 16 ? 8u << 8 | disk << 4 | partition : 0;
}

/* `d2p1`: disk and partition in digits. */
static unsigned int d_number(const char *text)
{
    unsigned int disk, partition = 0;
    char digits[16];
    size_t len = strcspn(text, "p");

    if (len == 0 || len >= sizeof(digits))
        return 0;
    memcpy(digits, text, len);
    digits[len] = 0;
    if (!digits_parse(digits, &disk) ||
        (text[len] && !digits_parse(text + len + 1, &partition)))
        return 0;
    return xvd_number(disk, partition);
}

unsigned int disk_number(const char *vdev)
{
    static const struct {
        const char *prefix;
        unsigned int (*number)(unsigned int disk, unsigned int partition);
    } kinds[] = {{"xvd", xvd_number}, {"hd", hd_number}, {"sd", sd_number}};
    unsigned int disk, partition = 0;
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const char *rest = vdev + strlen(kinds[i].prefix);

        if (strncmp(vdev, kinds[i].prefix, strlen(kinds[i].prefix)))
            continue;
        if (!letters_parse(&rest, &disk) ||
            (*rest && (!digits_parse(rest, &partition) || !partition)))
            return 0;
        return kinds[i].number(disk, partition);
    }
    return *vdev == 'd' ? d_number(vdev + 1) : 0;
}

/* Disks. */

static int target_set(struct disk_config *d, const char *text,
                      struct error **err_out)
{
    char *path;
    int rc;

    if (*text == '/' || !*text)
        return keep(&d->target, text, err_out);
    if (asprintf(&path, "/dev/%s", text) < 0)
        return keep(&d->target, text, err_out);
    rc = keep(&d->target, path, err_out);
    free(path);
    return rc;
}

static int format_set(struct disk_config *d, const char *text,
                      struct error **err_out)
{
    (void)d;
    if (!*text || !strcmp(text, "raw"))
        return 0;
    error_set(err_out, ERROR_CONFIG, -EOPNOTSUPP,
              "format '%s' is not supported yet", text);
    return error_hint(err_out, "convert it to raw");
}

static int vdev_set(struct disk_config *d, const char *text,
                    struct error **err_out)
{
    d->number = disk_number(text);
    if (!d->number) {
        wrong(err_out, "no such virtual disk: ", text);
        return error_hint(err_out, "one is xvda, xvdb, ..");
    }
    return keep(&d->vdev, text, err_out);
}

static int access_set(struct disk_config *d, const char *text,
                      struct error **err_out)
{
    if (!strcmp(text, "r") || !strcmp(text, "ro"))
        d->read_only = true;
    else if (*text && strcmp(text, "w") && strcmp(text, "rw"))
        return wrong(err_out, "access is r or w, not ", text);
    return 0;
}

static int devtype_set(struct disk_config *d, const char *text,
                       struct error **err_out)
{
    if (!strcmp(text, "cdrom"))
        d->cdrom = d->read_only = true;
    else if (strcmp(text, "disk"))
        return wrong(err_out, "devtype is disk or cdrom, not ", text);
    return 0;
}

static int backendtype_set(struct disk_config *d, const char *text,
                           struct error **err_out)
{
    (void)d;
    return strcmp(text, "phy")
               ? wrong(err_out, "backendtype is phy, not ", text)
               : 0;
}

/* The stock script for ordinary disks does what is done here without it. */
static int script_set(struct disk_config *d, const char *text,
                      struct error **err_out)
{
    (void)d;
    return strcmp(text, "block")
               ? wrong(err_out, "scripts are not supported yet: ", text)
               : 0;
}

static int discard_set(struct disk_config *d, const char *text,
                       struct error **err_out)
{
    (void)text, (void)err_out;
    d->no_discard = false;
    return 0;
}

static int no_discard_set(struct disk_config *d, const char *text,
                          struct error **err_out)
{
    (void)text, (void)err_out;
    d->no_discard = true;
    return 0;
}

/* Says what is anyhow so. */
static int nothing_set(struct disk_config *d, const char *text,
                       struct error **err_out)
{
    (void)d, (void)text, (void)err_out;
    return 0;
}

struct disk_key {
    const char *name;
    int (*set)(struct disk_config *d, const char *text, struct error **err_out);
    bool is_flag;
};

/* The first four are also positions. */
static const struct disk_key disk_keys[] = {
    {"target", target_set, false},
    {"format", format_set, false},
    {"vdev", vdev_set, false},
    {"access", access_set, false},
    {"devtype", devtype_set, false},
    {"backendtype", backendtype_set, false},
    {"script", script_set, false},
    {"cdrom", devtype_set, true},
    {"discard", discard_set, true},
    {"no-discard", no_discard_set, true},
    {"direct-io-safe", nothing_set, true},
    {"trusted", nothing_set, true},
};
#define NR_DISK_KEYS (sizeof(disk_keys) / sizeof(disk_keys[0]))
#define NR_POSITIONS 4

static const struct disk_key *disk_key_find(const char *name, bool is_flag)
{
    size_t i;

    for (i = 0; i < NR_DISK_KEYS; i++)
        if (disk_keys[i].is_flag == is_flag && !strcmp(disk_keys[i].name, name))
            return &disk_keys[i];
    return NULL;
}

static int unknown_disk_key(const char *name, struct error **err_out)
{
    const char *near = NULL;
    size_t i, best = 0;

    for (i = 0; i < NR_DISK_KEYS; i++)
        suggest(name, disk_keys[i].name, &near, &best);
    wrong(err_out, "no such key: ", name);
    return near ? error_hint(err_out, "did you mean `%s`?", near) : -EINVAL;
}

/* One part between commas; the next free position is *position. */
static int disk_part(struct disk_config *d, char *part, unsigned int *position,
                     struct error **err_out)
{
    char *equals = strchr(part, '=');
    const struct disk_key *key;

    if (equals && *part != '/') {
        *equals = 0;
        key = disk_key_find(part, false);
        return key ? key->set(d, equals + 1, err_out)
                   : unknown_disk_key(part, err_out);
    }
    key = disk_key_find(part, true);
    if (key)
        return key->set(d, part, err_out);
    if (*position == NR_POSITIONS)
        return wrong(err_out, "one part too many: ", part);
    key = &disk_keys[(*position)++];
    return *part || key->set == access_set ? key->set(d, part, err_out) : 0;
}

/* Without the prefix of older configurations, after which no format comes. */
static char *old_prefix(char *text, bool *is_old)
{
    static const char *const prefixes[] = {"phy:", "file:", "raw:", "aio:"};
    size_t i;

    *is_old = true;
    for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (!strncmp(text, prefixes[i], strlen(prefixes[i])))
            return text + strlen(prefixes[i]);
    *is_old = false;
    return text;
}

static int disk_parts(char *text, struct disk_config *d, struct error **err_out)
{
    unsigned int position = 0, count = 0;
    bool is_old;
    char *part = old_prefix(skip_blanks(text), &is_old), *comma;
    int rc = 0;

    for (; part && !rc; part = comma ? comma + 1 : NULL, count++) {
        part = skip_blanks(part);
        /* A target by name takes all of the rest. */
        comma = strncmp(part, "target=", 7) ? strchr(part, ',') : NULL;
        if (comma)
            *comma = 0;
        rc = disk_part(d, part, &position, err_out);
        if (is_old && position == 1)
            position = 2;
    }
    return rc;
}

int disk_config_parse(const char *text, struct disk_config *disk,
                      struct error **err_out)
{
    struct disk_config d = {0};
    char *copy = strdup(text);
    int rc;

    if (!copy)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    rc = disk_parts(copy, &d, err_out);
    if (!rc && !d.vdev)
        rc = error_set(err_out, ERROR_CONFIG, -EINVAL,
                       "no vdev is given: how the guest calls the disk");
    if (!rc && (!d.target || !*d.target))
        rc = error_set(err_out, ERROR_CONFIG, -EINVAL,
                       "no target is given: a block device or file");
    free(copy);
    if (rc)
        disk_config_free(&d);
    else
        *disk = d;
    return rc;
}

void disk_config_free(struct disk_config *disk)
{
    free(disk->target);
    free(disk->vdev);
    *disk = (struct disk_config){0};
}

/* Network interfaces. */

static int mac_set(struct vif_config *v, const char *text,
                   struct error **err_out)
{
    unsigned int b[6], i;
    int used = 0;

    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3],
               &b[4], &b[5], &used) != 6 ||
        text[used])
        return wrong(err_out, "a MAC address is six pairs of digits, not ",
                     text);
    if (b[0] & 1)
        return wrong(err_out, "this MAC address is a group's: ", text);
    for (i = 0; i < 6; i++)
        v->mac[i] = (uint8_t)b[i];
    v->has_mac = true;
    return 0;
}

/* A name that an interface can have. */
static int interface_name(char **to, const char *text, struct error **err_out)
{
    if (!*text || strlen(text) > 15 || strpbrk(text, "/ \t"))
        return wrong(err_out, "no interface can be called ", text);
    return keep(to, text, err_out);
}

static int bridge_set(struct vif_config *v, const char *text,
                      struct error **err_out)
{
    return interface_name(&v->bridge, text, err_out);
}

static int vifname_set(struct vif_config *v, const char *text,
                       struct error **err_out)
{
    return interface_name(&v->name, text, err_out);
}

static int ip_set(struct vif_config *v, const char *text,
                  struct error **err_out)
{
    return keep(&v->ip, text, err_out);
}

static int mtu_set(struct vif_config *v, const char *text,
                   struct error **err_out)
{
    char *end;

    v->mtu = strtol(text, &end, 10);
    return end == text || *end || v->mtu < 68 || v->mtu > 65535
               ? wrong(err_out, "mtu is from 68 to 65535, not ", text)
               : 0;
}

static int vif_script_set(struct vif_config *v, const char *text,
                          struct error **err_out)
{
    (void)v;
    return strcmp(text, "vif-bridge")
               ? wrong(err_out, "scripts are not supported yet: ", text)
               : 0;
}

static int type_set(struct vif_config *v, const char *text,
                    struct error **err_out)
{
    (void)v;
    return strcmp(text, "vif")
               ? wrong(err_out, "a PV guest's type is vif, not ", text)
               : 0;
}

static const struct {
    const char *name;
    int (*set)(struct vif_config *v, const char *text, struct error **err_out);
} vif_keys[] = {
    {"mac", mac_set},   {"bridge", bridge_set},
    {"ip", ip_set},     {"vifname", vifname_set},
    {"mtu", mtu_set},   {"script", vif_script_set},
    {"type", type_set},
};
#define NR_VIF_KEYS (sizeof(vif_keys) / sizeof(vif_keys[0]))

static int vif_part(struct vif_config *v, char *part, struct error **err_out)
{
    char *equals = strchr(part, '=');
    const char *near = NULL;
    size_t i, best = 0;

    if (!equals)
        return wrong(err_out, "wants key=value, not ", part);
    *equals = 0;
    for (i = 0; i < NR_VIF_KEYS; i++)
        if (!strcmp(vif_keys[i].name, part))
            return vif_keys[i].set(v, equals + 1, err_out);
    for (i = 0; i < NR_VIF_KEYS; i++)
        suggest(part, vif_keys[i].name, &near, &best);
    wrong(err_out, "no such key: ", part);
    return near ? error_hint(err_out, "did you mean `%s`?", near) : -EINVAL;
}

int vif_config_parse(const char *text, struct vif_config *vif,
                     struct error **err_out)
{
    struct vif_config v = {.mtu = -1};
    char *copy = strdup(text), *rest, *part;
    int rc = 0;

    if (!copy)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    for (part = strtok_r(copy, ",", &rest); part && !rc;
         part = strtok_r(NULL, ",", &rest)) {
        part = skip_blanks(part);
        if (*part)
            rc = vif_part(&v, part, err_out);
    }
    free(copy);
    if (rc)
        vif_config_free(&v);
    else
        *vif = v;
    return rc;
}

void vif_config_free(struct vif_config *vif)
{
    free(vif->bridge);
    free(vif->ip);
    free(vif->name);
    *vif = (struct vif_config){0};
}
