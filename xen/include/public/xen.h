/* SPDX-License-Identifier: MIT */
/*
 * The core of the guest ABI: hypercall numbers, virtual interrupts, page-table
 * calls, the page shared with each domain, and what a new kernel is told.
 */
#ifndef XEN_PUBLIC_XEN_H
#define XEN_PUBLIC_XEN_H

#include "public/arch_x86_64.h"

/* Hypercalls: number in rax, arguments in rdi, rsi, rdx, r10, r8, r9. */
#define __HYPERVISOR_set_trap_table                0
#define __HYPERVISOR_mmu_update                    1
#define __HYPERVISOR_set_gdt                       2
#define __HYPERVISOR_stack_switch                  3
#define __HYPERVISOR_set_callbacks                 4
#define __HYPERVISOR_fpu_taskswitch                5
#define __HYPERVISOR_sched_op_compat               6
#define __HYPERVISOR_platform_op                   7
#define __HYPERVISOR_set_debugreg                  8
#define __HYPERVISOR_get_debugreg                  9
#define __HYPERVISOR_update_descriptor             10
#define __HYPERVISOR_memory_op                     12
#define __HYPERVISOR_multicall                     13
#define __HYPERVISOR_update_va_mapping             14
#define __HYPERVISOR_set_timer_op                  15
#define __HYPERVISOR_event_channel_op_compat       16
#define __HYPERVISOR_xen_version                   17
#define __HYPERVISOR_console_io                    18
#define __HYPERVISOR_physdev_op_compat             19
#define __HYPERVISOR_grant_table_op                20
#define __HYPERVISOR_vm_assist                     21
#define __HYPERVISOR_update_va_mapping_otherdomain 22
#define __HYPERVISOR_iret                          23
#define __HYPERVISOR_vcpu_op                       24
#define __HYPERVISOR_set_segment_base              25
#define __HYPERVISOR_mmuext_op                     26
#define __HYPERVISOR_xsm_op                        27
#define __HYPERVISOR_nmi_op                        28
#define __HYPERVISOR_sched_op                      29
#define __HYPERVISOR_callback_op                   30
#define __HYPERVISOR_xenoprof_op                   31
#define __HYPERVISOR_event_channel_op              32
#define __HYPERVISOR_physdev_op                    33
#define __HYPERVISOR_hvm_op                        34
#define __HYPERVISOR_sysctl                        35
#define __HYPERVISOR_domctl                        36
#define __HYPERVISOR_kexec_op                      37
#define __HYPERVISOR_tmem_op                       38
#define __HYPERVISOR_argo_op                       39
#define __HYPERVISOR_xenpmu_op                     40
#define __HYPERVISOR_dm_op                         41
#define __HYPERVISOR_hypfs_op                      42
#define __HYPERVISOR_arch_0                        48 /* machine check */
#define __HYPERVISOR_arch_1                        49
#define __HYPERVISOR_arch_2                        50
#define __HYPERVISOR_arch_3                        51
#define __HYPERVISOR_arch_4                        52
#define __HYPERVISOR_arch_5                        53
#define __HYPERVISOR_arch_6                        54
#define __HYPERVISOR_arch_7                        55

/* Virtual interrupts. V: one per vcpu. G: one per domain. */
#define VIRQ_TIMER      0  /* V: a timer of the vcpu fired */
#define VIRQ_DEBUG      1  /* V: please dump your state */
#define VIRQ_CONSOLE    2  /* G: input on the host's console */
#define VIRQ_DOM_EXC    3  /* G: a domain died or shut down */
#define VIRQ_TBUF       4  /* G: trace buffer has records */
#define VIRQ_DEBUGGER   6  /* G: a domain stopped for its debugger */
#define VIRQ_XENOPROF   7  /* V: profiling samples */
#define VIRQ_CON_RING   8  /* G: bytes in the console ring */
#define VIRQ_PCPU_STATE 9  /* G: a CPU of the host came or went */
#define VIRQ_MEM_EVENT  10 /* G */
#define VIRQ_ARGO       11 /* G */
#define VIRQ_ENOMEM     12 /* G: host memory is low */
#define VIRQ_XENPMU     13 /* V */
#define VIRQ_ARCH_0     16 /* G: machine check */
#define VIRQ_ARCH_1     17
#define VIRQ_ARCH_2     18
#define VIRQ_ARCH_3     19
#define VIRQ_ARCH_4     20
#define VIRQ_ARCH_5     21
#define VIRQ_ARCH_6     22
#define VIRQ_ARCH_7     23
#define NR_VIRQS        24

