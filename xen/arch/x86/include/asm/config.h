/* SPDX-License-Identifier: MIT */
/*
 * The machine's address space, as every CPU sees it while any domain runs.
 *
 *  PML4  address               size     what
 *  0..   0000000000000000               guest
 *  256   ffff800000000000    256 GiB    M2P: u64 per mfn, readable by guests
 *  257..260                             unused, never mapped
 *  261   ffff828000000000    128 GiB    frame table: struct page_info per mfn
 *        ffff82a000000000     64 GiB    vmap: device registers, sparse ranges
 *        ffff82b000000000     64 GiB    M2P, writable, for the hypervisor
 *        ffff82c000000000    512 MiB    per-CPU areas (NR_CPUS x 2 MiB)
 *        ffff82d040000000      1 GiB    the hypervisor's image
 *  262.. ffff830000000000      5 TiB    direct map of all RAM
 *  272.. ffff880000000000               guest (its kernel)
 *
 * Slots 256..271 are the same in every top-level table.
 */
#ifndef ASM_CONFIG_H
#define ASM_CONFIG_H

#include "public/arch_x86_64.h"

#define NR_CPUS 256

/* Symbols' addresses are linked for this; physical 2 MiB is where they lie. */
#define XEN_VIRT_START        0xffff82d040000000
#define XEN_PHYS_START        0x200000

#define PML4_SLOT_SIZE        (1UL << 39)
#define HYPERVISOR_FIRST_SLOT 256
#define HYPERVISOR_LAST_SLOT  271

#define M2P_VIRT_START        0xffff800000000000UL
#define M2P_VIRT_END          0xffff804000000000UL

#define FRAMETABLE_VIRT_START 0xffff828000000000UL
#define FRAMETABLE_VIRT_END   0xffff82a000000000UL

#define VMAP_VIRT_START       0xffff82a000000000UL
#define VMAP_VIRT_END         0xffff82b000000000UL

#define M2P_RW_VIRT_START     0xffff82b000000000UL

#define DIRECTMAP_VIRT_START  0xffff830000000000UL
#define DIRECTMAP_VIRT_END    0xffff880000000000UL
#define DIRECTMAP_SIZE        (DIRECTMAP_VIRT_END - DIRECTMAP_VIRT_START)

/*
 * Per-CPU area, at the same offsets for each CPU, so that a CPU's GDTR never
 * changes while the guest's descriptor pages come and go behind it:
 *
 *  page 0-13   the running vcpu's GDT frames (entries 0..7167)
 *  page 14     the hypervisor's descriptors (entries 7168..)
 *  page 15     zero page: the GDT limit is 64 KiB
 *  page 16-31  the running vcpu's LDT, mapped page by page on use
 *  page 32     entry stub code: one physical page, mapped at each CPU
 *  page 33     entry data: this CPU's, reached rip-relative, and its TSS
 *  page 40-43  where guests have root tables of their own: asm/xpti.h
 *
 * An area has an L1 table for itself, for those roots lead to one area only.
 */
#define CPU_AREA_START     0xffff82c000000000
#define CPU_AREA_SHIFT     21
#define CPU_AREA_GDT       0x00000
#define CPU_AREA_LDT       0x10000
#define CPU_AREA_STUB      0x20000
#define CPU_AREA_STUB_DATA 0x21000

/* Stacks: 8 pages per CPU, naturally aligned. See current.h. */
#define STACK_ORDER      3
#define STACK_GUARD_PAGE 4
#define STACK_SIZE       (4096 << STACK_ORDER)

/* Selectors. Guests know those with RPL 3 by number (public/arch_x86_64.h). */
#define HYPERVISOR_CS   0xe008
#define HYPERVISOR_DS   0xe010
#define TSS_SELECTOR    0xe040 /* two entries */
#define LDT_SELECTOR    0xe050 /* two entries */
#define HYPERVISOR_CS32 0xe060 /* start-up only */

#endif
