/* SPDX-License-Identifier: MIT */
/* What a configuration says of one disk or one network interface. */
#ifndef TOOLSTACK_DEVICE_CONFIG_H
#define TOOLSTACK_DEVICE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

struct disk_config {
    char *target;        /* block device or file, an absolute path */
    char *vdev;          /* as the guest calls it: xvda */
    unsigned int number; /* of it */
    bool read_only;
    bool cdrom;
    bool no_discard;
};

struct vif_config {
    uint8_t mac[6];
    bool has_mac;
    char *bridge; /* NULL: the host's only one */
    char *ip;     /* NULL: none */
    char *name;   /* of the interface on the host; NULL: vif<id>.<n> */
    long mtu;     /* -1: the bridge's */
};

/**
 * Read a disk specification: `target,format,vdev,access` and `key=value`, or
 * the older `phy:target,vdev,access`.
 *
 * Returns 0; -EINVAL (CONFIG).
 * Source: xl-disk-configuration(5).
 */
int disk_config_parse(const char *text, struct disk_config *disk,
                      struct error **err_out);
void disk_config_free(struct disk_config *disk);

/**
 * The number of a virtual disk or of its partition: `xvda`, `xvdb1`, `hda`,
 * `sdc3`, `d2p1`.
 *
 * Returns the number, 0 where there is none of that name.
 * Source: xen-vbd-interface(7).
 */
unsigned int disk_number(const char *vdev);

/**
 * Read a network interface: `mac=..,bridge=..` and so on; empty: all defaults.
 *
 * Returns 0; -EINVAL (CONFIG).
 * Source: xl-network-configuration(5).
 */
int vif_config_parse(const char *text, struct vif_config *vif,
                     struct error **err_out);
void vif_config_free(struct vif_config *vif);

#endif
