/* SPDX-License-Identifier: MIT */
/*
 * Makes the interface of a device's node, and removes it.
 *
 * A bridge's end of a guest has no address, and says nothing of its own: its
 * hardware address is the highest, so that the bridge does not take it as its
 * own.
 */
#include "netd/netd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ports/linux_user/port.h"

_Static_assert(sizeof(struct tap_info) <= DAEMON_INFO_SIZE, "it is sent");

/* ---- Addresses that a guest may use ----------------------------------- */

static bool parse_address(char *text, struct netback_address *out)
{
    char *slash = strchr(text, '/'), *end = "";
    unsigned long bits, most;

    if (slash)
        *slash++ = '\0';
    out->is_v6 = strchr(text, ':');
    most = out->is_v6 ? 128 : 32;
    if (inet_pton(out->is_v6 ? AF_INET6 : AF_INET, text, out->bytes) != 1)
        return false;
    bits = slash ? strtoul(slash, &end, 10) : most;
    out->bits = (uint8_t)bits;
    return bits && bits <= most && !*end;
}

/* "10.0.0.5 2001:db8::/64": all of it has to be right. */
static int parse_addresses(char *text, struct tap_info *info)
{
    char *rest, *word = strtok_r(text, " ,", &rest);

    for (; word; word = strtok_r(NULL, " ,", &rest)) {
        if (info->nr_addresses == NETBACK_MAX_ADDRESSES ||
            !parse_address(word, &info->addresses[info->nr_addresses]))
            return -EINVAL;
        info->nr_addresses++;
    }
    return 0;
}

/* Nothing is checked unless the node asks for it. */
static int read_checks(struct xs_handle *xs, const char *node,
                       struct tap_info *info)
{
    char text[512];
    int rc = daemon_read(xs, node, "antispoof", text, sizeof(text));

    if (rc == -ENOENT || (!rc && strcmp(text, "1")))
        return 0;
    info->check_mac = true;
    if (!rc)
        rc = daemon_read(xs, node, "mac", text, sizeof(text));
    if (!rc)
        rc = net_mac_parse(text, info->mac);
    if (rc)
        return rc;
    rc = daemon_read(xs, node, "ip", text, sizeof(text));
    if (rc)
        return rc == -ENOENT ? 0 : rc;
    return parse_addresses(text, info);
}

/* ---- The interface ---------------------------------------------------- */

static struct ifreq request_for(const char *name)
{
    struct ifreq ifr = {.ifr_mtu = 0};

    snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
    return ifr;
}

/* As a toolstack calls it: vifDOMID.NUMBER. */
static bool default_name(const char *node, char name[IFNAMSIZ])
{
    unsigned int domid, number;

    return sscanf(node, "backend/%*[^/]/%u/%u", &domid, &number) == 2 &&
           snprintf(name, IFNAMSIZ, "vif%u.%u", domid, number) < IFNAMSIZ;
}

static int read_name(struct xs_handle *xs, const char *node,
                     char name[IFNAMSIZ])
{
    int rc = daemon_read(xs, node, "vifname", name, IFNAMSIZ);

    if (rc == -ENOENT)
        return default_name(node, name) ? 0 : -ENAMETOOLONG;
    return rc;
}

/* Which device an interface is for, so that it can be found without its node.
 * Returns false if it is for none. */
static bool alias_read(const char *name, char *alias, size_t size)
{
    char path[64 + IFNAMSIZ];
    FILE *f;
    bool some;

    snprintf(path, sizeof(path), "/sys/class/net/%s/ifalias", name);
    f = fopen(path, "re");
    if (!f)
        return false;
    some = fgets(alias, (int)size, f);
    fclose(f);
    if (some)
        alias[strcspn(alias, "\n")] = '\0';
    return some;
}

static int write_text(const char *form, const char *name, const char *text)
{
    char path[64 + IFNAMSIZ];
    ssize_t size = (ssize_t)strlen(text);
    int fd, rc;

    snprintf(path, sizeof(path), form, name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    rc = write(fd, text, (size_t)size) == size ? 0 : -errno;
    close(fd);
    return rc;
}

static int tap_attach(const char *name)
{
    struct ifreq ifr = request_for(name);
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), rc;

    if (fd < 0)
        return -errno;
    ifr.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    if (!ioctl(fd, TUNSETIFF, &ifr))
        return fd;
    /* Another process has it: the last worker, for a moment yet. */
    rc = errno == EBUSY ? -EAGAIN : -errno;
    close(fd);
    return rc;
}

