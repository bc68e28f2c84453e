/* SPDX-License-Identifier: MIT */
/* Network interfaces; see netdev.h. */
#include "lib/netdev.h"

#include <dirent.h>
#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define APPEARANCE_TRIES 500 /* of 10 ms */

#define NET_FOLDER       "/sys/class/net"

bool netdev_is_bridge(const char *name)
{
    char path[64];

    if (!*name || strchr(name, '/') || strlen(name) >= IFNAMSIZ)
        return false;
    snprintf(path, sizeof(path), NET_FOLDER "/%s/bridge", name);
    return access(path, F_OK) == 0;
}

int netdev_only_bridge(char *name_out)
{
    DIR *folder = opendir(NET_FOLDER);
    struct dirent *entry;
    unsigned int nr = 0;

    while (folder && (entry = readdir(folder)))
        if (netdev_is_bridge(entry->d_name) && nr++ == 0)
            snprintf(name_out, NETDEV_NAME_SIZE, "%.15s", entry->d_name);
    if (folder)
        closedir(folder);
    return nr == 1 ? 0 : -ENODEV;
}

static int netdev_fail(struct error **err_out, const char *name,
                       const char *what)
{
    int rc = -errno;

    return error_set(err_out, ERROR_DEVICE, rc, "%s: can't %s: %s", name, what,
                     strerror(-rc));
}

static struct ifreq request_of(const char *name)
{
    struct ifreq r = {0};

    snprintf(r.ifr_name, IFNAMSIZ, "%s", name);
    return r;
}

static int rename_to(int fd, const char *name, const char *new_name,
                     struct error **err_out)
{
    struct ifreq r = request_of(name);

    snprintf(r.ifr_newname, IFNAMSIZ, "%s", new_name);
    return ioctl(fd, SIOCSIFNAME, &r) ? netdev_fail(err_out, name, "rename it")
                                      : 0;
}

/* The bridge's own MTU, and an address that no other machine can have. */
static int adapt(int fd, const char *name, const char *bridge,
                 struct error **err_out)
{
    struct ifreq r = request_of(bridge);

    if (ioctl(fd, SIOCGIFMTU, &r))
        return netdev_fail(err_out, bridge, "read its MTU");
    snprintf(r.ifr_name, IFNAMSIZ, "%s", name);
    if (ioctl(fd, SIOCSIFMTU, &r))
        return netdev_fail(err_out, name, "set its MTU");
    r = request_of(name);
    r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    memcpy(r.ifr_hwaddr.sa_data, "\xfe\xff\xff\xff\xff\xff", 6);
    return ioctl(fd, SIOCSIFHWADDR, &r)
               ? netdev_fail(err_out, name, "set its address")
               : 0;
}

static int join(int fd, const char *name, const char *bridge,
                struct error **err_out)
{
    struct ifreq r = request_of(bridge);

    r.ifr_ifindex = (int)if_nametoindex(name);
    if (!r.ifr_ifindex || ioctl(fd, SIOCBRADDIF, &r))
        return netdev_fail(err_out, name, "make it a port of the bridge");
    r = request_of(name);
    if (ioctl(fd, SIOCGIFFLAGS, &r))
        return netdev_fail(err_out, name, "read its state");
    r.ifr_flags |= IFF_UP;
    return ioctl(fd, SIOCSIFFLAGS, &r) ? netdev_fail(err_out, name, "start it")
                                       : 0;
}

/*
 * A backend says that it has taken a device shortly before its interface is
 * there; nothing tells when but the interface itself.
 */
static int appearance_await(const char *name, struct error **err_out)
{
    const struct timespec step = {.tv_nsec = 10000000};
    int tries;

    for (tries = 0; !if_nametoindex(name); tries++) {
        if (tries == APPEARANCE_TRIES)
            return error_set(err_out, ERROR_NO_ANSWER, -ETIMEDOUT,
                             "%s: the interface does not appear", name);
        nanosleep(&step, NULL);
    }
    return 0;
}

int netdev_join(const char *name, const char *new_name, const char *bridge,
                struct error **err_out)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;

    if (fd < 0)
        return netdev_fail(err_out, name, "open a socket");
    rc = appearance_await(name, err_out);
    if (!rc && new_name) {
        rc = rename_to(fd, name, new_name, err_out);
        name = new_name;
    }
    if (!rc)
        rc = adapt(fd, name, bridge, err_out);
    if (!rc)
        rc = join(fd, name, bridge, err_out);
    close(fd);
    return rc;
}
