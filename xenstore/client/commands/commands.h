/* SPDX-License-Identifier: MIT */
/*
 * The xenstore-* commands, all in one program: main.c has their table, and each
 * has a file with one function.
 *
 * What a command prints is gathered and shown when its transaction has been
 * committed, since it may have to be run again from the start.
 */
#ifndef XENSTORE_COMMANDS_H
#define XENSTORE_COMMANDS_H

#include <xenstore.h>

/* Text that grows; every function on it ends the program without memory. */
struct text {
    char *bytes;
    size_t len;
    size_t size;
};

struct options {
    bool prefix;  /* -p: ls: permissions */
    bool raw;     /* -R */
    bool flat;    /* -f */
    bool tidy;    /* -t */
    bool upto;    /* -u */
    bool recurse; /* -r */
    bool json;    /* --json */
    int number;   /* -n; negative: no end */
};

/* One run of a command. */
struct run {
    struct xs_handle *h;
    xs_transaction_t t; /* XBT_NULL where none is needed */
    struct options opt;
    char **args; /* nr_args of them, as many as the command asks for */
    unsigned int nr_args;
    struct text out;
};

/**
 * A command: works through the arguments, puts what it says into run->out.
 *
 * Returns the exit status; it has told of an error by run_failed().
 */
typedef int command_fn(struct run *run);

command_fn run_read, run_write, run_rm, run_list, run_ls, run_exists, run_chmod,
    run_watch, run_control;

/** ls --json */
int run_ls_json(struct run *run);

/**
 * Show what there is of output, then the message and errno's text.
 *
 * Returns 1, an exit status.
 */
__attribute__((format(printf, 2, 3))) int run_failed(struct run *run,
                                                     const char *format, ...);

/** Write the output out, and forget it. */
void run_flush(struct run *run);

/** Path of a node's child, for free(). */
char *join_path(const char *parent, const char *name);

/* ---- text.c ---- */

void text_add(struct text *text, const void *bytes, size_t len);

__attribute__((format(printf, 2, 3))) void text_printf(struct text *text,
                                                       const char *format, ...);

/**
 * Add bytes as plain ASCII: what is none, and the backslash, as \t, \n, \r, \\,
 * \ooo (below 8) or \xhh.
 */
void text_add_escaped(struct text *text, const void *bytes, size_t len);

/** Turn \t, \n, \r, \ooo, \xhh and \c for any c into what they stand for. */
size_t unescape(char *string);

/** Add permissions as "n0,r1". */
void text_add_perms(struct text *text, const struct xs_permissions *perms,
                    unsigned int nr);

/** Letter of XS_PERM_READ | XS_PERM_WRITE. */
char perm_letter(const struct xs_permissions *perm);

#endif
