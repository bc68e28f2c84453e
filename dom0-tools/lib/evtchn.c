/* SPDX-License-Identifier: MIT */
/* The event_channel_op hypercall; see evtchn.h. */
#include "lib/evtchn.h"

#include "lib/hypercall.h"

int evtchn_alloc_unbound(struct privcmd *p, domid_t domid, domid_t remote,
                         evtchn_port_t *port_out, struct error **err_out)
{
    size_t mark = privcmd_mark(p);
    struct evtchn_alloc_unbound *op = privcmd_buffer(p, sizeof(*op));
    int64_t rc;

    if (!op)
        return buffer_fail(err_out);
    op->dom = domid;
    op->remote_dom = remote;
    rc = privcmd_call(p, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
                      (uintptr_t)op, 0, 0, 0);
    if (!rc)
        *port_out = op->port;
    privcmd_release(p, mark);
    return rc ? privcmd_fail(err_out, rc, "event_channel_op alloc_unbound") : 0;
}

/* One operation on a struct in a buffer. */
static int64_t op_call(struct privcmd *p, unsigned int op, const void *buffer)
{
    return privcmd_call(p, __HYPERVISOR_event_channel_op, op, (uintptr_t)buffer,
                        0, 0, 0);
}

int evtchn_notify(struct privcmd *p, domid_t domid, evtchn_port_t port,
                  struct error **err_out)
{
    size_t mark = privcmd_mark(p);
    struct evtchn_bind_interdomain *bind = privcmd_buffer(p, sizeof(*bind));
    struct evtchn_send *send = privcmd_buffer(p, sizeof(*send));
    struct evtchn_close *close = privcmd_buffer(p, sizeof(*close));
    int64_t rc;

    if (!bind || !send || !close) {
        privcmd_release(p, mark);
        return buffer_fail(err_out);
    }
    bind->remote_dom = domid;
    bind->remote_port = port;
    rc = op_call(p, EVTCHNOP_bind_interdomain, bind);
    if (!rc) {
        send->port = close->port = bind->local_port;
        rc = op_call(p, EVTCHNOP_send, send);
        op_call(p, EVTCHNOP_close, close);
    }
    privcmd_release(p, mark);
    return rc ? privcmd_fail(err_out, rc, "event_channel_op send") : 0;
}
