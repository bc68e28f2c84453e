/* SPDX-License-Identifier: MIT */
/* The life of a front-end; see life.h. */
#include "life.h"

/* How often to look whether the back-end still has what it was lent. */
#define LIMBO_NS 50000000UL

void front_look_in(struct front_life *f, uint64_t ns)
{
    os_timer_set(&f->watchdog, os_now_ns() + ns);
}

/* ---- Ends ------------------------------------------------------------- */

static void disconnect(struct front_life *f)
{
    f->asked = f->connected = false;
    f->broken = NULL;
    f->driver->disconnect(f->device);
    front_pages_revoke(&f->pages);
}

void front_break(struct front_life *f, const char *why)
{
    f->asked = f->connected = false;
    f->broken = why;
    front_look_in(f, 0);
}

static void end_broken(struct front_life *f)
{
    xenbus_fail(&f->bus, -XEN_EIO, f->broken);
    disconnect(f);
    xenbus_set_state(&f->bus, XenbusStateClosed);
}

static void try_removed(struct front_life *f)
{
    if (!f->removed || f->removed_told)
        return;
    front_pages_sweep(&f->pages);
    if (front_pages_in_limbo(&f->pages)) {
        front_look_in(f, LIMBO_NS);
        return;
    }
    f->removed_told = true;
    f->driver->removed(f->device);
}

static void remove_device(struct front_life *f)
{
    f->removed = true;
    disconnect(f);
    if (f->driver->ended)
        f->driver->ended(f->device);
    try_removed(f);
}

static void watchdog(void *front)
{
    struct front_life *f = front;

    if (f->removed) {
        try_removed(f);
        return;
    }
    if (f->broken)
        end_broken(f);
    front_pages_sweep(&f->pages);
    f->driver->look(f->device);
}

/* ---- States ----------------------------------------------------------- */

/* The back-end waits for us, perhaps not for the first time. */
static void on_init_wait(void *front)
{
    struct front_life *f = front;
    int rc;

    if (f->removed || f->asked)
        return;
    disconnect(f);
    front_pages_sweep(&f->pages);
    rc = f->driver->connect(f->device);
    if (rc) {
        disconnect(f);
        xenbus_fail(&f->bus, rc, "connecting");
        return;
    }
    f->asked = true;
}

static void on_connected(void *front)
{
    struct front_life *f = front;

    if (f->asked) {
        f->asked = false;
        f->driver->connected(f->device);
    } else if (f->connected && f->driver->changed) {
        f->driver->changed(f->device);
    }
}

/* The back-end ends a connection of those before us, and offers the device
 * anew: to answer as if it were ours would end ours while it is made. */
static bool ends_an_earlier_one(const struct front_life *f)
{
    return f->bus.state == XenbusStateInitialising &&
           store_read_or(f->bus.other, "online", 0) == 1;
}

static void on_closing(void *front)
{
    struct front_life *f = front;

    try_removed(f);
    if (f->bus.state == XenbusStateClosed || ends_an_earlier_one(f))
        return;
    disconnect(f);
    xenbus_set_state(&f->bus, XenbusStateClosed);
}

/* It begins anew: so do we. */
static void on_initialising(void *front)
{
    struct front_life *f = front;

    if (f->removed || f->bus.state == XenbusStateInitialising)
        return;
    disconnect(f);
    xenbus_set_state(&f->bus, XenbusStateInitialising);
}

/* Its node has gone, or is not there yet. */
static void on_unknown(void *front)
{
    struct front_life *f = front;

    if (!f->removed && f->bus.state == XenbusStateClosed)
        remove_device(f);
}

static const struct xenbus_driver bus_driver = {
    .other = "backend",
    .other_id = "backend-id",
    .on = {[XenbusStateUnknown] = on_unknown,
           [XenbusStateInitialising] = on_initialising,
           [XenbusStateInitWait] = on_init_wait,
           [XenbusStateConnected] = on_connected,
           [XenbusStateClosing] = on_closing,
           [XenbusStateClosed] = on_closing},
};

/* ---- Making and ending it --------------------------------------------- */

static int open_bus(struct front_life *f, const char *node)
{
    int rc = xenbus_open(&f->bus, &bus_driver, node, f);

    if (!rc)
        rc = xenbus_set_state(&f->bus, XenbusStateInitialising);
    return rc;
}

int front_open(struct front_life *f, const struct front_driver *driver,
               const char *node, void *device)
{
    int rc;

    f->driver = driver;
    f->device = device;
    f->watchdog = (struct os_timer){.fn = watchdog, .arg = f};
    rc = open_bus(f, node);
    if (rc)
        xenbus_close(&f->bus);
    return rc;
}

void front_close(struct front_life *f)
{
    xenbus_close(&f->bus);
    os_timer_cancel(&f->watchdog);
    if (front_pages_in_limbo(&f->pages))
        os_log("%s: the back-end keeps pages", f->bus.node);
    front_pages_free(&f->pages);
}

void front_shutdown(struct front_life *f)
{
    if (f->removed)
        return;
    xenbus_set_state(&f->bus, XenbusStateClosed);
    remove_device(f);
}

void front_resume(struct front_life *f)
{
    char node[PV_PATH_MAX];

    if (f->removed)
        return;
    disconnect(f);
    text_format(node, sizeof(node), "%s", f->bus.node);
    xenbus_close(&f->bus);
    open_bus(f, node);
}

/* ---- What both sides can ---------------------------------------------- */

unsigned int front_nr_queues(const struct front_life *f, unsigned int most)
{
    uint64_t queues = store_read_or(f->bus.other, "multi-queue-max-queues", 1);

    if (!queues)
        return 1;
    return queues < most ? (unsigned int)queues : most;
}

void front_option(unsigned int *option, unsigned int otherwise,
                  unsigned int most)
{
    if (!*option)
        *option = otherwise;
    if (*option > most)
        *option = most;
}
