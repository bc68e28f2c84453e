/* SPDX-License-Identifier: MIT */
/* Domains of core_fuzz.c, what it takes from the input, and its commands. */
#ifndef FUZZ_CORE_FUZZ_H
#define FUZZ_CORE_FUZZ_H

#include "../unit/pv_mm_setup.h"

#include <stdio.h>

#define NR_GUESTS 3  /* domains 0 (control), 1, 2 */
#define POOL      14 /* frames of each that are played with */
#define NR_ARGS   4
#define ARG_SIZE  (2 * PAGE_SIZE)

struct guest {
    struct domain *d;
    struct page_info *pool[POOL];
    void *grants;   /* the first frame of its table */
    u32 handles[8]; /* of grants that it has mapped */
};

/* Those of the running domain are `self`'s. */
extern struct guest guests[NR_GUESTS];
extern struct guest *self;
extern void *args[NR_ARGS];

/* ---- core_fuzz.c ------------------------------------------------------- */

u8 take(void);
u16 take16(void);
u64 take_number(void);
domid_t take_domid(void);
unsigned int take_index(void);
struct page_info **take_place(void);
mfn_t take_mfn(void);
u64 take_entry(void);

/** Abort, and say what, unless it is good. */
void must(bool good, const char *what);

typedef long (*call_fn)(unsigned long a0, unsigned long a1, unsigned long a2,
                        unsigned long a3, unsigned long a4);

/** A hypercall, continued until it is done, mostly. */
long call(call_fn fn, unsigned long a0, unsigned long a1, unsigned long a2,
          unsigned long a3);

/* ---- core_setup.c ------------------------------------------------------ */

void core_set_up_once(void);
void core_set_up(void);
void core_tear_down(void);

/** Take a dying domain apart. Returns 0, or -ERESTART: not done yet. */
int guest_end_step(struct guest *g);
void guest_free(struct guest *g);

/* ---- core_mm.c, core_grant.c: commands --------------------------------- */

void do_update(void);
void do_ext(void);
void do_update_va(void);
void do_store(void);
void do_descriptor(void);
void do_ldt(void);
void do_context(void);
void do_reserve(void);
void do_exchange(void);
void do_query(void);
void do_kill(void);
void do_heap(void);
void do_birth(void);
void do_grant_entry(void);
void do_grant_map(void);
void do_unmap(void);
void do_copy(void);
void do_table(void);
void do_event(void);
void do_signal(void);

#endif
