/* SPDX-License-Identifier: MIT */
/*
 * Root tables without the hypervisor's mappings, against Meltdown: while a
 * guest runs, the CPU's root table has the guest's entries, the M2P that guests
 * may read anyway, and this CPU's area (asm/config.h) with the code and data
 * that it takes to get into the hypervisor. Nothing else can be read there,
 * whatever the CPU speculates.
 *
 *   guest's root        entry stub in the area         hypervisor
 *  ─────────────▶ ring 0, stack in the area ─ CR3 ─▶ the vcpu's own table
 *  ◀───────────── xpti_sysret, xpti_iret    ◀─ CR3 ─  xpti_exit
 *
 * A CPU has two such roots, copies of the last two of its vcpu's tables, mostly
 * the kernel's and the user's. A copy may be as old as a TLB may be, and no
 * older: whatever makes the CPU flush its TLB makes it look whether the copies
 * are still true.
 */
#ifndef ASM_XPTI_H
#define ASM_XPTI_H

#include "asm/config.h"

/* Pages of a CPU's area, besides those that it always has. */
#define CPU_AREA_XPTI_CODE 0x28000 /* two pages, the same for all CPUs... */
#define CPU_AREA_XPTI_DATA 0x2a000 /* ...and the entry data, right behind */
#define CPU_AREA_XPTI_IDT  0x2b000

/* Bytes from one vector's entry to the next, at the start of the code. */
#define XPTI_ENTRY_SIZE 16

/* The entry data's page: words by offset, in hand with struct entry_data. */
#define XPTI_GUEST_RSP 0  /* when SYSCALL came */
#define XPTI_OWN_STACK 8  /* top of the primary stack */
#define XPTI_XEN_CR3   16 /* what the hypervisor runs on */
#define XPTI_GUEST_CR3 24 /* the root that is loaded on the way out */
#define XPTI_RAX       32 /* rax on its way in or out */
#define XPTI_WORD      40 /* vector of a fault in IRET */
#define XPTI_RIP       48 /* for SYSRET */
#define XPTI_RSP       56
#define XPTI_OWN_IST   64 /* tops of the stacks of #DB, #MC, NMI, #DF */
#define XPTI_TSS       128

/* Stacks in that page, by their tops; each holds a frame and few words. */
#define XPTI_STACK_SIZE   0x200
#define XPTI_STACK        0x600
#define XPTI_STACK_IST(n) (XPTI_STACK + (n)*XPTI_STACK_SIZE)
#define XPTI_NR_IST       4
#define XPTI_FRAME_SIZE   128 /* no more of a stack is ever used */

#ifndef __ASSEMBLY__

#include "asm/current.h"
#include "asm/mm.h"
#include "asm/regs.h"

struct domain;

/** Some domain gets such roots: entries go through the area. */
extern bool xpti_enabled;

/** Whether dom0 and the other domains get them. Before memory_init(). */
void xpti_decide(bool dom0, bool domu);

/** Whether this new domain gets them. */
bool xpti_wanted(const struct domain *d);

/** Lead the ways out to a guest through the area. Once, at start; `text_alias`
 * is as for smap_patch(). */
void xpti_patch(void *(*text_alias)(const void *));

/** The pages of a CPU's area, whose L1 table is `l1`; and its roots.
 * `entry_data` is its page of entry data. Returns 0 or -ENOMEM. */
int __must_check xpti_cpu_init(unsigned int cpu, u64 *l1, void *entry_data);

/** Code of vector 0 in a CPU's area; the others follow. */
unsigned long xpti_entries(unsigned int cpu);
/** Entries of SYSCALL and SYSENTER there. */
unsigned long xpti_syscall_entry(unsigned int cpu);
unsigned long xpti_syscall32_entry(unsigned int cpu);
unsigned long xpti_sysenter_entry(unsigned int cpu);

void xpti_forget_roots(void);
/** The vcpu on this CPU gives up a table that it held: the copies go. */
static inline void xpti_forget(void)
{
    if (unlikely(xpti_enabled))
        xpti_forget_roots();
}

/** This CPU's TLB is flushed: if the guest's tables have changed since they
 * were copied (arch_domain.root_changes), the copies go, too. */
static inline void xpti_look_again(void)
{
    get_cpu_info()->xpti_source = 0;
}

/** Another vcpu is loaded on this CPU: what the last one left behind where
 * guests could read it goes, too. Interrupts are off. */
void xpti_switch_vcpu(void);

/** An NMI's frame: where it came in the middle of the last steps to a guest,
 * these begin again, for the root table is the hypervisor's now. */
void xpti_restart_exit(struct cpu_regs *regs);

/** Make the root of a guest whose root table is `guest`: its entries but for
 * the hypervisor's slots; there, `m2p` and `area`. All are of PT_ENTRIES. */
void xpti_make_root(u64 *root, const u64 *guest, u64 m2p, u64 area);

#endif
#endif
