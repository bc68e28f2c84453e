/* SPDX-License-Identifier: MIT */
/*
 * The core of the hypervisor on the fake machine: page types, event channels,
 * grants and memory operations of three domains that do what the input says.
 * The oracle is the machine's own audit; at the end everything goes, and
 * nothing may be left.
 *
 * Input: bytes of one-byte commands with their arguments; see commands[].
 */
#include "core_fuzz.h"

#include <stdlib.h>

#include "xen/audit.h"
#include "xen/debug_key.h"
#include "xen/evtchn.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define AUDIT_EVERY 8
#define MAX_CALLS   200

struct guest guests[NR_GUESTS];
struct guest *self;
void *args[NR_ARGS];

static const u8 *input, *input_end;

/* ---- The input --------------------------------------------------------- */

u8 take(void)
{
    return input < input_end ? *input++ : 0;
}

u16 take16(void)
{
    u16 low = take();

    return low | (u16)take() << 8;
}

u64 take_number(void)
{
    u8 kind = take();

    if (kind < 0xf0)
        return kind;
    return kind & 1 ? ~0UL << (take() & 63) : 1UL << (take() & 63);
}

domid_t take_domid(void)
{
    static const domid_t some[] = {DOMID_SELF, 0, 1, 2, DOMID_IO, DOMID_XEN, 9};

    return some[take() % ARRAY_SIZE(some)];
}

unsigned int take_index(void)
{
    static const u16 index[] = {0, 1, 2, 255, 256, 271, 272, 300, 510, 511};

    return index[take() % ARRAY_SIZE(index)];
}

struct page_info **take_place(void)
{
    return &self->pool[take() % POOL];
}

mfn_t take_mfn(void)
{
    u8 which = take();
    struct guest *g = which & 0x40 ? &guests[take() % NR_GUESTS] : self;

    if (!(which & 0x80))
        return page_to_mfn(g->pool[which % POOL]);
    switch (which & 7) {
    case 0:
        return _mfn(DEVICE_MFN + take() % 3);
    case 1:
        return virt_to_mfn(g->grants);
    case 2:
        return g->d->vcpu[0]->arch.guest_table;
    case 3:
        return _mfn(take_number());
    default:
        return virt_to_mfn(g->d->shared_info);
    }
}

u64 take_entry(void)
{
    static const u64 flags[] = {
        0,
        FLAGS_TABLE,
        FLAGS_TABLE | PTE_NX,
        FLAGS_RW,
        FLAGS_RO,
        FLAGS_RW | PTE_PCD,
        PTE_PRESENT,
        FLAGS_RO | PTE_DIRTY,
        FLAGS_TABLE | PTE_PSE,
        FLAGS_TABLE | PTE_GLOBAL,
        FLAGS_RW | 1UL << 58,
    };
    u64 f = flags[take() % ARRAY_SIZE(flags)];

    return pte_make(take_mfn(), f);
}

/* ---- Calls ------------------------------------------------------------- */

long call(call_fn fn, unsigned long a0, unsigned long a1, unsigned long a2,
          unsigned long a3)
{
    const unsigned long *a = fake_continue_args;
    long rc = fn(a0, a1, a2, a3, 0);

    /* Now and then a call that was stopped is not taken up again. */
    for (unsigned int i = 0; rc == -ERESTART && i < MAX_CALLS; i++) {
        if (i == 0 && (take() & 7) == 7)
            break;
        rc = fn(a[0], a[1], a[2], a[3], a[4]);
    }
    fake_preempt_at(0);
    return rc;
}

/* A vcpu without tables never runs, nor does one that is in user mode make
 * calls. */
static void switch_guest(void)
{
    u8 which = take();
    struct guest *g = &guests[which % NR_GUESTS];
    struct vcpu *v = g->d->vcpu[which >> 4 & 1];

    if (g->d->dying != DOMDYING_alive ||
        mfn_eq(v->arch.guest_table, INVALID_MFN))
        return;
    self = g;
    v->arch.flags |= VCPU_KERNEL_MODE;
    run_as(g->d, v->vcpu_id);
}

static void stop_next(void)
{
    fake_preempt_at(take() % 16);
}

/* The next allocation fails. */
static void fail_next(void)
{
    fake_heap_fail(1 + take() % 4);
}

static void (*const commands[])(void) = {
    switch_guest,   stop_next,    do_update,     do_update,  do_ext,
    do_update_va,   do_store,     do_descriptor, do_reserve, do_exchange,
    do_grant_entry, do_grant_map, do_unmap,      do_unmap,   do_copy,
    do_table,       do_event,     do_event,      do_kill,    fail_next,
    do_query,       do_context,   do_signal,     do_ldt,     do_heap,
    do_birth,
};

/* ---- The oracle -------------------------------------------------------- */

static void (*audit_key)(void), (*ports_key)(void);

void debug_key_register(char key, const char *help, void (*fn)(void))
{
    (void)help;
    if (key == 'A')
        audit_key = fn;
    if (key == 'e')
        ports_key = fn;
}

void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "%s\n%s\n", what, fake_log());
    abort();
}

static void check(void)
{
    fake_heap_fail(0);
    fake_preempt_at(0);
    fake_log_clear();
    audit_key();
    must(strstr(fake_log(), "no inconsistency") != NULL, "the audit fails");
}

/* Everything goes, in any order; frames that others map last. */
static void end_all(void)
{
    for (unsigned int i = 0; i < NR_GUESTS; i++)
        guests[i].d->dying = DOMDYING_dying;
    run_as(guests[0].d, 1);
    for (unsigned int i = 0; i < NR_GUESTS; i++)
        while (guest_end_step(&guests[i]) != 0)
            ;
    for (unsigned int i = 0; i < NR_GUESTS; i++) {
        must(guests[i].d->mem.tot_pages == 0, "frames are left");
        guest_free(&guests[i]);
        must(atomic_read(&guests[i].d->refcnt) == 1, "references are left");
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    core_set_up_once();
    audit_init();
    evtchn_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned long all_free;
    unsigned int nr = 0;

    input = data;
    input_end = data + size;
    core_set_up();
    while (input < input_end) {
        commands[take() % ARRAY_SIZE(commands)]();
        if (++nr % AUDIT_EVERY == 0)
            check();
    }
    ports_key();
    check();
    end_all();
    core_tear_down();
    if (all_free == 0)
        all_free = avail_heap_pages();
    must(avail_heap_pages() == all_free, "frames are lost");
    must(fake_heap_in_use() == 0, "small objects are lost");
    return 0;
}
