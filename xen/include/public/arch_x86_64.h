/* SPDX-License-Identifier: MIT */
/* The part of the guest ABI that is about 64-bit x86. */
#ifndef XEN_PUBLIC_ARCH_X86_64_H
#define XEN_PUBLIC_ARCH_X86_64_H

/* Descriptors from this page of the GDT on are the hypervisor's. */
#define FIRST_RESERVED_GDT_PAGE  14
#define FIRST_RESERVED_GDT_BYTE  57344
#define FIRST_RESERVED_GDT_ENTRY 7168

/* Vcpus that have their vcpu_info in shared_info. */
#define XEN_LEGACY_MAX_VCPUS 32

/* Flat segments that every guest finds in its GDT. */
#define FLAT_RING3_CS32  0xe023
#define FLAT_RING3_CS64  0xe033
#define FLAT_RING3_DS32  0xe02b
#define FLAT_RING3_DS64  0x0000
#define FLAT_RING3_SS32  0xe02b
#define FLAT_RING3_SS64  0xe02b

#define FLAT_KERNEL_CS32 FLAT_RING3_CS32
#define FLAT_KERNEL_CS64 FLAT_RING3_CS64
#define FLAT_KERNEL_CS   FLAT_KERNEL_CS64
#define FLAT_KERNEL_DS32 FLAT_RING3_DS32
#define FLAT_KERNEL_DS64 FLAT_RING3_DS64
#define FLAT_KERNEL_DS   FLAT_KERNEL_DS64
#define FLAT_KERNEL_SS32 FLAT_RING3_SS32
#define FLAT_KERNEL_SS64 FLAT_RING3_SS64
#define FLAT_KERNEL_SS   FLAT_KERNEL_SS64

#define FLAT_USER_CS32   0xe023
#define FLAT_USER_CS64   0xe033
#define FLAT_USER_CS     FLAT_USER_CS64
#define FLAT_USER_DS32   FLAT_RING3_DS32
#define FLAT_USER_DS64   FLAT_RING3_DS64
#define FLAT_USER_SS32   FLAT_RING3_SS32
#define FLAT_USER_SS64   FLAT_RING3_SS64
#define FLAT_USER_SS     FLAT_USER_SS64

/* What a guest may not map itself: slots 256 to 271 of its L4 table. The
 * first holds the machine-to-physical table, which it may read. */
#define HYPERVISOR_VIRT_START 0xffff800000000000UL
#define HYPERVISOR_VIRT_END   0xffff880000000000UL
#define MACH2PHYS_VIRT_START  0xffff800000000000UL
#define MACH2PHYS_VIRT_END    0xffff804000000000UL
#define MACH2PHYS_NR_ENTRIES  ((MACH2PHYS_VIRT_END - MACH2PHYS_VIRT_START) >> 3)

/* set_segment_base: which. */
#define SEGBASE_FS          0
#define SEGBASE_GS_USER     1
#define SEGBASE_GS_KERNEL   2
#define SEGBASE_GS_USER_SEL 3 /* the base is a selector to load */

/* iret_context.flags: return by sysret, rcx and r11 are lost. */
#define VGCF_in_syscall (1 << 8)
#define VGCF_IN_SYSCALL VGCF_in_syscall

/* vcpu_guest_context.flags. */
#define VGCF_i387_valid               (1 << 0)
#define VGCF_in_kernel                (1 << 2)
#define VGCF_failsafe_disables_events (1 << 3)
#define VGCF_syscall_disables_events  (1 << 4)
#define VGCF_online                   (1 << 5)
#define VGCF_I387_VALID               VGCF_i387_valid
#define VGCF_IN_KERNEL                VGCF_in_kernel

/* xen_arch_domainconfig.emulation_flags: devices of an HVM guest. */
#define XEN_X86_EMU_LAPIC    (1U << 0)
#define XEN_X86_EMU_HPET     (1U << 1)
#define XEN_X86_EMU_PM       (1U << 2)
#define XEN_X86_EMU_RTC      (1U << 3)
#define XEN_X86_EMU_IOAPIC   (1U << 4)
#define XEN_X86_EMU_PIC      (1U << 5)
#define XEN_X86_EMU_VGA      (1U << 6)
#define XEN_X86_EMU_IOMMU    (1U << 7)
#define XEN_X86_EMU_PIT      (1U << 8)
#define XEN_X86_EMU_USE_PIRQ (1U << 9)
#define XEN_X86_EMU_VPCI     (1U << 10)
#define XEN_X86_EMU_ALL      0x7ffU

