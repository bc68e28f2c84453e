/* SPDX-License-Identifier: MIT */
/* Finding commands, and showing what their rows say. */
#include "xl/cmd.h"

#include <errno.h>
#include <string.h>

#include "lib/json.h"
#include "toolstack/suggest.h"

static int unknown(const char *name, struct error **err_out)
{
    const char *near = NULL;
    size_t i, best = 0;

    for (i = 0; i < nr_commands; i++)
        suggest(name, commands[i].name, &near, &best);
    error_set(err_out, ERROR_USAGE, -EINVAL, "no such command: '%s'", name);
    return near ? error_hint(err_out, "did you mean `%s`?", near)
                : error_hint(err_out, "`xl help` shows all of them");
}

/* A command that is known, but is not there: by its name or the start of it. */
static const struct refused_command *refused_find(const char *name)
{
    const struct refused_command *found = NULL;
    size_t len = strlen(name), i;

    for (i = 0; i < nr_refused_commands && len; i++) {
        if (strncmp(refused_commands[i].name, name, len))
            continue;
        if (!refused_commands[i].name[len])
            return &refused_commands[i];
        if (found)
            return NULL;
        found = &refused_commands[i];
    }
    return found;
}

static int refuse(const struct refused_command *refused, struct error **err_out)
{
    error_set(err_out, ERROR_UNSUPPORTED, -EOPNOTSUPP, "%s: %s", refused->name,
              refused->why);
    return refused->instead ? error_hint(err_out, "%s", refused->instead)
                            : -EOPNOTSUPP;
}

const struct command *command_find(const char *name, struct error **err_out)
{
    const struct refused_command *refused = refused_find(name);
    const struct command *found = NULL;
    size_t len = strlen(name), i;

    for (i = 0; i < nr_commands; i++)
        if (!strcmp(commands[i].name, name))
            return &commands[i];
    for (i = 0; i < nr_commands && len; i++) {
        if (strncmp(commands[i].name, name, len))
            continue;
        if (found) {
            error_set(err_out, ERROR_USAGE, -EINVAL, "'%s' may be `%s` or `%s`",
                      name, found->name, commands[i].name);
            return NULL;
        }
        found = &commands[i];
    }
    if (!found && refused)
        refuse(refused, err_out);
    else if (!found)
        unknown(name, err_out);
    return found;
}

static void option_help(FILE *out, const struct option_row *o)
{
    char text[40];
    int len = 0;

    if (!o->no_letter)
        len = snprintf(text, sizeof(text), "-%c%s", o->id, o->name ? ", " : "");
    if (o->name)
        len +=
            snprintf(text + len, sizeof(text) - (size_t)len, "--%s", o->name);
    if (o->value)
        snprintf(text + len, sizeof(text) - (size_t)len, "%c%s",
                 o->name ? '=' : ' ', o->value);
    fprintf(out, "%-23s %s\n", text, o->help);
}

void command_help(const struct command *command, FILE *out)
{
    const struct option_row *o = command->options;
    static const struct option_row json = {
        .no_letter = true, .name = "json", .help = "output for programs"};

    fprintf(out, "Usage: xl %s%s%s\n\n%s.\n\nOptions:\n\n", command->name,
            *command->args ? " " : "", command->args, command->help);
    for (; o && o->id; o++)
        option_help(out, o);
    option_help(out, &json);
}

void commands_help(FILE *out)
{
    size_t i;

    for (i = 0; i < nr_commands; i++)
        fprintf(out, " %-19s %s\n", commands[i].name, commands[i].help);
}

static int help_json(struct xl *xl, struct error **err_out)
{
    struct json *j = json_new();
    size_t i;

    if (!j)
        return out_of_memory(err_out);
    json_array(j, NULL);
    for (i = 0; i < nr_commands; i++) {
        json_object(j, NULL);
        json_text(j, "command", commands[i].name);
        json_text(j, "arguments", commands[i].args);
        json_text(j, "help", commands[i].help);
        json_object_end(j);
    }
    json_array_end(j);
    json_finish(j, xl->out);
    return 0;
}

int cmd_help(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    const struct command *command;

    if (nr_args) {
        command = command_find(args[0], err_out);
        if (!command)
            return -EINVAL;
        command_help(command, xl->out);
        return 0;
    }
    if (xl->json)
        return help_json(xl, err_out);
    fputs("usage: xl [-vfNT] [--json] <command> [options] [arguments]\n\n"
          "A command may be shortened as long as no other begins so.\n\n",
          xl->out);
    commands_help(xl->out);
    return 0;
}
