/* SPDX-License-Identifier: MIT */
/* The life of a back-end; see life.h. */
#include "life.h"

/* ---- What outlives the process ---------------------------------------- */

int back_keep_open(struct back_life *b, const struct back_driver *driver,
                   void *memory, size_t size)
{
    b->driver = driver;
    b->keep = memory;
    if (!b->keep) {
        b->keep = os_alloc(size);
        b->own_keep = size;
    }
    if (!b->keep)
        return -XEN_ENOMEM;
    if (b->keep->magic != driver->keep_magic) {
        b->keep->connected = 0;
        b->keep->magic = driver->keep_magic;
    }
    return 0;
}

void back_keep_close(struct back_life *b)
{
    if (b->own_keep)
        os_free(b->keep, b->own_keep);
}

void back_keep_connect(struct back_life *b, unsigned int nr_queues)
{
    b->keep->other_id = b->bus.other_id;
    b->keep->nr_queues = nr_queues;
    __atomic_store_n(&b->keep->connected, 1, __ATOMIC_RELEASE);
}

bool back_keep_matches(const struct back_life *b, unsigned int nr_queues)
{
    return b->keep->connected && b->keep->other_id == b->bus.other_id &&
           b->keep->nr_queues == nr_queues;
}

/* ---- Connection ------------------------------------------------------- */

static int write_offer(void *back, uint32_t transaction)
{
    struct back_life *b = back;
    int rc = xenbus_write_state(&b->bus, transaction, XenbusStateInitWait);

    return rc ? rc : b->driver->offer(b->device, transaction);
}

static void offer(struct back_life *b)
{
    int rc = store_transact(write_offer, b);

    if (rc)
        xenbus_fail(&b->bus, rc, "writing what the device offers");
}

static int write_connected(void *back, uint32_t transaction)
{
    struct back_life *b = back;
    int rc = xenbus_write_state(&b->bus, transaction, XenbusStateConnected);

    if (!rc && b->driver->write_connected)
        rc = b->driver->write_connected(b->device, transaction);
    return rc;
}

int back_tell(struct back_life *b)
{
    return store_transact(write_connected, b);
}

static void connect(struct back_life *b)
{
    int rc = b->driver->open(b->device);

    if (!rc && !b->recovering)
        rc = back_tell(b);
    if (rc) {
        b->recovering = false;
        back_fail(b, rc, "connecting to the front-end");
        return;
    }
    b->connected = true;
    b->driver->start(b->device);
    b->recovering = false;
}

static bool is_ready(const struct back_life *b)
{
    return b->bus.other_state == XenbusStateInitialised ||
           b->bus.other_state == XenbusStateConnected;
}

int back_ring_open(const struct back_life *b, const grant_ref_t refs[],
                   unsigned int nr_pages, size_t entry, struct pv_ring *ring,
                   void **pages_out)
{
    int rc = os_grants_map(b->bus.other_id, refs, nr_pages, false, pages_out);

    if (rc)
        return rc;
    pv_ring_attach(ring, *pages_out, nr_pages * OS_PAGE_SIZE, entry, 0, 0);
    ring->cons = ring->prod = ring->told =
        __atomic_load_n(&ring->shared->rsp_prod, __ATOMIC_RELAXED);
    return 0;
}

/* ---- Its end ---------------------------------------------------------- */

static void tell_closed(struct back_life *b)
{
    if (b->closed_told)
        return;
    b->closed_told = true;
    b->driver->closed(b->device);
}

/* Nothing is in flight. */
static void finish_disconnect(struct back_life *b)
{
    b->disconnecting = false;
    b->driver->close(b->device);
    if (b->removed) {
        xenbus_set_state(&b->bus, XenbusStateClosed);
        tell_closed(b);
        return;
    }
    if (b->next_state == XenbusStateClosing ||
        b->next_state == XenbusStateClosed) {
        xenbus_set_state(&b->bus, b->next_state);
        return;
    }
    if (b->next_state == XenbusStateInitWait)
        offer(b);
    /* It has made new rings already, and does not tell again. */
    if (is_ready(b))
        connect(b);
}

void back_idle(struct back_life *b)
{
    if (b->disconnecting && !(b->driver->busy && b->driver->busy(b->device)))
        finish_disconnect(b);
}

