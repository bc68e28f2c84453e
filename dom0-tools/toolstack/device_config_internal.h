/* SPDX-License-Identifier: MIT */
/* What the files that read devices' specifications share. */
#ifndef TOOLSTACK_DEVICE_CONFIG_INTERNAL_H
#define TOOLSTACK_DEVICE_CONFIG_INTERNAL_H

#include <stddef.h>

#include "toolstack/device_config.h"

/* An error (CONFIG) of `what` and which word, in quotes. Returns -EINVAL. */
int spec_wrong(struct error **err_out, const char *what, const char *which);

/* Keep a copy of a text in place of what is there. Returns 0; -ENOMEM. */
int spec_keep(char **to, const char *text, struct error **err_out);

/* Keep the path of a script, which may lack its folder. */
int spec_keep_script(char **to, const char *text, struct error **err_out);

/* The text from its first character on that is not blank. */
char *spec_skip_blanks(char *text);

/* Blanks around it cut off, too. */
char *spec_cut_blanks(char *text);

/* Read the parts between commas, each but the empty ones by `read`, which may
 * change it. Returns 0; what `read` returned first; -ENOMEM. */
int spec_parts(const char *text,
               int (*read)(void *ctx, char *part, struct error **err_out),
               void *ctx, struct error **err_out);

/* Cut `key=value` at its equals sign. Returns the value; NULL (CONFIG). */
char *spec_value(char *part, struct error **err_out);

/**
 * No row has this name: an error (CONFIG), with what may have been meant.
 *
 * @rows  each begins with its name, a `const char *`
 * @size  of a row, in bytes
 *
 * Returns -EINVAL.
 */
int spec_unknown_key(const char *name, const void *rows, size_t nr, size_t size,
                     struct error **err_out);

#endif
