/* SPDX-License-Identifier: MIT */
/* Specifications of disks; see device_config.h. */
#include "toolstack/device_config_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct {
    const char *name;
    const char *qemu;
} formats[] = {
    [DISK_RAW]   = {"raw", "raw"},
    [DISK_QCOW]  = {"qcow", "qcow"},
    [DISK_QCOW2] = {"qcow2", "qcow2"},
    [DISK_QED]   = {"qed", "qed"},
    [DISK_VDI]   = {"vdi", "vdi"},
    [DISK_VHD]   = {"vhd", "vpc"},
    [DISK_VMDK]  = {"vmdk", "vmdk"},
};
/* clang-format on */
#define NR_FORMATS (sizeof(formats) / sizeof(formats[0]))

const char *disk_format_name(enum disk_format format)
{
    return formats[format].name;
}

const char *disk_format_qemu(enum disk_format format)
{
    return formats[format].qemu;
}

static int target_set(struct disk_config *d, const char *text,
                      struct error **err_out)
{
    return spec_keep(&d->target, text, err_out);
}

static int format_set(struct disk_config *d, const char *text,
                      struct error **err_out)
{
    size_t i;

    for (i = 0; i < NR_FORMATS; i++)
        if (!strcmp(formats[i].name, text)) {
            d->format = (enum disk_format)i;
            return 0;
        }
    spec_wrong(err_out, "no such format: ", text);
    return error_hint(err_out, "it is raw, qcow2, qcow, qed, vdi, vhd or vmdk");
}

static int devtype_set(struct disk_config *d, const char *text,
                       struct error **err_out)
{
    if (!strcmp(text, "cdrom"))
        d->cdrom = true;
    else if (strcmp(text, "disk"))
        return spec_wrong(err_out, "devtype is disk or cdrom, not ", text);
    return 0;
}

/* Older configurations have the type behind a colon. */
static int vdev_set(struct disk_config *d, const char *text,
                    struct error **err_out)
{
    char *colon;
    int rc = spec_keep(&d->vdev, text, err_out);

    if (rc)
        return rc;
    colon = strchr(d->vdev, ':');
    if (colon)
        *colon++ = 0;
    d->number = disk_number(d->vdev);
    if (!d->number) {
        spec_wrong(err_out, "no such virtual disk: ", d->vdev);
        return error_hint(err_out, "one is xvda, xvdb, ..");
    }
    return colon ? devtype_set(d, colon, err_out) : 0;
}

/* `!` behind it: another guest may have it, too. */
static int access_set(struct disk_config *d, const char *text,
                      struct error **err_out)
{
    static const struct {
        const char *text;
        bool read_only, shared;
    } rows[] = {
        {"r", true, false},   {"ro", true, false}, {"w", false, false},
        {"rw", false, false}, {"w!", false, true}, {"rw!", false, true},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (!strcmp(rows[i].text, text)) {
            d->read_only = rows[i].read_only;
            d->shared = rows[i].shared;
            return 0;
        }
    return spec_wrong(err_out, "access is r, w or w!, not ", text);
}

/* Kept for now also where it makes no difference: see daemon_complete(). */
static int backendtype_set(struct disk_config *d, const char *text,
                           struct error **err_out)
{
    d->daemon = !strcmp(text, "qdisk");
    if (d->daemon || !strcmp(text, "phy") || !strcmp(text, "tap"))
        return 0;
    return spec_wrong(err_out, "backendtype is phy or qdisk, not ", text);
}

/* A limit: a number, 0 for none. */
static int limit_parse(const char *text, uint64_t most, uint64_t *out,
                       struct error **err_out)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno && *out <= most)
        return 0;
    return spec_wrong(err_out, "a limit is a number per second, not ", text);
}

static int iops_set(struct disk_config *d, const char *text,
                    struct error **err_out)
{
    uint64_t value;
    int rc = limit_parse(text, UINT32_MAX, &value, err_out);

    if (!rc)
        d->iops = (uint32_t)value;
    return rc;
}

static int bps_set(struct disk_config *d, const char *text,
                   struct error **err_out)
{
    return limit_parse(text, INT64_MAX, &d->bps, err_out);
}

static int backend_set(struct disk_config *d, const char *text,
                       struct error **err_out)
{
    return spec_keep(&d->backend, text, err_out);
}

/* The stock script for ordinary disks does what is done here without it. */
static int script_set(struct disk_config *d, const char *text,
                      struct error **err_out)
{
    return strcmp(text, "block") ? spec_keep_script(&d->script, text, err_out)
                                 : 0;
}

static int specification_set(struct disk_config *d, const char *text,
                             struct error **err_out)
{
    (void)d;
    return strcmp(text, "xen")
               ? spec_wrong(err_out, "a PV guest's disk is xen, not ", text)
               : 0;
}

