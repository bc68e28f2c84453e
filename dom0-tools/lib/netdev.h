/* SPDX-License-Identifier: MIT */
/*
 * Network interfaces of this host: what a guest's interface is made part of.
 * All changes are route netlink, by libnl.
 */
#ifndef LIB_NETDEV_H
#define LIB_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

/* Room for the name of an interface, with its NUL: IFNAMSIZ. */
#define NETDEV_NAME_SIZE 16

/* Whether there is an interface of this name; whether it is a bridge. */
bool netdev_exists(const char *name);
bool netdev_is_bridge(const char *name);

/**
 * The bridges of this host, besides one.
 *
 * @but       is not looked at
 * @name_out  NETDEV_NAME_SIZE bytes: one of them, empty where there is none
 *
 * Returns how many there are.
 */
unsigned int netdev_bridges(const char *but, char *name_out);

/* MTU of an interface, 0 where there is none. */
unsigned int netdev_mtu(const char *name);

/* Wait a few seconds for an interface. Returns 0; -ETIMEDOUT (NO_ANSWER). */
int netdev_await(const char *name, struct error **err_out);

/* Wait, but not for ever, until an interface has gone. */
void netdev_await_end(const char *name);

/* Whether a bridge has no port. */
bool netdev_bridge_is_empty(const char *name);

/* What becomes of a guest's interface. */
struct netdev_wish {
    const char *new_name; /* or NULL: it stays */
    const char *bridge;   /* whose port it is to be, or NULL */
    bool isolated;        /* of the bridge's ports it reaches none like it */
    unsigned int mtu;     /* 0: that of the bridge, or as it is */
};

/**
 * Set an interface up and start it. Waits a few seconds for one that is not
 * there yet. As a port it gets an address that no other machine can have.
 *
 * Returns 0; -ETIMEDOUT (NO_ANSWER) where it does not appear; -errno (DEVICE).
 */
int netdev_setup(const char *name, const struct netdev_wish *wish,
                 struct error **err_out);

/**
 * Limit what goes out by an interface, which is what the guest at its other end
 * gets.
 *
 * @rate  bytes a second, 1..INT_MAX
 *
 * Returns 0; -errno (DEVICE).
 * Source: tc-tbf(8).
 */
int netdev_limit(const char *name, uint64_t rate, struct error **err_out);

/**
 * Make a bridge, which is not started. Returns 0, also where it is there;
 * -errno (DEVICE).
 */
int netdev_bridge_make(const char *name, struct error **err_out);

/* Start an interface. Returns 0; -errno (DEVICE). */
int netdev_start(const char *name, struct error **err_out);

/* End an interface. Returns 0, also where there is none; -errno (DEVICE). */
int netdev_delete(const char *name, struct error **err_out);

#endif
