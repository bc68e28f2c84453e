/* SPDX-License-Identifier: MIT */
/* What the tests of direct paging share: a guest with page tables, calls that
 * are continued as a guest does, and a recount of all references. */
#ifndef PV_MM_SETUP_H
#define PV_MM_SETUP_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "public/xen.h"
#include "xen/errno.h"
#include "xen/hypercall.h"
#include "xen/page_alloc.h"
#include "asm/processor.h"
#include "asm/pv_mm.h"
#include "fake/fake.h"

#define FLAGS_TABLE (PTE_PRESENT | PTE_RW | PTE_USER | PTE_ACCESSED)
#define FLAGS_RO    (PTE_PRESENT | PTE_USER)
#define FLAGS_RW    (PTE_PRESENT | PTE_USER | PTE_RW)

/* A device frame above all RAM, one that is read-only, and one nobody may map.
 */
#define DEVICE_MFN    (FAKE_NR_FRAMES + 16UL)
#define DEVICE_RO_MFN (FAKE_NR_FRAMES + 17UL)
#define NO_DEVICE_MFN (FAKE_NR_FRAMES + 64UL)

/* The control domain (2 vcpus), the guest that most is about (2), another. */
extern struct domain *d0, *d, *other;

/* A tree of the guest's: t[4] -> t[3] -> t[2] -> t[1] -> two frames of data. */
struct tree {
    struct page_info *t[5];
    struct page_info *rw, *ro; /* entries 0 and 511 of t[1] */
};

extern unsigned int cache_flushes;

int pv_mm_set_up_once(void **state);
int pv_mm_set_up(void **state);
/* Recounts, relinquishes both guests, and looks for what was not freed. */
int pv_mm_tear_down(void **state);

#define PV_MM_TEST(name)                                                       \
    cmocka_unit_test_setup_teardown(name, pv_mm_set_up, pv_mm_tear_down)

void run_as(struct domain *who, unsigned int vcpu_id);

struct page_info *new_page(struct domain *owner);
u64 *table_of(const struct page_info *pg);
u64 entry(const struct page_info *pg, u64 flags);
u64 maddr(const struct page_info *pg, unsigned int index);
unsigned long pt_type(unsigned int level);
unsigned long type_count(const struct page_info *pg);
unsigned long general_count(const struct page_info *pg);

/* Unvalidated, not referenced; at level `top` and below. Entry 0 of each level
 * leads on (L4: 300, among the kernel's). */
void make_tree(struct tree *tree, unsigned int top);
unsigned int tree_index(unsigned int level);

/* References that the test itself holds, for the recount. */
void hold(const struct page_info *pg, int general, int type);

/* All references of all guests' frames are as what refers to them says. */
void recount(void);

/* One entry; continued until done. Times continued are added to `restarts`. */
long update(u64 ptr, u64 val);
long update_as(u64 ptr, u64 val, unsigned long foreigndom);
long ext(unsigned int cmd, unsigned long arg1, unsigned long arg2);
long pin(const struct page_info *pg, unsigned int level);
long unpin(const struct page_info *pg);
extern unsigned int restarts;
extern u32 *done_out;

#endif
