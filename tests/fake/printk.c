/* SPDX-License-Identifier: MIT */
/* Messages go to a buffer that tests can look at. */
#include "xen/printk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fake/fake.h"

static char messages[1 << 16];
static size_t used;

void printk(const char *fmt, ...)
{
    va_list args;
    int len;

    if (fmt[0] == '\001')
        fmt += 2;
    va_start(args, fmt);
    len = vsnprintf(messages + used, sizeof(messages) - used, fmt, args);
    va_end(args);
    if (len > 0)
        used = min(used + (size_t)len, sizeof(messages) - 1);
}

const char *fake_log(void)
{
    return messages;
}

void fake_log_clear(void)
{
    used = 0;
    memset(messages, 0, sizeof(messages));
}
