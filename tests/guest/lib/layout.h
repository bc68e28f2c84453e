/* SPDX-License-Identifier: MIT */
/* Addresses and numbers that C and assembly of a test kernel share. */
#ifndef GUEST_LAYOUT_H
#define GUEST_LAYOUT_H

#ifdef __ASSEMBLER__
#define UL(x) x
#else
#define UL(x) x##UL
#endif

#define VIRT_BASE      UL(0xffffffff80000000)
#define P2M_VIRT_START UL(0x0000008000000000)

#define PAGE_SHIFT     12
#define PAGE_SIZE      UL(4096)

/* A stack's lowest bytes hold the struct vcpu that runs on it. */
#define VCPU_STACK_SIZE  16384
#define MAX_VCPUS        4

#define VECTOR_STUB_SIZE 16

/* Entries that are not traps; struct regs.vector. */
#define VECTOR_EVENT        256
#define VECTOR_SYSCALL      257
#define VECTOR_SYSCALL32    258
#define VECTOR_SYSENTER     259
#define VECTOR_NMI_CALLBACK 260
#define VECTOR_FAILSAFE     261

#endif
