/* SPDX-License-Identifier: MIT */
/* Page tables and descriptor tables. */
#include "random.h"

#define MAX_REQS 32

static unsigned int any_index(struct actor *a)
{
    static const uint16_t index[] = {0, 1, 2, 255, 256, 271, 272, 510, 511};

    return one_in(a, 8) ? below(a, 512) : index[below(a, ARRAY_SIZE(index))];
}

/* Of an L4 table that the kernel may run on. */
static unsigned int base_index(struct actor *a)
{
    static const uint16_t index[] = {0, 2, 255, 256, 271, 272, 300, 510};

    return index[below(a, ARRAY_SIZE(index))];
}

uint64_t any_entry(struct actor *a)
{
    static const uint64_t flags[] = {
        PTE_TABLE,
        PTE_TABLE,
        PTE_TABLE,
        PTE_TABLE | PTE_NX,
        PTE_PAGE_RW,
        PTE_PAGE_RW,
        PTE_PAGE_RO,
        PTE_PAGE_RO,
        PTE_PAGE_RO,
        PTE_P,
        PTE_PAGE_RW | PTE_PCD,
        PTE_PAGE_RW | PTE_PWT,
        PTE_TABLE | PTE_PSE,
        PTE_TABLE | PTE_G,
        PTE_PAGE_RO | PTE_GUEST_KERNEL,
        PTE_PAGE_RW | 1UL << 58,
    };

    if (one_in(a, 6))
        return 0;
    if (one_in(a, 64))
        return any_number(a) & ~PTE_RW;
    if (one_in(a, 16))
        return make_pte(special_mfn(a), one_in(a, 2) ? PTE_PAGE_RO : PTE_P);
    return make_pte(any_mfn(a), flags[below(a, ARRAY_SIZE(flags))]);
}

static uint64_t any_slot(struct actor *a)
{
    switch (below(a, 8)) {
    case 0:
        return (base_mfn(a) << PAGE_SHIFT) + base_index(a) * 8;
    case 1:
    case 2:
    case 3:
        return pte_maddr((uint64_t)any_page(a), 1);
    default:
        return (world.frame[any_play(a)] << PAGE_SHIFT) + any_index(a) * 8;
    }
}

/* Not the M2P of frames of the kernel: it finds its tables by that. */
static struct mmu_update any_request(struct actor *a)
{
    struct mmu_update req = {.ptr = any_slot(a), .val = any_entry(a)};

    if (one_in(a, 4))
        req.ptr |= MMU_PT_UPDATE_PRESERVE_AD;
    else if (one_in(a, 16))
        req = (struct mmu_update){
            .ptr = world.frame[any_play(a)] << PAGE_SHIFT | MMU_MACHPHYS_UPDATE,
            .val = any_number(a)};
    else if (one_in(a, 64))
        req.ptr |= 3 + below(a, 5);
    return req;
}

void step_mmu_update(struct actor *a)
{
    struct mmu_update *reqs = new_arg(a);
    unsigned int nr = 1;
    uint64_t domid = DOMID_SELF;

    if (one_in(a, 3))
        nr = 1 + below(a, one_in(a, 4) ? MAX_REQS : 4);
    for (unsigned int i = 0; i < nr; i++)
        reqs[i] = any_request(a);
    if (one_in(a, 16))
        domid = any_domid(a) | (one_in(a, 2) ? (any_domid(a) + 1UL) << 16 : 0);
    if (one_in(a, 32))
        nr |= 0x80000000;
    later(a, __HYPERVISOR_mmu_update, any_place(a, reqs), nr,
          one_in(a, 4) ? any_place(a, new_arg(a)) : NULL, domid);
}

void step_update_va(struct actor *a)
{
    uint64_t va = (uint64_t)any_page(a), flags;

    flags = below(a, 3) | (one_in(a, 2) ? UVMF_ALL : 0);
    if (one_in(a, 16))
        flags = (uint64_t)new_arg(a) | below(a, 4);
    if (one_in(a, 16))
        va = any_free_va(a);
    if (one_in(a, 16))
        later(a, __HYPERVISOR_update_va_mapping_otherdomain, va, any_entry(a),
              flags, any_domid(a));
    else
        later(a, __HYPERVISOR_update_va_mapping, va, any_entry(a), flags);
}

