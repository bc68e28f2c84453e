/* SPDX-License-Identifier: MIT */
/* Bytes through a console's page; see consfront.h.
 *
 * Source: public/io/console.h. */
#include "pv/consfront.h"

void consfront_open(struct consfront *console, struct xencons_interface *ring,
                    evtchn_port_t port)
{
    *console = (struct consfront){
        .ring = ring,
        .port = port,
        .out_prod = ring->out_prod,
        .in_cons = ring->in_cons,
    };
}

size_t consfront_write(struct consfront *console, const char *text, size_t size)
{
    struct xencons_interface *ring = console->ring;
    XENCONS_RING_IDX cons = __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE);
    size_t used = console->out_prod - cons, done = 0;

    /* Nonsense is a full ring: it stays so until the back-end mends it. */
    while (done < size && used + done < sizeof(ring->out)) {
        ring->out[console->out_prod % sizeof(ring->out)] = text[done];
        console->out_prod++;
        done++;
    }
    if (!done)
        return 0;
    __atomic_store_n(&ring->out_prod, console->out_prod, __ATOMIC_RELEASE);
    os_event_send(console->port);
    return done;
}

size_t consfront_read(struct consfront *console, char *text, size_t size)
{
    struct xencons_interface *ring = console->ring;
    XENCONS_RING_IDX prod = __atomic_load_n(&ring->in_prod, __ATOMIC_ACQUIRE);
    size_t there = prod - console->in_cons, done = 0;

    if (there > sizeof(ring->in))
        return 0;
    while (done < size && done < there) {
        text[done++] = ring->in[console->in_cons % sizeof(ring->in)];
        console->in_cons++;
    }
    if (!done)
        return 0;
    __atomic_store_n(&ring->in_cons, console->in_cons, __ATOMIC_RELEASE);
    os_event_send(console->port);
    return done;
}
