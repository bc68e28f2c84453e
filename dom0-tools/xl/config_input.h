/* SPDX-License-Identifier: MIT */
/* A configuration from a command line: a file, and `key=value` behind it. */
#ifndef XL_CONFIG_INPUT_H
#define XL_CONFIG_INPUT_H

#include "toolstack/config.h"
#include "xl/xl.h"

/**
 * Read a configuration; warnings go to standard error.
 *
 * @more, @nr_more  `key=value` arguments, which override the file
 * @config          vm_config_free() ends it
 *
 * Returns 0; -errno (CONFIG).
 */
int config_input_read(struct xl *xl, const char *path, int nr_more, char **more,
                      struct vm_config *config, struct error **err_out);

#endif
