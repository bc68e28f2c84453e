/* SPDX-License-Identifier: MIT */
/*
 * xenstore-read, xenstore-write and so on: one program, which goes by the name
 * it is called by, or by its first argument: xenstore read ...
 */
#include "commands.h"

#include <err.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A program of this name and a command's is that command. */
#define NAME_PREFIX "xenstore-"

struct command {
    const char *name;
    command_fn *fn;
    const char *options; /* letters it takes beside h and s */
    const char *args;    /* for the usage line */
    unsigned int min_args;
    unsigned int step;  /* arguments come in groups of so many */
    bool groups;        /* several groups are one transaction */
    const char *atomic; /* options that make one of any arguments */
};

/* clang-format off */
static const struct command commands[] = {
    {"chmod",  run_chmod,  "ur", "[-u] [-r] [-s] key <mode [modes...]>", 1, 1, false, "ur"},
    {"exists", run_exists, "",   "[-s] key [...]",             1, 1, true, ""},
    {"list",   run_list,   "p",  "[-p] [-s] key [...]",        1, 1, true, ""},
    {"ls",     run_ls,     "fpj", "[-f] [-p] [-s] [--json] [path ...]", 0, 1, false, ""},
    {"read",   run_read,   "pR", "[-p] [-s] [-R] key [...]",   1, 1, true, ""},
    {"rm",     run_rm,     "t",  "[-s] [-t] key [...]",        1, 1, true, "t"},
    {"watch",  run_watch,  "n",  "[-n NR] key [...]",          1, 1, false, ""},
    {"write",  run_write,  "R",  "[-s] [-R] key value [...]",  2, 2, true, ""},
};

static const struct help {
    char letter;
    const char *commands; /* NULL: all */
    const char *text;
} helps[] = {
    {'h', NULL,         "-h, --help      this text"},
    {'s', NULL,         "-s, --socket    has no effect"},
    {'p', "list read",  "-p, --prefix    put the path before each line"},
    {'p', "ls",         "-p, --prefix    show permissions"},
    {'f', "ls",         "-f, --flat      whole paths, not a tree"},
    {'j', "ls",         "--json          one JSON object"},
    {'R', "read",       "-R, --raw       the value's bytes, nothing else"},
    {'R', "write",      "-R, --raw       backslashes in values stay"},
    {'t', "rm",         "-t, --tidy      also parents left without value and child"},
    {'u', "chmod",      "-u, --upto      also all parents"},
    {'r', "chmod",      "-r, --recurse   also all below"},
    {'n', "watch",      "-n, --number N  end after N events"},
};
/* clang-format on */

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"flat", no_argument, NULL, 'f'},
    {"json", no_argument, NULL, 'j'},
    {"number", required_argument, NULL, 'n'},
    {"prefix", no_argument, NULL, 'p'},
    {"raw", no_argument, NULL, 'R'},
    {"recurse", no_argument, NULL, 'r'},
    {"socket", no_argument, NULL, 's'},
    {"tidy", no_argument, NULL, 't'},
    {"upto", no_argument, NULL, 'u'},
    {NULL, 0, NULL, 0},
};

/* ---- what commands share ---- */

void run_flush(struct run *run)
{
    if (run->out.len && !xs_write_all(STDOUT_FILENO, run->out.bytes,
                                      (unsigned int)run->out.len))
        err(1, "output");
    run->out.len = 0;
}

int run_failed(struct run *run, const char *format, ...)
{
    int error = errno;
    char message[2 * XENSTORE_ABS_PATH_MAX];
    va_list args;

    run_flush(run);
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    if (error == EBADF)
        warnx("%s: lost the connection to xenstored", message);
    else
        warnx("%s: %s", message, strerror(error));
    return 1;
}

char *join_path(const char *parent, const char *name)
{
    char *path;

    if (asprintf(&path, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, name) <
        0)
        err(1, "path");
    return path;
}

/* ---- command line ---- */

static bool is_word(const char *word, const char *words)
{
    const char *at = strstr(words, word);
    size_t len = strlen(word);

    return at && (at == words || at[-1] == ' ') && (!at[len] || at[len] == ' ');
}

