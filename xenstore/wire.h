/* SPDX-License-Identifier: MIT */
/* Messages as bytes: fields, numbers, paths and names of errors. No I/O. */
#ifndef XENSTORE_WIRE_H
#define XENSTORE_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "public/io/xs_wire.h"
#include "public/types.h"

/* Room for a path as the store has it, with the NUL. */
#define PATH_ROOM (XENSTORE_ABS_PATH_MAX + 1)

/** The name that an error message carries for -errno; "EINVAL" if it has none.
 */
const char *wire_error_name(int error);

/**
 * The strings, each with a NUL, that a payload consists of.
 *
 * @field  filled with the first max of them
 *
 * Returns how many there are, also if that is more than max; -EINVAL if the
 *         payload is empty or lacks the last NUL.
 */
int wire_fields(const char *data, size_t len, const char *field[],
                unsigned int max);

/**
 * Decimal number without sign or blanks.
 *
 * Returns 0, or -EINVAL if it is none or above max.
 */
int wire_number(const char *text, uint64_t max, uint64_t *out);

/** Is it a special name: "@", and after it what a path may consist of? */
bool wire_is_special(const char *path);

/** Is it a path as wire_path() makes them, but for its length? */
bool wire_is_path(const char *path);

/**
 * Check a client's path; put the one that the store uses to path.
 *
 * @domid  whose home a relative path starts from
 *
 * Returns 0, or -EINVAL if a character, a slash or the length is wrong, or if
 *         it is special.
 * Source: xenstore.txt.
 */
int wire_path(domid_t domid, const char *given, char path[PATH_ROOM]);

/** Length of the path above this one, which is not "/"; 1 if that is "/". */
size_t wire_parent_len(const char *path, size_t len);

/** Names below the root: 0 for "/". */
unsigned int wire_depth(const char *path);

/** Is path the same as or below the first len bytes of above? */
bool wire_is_below(const char *path, const char *above);

#endif
