/* SPDX-License-Identifier: MIT */
/* What the daemon tells its administrator. Callers limit how often a guest can
 * cause it. */
#ifndef CONSOLED_MESSAGE_H
#define CONSOLED_MESSAGE_H

#include <stdbool.h>

/* Messages go to syslog, or to standard error. */
void message_open(bool to_syslog, bool verbose);

/* One line; the newline is added. message_verbose() needs -v. */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_verbose(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
