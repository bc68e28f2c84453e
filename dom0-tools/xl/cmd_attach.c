/* SPDX-License-Identifier: MIT */
/* xl block-attach, block-detach, network-attach, network-detach. */
#include "xl/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/domctl.h"
#include "toolstack/device.h"
#include "toolstack/saved_config.h"
#include "xl/config_input.h"

const struct option_row detach_options[] = {
    {.id = 'f',
     .no_letter = true,
     .name = "force",
     .help = "even if the guest does not release it"},
    {0},
};

static int domain_open(struct xl *xl, const char *which, domid_t *domid_out,
                       struct error **err_out)
{
    struct privcmd *p;
    struct store *s;
    int rc = xl_open(xl, &p, &s, err_out);

    return rc ? rc : domain_find(p, s, which, domid_out, err_out);
}

/* Its configuration says what it has, for who lists, saves or moves it. */
static int keep(struct xl *xl, domid_t domid,
                const struct saved_config_device *device,
                struct error **err_out)
{
    struct xen_domctl_getdomaininfo info;
    char uuid[UUID_TEXT_SIZE];
    int rc = domctl_info(xl->privcmd, domid, &info, err_out);

    if (rc)
        return rc;
    domain_uuid_text(info.handle, uuid);
    rc = saved_config_device(domid, uuid, device, err_out);
    return rc ? error_wrap(err_out, "keeping its configuration") : 0;
}

/* A device that can't be kept goes again. */
static int keep_new(struct xl *xl, domid_t domid,
                    const struct saved_config_device *device,
                    struct error **err_out)
{
    int rc = keep(xl, domid, device, err_out);

    if (rc)
        device_detach(xl->store, domid, device->class, device->number, true,
                      NULL);
    return rc;
}

/* One specification of several arguments, as text that the caller frees. */
static char *join(int nr_args, char **args)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    int i;

    if (!out)
        return NULL;
    for (i = 0; i < nr_args; i++)
        fprintf(out, "%s%s", i ? "," : "", args[i]);
    fclose(out);
    return text;
}

int cmd_block_attach(struct xl *xl, int nr_args, char **args,
                     struct error **err_out)
{
    char *text = join(nr_args - 1, args + 1);
    struct disk_config disk;
    domid_t domid;
    int rc;

    if (!text)
        return out_of_memory(err_out);
    rc = disk_config_parse(text, &disk, err_out);
    free(text);
    if (rc)
        return rc;
    rc = domain_open(xl, args[0], &domid, err_out);
    if (!rc)
        rc = disk_check(xl->store, &disk, err_out);
    if (!rc)
        rc = disk_attach(xl->store, domid, &disk, err_out);
    if (!rc)
        rc = keep_new(xl, domid,
                      &(struct saved_config_device){
                          .class = "vbd", .number = disk.number, .disk = &disk},
                      err_out);
    disk_config_free(&disk);
    return rc;
}

/* The first number that none of its interfaces has. */
static int devid_choose(struct xl *xl, domid_t domid, unsigned int *devid_out,
                        struct error **err_out)
{
    char **names;
    unsigned int nr, i = 0, devid = 0;
    int rc = store_list(xl->store, &names, &nr, err_out, "/libxl/%u/device/vif",
                        domid);

    if (rc)
        return rc;
    while (i < nr) {
        bool taken = strtoul(names[i], NULL, 10) == devid;

        devid += taken;
        i = taken ? 0 : i + 1;
    }
    free(names);
    *devid_out = devid;
    return 0;
}

static int vif_read(struct xl *xl, const char *text, struct vif_config *vif,
                    struct error **err_out)
{
    struct host_config host;
    int rc = config_input_host(xl, &host, err_out);

    if (rc)
        return rc;
    rc = vif_config_parse(text, vif, err_out);
    if (!rc && (rc = host_config_apply_vif(&host, vif, err_out)))
        vif_config_free(vif);
    host_config_free(&host);
    return rc;
}

int cmd_network_attach(struct xl *xl, int nr_args, char **args,
                       struct error **err_out)
{
    char *text = join(nr_args - 1, args + 1);
    struct vif_config vif;
    unsigned int devid = 0;
    domid_t domid;
    int rc;

    if (!text)
        return out_of_memory(err_out);
    rc = vif_read(xl, text, &vif, err_out);
    free(text);
    if (rc)
        return rc;
    rc = domain_open(xl, args[0], &domid, err_out);
    if (!rc)
        rc = vif_check(xl->store, &vif, err_out);
    if (!rc && vif.devid >= 0)
        devid = (unsigned int)vif.devid;
    else if (!rc)
        rc = devid_choose(xl, domid, &devid, err_out);
    if (!rc)
        rc = vif_attach(xl->store, domid, devid, &vif, err_out);
    vif.devid = (long)devid;
    if (!rc)
        rc = keep_new(xl, domid,
                      &(struct saved_config_device){
                          .class = "vif", .number = devid, .vif = &vif},
                      err_out);
    vif_config_free(&vif);
    return rc;
}

static int detach(struct xl *xl, domid_t domid, const char *class,
                  unsigned int devid, const char *name, struct error **err_out)
{
    const struct saved_config_device gone = {.class = class, .number = devid};
    int rc =
        device_detach(xl->store, domid, class, devid, xl_has(xl, 'f'), err_out);

    if (!rc)
        rc = keep(xl, domid, &gone, err_out);
    return rc ? error_wrap(err_out, "%s", name) : 0;
}

int cmd_block_detach(struct xl *xl, int nr_args, char **args,
                     struct error **err_out)
{
    unsigned int number = disk_number(args[1]);
    domid_t domid;
    int rc = domain_open(xl, args[0], &domid, err_out);

    (void)nr_args;
    if (rc)
        return rc;
    /* The number itself will do, too. */
    if (!number)
        number = (unsigned int)strtoul(args[1], NULL, 10);
    return detach(xl, domid, "vbd", number, args[1], err_out);
}

/* The interface of an address. Returns 0; -ENODEV (DEVICE); -errno. */
static int mac_find(struct xl *xl, domid_t domid, const char *mac,
                    unsigned int *devid_out, struct error **err_out)
{
    char **names, *found = NULL;
    unsigned int nr, i;
    int rc = store_list(xl->store, &names, &nr, err_out, "/libxl/%u/device/vif",
                        domid);

    if (rc)
        return rc;
    for (i = 0; i < nr && !rc && !found; i++) {
        rc = store_read(xl->store, &found, err_out,
                        "/libxl/%u/device/vif/%s/mac", domid, names[i]);
        if (!rc && found && !strcasecmp(found, mac))
            *devid_out = (unsigned int)strtoul(names[i], NULL, 10);
        else {
            free(found);
            found = NULL;
        }
    }
    if (!rc && !found)
        rc = error_set(err_out, ERROR_DEVICE, -ENODEV, "%s: no such device",
                       mac);
    free(found);
    free(names);
    return rc;
}

int cmd_network_detach(struct xl *xl, int nr_args, char **args,
                       struct error **err_out)
{
    unsigned int devid = 0;
    domid_t domid;
    long number = 0;
    int rc = domain_open(xl, args[0], &domid, err_out);

    (void)nr_args;
    if (rc)
        return rc;
    if (strchr(args[1], ':')) {
        rc = mac_find(xl, domid, args[1], &devid, err_out);
    } else {
        rc = number_parse(args[1], "network interface", 0, 65535, &number,
                          err_out);
        devid = (unsigned int)number;
    }
    return rc ? rc : detach(xl, domid, "vif", devid, args[1], err_out);
}
