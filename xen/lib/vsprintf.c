/* SPDX-License-Identifier: MIT */
/* Formatted text: a specification is parsed into a struct, then printed. */
#include "xen/vsprintf.h"

#include "xen/string.h"
#include "xen/symbols.h"

/* Where text goes; len counts what did not fit, too. */
struct out {
    char *buf;
    size_t size;
    size_t len;
};

enum length {
    LENGTH_CHAR,
    LENGTH_SHORT,
    LENGTH_INT,
    LENGTH_LONG,
};

struct spec {
    bool left, zero, plus, space, alt;
    bool upper;
    int width;
    int precision; /* -1: none */
    enum length length;
};

static void put_char(struct out *out, char c)
{
    if (out->len < out->size)
        out->buf[out->len] = c;
    out->len++;
}

static void put_chars(struct out *out, char c, int count)
{
    while (count-- > 0)
        put_char(out, c);
}

static void put_text(struct out *out, const char *text, int len)
{
    while (len-- > 0)
        put_char(out, *text++);
}

/* Text of given length, padded with blanks to the width. */
static void put_padded(struct out *out, const struct spec *spec,
                       const char *text, int len)
{
    if (!spec->left)
        put_chars(out, ' ', spec->width - len);
    put_text(out, text, len);
    if (spec->left)
        put_chars(out, ' ', spec->width - len);
}

static void put_string(struct out *out, const struct spec *spec, const char *s)
{
    size_t max = spec->precision < 0 ? INT32_MAX : (size_t)spec->precision;

    if (s == NULL)
        s = "(null)";
    put_padded(out, spec, s, (int)strnlen(s, max));
}

/* Digits from the last one on; a 64-bit number has up to 22 octal ones. */
#define MAX_DIGITS 22

static int make_digits(char *end, u64 value, unsigned int base, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    int n = 0;

    for (; value != 0; value /= base)
        end[-++n] = digits[value % base];

    return n;
}

/* A number: blanks, sign or prefix, zeros, digits, blanks. */
static void put_number(struct out *out, const struct spec *spec, u64 value,
                       unsigned int base, const char *prefix)
{
    char digits[MAX_DIGITS];
    int nr_digits = make_digits(digits + MAX_DIGITS, value, base, spec->upper);
    int nr_prefix = (int)strlen(prefix);
    int precision = spec->precision < 0 ? 1 : spec->precision;
    int zeros = nr_digits < precision ? precision - nr_digits : 0;
    int blanks = spec->width - nr_prefix - zeros - nr_digits;

    if (spec->zero && !spec->left && spec->precision < 0 && blanks > 0) {
        zeros += blanks;
        blanks = 0;
    }
    if (!spec->left)
        put_chars(out, ' ', blanks);
    put_text(out, prefix, nr_prefix);
    put_chars(out, '0', zeros);
    put_text(out, digits + MAX_DIGITS - nr_digits, nr_digits);
    if (spec->left)
        put_chars(out, ' ', blanks);
}

static void put_symbol(struct out *out, unsigned long addr)
{
    struct spec hex = {.precision = -1};
    unsigned long offset, size;
    const char *name = symbol_lookup(addr, &offset, &size);

    if (name == NULL) {
        put_number(out, &hex, addr, 16, "0x");
        return;
    }
    put_text(out, name, (int)strlen(name));
    put_number(out, &hex, offset, 16, "+0x");
    put_number(out, &hex, size, 16, "/0x");
}

static const char *parse_flags(const char *fmt, struct spec *spec)
{
    for (;; fmt++) {
        switch (*fmt) {
        case '-':
            spec->left = true;
            break;
        case '0':
            spec->zero = true;
            break;
        case '+':
            spec->plus = true;
            break;
        case ' ':
            spec->space = true;
            break;
        case '#':
            spec->alt = true;
            break;
        default:
            return fmt;
        }
    }
}

/* va_list is an array type: only inside a struct it keeps its type. */
struct arguments {
    va_list list;
};

/* Digits or '*'. No width is larger than any buffer is. */
static const char *parse_count(const char *fmt, int *count_out,
                               struct arguments *args)
{
    int count = 0;

    if (*fmt == '*') {
        *count_out = va_arg(args->list, int);
        return fmt + 1;
    }
    for (; *fmt >= '0' && *fmt <= '9'; fmt++)
        if (count < 100000)
            count = count * 10 + (*fmt - '0');
    *count_out = count;
    return fmt;
}

