/* SPDX-License-Identifier: MIT */
/* Messages to stderr or syslog. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

static bool use_syslog;

void log_open(bool to_syslog)
{
    use_syslog = to_syslog;
    if (to_syslog)
        openlog("xenstored", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void log_line(enum log_level level, const char *format, ...)
{
    static const int priority[] = {LOG_ERR, LOG_WARNING, LOG_INFO};
    char line[512];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (use_syslog)
        syslog(priority[level], "%s", line);
    else
        fprintf(stderr, "xenstored: %s\n", line);
}
