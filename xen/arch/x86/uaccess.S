/* SPDX-License-Identifier: MIT */
/* Accesses that may fault: they return 0 or -EFAULT. */
#include "asm/asm_macros.h"

    .text

/* int copy_guest_raw(void *dst, const void *src, size_t len)
 * One of the two is guest memory. */
    .globl copy_guest_raw
    .type copy_guest_raw, @function
copy_guest_raw:
    ASM_STAC
    sub   $16, %rdx
    jb    2f
1:  mov   (%rsi), %rax
10: mov   8(%rsi), %rcx
11: mov   %rax, (%rdi)
12: mov   %rcx, 8(%rdi)
    add   $16, %rsi
    add   $16, %rdi
    sub   $16, %rdx
    jae   1b
2:  test  $8, %dl
    jz    3f
15: mov   (%rsi), %rax
16: mov   %rax, (%rdi)
    add   $8, %rsi
    add   $8, %rdi
3:  test  $7, %dl
    jz    6f
    test  $4, %dl
    jz    4f
20: mov   (%rsi), %eax
21: mov   %eax, (%rdi)
    add   $4, %rsi
    add   $4, %rdi
4:  and   $3, %edx
    jz    6f
30: mov   (%rsi), %al
31: mov   %al, (%rdi)
    inc   %rsi
    inc   %rdi
    dec   %edx
    jnz   30b
6:  ASM_CLAC
    xor   %eax, %eax
    ret
5:  ASM_CLAC
    mov   $-14, %eax
    ret
    EXTABLE 1b, 5b
    EXTABLE 10b, 5b
    EXTABLE 11b, 5b
    EXTABLE 12b, 5b
    EXTABLE 15b, 5b
    EXTABLE 16b, 5b
    EXTABLE 20b, 5b
    EXTABLE 21b, 5b
    EXTABLE 30b, 5b
    EXTABLE 31b, 5b
    .size copy_guest_raw, . - copy_guest_raw

/* int clear_guest_raw(void *dst, size_t len) */
    .globl clear_guest_raw
    .type clear_guest_raw, @function
clear_guest_raw:
    ASM_STAC
    mov   %rsi, %rcx
    xor   %eax, %eax
    test  %rcx, %rcx
    jz    2f
1:  movb  $0, (%rdi)
    inc   %rdi
    dec   %rcx
    jnz   1b
2:  ASM_CLAC
    ret
5:  ASM_CLAC
    mov   $-14, %eax
    ret
    EXTABLE 1b, 5b
    .size clear_guest_raw, . - clear_guest_raw

/* int rdmsr_safe(u32 msr, u64 *value_out), int wrmsr_safe(u32 msr, u64 value)
 */
    .globl rdmsr_safe
    .type rdmsr_safe, @function
rdmsr_safe:
    mov   %edi, %ecx
1:  rdmsr
    shl   $32, %rdx
    or    %rdx, %rax
    mov   %rax, (%rsi)
    xor   %eax, %eax
    ret
2:  mov   $-14, %eax
    ret
    EXTABLE 1b, 2b
    .size rdmsr_safe, . - rdmsr_safe

    .globl wrmsr_safe
    .type wrmsr_safe, @function
wrmsr_safe:
    mov   %edi, %ecx
    mov   %esi, %eax
    mov   %rsi, %rdx
    shr   $32, %rdx
1:  wrmsr
    xor   %eax, %eax
    ret
2:  mov   $-14, %eax
    ret
    EXTABLE 1b, 2b
    .size wrmsr_safe, . - wrmsr_safe

    .section .note.GNU-stack, "", @progbits
