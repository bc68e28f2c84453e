/* SPDX-License-Identifier: MIT */
/* Devices of a running domain; see device_list.h. */
#include "toolstack/device_list.h"

#include <errno.h>
#include <stdlib.h>

#include "toolstack/device_internal.h"

/* Configurations of one class, as they are read. */
struct reading {
    struct store *s;
    domid_t domid;
    struct vm_config found;
};

static int spec_of(const struct reading *r, const char *class,
                   const char *devid, char **spec_out, struct error **err_out)
{
    const struct device_place at = device_place_make(
        r->domid, class, (unsigned int)strtoul(devid, NULL, 10), 0);

    return device_spec_read(r->s, &at, spec_out, err_out);
}

static int disk_add(struct reading *r, const char *devid,
                    struct error **err_out)
{
    char *spec;
    int rc = spec_of(r, "vbd", devid, &spec, err_out);

    if (rc || !spec)
        return rc;
    rc = disk_config_parse(spec, &r->found.disk[r->found.nr_disks], err_out);
    r->found.nr_disks += !rc;
    free(spec);
    return rc;
}

static int vif_add(struct reading *r, const char *devid, struct error **err_out)
{
    char *spec;
    int rc = spec_of(r, "vif", devid, &spec, err_out);

    if (rc || !spec)
        return rc;
    rc = vif_config_parse(spec, &r->found.vif[r->found.nr_vifs], err_out);
    r->found.nr_vifs += !rc;
    free(spec);
    return rc;
}

/* Devices of one class; *array gets room for all of them, of `size` bytes. */
static int class_read(struct reading *r, const char *class, void **array,
                      size_t size,
                      int (*add)(struct reading *r, const char *devid,
                                 struct error **err_out),
                      struct error **err_out)
{
    unsigned int nr, i;
    char **devids;
    int rc = store_list(r->s, &devids, &nr, err_out, "/libxl/%u/device/%s",
                        r->domid, class);

    if (rc)
        return rc;
    *array = calloc(nr + 1, size);
    if (!*array)
        rc = error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    for (i = 0; i < nr && !rc; i++)
        rc = add(r, devids[i], err_out);
    free(devids);
    return rc;
}

int device_list_read(struct store *s, domid_t domid, struct vm_config *config,
                     struct error **err_out)
{
    struct reading r = {.s = s, .domid = domid};
    int rc = class_read(&r, "vbd", (void **)&r.found.disk,
                        sizeof(*r.found.disk), disk_add, err_out);

    if (!rc)
        rc = class_read(&r, "vif", (void **)&r.found.vif, sizeof(*r.found.vif),
                        vif_add, err_out);
    if (!rc) {
        vm_config_devices_free(config);
        config->disk = r.found.disk;
        config->nr_disks = r.found.nr_disks;
        config->vif = r.found.vif;
        config->nr_vifs = r.found.nr_vifs;
    } else {
        vm_config_devices_free(&r.found);
    }
    return rc;
}
