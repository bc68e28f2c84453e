/* SPDX-License-Identifier: MIT */
/* Compiler attributes and the small macros that every file needs. */
#ifndef XEN_COMPILER_H
#define XEN_COMPILER_H

/* One image, no shared objects: no symbol ever goes through a GOT. */
#if !__STDC_HOSTED__
#pragma GCC visibility push(hidden)
#endif

#define __must_check __attribute__((__warn_unused_result__))
#define __packed     __attribute__((__packed__))
#define __aligned(n) __attribute__((__aligned__(n)))
#define __section(s) __attribute__((__section__(s)))
#define __used       __attribute__((__used__))
#define __noreturn   __attribute__((__noreturn__))
#define __cold       __attribute__((__cold__))
#define __noinline   __attribute__((__noinline__))

/* Before a loop of few rounds. Clang can't where a round has an asm goto. */
#ifdef __clang__
#define UNROLL
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

#undef __always_inline /* the host C library has one of its own */
#define __always_inline inline __attribute__((__always_inline__))
#define __printf(f, a)  __attribute__((__format__(__printf__, f, a)))
#define __maybe_unused  __attribute__((__unused__))
#define fallthrough     __attribute__((__fallthrough__))

#define likely(x)       __builtin_expect(!!(x), 1)
#define unlikely(x)     __builtin_expect(!!(x), 0)

#define barrier()       __asm__ volatile("" ::: "memory")

/* One access to memory that somebody else may be writing. */
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#define ARRAY_SIZE(a)    (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member)                                        \
    ((type *)((char *)(ptr) - __builtin_offsetof(type, member)))

#define BUILD_BUG_ON(cond) _Static_assert(!(cond), "!(" #cond ")")

#define min(a, b)                                                              \
    __extension__({                                                            \
        __typeof__(a) min_a = (a);                                             \
        __typeof__(b) min_b = (b);                                             \
        (void)(&min_a == &min_b);                                              \
        min_a < min_b ? min_a : min_b;                                         \
    })
#define max(a, b)                                                              \
    __extension__({                                                            \
        __typeof__(a) max_a = (a);                                             \
        __typeof__(b) max_b = (b);                                             \
        (void)(&max_a == &max_b);                                              \
        max_a > max_b ? max_a : max_b;                                         \
    })
#define min_t(type, a, b)   min((type)(a), (type)(b))
#define max_t(type, a, b)   max((type)(a), (type)(b))

#define ROUNDUP(x, align)   (((x) + (align)-1) & ~((__typeof__(x))(align)-1))
#define ROUNDDOWN(x, align) ((x) & ~((__typeof__(x))(align)-1))
#define DIV_ROUND_UP(n, d)  (((n) + (d)-1) / (d))

/* Options are macros that are 0 or 1: both arms are always compiled. */
#define IS_ENABLED(option) ((option) != 0)
#ifndef CONFIG_DEBUG
#define CONFIG_DEBUG 0
#endif

#endif
