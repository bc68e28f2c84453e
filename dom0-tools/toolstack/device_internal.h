/* SPDX-License-Identifier: MIT */
/* What the files about devices share. */
#ifndef TOOLSTACK_DEVICE_INTERNAL_H
#define TOOLSTACK_DEVICE_INTERNAL_H

#include <stdbool.h>

#include "toolstack/device.h"

/* How long a backend has to take a device, or to let it go. */
#define BACKEND_MS 10000

#define MAX_NODES  24

/* Where a device is in the store. */
struct device_place {
    domid_t domid;
    const char *class; /* "vbd", "vif", "console" */
    unsigned int devid;
    domid_t backend_id;
    char back[80];   /* folder of the backend */
    char front[80];  /* of the guest */
    char record[80]; /* of the toolstack, which no other domain can read */
};

struct device_place device_place_make(domid_t domid, const char *class,
                                      unsigned int devid, domid_t backend_id);

/* What serves it: "vbd" and "vif" the kernel, "qdisk" and "qnic" a daemon. */
void device_place_serve(struct device_place *at, const char *type);

/* A node of a device's folder. */
struct device_node {
    const char *name;
    char value[DISK_MAX_TARGET + 1];
    bool fixed; /* the guest may read it, no more */
};

/* One device, as it is written. */
struct device {
    struct device_place at;
    struct device_node back[MAX_NODES]; /* besides what all devices have */
    unsigned int nr_back;
    struct device_node front[MAX_NODES];
    unsigned int nr_front;
    char *spec; /* its configuration, as the parsers read it */
};

/* Put a node into one of the lists. */
void device_back(struct device *d, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void device_front(struct device *d, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void device_front_fixed(struct device *d, const char *name, const char *format,
                        ...) __attribute__((format(printf, 3, 4)));

/**
 * Write a device to the store, all at once. From then on it is ended by
 * device_end_all() and device_remove_all(), or device_undo() if nothing comes
 * of it.
 *
 * Returns 0; -EEXIST (DEVICE) where the domain has it; -errno (STORE).
 */
int device_write(struct store *s, const struct device *d,
                 struct error **err_out);

/* The same as part of a transaction. */
int device_write_in(struct store *s, const struct device *d,
                    struct error **err_out);

/* End a device that is in the store, without asking its guest. */
void device_undo(struct store *s, const struct device_place *at);

/**
 * Wait until the backend has seen the device.
 *
 * @hint  what to do where nobody has
 *
 * Returns 0; -ETIMEDOUT (NO_ANSWER); -EIO (DEVICE) with what the backend says.
 */
int device_await(struct store *s, const struct device_place *at,
                 const char *hint, struct error **err_out);

/**
 * The domain that serves a device, by name or id; this one for NULL.
 *
 * Returns 0; -ESRCH (NO_DOMAIN); -errno (STORE).
 */
int device_backend_find(struct store *s, const char *which, domid_t *domid_out,
                        struct error **err_out);

/**
 * The configuration of a device, as disk_config_parse() or vif_config_parse()
 * reads it.
 *
 * @spec_out  to be freed; NULL where another tool has attached it
 *
 * Returns 0; -errno (STORE).
 */
int device_spec_read(struct store *s, const struct device_place *at,
                     char **spec_out, struct error **err_out);

/**
 * End what the host has for a device of a class whose backend has let it go:
 * from its record in the store. Goes on after a failure.
 *
 * Returns 0, or the first error.
 */
int disk_host_end(struct store *s, const struct device_place *at,
                  struct error **err_out);
int vif_host_end(struct store *s, const struct device_place *at,
                 struct error **err_out);

/* Keep the first error, but a guest or backend that is late. */
void device_note(int *first, int rc);

#endif
