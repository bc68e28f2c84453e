/* SPDX-License-Identifier: MIT */
/*
 * Delivery of events through bitmaps: a pending and a mask bit for each port
 * in shared_info, and for each vcpu a selector with a bit for each word of
 * them, in vcpu_info. The guest writes all of these at any time; nothing here
 * depends on what they hold.
 */
#include "evtchn_internal.h"

/* Tell the vcpu in which word to look. Returns false, as evtchn_upcall(). */
static __always_inline bool select_word(struct vcpu *v, unsigned int word)
{
    if (v != NULL && !test_and_set_bit(word % BITS_PER_LONG,
                                       &v->vcpu_info->evtchn_pending_sel))
        return evtchn_upcall(v);
    return false;
}

/* The port in its word became pending. Returns false. */
static __always_inline bool select_unmasked(const struct domain *d,
                                            const struct evtchn *chn,
                                            const struct shared_info *s,
                                            evtchn_port_t port)
{
    unsigned int word = port / BITS_PER_LONG;

    if (test_bit(port % BITS_PER_LONG, &s->evtchn_mask[word]))
        return false;
    return select_word(evtchn_notified_vcpu(d, chn), word);
}

static __noinline bool select_polled(struct domain *d, struct evtchn *chn)
{
    evtchn_wake_pollers(d, chn->port);
    return select_unmasked(d, chn, d->shared_info, chn->port);
}

static bool evtchn_2l_set_pending(struct domain *d, struct evtchn *chn)
{
    struct shared_info *s = d->shared_info;
    evtchn_port_t port = chn->port;

    if (test_and_set_bit(port % BITS_PER_LONG,
                         &s->evtchn_pending[port / BITS_PER_LONG]))
        return true;
    if (evtchn_is_polled(d))
        return select_polled(d, chn);
    return select_unmasked(d, chn, s, port);
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
        select_word(evtchn_notified_vcpu(d, chn), chn->port / BITS_PER_LONG);
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
