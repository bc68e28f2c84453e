/* SPDX-License-Identifier: MIT */
/*
 * The store as the toolstack uses it: paths are printf-like, values are texts,
 * errors are struct error.
 */
#ifndef TOOLSTACK_STORE_H
#define TOOLSTACK_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cancel.h"
#include "lib/error.h"

struct store;

/**
 * Connect to the store daemon.
 *
 * Returns 0; -errno with STORE where it does not answer, PERMISSION where the
 *         caller may not talk to it.
 */
int store_open(struct store **s_out, struct error **err_out);

/*
 * From now on waits end with CANCELLED when that token is used; NULL: they go
 * on. Returns the one before. The token outlives the connection.
 */
const struct cancel *store_set_cancel(struct store *s,
                                      const struct cancel *cancel);

/* The token of now, or NULL. */
const struct cancel *store_cancel(const struct store *s);

/* End the connection; NULL is let pass. */
void store_close(struct store *s);

/**
 * Read a node.
 *
 * @value_out  text that the caller frees, NULL where there is no such node
 *
 * Returns 0, also where there is no such node; -errno (STORE).
 */
int store_read(struct store *s, char **value_out, struct error **err_out,
               const char *path, ...) __attribute__((format(printf, 4, 5)));

/**
 * Read the names of many domains at once.
 *
 * @names_out  of each, a text that the caller frees, or NULL
 *
 * Returns 0; -errno (STORE), and there are no names.
 */
int store_read_names(struct store *s, const unsigned int *domids, size_t nr,
                     char **names_out, struct error **err_out);

/*
 * Answers whether what is waited for is there: 1 yes, 0 not yet, or a negative
 * errno with an error stored, which ends the waiting.
 */
typedef int store_done_fn(void *ctx, struct error **err_out);

/**
 * Wait until done() says yes. It is asked at once, and again after each change
 * of the node or below it.
 *
 * @path        a node, or "@releaseDomain"
 * @timeout_ms  -1: for ever
 *
 * Returns 0; -ETIMEDOUT without an error; the error of done(); -ECANCELED
 *         (CANCELLED); -errno (STORE).
 */
int store_wait(struct store *s, const char *path, int timeout_ms,
               store_done_fn *done, void *ctx, struct error **err_out);

/*
 * Write a node, and make what is missing above it; new nodes have the rights of
 * their parent. Returns 0; -errno.
 */
int store_write(struct store *s, const char *value, struct error **err_out,
                const char *path, ...) __attribute__((format(printf, 4, 5)));

/* Who may do what with a node: an owner, who may do all, and one reader. */
struct store_rights {
    unsigned int owner;
    unsigned int reader; /* the owner again: nobody else */
};

/* Write a node and set its rights. Returns 0; -errno. */
int store_write_for(struct store *s, const char *value,
                    struct store_rights rights, struct error **err_out,
                    const char *path, ...)
    __attribute__((format(printf, 5, 6)));

/* Remove a node and all below it, if it is there. Returns 0; -errno. */
int store_remove(struct store *s, struct error **err_out, const char *path, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * Names of the nodes below one.
 *
 * @names_out  array that the caller frees at once; NULL where there is no node
 */
int store_list(struct store *s, char ***names_out, unsigned int *nr_out,
               struct error **err_out, const char *path, ...)
    __attribute__((format(printf, 5, 6)));

/* What a transaction does; called again where others were in between. */
typedef int store_change_fn(struct store *s, void *ctx, struct error **err_out);

/**
 * Do several changes as one: others see all of them or none. Writes within it
 * are kept and sent together, before the next read or at its end: what is wrong
 * with one of them comes to light there.
 *
 * Returns 0; the error of change(), and then nothing is changed; -errno.
 */
int store_transaction(struct store *s, store_change_fn *change, void *ctx,
                      struct error **err_out);

/* Connect the daemon with a domain's page and port. Returns 0; -errno. */
int store_introduce(struct store *s, unsigned int domid, uint64_t mfn,
                    unsigned int port, struct error **err_out);

/* Tell the daemon that a domain that was suspended runs again. */
int store_resume(struct store *s, unsigned int domid, struct error **err_out);

/**
 * Give the daemon a control command.
 *
 * @words      the command and its arguments, `nr` of them
 * @reply_out  its answer, a text that the caller frees
 *
 * Returns 0; -errno (STORE): -EINVAL where it does not know that command.
 */
int store_control(struct store *s, const char *const *words, size_t nr,
                  char **reply_out, struct error **err_out);

#endif
