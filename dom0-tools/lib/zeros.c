/* SPDX-License-Identifier: MIT */
/* Looking for zeros; see zeros.h. */
#include "lib/zeros.h"

#include <string.h>

#define PART 4096u /* looked at and written at a time */

bool memory_is_zero(const void *data, size_t size)
{
    const char *bytes = data;

    return !bytes[0] && !memcmp(bytes, bytes + 1, size - 1);
}

void memory_make_zero(void *data, size_t size)
{
    char *to = data;
    size_t part;

    for (; size; to += part, size -= part) {
        part = size < PART ? size : PART;
        if (!memory_is_zero(to, part))
            memset(to, 0, part);
    }
}