__attribute__((noreturn)) static void usage(const char *prog,
                                            const struct command *command)
{
    bool own_name = strncmp(prog, NAME_PREFIX, strlen(NAME_PREFIX)) == 0;

    warnx("Usage: %s%s%s [-h] %s", prog, own_name ? "" : " ",
          own_name ? "" : command->name, command->args);
    for (size_t i = 0; i < sizeof(helps) / sizeof(*helps); i++)
        if (!helps[i].commands || is_word(command->name, helps[i].commands))
            fprintf(stderr, "  %s\n", helps[i].text);
    exit(1);
}

static void set_option(struct options *opt, int letter)
{
    switch (letter) {
    case 'f':
        opt->flat = true;
        break;
    case 'j':
        opt->json = true;
        break;
    case 'n':
        opt->number = (int)strtol(optarg, NULL, 10);
        break;
    case 'p':
        opt->prefix = true;
        break;
    case 'R':
        opt->raw = true;
        break;
    case 'r':
        opt->recurse = true;
        break;
    case 't':
        opt->tidy = true;
        break;
    case 'u':
        opt->upto = true;
        break;
    default:
        break;
    }
}

/* An option that nobody knows is reported by getopt, then passed over. */
static void parse_options(const char *prog, const struct command *command,
                          int argc, char **argv, struct options *opt)
{
    int letter;

    while ((letter = getopt_long(argc, argv, "hfspturn:R", long_options,
                                 NULL)) != -1) {
        if (letter == 'h')
            usage(prog, command);
        if (letter == '?' || letter == 's')
            continue;
        if (!strchr(command->options, letter))
            usage(prog, command);
        set_option(opt, letter);
    }
}

/* ---- running ---- */

static bool wants_transaction(const struct command *command,
                              const struct run *run)
{
    const struct options *opt = &run->opt;

    if (command->groups && run->nr_args > command->step)
        return true;
    return (opt->tidy && strchr(command->atomic, 't')) ||
           (opt->upto && strchr(command->atomic, 'u')) ||
           (opt->recurse && strchr(command->atomic, 'r'));
}

static int run_once(const struct command *command, struct run *run, bool *again)
{
    int status;

    if (wants_transaction(command, run)) {
        run->t = xs_transaction_start(run->h);
        if (run->t == XBT_NULL)
            return run_failed(run, "couldn't start transaction");
    }
    status = command->fn(run);
    if (run->t == XBT_NULL)
        return status;
    if (xs_transaction_end(run->h, run->t, status != 0) || status)
        return status;
    if (errno != EAGAIN)
        return run_failed(run, "couldn't end transaction");
    run->out.len = 0;
    *again = true;
    return 0;
}

static int run_command(const char *prog, const struct command *command,
                       int argc, char **argv)
{
    struct run run = {.opt.number = -1};
    int status;
    bool again;

    parse_options(prog, command, argc, argv, &run.opt);
    run.args = argv + optind;
    run.nr_args = (unsigned int)(argc - optind);
    if (run.nr_args < command->min_args || run.nr_args % command->step ||
        (run.opt.json && run.nr_args > 1))
        usage(prog, command);
    run.h = xs_open(0);
    if (!run.h)
        err(1, "xs_open");
    do {
        again = false;
        status = run_once(command, &run, &again);
    } while (again);
    run_flush(&run);
    xs_close(run.h);
    free(run.out.bytes);
    return status;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    const char *prog = slash ? slash + 1 : argv[0];
    const char *name = prog;

    if (strncmp(prog, NAME_PREFIX, strlen(NAME_PREFIX)) == 0) {
        name += strlen(NAME_PREFIX);
    } else {
        if (argc < 2)
            errx(1, "Usage: %s <mode> [-h] [...]", prog);
        name = argv[1];
        argv++;
        argc--;
    }
    if (strcmp(name, "control") == 0) {
        struct run run = {.args = argv + 1, .nr_args = (unsigned int)argc - 1};

        return run_control(&run);
    }
    if (!find_command(name))
        errx(1, "unknown mode %s", name);
    return run_command(prog, find_command(name), argc, argv);
}
