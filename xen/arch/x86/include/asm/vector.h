/* SPDX-License-Identifier: MIT */
/* Which interrupt each vector of a CPU stands for. */
#ifndef ASM_VECTOR_H
#define ASM_VECTOR_H

#include "xen/types.h"

#define NR_VECTORS           256
#define FIRST_DYNAMIC_VECTOR 0x20
#define LAST_DYNAMIC_VECTOR  0xef
#define FIRST_DIRECT_VECTOR  0xf0
#define GUEST_SYSCALL_VECTOR 0x80

#define VECTOR_FREE          0xffff

/* One per CPU. Changed under vector_lock (irq.c), read by the CPU without. */
struct vector_table {
    u16 irq[NR_VECTORS]; /* VECTOR_FREE, or whose it is */
    u8 last;             /* handed out last */
};

void vector_table_init(struct vector_table *t);

/**
 * Take a free dynamic vector for `irq`. Those handed out one after the other
 * are of different priority classes (the upper four bits), of which a CPU
 * holds no more than two interrupts each.
 *
 * Returns the vector; 0 if all are in use.
 */
unsigned int vector_alloc(struct vector_table *t, u16 irq);
void vector_free(struct vector_table *t, unsigned int vector);

#endif
