/* SPDX-License-Identifier: MIT */
/* Hypervisor mappings of scattered frames and of device registers. */
#ifndef XEN_VMAP_H
#define XEN_VMAP_H

#include "xen/types.h"

/** Map nr frames one after the other, read-write. NULL if out of memory. */
void *__must_check vmap(const mfn_t *mfn, unsigned int nr);
void vunmap(void *va);

/** Map device registers uncached. `pa` needs no alignment. NULL on failure. */
void *__must_check ioremap(paddr_t pa, size_t len);
void iounmap(void *va);

#endif
