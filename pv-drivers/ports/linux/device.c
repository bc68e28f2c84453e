// SPDX-License-Identifier: MIT
/* Devices of xenbus and their front-ends; see port.h. */
#include <linux/module.h>
#include <linux/wait.h>
#include <xen/xen.h>
#include <xen/xenbus.h>

#include "port.h"

static atomic_t nr_devices = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(device_has_gone);

static void free_device(struct kref *refs)
{
    struct port_device *d = container_of(refs, struct port_device, refs);

    d->ops->free(d);
    atomic_dec(&nr_devices);
    wake_up(&device_has_gone);
}

static void end_front(struct work_struct *work)
{
    struct port_device *d = container_of(work, struct port_device, end);

    port_enter();
    d->ops->destroy(d);
    d->has_front = false;
    port_leave();
    kref_put(&d->refs, free_device);
}

int port_device_start(struct port_device *d, const struct port_device_ops *ops,
                      struct xenbus_device *dev)
{
    int rc;

    d->ops = ops;
    INIT_WORK(&d->end, end_front);
    kref_init(&d->refs);
    kref_get(&d->refs); /* the front-end's */
    atomic_inc(&nr_devices);
    port_enter();
    rc = ops->create(d, dev->nodename);
    d->has_front = !rc;
    port_leave();
    if (rc) {
        atomic_dec(&nr_devices);
        return rc;
    }
    dev_set_drvdata(&dev->dev, d);
    /* The driver keeps the state, not xenbus: whose loading of a module would
     * wait for minutes for a device that it does not see connected. */
    dev->state = XenbusStateConnected;
    return 0;
}

void port_device_removed(struct port_device *d)
{
    port_queue_work(&d->end);
}

/* The front-end has gone already where the back-end's node went first. */
static void call_inside(struct port_device *d,
                        void (*fn)(struct port_device *d))
{
    port_enter();
    if (d->has_front)
        fn(d);
    port_leave();
}

void port_device_shutdown(struct port_device *d)
{
    call_inside(d, d->ops->shutdown);
}

int port_device_resume(struct xenbus_device *dev)
{
    struct port_device *d = dev_get_drvdata(&dev->dev);

    call_inside(d, d->ops->resume);
    return 0;
}

void port_device_put(struct port_device *d)
{
    kref_put(&d->refs, free_device);
}

/* ---- The module ------------------------------------------------------- */

int port_module_begin(struct xenbus_driver *driver)
{
    int rc;

    if (!xen_domain())
        return -ENODEV;
    rc = port_open();
    if (rc)
        return rc;
    rc = xenbus_register_frontend(driver);
    if (rc)
        port_close();
    return rc;
}

void port_module_finish(struct xenbus_driver *driver)
{
    xenbus_unregister_driver(driver);
    wait_event(device_has_gone, !atomic_read(&nr_devices));
    port_close();
}
