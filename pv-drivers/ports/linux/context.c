// SPDX-License-Identifier: MIT
/* The drivers' context, events, timers and the log; see port.h. */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <xen/events.h>

#include "pv/timers.h"

#include "port.h"

/* Held by who is inside and can't sleep. */
static DEFINE_SPINLOCK(lock);
/* Held by who is inside and can; `sleeper` says so to the others. */
static DEFINE_MUTEX(sleepers);
/* Under lock: */
static bool sleeper;
static LIST_HEAD(missed); /* to be called when the sleeper leaves */
/* Belongs to who is inside: */
static LIST_HEAD(outside);
static uint64_t timers_armed = TIMERS_NONE;

static struct workqueue_struct *queue;

static void run_timers(struct work_struct *work)
{
    port_enter();
    timers_armed = TIMERS_NONE;
    timers_run();
    port_leave();
}

static DECLARE_DELAYED_WORK(timers_work, run_timers);

/* ---- Ways in and out -------------------------------------------------- */

static void call_all(struct list_head *calls)
{
    struct port_call *call, *next;

    list_for_each_entry_safe(call, next, calls, link) {
        list_del_init(&call->link);
        call->fn(call);
    }
}

static void arm_timers(void)
{
    uint64_t next = timers_next(), now;

    if (next >= timers_armed)
        return;
    timers_armed = next;
    now = os_now_ns();
    mod_delayed_work(queue, &timers_work,
                     next > now ? nsecs_to_jiffies(next - now) + 1 : 0);
}

/* The last that is done under the lock: take what is to be called outside. */
static void take_outside(struct list_head *calls)
{
    arm_timers();
    list_splice_init(&outside, calls);
}

bool port_try_enter(struct port_call *later, unsigned long *flags_out)
{
    unsigned long flags;

    spin_lock_irqsave(&lock, flags);
    if (sleeper) {
        if (list_empty(&later->link))
            list_add_tail(&later->link, &missed);
        spin_unlock_irqrestore(&lock, flags);
        return false;
    }
    *flags_out = flags;
    return true;
}

void port_leave_atomic(unsigned long flags)
{
    LIST_HEAD(calls);

    take_outside(&calls);
    spin_unlock_irqrestore(&lock, flags);
    call_all(&calls);
}

void port_call(struct port_call *call)
{
    unsigned long flags;

    if (!port_try_enter(call, &flags))
        return;
    call->fn(call);
    port_leave_atomic(flags);
}

void port_call_outside(struct port_call *call)
{
    list_add_tail(&call->link, &outside);
}

void port_enter(void)
{
    mutex_lock(&sleepers);
    spin_lock_irq(&lock);
    sleeper = true;
    spin_unlock_irq(&lock);
}

void port_leave(void)
{
    LIST_HEAD(calls);

    /* What is called may want softirqs: they run as this ends. */
    local_bh_disable();
    spin_lock_irq(&lock);
    call_all(&missed);
    sleeper = false;
    take_outside(&calls);
    spin_unlock_irq(&lock);
    local_bh_enable();
    mutex_unlock(&sleepers);
    call_all(&calls);
}

void port_queue_work(struct work_struct *work)
{
    queue_work(queue, work);
}

int port_open(void)
{
    queue = alloc_ordered_workqueue("xenia-pv", WQ_MEM_RECLAIM);
    return queue ? 0 : -ENOMEM;
}

void port_close(void)
{
    cancel_delayed_work_sync(&timers_work);
    destroy_workqueue(queue);
}

/* ---- Events ----------------------------------------------------------- */

struct event {
    struct event *next;
    struct port_call call;
    evtchn_port_t port;
    unsigned int irq;
    os_event_fn *fn;
    void *arg;
};

static struct event *events;

static void call_event(struct port_call *call)
{
    struct event *event = container_of(call, struct event, call);

    event->fn(event->arg);
}

static irqreturn_t on_interrupt(int irq, void *arg)
{
    struct event *event = arg;

    port_call(&event->call);
    return IRQ_HANDLED;
}

static void close_port(evtchn_port_t port)
{
    struct evtchn_close close = {.port = port};

    HYPERVISOR_event_channel_op(EVTCHNOP_close, &close);
}

static int bind_event(struct event *event)
{
    int irq = bind_evtchn_to_irqhandler(event->port, on_interrupt, 0,
                                        "xenia-pv", event);

    if (irq < 0)
        return irq;
    event->irq = irq;
    event->next = events;
    events = event;
    return 0;
}

int os_event_alloc(domid_t remote, os_event_fn *fn, void *arg,
                   evtchn_port_t *port_out)
{
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF,
                                         .remote_dom = remote};
    struct event *event = kzalloc(sizeof(*event), GFP_NOIO);
    int rc = -ENOMEM;

    if (!event)
        return rc;
    rc = HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &alloc);
    if (rc)
        goto free_event;
    port_call_init(&event->call, call_event);
    event->port = alloc.port;
    event->fn = fn;
    event->arg = arg;
    rc = bind_event(event);
    if (rc)
        goto close_port;
    *port_out = alloc.port;
    return 0;

close_port:
    close_port(alloc.port);
free_event:
    kfree(event);
    return rc;
}

/* The handler has run for the last time, but its call may be among the missed
 * ones. */
void os_event_close(evtchn_port_t port)
{
    struct event **link = &events, *event;

    while ((*link)->port != port)
        link = &(*link)->next;
    event = *link;
    *link = event->next;
    unbind_from_irqhandler(event->irq, event);
    spin_lock_irq(&lock);
    list_del(&event->call.link);
    spin_unlock_irq(&lock);
    kfree(event);
}

void os_event_send(evtchn_port_t port)
{
    notify_remote_via_evtchn(port);
}

/* ---- Time and messages ------------------------------------------------ */

uint64_t os_now_ns(void)
{
    return ktime_get_ns();
}

void os_log(const char *format, ...)
{
    struct va_format text = {.fmt = format};
    va_list args;

    va_start(args, format);
    text.va = &args;
    pr_warn_ratelimited("xenia-pv: %pV\n", &text);
    va_end(args);
}
