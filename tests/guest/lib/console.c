/* SPDX-License-Identifier: MIT */
/* Text output: through console_io, or where the kernel wants it. */
#include "domain.h"
#include "internal.h"

struct line {
    char text[256];
    unsigned int used;
};

static void put_char(struct line *line, char c)
{
    if (line->used < sizeof(line->text))
        line->text[line->used++] = c;
}

static void put_text(struct line *line, const char *text)
{
    while (*text)
        put_char(line, *text++);
}

static void put_number(struct line *line, uint64_t value, unsigned int base)
{
    char digits[24];
    unsigned int nr = 0;

    do {
        digits[nr++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (nr)
        put_char(line, digits[--nr]);
}

static void put_signed(struct line *line, long value)
{
    if (value < 0)
        put_char(line, '-');
    put_number(line, value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
}

static const char *put_item(struct line *line, const char *format,
                            va_list *args)
{
    bool is_long = *format == 'l';
    uint64_t value;

    if (is_long)
        format++;
    switch (*format) {
    case 's':
        put_text(line, va_arg(*args, const char *));
        break;
    case 'c':
        put_char(line, (char)va_arg(*args, int));
        break;
    case 'd':
        put_signed(line, is_long ? va_arg(*args, long) : va_arg(*args, int));
        break;
    case 'u':
    case 'x':
        value = is_long ? va_arg(*args, unsigned long)
                        : va_arg(*args, unsigned int);
        put_number(line, value, *format == 'x' ? 16 : 10);
        break;
    default:
        put_char(line, *format);
    }
    return format + 1;
}

static void (*writer)(const char *text, size_t size);

void console_set_writer(void (*write)(const char *text, size_t size))
{
    writer = write;
}

void vprintf(const char *format, va_list args)
{
    struct line line = {.used = 0};
    va_list at;

    va_copy(at, args);
    while (*format) {
        if (*format == '%')
            format = put_item(&line, format + 1, &at);
        else
            put_char(&line, *format++);
    }
    va_end(at);
    if (writer)
        writer(line.text, line.used);
    else if (mailbox)
        mailbox_write(line.text, line.used);
    else
        hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, line.used,
                  line.text);
}

void printf(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
}
