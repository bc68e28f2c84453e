/* SPDX-License-Identifier: MIT */
/*
 * Network interfaces: the backend makes an interface vif<id>.<n> on the host,
 * which becomes a port of a bridge, an end of a route, or what a script makes
 * of it.
 */
#include "toolstack/device_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/netdev.h"
#include "lib/netroute.h"
#include "toolstack/backend_daemon.h"
#include "toolstack/hotplug.h"
#include "toolstack/nat.h"

#define DRIVER_HINT    "load the module xen-netback"
#define DAEMON_HINT    "look into the log of xen-netd"
#define DAEMON_TYPE    "qnic"
#define DEFAULT_BRIDGE "xenbr0"
#define DEFAULT_MTU    1500

/* What is known of an interface on its way. */
struct vif {
    const struct vif_config *config;
    enum vif_kind kind; /* not VIF_DEFAULT */
    domid_t backend_id;
    char bridge[NETDEV_NAME_SIZE]; /* empty: none */
    char name[NETDEV_NAME_SIZE];   /* as the backend calls the interface */
    struct device device;
};

static int no_such(struct error **err_out, const char *what, const char *name)
{
    return error_set(err_out, ERROR_DEVICE, -ENODEV, "%s '%s': no such %s",
                     what, name, what);
}

static int bridge_check(const char *name, struct error **err_out)
{
    int rc;

    if (netdev_is_bridge(name))
        return 0;
    rc = no_such(err_out, "bridge", name);
    error_hint(err_out, "make it by `ip link add %s type bridge`", name);
    return rc;
}

/* The host's bridge; one of its own where it has none. */
static int default_choose(struct vif *v, struct error **err_out)
{
    unsigned int nr = netdev_bridges(NAT_BRIDGE, v->bridge);

    v->kind = nr ? VIF_BRIDGE : VIF_NAT;
    if (nr < 2)
        return 0;
    snprintf(v->bridge, sizeof(v->bridge), DEFAULT_BRIDGE);
    if (netdev_is_bridge(DEFAULT_BRIDGE))
        return 0;
    error_set(err_out, ERROR_DEVICE, -ENODEV,
              "there are several bridges, and none is " DEFAULT_BRIDGE);
    return error_hint(err_out, "name one by bridge=");
}

/* Find out who makes it part of a network, and whether that is possible. */
static int kind_choose(struct store *s, const struct vif_config *config,
                       struct vif *v, struct error **err_out)
{
    int rc = device_backend_find(s, config->backend, &v->backend_id, err_out);

    v->config = config;
    v->kind = config->kind;
    if (config->bridge)
        snprintf(v->bridge, sizeof(v->bridge), "%s", config->bridge);
    /* Another domain has bridges of its own. */
    if (rc || v->backend_id)
        return rc;
    if (v->kind == VIF_DEFAULT)
        rc = default_choose(v, err_out);
    else if (v->kind == VIF_BRIDGE)
        rc = bridge_check(v->bridge, err_out);
    else if (v->kind == VIF_SCRIPT)
        rc = hotplug_check(config->script, err_out);
    if (!rc && v->kind == VIF_ROUTE && config->gateway &&
        !netdev_exists(config->gateway))
        rc = no_such(err_out, "gatewaydev", config->gateway);
    if (!rc && v->kind == VIF_NAT)
        rc = nat_check(err_out);
    return rc;
}

static int name_check(const struct vif_config *config, struct error **err_out)
{
    if (!config->name || config->backend || !netdev_exists(config->name))
        return 0;
    error_set(err_out, ERROR_DEVICE, -EEXIST,
              "vifname '%s': the host has an interface of this name",
              config->name);
    return error_hint(err_out, "choose another one");
}

int vif_check(struct store *s, const struct vif_config *config,
              struct error **err_out)
{
    struct vif v = {0};
    int rc = kind_choose(s, config, &v, err_out);

    return rc ? rc : name_check(config, err_out);
}

