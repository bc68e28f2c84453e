/* SPDX-License-Identifier: MIT */
/* What compilers call in place of an indirect branch when RETPOLINE=y: the
 * prediction of the return leads into a loop. */
#include "asm/asm_macros.h"

    .text

.macro THUNK reg
    .globl __x86_indirect_thunk_\reg
    .type __x86_indirect_thunk_\reg, @function
    .balign 32
__x86_indirect_thunk_\reg:
    RETPOLINE_JUMP %\reg
    .size __x86_indirect_thunk_\reg, . - __x86_indirect_thunk_\reg
.endm

    .irp reg, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    THUNK \reg
    .endr

    .section .note.GNU-stack, "", @progbits