/* xen_arch_domainconfig.misc_flags. */
#define XEN_X86_MSR_RELAXED (1U << 0) /* unknown MSRs read as zero */

/* xen_cpuid_leaf.subleaf where the leaf has none. */
#define XEN_CPUID_NO_SUBLEAF 0xffffffffU

#ifndef __ASSEMBLER__

#include "public/types.h"

/* A row of a trap table; the last has address 0. */
struct trap_info {
    uint8_t vector;
    uint8_t flags; /* bits 0-1: lowest ring for int; bit 2: mask events */
    uint16_t cs;
    xen_ulong_t address;
};

/* What lies on the stack of the guest kernel when it calls iret. */
struct iret_context {
    uint64_t rax;
    uint64_t r11;
    uint64_t rcx;
    uint64_t flags; /* VGCF_in_syscall */
    uint64_t rip;
    uint64_t cs;
    uint64_t rflags;
    uint64_t rsp;
    uint64_t ss;
};

struct cpu_user_regs {
    uint64_t r15;
    uint64_t r14;
    uint64_t r13;
    uint64_t r12;
    uint64_t rbp;
    uint64_t rbx;
    uint64_t r11;
    uint64_t r10;
    uint64_t r9;
    uint64_t r8;
    uint64_t rax;
    uint64_t rcx;
    uint64_t rdx;
    uint64_t rsi;
    uint64_t rdi;
    uint32_t error_code;
    uint32_t entry_vector;
    uint64_t rip;
    uint16_t cs;
    uint16_t _pad0[1];
    uint8_t saved_upcall_mask; /* evtchn_upcall_mask at the time of the trap */
    uint8_t _pad1[3];
    uint64_t rflags;
    uint64_t rsp;
    uint16_t ss;
    uint16_t _pad2[3];
    uint16_t es;
    uint16_t _pad3[3];
    uint16_t ds;
    uint16_t _pad4[3];
    uint16_t fs;
    uint16_t _pad5[3];
    uint16_t gs;
    uint16_t _pad6[3];
};

/* All of a PV vcpu (VCPUOP_initialise, get and set by a toolstack). */
struct vcpu_guest_context {
    struct {
        char x[512]; /* FXSAVE image */
    } fpu_ctxt;
    xen_ulong_t flags; /* VGCF_* */
    struct cpu_user_regs user_regs;
    struct trap_info trap_ctxt[256]; /* by vector */
    xen_ulong_t ldt_base;
    xen_ulong_t ldt_ents;
    xen_ulong_t gdt_frames[16]; /* machine frames */
    xen_ulong_t gdt_ents;
    xen_ulong_t kernel_ss; /* stack for traps from user mode */
    xen_ulong_t kernel_sp;
    xen_ulong_t ctrlreg[8]; /* cr3 in 3; the user mode table in 1 */
    xen_ulong_t debugreg[8];
    xen_ulong_t event_callback_eip;
    xen_ulong_t failsafe_callback_eip;
    xen_ulong_t syscall_callback_eip;
    xen_ulong_t vm_assist; /* a bit for each VMASST_TYPE_* */
    uint64_t fs_base;
    uint64_t gs_base_kernel;
    uint64_t gs_base_user;
};

struct arch_vcpu_info {
    xen_ulong_t cr2; /* of the last page fault delivered */
    xen_ulong_t pad;
};

/* Where the guest says how its p2m can be found; and a word to it. */
struct arch_shared_info {
    xen_ulong_t max_pfn; /* size of the p2m */
    xen_pfn_t pfn_to_mfn_frame_list_list;
    xen_ulong_t nmi_reason; /* XEN_NMIREASON_* */
    xen_ulong_t p2m_cr3;    /* tables that map p2m_vaddr, 0: not used */
    xen_ulong_t p2m_vaddr;
    xen_ulong_t p2m_generation; /* odd while the p2m's mapping changes */
};

struct xen_arch_domainconfig {
    uint32_t emulation_flags; /* XEN_X86_EMU_*, 0 for a PV domain */
    uint32_t misc_flags;      /* XEN_X86_MSR_RELAXED */
};

struct xen_cpuid_leaf {
    uint32_t leaf;
    uint32_t subleaf;
    uint32_t a;
    uint32_t b;
    uint32_t c;
    uint32_t d;
};

struct xen_msr_entry {
    uint32_t idx;
    uint32_t flags; /* 0 */
    uint64_t val;
};

#endif /* !__ASSEMBLER__ */

#endif
