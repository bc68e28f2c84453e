/* SPDX-License-Identifier: MIT */
/* Events, time, messages: what happens, and the wait for it. */
#include <stdarg.h>

#include "pv/store_ring.h"
#include "pv/timers.h"

#include "bare.h"
#include "guest.h"

#define MAX_PORTS 16U

static struct {
    evtchn_port_t port; /* 0: none */
    os_event_fn *fn;
    void *arg;
} ports[MAX_PORTS];

static long event_op(unsigned int op, void *arg)
{
    return hypercall(__HYPERVISOR_event_channel_op, op, arg);
}

/* ---- Ports ------------------------------------------------------------ */

static bool add_port(evtchn_port_t port, os_event_fn *fn, void *arg)
{
    for (unsigned int i = 0; i < MAX_PORTS; i++) {
        if (ports[i].port)
            continue;
        ports[i].port = port;
        ports[i].fn = fn;
        ports[i].arg = arg;
        return true;
    }
    return false;
}

void bare_event_use(evtchn_port_t port, os_event_fn *fn, void *arg)
{
    REQUIRE("there_are_ports_enough", add_port(port, fn, arg));
}

int os_event_alloc(domid_t remote, os_event_fn *fn, void *arg,
                   evtchn_port_t *port_out)
{
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF,
                                         .remote_dom = remote};
    int rc = (int)event_op(EVTCHNOP_alloc_unbound, &alloc);

    if (rc)
        return rc;
    if (!add_port(alloc.port, fn, arg)) {
        os_event_close(alloc.port);
        return -XEN_ENOSPC;
    }
    *port_out = alloc.port;
    return 0;
}

void os_event_close(evtchn_port_t port)
{
    struct evtchn_close close = {.port = port};

    event_op(EVTCHNOP_close, &close);
    for (unsigned int i = 0; i < MAX_PORTS; i++)
        if (ports[i].port == port)
            ports[i].port = 0;
}

void os_event_send(evtchn_port_t port)
{
    struct evtchn_send send = {.port = port};

    event_op(EVTCHNOP_send, &send);
}

/* ---- The loop --------------------------------------------------------- */

static bool take_event(evtchn_port_t port)
{
    uint64_t bit = 1UL << port % 64;

    return __atomic_fetch_and(&shared_info->evtchn_pending[port / 64], ~bit,
                              __ATOMIC_SEQ_CST) &
           bit;
}

/* Until one of the ports has an event, or the time has come; 0: no such time.
 */
static void poll(evtchn_port_t list[], unsigned int nr, uint64_t until)
{
    struct sched_poll poll = {
        .ports = (uint64_t)list, .nr_ports = nr, .timeout = until};

    hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
}

void bare_wait(evtchn_port_t port)
{
    while (!take_event(port))
        poll(&port, 1, 0);
}

static bool call_events(void)
{
    bool any = false;

    for (unsigned int i = 0; i < MAX_PORTS; i++) {
        if (!ports[i].port || !take_event(ports[i].port))
            continue;
        any = true;
        ports[i].fn(ports[i].arg);
    }
    return any;
}

void bare_run(void)
{
    evtchn_port_t list[MAX_PORTS];
    uint64_t next;
    unsigned int nr = 0;

    timers_run();
    /* Also events that came while somebody waited for an answer. */
    store_ring_dispatch();
    if (call_events())
        return;
    for (unsigned int i = 0; i < MAX_PORTS; i++)
        if (ports[i].port)
            list[nr++] = ports[i].port;
    next = timers_next();
    poll(list, nr, next == TIMERS_NONE ? 0 : next);
}

void store_ring_wait(evtchn_port_t port)
{
    bare_wait(port);
}

/* ---- Time and messages ------------------------------------------------ */

uint64_t os_now_ns(void)
{
    return time_ns();
}

void os_log(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

void bare_end(unsigned int reason)
{
    struct sched_shutdown shutdown = {.reason = reason};

    hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &shutdown);
    for (;;)
        bare_wait(0);
}
