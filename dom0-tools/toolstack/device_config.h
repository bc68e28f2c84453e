/* SPDX-License-Identifier: MIT */
/* What a configuration says of one disk, network interface or channel. */
#ifndef TOOLSTACK_DEVICE_CONFIG_H
#define TOOLSTACK_DEVICE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

/* Where scripts are that are named without a folder. */
#define SCRIPT_FOLDER "/etc/xen/scripts"

/* Characters that a disk's target may have. */
#define DISK_MAX_TARGET 1023

enum disk_format {
    DISK_RAW, /* served by the kernel, all others by qemu-nbd */
    DISK_QCOW,
    DISK_QCOW2,
    DISK_QED,
    DISK_VDI,
    DISK_VHD,
    DISK_VMDK,
};

struct disk_config {
    char *target;        /* absolute path of a block device or file; or what
                          * the script understands */
    char *vdev;          /* as the guest calls it: xvda */
    unsigned int number; /* of it */
    enum disk_format format;
    char *script;  /* absolute path; NULL: none */
    char *backend; /* domain that serves it; NULL: this one */
    bool read_only;
    bool shared; /* also where another guest has it */
    bool cdrom;
    bool no_discard;
    bool direct;    /* past the host's cache */
    bool untrusted; /* the guest protects itself from the backend */
    bool daemon;    /* xen-blkd serves it, not the kernel */
    uint32_t iops;  /* of a daemon's: at most so many a second; 0: any */
    uint64_t bps;   /* and bytes a second; 0: any */
};

/* Who makes a guest's interface part of a network. */
enum vif_kind {
    VIF_DEFAULT, /* the host's bridge; NAT where it has none */
    VIF_BRIDGE,
    VIF_NAT,
    VIF_ROUTE,
    VIF_SCRIPT,
};

struct vif_config {
    enum vif_kind kind;
    uint8_t mac[6];
    char *bridge;  /* of VIF_BRIDGE; a script's may be NULL */
    char *ip;      /* addresses between blanks; NULL: none */
    char *name;    /* of the interface on the host; NULL: vif<id>.<n> */
    char *script;  /* of VIF_SCRIPT: absolute path */
    char *gateway; /* interface by which the host reaches the world; NULL */
    char *backend; /* domain that serves it; NULL: this one */
    long mtu;      /* -1: the bridge's */
    long devid;    /* -1: its place in the list */
    uint64_t rate_bytes; /* that the guest may send in each interval; 0: any */
    uint32_t rate_interval_us;
    uint64_t rate_in; /* bytes a second that the guest gets; 0: any */
    bool untrusted;   /* the guest protects itself from the backend */
    bool daemon;      /* xen-netd serves it, not the kernel */
    bool antispoof;   /* of a daemon's: packets have its own addresses only */
};

/* Characters that a channel's name may have. */
#define CHANNEL_MAX_NAME 255

/* A byte stream between a program of the guest and one of this domain. */
struct channel_config {
    char *name;     /* by which the guest knows it */
    bool is_socket; /* else it is served at a terminal */
    char *path;     /* of the socket */
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

/* A text that disk_config_parse() reads as this, to be freed; or NULL. */
char *disk_config_text(const struct disk_config *disk);

/**
 * The number of a virtual disk or of its partition: `xvda`, `xvdb1`, `hda`,
 * `sdc3`, `d2p1`.
 *
 * Returns the number, 0 where there is none of that name.
 * Source: xen-vbd-interface(7).
 */
unsigned int disk_number(const char *vdev);

/* A format as configurations call it, and as QEMU does. */
const char *disk_format_name(enum disk_format format);
const char *disk_format_qemu(enum disk_format format);

/**
 * Read a network interface: `mac=..,bridge=..` and so on; empty: all defaults,
 * with a random MAC address.
 *
 * Returns 0; -EINVAL (CONFIG).
 * Source: xl-network-configuration(5).
 */
int vif_config_parse(const char *text, struct vif_config *vif,
                     struct error **err_out);
void vif_config_free(struct vif_config *vif);

/* A text that vif_config_parse() reads as this, to be freed; or NULL. */
char *vif_config_text(const struct vif_config *vif);

/* What script= is called that makes it of its kind; NULL: none need be. */
const char *vif_script_name(const struct vif_config *vif);

/**
 * Read a channel: `name=..,connection=pty` or
 * `name=..,connection=socket,path=..`.
 *
 * Returns 0; -EINVAL (CONFIG).
 * Source: xl.cfg(5), xen-pv-channel(7).
 */
int channel_config_parse(const char *text, struct channel_config *channel,
                         struct error **err_out);
void channel_config_free(struct channel_config *channel);

/* A text that channel_config_parse() reads as this, to be freed; or NULL. */
char *channel_config_text(const struct channel_config *channel);

/* Room for a MAC address as text. */
#define MAC_TEXT_SIZE 18

void vif_mac_text(const struct vif_config *vif, char *text);

#endif
