/* SPDX-License-Identifier: MIT */
/*
 * From the boot loader to C: the headers that loaders look for, the switch to
 * long mode on the first CPU, and where the other CPUs come from the
 * trampoline.
 *
 * Addresses are linked for XEN_VIRT_START; before paging is on, PHYS() says
 * where a symbol really lies.
 */
#include "asm/config.h"
#include "asm/asm_offsets.h"
#include "asm/trampoline.h"

#define PHYS(sym) ((sym) - XEN_VIRT_START + XEN_PHYS_START)

/* Multiboot 1: modules on page boundaries, memory map, load addresses. */
#define MB1_MAGIC 0x1badb002
#define MB1_FLAGS 0x00010003
/* Multiboot 2, 3.1. */
#define MB2_MAGIC 0xe85250d6

#define CR0_START 0x80010033 /* PG, WP, NE, ET, MP, PE */
#define CR4_PAE   0x20
#define MSR_EFER  0xc0000080
#define EFER_START 0x900     /* NX, LME */
#define CPUID_EDX_LM (1 << 29)
#define CPUID_EDX_NX (1 << 20)

    .section .boot.header, "ax", @progbits
    .balign 8
mb2_header:
    .long MB2_MAGIC
    .long 0
    .long mb2_header_end - mb2_header
    .long 0x100000000 - (MB2_MAGIC + (mb2_header_end - mb2_header))
    /* Modules on page boundaries. */
    .short 6, 0
    .long 8
    .short 0, 0
    .long 8
mb2_header_end:

    .balign 4
mb1_header:
    .long MB1_MAGIC
    .long MB1_FLAGS
    .long 0x100000000 - (MB1_MAGIC + MB1_FLAGS)
    .long PHYS(mb1_header)
    .long PHYS(_start)
    .long PHYS(_edata)
    .long PHYS(_end)
    .long PHYS(start)

    .section .text.boot, "ax", @progbits
    .code32
    .globl start
    .type start, @function
start:
    cli
    cld
    mov   %eax, PHYS(boot_magic)
    mov   %ebx, PHYS(boot_mbi)
    mov   $PHYS(cpu0_stack + STACK_SIZE), %esp
    lgdt  PHYS(boot_gdtr)
    ljmp  $BOOT_CS32, $PHYS(1f)
1:  mov   $BOOT_DS, %ecx
    mov   %ecx, %ds
    mov   %ecx, %es
    mov   %ecx, %ss
    xor   %ecx, %ecx
    mov   %ecx, %fs
    mov   %ecx, %gs

    mov   $0x80000000, %eax
    cpuid
    cmp   $0x80000000, %eax
    jbe   no_long_mode
    mov   $0x80000001, %eax
    cpuid
    test  $CPUID_EDX_LM, %edx
    jz    no_long_mode
    test  $CPUID_EDX_NX, %edx
    jz    no_long_mode

    /* Four tables of 2 MiB pages: the first 4 GiB. */
    mov   $PHYS(boot_l2_low), %edi
    mov   $0x83, %eax
    mov   $2048, %ecx
2:  mov   %eax, (%edi)
    movl  $0, 4(%edi)
    add   $0x200000, %eax
    add   $8, %edi
    loop  2b

    mov   $CR4_PAE, %eax
    mov   %eax, %cr4
    mov   $PHYS(boot_l4), %eax
    mov   %eax, %cr3
    mov   $MSR_EFER, %ecx
    rdmsr
    or    $EFER_START, %eax
    wrmsr
    mov   $CR0_START, %eax
    mov   %eax, %cr0
    ljmp  $BOOT_CS64, $PHYS(start64)

/* Neither console is set up: tell the first serial port and the screen. */
no_long_mode:
    mov   $PHYS(no_long_mode_text), %esi
    mov   $0xb8000, %edi
