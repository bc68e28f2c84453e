/* SPDX-License-Identifier: MIT */
/* Memory that is zero, or is to be. */
#ifndef LIB_ZEROS_H
#define LIB_ZEROS_H

#include <stdbool.h>
#include <stddef.h>

/* Whether memory, of one byte or more, is all zeros. */
bool memory_is_zero(const void *data, size_t size);

/* Make memory zero that is likely to be so already, as a new guest's is: to
 * look takes less than to write, and leaves it as it is. */
void memory_make_zero(void *data, size_t size);

#endif
