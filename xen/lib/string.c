/* SPDX-License-Identifier: MIT */
/*
 * Memory and string functions. Bulk work is done by string instructions, which
 * are fast on every CPU for the page-sized areas that matter here; the compiler
 * expands small copies of known size itself.
 */
#include "xen/string.h"

#if __STDC_HOSTED__
#include "string_host.h"

#define memcpy  xen_memcpy
#define memmove xen_memmove
#define memset  xen_memset
#define memcmp  xen_memcmp
#define strlen  xen_strlen
#define strnlen xen_strnlen
#define strcmp  xen_strcmp
#define strncmp xen_strncmp
#define strchr  xen_strchr
#define strrchr xen_strrchr
#define strstr  xen_strstr
#endif

void *memcpy(void *dst, const void *src, size_t n)
{
    void *to = dst;
    size_t words = n / 8;

    __asm__ volatile("rep movsq\n\t"
                     "mov %3, %2\n\t"
                     "rep movsb"
                     : "+D"(to), "+S"(src), "+c"(words)
                     : "r"(n % 8)
                     : "memory");
    return dst;
}

/* From the last byte to the first. */
static void copy_down(void *dst, const void *src, size_t n)
{
    char *to = (char *)dst + n - 1;
    const char *from = (const char *)src + n - 1;

    __asm__ volatile("std\n\t"
                     "rep movsb\n\t"
                     "cld"
                     : "+D"(to), "+S"(from), "+c"(n)
                     :
                     : "memory", "cc");
}

void *memmove(void *dst, const void *src, size_t n)
{
    if ((unsigned long)dst - (unsigned long)src >= n)
        return memcpy(dst, src, n);

    copy_down(dst, src, n);
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    void *to = dst;
    size_t words = n / 8;

    __asm__ volatile("rep stosq\n\t"
                     "mov %2, %1\n\t"
                     "rep stosb"
                     : "+D"(to), "+c"(words)
                     : "r"(n % 8), "a"((u8)c * 0x0101010101010101UL)
                     : "memory");
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const u8 *x = a, *y = b;
    size_t i;

    for (i = 0; i < n; i++)
        if (x[i] != y[i])
            return x[i] - y[i];

    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    /* The barrier keeps the compiler from calling strlen() here. */
    while (s[n] != '\0') {
        n++;
        barrier();
    }
    return n;
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;

    while (n < max && s[n] != '\0')
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n > 0; a++, b++, n--)
        if (*a != *b || *a == '\0')
            return (unsigned char)*a - (unsigned char)*b;

    return 0;
}

char *strchr(const char *s, int c)
{
    for (; *s != (char)c; s++)
        if (*s == '\0')
            return NULL;

    return (char *)s;
}

char *strrchr(const char *s, int c)
{
    const char *last = NULL;

    for (;; s++) {
        if (*s == (char)c)
            last = s;
        if (*s == '\0')
            return (char *)last;
    }
}

char *strstr(const char *s, const char *what)
{
    size_t len = strlen(what);

    for (; strncmp(s, what, len) != 0; s++)
        if (*s == '\0')
            return NULL;

    return (char *)s;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
    size_t len = strlen(src);
    size_t n = len;

    if (size == 0)
        return len;
    if (n > size - 1)
        n = size - 1;
    memcpy(dst, src, n);
    dst[n] = '\0';
    return len;
}