/* mmu_update: low two bits of mmu_update.ptr. */
#define MMU_NORMAL_PT_UPDATE       0 /* *ptr = val, a page-table entry */
#define MMU_MACHPHYS_UPDATE        1 /* m2p[ptr >> 12] = val */
#define MMU_PT_UPDATE_PRESERVE_AD  2 /* as 0, but keeps accessed and dirty */
#define MMU_PT_UPDATE_NO_TRANSLATE 3

/* mmuext_op.cmd, with the arguments that it uses. */
#define MMUEXT_PIN_L1_TABLE       0  /* mfn */
#define MMUEXT_PIN_L2_TABLE       1  /* mfn */
#define MMUEXT_PIN_L3_TABLE       2  /* mfn */
#define MMUEXT_PIN_L4_TABLE       3  /* mfn */
#define MMUEXT_UNPIN_TABLE        4  /* mfn */
#define MMUEXT_NEW_BASEPTR        5  /* mfn */
#define MMUEXT_TLB_FLUSH_LOCAL    6  /* none */
#define MMUEXT_INVLPG_LOCAL       7  /* linear_addr */
#define MMUEXT_TLB_FLUSH_MULTI    8  /* vcpumask */
#define MMUEXT_INVLPG_MULTI       9  /* linear_addr, vcpumask */
#define MMUEXT_TLB_FLUSH_ALL      10 /* none */
#define MMUEXT_INVLPG_ALL         11 /* linear_addr */
#define MMUEXT_FLUSH_CACHE        12 /* none */
#define MMUEXT_SET_LDT            13 /* linear_addr, nr_ents */
#define MMUEXT_NEW_USER_BASEPTR   15 /* mfn, 0 for none */
#define MMUEXT_CLEAR_PAGE         16 /* mfn */
#define MMUEXT_COPY_PAGE          17 /* mfn, src_mfn */
#define MMUEXT_FLUSH_CACHE_GLOBAL 18 /* none */
#define MMUEXT_MARK_SUPER         19 /* mfn */
#define MMUEXT_UNMARK_SUPER       20 /* mfn */

/* update_va_mapping flags: what to flush and where. For UVMF_MULTI the bits
 * from 3 on are the address of a vcpu bitmap. */
#define UVMF_NONE           (0UL << 0)
#define UVMF_TLB_FLUSH      (1UL << 0)
#define UVMF_INVLPG         (2UL << 0)
#define UVMF_FLUSHTYPE_MASK (3UL << 0)
#define UVMF_MULTI          (0UL << 2) /* the vcpus of a bitmap */
#define UVMF_LOCAL          (0UL << 2) /* no bitmap: this vcpu */
#define UVMF_ALL            (1UL << 2)

/* console_io commands. */
#define CONSOLEIO_write 0
#define CONSOLEIO_read  1

/* vm_assist: commands and types. */
#define VMASST_CMD_enable                0
#define VMASST_CMD_disable               1
#define VMASST_TYPE_4gb_segments         0
#define VMASST_TYPE_4gb_segments_notify  1
#define VMASST_TYPE_writable_pagetables  2
#define VMASST_TYPE_pae_extended_cr3     3
#define VMASST_TYPE_architectural_iopl   4
#define VMASST_TYPE_runstate_update_flag 5
#define VMASST_TYPE_m2p_strict           32

/* Domain ids that name no ordinary domain. */
#define DOMID_FIRST_RESERVED 0x7ff0U
#define DOMID_SELF           0x7ff0U /* the caller */
#define DOMID_IO             0x7ff1U /* owner of device memory */
#define DOMID_XEN            0x7ff2U /* owner of hypervisor memory shown to guests */
#define DOMID_COW            0x7ff3U /* owner of shared copy-on-write memory */
#define DOMID_INVALID        0x7ff4U /* nobody */
#define DOMID_IDLE           0x7fffU
#define DOMID_MASK           0x7fffU

/* vcpu_time_info.flags. */
#define XEN_PVCLOCK_TSC_STABLE_BIT (1 << 0) /* monotonic across vcpus */
#define XEN_PVCLOCK_GUEST_STOPPED  (1 << 1) /* time passed while it was off */

/* start_info.flags. */
#define SIF_PRIVILEGED      (1 << 0)    /* control domain */
#define SIF_INITDOMAIN      (1 << 1)    /* first domain */
#define SIF_MULTIBOOT_MOD   (1 << 2)    /* mod_start: xen_multiboot_mod_list */
#define SIF_MOD_START_PFN   (1 << 3)    /* mod_start is a pfn */
#define SIF_VIRT_P2M_4TOOLS (1 << 4)    /* the linear p2m is enough for tools */
#define SIF_PM_MASK         (0xff << 8) /* power management options */

#define MAX_GUEST_CMDLINE   1024 /* with the final NUL */

/* dom0_vga_console_info.video_type. */
#define XEN_VGATYPE_TEXT_MODE_3 0x03
#define XEN_VGATYPE_VESA_LFB    0x23
#define XEN_VGATYPE_EFI_LFB     0x70

