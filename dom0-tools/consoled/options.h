/* SPDX-License-Identifier: MIT */
/* What the daemon is told on its command line. */
#ifndef CONSOLED_OPTIONS_H
#define CONSOLED_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct options {
    bool verbose;
    bool foreground;
    bool log_guests;
    bool log_hypervisor;
    bool stamp_guests;
    bool stamp_hypervisor;
    bool keep; /* a guest waits rather than that unseen output is lost */
    bool replace_escape;
    bool no_sandbox;
    const char *log_folder;
    const char *pid_file;
    const char *run_folder;
    const char *history_folder;
    uint32_t history_size; /* bytes, of each guest */
    uint32_t history_files;
    uint32_t rate; /* bytes per second, of each guest */
};

/* What options_parse() says. */
enum options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG };

/**
 * Read a command line.
 *
 * @out, @err  what is asked for (-h, -V), and what is wrong
 *
 * Returns whether to run, or to end, well or not.
 */
enum options_result options_parse(int argc, char **argv, struct options *o,
                                  FILE *out, FILE *err);

#endif
