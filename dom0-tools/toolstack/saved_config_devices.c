/* SPDX-License-Identifier: MIT */
/*
 * Disks, network interfaces and channels in the stock tools' JSON, and back;
 * see saved_config.h. What xl.cfg says, but they have no member for, has one
 * whose name begins with xenia_: they pass over it.
 */
#include "toolstack/saved_config_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEVICES 256u

/* Writing. */

void saved_config_disk_put(struct json *j, const struct disk_config *d)
{
    json_object(j, NULL);
    if (d->backend)
        json_text(j, "backend_domname", d->backend);
    json_text(j, "pdev_path", d->target);
    json_text(j, "vdev", d->vdev);
    json_text(j, "backend", d->format == DISK_RAW ? "phy" : "qdisk");
    json_text(j, "format", disk_format_name(d->format));
    if (d->script)
        json_text(j, "script", d->script);
    /* What is 0 is left out. */
    if (d->cdrom)
        json_int(j, "removable", 1);
    if (!d->read_only)
        json_int(j, "readwrite", 1);
    if (d->cdrom)
        json_int(j, "is_cdrom", 1);
    if (d->direct)
        json_bool(j, "direct_io_safe", true);
    if (d->no_discard)
        json_text(j, "discard_enable", saved_config_truth(false));
    if (d->untrusted)
        json_text(j, "trusted", saved_config_truth(false));
    if (d->shared)
        json_bool(j, "xenia_shared", true);
    if (d->daemon)
        json_bool(j, "xenia_daemon", true);
    if (d->iops)
        json_int(j, "xenia_iops", d->iops);
    if (d->bps)
        json_int(j, "xenia_bps", (int64_t)d->bps);
    json_object_end(j);
}

void saved_config_nic_put(struct json *j, const struct vif_config *v)
{
    char mac[MAC_TEXT_SIZE];

    vif_mac_text(v, mac);
    json_object(j, NULL);
    if (v->backend)
        json_text(j, "backend_domname", v->backend);
    json_int(j, "devid", v->devid);
    if (v->mtu > 0)
        json_int(j, "mtu", v->mtu);
    json_text(j, "mac", mac);
    if (v->ip)
        json_text(j, "ip", v->ip);
    if (v->bridge)
        json_text(j, "bridge", v->bridge);
    if (v->name)
        json_text(j, "ifname", v->name);
    if (vif_script_name(v))
        json_text(j, "script", vif_script_name(v));
    if (v->rate_bytes) {
        json_int(j, "rate_bytes_per_interval", (int64_t)v->rate_bytes);
        json_int(j, "rate_interval_usecs", v->rate_interval_us);
    }
    if (v->gateway)
        json_text(j, "gatewaydev", v->gateway);
    if (v->untrusted)
        json_text(j, "trusted", saved_config_truth(false));
    if (v->rate_in)
        json_int(j, "xenia_rate_in", (int64_t)v->rate_in);
    if (v->daemon)
        json_bool(j, "xenia_daemon", true);
    if (v->antispoof)
        json_bool(j, "xenia_antispoof", true);
    json_object_end(j);
}

static void disks_put(struct json *j, const struct vm_config *config)
{
    size_t i;

    if (!config->nr_disks)
        return;
    json_array(j, "disks");
    for (i = 0; i < config->nr_disks; i++)
        saved_config_disk_put(j, &config->disk[i]);
    json_array_end(j);
}

static void nics_put(struct json *j, const struct vm_config *config)
{
    size_t i;

    if (!config->nr_vifs)
        return;
    json_array(j, "nics");
    for (i = 0; i < config->nr_vifs; i++)
        saved_config_nic_put(j, &config->vif[i]);
    json_array_end(j);
}

static void channels_put(struct json *j, const struct vm_config *config)
{
    size_t i;

    if (!config->nr_channels)
        return;
    json_array(j, "channels");
    for (i = 0; i < config->nr_channels; i++) {
        const struct channel_config *c = &config->channel[i];

        json_object(j, NULL);
        json_int(j, "devid", (int64_t)i);
        json_text(j, "name", c->name);
        json_object(j, c->is_socket ? "connection.socket" : "connection.pty");
        if (c->is_socket)
            json_text(j, "path", c->path);
        json_object_end(j);
        json_object_end(j);
    }
    json_array_end(j);
}

void saved_config_devices_put(struct json *j, const struct vm_config *config)
{
    disks_put(j, config);
    nics_put(j, config);
    channels_put(j, config);
}

/* Reading. */

