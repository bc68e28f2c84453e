/* SPDX-License-Identifier: MIT */
/*
 * All ways into the hypervisor, and the ways back to a guest.
 *
 * Every entry from a guest leaves a struct cpu_regs at the same place, the top
 * of this CPU's primary stack (asm/current.h). Both ways back look for deferred
 * work and events, and leave by SYSRET when the frame came from SYSCALL and its
 * rcx and r11 are free to change, else by IRET:
 *  - ret_to_guest loads all registers from the frame;
 *  - ret_fast is for hypercalls, system calls, and exceptions that are only
 *    passed on. Their entry does not store rbx, rbp and r12 to r15, which C
 *    functions preserve, so they are still the guest's. If the vcpu may lose
 *    this CPU, they are stored and ret_to_guest goes on.
 */
#include "asm/config.h"
#include "asm/asm_macros.h"
#include "asm/asm_offsets.h"
#include "asm/entry_macros.h"

    .text

/*
 * Entry stubs: one page, mapped at CPU_AREA_STUB of every CPU, with that CPU's
 * data in the page behind it. SYSCALL arrives with the guest's stack pointer
 * and nothing else known; the stub gets onto the primary stack.
 */
#define STUB_DATA(off) (stub_page + 0x1000 + (off))(%rip)

    .section .text.stubs, "ax", @progbits
    .balign 4096
    .globl stub_page, stub_syscall, stub_syscall32, stub_page_end
stub_page:
stub_syscall:
    mov   %rsp, STUB_DATA(0)
    mov   STUB_DATA(8), %rsp
    pushq $FLAT_USER_SS
    pushq STUB_DATA(0)
    push  %r11
    pushq $FLAT_USER_CS64
    push  %rcx
    pushq $-1                            /* the vector is FRAME_SYSCALL */
    movabs $syscall_entry, %rcx
    INDIRECT_JUMP %rcx

    .balign 64
stub_syscall32:
    mov   %rsp, STUB_DATA(0)
    mov   STUB_DATA(8), %rsp
    pushq $FLAT_USER_SS
    pushq STUB_DATA(0)
    push  %r11
    pushq $FLAT_USER_CS32
    push  %rcx
    pushq $0
    movabs $syscall32_entry, %rcx
    INDIRECT_JUMP %rcx
    .balign 4096
stub_page_end:

    .text

/* SYSCALL: a hypercall from a guest's kernel, or a system call to it. */
FUNC syscall_entry
    push  %rdi
    push  %rsi
    push  %rdx
    pushq REGS_rip - REGS_rdx(%rsp)      /* rcx */
    push  %rax
    push  %r8
    push  %r9
    push  %r10
    push  %r11
    sub   $REGS_r11, %rsp
    mov   CPUINFO_current(%rsp), %r11
    sti
    testb $VCPU_IN_KERNEL, VCPU_arch_flags(%r11)
    jz    guest_syscall
    cmp   $HYPERCALL_LIMIT, %rax
    jae   no_such_hypercall
    and   $HYPERCALL_LIMIT - 1, %eax     /* also when that was mispredicted */
    lea   hypercall_entries(%rip), %r11
    mov   %r10, %rcx
#if CONFIG_RETPOLINE
    mov   (%r11, %rax, 8), %r11
    call  __x86_indirect_thunk_r11
#else
    call  *(%r11, %rax, 8)
#endif
/*
 * Back to the guest whose frame lies at the top of the primary stack, which is
 * also where rsp points. rax, rbx, rbp and r12 to r15 are the guest's already.
 * Interrupts are on.
 */
ret_fast:
    cli
    mov   CPUINFO_softirq_pending(%rsp), %rdx
    cmpq  $0, (%rdx)
    jne   ret_fast_complete
    mov   CPUINFO_current(%rsp), %rdi
    mov   VCPU_vcpu_info(%rdi), %rdx
    movzwl (%rdx), %edx                  /* dl: pending, dh: mask */
    dec   %edx
    cmp   $0xfe, %edx                    /* dl is not 0, dh is */
    jbe   ret_fast_event