/* Take no more requests; once all are done, write a state, or connect to new
 * rings, which does that. */
static void disconnect(struct back_life *b, unsigned int next_state)
{
    b->connected = false;
    __atomic_store_n(&b->keep->connected, 0, __ATOMIC_RELEASE);
    b->driver->stop(b->device);
    b->next_state = next_state;
    b->disconnecting = true;
    back_idle(b);
}

void back_fail(struct back_life *b, int rc, const char *what)
{
    xenbus_fail(&b->bus, rc, what);
    disconnect(b, XenbusStateClosing);
}

void back_remove(struct back_life *b)
{
    if (b->removed)
        return;
    b->removed = true;
    disconnect(b, XenbusStateClosed);
}

/* ---- States ----------------------------------------------------------- */

/* The front-end has started, perhaps again and without a word. */
static void on_initialising(void *back)
{
    struct back_life *b = back;

    if (b->removed || b->bus.state == XenbusStateInitWait)
        return;
    b->recovering = false;
    disconnect(b, XenbusStateInitWait);
}

static void on_ready(void *back)
{
    struct back_life *b = back;

    if (b->removed || b->disconnecting)
        return;
    /* One that saw our offer late has left the rings that we use. */
    if (b->connected && b->driver->has_new_rings(b->device))
        disconnect(b, XenbusStateConnected);
    else if (!b->connected &&
             (b->bus.state == XenbusStateInitWait || b->recovering))
        connect(b);
}

static void on_closing(void *back)
{
    struct back_life *b = back;

    if (b->bus.state == XenbusStateClosing || b->bus.state == XenbusStateClosed)
        return;
    xenbus_set_state(&b->bus, XenbusStateClosing);
}

static bool is_online(const struct back_life *b)
{
    return store_read_or(b->bus.node, "online", 0) == 1;
}

static void on_closed(void *back)
{
    struct back_life *b = back;

    /* One that closed before we offered the device sees the offer. */
    if (b->removed || b->bus.state == XenbusStateClosed ||
        (b->bus.state == XenbusStateInitWait && is_online(b)))
        return;
    disconnect(b, XenbusStateClosed);
}

/* Its node has gone: so has the domain. */
static void on_unknown(void *back)
{
    back_remove(back);
}

/* The toolstack writes our nodes, too: to remove the device, for one. */
static void own_changed(void *back, const char *name)
{
    struct back_life *b = back;
    bool has_state = !strcmp(name, "/state");

    b->driver->own_changed(b->device, name);
    if (has_state || !*name) {
        unsigned int state = xenbus_stored_state(&b->bus);

        if (has_state && state == XenbusStateClosing)
            b->bus.state = XenbusStateClosing;
        else if (state == XenbusStateUnknown)
            back_remove(b);
    }
    if (b->bus.state == XenbusStateClosed && !is_online(b))
        back_remove(b);
}

static const struct xenbus_driver bus_driver = {
    .other = "frontend",
    .other_id = "frontend-id",
    .on = {[XenbusStateUnknown] = on_unknown,
           [XenbusStateInitialising] = on_initialising,
           [XenbusStateInitialised] = on_ready,
           [XenbusStateConnected] = on_ready,
           [XenbusStateClosing] = on_closing,
           [XenbusStateClosed] = on_closed},
    .own_changed = own_changed,
};

/* ---- Beginning and end ------------------------------------------------ */

int back_open(struct back_life *b, const char *node, void *device)
{
    b->device = device;
    return xenbus_open(&b->bus, &bus_driver, node, b);
}

void back_begin(struct back_life *b)
{
    b->bus.state = xenbus_stored_state(&b->bus);
    if (b->bus.state == XenbusStateConnected) {
        b->recovering = true;
        b->bus.other_was_there = true;
    } else if (b->bus.state == XenbusStateUnknown ||
               b->bus.state == XenbusStateInitialising ||
               b->bus.state == XenbusStateInitWait) {
        offer(b);
    }
}

void back_close(struct back_life *b)
{
    xenbus_close(&b->bus);
    if (b->closed_told)
        return;
    b->removed = true;
    b->closed_told = true;
    disconnect(b, XenbusStateClosed);
}
