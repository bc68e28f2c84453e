/* SPDX-License-Identifier: MIT */
/* ELF notes named "Xen": what a kernel says to whoever builds its domain. */
#ifndef XEN_PUBLIC_ELFNOTE_H
#define XEN_PUBLIC_ELFNOTE_H

#define XEN_ELFNOTE_INFO               0  /* text, for people */
#define XEN_ELFNOTE_ENTRY              1  /* virtual address */
#define XEN_ELFNOTE_HYPERCALL_PAGE     2  /* virtual address */
#define XEN_ELFNOTE_VIRT_BASE          3  /* virtual address of pfn 0 */
#define XEN_ELFNOTE_PADDR_OFFSET       4  /* what segments' p_paddr begin at */
#define XEN_ELFNOTE_XEN_VERSION        5  /* text: "xen-3.0" */
#define XEN_ELFNOTE_GUEST_OS           6  /* text */
#define XEN_ELFNOTE_GUEST_VERSION      7  /* text */
#define XEN_ELFNOTE_LOADER             8  /* text: "generic" */
#define XEN_ELFNOTE_PAE_MODE           9  /* text; 32-bit kernels */
#define XEN_ELFNOTE_FEATURES           10 /* text: names, '!' for required */
#define XEN_ELFNOTE_BSD_SYMTAB         11 /* text: "yes" */
#define XEN_ELFNOTE_HV_START_LOW       12 /* lowest address the hypervisor takes */
#define XEN_ELFNOTE_L1_MFN_VALID       13 /* pairs of mask and value */
#define XEN_ELFNOTE_SUSPEND_CANCEL     14 /* knows a suspend that returns 1 */
#define XEN_ELFNOTE_INIT_P2M           15 /* virtual address wanted for the p2m */
#define XEN_ELFNOTE_MOD_START_PFN      16 /* takes a module that is not mapped */
#define XEN_ELFNOTE_SUPPORTED_FEATURES 17 /* bits: XENFEAT_* */
#define XEN_ELFNOTE_PHYS32_ENTRY       18 /* physical address; PVH */
#define XEN_ELFNOTE_MAX                XEN_ELFNOTE_PHYS32_ENTRY

/* In the dump of a crashed host. */
#define XEN_ELFNOTE_CRASH_INFO 0x1000001
#define XEN_ELFNOTE_CRASH_REGS 0x1000002

/* In the dump of a domain. */
#define XEN_ELFNOTE_DUMPCORE_NONE           0x2000000
#define XEN_ELFNOTE_DUMPCORE_HEADER         0x2000001
#define XEN_ELFNOTE_DUMPCORE_XEN_VERSION    0x2000002
#define XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION 0x2000003

#endif
