/* SPDX-License-Identifier: MIT */
/*
 * Scripts of users that set up or end what the host has for a device, as the
 * stock tools call them: what is to be done as argument, where the device is in
 * the environment, all else in the store.
 */
#ifndef TOOLSTACK_HOTPLUG_H
#define TOOLSTACK_HOTPLUG_H

#include "toolstack/device_internal.h"

/**
 * Run a device's script.
 *
 * @action     "add", "remove" of a disk; "online", "offline" of an interface
 * @interface  name of the interface on the host; NULL for a disk
 *
 * Returns 0; -errno (DEVICE, NO_ANSWER) with the end of what it printed.
 * Source: docs/misc/block-scripts.txt, xl-network-configuration(5).
 */
int hotplug_run(struct store *s, const struct device_place *at,
                const char *script, const char *action, const char *interface,
                struct error **err_out);

/* Whether a script can be run. Returns 0; -errno (DEVICE). */
int hotplug_check(const char *script, struct error **err_out);

#endif
