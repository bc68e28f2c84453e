/* SPDX-License-Identifier: MIT */
/*
 * A log of all that a guest or the hypervisor writes: a file that grows, each
 * line with the time it came if asked. How far it has got stands in the
 * history, so that a daemon that takes over neither leaves lines out nor
 * repeats them.
 */
#ifndef CONSOLED_LOG_FILE_H
#define CONSOLED_LOG_FILE_H

#include <stdbool.h>

#include "consoled/history.h"

struct log_style {
    bool timestamp;      /* in front of each line */
    bool replace_escape; /* the character ESC becomes a dot */
};

struct log_file {
    int fd;      /* -1: none */
    bool failed; /* and that was said */
};

/**
 * Open a log, and make it as long as the history remembers it.
 *
 * @dir    descriptor of the folder
 * @name   of the file
 * @is_new the history has just begun: what the file has is of others
 *
 * Returns 0; -errno.
 */
int log_file_open(struct log_file *log, int dir, const char *name,
                  struct history *h, bool is_new);

/* End it. */
void log_file_close(struct log_file *log);

/**
 * Write what the history has beyond the log.
 *
 * Returns 0; -errno, and the rest is tried again next time.
 */
int log_file_write(struct log_file *log, struct history *h,
                   const struct log_style *style);

/**
 * Name of a guest's log: guest-<name>.log, with what can't be in the name of a
 * file replaced.
 *
 * @file  room for 256 bytes
 */
void log_file_name(const char *guest, char *file);

#endif
