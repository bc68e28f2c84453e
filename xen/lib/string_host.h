/* SPDX-License-Identifier: MIT */
/* Names of string.c's functions in host builds, beside the C library's. */
#ifndef STRING_HOST_H
#define STRING_HOST_H

#include "xen/types.h"

void *xen_memcpy(void *dst, const void *src, size_t n);
void *xen_memmove(void *dst, const void *src, size_t n);
void *xen_memset(void *dst, int c, size_t n);
int xen_memcmp(const void *a, const void *b, size_t n);
size_t xen_strlen(const char *s);
size_t xen_strnlen(const char *s, size_t max);
int xen_strcmp(const char *a, const char *b);
int xen_strncmp(const char *a, const char *b, size_t n);
char *xen_strchr(const char *s, int c);
char *xen_strrchr(const char *s, int c);
char *xen_strstr(const char *s, const char *what);

#endif
