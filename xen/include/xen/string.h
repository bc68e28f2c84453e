/* SPDX-License-Identifier: MIT */
/* Memory and strings; in host builds those of the C library. */
#ifndef XEN_STRING_H
#define XEN_STRING_H

#include "xen/types.h"

#if __STDC_HOSTED__
#include <string.h>

/* Newer C libraries have one of their own. */
#undef strlcpy
#define strlcpy xen_strlcpy
#else
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);
#endif

/**
 * Copy a string into a buffer of `size` bytes: as much as fits, and always
 * with a NUL at its end unless size is 0.
 *
 * Returns the length of src; the copy is complete where that is below size.
 */
size_t strlcpy(char *dst, const char *src, size_t size);

#endif