/* Say `key=value` of a member, if it is there; no value ends another one. */
static int part_put(FILE *out, yajl_val value, const char *member_name,
                    const char *key, struct error **err_out)
{
    char *text = NULL;
    int rc = json_text_get(value, member_name, &text, err_out);

    if (!rc && text && strpbrk(text, ",\"\n"))
        rc = json_wrong(err_out, member_name);
    if (!rc && text && *text)
        fprintf(out, "%s=%s,", key, text);
    free(text);
    return rc;
}

/* Members as the keys of a specification in xl.cfg. */
struct part {
    const char *member;
    const char *key;
};

static int parts_put(FILE *out, yajl_val value, const struct part *parts,
                     size_t nr, struct error **err_out)
{
    size_t i;
    int rc = 0;

    for (i = 0; i < nr && !rc; i++)
        rc = part_put(out, value, parts[i].member, parts[i].key, err_out);
    return rc;
}

/* Flags and the target, which is the rest of the text. */
static void disk_rest_put(FILE *out, yajl_val value)
{
    const char *access = json_is_set(value, "xenia_shared") ? "rw!" : "rw";

    fprintf(out, "access=%s", json_is_set(value, "readwrite") ? access : "ro");
    if (json_is_set(value, "is_cdrom"))
        fputs(",devtype=cdrom", out);
    if (json_is_set(value, "direct_io_safe"))
        fputs(",direct-io-safe", out);
    if (json_is_off(value, "discard_enable"))
        fputs(",no-discard", out);
    if (json_is_off(value, "trusted"))
        fputs(",untrusted", out);
    if (json_is_set(value, "xenia_daemon"))
        fputs(",backendtype=qdisk", out);
    fputs(",target=", out);
}

static int disk_write(FILE *out, yajl_val value, struct error **err_out)
{
    static const struct part parts[] = {{"vdev", "vdev"},
                                        {"format", "format"},
                                        {"script", "script"},
                                        {"backend_domname", "backend"}};
    long long iops = 0, bps = 0;
    char *target = NULL;
    int rc = parts_put(out, value, parts, 4, err_out);

    if (!rc)
        rc =
            json_number_get(value, "xenia_iops", 0, UINT32_MAX, &iops, err_out);
    if (!rc)
        rc = json_number_get(value, "xenia_bps", 0, INT64_MAX, &bps, err_out);
    if (iops)
        fprintf(out, "iops=%lld,", iops);
    if (bps)
        fprintf(out, "bps=%lld,", bps);
    if (!rc)
        rc = json_text_get(value, "pdev_path", &target, err_out);
    if (!rc && target && strpbrk(target, "\"\n"))
        rc = json_wrong(err_out, "pdev_path");
    if (!rc) {
        disk_rest_put(out, value);
        fputs(target ? target : "", out);
    }
    free(target);
    return rc;
}

static int nic_write(FILE *out, yajl_val value, struct error **err_out)
{
    static const struct part parts[] = {{"mac", "mac"},
                                        {"bridge", "bridge"},
                                        {"ip", "ip"},
                                        {"ifname", "vifname"},
                                        {"script", "script"},
                                        {"gatewaydev", "gatewaydev"},
                                        {"backend_domname", "backend"}};
    long long mtu = 0, devid = -1;
    int rc = parts_put(out, value, parts, 7, err_out);

    if (!rc)
        rc = json_number_get(value, "mtu", 0, 65535, &mtu, err_out);
    if (!rc)
        rc = json_number_get(value, "devid", -1, MAX_DEVICES, &devid, err_out);
    if (mtu > 0)
        fprintf(out, "mtu=%lld,", mtu);
    if (devid >= 0)
        fprintf(out, "devid=%lld,", devid);
    if (json_is_set(value, "xenia_daemon"))
        fputs("backendtype=qnic,", out);
    if (json_is_set(value, "xenia_antispoof"))
        fputs("antispoof=1,", out);
    return rc;
}

/* A device's specification as xl.cfg would have it, without a last comma. */
static int spec_make(int (*write)(FILE *out, yajl_val value,
                                  struct error **err_out),
                     yajl_val value, char **spec_out, struct error **err_out)
{
    size_t size;
    FILE *out = open_memstream(spec_out, &size);
    int rc;

    if (!out)
        return json_no_memory(err_out);
    rc = write(out, value, err_out);
    if (fclose(out) && !rc)
        rc = json_no_memory(err_out);
    size = strlen(*spec_out);
    if (size && (*spec_out)[size - 1] == ',')
        (*spec_out)[size - 1] = 0;
    return rc;
}

static int disk_get(yajl_val value, struct disk_config *disk,
                    struct error **err_out)
{
    char *spec = NULL;
    int rc = spec_make(disk_write, value, &spec, err_out);

