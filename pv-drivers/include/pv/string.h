/* SPDX-License-Identifier: MIT */
/* What a compiler calls on its own; the drivers use no more of C's library. */
#ifndef PV_STRING_H
#define PV_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);

#endif
