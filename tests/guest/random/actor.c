/* SPDX-License-Identifier: MIT */
/* Actors: numbers and arguments at random, and which call comes next. */
#include "random.h"

#define NR_ARGS    24
#define MAX_QUEUED 8

struct world world;

static struct {
    struct actor actor;
    struct multicall_entry queue[MAX_QUEUED];
    uint8_t arg[NR_ARGS][ARG_SIZE];
    uint8_t behind[8 * ARG_SIZE]; /* results that are longer */
} actors[MAX_VCPUS];

/* ---- numbers ----------------------------------------------------------- */

static uint64_t draw(struct actor *a)
{
    uint64_t z = a->state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

unsigned int below(struct actor *a, unsigned int n)
{
    return (unsigned int)((draw(a) >> 32) * n >> 32);
}

bool one_in(struct actor *a, unsigned int n)
{
    return below(a, n) == 0;
}

uint64_t any_number(struct actor *a)
{
    switch (below(a, 6)) {
    case 0:
        return draw(a);
    case 1:
        return 1UL << below(a, 64);
    case 2:
        return (1UL << below(a, 64)) - 1;
    case 3:
        return ~0UL << below(a, 64);
    default:
        return below(a, 16);
    }
}

uint64_t any_free_va(struct actor *a)
{
    uint64_t va = any_number(a) & ~(1UL << 63);

    return va >> 39 == P2M_VIRT_START >> 39 ? va ^ 1UL << 40 : va;
}

domid_t any_domid(struct actor *a)
{
    static const domid_t special[] = {DOMID_SELF, DOMID_IO, DOMID_XEN,
                                      DOMID_INVALID, 0x1234};

    if (one_in(a, 4))
        return special[below(a, ARRAY_SIZE(special))];
    return (domid_t)world.word[PEER_ID + below(a, NR_PEERS)];
}

/* Of its memory, but not to play with. */
static bool is_kernels(uint64_t mfn)
{
    uint64_t pfn = mfn_to_pfn(mfn);

    return pfn < start_info->nr_pages && pfn_to_mfn(pfn) == mfn &&
           (pfn < va_to_pfn(world.play[0]) ||
            pfn > va_to_pfn(world.play[NR_PLAY - 1]));
}

/* The other domain may have given it back, and this one been built on it. */
static uint64_t foreign_mfn(struct actor *a)
{
    uint64_t mfn = world.word[PEER_MFN + below(a, 4 * NR_PEERS)];

    return is_kernels(mfn) ? world.frame[any_play(a)] : mfn;
}

uint64_t any_mfn(struct actor *a)
{
    if (one_in(a, 32))
        return foreign_mfn(a);
    return world.frame[below(a, NR_PLAY)];
}

uint64_t base_mfn(struct actor *a)
{
    return va_to_mfn(world.base[below(a, NR_BASES)]);
}

uint64_t special_mfn(struct actor *a)
{
    switch (below(a, 5)) {
    case 0:
        return start_info->shared_info >> PAGE_SHIFT;
    case 1:
        return 0x100 + below(a, 1024);
    case 2:
        return 0xfed00;
    case 3:
        return any_number(a) >> PAGE_SHIFT;
    default:
        return base_mfn(a);
    }
}

unsigned int any_play(struct actor *a)
{
    return below(a, NR_PLAY);
}

uint64_t *any_page(struct actor *a)
{
    return world.play[any_play(a)];
}

/* ---- arguments and calls ----------------------------------------------- */

void *new_arg(struct actor *a)
{
    uint8_t *arg = actors[a->vcpu].arg[a->next_arg];

    a->next_arg = (a->next_arg + 1) % NR_ARGS;
    memset(arg, 0, ARG_SIZE);
    return arg;
}

void *any_place(struct actor *a, void *good)
{
    switch (below(a, 64)) {
    case 0:
        return (uint8_t *)any_page(a) + below(a, PAGE_SIZE);
    case 1:
        return (void *)(one_in(a, 2) ? MACH2PHYS_VIRT_START : 0);
    case 2:
        return (void *)any_free_va(a);
    default:
        return good;
    }
}

static void run_queue(struct actor *a)
{
    hypercall(__HYPERVISOR_multicall, actors[a->vcpu].queue, a->nr_queued);
    a->nr_queued = 0;
}

long call_later(struct actor *a, uint64_t nr, uint64_t a0, uint64_t a1,
                uint64_t a2, uint64_t a3)
{
    struct multicall_entry *entry = &actors[a->vcpu].queue[a->nr_queued];

    if (a->to_queue == 0)
        return call_now(a, nr, a0, a1, a2, a3);
    memset(entry, 0, sizeof(*entry));
    entry->op = nr;
    entry->args[0] = a0;
    entry->args[1] = a1;
    entry->args[2] = a2;
    entry->args[3] = a3;
    a->nr_queued++;
    a->count++;
    if (--a->to_queue == 0)
        run_queue(a);
    return -1;
}

long call_now(struct actor *a, uint64_t nr, uint64_t a0, uint64_t a1,
              uint64_t a2, uint64_t a3)
{
    a->count++;
    return hypercall(nr, a0, a1, a2, a3);
}

/* ---- what a domain starts with ----------------------------------------- */

static bool maps_kernel(unsigned int slot)
{
    return slot == (VIRT_BASE >> 39 & 511) ||
           slot == (P2M_VIRT_START >> 39 & 511);
}

static void *base_create(void)
{
    uint64_t *l4 = page_alloc();

    for (unsigned int slot = 0; slot < 512; slot++)
        if (maps_kernel(slot))
            l4[slot] = boot_l4()[slot];
    page_set_readonly(l4);
    return l4;
}

/* A selector of a descriptor that went meanwhile: the register is 0 now. */
static bool accept_failsafe(struct regs *regs)
{
    return regs->vector == VECTOR_FAILSAFE;
}

void world_init(volatile uint64_t *words)
{
    world.word = words;
    trap_set_hook(accept_failsafe);
    for (unsigned int i = 0; i < NR_BASES; i++)
        world.base[i] = base_create();
    for (unsigned int i = 0; i < NR_PLAY; i++) {
        world.play[i] = page_alloc();
        world.frame[i] = va_to_mfn(world.play[i]);
    }
    for (unsigned int i = 0; i < 4; i++)
        words[OWN_MFN + i] = world.frame[i];
    grants_init();
}

/* ---- steps ------------------------------------------------------------- */

static void (*const steps[])(struct actor *a) = {
    step_mmu_update,  step_mmu_update,  step_mmu_update, step_mmu_update,
    step_update_va,   step_update_va,   step_update_va,  step_mmuext,
    step_mmuext,      step_mmuext,      step_mmuext,     step_store,
    step_store,       step_store,       step_descriptor, step_reservation,
    step_reservation, step_exchange,    step_exchange,   step_memory_query,
    step_grant_entry, step_grant_map,   step_grant_map,  step_grant_unmap,
    step_grant_unmap, step_grant_other, step_event,      step_event,
    step_event,       step_vcpu,        step_other,      step_numbers,
};

static void step(struct actor *a)
{
    if (a->to_queue == 0 && one_in(a, 16))
        a->to_queue = 1 + below(a, MAX_QUEUED);
    if (a->slot == 0 && one_in(a, 16))
        step_foreign(a);
    else
        steps[below(a, ARRAY_SIZE(steps))](a);
}

void actor_run(unsigned int vcpu)
{
    struct actor *a = &actors[vcpu].actor;
    volatile uint64_t *word = world.word;

    memset(a, 0, sizeof(*a));
    a->vcpu = vcpu;
    a->slot = (unsigned int)word[SLOT];
    a->state = word[SEED] ^ (uint64_t)(a->slot * MAX_VCPUS + vcpu + 1) << 32;
    event_enable();
    while (!word[STOP]) {
        if (a->count >= word[LIMIT]) {
            sleep_ms(1);
            continue;
        }
        step(a);
        word[DONE + vcpu] = a->count;
        word[DRAWN + vcpu] = a->state;
    }
    if (a->nr_queued)
        run_queue(a);
    a->to_queue = 0;
    mmuext(MMUEXT_NEW_USER_BASEPTR, 0);
}

/* ---- the end ----------------------------------------------------------- */

/* The actor's vcpu may still be on it. */
static void base_clear(const uint64_t *l4)
{
    uint64_t at = va_to_mfn(l4) << PAGE_SHIFT;

    for (unsigned int slot = 0; slot < 512; slot++)
        if (!maps_kernel(slot))
            mmu_update(at + slot * 8, 0);
}

/* Any frame that the domain has had may be pinned still, also one that it got
 * another for and lost sight of. */
static void unpin_all(void)
{
    uint64_t last = (uint64_t)memory_op(XENMEM_maximum_ram_page, NULL);

    for (uint64_t mfn = 1; mfn <= last; mfn++)
        if (mfn != va_to_mfn(boot_l4()))
            mmuext(MMUEXT_UNPIN_TABLE, mfn);
}

void world_release(void)
{
    for (unsigned int i = 0; i < NR_PLAY; i++)
        page_unmap(world.play[i]);
    for (unsigned int i = 0; i < NR_BASES; i++)
        base_clear(world.base[i]);
    unpin_all();
    grants_release();
}
