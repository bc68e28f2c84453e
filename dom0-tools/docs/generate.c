/* SPDX-License-Identifier: MIT */
/*
 * Manual pages and completion of xl, out of the tables that xl itself parses
 * by.
 *
 * usage: generate xl.1 | xl.cfg.5 | bash | zsh
 */
#include <stdio.h>
#include <string.h>

#include "toolstack/config_keys.h"
#include "xl/cmd.h"

/* ---- manual pages ---- */

/* Text as roff takes it: no line begins with a dot, no backslash is one. */
static void roff(const char *text)
{
    for (; *text; text++)
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
}

static void option_man(const struct option_row *o)
{
    fputs(".TP\n\\fB", stdout);
    if (!o->no_letter)
        printf("\\-%c%s", o->id, o->name ? "\\fR, \\fB" : "");
    if (o->name) {
        fputs("\\-\\-", stdout);
        roff(o->name);
    }
    fputs("\\fR", stdout);
    if (o->value)
        printf("%s\\fI%s\\fR", o->name ? "=" : " ", o->value);
    putchar('\n');
    roff(o->help);
    putchar('\n');
}

static void command_man(const struct command *c)
{
    const struct option_row *o = c->options;

    fputs(".SS ", stdout);
    roff(c->name);
    fputs("\n.B xl ", stdout);
    roff(c->name);
    putchar(' ');
    roff(c->args);
    fputs("\n.PP\n", stdout);
    roff(c->help);
    fputs(".\n", stdout);
    for (; o && o->id; o++)
        option_man(o);
}

static void statuses_man(void)
{
    int code;

    fputs(".SH EXIT STATUS\n0 on success. Otherwise the cause:\n", stdout);
    for (code = 0; strcmp(error_name((enum error_code)code), "UNKNOWN"); code++)
        printf(".TP\n.B %d\n%s\n", error_exit_status((enum error_code)code),
               error_name((enum error_code)code));
}

static void refused_man(void)
{
    size_t i;

    fputs(".SH COMMANDS THAT ARE REFUSED\n", stdout);
    for (i = 0; i < nr_refused_commands; i++) {
        fputs(".TP\n.B ", stdout);
        roff(refused_commands[i].name);
        putchar('\n');
        roff(refused_commands[i].why);
        if (refused_commands[i].instead) {
            fputs("; ", stdout);
            roff(refused_commands[i].instead);
        }
        fputs(".\n", stdout);
    }
}

static void xl_man(void)
{
    size_t i;

    fputs(".TH XL 1 \"\" \"Xenia\" \"Control domain\"\n"
          ".SH NAME\nxl \\- manage the domains of a Xenia or Xen host\n"
          ".SH SYNOPSIS\n.B xl\n[\\fB\\-vfNT\\fR] [\\fB\\-\\-json\\fR]\n"
          ".I command\n[options] [arguments]\n"
          ".SH DESCRIPTION\n"
          "A command may be shortened to a start that no other has.\n"
          ".SH OPTIONS BEFORE THE COMMAND\n"
          ".TP\n.B \\-f\nalso what is usually refused for safety\n"
          ".TP\n.B \\-N\nchange nothing, as a command's own\n"
          ".B \\-\\-dryrun\n"
          ".TP\n.B \\-T\ntell on standard error where the time goes\n"
          ".TP\n.B \\-v\nmore words\n"
          ".TP\n.B \\-\\-json\noutput for programs, also behind the command\n"
          ".SH COMMANDS\n",
          stdout);
    for (i = 0; i < nr_commands; i++)
        command_man(&commands[i]);
    refused_man();
    statuses_man();
    fputs(".SH SEE ALSO\n.BR xl.cfg (5)\n", stdout);
}

