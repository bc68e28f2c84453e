/* SPDX-License-Identifier: MIT */
/* What the files about devices share. */
#ifndef TOOLSTACK_DEVICE_INTERNAL_H
#define TOOLSTACK_DEVICE_INTERNAL_H

#include <stdbool.h>

#include "toolstack/device.h"

/* How long a backend has to take a device, or to let it go. */
#define BACKEND_MS 10000

#define MAX_NODES  16

/* A node of a device's folder. */
struct device_node {
    const char *name;
    char value[256];
};

/* One device, as it is written. */
struct device {
    domid_t domid;
    const char *class; /* "vbd", "vif" */
    unsigned int devid;
    struct device_node back[MAX_NODES]; /* besides what all devices have */
    unsigned int nr_back;
    struct device_node front[MAX_NODES];
    unsigned int nr_front;
};

/* Put a node into one of the lists. */
void device_back(struct device *d, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void device_front(struct device *d, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * Write a device to the store, all at once.
 *
 * Returns 0; -errno (STORE).
 */
int device_write(struct store *s, const struct device *d,
                 struct error **err_out);

/**
 * Wait until the backend has seen the device.
 *
 * Returns 0; -ETIMEDOUT (NO_ANSWER); -EIO (DEVICE) with what the backend says.
 */
int device_await(struct store *s, const struct device *d, const char *driver,
                 struct error **err_out);

/* Path of its backend's folder, of 80 bytes. */
void device_back_path(domid_t domid, const char *class, unsigned int devid,
                      char *path);

#endif
