/* SPDX-License-Identifier: MIT */
/* The command line, a row for each option; see options.h. */
#include "consoled/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "consoled/history.h"
#include "consoled/protocol.h"

#define MAX_RATE_KIB (1u << 20)

/* Which of the two writers an option is about. */
static bool which_parse(const char *text, bool *guests, bool *hypervisor)
{
    static const struct {
        const char *name;
        bool guests, hypervisor;
    } words[] = {
        {"none", false, false},
        {"guest", true, false},
        {"hv", false, true},
        {"all", true, true},
    };
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (!strcmp(text, words[i].name)) {
            *guests = words[i].guests;
            *hypervisor = words[i].hypervisor;
            return true;
        }
    return false;
}

static bool number_parse(const char *text, uint32_t min, uint32_t max,
                         uint32_t *number)
{
    unsigned long value;
    char *end;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || value < min ||
        value > max)
        return false;
    *number = (uint32_t)value;
    return true;
}

static bool set_log(struct options *o, const char *value)
{
    return which_parse(value, &o->log_guests, &o->log_hypervisor);
}

static bool set_timestamp(struct options *o, const char *value)
{
    return which_parse(value, &o->stamp_guests, &o->stamp_hypervisor);
}

static bool set_overflow(struct options *o, const char *value)
{
    o->keep = !strcmp(value, "keep");
    return o->keep || !strcmp(value, "discard");
}

static bool set_log_folder(struct options *o, const char *value)
{
    o->log_folder = value;
    return *value;
}

static bool set_pid_file(struct options *o, const char *value)
{
    o->pid_file = value;
    return *value;
}

static bool set_run_folder(struct options *o, const char *value)
{
    o->run_folder = value;
    return *value;
}

static bool set_history_folder(struct options *o, const char *value)
{
    o->history_folder = value;
    return *value;
}

static bool set_history_size(struct options *o, const char *value)
{
    uint32_t kib;

    if (!number_parse(value, HISTORY_MIN_SIZE >> 10, HISTORY_MAX_SIZE >> 10,
                      &kib) ||
        kib & (kib - 1))
        return false;
    o->history_size = kib << 10;
    return true;
}

static bool set_history_files(struct options *o, const char *value)
{
    return number_parse(value, 0, 65536, &o->history_files);
}

static bool set_rate(struct options *o, const char *value)
{
    uint32_t kib;

    if (!number_parse(value, 1, MAX_RATE_KIB, &kib))
        return false;
    o->rate = kib << 10;
    return true;
}

static bool set_verbose(struct options *o, const char *value)
{
    (void)value;
    return o->verbose = true;
}

static bool set_foreground(struct options *o, const char *value)
{
    (void)value;
    return o->foreground = true;
}

static bool set_replace_escape(struct options *o, const char *value)
{
    (void)value;
    return o->replace_escape = true;
}

static bool set_no_sandbox(struct options *o, const char *value)
{
    (void)value;
    return o->no_sandbox = true;
}

/* Those of -h and -V, which end the daemon, have no function. */
static const struct {
    char letter; /* 0: none */
    const char *name;
    const char *value; /* NULL: takes none */
    bool (*set)(struct options *o, const char *value);
    const char *help;
} rows[] = {
    {'h', "help", NULL, NULL, "this text"},
    {'V', "version", NULL, NULL, "the version"},
    {'v', "verbose", NULL, set_verbose,
     "tell of each guest that comes or goes"},
    {'i', "interactive", NULL, set_foreground,
     "stay in the foreground, messages to standard error"},
    {0, "log", "none|guest|hv|all", set_log,
     "whose output goes to files in the log folder"},
    {0, "log-dir", "DIR", set_log_folder, "the log folder"},
    {'t', "timestamp", "none|guest|hv|all", set_timestamp,
     "in whose logs each line has its time"},
    {'o', "overflow-data", "discard|keep", set_overflow,
     "keep: a guest waits until its output is seen"},
    {0, "replace-escape", NULL, set_replace_escape,
     "write ESC as a dot to logs"},
    {0, "pid-file", "FILE", set_pid_file, "where the process id goes"},
    {0, "history-dir", "DIR", set_history_folder, "folder of the histories"},
    {0, "history-size", "KIB", set_history_size,
     "size of each guest's history, a power of 2"},
    {0, "history-files", "N", set_history_files,
     "histories kept of guests that have ended"},
    {0, "rate", "KIB", set_rate, "output of one guest per second"},
    {0, "run-dir", "DIR", set_run_folder, "folder of the socket"},
    {0, "no-sandbox", NULL, set_no_sandbox, "keep privileges, for debugging"},
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static void help_print(FILE *out)
{
    size_t i;

    fputs("usage: xenconsoled [options]\n", out);
    for (i = 0; i < NR_ROWS; i++) {
        char name[64];

        snprintf(name, sizeof(name), "--%s%s%s", rows[i].name,
                 rows[i].value ? "=" : "", rows[i].value ? rows[i].value : "");
        fprintf(out, "  %c%c%c %-29s %s\n", rows[i].letter ? '-' : ' ',
                rows[i].letter ? rows[i].letter : ' ',
                rows[i].letter ? ',' : ' ', name, rows[i].help);
    }
}

/* getopt's tables, made of the rows; a long option's value is its row. */
static void tables_make(char *letters, struct option *longs)
{
    size_t i;

    for (i = 0; i < NR_ROWS; i++) {
        longs[i] = (struct option){.name = rows[i].name,
                                   .has_arg = rows[i].value ? required_argument
                                                            : no_argument,
                                   .val = 256 + (int)i};
        if (rows[i].letter)
            *letters++ = rows[i].letter;
        if (rows[i].letter && rows[i].value)
            *letters++ = ':';
    }
    longs[NR_ROWS] = (struct option){0};
    *letters = 0;
}

static size_t row_of(int c)
{
    size_t i;

    if (c >= 256)
        return (size_t)c - 256;
    for (i = 0; i < NR_ROWS && rows[i].letter != c; i++)
        ;
    return i;
}

enum options_result options_parse(int argc, char **argv, struct options *o,
                                  FILE *out, FILE *err)
{
    char letters[2 * NR_ROWS + 1];
    struct option longs[NR_ROWS + 1];
    int c;

    *o = (struct options){
        .log_folder = "/var/log/xen/console",
        .pid_file = "/run/xen/xenconsoled.pid",
        .run_folder = CONSOLED_RUN_FOLDER,
        .history_folder = HISTORY_FOLDER,
        .history_size = 256u << 10,
        .history_files = 200,
        .rate = 1u << 20,
    };
    tables_make(letters, longs);
    optind = 0;
    opterr = 0;
    while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        size_t row = row_of(c);

        if (row == NR_ROWS) {
            fprintf(err, "xenconsoled: wrong option: %s\n", argv[optind - 1]);
            return OPTIONS_WRONG;
        }
        if (rows[row].letter == 'h') {
            help_print(out);
            return OPTIONS_DONE;
        }
        if (rows[row].letter == 'V') {
            fputs("xenconsoled " XENIA_VERSION "\n", out);
            return OPTIONS_DONE;
        }
        if (!rows[row].set(o, optarg)) {
            fprintf(err, "xenconsoled: --%s: '%s' is none of %s\n",
                    rows[row].name, optarg, rows[row].value);
            return OPTIONS_WRONG;
        }
    }
    if (optind < argc) {
        fprintf(err, "xenconsoled: takes no arguments: %s\n", argv[optind]);
        return OPTIONS_WRONG;
    }
    return OPTIONS_RUN;
}
