/* SPDX-License-Identifier: MIT */
/* The hypervisor's own mappings, and walks of guests' tables. */
#ifndef ASM_MM_H
#define ASM_MM_H

#include "xen/mm.h"
#include "asm/pgtable.h"

/* Top-level table of the idle domain: slots 256..271 only, the pattern for
 * every guest's. */
extern u64 idle_pg_table[PT_ENTRIES];

/**
 * Map [va, va + nr pages) to frames from mfn on, with 4 KiB pages or larger
 * where alignment permits. Returns 0 or -ENOMEM. Intermediate tables of the
 * hypervisor's slots are created as needed.
 */
int __must_check map_pages_to_xen(unsigned long va, mfn_t mfn, unsigned long nr,
                                  u64 flags);
/** Unmap 4 KiB mappings and flush them from all TLBs. */
void destroy_xen_mappings(unsigned long va, unsigned long nr);

/* The M2P consists of chunks, each in one piece. */
#define M2P_CHUNK_SIZE 0x200000UL

static inline unsigned long m2p_nr_chunks(void)
{
    return DIV_ROUND_UP(max_page * sizeof(u64), M2P_CHUNK_SIZE);
}

/** First frame of a chunk below m2p_nr_chunks(); INVALID_MFN if there is no RAM
 * that it would be about. */
mfn_t m2p_chunk(unsigned long index);

/** Let control domains map the M2P, read-only, as DOMID_XEN's. Boot only. */
void m2p_share(void);

/** Start of a CPU's area (asm/config.h). */
static inline unsigned long cpu_area(unsigned int cpu)
{
    return CPU_AREA_START + ((unsigned long)cpu << CPU_AREA_SHIFT);
}

/** Set the entry of one page of a CPU's area, and flush it on this CPU. */
void cpu_area_set_pte(unsigned int cpu, unsigned int offset, u64 pte);

/** Write a 16-byte system descriptor (LDT type 2, TSS type 9) into a CPU's
 * GDT. `limit` in bytes, inclusive. */
void set_system_descriptor(unsigned int cpu, unsigned int selector,
                           unsigned long base, u32 limit, unsigned int type);

/**
 * The L1 entry that maps va in the current vcpu's tables (of its present
 * mode); 0 if there is none. `va` may be any address. For kernel addresses
 * only after guest_addr_ok().
 */
u64 guest_get_l1e(unsigned long va);

/** Walk the current tables: the machine address of the L1 entry for va, or 0
 * if an upper level is not present. */
paddr_t guest_l1e_maddr(unsigned long va);

#endif
