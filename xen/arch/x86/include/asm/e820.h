/* SPDX-License-Identifier: MIT */
/* The firmware's memory map, put in order. */
#ifndef ASM_E820_H
#define ASM_E820_H

#include "xen/boot_info.h"

/* Twice as many as the firmware's: overlaps cut ranges in pieces. */
#define E820_MAX (2 * BOOT_MAX_E820)

/* Sorted, without overlaps; the host's map, RAM cut to mem=. */
struct e820_map {
    unsigned int nr;
    struct e820_entry entry[E820_MAX];
};

extern struct e820_map e820;

/** Order boot_info's map into e820; where ranges overlap the type with the
 * higher number wins. Prints it. panic()s if there is no RAM. */
void e820_init(void);

/** The ordering itself: `raw` may be in any order, overlap or be empty. */
void e820_normalize(const struct e820_entry *raw, unsigned int nr,
                    struct e820_map *map_out);

/** All of [start, end) has this type. */
bool e820_all(paddr_t start, paddr_t end, u32 type);

#endif
