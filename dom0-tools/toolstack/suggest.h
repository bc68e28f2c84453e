/* SPDX-License-Identifier: MIT */
/* What somebody may have meant who wrote a name that nobody knows. */
#ifndef TOOLSTACK_SUGGEST_H
#define TOOLSTACK_SUGGEST_H

#include <stddef.h>

/**
 * Keep the known name that is nearest to what was written, if it is near at
 * all: call this for every known name.
 *
 * @near_inout      nearest so far, NULL at first
 * @distance_inout  how many letters it differs by
 */
void suggest(const char *written, const char *known, const char **near_inout,
             size_t *distance_inout);

#endif
