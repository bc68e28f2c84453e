/* SPDX-License-Identifier: MIT */
/*
 * Entry points of a test kernel: start, traps, events, system calls, iret; and
 * the ELF notes.
 *
 * Every entry ends up in trap_dispatch(struct regs *). The hypervisor pushes
 * rcx, r11, for some vectors an error code, then rip, cs, rflags, rsp, ss.
 */
#include "public/elfnote.h"
#include "public/features.h"
#include "public/xen.h"

#include "layout.h"

    .text
    .globl guest_entry
guest_entry:
    cld
    leaq vcpu_stacks + VCPU_STACK_SIZE(%rip), %rsp
    movq %rsi, %rdi
    call guest_start
    ud2

/* A vcpu that vcpu_start() brings up: rdi holds the function. */
    .globl vcpu_entry
vcpu_entry:
    cld
    call *%rdi
    call vcpu_park
    ud2

/* A stub for each vector, VECTOR_STUB_SIZE bytes apart. */
    .balign VECTOR_STUB_SIZE
    .globl vector_stubs
vector_stubs:
    .set vector, 0
    .rept 256
    .balign VECTOR_STUB_SIZE
    popq %rcx
    popq %r11
    .if vector != 8 && vector != 17 && (vector < 10 || vector > 14) && \
        vector != 21
    pushq $0
    .endif
    pushq $vector
    jmp trap_common
    .set vector, vector + 1
    .endr

    .macro entry name, number
    .balign 16
    .globl \name
\name:
    popq %rcx
    popq %r11
    pushq $0
    pushq $\number
    jmp trap_common
    .endm

    .balign VECTOR_STUB_SIZE
    entry event_entry, VECTOR_EVENT
    entry syscall_entry, VECTOR_SYSCALL
    entry syscall32_entry, VECTOR_SYSCALL32
    entry sysenter_entry, VECTOR_SYSENTER
    entry nmi_entry, VECTOR_NMI_CALLBACK

/* Below rip lie ds, es, fs and gs, too. */
    .globl failsafe_entry
failsafe_entry:
    popq %rcx
    popq %r11
    popq failsafe_selectors(%rip)
    popq failsafe_selectors + 8(%rip)
    popq failsafe_selectors + 16(%rip)
    popq failsafe_selectors + 24(%rip)
    pushq $0
    pushq $VECTOR_FAILSAFE

trap_common:
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %rax
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, %rdi
    cld
    call trap_dispatch
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rax
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
    addq $16, %rsp
    pushq $0
    pushq %rcx
    pushq %r11
    pushq %rax
    movl $__HYPERVISOR_iret, %eax
    syscall
    .globl iret_done
iret_done:
    ud2

/* user_enter(frame, nr, arg0, arg1): leaves by a hypercall that does an iret,
 * comes back when trap_dispatch() calls user_leave(). */
    .globl user_enter
user_enter:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, user_kernel_rsp(%rip)
    movq %rdi, %rsp
    movq %rsi, %rax
    movq %rdx, %rdi
    movq %rcx, %rsi
    syscall
    ud2

    .globl user_leave
user_leave:
    movq user_kernel_rsp(%rip), %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

    .bss
    .balign VCPU_STACK_SIZE
    .globl vcpu_stacks
vcpu_stacks:
    .skip VCPU_STACK_SIZE * (MAX_VCPUS + 1)
    .globl failsafe_selectors
failsafe_selectors:
    .skip 32
user_kernel_rsp:
    .skip 8

    .macro note_text type, text
    .long 4, 2f - 1f, \type
    .asciz "Xen"
1:  .asciz "\text"
2:  .balign 4
    .endm

    .macro note_quad type, value
    .long 4, 8, \type
    .asciz "Xen"
    .quad \value
    .endm

    .macro note_long type, value
    .long 4, 4, \type
    .asciz "Xen"
    .long \value
    .endm

    .section .note.Xen, "a", @note
    note_text XEN_ELFNOTE_GUEST_OS, "test"
    note_text XEN_ELFNOTE_GUEST_VERSION, "1"
    note_text XEN_ELFNOTE_XEN_VERSION, "xen-3.0"
    note_text XEN_ELFNOTE_LOADER, "generic"
    note_text XEN_ELFNOTE_PAE_MODE, "yes"
    note_text XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb"
    note_long XEN_ELFNOTE_SUPPORTED_FEATURES, (1 << XENFEAT_writable_page_tables) | (1 << XENFEAT_dom0)
    note_long XEN_ELFNOTE_MOD_START_PFN, 1
    note_quad XEN_ELFNOTE_VIRT_BASE, VIRT_BASE
    note_quad XEN_ELFNOTE_PADDR_OFFSET, 0
    note_quad XEN_ELFNOTE_INIT_P2M, P2M_VIRT_START
    note_quad XEN_ELFNOTE_HV_START_LOW, HYPERVISOR_VIRT_START
    note_quad XEN_ELFNOTE_ENTRY, guest_entry
    .section .note.GNU-stack, "", @progbits
