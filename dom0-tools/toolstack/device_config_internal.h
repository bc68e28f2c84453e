/* SPDX-License-Identifier: MIT */
/* What the files that read devices' specifications share. */
#ifndef TOOLSTACK_DEVICE_CONFIG_INTERNAL_H
#define TOOLSTACK_DEVICE_CONFIG_INTERNAL_H

#include "toolstack/device_config.h"

/* An error (CONFIG) of `what` and which word, in quotes. Returns -EINVAL. */
int spec_wrong(struct error **err_out, const char *what, const char *which);

/* Keep a copy of a text in place of what is there. Returns 0; -ENOMEM. */
int spec_keep(char **to, const char *text, struct error **err_out);

/* Keep the path of a script, which may lack its folder. */
int spec_keep_script(char **to, const char *text, struct error **err_out);

/* The text from its first character on that is not blank. */
char *spec_skip_blanks(char *text);

#endif
