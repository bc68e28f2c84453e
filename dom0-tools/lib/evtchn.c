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
