/* SPDX-License-Identifier: MIT */
/* What the files about saved configurations share. */
#ifndef TOOLSTACK_SAVED_CONFIG_INTERNAL_H
#define TOOLSTACK_SAVED_CONFIG_INTERNAL_H

#include <yajl/yajl_tree.h>

#include "lib/json.h"
#include "toolstack/saved_config.h"

/* Writing. Their booleans are texts. */
static inline const char *saved_config_truth(bool value)
{
    return value ? "True" : "False";
}

/* Lists of all disks and interfaces, where there are any. */
void saved_config_devices_put(struct json *j, const struct vm_config *config);
/* One item of such a list. */
void saved_config_disk_put(struct json *j, const struct disk_config *disk);
void saved_config_nic_put(struct json *j, const struct vif_config *vif);

/* Where its vcpus may run, and where they should. */
void saved_config_placement_put(struct json *j, const struct vm_config *config);

/* What a json_*() that writes the text of a configuration ends with: frees j,
 * which may be NULL. The caller frees the text. Returns 0; -ENOMEM. */
int saved_config_finish(struct json *j, char **text_out,
                        struct error **err_out);

/**
 * Read JSON that may come from anybody.
 *
 * @root_out  an object; yajl_tree_free() ends it
 *
 * Returns 0; -EINVAL (CONFIG).
 */
int saved_config_tree(const char *text, yajl_val *root_out,
                      struct error **err_out);

/* The same out of "b_info". */
int saved_config_placement_get(yajl_val info, struct vm_config *config,
                               struct error **err_out);

/* The lists of disks and interfaces, into config's arrays. */
int saved_config_devices_get(yajl_val root, struct vm_config *config,
                             struct error **err_out);

/* Changes such a text by what it is given. Returns 0; -errno. */
typedef int saved_config_edit_fn(const char *text, const void *what,
                                 char **text_out, struct error **err_out);

/* Change what is kept of a domain, one after the other; nothing to do where
 * nothing is kept. Returns 0; -errno. */
int saved_config_change(domid_t domid, const char *uuid,
                        saved_config_edit_fn *edit, const void *what,
                        struct error **err_out);

/* Errors. They return -ENOMEM; -EINVAL (CONFIG). */
int json_no_memory(struct error **err_out);
int json_wrong(struct error **err_out, const char *key);

/* The member of an object, NULL where there is none. */
yajl_val json_member(yajl_val object, const char *key);

/* A copy of a text in place of *text, which stays where there is none. */
int json_text_get(yajl_val object, const char *key, char **text,
                  struct error **err_out);

/* A number of a range; *number stays where there is none. */
int json_number_get(yajl_val object, const char *key, long long min,
                    long long max, long long *number, struct error **err_out);

/* A truth value that is there and true, or there and false. */
bool json_is_set(yajl_val object, const char *key);
bool json_is_off(yajl_val object, const char *key);

/* The text that a value is, NULL where it is none. */
static inline const char *json_string_of(yajl_val value)
{
    return YAJL_IS_STRING(value) ? value->u.string : NULL;
}

#endif
