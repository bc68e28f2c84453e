/* SPDX-License-Identifier: MIT */
/* States of devices in the store; see xenbus.h. */
#include "pv/xenbus.h"

static unsigned int read_state(const char *node)
{
    uint64_t state = store_read_or(node, "state", XenbusStateUnknown);

    return state < XENBUS_NR_STATES ? (unsigned int)state : XenbusStateUnknown;
}

static void other_changed(void *arg, const char *path)
{
    struct xenbus *bus = arg;

    (void)path;
    bus->other_state = read_state(bus->other);
    if (bus->other_state != XenbusStateUnknown)
        bus->other_was_there = true;
    else if (!bus->other_was_there)
        return;
    if (bus->driver->on[bus->other_state])
        bus->driver->on[bus->other_state](bus->device);
}

static void own_changed(void *arg, const char *path)
{
    struct xenbus *bus = arg;
    size_t length = strlen(bus->node);

    if (strlen(path) >= length)
        bus->driver->own_changed(bus->device, path + length);
}

static int find_other(struct xenbus *bus)
{
    uint64_t id;
    int rc = store_read(bus->node, bus->driver->other, bus->other,
                        sizeof(bus->other));

    if (!rc)
        rc = store_read_u64(bus->node, bus->driver->other_id, &id);
    if (rc)
        return rc;
    if (id >= DOMID_FIRST_RESERVED)
        return -XEN_EINVAL;
    bus->other_id = (domid_t)id;
    return text_format(bus->other_state_node, sizeof(bus->other_state_node),
                       "%s/state", bus->other)
               ? 0
               : -XEN_ENAMETOOLONG;
}

static int watch_both(struct xenbus *bus)
{
    int rc;

    bus->other_watch = (struct os_watch){
        .path = bus->other_state_node, .fn = other_changed, .arg = bus};
    rc = os_store_watch(&bus->other_watch);
    if (rc) {
        bus->other_watch.fn = NULL;
        return rc;
    }
    if (!bus->driver->own_changed)
        return 0;
    bus->own_watch =
        (struct os_watch){.path = bus->node, .fn = own_changed, .arg = bus};
    rc = os_store_watch(&bus->own_watch);
    if (rc)
        bus->own_watch.fn = NULL;
    return rc;
}

int xenbus_open(struct xenbus *bus, const struct xenbus_driver *driver,
                const char *node, void *device)
{
    int rc;

    *bus = (struct xenbus){.driver = driver, .device = device};
    if (!text_format(bus->node, sizeof(bus->node), "%s", node))
        return -XEN_ENAMETOOLONG;
    rc = find_other(bus);
    if (!rc)
        rc = watch_both(bus);
    if (rc)
        xenbus_close(bus);
    return rc;
}

void xenbus_close(struct xenbus *bus)
{
    if (bus->other_watch.fn)
        os_store_unwatch(&bus->other_watch);
    if (bus->own_watch.fn)
        os_store_unwatch(&bus->own_watch);
    bus->other_watch.fn = NULL;
    bus->own_watch.fn = NULL;
}

int xenbus_write_state(struct xenbus *bus, uint32_t transaction,
                       unsigned int state)
{
    char path[PV_PATH_MAX], value[8];
    int rc;

    if (!text_format(path, sizeof(path), "%s/state", bus->node))
        return -XEN_ENAMETOOLONG;
    rc = os_store_read(transaction, path, value, sizeof(value));
    if (rc && rc != -XEN_E2BIG)
        return rc;
    bus->state = state;
    return store_write_u64(transaction, bus->node, "state", state);
}

static int write_wanted_state(void *arg, uint32_t transaction)
{
    struct xenbus *bus = arg;

    return xenbus_write_state(bus, transaction, bus->state);
}

int xenbus_set_state(struct xenbus *bus, unsigned int state)
{
    bus->state = state;
    return store_transact(write_wanted_state, bus);
}

unsigned int xenbus_stored_state(const struct xenbus *bus)
{
    return read_state(bus->node);
}

void xenbus_fail(struct xenbus *bus, int rc, const char *what)
{
    char node[PV_PATH_MAX], text[PV_PATH_MAX];

    os_log("%s: %s (%d)", bus->node, what, rc);
    if (text_format(node, sizeof(node), "error/%s/error", bus->node)) {
        text_format(text, sizeof(text), "%u %s", (unsigned int)-rc, what);
        os_store_write(OS_STORE_NONE, node, text);
    }
    xenbus_set_state(bus, XenbusStateClosing);
}

int xenbus_queue_node(const char *node, unsigned int nr, unsigned int index,
                      char out[PV_PATH_MAX])
{
    return text_format(out, PV_PATH_MAX, nr > 1 ? "%s/queue-%u" : "%s", node,
                       index)
               ? 0
               : -XEN_ENAMETOOLONG;
}
