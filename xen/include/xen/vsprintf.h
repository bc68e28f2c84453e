/* SPDX-License-Identifier: MIT */
/*
 * Formatted text into a buffer.
 *
 * Conversions: d i u x X o c s p and %%; flags '-', '0', '+', ' ', '#'; width
 * and precision, also as '*'; lengths hh h l ll z t j. %p prints 16 hexadecimal
 * digits without a prefix; %ps prints an address of the hypervisor's code as
 * name+offset/size. A null string prints "(null)". An unknown conversion is
 * copied as it stands.
 */
#ifndef XEN_VSPRINTF_H
#define XEN_VSPRINTF_H

#include <stdarg.h>

#include "xen/types.h"

#if __STDC_HOSTED__
#include <stdio.h>

#define snprintf  xen_snprintf
#define vsnprintf xen_vsnprintf
#endif

/**
 * Format into buf, of which at most `size` bytes are written; the text always
 * ends in NUL unless size is 0. buf may be NULL where size is 0.
 *
 * Returns the length that the whole text has, without the NUL.
 * Locks:  none. Callable everywhere.
 */
int __printf(3, 4) snprintf(char *buf, size_t size, const char *fmt, ...);
int __printf(3, 0)
    vsnprintf(char *buf, size_t size, const char *fmt, va_list args);

/** As above, but return the number of characters in buf (without the NUL). */
int __printf(3, 4) scnprintf(char *buf, size_t size, const char *fmt, ...);
int __printf(3, 0)
    vscnprintf(char *buf, size_t size, const char *fmt, va_list args);

#endif
