/* SPDX-License-Identifier: MIT */
/* Memory set-up while starting: between setup.c, mm.c and m2p.c. */
#ifndef ASM_BOOT_MEM_H
#define ASM_BOOT_MEM_H

#include "xen/types.h"

/** Where mfn_valid() looks: zeroed, a bit for each frame below max_page. */
void ram_frames_init(unsigned long *bitmap);
/** Frames [start, end) are RAM. */
void ram_frames_add(unsigned long start, unsigned long end);

/** The boot allocator is done: page tables come from the heap now. */
void mm_use_heap(void);

/** The L1 entry of a hypervisor address; NULL if none is there. */
u64 *xen_l1e(unsigned long va);

#endif