static void key_kind_man(const struct config_key *key)
{
    switch (key->kind) {
    case KEY_TEXT:
        fputs(" = \"text\"", stdout);
        break;
    case KEY_NUMBER:
        printf(" = %ld..%ld", key->min, key->max);
        break;
    case KEY_ACTION:
        fputs(" = \"destroy\" | \"restart\" | \"rename\\-restart\" | "
              "\"preserve\"",
              stdout);
        break;
    default:
        break;
    }
}

static bool is_taken(const struct config_key *key)
{
    return key->kind != KEY_ALIAS && key->kind != KEY_IGNORED &&
           key->kind != KEY_REFUSED;
}

static void keys_man(bool taken)
{
    size_t i;

    for (i = 0; i < nr_config_keys; i++) {
        const struct config_key *key = &config_keys[i];

        if (is_taken(key) != taken)
            continue;
        printf(".TP\n.B %s\\fR", key->name);
        key_kind_man(key);
        putchar('\n');
        if (key->kind == KEY_ALIAS)
            fputs("old name of ", stdout);
        if (key->kind == KEY_IGNORED)
            fputs("no effect: ", stdout);
        roff(key->text);
        putchar('\n');
    }
}

static void cfg_man(void)
{
    fputs(".TH XL.CFG 5 \"\" \"Xenia\" \"Control domain\"\n"
          ".SH NAME\nxl.cfg \\- configuration of a guest\n"
          ".SH DESCRIPTION\n"
          "One\n.B key = value\nto a line, or separated by semicolons. A value "
          "is a number, a text in quotes, or a list in brackets; what follows "
          "# is not read;\n.B +=\nadds to a text or a list.\n"
          ".SH KEYS\n",
          stdout);
    keys_man(true);
    fputs(".SH OTHER KEYS\n"
          "Old names, and keys that are known but refused unless they are 0 or "
          "empty.\n",
          stdout);
    keys_man(false);
    fputs(".SH SEE ALSO\n.BR xl (1)\n", stdout);
}

/* ---- completion ---- */

/* What a command's arguments are, by the words of its usage line. */
static const char *arguments_of(const char *args)
{
    if (strstr(args, "ConfigFile"))
        return "config";
    if (strstr(args, "CPU Pool>") == args + 1 || strstr(args, "[<CPU Pool>]"))
        return "pool";
    if (strstr(args, "Domain"))
        return "domain";
    return "";
}

static void options_list(const struct option_row *o)
{
    for (; o && o->id; o++) {
        if (!o->no_letter)
            printf("-%c ", o->id);
        if (o->name)
            printf("--%s%s ", o->name, o->value ? "=" : "");
    }
    fputs("--json --help", stdout);
}

/* Options whose value is a file, a domain or a pool. */
static void values_case(const struct option_row *o)
{
    for (; o && o->id; o++) {
        const char *what = !o->value                     ? NULL
                           : !strcmp(o->value, "FILE")   ? "file"
                           : !strcmp(o->value, "DOMAIN") ? "domain"
                           : !strcmp(o->value, "POOL")   ? "pool"
                                                         : "nothing";

        if (what && !o->no_letter)
            printf("        -%c) kind=%s ;;\n", o->id, what);
    }
}

static void keys_list(void)
{
    size_t i;

    for (i = 0; i < nr_config_keys; i++)
        if (is_taken(&config_keys[i]))
            printf("%s= ", config_keys[i].name);
}

/* The part that both shells understand: what a word at a place may be. */
static void common_sh(void)
{
    size_t i;

    fputs("# Made from xl's own tables.\n\n"
          "_xl_domains()\n{\n"
          "    xl list 2> /dev/null | awk 'NR > 1 { print $1 }'\n}\n\n"
          "_xl_pools()\n{\n"
          "    xl cpupool-list 2> /dev/null | awk 'NR > 1 { print $1 }'\n}\n\n"
          "# _xl_command COMMAND PREVIOUS: sets options and kind.\n"
          "_xl_command()\n{\n    options= kind=\n    case $1 in\n",
          stdout);
    for (i = 0; i < nr_commands; i++) {
        printf("    %s)\n        options='", commands[i].name);
        options_list(commands[i].options);
        printf("' kind=%s\n        case $2 in\n",
               arguments_of(commands[i].args));
        values_case(commands[i].options);
        fputs("        esac\n        ;;\n", stdout);
    }
    fputs("    esac\n}\n\n_xl_commands='", stdout);
    for (i = 0; i < nr_commands; i++)
        printf("%s ", commands[i].name);
    fputs("'\n_xl_keys='", stdout);
    keys_list();
    fputs("'\n\n", stdout);
}