    if (!rc)
        rc = disk_config_parse(spec, disk, err_out);
    free(spec);
    return rc;
}

static int nic_get(yajl_val value, struct vif_config *vif,
                   struct error **err_out)
{
    long long rate = 0, interval = 0, rate_in = 0;
    char *spec = NULL;
    int rc = spec_make(nic_write, value, &spec, err_out);

    if (!rc)
        rc = json_number_get(value, "rate_bytes_per_interval", 0, INT64_MAX,
                             &rate, err_out);
    if (!rc)
        rc = json_number_get(value, "rate_interval_usecs", 0, UINT32_MAX,
                             &interval, err_out);
    if (!rc)
        rc = json_number_get(value, "xenia_rate_in", 0, INT32_MAX, &rate_in,
                             err_out);
    if (!rc && rate && !interval)
        rc = json_wrong(err_out, "rate_interval_usecs");
    if (!rc)
        rc = vif_config_parse(spec, vif, err_out);
    free(spec);
    if (rc)
        return rc;
    vif->rate_bytes = (uint64_t)rate;
    vif->rate_interval_us = (uint32_t)interval;
    vif->rate_in = (uint64_t)rate_in;
    vif->untrusted = json_is_off(value, "trusted");
    return 0;
}

/* Objects of an array, at most MAX_DEVICES. */
static int array_get(yajl_val root, const char *key, yajl_val **values,
                     size_t *nr, struct error **err_out)
{
    yajl_val list = json_member(root, key);

    *nr = 0;
    if (!list || YAJL_IS_NULL(list))
        return 0;
    if (!YAJL_IS_ARRAY(list) || YAJL_GET_ARRAY(list)->len > MAX_DEVICES)
        return json_wrong(err_out, key);
    *values = YAJL_GET_ARRAY(list)->values;
    *nr = YAJL_GET_ARRAY(list)->len;
    return 0;
}

static int disks_get(yajl_val root, struct vm_config *config,
                     struct error **err_out)
{
    yajl_val *values = NULL;
    size_t nr, i;
    int rc = array_get(root, "disks", &values, &nr, err_out);

    config->disk = calloc(nr + 1, sizeof(*config->disk));
    if (!config->disk)
        return json_no_memory(err_out);
    for (i = 0; i < nr && !rc; i++) {
        rc = disk_get(values[i], &config->disk[i], err_out);
        config->nr_disks += !rc;
    }
    return rc;
}

static int nics_get(yajl_val root, struct vm_config *config,
                    struct error **err_out)
{
    yajl_val *values = NULL;
    size_t nr, i;
    int rc = array_get(root, "nics", &values, &nr, err_out);

    config->vif = calloc(nr + 1, sizeof(*config->vif));
    if (!config->vif)
        return json_no_memory(err_out);
    for (i = 0; i < nr && !rc; i++) {
        rc = nic_get(values[i], &config->vif[i], err_out);
        config->nr_vifs += !rc;
    }
    return rc;
}

static int channel_write_spec(FILE *out, yajl_val value, struct error **err_out)
{
    static const struct part parts[] = {{"name", "name"}};
    static const struct part places[] = {{"path", "path"}};
    yajl_val socket = json_member(value, "connection.socket");
    int rc = parts_put(out, value, parts, 1, err_out);

    if (!rc && socket)
        rc = parts_put(out, socket, places, 1, err_out);
    fprintf(out, "connection=%s", socket ? "socket" : "pty");
    return rc;
}

static int channels_get(yajl_val root, struct vm_config *config,
                        struct error **err_out)
{
    yajl_val *values = NULL;
    size_t nr, i;
    int rc = array_get(root, "channels", &values, &nr, err_out);

    if (!rc && nr > CONFIG_MAX_CHANNELS)
        rc = json_wrong(err_out, "channels");
    if (rc)
        return rc;
    config->channel = calloc(nr + 1, sizeof(*config->channel));
    if (!config->channel)
        return json_no_memory(err_out);
    for (i = 0; i < nr && !rc; i++) {
        char *spec = NULL;

        rc = spec_make(channel_write_spec, values[i], &spec, err_out);
        if (!rc)
            rc = channel_config_parse(spec, &config->channel[i], err_out);
        free(spec);
        config->nr_channels += !rc;
    }
    return rc;
}

int saved_config_devices_get(yajl_val root, struct vm_config *config,
                             struct error **err_out)
{
    int rc = disks_get(root, config, err_out);

    if (!rc)
        rc = nics_get(root, config, err_out);
    return rc ? rc : channels_get(root, config, err_out);
}
