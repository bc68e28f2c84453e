/* SPDX-License-Identifier: MIT */
/*
 * Delivery of events through bitmaps: a pending and a mask bit for each port
 * in shared_info, and for each vcpu a selector with a bit for each word of
 * them, in vcpu_info. The guest writes all of these at any time; nothing here
 * depends on what they hold.
 */
#include "evtchn_internal.h"

/* Tell the vcpu in which word to look. */
static void select_word(struct vcpu *v, evtchn_port_t port)
{
    if (v != NULL && !test_and_set_bit(port / BITS_PER_LONG,
                                       &v->vcpu_info->evtchn_pending_sel))
        vcpu_mark_events_pending(v);
}

static bool evtchn_2l_set_pending(struct domain *d, struct evtchn *chn)
{
    struct shared_info *s = d->shared_info;

    if (test_and_set_bit(chn->port, s->evtchn_pending))
        return true;
    if (!test_bit(chn->port, s->evtchn_mask))
        select_word(evtchn_notified_vcpu(d, chn), chn->port);
    return false;
}

static void evtchn_2l_clear_pending(struct domain *d, struct evtchn *chn)
{
    clear_bit(chn->port, d->shared_info->evtchn_pending);
}

static void evtchn_2l_unmask(struct domain *d, struct evtchn *chn)
{
    struct shared_info *s = d->shared_info;

    if (test_and_clear_bit(chn->port, s->evtchn_mask) &&
        test_bit(chn->port, s->evtchn_pending))
        select_word(evtchn_notified_vcpu(d, chn), chn->port);
}

static bool evtchn_2l_is_pending(const struct domain *d,
                                 const struct evtchn *chn)
{
    return test_bit(chn->port, d->shared_info->evtchn_pending);
}

static bool evtchn_2l_is_masked(const struct domain *d,
                                const struct evtchn *chn)
{
    return test_bit(chn->port, d->shared_info->evtchn_mask);
}

static bool evtchn_2l_is_busy(const struct domain *d, const struct evtchn *chn)
{
    (void)d;
    (void)chn;
    return false;
}

const struct evtchn_ops evtchn_2l_ops = {
    .max_ports = EVTCHN_2L_NR_CHANNELS,
    .set_pending = evtchn_2l_set_pending,
    .clear_pending = evtchn_2l_clear_pending,
    .unmask = evtchn_2l_unmask,
    .is_pending = evtchn_2l_is_pending,
    .is_masked = evtchn_2l_is_masked,
    .is_busy = evtchn_2l_is_busy,
};
