/* SPDX-License-Identifier: MIT */
/*
 * The network of guests without a bridge; see nat.h. Whoever adds a guest
 * shares a lock until the guest is a port; whoever ends the network has it
 * alone.
 */
#include "toolstack/nat.h"

#include <stdbool.h>
#include <stdio.h>

#include "lib/dnsmasq.h"
#include "lib/firewall.h"
#include "lib/lock.h"
#include "lib/netdev.h"
#include "lib/netroute.h"
#include "lib/run_file.h"

#define LOCK       NAT_BRIDGE
#define FORWARD    "ipv4/ip_forward"
#define PROXY      "ipv4/conf/" NAT_BRIDGE "/proxy_arp_pvlan"
#define STATE_FILE NAT_BRIDGE ".state"

/* Where one can be: the first that the host has no route to. */
static const struct network {
    const char *network, *host, *first, *last;
} networks[] = {
    {"10.213.16.0/20", "10.213.16.1/20", "10.213.16.16", "10.213.31.254"},
    {"10.213.32.0/20", "10.213.32.1/20", "10.213.32.16", "10.213.47.254"},
    {"172.29.16.0/20", "172.29.16.1/20", "172.29.16.16", "172.29.31.254"},
    {"192.168.208.0/20", "192.168.208.1/20", "192.168.208.16",
     "192.168.223.254"},
};
#define NR_NETWORKS (sizeof(networks) / sizeof(networks[0]))
#define MASK        "255.255.240.0"

/* What is to be known when the network ends or is mended. */
struct state {
    unsigned int which; /* network */
    int forward;        /* whether the host forwarded packets before */
};

static bool state_read(struct state *state)
{
    char text[32];

    return run_file_read(STATE_FILE, text, sizeof(text)) &&
           sscanf(text, "%u %d", &state->which, &state->forward) == 2 &&
           state->which < NR_NETWORKS;
}

static int state_write(const struct state *state, struct error **err_out)
{
    char text[32];

    snprintf(text, sizeof(text), "%u %d\n", state->which, state->forward);
    return run_file_write(STATE_FILE, text, err_out);
}

static int network_choose(struct state *state, struct error **err_out)
{
    const char *names[NR_NETWORKS];
    unsigned int i;

    for (i = 0; i < NR_NETWORKS; i++)
        names[i] = networks[i].network;
    return netroute_free_network(names, NR_NETWORKS, &state->which, err_out);
}

static bool is_up(void)
{
    return netdev_is_bridge(NAT_BRIDGE) && dnsmasq_runs(NAT_BRIDGE);
}

int nat_check(struct error **err_out)
{
    int rc = dnsmasq_check(err_out);

    if (!rc)
        rc = firewall_check(err_out);
    return rc ? error_wrap(err_out, "network " NAT_BRIDGE) : 0;
}

/* What is known of the network that is there, or of a new one. */
static int state_make(struct state *state, struct error **err_out)
{
    int rc;

    if (state_read(state) && netdev_is_bridge(NAT_BRIDGE))
        return 0;
    state->forward = netroute_sysctl_get(FORWARD);
    rc = network_choose(state, err_out);
    return rc ? rc : state_write(state, err_out);
}

/* All parts, whichever are missing; alone. */
static int parts_make(struct error **err_out)
{
    struct state state = {0};
    struct dnsmasq d = {.bridge = NAT_BRIDGE, .mask = MASK};
    int rc = state_make(&state, err_out);

    if (!rc)
        rc = firewall_set(NAT_BRIDGE, networks[state.which].network, err_out);
    if (!rc)
        rc = netroute_sysctl_set(FORWARD, 1, err_out);
    if (!rc)
        rc = netdev_bridge_make(NAT_BRIDGE, err_out);
    if (!rc)
        rc = netroute_address_add(NAT_BRIDGE, networks[state.which].host,
                                  err_out);
    /* Guests reach each other only by the host, which answers for them. */
    if (!rc)
        rc = netroute_sysctl_set(PROXY, 1, err_out);
    if (!rc)
        rc = netdev_start(NAT_BRIDGE, err_out);
    if (rc)
        return rc;
    d.first = networks[state.which].first;
    d.last = networks[state.which].last;
    return dnsmasq_start(&d, err_out);
}

/* Alone. Goes on after a failure: what is left would be in the way. */
static int parts_end(struct error **err_out)
{
    struct state state;
    int rc;

    dnsmasq_stop(NAT_BRIDGE);
    firewall_clear(NAT_BRIDGE);
    rc = netdev_delete(NAT_BRIDGE, err_out);
    if (state_read(&state)) {
        if (!state.forward)
            netroute_sysctl_set(FORWARD, 0, NULL);
        run_file_remove(STATE_FILE);
    }
    return rc;
}

int nat_enter(int *hold_out, struct error **err_out)
{
    int hold, rc = lock_take(LOCK, &hold, err_out);

    while (!rc) {
        if (!is_up()) {
            rc = parts_make(err_out);
            if (rc)
                parts_end(NULL);
        }
        if (!rc)
            lock_share(hold);
        if (rc || is_up())
            break;
        /* Somebody ended it just before this one shared the lock. */
        lock_drop(hold);
        rc = lock_take(LOCK, &hold, err_out);
    }
    if (!rc) {
        *hold_out = hold;
        return 0;
    }
    lock_drop(hold);
    return error_wrap(err_out, "network " NAT_BRIDGE);
}

void nat_release(int hold)
{
    lock_drop(hold);
}

int nat_leave(struct error **err_out)
{
    int hold, rc;

    if (!netdev_is_bridge(NAT_BRIDGE) || !netdev_bridge_is_empty(NAT_BRIDGE))
        return 0;
    /* Who has the lock adds a guest. */
    rc = lock_try(LOCK, &hold, NULL);
    if (rc)
        return 0;
    rc = netdev_bridge_is_empty(NAT_BRIDGE) ? parts_end(err_out) : 0;
    lock_drop(hold);
    return rc;
}
