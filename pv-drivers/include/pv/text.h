/* SPDX-License-Identifier: MIT */
/* Strings of bounded length: paths and numbers of the store. */
#ifndef PV_TEXT_H
#define PV_TEXT_H

#include "pv/os.h"

/* Paths of devices and their nodes, with NUL. */
#define PV_PATH_MAX 256U

/**
 * Put text together: %s, %u (unsigned int), %lu (64 bits), %x as %u.
 *
 * Returns false if it was cut to fit.
 */
bool text_format(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** A number in decimal, all of the text. Returns 0; -EINVAL; -ERANGE. */
int text_to_u64(const char *text, uint64_t *out);

#endif
