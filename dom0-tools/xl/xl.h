/* SPDX-License-Identifier: MIT */
/*
 * What all commands of xl share: the context they run in and the table they
 * stand in. A command is one row of command_table.c and one function in a
 * cmd_*.c; usage, help and option parsing come from the row.
 */
#ifndef XL_XL_H
#define XL_XL_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/error.h"
#include "lib/privcmd.h"
#include "toolstack/store.h"
#include "xl/timing.h"

/* One run of xl. */
struct xl {
    FILE *out;
    FILE *err;
    const struct command *command; /* that is running */
    bool json;                     /* --json: output for programs */
    bool force;                    /* -f before the command */
    bool dry_run;                  /* -N: change nothing */
    unsigned int verbose;          /* -v, as often as it was given */
    struct timing *timing;         /* -T: where the time goes, or NULL */
    /* By an option's id: NULL where it was not given, "" for a flag. */
    const char *option[128];
    const struct cancel *cancel; /* used when xl is to end */
    /* NULL until first used: */
    struct privcmd *privcmd;
    struct store *store;
};

/* An option of a command. */
struct option_row {
    char id;           /* index in xl.option; its letter, where it has one */
    bool no_letter;    /* only the long name */
    const char *name;  /* long name, or NULL */
    const char *value; /* what its argument is, or NULL for a flag */
    const char *help;
};

/**
 * Run a command whose options are already in xl->option.
 *
 * @args, @nr_args  its other arguments, as many as the row allows
 *
 * Returns 0, or a negative errno with an error stored.
 */
typedef int command_fn(struct xl *xl, int nr_args, char **args,
                       struct error **err_out);

struct command {
    const char *name;
    command_fn *run;
    const char *args; /* as the usage line shows them */
    int min_args;
    int max_args; /* -1: any number */
    const char *help;
    const struct option_row *options; /* ended by an empty row, or NULL */
};

extern const struct command commands[];
extern const size_t nr_commands;

/* A command of the stock tool that this one does not have. */
struct refused_command {
    const char *name;
    const char *why;
    const char *instead; /* what to use or to know, or NULL */
};

extern const struct refused_command refused_commands[];
extern const size_t nr_refused_commands;

/**
 * Find a command by its name or by the start of it that no other has.
 *
 * Returns the row, or NULL with an error stored: UNSUPPORTED for one that is
 *         refused, USAGE.
 */
const struct command *command_find(const char *name, struct error **err_out);

/* Usage, help text and options of one command. */
void command_help(const struct command *command, FILE *out);

/* One line for each command. */
void commands_help(FILE *out);

/**
 * Run xl with a command line, as main() gets it.
 *
 * @cancel  ends what waits, and undoes what is half done; may be NULL
 *
 * Returns the exit status: 0, or error_exit_status() of what failed.
 */
int xl_main(int argc, char **argv, FILE *out, FILE *err,
            const struct cancel *cancel);

/* The hypervisor, opened when first asked for. Returns 0 or -errno. */
int xl_hypervisor(struct xl *xl, struct privcmd **p_out,
                  struct error **err_out);

/* The command's option of that id was given. */
static inline bool xl_has(const struct xl *xl, char id)
{
    return xl->option[(unsigned char)id] != NULL;
}

#endif
