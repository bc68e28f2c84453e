/* SPDX-License-Identifier: MIT */
/*
 * Calls drawn at random. An actor is a vcpu that draws them; the actors of a
 * domain share its frames, and hit each other's calls half way.
 *
 *   main.c        options, domains, batches, audits
 *   actor.c       numbers, arguments, one step; what a domain starts with
 *   mmu.c memory.c grants.c events.c other.c    the calls, by subject
 *
 * What is drawn depends on the seed, the actor, and what its calls gave it. One
 * domain of one vcpu does the same again from the same seed.
 */
#ifndef RANDOM_RANDOM_H
#define RANDOM_RANDOM_H

#include "domain.h"

#define NR_PLAY  28 /* pages that anything may be done to */
#define NR_BASES 3  /* L4 tables that map the kernel */
#define NR_PEERS 4  /* domains that know of each other, by slot; dom0 is 0 */
#define NR_REFS  40 /* grants in use */

/* mailbox->word[]; the control domain's actor has the same words of its own. */
#define STOP     0
#define LIMIT    1 /* calls that each actor may have made */
#define SEED     2
#define SLOT     3
#define NR_VCPUS 4
#define DONE     8                   /* + vcpu: calls made */
#define PEER_ID  16                  /* + slot */
#define OWN_MFN  20                  /* + 0..3: some frames of its own */
#define PEER_MFN 24                  /* + 4 * slot + 0..3 */
#define DRAWN    (MAILBOX_WORDS - 4) /* + vcpu: the last numbers, to see */

struct actor {
    unsigned int slot, vcpu;
    uint64_t state;        /* of the generator */
    uint64_t count;        /* calls made */
    unsigned int to_queue; /* calls that are still to go into a multicall */
    unsigned int nr_queued;
    unsigned int next_arg;
};

/* What the actors of a domain share. */
struct world {
    volatile uint64_t *word;
    uint64_t *play[NR_PLAY];          /* whose entries may map anything */
    volatile uint64_t frame[NR_PLAY]; /* played with; some are gone by now */
    uint64_t *base[NR_BASES];
    volatile uint32_t handle[16]; /* of grants mapped */
    void *grant_table;
};

extern struct world world;

/* ---- actor.c ----------------------------------------------------------- */

/** A number below n. */
unsigned int below(struct actor *a, unsigned int n);
bool one_in(struct actor *a, unsigned int n);

/** Any 64 bits, mostly such as lie at some limit. */
uint64_t any_number(struct actor *a);

/** Any address but those that the kernel's image and P2M have: should a call
 * map or write something there, the actor would lose itself. */
uint64_t any_free_va(struct actor *a);

/** Room for the arguments of a call, zeroed; never on the caller's stack, as
 * the call may be made later. At most ARG_SIZE bytes. */
#define ARG_SIZE 1024
void *new_arg(struct actor *a);

/** Where a call's arguments are: mostly `good`, else anything. */
void *any_place(struct actor *a, void *good);

/** Make the call, or put it into a multicall and return -1. */
long call_later(struct actor *a, uint64_t nr, uint64_t a0, uint64_t a1,
                uint64_t a2, uint64_t a3);

/** Make it now: the result is wanted. */
long call_now(struct actor *a, uint64_t nr, uint64_t a0, uint64_t a1,
              uint64_t a2, uint64_t a3);

#define later(a, nr, ...) LATER_PICK(a, nr, ##__VA_ARGS__, 0, 0, 0, 0)
#define now(a, nr, ...)   NOW_PICK(a, nr, ##__VA_ARGS__, 0, 0, 0, 0)
#define LATER_PICK(a, nr, b, c, d, e, ...)                                     \
    call_later(a, nr, (uint64_t)(b), (uint64_t)(c), (uint64_t)(d),             \
               (uint64_t)(e))
#define NOW_PICK(a, nr, b, c, d, e, ...)                                       \
    call_now(a, nr, (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e))

/** A domain: this one, another actor's, none. */
domid_t any_domid(struct actor *a);

/** A frame of those played with, or of another domain. */
uint64_t any_mfn(struct actor *a);
/** An L4 table that maps the kernel: nothing may write to it. */
uint64_t base_mfn(struct actor *a);
/** One that must not be mapped writable: should that succeed, the actor would
 * write to its own kernel. */
uint64_t special_mfn(struct actor *a);

/** A page of those played with; its number in world.frame[]. */
unsigned int any_play(struct actor *a);
uint64_t *any_page(struct actor *a);

/** All frames, tables and grants that the actors play with. */
void world_init(volatile uint64_t *words);

/** Draw until the control side says stop. */
void actor_run(unsigned int vcpu);

/** Give back what the control domain's actor holds of others, who would not go
 * before: what its pages and tables map, then grants. */
void world_release(void);

/* ---- by subject: one call each ----------------------------------------- */

void step_mmu_update(struct actor *a);
void step_update_va(struct actor *a);
void step_mmuext(struct actor *a);
void step_store(struct actor *a);
void step_descriptor(struct actor *a);
void step_reservation(struct actor *a);
void step_exchange(struct actor *a);
void step_memory_query(struct actor *a);
void step_grant_entry(struct actor *a);
void step_grant_map(struct actor *a);
void step_grant_unmap(struct actor *a);
void step_grant_other(struct actor *a);
void step_event(struct actor *a);
void step_vcpu(struct actor *a);
void step_other(struct actor *a);
void step_numbers(struct actor *a);
/** The control domain's only. */
void step_foreign(struct actor *a);

/** Any page-table entry. */
uint64_t any_entry(struct actor *a);

/** Room for one grant operation that replaces an entry of the kernel's tables.
 */
void *grant_room(struct actor *a);

/** The grant table's memory. */
void grants_init(void);
/** Unmap the control domain's grants. */
void grants_release(void);

#endif
