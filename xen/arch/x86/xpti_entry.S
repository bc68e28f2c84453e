/* SPDX-License-Identifier: MIT */
/*
 * The ways in and out where guests run on root tables without the hypervisor's
 * mappings (asm/xpti.h).
 *
 * The code between xpti_code and xpti_code_end is mapped in each CPU's area,
 * with the CPU's entry data right behind it, and is all code that a guest's
 * root has. Ways in: load the hypervisor's table, move the frame to the stack
 * on which entry.S expects it, and go on there. Ways out come from xpti_exit.
 *
 * NMI and machine check may come at any instruction here. They have stacks and
 * scratch space of their own, load the hypervisor's table if the guest's is
 * loaded, and return with it: the ways in do not mind, and the last steps of
 * the ways out are begun again (xpti_restart_exit()).
 */
#include "asm/config.h"
#include "asm/asm_macros.h"
#include "asm/asm_offsets.h"
#include "asm/entry_macros.h"
#include "asm/xpti.h"

#define XPTI_DATA(off) (xpti_code_end + (off))(%rip)

/* The upper half of all of the image's addresses. */
#define IMAGE_HIGH (XEN_VIRT_START >> 32)

/* An address of the image, from the area's mapping, with all registers as they
 * are. The return is predicted to go to the loop. */
.macro FAR_JUMP target
    call  1f
2:  pause
    lfence
    jmp   2b
1:  lea   8(%rsp), %rsp
    pushq $(\target - (IMAGE_HIGH << 32))
    movl  $IMAGE_HIGH, 4(%rsp)
    ret
.endm

/* The CPU has pushed a frame at `top`, the entry a word for error code and
 * vector, then rax. On with that to the stack whose top is in the word `own`. */
.macro MOVE_FRAME top, own
    mov   XPTI_DATA(\own), %rsp
    pushq XPTI_DATA(\top - 8)
    pushq XPTI_DATA(\top - 16)
    pushq XPTI_DATA(\top - 24)
    pushq XPTI_DATA(\top - 32)
    pushq XPTI_DATA(\top - 40)
    pushq XPTI_DATA(\top - 48)
    mov   XPTI_DATA(\top - 56), %rax
.endm

.macro LOAD_XEN_CR3
    mov   XPTI_DATA(XPTI_XEN_CR3), %rax
    mov   %rax, %cr3
.endm

/* An exception or interrupt without a stack of its own. In the hypervisor it
 * has its frame where it belongs; but for one of IRET's, see there. */
.macro XPTI_TRAP name, target
\name:
    testb $3, 16(%rsp)                   /* CS, behind error code and rip */
    jz    7f
    push  %rax
    LOAD_XEN_CR3
    MOVE_FRAME XPTI_STACK, XPTI_OWN_STACK
    FAR_JUMP \target
7:  push  %rax
    lea   xpti_iretq(%rip), %rax
    cmp   %rax, 16(%rsp)
    pop   %rax
    je    xpti_iret_fault
    FAR_JUMP \target
.endm

/* One with stack number `ist`. */
.macro XPTI_IST name, target, ist
\name:
    push  %rax
    mov   %cr3, %rax
    cmp   %rax, XPTI_DATA(XPTI_GUEST_CR3)
    jne   7f
    LOAD_XEN_CR3
7:  MOVE_FRAME XPTI_STACK_IST(\ist), (XPTI_OWN_IST + 8 * (\ist - 1))
    FAR_JUMP \target
.endm

/* SYSCALL: the guest's stack pointer, and no register to spare. */
.macro XPTI_SYSCALL cs, word, target
    mov   %rsp, XPTI_DATA(XPTI_GUEST_RSP)
    mov   %rax, XPTI_DATA(XPTI_RAX)
    LOAD_XEN_CR3
    mov   XPTI_DATA(XPTI_OWN_STACK), %rsp
    mov   XPTI_DATA(XPTI_RAX), %rax
    pushq $FLAT_USER_SS
    pushq XPTI_DATA(XPTI_GUEST_RSP)
    push  %r11
    pushq $\cs
    push  %rcx
    pushq $\word
    movabs $\target, %rcx
    INDIRECT_JUMP %rcx
.endm

    .section .text.stubs, "ax", @progbits
    .balign 4096
    .globl xpti_code, xpti_code_end
xpti_code:
    .set vec, 0
    .rept 256
    .balign XPTI_ENTRY_SIZE
    LOOK_AT_VECTOR vec
    .if !has_error_code
    pushq $0
    .endif
    movl  $vec, 4(%rsp)
    .if vec == 1
    jmp   xpti_debug
    .elseif vec == 2
    jmp   xpti_nmi
    .elseif vec == 8
    jmp   xpti_double_fault
    .elseif vec == 18
    jmp   xpti_machine_check
    .elseif (vec >= 32) && (vec != 0x80)
    jmp   xpti_irq
    .elseif vec == 14
    jmp   xpti_page_fault
    .elseif passed_on
    jmp   xpti_passed_on
    .else
    jmp   xpti_trap
    .endif
    .set vec, vec + 1
    .endr

    .balign 64
    .globl xpti_syscall, xpti_syscall32, xpti_sysenter
xpti_syscall:
    XPTI_SYSCALL FLAT_USER_CS64, -1, syscall_entry
    .balign 64
