/* SPDX-License-Identifier: MIT */
/* What must not happen: the host stops with a dump. Never reached by anything
 * a guest can do. */
#ifndef XEN_BUG_H
#define XEN_BUG_H

#include "xen/types.h"

/**
 * The hypervisor's own state is inconsistent: print where, the registers and a
 * backtrace; stop or reboot as `noreboot` says.
 */
void __noreturn __cold bug(const char *file, unsigned int line,
                           const char *what);

/**
 * The platform or a boot option leaves no way on. The text says what is wrong
 * and what to change; no register dump follows.
 */
void __noreturn __cold __printf(1, 2) panic(const char *fmt, ...);

/** Log once where and why, with a backtrace, and go on. */
void __cold warn(const char *file, unsigned int line, const char *what);

#define BUG() bug(__FILE__, __LINE__, "BUG")
#define BUG_ON(cond)                                                           \
    do {                                                                       \
        if (unlikely(cond))                                                    \
            bug(__FILE__, __LINE__, #cond);                                    \
    } while (0)
#define WARN_ON(cond)                                                          \
    do {                                                                       \
        static bool warned;                                                    \
        if (unlikely(cond) && !warned) {                                       \
            warned = true;                                                     \
            warn(__FILE__, __LINE__, #cond);                                   \
        }                                                                      \
    } while (0)

/* Checked in debug builds only. */
#define ASSERT(cond)                                                           \
    do {                                                                       \
        if (IS_ENABLED(CONFIG_DEBUG) && unlikely(!(cond)))                     \
            bug(__FILE__, __LINE__, "ASSERT(" #cond ")");                      \
    } while (0)

#endif
