/* SPDX-License-Identifier: MIT */
/* What the architecture keeps for each domain and vcpu. */
#ifndef ASM_DOMAIN_H
#define ASM_DOMAIN_H

#include "public/xen.h"
#include "public/arch_x86_64.h"
#include "asm/config.h"
#include "asm/regs.h"
#include "asm/time.h"
#include "xen/spinlock.h"

struct rangeset;
struct cpuid_policy;

/* How a domain's TSC runs (tsc_info.c). Set while its vcpus do not run. */
struct domain_tsc {
    u32 mode, incarnation; /* as the toolstack set them */
    /* RDTSC traps, and tells what follows; else the machine's TSC is native. */
    bool emulated;
    u32 khz;
    struct time_scale to_ns, to_ticks;
    s_time_t start; /* system time at which it was, or would have been, 0 */
};

struct arch_domain {
    /* What its vcpus may touch of the machine: rights.h. */
    spinlock_t rights_lock;
    struct rangeset *ioport_caps; /* port numbers */
    struct rangeset *iomem_caps;  /* frame numbers */
    struct rangeset *irq_caps;    /* GSIs */

    /* Changed only before its vcpus run, under the domctl lock: */
    const struct cpuid_policy *cpuid; /* its own, or cpuid_initial */
    struct domain_tsc tsc;

    bool log_dirty; /* XEN_DOMCTL_shadow_op; under the domctl lock */

    u32 pci_cf8;      /* latch of port 0xcf8 */
    u8 cmos_index;    /* latch of port 0x70 */
    bool has_devices; /* may use cache attributes, wbinvd, ... */
    bool xpti;        /* constant: asm/xpti.h */
    /* How often an entry of one of its L4 tables in use was changed; atomic. */
    unsigned long root_changes;
    /* Frames that were looked at for pins, while it is taken apart. */
    unsigned long nr_searched;

    /* XENMEM_set_memory_map; under d->lock. */
    struct e820_entry *e820;
    unsigned int nr_e820;
};

/* Machine check banks of a vcpu: they exist and never report anything. */
#define NR_MC_BANKS 2

/* arch_vcpu.flags */
#define VCPU_KERNEL_MODE                                                       \
    (1u << 0) /* guest kernel's tables and GS base active */
#define VCPU_SYSCALL_MASKS   (1u << 1) /* syscall entry masks events */
#define VCPU_SYSCALL32_MASKS (1u << 2) /* syscall32 entry does */
#define VCPU_SYSENTER_MASKS  (1u << 3)
#define VCPU_FAILSAFE_MASKS  (1u << 4)

struct arch_vcpu {
    struct cpu_regs regs; /* while it does not run */

    unsigned int flags; /* VCPU_* */

    /* Page tables: frames of type L4, each with a type reference. */
    mfn_t guest_table;      /* kernel mode */
    mfn_t guest_table_user; /* user mode; INVALID_MFN: none */

    u64 kernel_sp;
    u16 kernel_ss;
    u8 iopl;         /* virtual: 0..3 */
    bool virtual_ts; /* fpu_taskswitch: next FPU use raises #NM */
    u64 event_callback, failsafe_callback;
    u64 syscall_callback, syscall32_callback, sysenter_callback;
    u64 nmi_callback;
    struct trap_info *trap_table; /* 256 entries, by vector */

    /* Guest descriptors. */
    mfn_t gdt_frames[FIRST_RESERVED_GDT_PAGE]; /* type segdesc each */
    unsigned int gdt_ents;
    u64 ldt_base;
    unsigned int ldt_ents;
    mfn_t ldt_mapped[16]; /* pages in the LDT window, type segdesc */

    /* Segment registers that are not in regs. */
    u16 ds, es, fs, gs;
    u64 fs_base;
    u64 gs_base_kernel, gs_base_user;

    u64 cr2;          /* of the last injected page fault */
    u64 cr4;          /* bits the guest has set */
    u64 xcr0;         /* as it is in hardware */
    u64 xcr0_used;    /* states it ever enabled; 0: XCR0 was never set */
    void *xsave_area; /* xsave_area_size bytes, 64-byte aligned */
    u64 debugreg[8];
    u64 tsc_aux;
    struct vcpu_mce { /* machine check registers that it keeps */
        u64 cap;      /* MCG_CAP */
        u64 bank_ctl2[NR_MC_BANKS];
        u64 ext_ctl; /* MCG_EXT_CTL */
    } mce;

    u64 iobmp;                /* guest VA of its I/O bitmap; 0: none */
    unsigned int iobmp_limit; /* ports covered */

    bool nmi_pending;
    bool nmi_masked; /* until iret */

    /* A page table that lost its last reference but is not torn down yet;
     * finished by the next hypercall that meets it. */
    struct page_info *old_guest_table;
};

#endif
