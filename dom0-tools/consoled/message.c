/* SPDX-License-Identifier: MIT */
/* Messages to standard error or syslog; see message.h. */
#include "consoled/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

static bool use_syslog, is_verbose;

void message_open(bool to_syslog, bool verbose)
{
    use_syslog = to_syslog;
    is_verbose = verbose;
    if (to_syslog)
        openlog("xenconsoled", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

static void line_write(int priority, const char *format, va_list args)
{
    char line[512];

    vsnprintf(line, sizeof(line), format, args);
    if (use_syslog)
        syslog(priority, "%s", line);
    else
        fprintf(stderr, "xenconsoled: %s\n", line);
}

void message(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    line_write(LOG_WARNING, format, args);
    va_end(args);
}

void message_verbose(const char *format, ...)
{
    va_list args;

    if (!is_verbose)
        return;
    va_start(args, format);
    line_write(LOG_INFO, format, args);
    va_end(args);
}