1:  lodsb
    test  %al, %al
    jz    2f
    mov   $0x07, %ah
    mov   %ax, (%edi)
    add   $2, %edi
    mov   $0x3f8, %edx
    outb  %al, (%dx)
    jmp   1b
2:  hlt
    jmp   2b
    .size start, . - start

    .code64
    .type start64, @function
start64:
    movabs $1f, %rax
    jmp   *%rax
1:  movabs $boot_gdtr_high, %rax
    lgdt  (%rax)
    lea   cpu0_stack + STACK_SIZE - CPUINFO_SIZE(%rip), %rsp
    and   $~15, %rsp
    xor   %ebp, %ebp
    pushq $0
    popfq
    mov   boot_magic(%rip), %edi
    mov   boot_mbi(%rip), %esi
    call  start_first_cpu
    ud2
    .size start64, . - start64

/* Other CPUs: from the trampoline, on its page tables, rax: the new stack's
 * top. Get onto the final tables. */
    .globl ap_start
    .type ap_start, @function
ap_start:
    lea   boot_gdtr_high(%rip), %rcx
    lgdt  (%rcx)
    mov   $BOOT_DS, %ecx
    mov   %ecx, %ds
    mov   %ecx, %es
    mov   %ecx, %ss
    xor   %ecx, %ecx
    mov   %ecx, %fs
    mov   %ecx, %gs
    lea   -CPUINFO_SIZE(%rax), %rsp
    and   $~15, %rsp
    xor   %ebp, %ebp
    pushq $0
    popfq
    mov   $PHYS(idle_pg_table), %eax
    mov   %rax, %cr3
    call  start_secondary
    ud2
    .size ap_start, . - ap_start

    .section .rodata, "a", @progbits
no_long_mode_text:
    .asciz "Xenia needs a 64-bit CPU with NX (no-execute) support.\r\n"

    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* BOOT_CS64 */
    .quad 0x00cf93000000ffff /* BOOT_DS */
    .quad 0x00cf9b000000ffff /* BOOT_CS32 */
boot_gdt_end:
    .short 0
boot_gdtr:
    .short boot_gdt_end - boot_gdt - 1
    .long PHYS(boot_gdt)
    .short 0
boot_gdtr_high:
    .short boot_gdt_end - boot_gdt - 1
    .quad boot_gdt

    .data
    .balign 4
boot_magic: .long 0
boot_mbi:   .long 0

/*
 * Start-up page tables: the first 4 GiB at 0 and in the direct map, and 14 MiB
 * from XEN_PHYS_START at XEN_VIRT_START. Later the trampoline's.
 */
    .section .data.page_aligned, "aw", @progbits
    .balign 4096
    .globl boot_l4
boot_l4:
    .quad PHYS(boot_l3_low) + 3
    .fill 260, 8, 0
    .quad PHYS(boot_l3_image) + 3
    .quad PHYS(boot_l3_low) + 3
    .fill 249, 8, 0
boot_l3_low:
    .quad PHYS(boot_l2_low) + 3
    .quad PHYS(boot_l2_low) + 0x1003
    .quad PHYS(boot_l2_low) + 0x2003
    .quad PHYS(boot_l2_low) + 0x3003
    .fill 508, 8, 0
boot_l3_image:
    .fill 321, 8, 0
    .quad PHYS(boot_l2_image) + 3
    .fill 190, 8, 0
boot_l2_image:
    .set chunk, XEN_PHYS_START
    .rept 7
    .quad chunk + 0x83
    .set chunk, chunk + 0x200000
    .endr
    .fill 505, 8, 0

    .section .bss.page_aligned, "aw", @nobits
    .balign 4096
    .globl boot_l2_low
boot_l2_low:
    .skip 4 * 4096
    .globl idle_pg_table
idle_pg_table:
    .skip 4096

    .section .bss.stack, "aw", @nobits
    .balign STACK_SIZE
    .globl cpu0_stack
cpu0_stack:
    .skip STACK_SIZE

    .section .note.GNU-stack, "", @progbits
