/* SPDX-License-Identifier: MIT */
/* Strings of bounded length; see text.h. */
#include "pv/text.h"

#include <stdarg.h>

struct out {
    char *at;
    char *end; /* the last byte, kept for NUL */
    bool cut;
};

static void put(struct out *out, char c)
{
    if (out->at < out->end)
        *out->at++ = c;
    else
        out->cut = true;
}

static void put_text(struct out *out, const char *text)
{
    while (*text)
        put(out, *text++);
}

static void put_number(struct out *out, uint64_t number, unsigned int base)
{
    char digits[20];
    unsigned int nr = 0;

    do {
        digits[nr++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number);
    while (nr)
        put(out, digits[--nr]);
}

bool text_format(char *text, size_t size, const char *format, ...)
{
    struct out out = {.at = text, .end = text + size - 1};
    va_list args;

    va_start(args, format);
    for (; *format; format++) {
        if (*format != '%') {
            put(&out, *format);
            continue;
        }
        format++;
        if (*format == 's') {
            put_text(&out, va_arg(args, const char *));
        } else if (*format == 'l') {
            format++;
            put_number(&out, va_arg(args, uint64_t), 10);
        } else {
            put_number(&out, va_arg(args, unsigned int),
                       *format == 'x' ? 16 : 10);
        }
    }
    va_end(args);
    *out.at = '\0';
    return !out.cut;
}

int text_to_u64(const char *text, uint64_t *out)
{
    uint64_t number = 0;

    if (!*text)
        return -XEN_EINVAL;
    for (; *text; text++) {
        unsigned int digit = (unsigned int)(*text - '0');

        if (digit > 9)
            return -XEN_EINVAL;
        if (number > (UINT64_MAX - digit) / 10)
            return -XEN_ERANGE;
        number = number * 10 + digit;
    }
    *out = number;
    return 0;
}