static void any_ext(struct actor *a, struct mmuext_op *op)
{
    static const uint8_t cmds[] = {
        MMUEXT_PIN_L1_TABLE,     MMUEXT_PIN_L1_TABLE,
        MMUEXT_PIN_L2_TABLE,     MMUEXT_PIN_L2_TABLE,
        MMUEXT_PIN_L3_TABLE,     MMUEXT_PIN_L3_TABLE,
        MMUEXT_PIN_L4_TABLE,     MMUEXT_PIN_L4_TABLE,
        MMUEXT_UNPIN_TABLE,      MMUEXT_UNPIN_TABLE,
        MMUEXT_UNPIN_TABLE,      MMUEXT_UNPIN_TABLE,
        MMUEXT_UNPIN_TABLE,      MMUEXT_UNPIN_TABLE,
        MMUEXT_NEW_BASEPTR,      MMUEXT_NEW_USER_BASEPTR,
        MMUEXT_NEW_USER_BASEPTR, MMUEXT_CLEAR_PAGE,
        MMUEXT_CLEAR_PAGE,       MMUEXT_COPY_PAGE,
        MMUEXT_TLB_FLUSH_LOCAL,  MMUEXT_INVLPG_LOCAL,
        MMUEXT_TLB_FLUSH_MULTI,  MMUEXT_INVLPG_MULTI,
        MMUEXT_TLB_FLUSH_ALL,    MMUEXT_INVLPG_ALL,
        MMUEXT_FLUSH_CACHE,      MMUEXT_SET_LDT,
        MMUEXT_MARK_SUPER,       MMUEXT_FLUSH_CACHE_GLOBAL,
    };

    op->cmd = one_in(a, 64) ? below(a, 64) : cmds[below(a, sizeof(cmds))];
    op->arg1.mfn = any_mfn(a);
    op->arg2.src_mfn = any_mfn(a);
    switch (op->cmd) {
    case MMUEXT_NEW_BASEPTR:
        op->arg1.mfn = base_mfn(a);
        break;
    case MMUEXT_PIN_L4_TABLE:
    case MMUEXT_UNPIN_TABLE:
        if (one_in(a, 8))
            op->arg1.mfn = one_in(a, 4) ? special_mfn(a) : base_mfn(a);
        break;
    case MMUEXT_NEW_USER_BASEPTR:
        if (one_in(a, 3))
            op->arg1.mfn = 0;
        break;
    case MMUEXT_INVLPG_LOCAL:
    case MMUEXT_INVLPG_MULTI:
    case MMUEXT_INVLPG_ALL:
        op->arg1.linear_addr =
            one_in(a, 2) ? (uint64_t)any_page(a) : any_number(a);
        break;
    case MMUEXT_SET_LDT:
        op->arg1.linear_addr = (uint64_t)any_page(a);
        op->arg2.nr_ents =
            one_in(a, 2) ? below(a, 1024) : (uint32_t)any_number(a);
        break;
    default:
        break;
    }
    if (op->cmd == MMUEXT_TLB_FLUSH_MULTI || op->cmd == MMUEXT_INVLPG_MULTI)
        op->arg2.vcpumask = (uint64_t)any_place(a, new_arg(a));
}

void step_mmuext(struct actor *a)
{
    struct mmuext_op *ops = new_arg(a);
    unsigned int nr = one_in(a, 3) ? 1 + below(a, 6) : 1;

    for (unsigned int i = 0; i < nr; i++)
        any_ext(a, &ops[i]);
    later(a, __HYPERVISOR_mmuext_op, any_place(a, ops),
          one_in(a, 32) ? nr | 0x80000000 : nr,
          one_in(a, 4) ? any_place(a, new_arg(a)) : NULL,
          one_in(a, 32) ? any_domid(a) : DOMID_SELF);
}

/* Where the page is a table, the hypervisor does the store. */
void step_store(struct actor *a)
{
    uint64_t *at = &any_page(a)[any_index(a)], value = any_entry(a);

    switch (below(a, 7)) {
    case 0:
        TRAP_OF_INSN("xchgq %0, (%1)", : "+r"(value) : "r"(at) : "memory");
        break;
    case 1:
        TRAP_OF_INSN("lock btrq $1, (%0)", : : "r"(at) : "memory", "cc");
        break;
    case 2:
        TRAP_OF_INSN("lock cmpxchgq %1, (%0)",
                     :
                     : "r"(at), "r"(value), "a"(0UL)
                     : "memory", "cc");
        break;
    case 3:
        TRAP_OF_INSN("movl %k1, (%0)", : : "r"(at), "r"(value) : "memory");
        break;
    case 4:
        TRAP_OF_INSN("movb %b1, 1(%0)", : : "r"(at), "r"(value) : "memory");
        break;
    case 5:
        TRAP_OF_INSN("movq %1, 4(%0)", : : "r"(at), "r"(value) : "memory");
        break;
    default:
        try_write((uint64_t)at, value);
        break;
    }
}

static uint64_t any_descriptor(struct actor *a)
{
    static const uint64_t some[] = {
        0x00cffb000000ffff, 0x00af9b000000ffff, 0x00cf93000000ffff,
        0x0000ec000000ffff, 0x00008900000007ff, 0x0000e20000000000,
    };

    return one_in(a, 4) ? any_number(a) : some[below(a, ARRAY_SIZE(some))];
}

void step_descriptor(struct actor *a)
{
    uint64_t *frames = new_arg(a), selector;

    switch (below(a, 4)) {
    case 0:
        frames[0] = any_mfn(a);
        frames[1] = any_mfn(a);
        later(a, __HYPERVISOR_set_gdt, any_place(a, frames),
              one_in(a, 4) ? any_number(a) : below(a, 1024));
        break;
    case 1:
        later(a, __HYPERVISOR_update_descriptor, any_slot(a),
              any_descriptor(a));
        break;
    case 2:
        try_write((uint64_t)&any_page(a)[any_index(a)], any_descriptor(a));
        break;
    default:
        selector = below(a, 4096) | (one_in(a, 2) ? 7 : 3);
        TRAP_OF_INSN("movw %w0, %%fs", : : "r"(selector));
        TRAP_OF_INSN("movw %w0, %%fs", : : "r"(0UL));
        break;
    }
}
