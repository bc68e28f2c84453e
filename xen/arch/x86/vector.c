/* SPDX-License-Identifier: MIT */
/* Hands out the vectors of one CPU. */
#include "asm/vector.h"

#include "xen/bug.h"

#define CLASS_SIZE 16
#define NR_DYNAMIC (LAST_DYNAMIC_VECTOR - FIRST_DYNAMIC_VECTOR + 1)

void vector_table_init(struct vector_table *t)
{
    for (unsigned int v = 0; v < NR_VECTORS; v++)
        t->irq[v] = VECTOR_FREE;
    t->last = LAST_DYNAMIC_VECTOR;
}

/* The same place in the next class; from the last class on to the next place
 * in the first. Visits all dynamic vectors before it comes back. */
static unsigned int next_vector(unsigned int vector)
{
    unsigned int at = vector - FIRST_DYNAMIC_VECTOR + CLASS_SIZE;

    if (at >= NR_DYNAMIC)
        at = (at % CLASS_SIZE + 1) % CLASS_SIZE;
    return FIRST_DYNAMIC_VECTOR + at;
}

unsigned int vector_alloc(struct vector_table *t, u16 irq)
{
    unsigned int vector = t->last;

    for (unsigned int i = 0; i < NR_DYNAMIC; i++) {
        vector = next_vector(vector);
        if (vector == GUEST_SYSCALL_VECTOR || t->irq[vector] != VECTOR_FREE)
            continue;
        t->irq[vector] = irq;
        t->last = vector;
        return vector;
    }
    return 0;
}

void vector_free(struct vector_table *t, unsigned int vector)
{
    ASSERT(vector >= FIRST_DYNAMIC_VECTOR && vector <= LAST_DYNAMIC_VECTOR);
    t->irq[vector] = VECTOR_FREE;
}
