/* SPDX-License-Identifier: MIT */
/* Network interfaces; see netdev.h. */
#include "lib/netdev.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/pkt_sched.h>
#include <net/if.h>
#include <netlink/route/link.h>
#include <netlink/route/link/bridge.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/qdisc/tbf.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/netlink.h"

#define WAIT_TRIES 2500 /* of 2 ms */

#define NET_FOLDER "/sys/class/net"

/*
 * A bridge takes the lowest address of its ports for its own; one that is made
 * here has its own from the beginning, as it has only ports of guests.
 */
#define PORT_ADDRESS   "fe:ff:ff:ff:ff:ff"
#define BRIDGE_ADDRESS "02:16:3e:00:00:01"

static bool has(const char *name, const char *what)
{
    char path[64];

    if (!*name || strchr(name, '/') || strlen(name) >= IFNAMSIZ)
        return false;
    snprintf(path, sizeof(path), NET_FOLDER "/%s/%s", name, what);
    return access(path, F_OK) == 0;
}

bool netdev_exists(const char *name)
{
    return has(name, "");
}

bool netdev_is_bridge(const char *name)
{
    return has(name, "bridge");
}

unsigned int netdev_bridges(const char *but, char *name_out)
{
    DIR *folder = opendir(NET_FOLDER);
    struct dirent *entry;
    unsigned int nr = 0;

    name_out[0] = 0;
    while (folder && (entry = readdir(folder)))
        if (strcmp(entry->d_name, but) && netdev_is_bridge(entry->d_name) &&
            nr++ == 0)
            snprintf(name_out, NETDEV_NAME_SIZE, "%.15s", entry->d_name);
    if (folder)
        closedir(folder);
    return nr;
}

unsigned int netdev_mtu(const char *name)
{
    char path[64];
    unsigned int mtu = 0;
    FILE *f;

    snprintf(path, sizeof(path), NET_FOLDER "/%s/mtu", name);
    f = fopen(path, "re");
    if (f && fscanf(f, "%u", &mtu) != 1)
        mtu = 0;
    if (f)
        fclose(f);
    return mtu;
}

