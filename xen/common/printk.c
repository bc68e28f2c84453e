/* SPDX-License-Identifier: MIT */
/*
 * Formats messages, drops those below the wanted level, and limits those that
 * guests cause.
 */
#include "xen/printk.h"

#include <stdarg.h>

#include "xen/console.h"
#include "xen/errno.h"
#include "xen/option.h"
#include "xen/string.h"
#include "xen/time.h"
#include "xen/vsprintf.h"

#define PREFIX      "(XEN) "
#define LINE_MAX    1024
#define GUEST_BURST 10
#define GUEST_TIME  SECONDS(5)

/* Messages up to these levels are shown. */
static enum log_level host_level = LOG_INFO;
static enum log_level guest_level = LOG_WARNING;

/* Under the console lock: */
static char line[LINE_MAX];
static char nested_line[256]; /* for an NMI or a panic inside printk() */
static bool line_in_use;
static bool in_line;         /* the last message did not end its line */
static bool dropping;        /* ...and was not shown */
static s_time_t guest_since; /* start of the current burst */
static unsigned int guest_lines, guest_suppressed;

static int parse_level(const char *value, enum log_level *level_out)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};

    if (strcmp(value, "all") == 0) {
        *level_out = LOG_DEBUG;
        return 0;
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(value, names[i]) == 0) {
            *level_out = i;
            return 0;
        }
    return -EINVAL;
}

/* "level" or "level/level-when-limited", of which the latter includes the
 * former: there is one limit here. */
static int parse_levels(const char *value, enum log_level *level_out)
{
    const char *slash = strchr(value, '/');

    return parse_level(slash ? slash + 1 : value, level_out);
}

static int host_level_set(const char *value)
{
    return parse_levels(value, &host_level);
}
OPTION_CUSTOM("loglvl", host_level_set,
              "messages of the hypervisor: error, warning, info, debug or all");

static int guest_level_set(const char *value)
{
    return parse_levels(value, &guest_level);
}
OPTION_CUSTOM("guest_loglvl", guest_level_set,
              "messages about guests: error, warning, info, debug or all");

static void write_line(const char *text, size_t len)
{
    if (!in_line) {
        /* dom0 may be in the middle of one. */
        if (!console_at_line_start_locked())
            console_write_locked("\n", 1);
        console_write_locked(PREFIX, sizeof(PREFIX) - 1);
    }
    console_write_locked(text, len);
    in_line = text[len - 1] != '\n';
}

static void write_lines(const char *text)
{
    while (*text) {
        const char *end = strchr(text, '\n');
        size_t len = end ? (size_t)(end + 1 - text) : strlen(text);

        write_line(text, len);
        text += len;
    }
}

/* One more line about a guest: is it within the limit? */
static bool guest_line_allowed(void)
{
    s_time_t now = NOW();
    char text[64];

    if (now - guest_since >= GUEST_TIME) {
        guest_since = now;
        guest_lines = 0;
        if (guest_suppressed) {
            snprintf(text, sizeof(text),
                     "%u messages about guests suppressed\n", guest_suppressed);
            guest_suppressed = 0;
            write_lines(text);
        }
    }

    if (guest_lines < GUEST_BURST) {
        guest_lines++;
        return true;
    }
    guest_suppressed++;
    return false;
}

static bool message_wanted(unsigned int level)
{
    if (level <= LOG_DEBUG)
        return level <= host_level;
    return level - (LOG_DEBUG + 1) <= guest_level && guest_line_allowed();
}

static void show_message(const char *text)
{
    unsigned int level = LOG_INFO;
    bool starts = !in_line && !dropping;

    if (text[0] == '\001' && text[1] >= '0' && text[1] <= '7') {
        level = text[1] - '0';
        text += 2;
        starts = true;
    }
    if (*text == '\0')
        return;
    if (starts)
        dropping = !message_wanted(level);

    if (!dropping)
        write_lines(text);
    else if (text[strlen(text) - 1] == '\n')
        dropping = false;
}

void printk(const char *fmt, ...)
{
    unsigned long flags = console_lock_irqsave();
    bool nested = line_in_use;
    char *text = nested ? nested_line : line;
    va_list args;

    line_in_use = true;
    va_start(args, fmt);
    vsnprintf(text, nested ? sizeof(nested_line) : sizeof(line), fmt, args);
    va_end(args);
    show_message(text);
    line_in_use = nested;
    console_unlock_irqrestore(flags);
}