restore_fast:
    cmpl  $FRAME_VECTOR_SYSCALL, REGS_vector(%rsp)
    jne   .Liret_fast
.Lsysret_fast:
    XPTI_SITE xpti_exit_fast
    mov   REGS_rip(%rsp), %rcx
    JUMP_IF_NOT_CANONICAL %rcx, %rdx, .Liret_fast
    mov   REGS_rflags(%rsp), %r11
    mov   REGS_r10(%rsp), %r10
    mov   REGS_r9(%rsp), %r9
    mov   REGS_r8(%rsp), %r8
    mov   REGS_rdx(%rsp), %rdx
    mov   REGS_rsi(%rsp), %rsi
    mov   REGS_rdi(%rsp), %rdi
    mov   REGS_rsp(%rsp), %rsp
    sysretq

.Liret_fast:
    XPTI_SITE xpti_exit_fast
    lea   REGS_r11(%rsp), %rsp           /* five bytes */
    pop   %r11
    pop   %r10
    pop   %r9
    pop   %r8
    pop   %rcx                           /* for rax, which is there */
    pop   %rcx
    pop   %rdx
    pop   %rsi
    pop   %rdi
    add   $8, %rsp
iret_fast:
    iretq
    EXTABLE iret_fast, iret_fault

ret_fast_event:
    mov   %rax, REGS_rax(%rsp)
    mov   %rsp, %rsi
    call  pv_bounce_event
    test  %al, %al
    mov   REGS_rax(%rsp), %rax
    jnz   .Lsysret_fast                  /* to the handler, with events masked */
    jmp   ret_fast

ret_fast_complete:
    testb $1 << CONTINUE_SOFTIRQ_NR, (%rdx)
    jnz   1f                             /* rax is the call's number, still */
    mov   %rax, REGS_rax(%rsp)
1:  STORE_CALLEE_SAVED
    jmp   ret_to_guest

no_such_hypercall:
    mov   $-ERR_NOSYS, %rax
    jmp   ret_fast

guest_syscall:
    mov   %r11, %rdi
    mov   %rsp, %rsi
    call  pv_bounce_syscall
ret_fast_as_framed:
    mov   REGS_rax(%rsp), %rax
    jmp   ret_fast
END syscall_entry

FUNC syscall32_entry
    mov   REGS_rip - REGS_error_code(%rsp), %rcx
    movl  $0, 4(%rsp)
    SAVE_GPRS
    sti
    mov   CPUINFO_current(%rsp), %rdi
    mov   %rsp, %rsi
    call  pv_bounce_syscall32
    jmp   ret_to_guest
END syscall32_entry

/* SYSENTER tells neither rip nor rsp; its stack is TSS-less: MSR_SYSENTER_ESP
 * is the primary stack's top. Interrupts are off. */
FUNC sysenter_entry
    pushq $FLAT_USER_SS
    pushq $0
    pushfq
    orl   $0x200, (%rsp)
    pushq $3
    pushq $0
    pushq $0
    movl  $0, 4(%rsp)
    SAVE_GPRS
    btq   $14, REGS_rflags(%rsp)         /* NT would make iret fail */
    jnc   1f
    pushq $2
    popfq
1:  ASM_CLAC
    cld                                  /* SYSENTER leaves DF as it was */
    sti
    mov   CPUINFO_current(%rsp), %rdi
    mov   %rsp, %rsi
    call  pv_bounce_sysenter
    jmp   ret_to_guest
END sysenter_entry

/*
 * The same with all registers from the frame. Interrupts may be on. NMIs of the
 * guest are looked for here only: whoever has one for a vcpu that runs raises
 * GUEST_NMI_SOFTIRQ.
 */