#ifndef __ASSEMBLER__

struct mmu_update {
    uint64_t ptr; /* machine address | MMU_* */
    uint64_t val;
};

struct mmuext_op {
    uint32_t cmd; /* MMUEXT_* */
    union {
        xen_pfn_t mfn;
        xen_ulong_t linear_addr;
    } arg1;
    union {
        uint32_t nr_ents;
        xen_guest_ptr_t vcpumask; /* a bit for each vcpu of the domain */
        xen_pfn_t src_mfn;
    } arg2;
};

/* One call of a batch; `result` is what the call alone would return. */
struct multicall_entry {
    xen_ulong_t op;
    xen_ulong_t result;
    xen_ulong_t args[6];
};

/*
 * The clock of one vcpu. `version` is odd while the rest changes. With
 * delta = TSC - tsc_timestamp, shifted left by tsc_shift (right if negative):
 * now in ns = system_time + ((delta * tsc_to_system_mul) >> 32).
 */
struct vcpu_time_info {
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags; /* XEN_PVCLOCK_* */
    uint8_t pad1[2];
};

/* Of one vcpu; both sides write all but arch and time. */
struct vcpu_info {
    uint8_t evtchn_upcall_pending;  /* some event waits */
    uint8_t evtchn_upcall_mask;     /* guest takes none now */
    xen_ulong_t evtchn_pending_sel; /* a bit for each word of evtchn_pending */
    struct arch_vcpu_info arch;
    struct vcpu_time_info time;
};

/* Of one domain: a page that it maps. */
struct shared_info {
    struct vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
    xen_ulong_t evtchn_pending[64]; /* a bit for each port */
    xen_ulong_t evtchn_mask[64];
    /* Wall clock at system time 0; wc_version is odd while it changes. */
    uint32_t wc_version;
    uint32_t wc_sec;
    uint32_t wc_nsec;
    uint32_t wc_sec_hi;
    struct arch_shared_info arch;
};

/* What rsi points to when a PV kernel is entered. */
struct start_info {
    char magic[32];          /* "xen-<version>-<platform>" */
    xen_ulong_t nr_pages;    /* memory of the domain */
    xen_ulong_t shared_info; /* machine address */
    uint32_t flags;          /* SIF_* */
    xen_pfn_t store_mfn;     /* page shared with xenstore */
    uint32_t store_evtchn;
    union {
        struct {
            xen_pfn_t mfn; /* page shared with the console daemon */
            uint32_t evtchn;
        } domU;
        struct {
            uint32_t info_off; /* of dom0_vga_console_info, from here */
            uint32_t info_size;
        } dom0;
    } console;
    xen_ulong_t pt_base; /* virtual address of the L4 table */
    xen_ulong_t nr_pt_frames;
    xen_ulong_t mfn_list;  /* virtual address of the p2m */
    xen_ulong_t mod_start; /* virtual address or pfn of the module */
    xen_ulong_t mod_len;   /* bytes */
    int8_t cmd_line[MAX_GUEST_CMDLINE];
    xen_ulong_t first_p2m_pfn; /* frames of the p2m when it is mapped apart */
    xen_ulong_t nr_p2m_frames;
};

/* SIF_MULTIBOOT_MOD: physical addresses of one module. */
struct xen_multiboot_mod_list {
    uint32_t mod_start;
    uint32_t mod_end;
    uint32_t cmdline;
    uint32_t pad;
};

/* The display as the hypervisor leaves it to the first domain. */
struct dom0_vga_console_info {
    uint8_t video_type; /* XEN_VGATYPE_* */
    union {
        struct {
            uint16_t font_height; /* pixels */
            uint16_t cursor_x;
            uint16_t cursor_y;
            uint16_t rows;
            uint16_t columns;
        } text_mode_3;
        struct {
            uint16_t width;
            uint16_t height;
            uint16_t bytes_per_line;
            uint16_t bits_per_pixel;
            uint32_t lfb_base; /* physical address, low half */
            uint32_t lfb_size; /* units of 64 KiB */
            uint8_t red_pos;
            uint8_t red_size;
            uint8_t green_pos;
            uint8_t green_size;
            uint8_t blue_pos;
            uint8_t blue_size;
            uint8_t rsvd_pos;
            uint8_t rsvd_size;
            uint32_t gbl_caps;
            uint16_t mode_attrs;
            uint16_t pad;
            uint32_t ext_lfb_base; /* high half */
        } vesa_lfb;
    } u;
};

/* A bitmap in the memory of a toolstack. */
struct xenctl_bitmap {
    xen_guest_ptr_t bitmap; /* bytes, lowest bit first */
    uint32_t nr_bits;
};

#endif /* !__ASSEMBLER__ */

#endif