static const char *parse_length(const char *fmt, struct spec *spec)
{
    spec->length = LENGTH_INT;
    switch (*fmt) {
    case 'h':
        spec->length = fmt[1] == 'h' ? LENGTH_CHAR : LENGTH_SHORT;
        return fmt + (fmt[1] == 'h' ? 2 : 1);
    case 'l':
        spec->length = LENGTH_LONG;
        return fmt + (fmt[1] == 'l' ? 2 : 1);
    case 'z':
    case 't':
    case 'j':
        spec->length = LENGTH_LONG;
        return fmt + 1;
    default:
        return fmt;
    }
}

static const char *parse_spec(const char *fmt, struct spec *spec,
                              struct arguments *args)
{
    *spec = (struct spec){.precision = -1};
    fmt = parse_flags(fmt, spec);
    fmt = parse_count(fmt, &spec->width, args);
    if (spec->width < 0) {
        spec->left = true;
        spec->width = spec->width == INT32_MIN ? 0 : -spec->width;
    }
    if (*fmt == '.')
        fmt = parse_count(fmt + 1, &spec->precision, args);
    return parse_length(fmt, spec);
}

static u64 next_unsigned(const struct spec *spec, struct arguments *args)
{
    switch (spec->length) {
    case LENGTH_CHAR:
        return (u8)va_arg(args->list, unsigned int);
    case LENGTH_SHORT:
        return (u16)va_arg(args->list, unsigned int);
    case LENGTH_INT:
        return va_arg(args->list, unsigned int);
    default:
        return va_arg(args->list, unsigned long);
    }
}

static s64 next_signed(const struct spec *spec, struct arguments *args)
{
    switch (spec->length) {
    case LENGTH_CHAR:
        return (s8)va_arg(args->list, int);
    case LENGTH_SHORT:
        return (s16)va_arg(args->list, int);
    case LENGTH_INT:
        return va_arg(args->list, int);
    default:
        return va_arg(args->list, long);
    }
}

static void put_signed(struct out *out, const struct spec *spec, s64 value)
{
    const char *prefix = spec->plus ? "+" : spec->space ? " " : "";

    if (value < 0)
        put_number(out, spec, -(u64)value, 10, "-");
    else
        put_number(out, spec, value, 10, prefix);
}

static void put_unsigned(struct out *out, const struct spec *spec, u64 value,
                         unsigned int base)
{
    const char *prefix = "";

    if (spec->alt && base == 16 && value != 0)
        prefix = spec->upper ? "0X" : "0x";
    put_number(out, spec, value, base, prefix);
}

static const char *put_pointer(struct out *out, const struct spec *spec,
                               const char *fmt, unsigned long addr)
{
    struct spec hex = {.precision = 16, .width = spec->width};

    if (fmt[1] == 's') {
        put_symbol(out, addr);
        return fmt + 2;
    }
    put_number(out, &hex, addr, 16, "");
    return fmt + 1;
}

/* One conversion; fmt stands behind the '%'. Returns what follows it. */
static const char *convert(struct out *out, const char *fmt,
                           struct arguments *args)
{
    const char *start = fmt;
    struct spec spec;
    char c;

    fmt = parse_spec(fmt, &spec, args);
    spec.upper = *fmt == 'X';
    switch (*fmt) {
    case 'd':
    case 'i':
        put_signed(out, &spec, next_signed(&spec, args));
        return fmt + 1;
    case 'u':
        put_unsigned(out, &spec, next_unsigned(&spec, args), 10);
        return fmt + 1;
    case 'x':
    case 'X':
        put_unsigned(out, &spec, next_unsigned(&spec, args), 16);
        return fmt + 1;
    case 'o':
        put_unsigned(out, &spec, next_unsigned(&spec, args), 8);
        return fmt + 1;
    case 'c':
        c = (char)va_arg(args->list, int);
        put_padded(out, &spec, &c, 1);
        return fmt + 1;
    case 's':
        put_string(out, &spec, va_arg(args->list, const char *));
        return fmt + 1;
    case 'p':
        return put_pointer(out, &spec, fmt, va_arg(args->list, unsigned long));
    case '%':
        put_char(out, '%');
        return fmt + 1;
    default:
        put_char(out, '%');
        return start;
    }
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
    struct out out = {.buf = buf, .size = size};
    struct arguments arguments;

    va_copy(arguments.list, args);
    while (*fmt != '\0') {
        if (*fmt == '%')
            fmt = convert(&out, fmt + 1, &arguments);
        else
            put_char(&out, *fmt++);
    }
    va_end(arguments.list);
    if (size != 0)
        buf[out.len < size ? out.len : size - 1] = '\0';
    return (int)out.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(buf, size, fmt, args);
    va_end(args);
    return len;
}

int vscnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
    int len = vsnprintf(buf, size, fmt, args);

    if (size == 0)
        return 0;
    return (size_t)len < size ? len : (int)(size - 1);
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = vscnprintf(buf, size, fmt, args);
    va_end(args);
    return len;
}
