/* SPDX-License-Identifier: MIT */
/* All registers filled, a hypercall, and what they hold then: leak.h. */

        .text

#define FOUND_XMM   (14 * 8)
#define FOUND_X87   (FOUND_XMM + 16 * 16)
#define FOUND_MXCSR (FOUND_X87 + 108)

.macro store_xmm base
        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
        movups  %xmm\n, FOUND_XMM + 16 * \n(\base)
        .endr
        stmxcsr FOUND_MXCSR(\base)
        fnsave  FOUND_X87(\base)
.endm

/* rdi: struct all_regs */
        .globl  look
look:
        store_xmm %rdi
        ret

/* rdi: pattern, rsi: number, rdx, rcx: arguments, r8: struct all_regs */
        .globl  fill_call_look
fill_call_look:
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        push    %r8
        mov     %rsi, %rax
        push    %rdi
        .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
        movq    (%rsp), %xmm\n
        punpcklqdq %xmm\n, %xmm\n
        .endr
        fninit
        .rept 8
        fildll  (%rsp)
        .endr
        mov     %rdx, %r9               /* arguments, for the moment */
        mov     %rcx, %r10
        mov     (%rsp), %rbx
        mov     %rbx, %rbp
        mov     %rbx, %r12
        mov     %rbx, %r13
        mov     %rbx, %r14
        mov     %rbx, %r15
        mov     %r9, %rdi
        mov     %r10, %rsi
        mov     %rbx, %rdx
        mov     %rbx, %r8
        mov     %rbx, %r9
        mov     %rbx, %r10
        syscall
        push    %rax
        mov     16(%rsp), %rax          /* struct all_regs */
        mov     %rbx, 0(%rax)
        mov     %rbp, 8(%rax)
        mov     %r12, 16(%rax)
        mov     %r13, 24(%rax)
        mov     %r14, 32(%rax)
        mov     %r15, 40(%rax)
        mov     %rdx, 48(%rax)
        mov     %r8, 56(%rax)
        mov     %r9, 64(%rax)
        mov     %r10, 72(%rax)
        mov     %rdi, 80(%rax)
        mov     %rsi, 88(%rax)
        mov     %r11, 96(%rax)
        mov     %rcx, 104(%rax)
        store_xmm %rax
        add     $16, %rsp
        pop     %r8
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret

        .section .note.GNU-stack, "", @progbits