FUNC ret_to_guest
    cli
    mov   CPUINFO_softirq_pending(%rsp), %rax
    cmpq  $0, (%rax)
    jne   1f
    mov   CPUINFO_current(%rsp), %rdi
    cmpb  $0, VCPU_nmi_pending(%rdi)
    jne   2f
.Lcheck_events:
    mov   VCPU_vcpu_info(%rdi), %rax
    movzwl (%rax), %eax
    dec   %eax
    cmp   $0xfe, %eax
    ja    restore_guest
    mov   %rsp, %rsi
    call  pv_bounce_event
    jmp   ret_to_guest
1:  sti
    call  do_softirq
    jmp   ret_to_guest
2:  sti
    mov   %rsp, %rsi
    call  pv_bounce_nmi
    test  %eax, %eax
    jnz   ret_to_guest
    cli
    mov   CPUINFO_softirq_pending(%rsp), %rax
    cmpq  $0, (%rax)                     /* interrupts were on */
    jne   1b
    mov   CPUINFO_current(%rsp), %rdi
    jmp   .Lcheck_events
END ret_to_guest

FUNC restore_guest
    XPTI_SITE xpti_exit
    cmpl  $FRAME_VECTOR_SYSCALL, REGS_vector(%rsp)
    jne   .Lrestore_iret
    mov   REGS_rip(%rsp), %rcx
    JUMP_IF_NOT_CANONICAL %rcx, %rax, .Lrestore_iret
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
    mov   REGS_rsp - REGS_error_code(%rsp), %rsp
    sysretq

.Lrestore_iret:
    RESTORE_GPRS
    add   $8, %rsp
iret_to_guest:
    iretq
    EXTABLE iret_to_guest, iret_fault

/* The guest's frame was not acceptable to IRET. The registers are the guest's
 * again, the frame lies where it was: make it whole and let C decide. */
iret_fault:
    sub   $8, %rsp
    SAVE_GPRS
    sti
    mov   CPUINFO_current(%rsp), %rdi
    mov   %rsp, %rsi
    call  pv_iret_fault
    jmp   ret_to_guest

/* The same from xpti_entry.S, which has pushed the vector. */
    .globl xpti_iret_refused
xpti_iret_refused:
    SAVE_GPRS
    mov   CPUINFO_current(%rsp), %rdi
    mov   %rsp, %rsi
    call  pv_iret_refused
    jmp   ret_to_guest
END restore_guest

/* An exception for which a guest's handler is called, whatever it is. */
FUNC trap_passed_on
    ASM_CLAC
    cld
    testb $3, REGS_cs - REGS_error_code(%rsp)
    jz    trap_common
    SAVE_CALLER_SAVED
    sub   $REGS_r11, %rsp
    mov   CPUINFO_current(%rsp), %rdi
    mov   %rsp, %rsi
    call  pv_bounce_trap
    jmp   ret_fast_as_framed
END trap_passed_on

/* The same with most page faults. */
FUNC page_fault
    ASM_CLAC
    cld
    testb $3, REGS_cs - REGS_error_code(%rsp)
    jz    trap_common
    SAVE_CALLER_SAVED
    sub   $REGS_r11, %rsp
    mov   CPUINFO_current(%rsp), %rdi
    mov   %rsp, %rsi
    call  pv_bounce_page_fault
    test  %al, %al
    jnz   ret_fast_as_framed
    STORE_CALLEE_SAVED
    mov   %rsp, %rdi
    call  handle_guest_trap
    jmp   ret_to_guest
END page_fault

/* Exceptions and interrupts: a frame with error code and vector, then C. */
FUNC trap_common
    ASM_CLAC
    cld
    SAVE_GPRS
    mov   %rsp, %rdi
    testb $3, REGS_cs(%rsp)
    jz    trap_in_xen
    call  handle_guest_trap
    jmp   ret_to_guest
trap_in_xen:
    call  handle_xen_trap
restore_xen:
    RESTORE_GPRS
    add   $8, %rsp
    iretq
END trap_common

