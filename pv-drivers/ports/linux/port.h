/* SPDX-License-Identifier: MIT */
/*
 * The port to Linux, as a module of a guest's kernel.
 *
 * Drivers run in one context at a time (pv/os.h). There are two ways in: one
 * for those that can't sleep, I/O and events, which holds a spinlock; and one
 * for what calls the store. While somebody is in who may sleep, calls of the
 * first kind are noted, and made when that one leaves.
 */
#ifndef PV_LINUX_PORT_H
#define PV_LINUX_PORT_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/workqueue.h>

#include "pv/os.h"

/* Something to call; it is pending at most once at a time. */
struct port_call {
    struct list_head link;
    void (*fn)(struct port_call *call);
};

static inline void port_call_init(struct port_call *call,
                                  void (*fn)(struct port_call *call))
{
    INIT_LIST_HEAD(&call->link);
    call->fn = fn;
}

/** Call it inside the drivers' context, now or soon. Does not sleep. */
void port_call(struct port_call *call);

/** From inside: call it once the context is left. */
void port_call_outside(struct port_call *call);

/**
 * Enter the context for a while in which nobody sleeps; false: somebody is in
 * who may, and `later` is called when that one leaves.
 */
bool port_try_enter(struct port_call *later, unsigned long *flags_out);
void port_leave_atomic(unsigned long flags);

/** Enter the context, for what may sleep; and leave it. */
void port_enter(void);
void port_leave(void);

/** Queue work: one after the other, in the context or not. */
void port_queue_work(struct work_struct *work);

int port_open(void);

/** All devices are gone. */
void port_close(void);

/* ---- Devices of xenbus (device.c) ------------------------------------- */

struct xenbus_device;
struct xenbus_driver;
struct port_device;

/* What is done with a front-end, inside the context; and free(). */
struct port_device_ops {
    int (*create)(struct port_device *d, const char *node);
    void (*shutdown)(struct port_device *d);
    void (*resume)(struct port_device *d);
    void (*destroy)(struct port_device *d);
    void (*free)(struct port_device *d); /* the device's memory */
};

/*
 * A device ends in two steps: xenbus removes it, then the back-end lets go of
 * our pages. Its memory lives until both have happened, and the module until
 * that of all has gone.
 */
struct port_device {
    const struct port_device_ops *ops;
    struct kref refs;
    struct work_struct end; /* the front-end may go */
    bool has_front;         /* in the context */
};

/** The end of probe(): make the front-end. After an error, free() is not
 * called.
 */
int port_device_start(struct port_device *d, const struct port_device_ops *ops,
                      struct xenbus_device *dev);

/** The front-end's removed(). */
void port_device_removed(struct port_device *d);

/** In remove(): first, and last of all. */
void port_device_shutdown(struct port_device *d);
void port_device_put(struct port_device *d);

/** The driver's resume(). */
int port_device_resume(struct xenbus_device *dev);

/** What module_init() and module_exit() are. */
int port_module_begin(struct xenbus_driver *driver);
void port_module_finish(struct xenbus_driver *driver);

#endif
