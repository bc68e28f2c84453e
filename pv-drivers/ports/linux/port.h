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

#include <linux/list.h>

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
struct work_struct;
void port_queue_work(struct work_struct *work);

int port_open(void);

/** All devices are gone. */
void port_close(void);

#endif
