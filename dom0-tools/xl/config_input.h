/* SPDX-License-Identifier: MIT */
/* A configuration from a command line: a file, and `key=value` behind it. */
#ifndef XL_CONFIG_INPUT_H
#define XL_CONFIG_INPUT_H

#include "toolstack/config.h"
#include "toolstack/host_config.h"
#include "xl/xl.h"

/**
 * Read a configuration, with what holds for all guests of the host; warnings go
 * to standard error.
 *
 * @more, @nr_more  `key=value` arguments, which override the file
 * @config          vm_config_free() ends it
 *
 * Returns 0; -errno (CONFIG).
 */
int config_input_read(struct xl *xl, const char *path, int nr_more, char **more,
                      struct vm_config *config, struct error **err_out);

/* Read xl.conf, in the same manner. host_config_free() ends it. */
int config_input_host(struct xl *xl, struct host_config *host,
                      struct error **err_out);

/* Read xl.conf, in the same manner; host_config_free() ends it. */
int config_input_host(struct xl *xl, struct host_config *host,
                      struct error **err_out);

#endif
