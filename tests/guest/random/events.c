/* SPDX-License-Identifier: MIT */
/* Event channels, in bitmaps and in queues. */
#include "random.h"

#define NR_PORTS 48

static evtchn_port_t any_port(struct actor *a)
{
    return one_in(a, 32) ? (evtchn_port_t)any_number(a) : below(a, NR_PORTS);
}

static uint32_t any_vcpu(struct actor *a)
{
    return one_in(a, 16) ? (uint32_t)any_number(a)
                         : below(a, (unsigned int)world.word[NR_VCPUS] + 1);
}

/* A domain's ports run out unless it closes some. */
static unsigned int any_cmd(struct actor *a)
{
    static const uint8_t cmds[] = {
        EVTCHNOP_bind_interdomain,
        EVTCHNOP_bind_interdomain,
        EVTCHNOP_bind_virq,
        EVTCHNOP_bind_pirq,
        EVTCHNOP_close,
        EVTCHNOP_close,
        EVTCHNOP_close,
        EVTCHNOP_close,
        EVTCHNOP_close,
        EVTCHNOP_send,
        EVTCHNOP_send,
        EVTCHNOP_send,
        EVTCHNOP_send,
        EVTCHNOP_status,
        EVTCHNOP_alloc_unbound,
        EVTCHNOP_alloc_unbound,
        EVTCHNOP_bind_ipi,
        EVTCHNOP_bind_vcpu,
        EVTCHNOP_unmask,
        EVTCHNOP_unmask,
        EVTCHNOP_set_priority,
        EVTCHNOP_expand_array,
    };

    if (one_in(a, 256))
        return one_in(a, 2) ? EVTCHNOP_reset : EVTCHNOP_init_control;
    return cmds[below(a, sizeof(cmds))];
}

static void fill(struct actor *a, unsigned int cmd, uint32_t *arg)
{
    switch (cmd) {
    case EVTCHNOP_bind_interdomain:
        *(domid_t *)arg = any_domid(a);
        arg[1] = any_port(a);
        break;
    case EVTCHNOP_bind_virq:
        arg[0] = below(a, NR_VIRQS + 1);
        arg[1] = any_vcpu(a);
        break;
    case EVTCHNOP_bind_pirq:
        arg[0] = any_port(a);
        arg[1] = below(a, 2);
        break;
    case EVTCHNOP_alloc_unbound:
        ((domid_t *)arg)[0] = one_in(a, 16) ? any_domid(a) : DOMID_SELF;
        ((domid_t *)arg)[1] = any_domid(a);
        break;
    case EVTCHNOP_status:
        *(domid_t *)arg = one_in(a, 16) ? any_domid(a) : DOMID_SELF;
        arg[1] = any_port(a);
        break;
    case EVTCHNOP_bind_ipi:
        arg[0] = any_vcpu(a);
        break;
    case EVTCHNOP_reset:
        *(domid_t *)arg = DOMID_SELF;
        break;
    case EVTCHNOP_init_control: {
        struct evtchn_init_control *op = (void *)arg;

        op->control_gfn = any_mfn(a);
        op->offset = one_in(a, 4) ? below(a, PAGE_SIZE) : below(a, 32) * 8;
        op->vcpu = any_vcpu(a);
        break;
    }
    case EVTCHNOP_expand_array:
        *(uint64_t *)arg = any_mfn(a);
        break;
    default:
        arg[0] = any_port(a);
        arg[1] = any_vcpu(a);
        break;
    }
}

void step_event(struct actor *a)
{
    uint32_t *arg = new_arg(a);
    unsigned int cmd = any_cmd(a);

    fill(a, cmd, arg);
    if (one_in(a, 8))
        event_unmask(below(a, NR_PORTS));
    later(a, __HYPERVISOR_event_channel_op, cmd, any_place(a, arg));
}
