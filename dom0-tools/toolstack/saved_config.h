/* SPDX-License-Identifier: MIT */
/*
 * A domain's configuration as the toolstack keeps it while the domain is there,
 * in the stock tools' JSON: they can list, save and migrate the domain by it.
 */
#ifndef TOOLSTACK_SAVED_CONFIG_H
#define TOOLSTACK_SAVED_CONFIG_H

#include "public/types.h"

#include "lib/error.h"
#include "toolstack/config.h"

/* Where they lie, unless XENIA_SAVED_CONFIGS in the environment says another
 * folder, as tests do. */
#define SAVED_CONFIG_FOLDER "/var/lib/xen"
const char *saved_config_folder(void);

/**
 * Keep the configuration of a new domain.
 *
 * Returns 0; -errno (INTERNAL).
 * Source: observed: userdata-d.<domid>.<uuid>.libxl-json.
 */
int saved_config_write(domid_t domid, const struct vm_config *config,
                       struct error **err_out);

/* The same as a text that the caller frees. Returns 0; -errno. */
int saved_config_text(const struct vm_config *config, char **text_out,
                      struct error **err_out);

/**
 * Read what is kept of a domain.
 *
 * @uuid      as text
 * @text_out  JSON that the caller frees; NULL where nothing is kept
 *
 * Returns 0; -errno (INTERNAL).
 */
int saved_config_read(domid_t domid, const char *uuid, char **text_out,
                      struct error **err_out);

/* Forget it, if it is there. */
void saved_config_remove(domid_t domid, const char *uuid);

#endif
