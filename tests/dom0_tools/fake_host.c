/* SPDX-License-Identifier: MIT */
/*
 * Loop devices, network interfaces and processes for unit tests, in place of
 * dom0-tools/lib/loop.c, netdev.c and background.c. There is one bridge, br0;
 * the loop device is /dev/null, which has a number, too.
 */
#include "fake_dom0.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/background.h"
#include "lib/loop.h"
#include "lib/netdev.h"

unsigned int fake_loops;
char fake_port[32];
char fake_log[128];
bool fake_background;

int loop_attach(const char *path, bool read_only, char *device_out,
                struct error **err_out)
{
    (void)path, (void)read_only, (void)err_out;
    fake_loops++;
    snprintf(device_out, LOOP_NAME_SIZE, "/dev/null");
    return 0;
}

int loop_detach(const char *device, struct error **err_out)
{
    if (strcmp(device, "/dev/null"))
        return error_set(err_out, ERROR_DEVICE, -ENODEV, "no such loop");
    fake_loops--;
    return 0;
}

bool netdev_is_bridge(const char *name)
{
    return !strcmp(name, "br0");
}

int netdev_only_bridge(char *name_out)
{
    strcpy(name_out, "br0");
    return 0;
}

int netdev_join(const char *name, const char *new_name, const char *bridge,
                struct error **err_out)
{
    (void)bridge, (void)err_out;
    snprintf(fake_port, sizeof(fake_port), "%s", new_name ? new_name : name);
    return 0;
}

int background_start(int (*run)(void *ctx), void *ctx, const char *log,
                     struct error **err_out)
{
    (void)err_out;
    snprintf(fake_log, sizeof(fake_log), "%s", log);
    if (fake_background)
        run(ctx);
    return 0;
}
