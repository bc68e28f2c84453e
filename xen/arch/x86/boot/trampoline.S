/* SPDX-License-Identifier: MIT */
/*
 * Where other CPUs begin: in real mode, at TRAMPOLINE_PHYS, to which this code
 * was copied. Straight to long mode and on to trampoline_data.entry, with the
 * stack's top in rax.
 */
#include "asm/config.h"
#include "asm/trampoline.h"

/* Where a symbol of this file is after the copy. */
#define LOW(sym) ((sym) - trampoline_start + TRAMPOLINE_PHYS)
#define OFFSET(sym) ((sym) - trampoline_start)

#define CR0_PE    0x00000001
#define CR0_START 0x80010033 /* PG, WP, NE, ET, MP, PE */
#define CR4_PAE   0x20
#define MSR_EFER  0xc0000080

    .section .rodata.trampoline, "a", @progbits
    .balign 16
    .globl trampoline_start, trampoline_end, trampoline_data
    .code16
trampoline_start:
    cli
    cld
    mov   %cs, %ax
    mov   %ax, %ds
    lgdtl OFFSET(low_gdtr)
    mov   $CR0_PE, %eax
    mov   %eax, %cr0
    ljmpl $BOOT_CS32, $LOW(low_start32)

    .code32
low_start32:
    mov   $BOOT_DS, %eax
    mov   %eax, %ds
    mov   %eax, %es
    mov   %eax, %ss
    mov   $CR4_PAE, %eax
    mov   %eax, %cr4
    mov   LOW(trampoline_data), %eax
    mov   %eax, %cr3
    mov   $MSR_EFER, %ecx
    mov   LOW(trampoline_data) + 4, %eax
    xor   %edx, %edx
    wrmsr
    mov   $CR0_START, %eax
    mov   %eax, %cr0
    ljmp  $BOOT_CS64, $LOW(low_start64)

    .code64
low_start64:
    mov   LOW(trampoline_data) + 16, %rax
    jmp   *LOW(trampoline_data) + 8

    .balign 8
low_gdt:
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
    .quad 0x00cf9b000000ffff
low_gdtr:
    .short low_gdtr - low_gdt - 1
    .long LOW(low_gdt)

    .balign 8
trampoline_data:
    .long 0, 0
    .quad 0, 0
trampoline_end:

    .section .note.GNU-stack, "", @progbits