static int cdrom_set(struct disk_config *d, const char *text,
                     struct error **err_out)
{
    return devtype_set(d, text, err_out);
}

static int discard_set(struct disk_config *d, const char *text,
                       struct error **err_out)
{
    (void)err_out;
    d->no_discard = !strcmp(text, "no-discard");
    return 0;
}

static int direct_set(struct disk_config *d, const char *text,
                      struct error **err_out)
{
    (void)text, (void)err_out;
    d->direct = true;
    return 0;
}

static int trusted_set(struct disk_config *d, const char *text,
                       struct error **err_out)
{
    (void)err_out;
    d->untrusted = !strcmp(text, "untrusted");
    return 0;
}

static int colo_set(struct disk_config *d, const char *text,
                    struct error **err_out)
{
    (void)d;
    return spec_wrong(err_out, "replication of disks is not supported: ", text);
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
    {"backend", backend_set, false},
    {"backendtype", backendtype_set, false},
    {"iops", iops_set, false},
    {"bps", bps_set, false},
    {"script", script_set, false},
    {"specification", specification_set, false},
    {"cdrom", cdrom_set, true},
    {"discard", discard_set, true},
    {"no-discard", discard_set, true},
    {"direct-io-safe", direct_set, true},
    {"trusted", trusted_set, true},
    {"untrusted", trusted_set, true},
    {"colo", colo_set, true},
    {"colo-host", colo_set, false},
    {"colo-port", colo_set, false},
    {"colo-export", colo_set, false},
    {"active-disk", colo_set, false},
    {"hidden-disk", colo_set, false},
};
#define NR_DISK_KEYS    (sizeof(disk_keys) / sizeof(disk_keys[0]))
#define POSITION_FORMAT 1
#define NR_POSITIONS    4

/* One reading. */
struct reading {
    struct disk_config *d;
    unsigned int position; /* the next one */
    unsigned long given;   /* a bit for each key */
    bool old;              /* `phy:..,xvda,w`: without the position of format */
};

static const struct disk_key *disk_key_find(const char *name, bool is_flag)
{
    size_t i;

    for (i = 0; i < NR_DISK_KEYS; i++)
        if (disk_keys[i].is_flag == is_flag && !strcmp(disk_keys[i].name, name))
            return &disk_keys[i];
    return NULL;
}

/* Set what a key says, once; an empty value says nothing. */
static int key_apply(struct reading *r, const struct disk_key *key,
                     const char *text, struct error **err_out)
{
    unsigned long bit = 1ul << (key - disk_keys);

    if (!*text)
        return 0;
    if (r->given & bit)
        return spec_wrong(err_out, "given twice: ", key->name);
    r->given |= bit;
    return key->set(r->d, text, err_out);
}

/* The position that a word without `=` has. */
static const struct disk_key *position_take(struct reading *r, const char *word)
{
    while (r->position < NR_POSITIONS && r->given & 1ul << r->position)
        r->position++;
    /* Older configurations have no format, which shows behind a prefix only,
     * or by `hdc:cdrom`. */
    if (r->position == POSITION_FORMAT && (r->old || strchr(word, ':')))
        r->position++;
    return r->position < NR_POSITIONS ? &disk_keys[r->position++] : NULL;
}

/* One part between commas. */
static int disk_part(struct reading *r, char *part, struct error **err_out)
{
    char *equals = strchr(part, '=');
    const struct disk_key *key;

    if (equals && *part != '/') {
        *equals = 0;
        key = disk_key_find(part, false);
        return key ? key_apply(r, key, equals + 1, err_out)
                   : spec_unknown_key(part, disk_keys, NR_DISK_KEYS,
                                      sizeof(disk_keys[0]), err_out);
    }
    key = disk_key_find(part, true);
    if (!key)
        key = position_take(r, part);
    return key ? key_apply(r, key, part, err_out)
               : spec_wrong(err_out, "one part too many: ", part);
}

/* Prefixes of older configurations, of which there may be several. */
static const struct {
    const char *text;
    const char *key; /* what it stands for; NULL: nothing any more */
    const char *value;
} prefixes[] = {
    {"phy:", NULL, NULL},
    {"file:", NULL, NULL},
    {"tap:", NULL, NULL},
    {"tap2:", NULL, NULL},
    {"tapdisk:", NULL, NULL},
    {"aio:", NULL, NULL},
    {"ioemu:", NULL, NULL},
    {"raw:", "format", "raw"},
    {"qcow:", "format", "qcow"},
    {"qcow2:", "format", "qcow2"},
    {"vhd:", "format", "vhd"},
    {"iscsi:", "script", "block-iscsi"},
    {"nbd:", "script", "block-nbd"},
    {"enbd:", "script", "block-enbd"},
    {"drbd:", "script", "block-drbd"},
};
#define NR_PREFIXES (sizeof(prefixes) / sizeof(prefixes[0]))

