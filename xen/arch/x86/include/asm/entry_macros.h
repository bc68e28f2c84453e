/* SPDX-License-Identifier: MIT */
/* What the ways into the hypervisor and out of it have in common. For assembly
 * only. */
#ifndef ASM_ENTRY_MACROS_H
#define ASM_ENTRY_MACROS_H

#ifdef __ASSEMBLY__
/* clang-format off */

.macro SAVE_CALLER_SAVED
    push  %rdi
    push  %rsi
    push  %rdx
    push  %rcx
    push  %rax
    push  %r8
    push  %r9
    push  %r10
    push  %r11
.endm

.macro SAVE_GPRS
    SAVE_CALLER_SAVED
    push  %rbx
    push  %rbp
    push  %r12
    push  %r13
    push  %r14
    push  %r15
.endm

/* Into a frame whose other registers are there. */
.macro STORE_CALLEE_SAVED
    mov   %rbx, REGS_rbx(%rsp)
    mov   %rbp, REGS_rbp(%rsp)
    mov   %r12, REGS_r12(%rsp)
    mov   %r13, REGS_r13(%rsp)
    mov   %r14, REGS_r14(%rsp)
    mov   %r15, REGS_r15(%rsp)
.endm

.macro RESTORE_CALLEE_SAVED
    pop   %r15
    pop   %r14
    pop   %r13
    pop   %r12
    pop   %rbp
    pop   %rbx
.endm

.macro RESTORE_CALLER_SAVED
    pop   %r11
    pop   %r10
    pop   %r9
    pop   %r8
    pop   %rax
    pop   %rcx
    pop   %rdx
    pop   %rsi
    pop   %rdi
.endm

.macro RESTORE_GPRS
    RESTORE_CALLEE_SAVED
    RESTORE_CALLER_SAVED
.endm

/* SYSRET with such an rip would fault in ring 0. */
.macro JUMP_IF_NOT_CANONICAL address, scratch, label
    mov   \address, \scratch
    sar   $47, \scratch
    inc   \scratch
    cmp   $1, \scratch
    ja    \label
.endm

/* Sets has_error_code, whether the CPU pushes one, and passed_on, whether the
 * exception is the guest's whatever it is: not those that handle_guest_trap()
 * looks into. */
.macro LOOK_AT_VECTOR vector
    .set has_error_code, 0
    .irp v, 8, 10, 11, 12, 13, 14, 17, 21
    .if \vector == \v
    .set has_error_code, 1
    .endif
    .endr
    .set passed_on, (\vector < 32)
    .irp v, 1, 6, 7, 13
    .if \vector == \v
    .set passed_on, 0
    .endif
    .endr
.endm

.macro FUNC name
    .globl \name
    .type \name, @function
    .balign 16
\name:
.endm

.macro END name
    .size \name, . - \name
.endm

/* An instruction of at least five bytes follows. Where guests have root tables
 * of their own it becomes a jump to `target`, and what is behind it is not
 * reached (xpti_patch()). */
.macro XPTI_SITE target
0:
    .pushsection .xpti_sites, "a"
    .balign 4
    .long 0b - .
    .long \target - .
    .popsection
.endm

/* clang-format on */
#endif
#endif
