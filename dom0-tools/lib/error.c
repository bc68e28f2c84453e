/* SPDX-License-Identifier: MIT */
/* Chains of errors; see error.h. */
#include "lib/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* clang-format off */
static const struct {
    const char *name;
    int exit_status;
} codes[] = {
    [ERROR_USAGE]         = {"USAGE",         2},
    [ERROR_NO_HYPERVISOR] = {"NO_HYPERVISOR", 3},
    [ERROR_PERMISSION]    = {"PERMISSION",    4},
    [ERROR_HYPERVISOR]    = {"HYPERVISOR",    5},
    [ERROR_NO_DOMAIN]     = {"NO_DOMAIN",     6},
    [ERROR_NAME_IN_USE]   = {"NAME_IN_USE",   9},
    [ERROR_CONFIG]        = {"CONFIG",        11},
    [ERROR_STORE]         = {"STORE",         8},
    [ERROR_HOST_MEMORY]   = {"HOST_MEMORY",   12},
    [ERROR_IMAGE]         = {"IMAGE",         13},
    [ERROR_DEVICE]        = {"DEVICE",        14},
    [ERROR_NO_ANSWER]     = {"NO_ANSWER",     10},
    [ERROR_CANCELLED]     = {"CANCELLED",     15},
    [ERROR_UNSUPPORTED]   = {"UNSUPPORTED",   16},
    [ERROR_STREAM]        = {"STREAM",        20},
    [ERROR_MIGRATION]     = {"MIGRATION",     21},
    [ERROR_NO_MEMORY]     = {"NO_MEMORY",     7},
    [ERROR_INTERNAL]      = {"INTERNAL",      1},
};
/* clang-format on */

/* Stands for an error where there is no memory to describe it. */
static struct error no_memory = {
    .code = ERROR_NO_MEMORY,
    .rc = -ENOMEM,
    .message = (char[]){"out of memory"},
};

static char *text_make(const char *format, va_list args)
{
    char *text;

    return vasprintf(&text, format, args) < 0 ? NULL : text;
}

int error_set(struct error **err_out, enum error_code code, int rc,
              const char *format, ...)
{
    struct error *err;
    va_list args;

    if (!err_out)
        return rc;
    error_clear(err_out);
    err = calloc(1, sizeof(*err));
    if (err) {
        err->code = code;
        err->rc = rc;
        va_start(args, format);
        err->message = text_make(format, args);
        va_end(args);
    }
    *err_out = err ? err : &no_memory;
    /* cppcheck-suppress memleak ; the caller has it */
    return rc;
}

int error_wrap(struct error **err_out, const char *format, ...)
{
    struct error *link;
    va_list args;

    if (!err_out || !*err_out)
        return error_rc(err_out);
    link = calloc(1, sizeof(*link));
    if (!link)
        return (*err_out)->rc;
    link->code = (*err_out)->code;
    link->rc = (*err_out)->rc;
    va_start(args, format);
    link->message = text_make(format, args);
    va_end(args);
    link->cause = *err_out;
    *err_out = link;
    return link->rc;
}

int error_hint(struct error **err_out, const char *format, ...)
{
    va_list args;

    if (!err_out || !*err_out)
        return error_rc(err_out);
    if (!error_first_hint(*err_out) && *err_out != &no_memory) {
        va_start(args, format);
        (*err_out)->hint = text_make(format, args);
        va_end(args);
    }
    return (*err_out)->rc;
}

int error_rc(struct error *const *err_out)
{
    return err_out && *err_out ? (*err_out)->rc : -EIO;
}

enum error_code error_code(const struct error *err)
{
    while (err->cause)
        err = err->cause;
    return err->code;
}

const char *error_name(enum error_code code)
{
    return (size_t)code < ARRAY_SIZE(codes) ? codes[code].name : "UNKNOWN";
}

int error_exit_status(enum error_code code)
{
    return (size_t)code < ARRAY_SIZE(codes) ? codes[code].exit_status : 1;
}

const char *error_first_hint(const struct error *err)
{
    for (; err; err = err->cause)
        if (err->hint)
            return err->hint;
    return NULL;
}

char *error_text(const struct error *err)
{
    char *text = NULL, *longer;

    for (; err; err = err->cause) {
        const char *message = err->message ? err->message : "out of memory";

        if (asprintf(&longer, "%s%s%s", text ? text : "", text ? ": " : "",
                     message) < 0)
            longer = NULL;
        free(text);
        text = longer;
        if (!text)
            break;
    }
    return text;
}

void error_free(struct error *err)
{
    while (err && err != &no_memory) {
        struct error *cause = err->cause;

        free(err->message);
        free(err->hint);
        free(err);
        err = cause;
    }
}

void error_clear(struct error **err_out)
{
    if (err_out) {
        error_free(*err_out);
        *err_out = NULL;
    }
}
