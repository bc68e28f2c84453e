/* SPDX-License-Identifier: MIT */
/* Addresses and routes; see netroute.h. */
#include "lib/netroute.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netlink/route/addr.h>
#include <netlink/route/route.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/netlink.h"

int netroute_address_add(const char *interface, const char *address,
                         struct error **err_out)
{
    struct rtnl_addr *a = rtnl_addr_alloc();
    struct nl_addr *local = NULL;
    struct nl_sock *s;
    int rc = a ? nl_addr_parse(address, AF_UNSPEC, &local) : -NLE_NOMEM;

    if (!rc) {
        rtnl_addr_set_ifindex(a, (int)if_nametoindex(interface));
        rc = rtnl_addr_set_local(a, local);
    }
    nl_addr_put(local);
    if (rc) {
        rc = netlink_fail(err_out, rc, interface, "give it an address");
    } else if (!(rc = netlink_open(&s, err_out))) {
        rc = rtnl_addr_add(s, a, NLM_F_REPLACE);
        if (rc)
            rc = netlink_fail(err_out, rc, interface, "give it an address");
        nl_socket_free(s);
    }
    rtnl_addr_put(a);
    return rc;
}

/* The first address of a family that an interface has for the world; NULL. */
static struct nl_addr *interface_address(struct nl_sock *s,
                                         const char *interface, int family)
{
    int ifindex = (int)if_nametoindex(interface);
    struct nl_addr *found = NULL;
    struct nl_object *o;
    struct nl_cache *all;

    if (rtnl_addr_alloc_cache(s, &all))
        return NULL;
    for (o = nl_cache_get_first(all); o && !found; o = nl_cache_get_next(o)) {
        struct rtnl_addr *a = (struct rtnl_addr *)o;

        if (rtnl_addr_get_ifindex(a) == ifindex &&
            rtnl_addr_get_family(a) == family &&
            rtnl_addr_get_scope(a) == RT_SCOPE_UNIVERSE)
            found = nl_addr_clone(rtnl_addr_get_local(a));
    }
    nl_cache_free(all);
    return found;
}

static struct rtnl_route *route_make(const char *interface, const char *address,
                                     struct nl_addr *source)
{
    struct rtnl_route *route = rtnl_route_alloc();
    struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
    struct nl_addr *to = NULL;

    if (!route || !hop || nl_addr_parse(address, AF_UNSPEC, &to)) {
        rtnl_route_put(route);
        free(hop);
        return NULL;
    }
    rtnl_route_set_family(route, (uint8_t)nl_addr_get_family(to));
    rtnl_route_set_dst(route, to);
    rtnl_route_set_scope(route, RT_SCOPE_LINK);
    if (source)
        rtnl_route_set_pref_src(route, source);
    rtnl_route_nh_set_ifindex(hop, (int)if_nametoindex(interface));
    rtnl_route_add_nexthop(route, hop);
    nl_addr_put(to);
    return route;
}

int netroute_host_add(const char *interface, const char *address,
                      const char *gateway, struct error **err_out)
{
    struct nl_addr *source = NULL;
    struct rtnl_route *route;
    struct nl_sock *s;
    int rc = netlink_open(&s, err_out);

    if (rc)
        return rc;
    if (gateway)
        source = interface_address(s, gateway,
                                   strchr(address, ':') ? AF_INET6 : AF_INET);
    if (source)
        nl_addr_set_prefixlen(source, (int)nl_addr_get_len(source) * 8);
    route = route_make(interface, address, source);
    rc = route ? rtnl_route_add(s, route, NLM_F_CREATE | NLM_F_REPLACE)
               : -NLE_NOMEM;
    rtnl_route_put(route);
    nl_addr_put(source);
    nl_socket_free(s);
    return rc ? netlink_fail(err_out, rc, interface, "make a route by it") : 0;
}

/* Whether a route of the host leads to some machine of a network. */
static bool is_taken(struct nl_cache *routes, const char *network)
{
    struct nl_addr *wanted;
    struct nl_object *o;
    bool taken = false;

    if (nl_addr_parse(network, AF_INET, &wanted))
        return true;
    for (o = nl_cache_get_first(routes); o; o = nl_cache_get_next(o)) {
        struct nl_addr *to = rtnl_route_get_dst((struct rtnl_route *)o);

        if (to && nl_addr_get_prefixlen(to) &&
            nl_addr_get_family(to) == AF_INET &&
            !nl_addr_cmp_prefix(wanted, to))
            taken = true;
    }
    nl_addr_put(wanted);
    return taken;
}

int netroute_free_network(const char *const *networks, unsigned int nr,
                          unsigned int *which_out, struct error **err_out)
{
    struct nl_cache *routes;
    struct nl_sock *s;
    unsigned int i;
    int rc = netlink_open(&s, err_out);

    if (rc)
        return rc;
    rc = rtnl_route_alloc_cache(s, AF_INET, 0, &routes);
    nl_socket_free(s);
    if (rc)
        return netlink_fail(err_out, rc, "routes", "read them");
    for (i = 0; i < nr && is_taken(routes, networks[i]); i++)
        ;
    nl_cache_free(routes);
    if (i == nr)
        return error_set(err_out, ERROR_DEVICE, -EADDRINUSE,
                         "the host has routes to all of %s to %s", networks[0],
                         networks[nr - 1]);
    *which_out = i;
    return 0;
}

static int sysctl_open(const char *path, int flags, char *file, size_t size)
{
    snprintf(file, size, "/proc/sys/net/%s", path);
    return open(file, flags | O_CLOEXEC);
}

int netroute_sysctl_get(const char *path)
{
    char file[128], text[16] = "";
    int fd = sysctl_open(path, O_RDONLY, file, sizeof(file));
    ssize_t got;

    if (fd < 0)
        return 0;
    got = read(fd, text, sizeof(text) - 1);
    close(fd);
    return got > 0 ? (int)strtol(text, NULL, 10) : 0;
}

int netroute_sysctl_set(const char *path, int value, struct error **err_out)
{
    char file[128], text[16];
    int fd = sysctl_open(path, O_WRONLY, file, sizeof(file)), rc = 0;

    snprintf(text, sizeof(text), "%d", value);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        rc = error_set(err_out, ERROR_DEVICE, -errno, "%s: %s", file,
                       strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}
