/* SPDX-License-Identifier: MIT */
/* The tiny kernel: entry, exception and event stubs, ELF notes. */
#include "public/elfnote.h"
#include "public/features.h"

    .section .text.head, "ax"
    .globl _start, hypercall_page, trap_int3, trap_ud, ev_cb, fail_cb, ev_count, shared_page
_start:
    cld
    leaq stack_top(%rip), %rsp
    movq %rsi, %rdi
    call start
1:  jmp 1b

/* On entry the hypervisor has pushed rcx, r11, then an iret frame. hypercall_iret wants
 * rax, r11, rcx, flags, rip, cs, rflags, rsp, ss on the stack. */
    .macro pv_iret
    movq 0(%rsp), %rcx
    movq 8(%rsp), %r11
    addq $16, %rsp
    pushq $0            /* flags; the stub pushes rcx, r11 and rax itself */
    jmp hypercall_page + 23 * 32
    .endm

trap_int3:
    pv_iret
trap_ud:
    addq $2, 16(%rsp)   /* skip the ud2 */
    pv_iret
ev_cb:
    incq ev_count(%rip)
    pushq %rax
    movq $shared_page, %rax
    movb $0, (%rax)     /* evtchn_upcall_pending */
    popq %rax
    pv_iret
fail_cb:
    jmp fail_cb

    .balign 4096
hypercall_page:
    .skip 4096

    .bss
    .balign 4096
shared_page:
    .skip 4096
    .skip 16384
stack_top:
ev_count:
    .quad 0

    .macro note_s type, val
    .long 4, 2f - 1f, \type
    .asciz "Xen"
1:  .asciz "\val"
2:  .balign 4
    .endm
    .macro note_q type, val
    .long 4, 8, \type
    .asciz "Xen"
    .quad \val
    .endm
    .macro note_l type, val
    .long 4, 4, \type
    .asciz "Xen"
    .long \val
    .endm
    .section .note.Xen, "a", @note
    note_s XEN_ELFNOTE_GUEST_OS, tinypv
    note_s XEN_ELFNOTE_GUEST_VERSION, 1
    note_s XEN_ELFNOTE_XEN_VERSION, xen-3.0
    note_s XEN_ELFNOTE_LOADER, generic
    note_s XEN_ELFNOTE_PAE_MODE, yes
    note_l XEN_ELFNOTE_SUPPORTED_FEATURES, (1 << XENFEAT_writable_page_tables) | (1 << XENFEAT_dom0)
    note_l XEN_ELFNOTE_MOD_START_PFN, 1
    note_q XEN_ELFNOTE_VIRT_BASE, 0xffffffff80000000
    note_q XEN_ELFNOTE_PADDR_OFFSET, 0
    note_q XEN_ELFNOTE_INIT_P2M, 0x8000000000
    note_q XEN_ELFNOTE_ENTRY, _start
    note_q XEN_ELFNOTE_HYPERCALL_PAGE, hypercall_page
    .section .note.GNU-stack, "", @progbits
