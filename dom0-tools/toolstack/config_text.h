/* SPDX-License-Identifier: MIT */
/* A configuration as the text of an xl.cfg that says the same. */
#ifndef TOOLSTACK_CONFIG_TEXT_H
#define TOOLSTACK_CONFIG_TEXT_H

#include <stdio.h>

#include "toolstack/config.h"

/* Write it, key by key; vm_config_read() of it gives the same again. */
void config_text_write(FILE *out, const struct vm_config *config);

/* Write a text in quotes, whatever quotes are in it: `key = "text"`. */
void config_text_put(FILE *out, const char *key, const char *text);

#endif
