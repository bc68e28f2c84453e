/* SPDX-License-Identifier: MIT */
/* Event channels through /dev/xen/evtchn. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/evtchn_dev.h"

#define BATCH 64

struct port {
    os_event_fn *fn; /* NULL: not ours */
    void *arg;
};

/* By number; ports are small numbers. */
static struct port *ports;
static evtchn_port_t nr_ports;
static struct port_poller poller = {.fd = -1};

static void deliver(evtchn_port_t port)
{
    if (port < nr_ports && ports[port].fn)
        ports[port].fn(ports[port].arg);
}

static void ready(void *arg)
{
    uint32_t pending[BATCH];
    int nr = evtchn_dev_pending(poller.fd, pending, BATCH);

    (void)arg;
    for (int i = 0; i < nr; i++) {
        evtchn_dev_unmask(poller.fd, pending[i]);
        deliver(pending[i]);
    }
}

int port_events_fd(void)
{
    port_unpoll(&poller);
    return poller.fd;
}

void port_events(const uint32_t pending[], unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++)
        deliver(pending[i]);
}

int port_events_open(void)
{
    poller = (struct port_poller){.fd = evtchn_dev_open(), .ready = ready};
    return poller.fd < 0 ? poller.fd : port_poll(&poller);
}

static int make_room(evtchn_port_t port)
{
    evtchn_port_t wanted = port + 64;
    struct port *more;

    if (port < nr_ports)
        return 0;
    more = realloc(ports, wanted * sizeof(*ports));
    if (!more)
        return -ENOMEM;
    memset(more + nr_ports, 0, (wanted - nr_ports) * sizeof(*ports));
    ports = more;
    nr_ports = wanted;
    return 0;
}

/* A port that was made: its function is called from here on. */
static int use(int port, os_event_fn *fn, void *arg, evtchn_port_t *port_out)
{
    int rc = port < 0 ? port : make_room((evtchn_port_t)port);

    if (rc) {
        if (port >= 0)
            evtchn_dev_unbind(poller.fd, (uint32_t)port);
        return rc;
    }
    ports[port] = (struct port){fn, arg};
    *port_out = (evtchn_port_t)port;
    return 0;
}

int os_event_alloc(domid_t remote, os_event_fn *fn, void *arg,
                   evtchn_port_t *port_out)
{
    return use(evtchn_dev_bind_unbound(poller.fd, remote), fn, arg, port_out);
}

int os_event_bind(domid_t remote, evtchn_port_t remote_port, os_event_fn *fn,
                  void *arg, evtchn_port_t *port_out)
{
    return use(evtchn_dev_bind_interdomain(poller.fd, remote, remote_port), fn,
               arg, port_out);
}

void os_event_close(evtchn_port_t port)
{
    evtchn_dev_unbind(poller.fd, port);
    ports[port].fn = NULL;
}

void os_event_send(evtchn_port_t port)
{
    evtchn_dev_notify(poller.fd, port);
}
