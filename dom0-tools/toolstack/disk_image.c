/* SPDX-License-Identifier: MIT */
/* Formats of image files; see disk_image.h. */
#include "toolstack/disk_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where a format has which bytes. Source: QEMU docs/interop/qcow2.txt,
 * qed_spec.txt; file(1)'s magic. */
static const struct {
    enum disk_format format;
    unsigned int offset;
    unsigned int length;
    const char *bytes;
} magics[] = {
    {DISK_QCOW, 0, 8, "QFI\xfb\0\0\0\1"},
    {DISK_QCOW2, 0, 8, "QFI\xfb\0\0\0\2"},
    {DISK_QCOW2, 0, 8, "QFI\xfb\0\0\0\3"},
    {DISK_QED, 0, 4, "QED"},
    {DISK_VDI, 64, 4, "\x7f\x10\xda\xbe"},
    {DISK_VHD, 0, 8, "conectix"},
    {DISK_VMDK, 0, 4, "KDMV"},
    {DISK_VMDK, 0, 10, "# Disk Des"},
};
#define NR_MAGICS (sizeof(magics) / sizeof(magics[0]))
#define HEAD_SIZE 128

static bool has_magic(const char *head, size_t i)
{
    return !memcmp(head + magics[i].offset, magics[i].bytes, magics[i].length);
}

int disk_image_check(const struct disk_config *disk, struct error **err_out)
{
    const char *name = disk_format_name(disk->format);
    char head[HEAD_SIZE] = "";
    int fd = open(disk->target, O_RDONLY | O_CLOEXEC);
    ssize_t got;
    size_t i;

    if (fd < 0)
        return error_set(err_out, ERROR_DEVICE, -errno, "'%s': %s",
                         disk->target, strerror(errno));
    got = read(fd, head, sizeof(head));
    close(fd);
    if (got < 0)
        return error_set(err_out, ERROR_DEVICE, -EIO, "'%s': can't be read",
                         disk->target);
    for (i = 0; i < NR_MAGICS; i++)
        if (magics[i].format == disk->format && has_magic(head, i))
            return 0;
    error_set(err_out, ERROR_DEVICE, -EINVAL, "'%s': is no %s image",
              disk->target, name);
    for (i = 0; i < NR_MAGICS; i++)
        if (has_magic(head, i))
            return error_hint(err_out, "it looks like %s",
                              disk_format_name(magics[i].format));
    return error_hint(err_out, "is it raw?");
}
