/* SPDX-License-Identifier: MIT */
/*
 * Stores to page tables. A guest's L1 tables are read-only to it, yet its
 * kernel writes to them as to any memory (xchg, lock and, ...): the fault ends
 * here, the instruction is decoded, and its result goes through the same checks
 * as mmu_update. Anything else is the guest's own fault.
 */
#include "asm/pv.h"

#include "xen/errno.h"
#include "xen/guest_access.h"
#include "asm/emul.h"
#include "asm/guest_word.h"
#include "asm/pv_mm.h"

bool pv_fetch_store(const struct cpu_regs *regs, struct insn *insn_out)
{
    const struct insn_context ctx = {.regs = regs};
    u8 bytes[INSN_MAX_BYTES + 1]; /* two words */
    unsigned int len = sizeof(bytes);

    /* It may end right before a page that is not there. */
    if (copy_from_guest(bytes, regs->rip, len)) {
        len = min(len, (unsigned int)(PAGE_SIZE - (regs->rip & ~PAGE_MASK)));
        if (copy_from_guest(bytes, regs->rip, len))
            return false;
    }
    if (insn_decode(bytes, len, &ctx, insn_out) || !insn_is_store(insn_out))
        return false;
    /* A kernel does not reach its page tables through FS or GS. */
    return insn_out->has_mem && !insn_out->seg;
}

/*
 * The frame behind a write fault, if it is one of the guest's own L1 tables:
 * referenced and locked. NULL: it is not.
 */
static struct page_info *lock_written_table(struct domain *d, u64 pte)
{
    struct page_info *pg;

    if (!(pte & PTE_PRESENT) || (pte & PTE_RW) || !mfn_valid(pte_mfn(pte)))
        return NULL;
    pg = mfn_to_page(pte_mfn(pte));

    /* Most faults on read-only frames are not about tables at all. */
    if ((READ_ONCE(pg->type_info) & PGT_type_mask) != PGT_l1)
        return NULL;
    if (!page_get(pg, d))
        return NULL;
    if (page_lock_l1(pg))
        return pg;
    page_put(pg);
    return NULL;
}

/* What the entry becomes when `size` bytes at `offset` of it are written. */
static u64 merge(u64 entry, u64 value, unsigned int offset, unsigned int size)
{
    u64 mask = size == 8 ? ~0UL : ((1UL << (size * 8)) - 1) << (offset * 8);

    return (entry & ~mask) | ((value << (offset * 8)) & mask);
}

/* Do what the instruction does, as a checked update of the entry. Returns 0,
 * -EAGAIN if the entry changed meanwhile, or another error. */
static int emulate_store(struct domain *d, const struct insn *insn,
                         struct cpu_regs *regs, u64 *slot, unsigned int offset)
{
    unsigned int size = insn->op_bytes;
    u64 entry = READ_ONCE(*slot), old = entry >> (offset * 8), source = 0;
    struct insn_effect effect;
    int rc;

    if (size < 8)
        old &= (1UL << (size * 8)) - 1;
    if (insn->kind == INSN_MOVS &&
        copy_from_guest(&source, insn->src_addr, size))
        return -EFAULT;
    rc = insn_store_result(insn, regs, old, source, &effect);
    if (!rc)
        rc = cmpxchg_l1_entry(slot, entry,
                              merge(entry, effect.value, offset, size), d);
    if (!rc)
        insn_complete(insn, &effect, regs);
    return rc;
}

#define MOV_FROM_REG  0x89
#define XCHG_WITH_REG 0x87
#define PLAIN_MAX_LEN 8

/*
 * The length of MOV or XCHG of a 64-bit register with memory, 0 for any other
 * instruction. The registers of the address need not be looked at: the CPU has
 * told where it is, and a guest that changes the instruction meanwhile gets an
 * update of that entry all the same.
 */
static unsigned int plain_store_length(const u8 *insn)
{
    unsigned int mod = insn[2] >> 6, rm = insn[2] & 7;
    unsigned int len = 3;

    if ((insn[0] & 0xf8) != 0x48 || mod == 3 ||
        (insn[1] != MOV_FROM_REG && insn[1] != XCHG_WITH_REG))
        return 0;
    if (rm == 4) {
        len++;
        if (mod == 0 && (insn[3] & 7) == 5)
            len += 4;
    }
    if (mod == 2 || (mod == 0 && rm == 5))
        len += 4;
    else if (mod == 1)
        len++;
    return len;
}

/* Is the CPU's address that of the store? It is of the second page, where a
 * store begins in the first one. */
static inline bool may_be_plain(u64 cr2)
{
    return (cr2 & 7) == 0 && (cr2 & ~PAGE_MASK) != 0;
}

/* The stores that kernels make most. Returns whether this was one, and done. */
static bool plain_store(struct domain *d, struct cpu_regs *regs, u64 *slot)
{
    unsigned int len, reg;
    u8 insn[PLAIN_MAX_LEN];
    u64 entry, value;
    int rc;

    if (get_guest_words(insn, regs->rip, sizeof(insn) / sizeof(u64)))
        return false;
    len = plain_store_length(insn);
    if (len == 0)
        return false;

    reg = ((insn[2] >> 3) & 7) | (insn[0] & 4) << 1;
    value = insn_reg(regs, reg);
    do {
        entry = READ_ONCE(*slot);
        rc = cmpxchg_l1_entry(slot, entry, value, d);
    } while (rc == -EAGAIN);
    if (rc)
        return false;

    if (insn[1] == XCHG_WITH_REG)
        insn_reg_write(regs, reg, entry);
    regs->rflags &= ~X86_EFLAGS_RF;
    regs->rip += len;
    return true;
}

/* Any store. */
static bool decoded_store(struct domain *d, struct cpu_regs *regs, u64 *slot,
                          u64 cr2)
{
    struct insn insn;
    int rc;

    /* One naturally aligned word, exactly where the fault was. */
    if (!pv_fetch_store(regs, &insn) || insn.addr != cr2 || insn.op_bytes > 8 ||
        (cr2 & (insn.op_bytes - 1)) != 0)
        return false;
    do
        rc = emulate_store(d, &insn, regs, slot, cr2 & 7);
    while (rc == -EAGAIN);
    return rc == 0;
}

bool pv_emulate_pt_write(struct vcpu *v, struct cpu_regs *regs, u64 cr2)
{
    struct domain *d = v->domain;
    struct page_info *pg = lock_written_table(d, guest_get_l1e(cr2));
    bool done;
    u64 *slot;

    if (!pg)
        return false;

    /* With the table locked only the CPU changes entries, and sets each bit
     * once: trying again comes to an end. */
    slot = (u64 *)((char *)page_to_virt(pg) + (cr2 & ~PAGE_MASK & ~7UL));
    done = (may_be_plain(cr2) && plain_store(d, regs, slot)) ||
           decoded_store(d, regs, slot, cr2);

    page_unlock_table(pg);
    page_put(pg);
    return done;
}