/* One that somebody has made before is used, and left there in the end. */
static int tap_open(const char *name, const char *node)
{
    bool is_new = !if_nametoindex(name);
    int fd = tap_attach(name), rc = 0;

    if (fd < 0 || !is_new)
        return fd;
    if (ioctl(fd, TUNSETPERSIST, 1UL))
        rc = -errno;
    if (!rc)
        rc = write_text("/sys/class/net/%s/ifalias", name, node);
    if (!rc)
        return fd;
    ioctl(fd, TUNSETPERSIST, 0UL);
    close(fd);
    return rc;
}

static int set_mtu(int sock, const char *name, const char *like, int mtu)
{
    struct ifreq ifr = request_for(like);

    if (!mtu && ioctl(sock, SIOCGIFMTU, &ifr))
        return -errno;
    if (!mtu)
        mtu = ifr.ifr_mtu;
    ifr = request_for(name);
    ifr.ifr_mtu = mtu;
    return ioctl(sock, SIOCSIFMTU, &ifr) ? -errno : 0;
}

static int join(int sock, const char *name, const char *bridge)
{
    struct ifreq ifr = request_for(name);
    int rc;

    /* No router solicitations and the like. Without IPv6 there are none. */
    write_text("/proc/sys/net/ipv6/conf/%s/disable_ipv6", name, "1");
    ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    memcpy(ifr.ifr_hwaddr.sa_data, "\xfe\xff\xff\xff\xff\xff", NET_MAC_SIZE);
    if (ioctl(sock, SIOCSIFHWADDR, &ifr))
        return -errno;
    rc = set_mtu(sock, name, bridge, 0);
    if (rc)
        return rc;
    ifr = request_for(bridge);
    ifr.ifr_ifindex = (int)if_nametoindex(name);
    /* It may have been there before. */
    return ioctl(sock, SIOCBRADDIF, &ifr) && errno != EBUSY ? -errno : 0;
}

static int bring_up(int sock, const char *name, bool bridged)
{
    struct ifreq ifr = request_for(name);

    if (ioctl(sock, SIOCGIFFLAGS, &ifr))
        return -errno;
    ifr.ifr_flags = (short)(ifr.ifr_flags | IFF_UP);
    if (bridged)
        ifr.ifr_flags = (short)((ifr.ifr_flags | IFF_NOARP) & ~IFF_MULTICAST);
    return ioctl(sock, SIOCSIFFLAGS, &ifr) ? -errno : 0;
}

static int set_up(struct xs_handle *xs, const char *node, const char *name)
{
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;
    char bridge[IFNAMSIZ], mtu[16];
    bool bridged;

    if (sock < 0)
        return -errno;
    rc = daemon_read(xs, node, "bridge", bridge, sizeof(bridge));
    bridged = !rc && *bridge;
    rc = rc == -ENOENT || !bridged ? 0 : join(sock, name, bridge);
    if (!rc && !daemon_read(xs, node, "mtu", mtu, sizeof(mtu)))
        rc = set_mtu(sock, name, name, atoi(mtu));
    if (!rc)
        rc = bring_up(sock, name, bridged);
    close(sock);
    return rc;
}

int netd_open(struct xs_handle *xs, const char *node, void *info)
{
    char name[IFNAMSIZ];
    int rc = read_name(xs, node, name), fd;

    if (!rc)
        rc = read_checks(xs, node, info);
    if (rc)
        return rc;
    fd = tap_open(name, node);
    if (fd < 0)
        return fd;
    rc = set_up(xs, node, name);
    if (!rc)
        return fd;
    close(fd);
    netd_forget(node);
    return rc;
}

static void tap_remove(const char *name)
{
    int fd = tap_attach(name);

    if (fd < 0 || ioctl(fd, TUNSETPERSIST, 0UL))
        os_log("%s is not removed: %s", name, strerror(errno));
    if (fd >= 0)
        close(fd);
}

void netd_forget(const char *node)
{
    struct if_nameindex *all = if_nameindex();
    char alias[PV_PATH_MAX];

    if (!all)
        return;
    for (struct if_nameindex *i = all; i->if_name; i++)
        if (alias_read(i->if_name, alias, sizeof(alias)) &&
            !strcmp(alias, node))
            tap_remove(i->if_name);
    if_freenameindex(all);
}
