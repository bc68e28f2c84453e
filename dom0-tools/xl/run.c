/* SPDX-License-Identifier: MIT */
/*
 * From a command line to a command and its exit status: options are read by
 * the command's row, an error becomes a line for people or, with --json, an
 * object for programs.
 */
#include "xl/xl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "toolstack/backend_daemon.h"
#include "xl/watch.h"

#define USAGE "usage: xl [-vfNT] [--json] <command> [options] [arguments]\n"

static int usage_fail(struct error **err_out, const char *what,
                      const char *which)
{
    return error_set(err_out, ERROR_USAGE, -EINVAL, "%s'%s'", what, which);
}

static const struct option_row *option_by_letter(const struct command *command,
                                                 char letter)
{
    const struct option_row *o = command->options;

    for (; o && o->id; o++)
        if (!o->no_letter && o->id == letter)
            return o;
    return NULL;
}

/* By a whole long name; `len` leaves out a "=value" behind it. */
static const struct option_row *option_by_name(const struct command *command,
                                               const char *name, size_t len)
{
    const struct option_row *o = command->options;

    for (; o && o->id; o++)
        if (o->name && strlen(o->name) == len && !memcmp(o->name, name, len))
            return o;
    return NULL;
}

/*
 * The value of an option: behind '=' or the letter, or the next word, which is
 * then passed over.
 */
static int option_take(struct xl *xl, const struct option_row *o,
                       const char *glued, char **argv, int argc, int *i,
                       struct error **err_out)
{
    if (!o->value && glued)
        return usage_fail(err_out, "no value belongs to option ", argv[*i]);
    if (o->value && !glued) {
        if (*i + 1 >= argc)
            return usage_fail(err_out, "no value for option ", argv[*i]);
        glued = argv[++*i];
    }
    xl->option[(unsigned char)o->id] = o->value ? glued : "";
    return 0;
}

static int long_option(struct xl *xl, char **argv, int argc, int *i,
                       struct error **err_out)
{
    const char *name = argv[*i] + 2, *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    const struct option_row *o;

    if (!strcmp(name, "json")) {
        xl->json = true;
        return 0;
    }
    if (!strcmp(name, "help")) {
        xl->option['h'] = "";
        return 0;
    }
    o = option_by_name(xl->command, name, len);
    if (!o)
        return usage_fail(err_out, "no such option: ", argv[*i]);
    return option_take(xl, o, equals ? equals + 1 : NULL, argv, argc, i,
                       err_out);
}

static int short_options(struct xl *xl, char **argv, int argc, int *i,
                         struct error **err_out)
{
    const char *letter = argv[*i] + 1;

    for (; *letter; letter++) {
        const struct option_row *o = option_by_letter(xl->command, *letter);
        int rc;

        if (!o && *letter == 'h') {
            xl->option['h'] = "";
            continue;
        }
        if (!o)
            return usage_fail(err_out,
                              "no such option: ", (char[]){'-', *letter, 0});
        rc = option_take(xl, o, o->value && letter[1] ? letter + 1 : NULL, argv,
                         argc, i, err_out);
        if (rc || o->value)
            return rc;
    }
    return 0;
}

/* Options may stand anywhere before "--"; the rest moves to the front. */
static int options_parse(struct xl *xl, int argc, char **argv, int *nr_args,
                         struct error **err_out)
{
    bool done = false;
    int i, rc = 0;

    *nr_args = 0;
    for (i = 0; i < argc && !rc; i++) {
        if (done || argv[i][0] != '-' || !argv[i][1])
            argv[(*nr_args)++] = argv[i];
        else if (!strcmp(argv[i], "--"))
            done = true;
        else if (argv[i][1] == '-')
            rc = long_option(xl, argv, argc, &i, err_out);
        else
            rc = short_options(xl, argv, argc, &i, err_out);
    }
    return rc;
}

static int arguments_check(const struct command *command, int nr_args,
                           struct error **err_out)
{
    if (nr_args < command->min_args)
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "wants at least %d argument%s: %s", command->min_args,
                         command->min_args == 1 ? "" : "s", command->args);
    if (command->max_args >= 0 && nr_args > command->max_args)
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         command->max_args ? "takes no more than: %s"
                                           : "takes no arguments%s",
                         command->args);
    return 0;
}

/* -N is an option of those commands that can be tried out. */
static int dry_run_set(struct xl *xl, struct error **err_out)
{
    const struct option_row *o = option_by_name(xl->command, "dryrun", 6);

    if (!o)
        return error_set(err_out, ERROR_USAGE, -EINVAL,
                         "it can't be tried out, as -N wants");
    xl->option[(unsigned char)o->id] = "";
    return 0;
}

static int command_run(struct xl *xl, int argc, char **argv,
                       struct error **err_out)
{
    int nr_args, rc = options_parse(xl, argc, argv, &nr_args, err_out);

    if (!rc && xl_has(xl, 'h') && !option_by_letter(xl->command, 'h')) {
        command_help(xl->command, xl->out);
        return 0;
    }
    if (!rc)
        rc = arguments_check(xl->command, nr_args, err_out);
    if (rc)
        return error_hint(err_out, "see `xl help %s`", xl->command->name);
    rc = xl->dry_run ? dry_run_set(xl, err_out) : 0;
    if (rc)
        return rc;
    return xl->command->run(xl, nr_args, argv, err_out);
}