/* The text behind one prefix; itself where it has none. */
static char *prefix_take(struct reading *r, char *text, struct error **err_out,
                         int *rc)
{
    size_t i;

    for (i = 0; i < NR_PREFIXES; i++) {
        size_t length = strlen(prefixes[i].text);

        if (strncmp(text, prefixes[i].text, length))
            continue;
        r->old = true;
        if (prefixes[i].key)
            *rc = key_apply(r, disk_key_find(prefixes[i].key, false),
                            prefixes[i].value, err_out);
        return text + length;
    }
    return text;
}

static int disk_parts(struct reading *r, char *text, struct error **err_out)
{
    char *part = spec_skip_blanks(text), *next, *comma;
    int rc = 0;

    for (next = prefix_take(r, part, err_out, &rc); next != part && !rc;
         next = prefix_take(r, part, err_out, &rc))
        part = next;
    for (; part && !rc; part = comma ? comma + 1 : NULL) {
        part = spec_skip_blanks(part);
        /* A target by name takes all of the rest. */
        comma = strncmp(part, "target=", 7) ? strchr(part, ',') : NULL;
        if (comma)
            *comma = 0;
        rc = disk_part(r, part, err_out);
    }
    return rc;
}

/* A path of the host; without a folder, it is in /dev. */
static int target_complete(struct disk_config *d, struct error **err_out)
{
    char *path;
    int rc;

    if (!d->target && d->cdrom) {
        error_set(err_out, ERROR_CONFIG, -EINVAL,
                  "a PV guest's drive can't be empty");
        return error_hint(err_out, "name an image, or attach one later by "
                                   "`xl block-attach`");
    }
    if (!d->target)
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "no target is given: a block device or file");
    if (strlen(d->target) > DISK_MAX_TARGET - strlen("/dev/"))
        return error_set(err_out, ERROR_CONFIG, -ENAMETOOLONG,
                         "the target is too long");
    if (d->script || *d->target == '/')
        return 0;
    if (asprintf(&path, "/dev/%s", d->target) < 0)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    rc = spec_keep(&d->target, path, err_out);
    free(path);
    return rc;
}

/* The daemon serves disks of this host; the kernel does all others, whatever
 * their backendtype. */
static int daemon_complete(struct disk_config *d, struct error **err_out)
{
    if (d->script || d->backend)
        d->daemon = false;
    if (d->daemon || (!d->iops && !d->bps))
        return 0;
    error_set(err_out, ERROR_CONFIG, -EINVAL,
              "iops= and bps= are limits of xen-blkd");
    return error_hint(err_out, "it serves disks with backendtype=qdisk");
}

/* What keys mean together. */
static int disk_complete(const struct reading *r, struct error **err_out)
{
    const struct disk_key *access = disk_key_find("access", false);
    struct disk_config *d = r->d;

    if (!d->vdev)
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "no vdev is given: how the guest calls the disk");
    if (d->cdrom && r->given & 1ul << (access - disk_keys) && !d->read_only)
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "a cdrom can only be read: access=r");
    if (d->cdrom)
        d->read_only = true;
    if (d->script && d->format != DISK_RAW)
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "a script's disk is raw, not %s",
                         disk_format_name(d->format));
    if (daemon_complete(d, err_out))
        return -EINVAL;
    return target_complete(d, err_out);
}

int disk_config_parse(const char *text, struct disk_config *disk,
                      struct error **err_out)
{
    struct disk_config d = {0};
    struct reading r = {.d = &d};
    char *copy = strdup(text);
    int rc;

    if (!copy)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    rc = disk_parts(&r, copy, err_out);
    if (!rc)
        rc = disk_complete(&r, err_out);
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
    free(disk->script);
    free(disk->backend);
    *disk = (struct disk_config){0};
}

static const char *access_name(const struct disk_config *disk)
{
    if (disk->read_only)
        return "r";
    return disk->shared ? "w!" : "w";
}

char *disk_config_text(const struct disk_config *disk)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    fprintf(out, "format=%s,vdev=%s,access=%s", disk_format_name(disk->format),
            disk->vdev, access_name(disk));
    if (disk->script)
        fprintf(out, ",script=%s", disk->script);
    if (disk->backend)
        fprintf(out, ",backend=%s", disk->backend);
    if (disk->daemon)
        fputs(",backendtype=qdisk", out);
    if (disk->iops)
        fprintf(out, ",iops=%u", disk->iops);
    if (disk->bps)
        fprintf(out, ",bps=%llu", (unsigned long long)disk->bps);
    fprintf(out, "%s%s%s%s,target=%s", disk->cdrom ? ",cdrom" : "",
            disk->no_discard ? ",no-discard" : "",
            disk->direct ? ",direct-io-safe" : "",
            disk->untrusted ? ",untrusted" : "", disk->target);
    if (fclose(out)) {
        free(text);
        return NULL;
    }
    return text;
}
