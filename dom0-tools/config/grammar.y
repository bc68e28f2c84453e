/* SPDX-License-Identifier: MIT */
/* Grammar of xl.cfg; see file.h. */
%define api.pure full
%define api.prefix {config_}
%define parse.error verbose
%define parse.lac full
%locations
%parse-param {struct config_parse *parse} {void *scanner}
%lex-param {void *scanner}

%code requires {
#include "config/parse.h"
}

%code provides {
/* Flex's names for Bison's types. */
#define YYSTYPE CONFIG_STYPE
#define YYLTYPE CONFIG_LTYPE
}

%union {
    char *text;
    bool add;
    struct config_value *value;
}

%{
#include <stdlib.h>
#include <string.h>

#include "grammar.h"

int config_lex(CONFIG_STYPE *value, CONFIG_LTYPE *where, void *scanner);

/* Bison's words for what it did not expect, but for "syntax error, ". */
static void config_error(CONFIG_LTYPE *where, struct config_parse *parse,
                         void *scanner, const char *what)
{
    const char *rest = strstr(what, ", ");

    (void)scanner;
    config_complain(parse, where->first_line, "%s", rest ? rest + 2 : what);
}

/* One list deeper; false if that is too deep. */
static bool deeper(struct config_parse *parse, int line)
{
    if (++parse->depth <= CONFIG_MAX_DEPTH)
        return true;
    config_complain(parse, line, "lists are nested deeper than %d",
                    CONFIG_MAX_DEPTH);
    return false;
}
%}

%token <text> NAME "a name" NUMBER "a number" TEXT "a text"
%token ADD "+=" BAD '\n' "end of line" END 0 "end of file"
%type <add> sets
%type <value> value atom list items

%destructor { free($$); } <text>
%destructor { config_value_free($$); } <value>

%%

file:
    statements
    ;

statements:
    line
    | statements separator line
    ;

separator:
    '\n'
    | ';'
    ;

line:
    %empty
    | NAME sets value {
          config_set(parse, $1, @1.first_line, $2, $3);
      }
    ;

sets:
    '=' { $$ = false; }
    | ADD { $$ = true; }
    ;

value:
    atom
    | list
    ;

atom:
    TEXT { $$ = config_value_new(parse, CONFIG_TEXT, @1.first_line, $1); }
    | NUMBER { $$ = config_value_new(parse, CONFIG_NUMBER, @1.first_line, $1); }
    ;

list:
    open newlines ']' {
        $$ = config_value_new(parse, CONFIG_LIST, @1.first_line, NULL);
        parse->depth--;
    }
    | open newlines items ']' { $$ = $3; parse->depth--; }
    | open newlines items ',' newlines ']' { $$ = $3; parse->depth--; }
    ;

open:
    '[' {
        if (!deeper(parse, @1.first_line))
            YYABORT;
    }
    ;

items:
    value newlines {
        $$ = config_value_new(parse, CONFIG_LIST, @1.first_line, NULL);
        config_list_add(parse, $$, $1);
    }
    | items ',' newlines value newlines {
        $$ = $1;
        config_list_add(parse, $$, $4);
    }
    ;

newlines:
    %empty
    | newlines '\n'
    ;
