/* SPDX-License-Identifier: MIT */
/*
 * Errors that say what failed, on which object, why, and what to do.
 *
 * An error is a chain: the outermost link tells what was wanted, each further
 * one its cause. The innermost has the code, which is stable: programs and
 * tests may rely on it and on the exit status that goes with it.
 *
 * A function that can fail takes a last parameter `struct error **err_out`,
 * returns 0 or a negative errno, and on failure leaves one error there, which
 * the caller frees. Where err_out is NULL nothing is stored.
 */
#ifndef LIB_ERROR_H
#define LIB_ERROR_H

#include <stdarg.h>

/* In error.c's table each has its name and its exit status. */
enum error_code {
    ERROR_USAGE,         /* wrong command, option or argument */
    ERROR_NO_HYPERVISOR, /* not in a control domain, or no driver for it */
    ERROR_PERMISSION,    /* the caller lacks the right */
    ERROR_HYPERVISOR,    /* the hypervisor refused a call */
    ERROR_NO_DOMAIN,     /* no domain of that name or id */
    ERROR_NAME_IN_USE,   /* another domain has that name */
    ERROR_CONFIG,        /* wrong configuration file */
    ERROR_STORE,         /* xenstore does not answer, or refuses */
    ERROR_HOST_MEMORY,   /* the host has too little free memory */
    ERROR_IMAGE,         /* a kernel or RAM disk that can't be used */
    ERROR_DEVICE,        /* a disk, bridge or other device of the host */
    ERROR_NO_ANSWER,     /* a guest or device did not do its part in time */
    ERROR_CANCELLED,     /* its user wanted it to end */
    ERROR_UNSUPPORTED,   /* known, but not for PV guests or not on this host */
    ERROR_STREAM,        /* a saved guest that can't be read or written */
    ERROR_MIGRATION,     /* the other host did not take the guest */
    ERROR_NO_MEMORY,     /* of this program */
    ERROR_INTERNAL,      /* should not happen */
};

struct error {
    enum error_code code;
    int rc;        /* negative errno, the returned one */
    char *message; /* one line, no full stop */
    char *hint;    /* what to do about it, or NULL */
    struct error *cause;
};

/**
 * Store a new error.
 *
 * @err_out  where, or NULL
 * @rc       negative errno, which is returned
 * @format   printf-like: object and reason, no newline
 *
 * Returns rc. Where memory is short the text is lost, not the code.
 */
int error_set(struct error **err_out, enum error_code code, int rc,
              const char *format, ...) __attribute__((format(printf, 4, 5)));

/**
 * Put a link in front of the error that is there: what was being done when it
 * came up.
 *
 * Returns the rc of the error.
 */
int error_wrap(struct error **err_out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * Add to the error that is there what its reader can do. A first hint stays.
 *
 * Returns the rc of the error.
 */
int error_hint(struct error **err_out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The rc of the error that is there; -EIO where nobody listens. */
int error_rc(struct error *const *err_out);

/* Innermost code, that of the cause of all. */
enum error_code error_code(const struct error *err);

/* Stable name of a code, as `NO_DOMAIN`. */
const char *error_name(enum error_code code);

/* Exit status of a program that ends because of this code: 1 to 125. */
int error_exit_status(enum error_code code);

/* First hint of the chain, or NULL. */
const char *error_first_hint(const struct error *err);

/**
 * All messages of a chain as `outer: inner: innermost`.
 *
 * Returns memory that the caller frees, or NULL if there is none.
 */
char *error_text(const struct error *err);

/* Free a chain; NULL is let pass. */
void error_free(struct error *err);

/* Free the error that is there, if any, and say that there is none. */
void error_clear(struct error **err_out);

#endif
