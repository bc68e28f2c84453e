/* SPDX-License-Identifier: MIT */
/* Messages for the administrator. Callers limit how often a guest causes one.
 */
#ifndef XENSTORE_LOG_H
#define XENSTORE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

/** Messages go to stderr, or to syslog. */
void log_open(bool to_syslog);

/** One line; the newline is added. */
void log_line(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