bool netdev_bridge_is_empty(const char *name)
{
    char path[64];
    struct dirent *entry;
    bool empty = true;
    DIR *folder;

    snprintf(path, sizeof(path), NET_FOLDER "/%s/brif", name);
    folder = opendir(path);
    while (folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.')
            empty = false;
    if (folder)
        closedir(folder);
    return empty;
}

int netlink_open(struct nl_sock **s_out, struct error **err_out)
{
    struct nl_sock *s = nl_socket_alloc();
    int rc = s ? nl_connect(s, NETLINK_ROUTE) : -NLE_NOMEM;

    if (rc) {
        nl_socket_free(s);
        return netlink_fail(err_out, rc, "netlink", "connect");
    }
    *s_out = s;
    return 0;
}

int netlink_fail(struct error **err_out, int rc, const char *name,
                 const char *what)
{
    int code = -EIO;

    if (rc == -NLE_PERM)
        code = -EPERM;
    else if (rc == -NLE_EXIST)
        code = -EEXIST;
    else if (rc == -NLE_NODEV || rc == -NLE_OBJ_NOTFOUND)
        code = -ENODEV;
    return error_set(err_out, ERROR_DEVICE, code, "%s: can't %s: %s", name,
                     what, nl_geterror(rc));
}

/* An interface by its name; rtnl_link_put() ends it. */
static int link_find(struct nl_sock *s, const char *name,
                     struct rtnl_link **link_out, struct error **err_out)
{
    int rc = rtnl_link_get_kernel(s, 0, name, link_out);

    return rc ? netlink_fail(err_out, rc, name, "find it") : 0;
}

/* Wait until an interface is there, or is not. */
static bool waits(const char *name, bool there)
{
    const struct timespec step = {.tv_nsec = 2000000};
    int tries;

    for (tries = 0; tries < WAIT_TRIES; tries++) {
        if (netdev_exists(name) == there)
            return true;
        nanosleep(&step, NULL);
    }
    return false;
}

/*
 * A backend says that it has taken a device shortly before its interface is
 * there; nothing tells when but the interface itself.
 */
int netdev_await(const char *name, struct error **err_out)
{
    return waits(name, true)
               ? 0
               : error_set(err_out, ERROR_NO_ANSWER, -ETIMEDOUT,
                           "%s: the interface does not appear", name);
}

void netdev_await_end(const char *name)
{
    waits(name, false);
}

static int address_set(struct rtnl_link *link, const char *text)
{
    struct nl_addr *address;
    int rc = nl_addr_parse(text, AF_LLC, &address);

    if (rc)
        return rc;
    rtnl_link_set_addr(link, address);
    nl_addr_put(address);
    return 0;
}

/* What is to be changed on the way to being a port. */
static int port_wish(struct nl_sock *s, const struct netdev_wish *wish,
                     struct rtnl_link *change, struct error **err_out)
{
    struct rtnl_link *bridge;
    int rc = link_find(s, wish->bridge, &bridge, err_out);

    if (rc)
        return rc;
    rtnl_link_set_master(change, rtnl_link_get_ifindex(bridge));
    if (!wish->mtu)
        rtnl_link_set_mtu(change, rtnl_link_get_mtu(bridge));
    rtnl_link_put(bridge);
    rc = address_set(change, PORT_ADDRESS);
    return rc ? netlink_fail(err_out, rc, wish->bridge, "make an address") : 0;
}

static int wish_apply(struct nl_sock *s, const char *name,
                      const struct netdev_wish *wish, struct error **err_out)
{
    struct rtnl_link *link, *change = rtnl_link_alloc();
    int rc = link_find(s, name, &link, err_out);

    if (rc) {
        rtnl_link_put(change);
        return rc;
    }
    if (wish->new_name)
        rtnl_link_set_name(change, wish->new_name);
    if (wish->mtu)
        rtnl_link_set_mtu(change, wish->mtu);
    rtnl_link_set_flags(change, IFF_UP);
    if (wish->bridge)
        rc = port_wish(s, wish, change, err_out);
    if (!rc) {
        rc = rtnl_link_change(s, link, change, 0);
        if (rc)
            rc = netlink_fail(err_out, rc, name,
                              wish->new_name ? "rename and start it"
                                             : "start it");
    }
    rtnl_link_put(change);
    rtnl_link_put(link);
    return rc;
}

/* libnl does not know of this. */
static int isolate(const char *name, struct error **err_out)
{
    char path[64];
    int fd, rc = 0;

    snprintf(path, sizeof(path), NET_FOLDER "/%s/brport/isolated", name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "1", 1) != 1)
        rc = error_set(err_out, ERROR_DEVICE, -errno, "%s: %s", path,
                       strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}

int netdev_setup(const char *name, const struct netdev_wish *wish,
                 struct error **err_out)
{
    struct nl_sock *s;
    int rc = netdev_await(name, err_out);

    if (!rc)
        rc = netlink_open(&s, err_out);
    if (rc)
        return rc;
    rc = wish_apply(s, name, wish, err_out);
    nl_socket_free(s);
    if (!rc && wish->isolated)
        rc = isolate(wish->new_name ? wish->new_name : name, err_out);
    return rc;
}

int netdev_start(const char *name, struct error **err_out)
{
    const struct netdev_wish wish = {0};

    return netdev_setup(name, &wish, err_out);
}

/* The bucket holds what the largest packet of a guest needs. */
static struct rtnl_qdisc *tbf_make(int ifindex, uint64_t rate)
{
    struct rtnl_qdisc *q = rtnl_qdisc_alloc();
    int bucket = (int)(rate / 20 > 65536 ? rate / 20 : 65536);

    if (!q)
        return NULL;
    rtnl_tc_set_ifindex(TC_CAST(q), ifindex);
    rtnl_tc_set_parent(TC_CAST(q), TC_H_ROOT);
    rtnl_tc_set_kind(TC_CAST(q), "tbf");
    rtnl_qdisc_tbf_set_rate(q, (int)rate, bucket, 0);
    rtnl_qdisc_tbf_set_limit(q, 4 * bucket);
    return q;
}

int netdev_limit(const char *name, uint64_t rate, struct error **err_out)
{
    struct rtnl_qdisc *q;
    struct nl_sock *s;
    int rc = netlink_open(&s, err_out);

    if (rc)
        return rc;
    q = tbf_make((int)if_nametoindex(name), rate < INT_MAX ? rate : INT_MAX);
    rc = q ? rtnl_qdisc_add(s, q, NLM_F_CREATE | NLM_F_REPLACE) : -NLE_NOMEM;
    if (q)
        rtnl_qdisc_put(q);
    nl_socket_free(s);
    if (!rc)
        return 0;
    rc = netlink_fail(err_out, rc, name, "limit its rate");
    return error_hint(err_out, "load the module sch_tbf");
}

int netdev_bridge_make(const char *name, struct error **err_out)
{
    struct rtnl_link *bridge;
    struct nl_sock *s;
    int rc = netlink_open(&s, err_out);

    if (rc)
        return rc;
    bridge = rtnl_link_bridge_alloc();
    rc = bridge ? address_set(bridge, BRIDGE_ADDRESS) : -NLE_NOMEM;
    if (!rc) {
        rtnl_link_set_name(bridge, name);
        rc = rtnl_link_add(s, bridge, NLM_F_CREATE | NLM_F_EXCL);
    }
    rtnl_link_put(bridge);
    nl_socket_free(s);
    return rc && rc != -NLE_EXIST
               ? netlink_fail(err_out, rc, name, "make the bridge")
               : 0;
}

int netdev_delete(const char *name, struct error **err_out)
{
    struct rtnl_link *link;
    struct nl_sock *s;
    int rc;

    if (!netdev_exists(name))
        return 0;
    rc = netlink_open(&s, err_out);
    if (rc)
        return rc;
    rc = link_find(s, name, &link, err_out);
    if (!rc) {
        rc = rtnl_link_delete(s, link);
        if (rc)
            rc = netlink_fail(err_out, rc, name, "remove it");
        rtnl_link_put(link);
    }
    nl_socket_free(s);
    return rc;
}
