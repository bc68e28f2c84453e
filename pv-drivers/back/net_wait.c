/* SPDX-License-Identifier: MIT */
/*
 * Packets for the guest that wait until its rate allows them. Flows take turns
 * by bytes, so one that sends as fast as it can does not make the others wait:
 * without that, the answers to what the guest sends come so late behind it that
 * the guest does not reach the rate that it has.
 */
#include "net_internal.h"

#define TURN_BYTES 4096

/* Acknowledgements, questions, answers. */
#define SMALL 256U

static size_t cost(const struct net_waiting *p)
{
    return sizeof(*p) + p->size;
}

void net_waiting_free(struct net_waiting *p)
{
    os_free(p, cost(p));
}

static struct net_waiting *take_first(struct net_wait *w,
                                      struct net_wait_flow *f)
{
    struct net_waiting *p = f->first;

    f->first = p->next;
    f->size -= cost(p);
    w->size -= cost(p);
    return p;
}

/* The oldest of the flow that has most: its sender learns of it soonest. */
static void lose_one(struct net_wait *w)
{
    struct net_wait_flow *most = w->flows;

    for (unsigned int i = 1; i < NET_WAIT_FLOWS; i++)
        if (w->flows[i].size > most->size)
            most = &w->flows[i];
    net_waiting_free(take_first(w, most));
}

static struct net_wait_flow *flow_of(struct net_wait *w, const uint8_t *frame,
                                     size_t size)
{
    return &w->flows[net_flow(frame, size) % NET_WAIT_FLOWS];
}

bool net_wait_may_pass(struct net_wait *w, const uint8_t *frame, size_t size)
{
    struct net_wait_flow *f = flow_of(w, frame, size);

    if (size > SMALL || f->first || f->credit < (int32_t)size)
        return false;
    f->credit -= (int32_t)size;
    return true;
}

unsigned int net_wait_add(struct net_wait *w, const uint8_t *frame, size_t size,
                          const struct net_offload *offload, size_t most)
{
    struct net_wait_flow *f = flow_of(w, frame, size);
    struct net_waiting *p = os_alloc(sizeof(*p) + size);
    unsigned int nr_lost = 0;

    if (!p)
        return 1;
    p->size = (uint32_t)size;
    p->offload = *offload;
    memcpy(p->data, frame, size);
    if (f->first)
        f->last->next = p;
    else
        f->first = p;
    f->last = p;
    f->size += cost(p);
    w->size += cost(p);
    for (; w->size > most; nr_lost++)
        lose_one(w);
    return nr_lost;
}

struct net_waiting *net_wait_take(struct net_wait *w)
{
    if (!w->size)
        return NULL;
    for (;;) {
        struct net_wait_flow *f = &w->flows[w->turn];

        if (f->first && f->credit > 0) {
            f->credit -= (int32_t)f->first->size;
            return take_first(w, f);
        }
        w->turn = (w->turn + 1) % NET_WAIT_FLOWS;
        f = &w->flows[w->turn];
        /* What it took beyond its turn it lacks in the next ones. */
        f->credit += TURN_BYTES;
        if (f->credit > TURN_BYTES)
            f->credit = TURN_BYTES;
    }
}
