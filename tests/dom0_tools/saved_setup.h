/* SPDX-License-Identifier: MIT */
/* A guest that can be saved, for tests: domain 1, "vm". */
#ifndef SAVED_SETUP_H
#define SAVED_SETUP_H

#include "fake_dom0.h"

#define UUID     "685283ac-83f2-4d23-b79a-87c63dfaca78"
#define PAGE     4096UL
#define NR_PAGES 2048UL /* of the guest: 8 MiB */
#define FRAME    0x000ffffffffff000ULL

/** The guest. */
struct fake_domain *guest(void);

/** By its own p2m: the frame of a page, and the page of a frame. */
uint64_t mfn_of(const struct fake_domain *d, uint64_t pfn);
uint64_t pfn_of(const struct fake_domain *d, uint64_t mfn);

/** cmocka's setup: a host with the guest, which suspends itself when asked. */
int saved_host(void **state);

/** Of the group: a folder with what the guest is made of, to be in. */
int saved_folder_make(void **state);
int saved_folder_remove(void **state);

#endif