xpti_syscall32:
    XPTI_SYSCALL FLAT_USER_CS32, 0, syscall32_entry
    .balign 64
xpti_sysenter:
    mov   %rax, XPTI_DATA(XPTI_RAX)
    LOAD_XEN_CR3
    mov   XPTI_DATA(XPTI_OWN_STACK), %rsp
    mov   XPTI_DATA(XPTI_RAX), %rax
    FAR_JUMP sysenter_entry

    XPTI_TRAP xpti_page_fault, page_fault
    XPTI_TRAP xpti_passed_on, trap_passed_on
    XPTI_TRAP xpti_trap, trap_common
    XPTI_TRAP xpti_irq, irq_common
    XPTI_IST xpti_debug, debug_common, 1
    XPTI_IST xpti_machine_check, nmi_common, 2
    XPTI_IST xpti_nmi, nmi_common, 3
    XPTI_IST xpti_double_fault, double_fault, 4

/* The guest's frame was not acceptable to IRET below. The registers are the
 * guest's, and its frame still lies on the primary stack. */
xpti_iret_fault:
    mov   %rax, XPTI_DATA(XPTI_RAX)
    movl  $0, (%rsp)
    mov   (%rsp), %rax
    mov   %rax, XPTI_DATA(XPTI_WORD)
    LOAD_XEN_CR3
    mov   XPTI_DATA(XPTI_OWN_STACK), %rsp
    lea   -40(%rsp), %rsp
    pushq XPTI_DATA(XPTI_WORD)
    mov   XPTI_DATA(XPTI_RAX), %rax
    FAR_JUMP xpti_iret_refused

/* The last steps, from xpti_exit. All they need is in the entry data, so that
 * they can begin again. */
    .globl xpti_sysret, xpti_sysret_end, xpti_iret, xpti_iret_end
xpti_sysret:
    mov   XPTI_DATA(XPTI_GUEST_CR3), %rcx
    mov   %rcx, %cr3
    mov   XPTI_DATA(XPTI_RIP), %rcx
    mov   XPTI_DATA(XPTI_RSP), %rsp
    sysretq
xpti_sysret_end:

xpti_iret:
    mov   XPTI_DATA(XPTI_GUEST_CR3), %rax
    mov   %rax, %cr3
    lea   XPTI_DATA(XPTI_STACK - 40), %rsp
    mov   XPTI_DATA(XPTI_RAX), %rax
xpti_iretq:
    iretq
xpti_iret_end:

    .balign 4096
xpti_code_end:

    .text

/* Where ret_fast ends: some of the guest's registers are where they belong. */
FUNC xpti_exit_fast
    mov   %rax, REGS_rax(%rsp)
    STORE_CALLEE_SAVED
    jmp   xpti_exit
END xpti_exit_fast

/* To the guest whose whole frame lies where rsp points. Interrupts are off. */
FUNC xpti_exit
    mov   %cr3, %rax
    cmp   %rax, CPUINFO_xpti_source(%rsp)
    jne   xpti_choose
.Lchosen:
    mov   CPUINFO_entry_data(%rsp), %rbx
    mov   %rax, XPTI_XEN_CR3(%rbx)
    mov   REGS_rip(%rsp), %rcx
    cmpl  $FRAME_VECTOR_SYSCALL, REGS_vector(%rsp)
    jne   .Lby_iret
    JUMP_IF_NOT_CANONICAL %rcx, %rdx, .Lby_iret

    mov   %rcx, XPTI_RIP(%rbx)
    mov   REGS_rsp(%rsp), %rcx
    mov   %rcx, XPTI_RSP(%rbx)
    lea   (xpti_sysret - xpti_code_end)(%rbx), %rcx
    mov   REGS_rflags(%rsp), %r11
    RESTORE_CALLEE_SAVED
    add   $8, %rsp
    pop   %r10
    pop   %r9
    pop   %r8
    pop   %rax
    add   $8, %rsp
    pop   %rdx
    pop   %rsi
    pop   %rdi
    INDIRECT_JUMP %rcx

.Lby_iret:
    mov   %rcx, XPTI_STACK - 40(%rbx)
    mov   REGS_cs(%rsp), %rcx
    mov   %rcx, XPTI_STACK - 32(%rbx)
    mov   REGS_rflags(%rsp), %rcx
    mov   %rcx, XPTI_STACK - 24(%rbx)
    mov   REGS_rsp(%rsp), %rcx
    mov   %rcx, XPTI_STACK - 16(%rbx)
    mov   REGS_ss(%rsp), %rcx
    mov   %rcx, XPTI_STACK - 8(%rbx)
    mov   REGS_rax(%rsp), %rcx
    mov   %rcx, XPTI_RAX(%rbx)
    lea   (xpti_iret - xpti_code_end)(%rbx), %rax
    RESTORE_CALLEE_SAVED
    pop   %r11
    pop   %r10
    pop   %r9
    pop   %r8
    add   $8, %rsp
    pop   %rcx
    pop   %rdx
    pop   %rsi
    pop   %rdi
    INDIRECT_JUMP %rax

xpti_choose:
    call  xpti_choose_root
    mov   %cr3, %rax
    jmp   .Lchosen
END xpti_exit

    .section .note.GNU-stack, "", @progbits
