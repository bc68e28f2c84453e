/* SPDX-License-Identifier: MIT */
/* Loop devices; see loop.h. */
#include "lib/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CONTROL_PATH "/dev/loop-control"

static int loop_fail(struct error **err_out, const char *path)
{
    int rc = -errno;

    return error_set(err_out, ERROR_DEVICE, rc, "%s: %s", path, strerror(-rc));
}

/* Take a free device for the file; -EBUSY where another was faster. */
static int device_take(int control, int file, const char *path,
                       unsigned int flags, char *device_out,
                       struct error **err_out)
{
    struct loop_config config = {.fd = (unsigned int)file};
    int number = ioctl(control, LOOP_CTL_GET_FREE), device, rc = 0;

    if (number < 0)
        return loop_fail(err_out, CONTROL_PATH);
    snprintf(device_out, LOOP_NAME_SIZE, "/dev/loop%d", number);
    device = open(device_out, O_RDWR | O_CLOEXEC);
    if (device < 0)
        return loop_fail(err_out, device_out);
    config.info.lo_flags = flags;
    snprintf((char *)config.info.lo_file_name, LO_NAME_SIZE, "%s", path);
    if (ioctl(device, LOOP_CONFIGURE, &config))
        rc = errno == EBUSY ? -EBUSY : loop_fail(err_out, device_out);
    close(device);
    return rc;
}

int loop_attach(const char *path, bool read_only, bool direct, char *device_out,
                struct error **err_out)
{
    unsigned int flags = (read_only ? LO_FLAGS_READ_ONLY : 0u) |
                         (direct ? LO_FLAGS_DIRECT_IO : 0u);
    int control = open(CONTROL_PATH, O_RDWR | O_CLOEXEC);
    int file, rc;

    if (control < 0) {
        rc = loop_fail(err_out, CONTROL_PATH);
        error_hint(err_out, "load the module loop");
        return rc;
    }
    file = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    rc = file < 0 ? loop_fail(err_out, path) : -EBUSY;
    while (file >= 0 && rc == -EBUSY)
        rc = device_take(control, file, path, flags, device_out, err_out);
    if (file >= 0)
        close(file);
    close(control);
    return rc;
}

/*
 * Of a device that is open elsewhere, too, the kernel notes that it ends with
 * the last close: nothing can be on its way then, so it waits for nothing.
 * Otherwise it would stop the device first, which takes some ticks.
 */
int loop_detach(const char *device, struct error **err_out)
{
    int fd = open(device, O_RDONLY | O_CLOEXEC), elsewhere, rc = 0;

    if (fd < 0)
        return loop_fail(err_out, device);
    elsewhere = open(device, O_RDONLY | O_CLOEXEC);
    if (ioctl(fd, LOOP_CLR_FD) && errno != ENXIO)
        rc = loop_fail(err_out, device);
    if (elsewhere >= 0)
        close(elsewhere);
    close(fd);
    return rc;
}
