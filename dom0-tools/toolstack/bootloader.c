/* SPDX-License-Identifier: MIT */
/* GRUB in place of a kernel; see bootloader.h. */
#include "toolstack/bootloader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What other tools call their ways to a guest's own kernel. */
static bool loader_is_known(const char *path)
{
    const char *name = strrchr(path, '/');

    name = name ? name + 1 : path;
    return !strcmp(name, "pygrub") || !strcmp(name, "pvgrub") ||
           !strcmp(name, "pvgrub64");
}

static int loader_check(const struct vm_config *config, struct error **err_out)
{
    if (config->firmware && !strcmp(config->firmware, "pvgrub32")) {
        error_set(err_out, ERROR_CONFIG, -EOPNOTSUPP,
                  "firmware: 32-bit guests are not supported");
        return error_hint(err_out, "say firmware = \"pvgrub64\"");
    }
    if (config->firmware && strcmp(config->firmware, "pvgrub64"))
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "firmware: '%s' is not for PV guests: they have "
                         "pvgrub64",
                         config->firmware);
    if (config->bootloader && !loader_is_known(config->bootloader)) {
        error_set(err_out, ERROR_CONFIG, -EINVAL,
                  "bootloader: '%s' is not known", config->bootloader);
        return error_hint(err_out, "say \"pygrub\" or \"pvgrub\": both start "
                                   "GRUB inside of the guest");
    }
    return 0;
}

static int image_check(const char *image, struct error **err_out)
{
    int rc;

    if (!access(image, R_OK))
        return 0;
    rc = -errno;
    error_set(err_out, ERROR_IMAGE, rc, "bootloader: %s: %s", image,
              strerror(-rc));
    return error_hint(err_out, "install the package grub-xen-host");
}

int bootloader_apply(struct vm_config *config, struct error **err_out)
{
    const char *image = getenv("XENIA_GRUB");
    int rc;

    if (!config->bootloader && !config->firmware)
        return 0;
    image = image ? image : BOOTLOADER_IMAGE;
    rc = loader_check(config, err_out);
    if (!rc)
        rc = image_check(image, err_out);
    if (rc)
        return rc;
    if (!config->nr_disks)
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "bootloader: there is no disk to start from");
    free(config->kernel);
    free(config->ramdisk);
    config->ramdisk = NULL;
    config->kernel = strdup(image);
    return config->kernel
               ? 0
               : error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
}