static void error_print(const struct xl *xl, const struct error *err)
{
    const char *hint = error_first_hint(err);
    char *text = error_text(err);

    fprintf(xl->err, "xl: %s%s%s", xl->command ? xl->command->name : "",
            xl->command ? ": " : "", text ? text : "out of memory");
    if (hint)
        fprintf(xl->err, " (%s)", hint);
    fputc('\n', xl->err);
    free(text);
}

static void error_print_json(const struct xl *xl, const struct error *err)
{
    struct json *j = json_new();
    char *text = error_text(err);

    if (j) {
        json_object(j, NULL);
        json_object(j, "error");
        json_text(j, "command", xl->command ? xl->command->name : NULL);
        json_text(j, "code", error_name(error_code(err)));
        json_int(j, "errno", -err->rc);
        json_text(j, "text", text);
        json_text(j, "hint", error_first_hint(err));
        json_object_end(j);
        json_object_end(j);
        json_finish(j, xl->err);
    }
    free(text);
}

/* One letter of those before the command; false if there is no such. */
static bool global_letter(struct xl *xl, char letter, struct timing *timing)
{
    switch (letter) {
    case 'f':
        xl->force = true;
        return true;
    case 'v':
        xl->verbose++;
        return true;
    case 'N':
        xl->dry_run = true;
        return true;
    case 'T':
        xl->timing = timing;
        return true;
    case 't': /* how progress is shown is found out */
        return true;
    default:
        return false;
    }
}

static bool global_letters(struct xl *xl, const char *letter,
                           struct timing *timing)
{
    bool known = *letter;

    for (; *letter && known; letter++)
        known = global_letter(xl, *letter, timing);
    return known;
}

/* Options that stand before the command. */
static int global_options(struct xl *xl, int argc, char **argv, int *first,
                          struct timing *timing, struct error **err_out)
{
    static char help[] = "help";
    int i;

    for (i = 1; i < argc && argv[i][0] == '-'; i++) {
        if (!strcmp(argv[i], "--json"))
            xl->json = true;
        else if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help"))
            argv[i--] = help;
        else if (!global_letters(xl, argv[i] + 1, timing))
            return usage_fail(err_out, "no such option: ", argv[i]);
    }
    *first = i;
    return 0;
}

int xl_hypervisor(struct xl *xl, struct privcmd **p_out, struct error **err_out)
{
    int rc = xl->privcmd ? 0 : privcmd_open(&xl->privcmd, err_out);

    *p_out = xl->privcmd;
    return rc;
}

/* An error in finding the command is told in the form that is wanted, too. */
static bool wants_json(int argc, char **argv)
{
    int i;

    for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
        if (!strcmp(argv[i], "--json"))
            return true;
    return false;
}

/* Output that is passed on, and counted. */
struct counted {
    FILE *out;
    size_t size;
};

static ssize_t counted_write(void *cookie, const char *data, size_t size)
{
    struct counted *c = cookie;
    size_t written = fwrite(data, 1, size, c->out);

    c->size += written;
    return written == size && !fflush(c->out) ? (ssize_t)size : 0;
}

/* With --json each command that succeeds writes a value: an empty object where
 * it has nothing to tell. */
static int command_run_json(struct xl *xl, int argc, char **argv,
                            struct error **err_out)
{
    struct counted counted = {.out = xl->out};
    FILE *out = fopencookie(&counted, "w",
                            (cookie_io_functions_t){.write = counted_write});
    int rc;

    if (!out)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    xl->out = out;
    rc = command_run(xl, argc, argv, err_out);
    if (fclose(out) && !rc)
        rc = error_set(err_out, ERROR_INTERNAL, -EIO, "can't write the output");
    xl->out = counted.out;
    if (!rc && !counted.size)
        fputs("{}\n", xl->out);
    return rc;
}

int xl_main(int argc, char **argv, FILE *out, FILE *err_stream,
            const struct cancel *cancel)
{
    struct xl xl = {.out = out, .err = err_stream, .cancel = cancel};
    struct error *err = NULL;
    struct timing timing = {0};
    int first = argc, status = 0, rc;

    timing_begin(&timing, "starting");
    rc = global_options(&xl, argc, argv, &first, &timing, &err);
    if (!rc && first >= argc) {
        fputs(USAGE, err_stream);
        commands_help(err_stream);
        return error_exit_status(ERROR_USAGE);
    }
    if (!rc) {
        xl.json = wants_json(argc, argv);
        xl.command = command_find(argv[first], &err);
        argc -= first + 1;
        argv += first + 1;
        if (!xl.command)
            rc = -EINVAL;
        else
            rc = xl.json ? command_run_json(&xl, argc, argv, &err)
                         : command_run(&xl, argc, argv, &err);
    }
    if (!rc && (fflush(out) || ferror(out)))
        rc = error_set(&err, ERROR_INTERNAL, -EIO, "can't write the output");
    if (rc) {
        if (xl.json)
            error_print_json(&xl, err);
        else
            error_print(&xl, err);
        status = error_exit_status(error_code(err));
    }
    error_free(err);
    /* Only who is in the control domain can watch, or see that nobody does. */
    if (xl.privcmd && xl.store) {
        watch_ensure(true);
        backend_daemons_keep(true);
    }
    store_close(xl.store);
    privcmd_close(xl.privcmd);
    if (xl.timing)
        timing_print(xl.timing, err_stream);
    return status;
}
