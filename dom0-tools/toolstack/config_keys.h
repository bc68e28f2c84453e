/* SPDX-License-Identifier: MIT */
/* The keys of xl.cfg, a row each. */
#ifndef TOOLSTACK_CONFIG_KEYS_H
#define TOOLSTACK_CONFIG_KEYS_H

#include "toolstack/config.h"

enum key_kind {
    KEY_TEXT,    /* char * at offset */
    KEY_NUMBER,  /* long at offset, min to max */
    KEY_ACTION,  /* enum vm_action at offset */
    KEY_SPECIAL, /* what set() makes of it */
    KEY_ALIAS,   /* an old name of another key */
    KEY_IGNORED, /* known, and of no effect: a warning */
    KEY_REFUSED, /* known, but not for guests of this tool */
};

struct config_key {
    const char *name;
    enum key_kind kind;
    size_t offset;
    long min, max;
    int (*set)(struct vm_config *config, const struct config_value *value,
               struct error **err_out);
    const char *text; /* help; the other name; why it is refused */
};

extern const struct config_key config_keys[];
extern const size_t nr_config_keys;

#endif