void vif_describe(struct store *s, const struct vif_config *config, char *text,
                  size_t size)
{
    struct vif v = {0};

    if (kind_choose(s, config, &v, NULL) || v.backend_id)
        snprintf(text, size, "domain %s", config->backend);
    else if (v.kind == VIF_BRIDGE)
        snprintf(text, size, "bridge %s", v.bridge);
    else if (v.kind == VIF_NAT)
        snprintf(text, size, "NAT by " NAT_BRIDGE);
    else if (v.kind == VIF_ROUTE)
        snprintf(text, size, "routes to %s", config->ip);
    else
        snprintf(text, size, "script %s", config->script);
}

/* The stock script that does the same. */
static const char *script_of(const struct vif *v)
{
    switch (v->kind) {
    case VIF_SCRIPT:
        return v->config->script;
    case VIF_ROUTE:
        return SCRIPT_FOLDER "/vif-route";
    default:
        return SCRIPT_FOLDER "/vif-bridge";
    }
}

static long mtu_of(const struct vif *v)
{
    if (v->config->mtu > 0)
        return v->config->mtu;
    return v->kind == VIF_BRIDGE && netdev_mtu(v->bridge)
               ? (long)netdev_mtu(v->bridge)
               : DEFAULT_MTU;
}

static void optional_node(struct device *d, const char *name, const char *value)
{
    if (value && *value)
        device_back(d, name, "%s", value);
}

/* As the stock tools have them. */
static void nodes_make(struct vif *v)
{
    const struct vif_config *c = v->config;
    struct device *d = &v->device;
    char mac[MAC_TEXT_SIZE];

    vif_mac_text(c, mac);
    device_back(d, "script", "%s", script_of(v));
    device_back(d, "mac", "%s", mac);
    optional_node(d, "ip", c->ip);
    optional_node(d, "vifname", c->name);
    optional_node(d, "gatewaydev", c->gateway);
    optional_node(d, "bridge", v->bridge);
    if (c->rate_bytes)
        device_back(d, "rate", "%llu,%u", (unsigned long long)c->rate_bytes,
                    c->rate_interval_us);
    device_back(d, "handle", "%u", d->at.devid);
    device_back(d, "type", c->daemon ? DAEMON_TYPE : "vif");
    if (c->daemon && c->rate_in)
        device_back(d, "rate-in", "%llu", (unsigned long long)c->rate_in);
    if (c->antispoof)
        device_back(d, "antispoof", "1");
    device_front(d, "handle", "%u", d->at.devid);
    device_front(d, "mac", "%s", mac);
    device_front_fixed(d, "mtu", "%ld", mtu_of(v));
    device_front(d, "trusted", "%d", !c->untrusted);
}

/* It is made again under the number that it has now. */
static char *spec_make(const struct vif_config *config, unsigned int devid)
{
    struct vif_config numbered = *config;

    numbered.devid = (long)devid;
    return vif_config_text(&numbered);
}

/* The host proxies for the guest, which has the host's own address as gateway.
 */
static int route_setup(const struct vif *v, struct error **err_out)
{
    const char *name = v->config->name ? v->config->name : v->name;
    char *ips = strdup(v->config->ip), *rest, *ip, path[64];
    int rc;

    if (!ips)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    snprintf(path, sizeof(path), "ipv4/conf/%s/proxy_arp", name);
    rc = netroute_sysctl_set(path, 1, err_out);
    if (!rc)
        rc = netroute_sysctl_set("ipv4/ip_forward", 1, err_out);
    for (ip = strtok_r(ips, " ", &rest); ip && !rc;
         ip = strtok_r(NULL, " ", &rest))
        rc = netroute_host_add(name, ip, v->config->gateway, err_out);
    free(ips);
    return rc;
}

static int interface_setup(const struct vif *v, struct error **err_out)
{
    const struct netdev_wish wish = {
        .new_name = v->config->daemon ? NULL : v->config->name,
        .bridge = v->kind == VIF_ROUTE ? NULL : v->bridge,
        .isolated = v->kind == VIF_NAT,
        .mtu = v->config->mtu > 0 ? (unsigned int)v->config->mtu : 0};
    int rc = netdev_setup(v->name, &wish, err_out);

    return !rc && v->kind == VIF_ROUTE ? route_setup(v, err_out) : rc;
}

