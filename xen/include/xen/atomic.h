/* SPDX-License-Identifier: MIT */
/* Atomic counters, compare-and-swap and memory barriers. */
#ifndef XEN_ATOMIC_H
#define XEN_ATOMIC_H

#include "xen/compiler.h"
#include "xen/types.h"

typedef struct {
    int counter;
} atomic_t;

#define ATOMIC_INIT(i)                                                         \
    {                                                                          \
        (i)                                                                    \
    }

static inline int atomic_read(const atomic_t *v)
{
    return READ_ONCE(v->counter);
}

static inline void atomic_set(atomic_t *v, int i)
{
    WRITE_ONCE(v->counter, i);
}

static inline void atomic_inc(atomic_t *v)
{
    __atomic_fetch_add(&v->counter, 1, __ATOMIC_SEQ_CST);
}

static inline void atomic_dec(atomic_t *v)
{
    __atomic_fetch_sub(&v->counter, 1, __ATOMIC_SEQ_CST);
}

/** Add, and return the new value. */
static inline int atomic_add_return(atomic_t *v, int i)
{
    return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);
}

static inline bool atomic_dec_and_test(atomic_t *v)
{
    return atomic_add_return(v, -1) == 0;
}

/** Take one more reference unless the count is zero already. */
static inline bool atomic_inc_not_zero(atomic_t *v)
{
    int old = atomic_read(v);

    while (old != 0)
        if (__atomic_compare_exchange_n(&v->counter, &old, old + 1, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return true;

    return false;
}

/* Compare and swap: the value found is returned, equal to `old` on success. */
#define cmpxchg(ptr, old, new)                                                 \
    __extension__({                                                            \
        __typeof__(*(ptr)) cx_old = (old);                                     \
        __atomic_compare_exchange_n((ptr), &cx_old, (new), false,              \
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);       \
        cx_old;                                                                \
    })

/* The same as a condition: true if it was done, else *seen is what was there.
 */
#define try_cmpxchg(ptr, seen, new)                                            \
    __atomic_compare_exchange_n((ptr), (seen), (new), false, __ATOMIC_SEQ_CST, \
                                __ATOMIC_SEQ_CST)

#define xchg(ptr, v) __atomic_exchange_n((ptr), (v), __ATOMIC_SEQ_CST)

/* x86 orders everything but a store before a load from elsewhere. */
#define smp_mb()    __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()   barrier()
#define smp_wmb()   barrier()

#define cpu_relax() __builtin_ia32_pause()

#endif
