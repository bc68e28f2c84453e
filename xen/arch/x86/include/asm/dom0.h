/* SPDX-License-Identifier: MIT */
/* Building the first domain: xen/arch/x86/pv/dom0_*.c. */
#ifndef ASM_DOM0_H
#define ASM_DOM0_H

#include "public/xen.h"
#include "xen/boot_info.h"
#include "xen/domain.h"
#include "xen/kimage.h"

/* A run of dom0's frames, contiguous for the machine and the guest. */
struct dom0_chunk {
    unsigned long pfn, nr;
    mfn_t mfn;
};

#define DOM0_MAX_CHUNKS 2048

/*
 * What goes where. Virtual addresses of the first region are virt_base plus
 * the pfn's offset:
 *
 *   kernel image | start info | page tables | stack | slack up to 4 MiB
 *   initrd (not mapped) | p2m (mapped at p2m_va) and its tables | the rest
 */
struct dom0_build {
    struct domain *d;
    struct kimage img;
    const struct boot_module *initrd; /* NULL: none */

    unsigned long nr_pages; /* all of it */
    unsigned int nr_chunks;
    struct dom0_chunk chunk[DOM0_MAX_CHUNKS];
    unsigned long nr_filled; /* pages in chunks so far */

    u64 start_info_va;
    u64 pt_base, pt_end; /* tables of the first region */
    u64 stack_va;        /* one page */
    u64 virt_end;        /* of the first region */

    unsigned long initrd_pfn, nr_initrd_pages;
    u64 p2m_va;
    unsigned long p2m_pfn, nr_p2m_pages; /* the list itself */
    unsigned long nr_p2m_tables;         /* behind it */
};

/** Frame of a pfn below nr_filled. */
mfn_t dom0_mfn(const struct dom0_build *b, unsigned long pfn);
/** A guest address of the first region, for the hypervisor. */
void *dom0_ptr(const struct dom0_build *b, u64 va);

/** L3..L1 tables that map [va, va + nr pages) in 4 KiB pages. */
unsigned long dom0_nr_tables(u64 va, unsigned long nr);

/** Write all page tables. Returns the frame of the L4 table. */
mfn_t dom0_build_tables(struct dom0_build *b);

/** What of the machine dom0 may touch. Returns 0 or -ENOMEM. */
int __must_check dom0_set_caps(struct domain *d);

/**
 * Build the first domain from a kernel and (optionally) an initrd; its vcpu 0
 * is ready to run. panic()s with what is wrong and what to change.
 */
void construct_dom0(struct domain *d, const struct boot_module *kernel,
                    const struct boot_module *initrd);

/** Number of vcpus that dom0 gets. */
unsigned int dom0_max_vcpus(void);

#endif
