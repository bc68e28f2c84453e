/* SPDX-License-Identifier: MIT */
/*
 * A line on the terminal that tells how far long work is:
 *
 *   web: saving [#########...........]  45 %  57 MiB of 128 MiB, 3 s left
 *
 * Nothing is shown where the stream is no terminal, nor of work that is over
 * within half a second. The library gets progress_bar_as() to call.
 */
#ifndef XL_PROGRESS_BAR_H
#define XL_PROGRESS_BAR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/progress.h"

struct progress_bar {
    FILE *out;
    const char *what;
    bool terminal;
    bool shown;
    int64_t begin_ms;
    int64_t next_ms; /* not drawn again before */
};

/* Begin: `what` is shown in front and stays the caller's. */
void progress_bar_begin(struct progress_bar *bar, FILE *out, const char *what);

/* What the library calls back. */
struct progress progress_bar_as(struct progress_bar *bar);

/* The work is over, one way or the other: the line goes away. */
void progress_bar_end(struct progress_bar *bar);

/**
 * The line at one moment.
 *
 * @elapsed_ms  since the beginning
 * @columns     of the terminal; the line is shorter
 */
void progress_bar_line(char *line, size_t size, const char *what, uint64_t done,
                       uint64_t total, int64_t elapsed_ms,
                       unsigned int columns);

#endif
