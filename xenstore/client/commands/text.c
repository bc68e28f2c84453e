/* SPDX-License-Identifier: MIT */
/* Text that grows, and values as people can read them. */
#include "commands.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_add(struct text *text, const void *bytes, size_t len)
{
    if (text->size - text->len < len + 1) {
        text->size = 2 * text->size + len + 1;
        text->bytes = realloc(text->bytes, text->size);
        if (!text->bytes)
            err(1, "output");
    }
    if (len)
        memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    text->bytes[text->len] = '\0';
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args;
    char *line;
    int len;

    va_start(args, format);
    len = vasprintf(&line, format, args);
    va_end(args);
    if (len < 0)
        err(1, "output");
    text_add(text, line, (size_t)len);
    free(line);
}

static void add_escaped_byte(struct text *text, unsigned char byte)
{
    switch (byte) {
    case '\t':
        text_add(text, "\\t", 2);
        break;
    case '\n':
        text_add(text, "\\n", 2);
        break;
    case '\r':
        text_add(text, "\\r", 2);
        break;
    case '\\':
        text_add(text, "\\\\", 2);
        break;
    default:
        if (byte < 8)
            text_printf(text, "\\%03o", byte);
        else if (byte < ' ' || byte > '~')
            text_printf(text, "\\x%02x", byte);
        else
            text_add(text, &byte, 1);
    }
}

void text_add_escaped(struct text *text, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        add_escaped_byte(text, ((const unsigned char *)bytes)[i]);
    text_add(text, "", 0);
}

static int digit(char c, int base)
{
    static const char digits[] = "0123456789abcdef";
    const char *at;

    if (c >= 'A' && c <= 'F')
        c = (char)(c - 'A' + 'a');
    at = c ? strchr(digits, c) : NULL;
    return at && at - digits < base ? (int)(at - digits) : -1;
}

/* Up to max digits at *from; false if there is none. */
static bool read_digits(const char **from, int base, int max, char *byte_out)
{
    int value = 0, nr = 0;

    while (nr < max && digit(**from, base) >= 0) {
        value = value * base + digit(*(*from)++, base);
        nr++;
    }
    if (nr)
        *byte_out = (char)value;
    return nr > 0;
}

size_t unescape(char *string)
{
    const char *from = string;
    char *to = string;

    while (*from) {
        char c = *from++;

        if (c == '\\' && *from && !read_digits(&from, 8, 3, &c)) {
            c = *from++;
            if (c == 't')
                c = '\t';
            else if (c == 'n')
                c = '\n';
            else if (c == 'r')
                c = '\r';
            else if (c == 'x')
                read_digits(&from, 16, 2, &c);
        }
        *to++ = c;
    }
    return (size_t)(to - string);
}

char perm_letter(const struct xs_permissions *perm)
{
    return "nrwb"[perm->perms & (XS_PERM_READ | XS_PERM_WRITE)];
}

void text_add_perms(struct text *text, const struct xs_permissions *perms,
                    unsigned int nr)
{
    for (unsigned int i = 0; i < nr; i++)
        text_printf(text, "%s%c%u", i ? "," : "", perm_letter(&perms[i]),
                    perms[i].id);
}