/* What the host does once the backend has taken it. */
static int host_setup(struct store *s, const struct vif *v,
                      struct error **err_out)
{
    const struct vif_config *c = v->config;
    const char *name = c->name ? c->name : v->name;
    int rc;

    if (v->kind == VIF_SCRIPT)
        rc = netdev_await(v->name, err_out);
    else
        rc = interface_setup(v, err_out);
    if (!rc && v->kind == VIF_SCRIPT)
        rc = hotplug_run(s, &v->device.at, c->script, "online", v->name,
                         err_out);
    if (!rc && c->rate_in && !c->daemon)
        rc = netdev_limit(name, c->rate_in, err_out);
    return rc ? rc
              : store_write(s, "connected", err_out, "%s/hotplug-status",
                            v->device.at.back);
}

static int device_setup(struct store *s, struct vif *v, struct error **err_out)
{
    int rc;

    nodes_make(v);
    rc = device_write(s, &v->device, err_out);
    if (rc)
        return rc;
    if (v->config->daemon)
        rc = backend_daemon_ensure(DAEMON_TYPE, err_out);
    if (!rc)
        rc = device_await(s, &v->device.at,
                          v->config->daemon ? DAEMON_HINT : DRIVER_HINT,
                          err_out);
    if (!rc && !v->backend_id)
        rc = host_setup(s, v, err_out);
    if (rc)
        device_undo(s, &v->device.at);
    return rc;
}

static int nat_setup(struct store *s, struct vif *v, struct error **err_out)
{
    int hold, rc = nat_enter(&hold, err_out);

    if (rc)
        return rc;
    snprintf(v->bridge, sizeof(v->bridge), NAT_BRIDGE);
    rc = device_setup(s, v, err_out);
    nat_release(hold);
    /* Nobody may have come to it. */
    if (rc)
        nat_leave(NULL);
    return rc;
}

int vif_attach(struct store *s, domid_t domid, unsigned int devid,
               const struct vif_config *config, struct error **err_out)
{
    struct vif v = {0};
    int rc = kind_choose(s, config, &v, err_out);

    if (rc)
        return rc;
    snprintf(v.name, sizeof(v.name), "vif%u.%u", domid, devid);
    v.device.at = device_place_make(domid, "vif", devid, v.backend_id);
    if (config->daemon) {
        device_place_serve(&v.device.at, DAEMON_TYPE);
        /* It has the name from the start. */
        if (config->name)
            snprintf(v.name, sizeof(v.name), "%s", config->name);
    }
    v.device.spec = spec_make(config, devid);
    if (v.kind == VIF_NAT && !v.backend_id)
        rc = nat_setup(s, &v, err_out);
    else
        rc = device_setup(s, &v, err_out);
    free(v.device.spec);
    return rc;
}

/* Ending. */

/* The backend's interface goes shortly after the backend says that it ends. */
static int nat_end(struct store *s, const struct device_place *at,
                   const char *interface, struct error **err_out)
{
    char *bridge = NULL;
    int rc = store_read(s, &bridge, err_out, "%s/bridge", at->record);

    if (!rc && bridge && !strcmp(bridge, NAT_BRIDGE)) {
        netdev_await_end(interface);
        rc = nat_leave(err_out);
    }
    free(bridge);
    return rc;
}

int vif_host_end(struct store *s, const struct device_place *at,
                 struct error **err_out)
{
    char *spec = NULL, name[NETDEV_NAME_SIZE];
    const char *interface;
    struct vif_config config;
    int rc = device_spec_read(s, at, &spec, err_out);

    /* The stock tools have attached it, and left nothing to end. */
    if (rc || !spec)
        return rc;
    rc = vif_config_parse(spec, &config, err_out);
    free(spec);
    if (rc)
        return rc;
    snprintf(name, sizeof(name), "vif%u.%u", at->domid, at->devid);
    interface = config.name ? config.name : name;
    if (config.kind == VIF_SCRIPT)
        rc = hotplug_run(s, at, config.script, "offline", interface, err_out);
    else
        rc = nat_end(s, at, interface, err_out);
    vif_config_free(&config);
    return rc;
}
