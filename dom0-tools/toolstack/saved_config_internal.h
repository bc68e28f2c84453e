/* SPDX-License-Identifier: MIT */
/* What the files about saved configurations share. */
#ifndef TOOLSTACK_SAVED_CONFIG_INTERNAL_H
#define TOOLSTACK_SAVED_CONFIG_INTERNAL_H

#include <yajl/yajl_tree.h>

#include "toolstack/saved_config.h"

/**
 * Read JSON that may come from anybody.
 *
 * @root_out  an object; yajl_tree_free() ends it
 *
 * Returns 0; -EINVAL (CONFIG).
 */
int saved_config_tree(const char *text, yajl_val *root_out,
                      struct error **err_out);

/* The text that a value is, NULL where it is none. */
static inline const char *json_string_of(yajl_val value)
{
    return YAJL_IS_STRING(value) ? value->u.string : NULL;
}

#endif
