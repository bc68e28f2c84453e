/* SPDX-License-Identifier: MIT */
/* The page that a domain's console shares with the console daemon. */
#ifndef XEN_PUBLIC_IO_CONSOLE_H
#define XEN_PUBLIC_IO_CONSOLE_H

#include "public/types.h"

/* Runs freely; masked with the size of the ring to index it. */
typedef uint32_t XENCONS_RING_IDX;

struct xencons_interface {
    char in[1024];  /* to the domain */
    char out[2048]; /* from it */
    XENCONS_RING_IDX in_cons;
    XENCONS_RING_IDX in_prod;
    XENCONS_RING_IDX out_cons;
    XENCONS_RING_IDX out_prod;
};

#endif
