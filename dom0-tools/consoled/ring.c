/* SPDX-License-Identifier: MIT */
/* The console's page; see ring.h. */
#include "consoled/ring.h"

#include <errno.h>
#include <string.h>

static uint32_t index_read(const uint32_t *index)
{
    return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static void index_write(uint32_t *index, uint32_t value)
{
    __atomic_store_n(index, value, __ATOMIC_RELEASE);
}

void ring_open(struct ring *r, struct xencons_interface *page,
               const uint32_t *taken)
{
    uint32_t cons = index_read(&page->out_cons);

    r->page = page;
    r->in_prod = index_read(&page->in_prod);
    if (taken && *taken - cons <= RING_OUT_SIZE &&
        index_read(&page->out_prod) - *taken <= RING_OUT_SIZE)
        cons = *taken;
    r->out_cons = cons;
    index_write(&page->out_cons, cons);
}

int ring_out_waiting(const struct ring *r)
{
    /* Pairs with the guest's barrier before it moves the index. */
    uint32_t waiting = index_read(&r->page->out_prod) - r->out_cons;

    return waiting <= RING_OUT_SIZE ? (int)waiting : -EBADMSG;
}

void ring_out_copy(const struct ring *r, char *to, uint32_t len)
{
    uint32_t at = r->out_cons % RING_OUT_SIZE, first = RING_OUT_SIZE - at;

    first = len < first ? len : first;
    memcpy(to, r->page->out + at, first);
    memcpy(to + first, r->page->out, len - first);
}

void ring_out_release(struct ring *r, uint32_t len)
{
    r->out_cons += len;
    index_write(&r->page->out_cons, r->out_cons);
}

uint32_t ring_in_room(const struct ring *r)
{
    uint32_t used = r->in_prod - index_read(&r->page->in_cons);

    return used <= RING_IN_SIZE ? RING_IN_SIZE - used : 0;
}

void ring_in_put(struct ring *r, const char *from, uint32_t len)
{
    uint32_t at = r->in_prod % RING_IN_SIZE, first = RING_IN_SIZE - at;

    first = len < first ? len : first;
    memcpy(r->page->in + at, from, first);
    memcpy(r->page->in, from + first, len - first);
    r->in_prod += len;
    index_write(&r->page->in_prod, r->in_prod);
}
