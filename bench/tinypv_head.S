/* SPDX-License-Identifier: MIT */
/* The tiny kernel: entry, exception and event stubs, ELF notes. */
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
    .section .note.Xen, "a", @note
    note_s 6, tinypv
    note_s 7, 1
    note_s 5, xen-3.0
    note_s 8, generic
    note_s 9, yes
    note_q 3, 0xffffffff80000000
    note_q 4, 0
    note_q 1, _start
    note_q 2, hypercall_page
    .section .note.GNU-stack, "", @progbits
