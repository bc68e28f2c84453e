/* SPDX-License-Identifier: MIT */
/*
 * Network interfaces: the backend makes an interface vif<id>.<n> on the host,
 * which becomes a port of a bridge.
 */
#include "toolstack/device_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "lib/netdev.h"

/* The first half of all addresses that a toolstack makes up. */
static const uint8_t vendor[3] = {0x00, 0x16, 0x3e};

static int bridge_find(const struct vif_config *vif, char *name,
                       struct error **err_out)
{
    if (vif->bridge) {
        snprintf(name, NETDEV_NAME_SIZE, "%s", vif->bridge);
        if (netdev_is_bridge(name))
            return 0;
        error_set(err_out, ERROR_DEVICE, -ENODEV, "bridge '%s': no such bridge",
                  name);
        error_hint(err_out, "make it by `ip link add %s type bridge`", name);
        return -ENODEV;
    }
    snprintf(name, NETDEV_NAME_SIZE, "xenbr0");
    if (netdev_is_bridge(name) || !netdev_only_bridge(name))
        return 0;
    error_set(err_out, ERROR_DEVICE, -ENODEV,
              "there is no bridge, or more than one and no xenbr0");
    error_hint(err_out, "name one by bridge=");
    return -ENODEV;
}

int vif_check(const struct vif_config *vif, struct error **err_out)
{
    char bridge[NETDEV_NAME_SIZE];

    return bridge_find(vif, bridge, err_out);
}

/* The address that is given, or a random one. */
static int mac_choose(const struct vif_config *vif, uint8_t *mac,
                      struct error **err_out)
{
    memcpy(mac, vif->has_mac ? vif->mac : vendor, vif->has_mac ? 6 : 3);
    if (vif->has_mac)
        return 0;
    if (getrandom(mac + 3, 3, 0) != 3)
        return error_set(err_out, ERROR_INTERNAL, -EIO, "no random numbers");
    mac[3] &= 0x7f;
    return 0;
}

int vif_attach(struct store *s, domid_t domid, unsigned int devid,
               const struct vif_config *vif, struct error **err_out)
{
    struct device d = {.domid = domid, .class = "vif", .devid = devid};
    char bridge[NETDEV_NAME_SIZE], name[NETDEV_NAME_SIZE], back[80];
    uint8_t mac[6];
    char text[18];
    int rc = bridge_find(vif, bridge, err_out);

    if (!rc)
        rc = mac_choose(vif, mac, err_out);
    if (rc)
        return rc;
    snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
             mac[1], mac[2], mac[3], mac[4], mac[5]);
    snprintf(name, sizeof(name), "vif%u.%u", domid, devid);
    /* Linux's backend refuses an interface without this node; nobody runs it.
     */
    device_back(&d, "script", "/etc/xen/scripts/vif-bridge");
    device_back(&d, "mac", "%s", text);
    if (vif->ip)
        device_back(&d, "ip", "%s", vif->ip);
    if (vif->name)
        device_back(&d, "vifname", "%s", vif->name);
    device_back(&d, "bridge", "%s", bridge);
    device_back(&d, "handle", "%u", devid);
    device_back(&d, "type", "vif");
    device_front(&d, "handle", "%u", devid);
    device_front(&d, "mac", "%s", text);
    device_front(&d, "mtu", "%ld", vif->mtu > 0 ? vif->mtu : 1500);
    rc = device_write(s, &d, err_out);
    if (!rc)
        rc = device_await(s, &d, "xen-netback", err_out);
    if (!rc)
        rc = netdev_join(name, vif->name, bridge, err_out);
    device_back_path(domid, "vif", devid, back);
    return rc ? rc
              : store_write(s, "connected", err_out, "%s/hotplug-status", back);
}