static void bash_completion(void)
{
    common_sh();
    fputs(
        "_xl()\n{\n"
        "    local cur=${COMP_WORDS[COMP_CWORD]} command= options kind i\n"
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        case ${COMP_WORDS[i]} in\n"
        "        -*) ;;\n"
        "        *) command=${COMP_WORDS[i]}; break ;;\n"
        "        esac\n"
        "    done\n"
        "    COMPREPLY=()\n"
        "    if [ -z \"$command\" ]; then\n"
        "        COMPREPLY=($(compgen -W \"$_xl_commands -f -N -T -v --json "
        "--help\" -- \"$cur\"))\n"
        "        return\n"
        "    fi\n"
        "    _xl_command \"$command\" \"${COMP_WORDS[COMP_CWORD - 1]}\"\n"
        "    case $kind:$cur in\n"
        "    [a-z]*:-*|:*) ;;\n"
        "    domain:*) COMPREPLY=($(compgen -W \"$(_xl_domains)\" -- "
        "\"$cur\")) ;;\n"
        "    pool:*) COMPREPLY=($(compgen -W \"$(_xl_pools)\" -- \"$cur\")) "
        ";;\n"
        "    file:*) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
        "    config:*)\n"
        "        COMPREPLY=($(compgen -f -- \"$cur\") $(compgen -W "
        "\"$_xl_keys\" -- \"$cur\"))\n"
        "        ;;\n"
        "    esac\n"
        "    case $cur in\n"
        "    -*) COMPREPLY+=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
        "    esac\n"
        "    [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2> /dev/null\n"
        "}\n"
        "complete -F _xl xl\n",
        stdout);
}

static void zsh_completion(void)
{
    fputs("#compdef xl\n", stdout);
    common_sh();
    fputs("_xl()\n{\n"
          "    local command= options kind i\n"
          "    for ((i = 2; i < CURRENT; i++)); do\n"
          "        [[ $words[i] == -* ]] || { command=$words[i]; break }\n"
          "    done\n"
          "    if [[ -z $command ]]; then\n"
          "        compadd -- ${=_xl_commands}\n"
          "        return\n"
          "    fi\n"
          "    _xl_command $command $words[CURRENT-1]\n"
          "    if [[ $words[CURRENT] == -* ]]; then\n"
          "        compadd -- ${=options}\n"
          "        return\n"
          "    fi\n"
          "    case $kind in\n"
          "    domain) compadd -- ${(f)\"$(_xl_domains)\"} ;;\n"
          "    pool) compadd -- ${(f)\"$(_xl_pools)\"} ;;\n"
          "    file) _files ;;\n"
          "    config) _files; compadd -S '' -- ${=_xl_keys} ;;\n"
          "    esac\n"
          "}\n"
          "compdef _xl xl\n",
          stdout);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *what;
        void (*make)(void);
    } makers[] = {
        {"xl.1", xl_man},
        {"xl.cfg.5", cfg_man},
        {"bash", bash_completion},
        {"zsh", zsh_completion},
    };
    size_t i;

    for (i = 0; argc == 2 && i < sizeof(makers) / sizeof(makers[0]); i++)
        if (!strcmp(argv[1], makers[i].what)) {
            makers[i].make();
            return fflush(stdout) ? 1 : 0;
        }
    fputs("usage: generate xl.1 | xl.cfg.5 | bash | zsh\n", stderr);
    return 2;
}