FUNC irq_common
    ASM_CLAC
    cld
    SAVE_GPRS
    mov   %rsp, %rdi
    call  do_irq
    testb $3, REGS_cs(%rsp)
    jnz   ret_to_guest
    jmp   restore_xen
END irq_common

/*
 * #DB arrives on its own stack, because MOV SS holds one back until after the
 * following SYSCALL, when rsp is still the guest's. From a guest it moves to
 * the primary stack and is an ordinary trap.
 */
FUNC debug_common
    ASM_CLAC
    cld
    SAVE_GPRS
    testb $3, REGS_cs(%rsp)
    jz    1f
    mov   %rsp, %rsi
    mov   %rsp, %rdi
    or    $STACK_SIZE - 1, %rdi
    sub   $CPUINFO_SIZE - 1, %rdi
    mov   %rdi, %rdx
    mov   $REGS_SIZE / 8, %ecx
    rep movsq
    mov   %rdx, %rsp
    mov   %rsp, %rdi
    call  handle_guest_trap
    jmp   ret_to_guest
1:  mov   %rsp, %rdi
    call  handle_xen_debug
    jmp   restore_xen
END debug_common

/* NMI and machine check: handled where they are, nothing is rescheduled. */
FUNC nmi_common
    ASM_CLAC
    cld
    SAVE_GPRS
    mov   %rsp, %rdi
    call  handle_nmi
    testb $3, REGS_cs(%rsp)
    jz    restore_xen
    /* Another vcpu may have changed the descriptors meanwhile: back to a guest
     * only by the IRET that may fault. Its stack is empty, for a guest ran. */
    mov   %rsp, %rsi
    mov   %rsp, %rdi
    or    $STACK_SIZE - 1, %rdi
    sub   $CPUINFO_SIZE - 1, %rdi
    mov   %rdi, %rdx
    mov   $REGS_SIZE / 8, %ecx
    rep movsq
    mov   %rdx, %rsp
    XPTI_SITE xpti_exit
    .byte 0x0f, 0x1f, 0x44, 0, 0         /* nop of five bytes */
    jmp   .Lrestore_iret
END nmi_common

FUNC double_fault
    cld
    movl  $8, 4(%rsp)
    SAVE_GPRS
    mov   %rsp, %rdi
    call  handle_double_fault
    ud2
END double_fault

/* One stub per vector; those with an error code from the CPU push none. */
    .section .rodata.trap_entries, "a", @progbits
    .balign 8
    .globl trap_entries
trap_entries:
    .text
    .set vec, 0
    .rept 256
    .balign 16
7:
    .if vec == 8
    jmp   double_fault
    .else
    LOOK_AT_VECTOR vec
    .if !has_error_code
    pushq $0
    .endif
    movl  $vec, 4(%rsp)
    .if vec == 1
    jmp   debug_common
    .elseif (vec == 2) || (vec == 18)
    jmp   nmi_common
    .elseif (vec >= 32) && (vec != 0x80)
    jmp   irq_common
    .elseif vec == 14
    jmp   page_fault
    .elseif passed_on
    jmp   trap_passed_on
    .else
    jmp   trap_common
    .endif
    .endif
    .pushsection .rodata.trap_entries
    .quad 7b
    .popsection
    .set vec, vec + 1
    .endr

/* void switch_to_guest(void): forget this stack, enter the current vcpu. */
FUNC switch_to_guest
    or    $STACK_SIZE - 1, %rsp
    sub   $CPUINFO_SIZE - 1, %rsp
    jmp   ret_to_guest
END switch_to_guest

/* void switch_to_idle(void): forget this stack, run the idle loop. */
FUNC switch_to_idle
    or    $STACK_SIZE - 1, %rsp
    sub   $CPUINFO_SIZE - 1, %rsp
    and   $~15, %rsp
    call  idle_loop
    ud2
END switch_to_idle

    .section .note.GNU-stack, "", @progbits
