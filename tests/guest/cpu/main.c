/* SPDX-License-Identifier: MIT */
/*
 * Traps of the guest kernel: which vector, which frame, which flags; tables,
 * callbacks and debug registers with wrong arguments.
 */
#include "public/callback.h"

#include "guest.h"

#define NON_CANONICAL 0x800000000000UL

static const struct trap *trap;

static void test_vectors(void)
{
    uint64_t zero = 0;

    CHECK_EQ("ud2", TRAP_OF_INSN("ud2"), TRAP_UD);
    CHECK_EQ("divide_by_zero",
             TRAP_OF_INSN("divq %0",
                          : "+r"(zero)
                          :
                          : "rax", "rdx"),
             TRAP_DE);
    CHECK_EQ("hlt", TRAP_OF_INSN("hlt"), TRAP_GP);
    CHECK_EQ("error_code_of_hlt", trap->regs.error, 0);
    CHECK_EQ("non_canonical_read", try_read(NON_CANONICAL), TRAP_GP);
    CHECK_EQ("null_read", try_read(0), TRAP_PF);
}

/* Goes on behind an instruction that lies before rip in the frame. */
static bool step_over(struct regs *regs)
{
    return regs->vector == TRAP_BP || regs->vector == 0x80 ||
           regs->vector == TRAP_DB;
}

/* The same for an int that may have been refused. */
static bool step_over_int(struct regs *regs)
{
    if (regs->vector == TRAP_GP)
        regs->rip += 2;
    return true;
}

static void test_int3(void)
{
    uint64_t after;

    trap_clear();
    trap_set_hook(step_over);
    __asm__ volatile("int3\n 1: leaq 1b(%%rip), %0" : "=r"(after));
    CHECK_EQ("int3", trap->regs.vector, TRAP_BP);
    CHECK_EQ("int3_leaves_rip_behind_it", trap->regs.rip, after);
    trap_clear();
    __asm__ volatile("int $0x80\n 1: leaq 1b(%%rip), %0" : "=r"(after));
    CHECK_EQ("int_80_of_a_gate_for_users", trap->regs.vector, 0x80);
    CHECK_EQ("int_80_leaves_rip_behind_it", trap->regs.rip, after);
    trap_clear();
    __asm__ volatile("int $3\n 1: leaq 1b(%%rip), %0" : "=r"(after));
    CHECK_EQ("int_3_in_two_bytes", trap->regs.vector, TRAP_BP);
    CHECK_EQ("int_3_in_two_bytes_leaves_rip_behind_it", trap->regs.rip, after);
    trap_set_hook(NULL);
}

/* Any vector may be given to users. QEMU may name another in the error code. */
static void test_int_n(void)
{
    static struct trap_info row[2] = {{.vector = 0x90, .flags = 3}};

    row[0].cs = FLAT_KERNEL_CS;
    row[0].address = (uint64_t)vector_stubs + 0x90 * VECTOR_STUB_SIZE;
    CHECK_EQ("gate_for_users", hypercall(__HYPERVISOR_set_trap_table, row), 0);
    trap_set_hook(step_over_int);
    trap_clear();
    __asm__ volatile("int $0x90");
    trap_set_hook(NULL);
    if (trap->regs.vector == TRAP_GP && trap->regs.error == 0x90 * 16 + 2)
        check_skip("int_of_a_gate_for_users", "this QEMU names another vector");
    else
        CHECK_EQ("int_of_a_gate_for_users", trap->regs.vector, 0x90);
}

static void test_frame(void)
{
    uint64_t rsp, rip;

    trap_clear();
    __asm__ volatile("movq %%rsp, %0\n"
                     "leaq 1f(%%rip), %1\n"
                     ".pushsection .fixups, \"a\"\n"
                     ".quad 1f, 2f\n"
                     ".popsection\n"
                     "stc\n"
                     "1: ud2\n"
                     "2:"
                     : "=&r"(rsp), "=&r"(rip)
                     :
                     : "memory", "cc");
    CHECK_EQ("rip_of_the_frame", trap->regs.rip, rip);
    CHECK_EQ("rsp_of_the_frame", trap->regs.rsp, rsp);
    CHECK_EQ("carry_flag_of_the_frame", trap->regs.rflags & 1, 1);
    CHECK_EQ("interrupts_are_on_in_the_frame_while_events_are_not_masked",
             trap->regs.rflags & RFLAGS_IF,
             vcpu_info(0)->evtchn_upcall_mask ? 0 : RFLAGS_IF);
    CHECK_EQ("iopl_is_hidden", trap->regs.rflags & 0x3000, 0);
    CHECK_EQ("cs_of_the_kernel_has_rpl_0", trap->regs.cs & 0xffff,
             FLAT_KERNEL_CS & ~3);
    CHECK_EQ("ss_of_the_frame", trap->regs.ss | 3, FLAT_KERNEL_SS);
}

static void test_event_mask_in_frame(void)
{
    event_enable();
    TRAP_OF_INSN("ud2");
    CHECK_EQ("if_is_set_when_events_are_allowed", trap->regs.rflags & RFLAGS_IF,
             RFLAGS_IF);
    CHECK_EQ("saved_mask_is_clear", trap->regs.cs >> 32 & 0xff, 0);
    event_disable();
    TRAP_OF_INSN("ud2");
    CHECK_EQ("if_is_clear_when_events_are_masked",
             trap->regs.rflags & RFLAGS_IF, 0);
    CHECK_EQ("saved_mask_is_set", trap->regs.cs >> 32 & 0xff, 1);
    CHECK_EQ("mask_is_back_after_iret", vcpu_info(0)->evtchn_upcall_mask, 1);
    event_enable();
    TRAP_OF_INSN("ud2");
    CHECK_EQ("mask_is_clear_after_iret", vcpu_info(0)->evtchn_upcall_mask, 0);
    event_disable();
}

/* Set a flag, trap, and look at the frame and at the handler's own flags. */
static uint64_t handler_flags;

static bool look_at_flags(struct regs *regs)
{
    __asm__ volatile("pushfq\n popq %0" : "=r"(handler_flags));
    if (regs->vector == TRAP_UD)
        regs->rip += 2;
    regs->rflags &= ~(RFLAGS_TF | RFLAGS_NT | RFLAGS_AC);
    return true;
}

static void check_flag(const char *name, uint64_t flag)
{
    trap_clear();
    trap_set_hook(look_at_flags);
    __asm__ volatile("pushfq\n"
                     "orq %0, (%%rsp)\n"
                     "popfq\n"
                     "ud2\n"
                     :
                     : "r"(flag)
                     : "memory", "cc");
    trap_set_hook(NULL);
    CHECK_EQ(name, trap->regs.rflags & flag, flag);
    CHECK_EQ("flag_is_clear_in_the_handler", handler_flags & flag, 0);
}

static void test_flags(void)
{
    check_flag("nested_task_flag", RFLAGS_NT);
    check_flag("alignment_check_flag", RFLAGS_AC);
}

static void test_single_step(void)
{
    trap_clear();
    trap_set_hook(look_at_flags);
    __asm__ volatile("pushfq\n"
                     "orq $0x100, (%%rsp)\n"
                     "popfq\n"
                     "nop\n"
                     "nop\n"
                     :
                     :
                     : "memory", "cc");
    trap_set_hook(NULL);
    CHECK_EQ("trap_flag_steps_one_instruction", trap->regs.vector, TRAP_DB);
    CHECK_EQ("trap_flag_steps_once", trap->count, 1);
    CHECK_EQ("trap_flag_is_clear_in_the_handler", handler_flags & RFLAGS_TF, 0);
    CHECK_EQ("dr6_tells_of_a_step",
             hypercall(__HYPERVISOR_get_debugreg, 6) & 0x4000, 0x4000);
}

/* Bad frames of iret: the target faults, not the hypervisor. */
static bool iret_recover(struct regs *regs)
{
    extern uint8_t iret_resume[];

    regs->rip = (uint64_t)iret_resume;
    regs->cs = FLAT_KERNEL_CS & ~3UL;
    regs->ss = FLAT_KERNEL_SS;
    regs->rsp = trap->regs.rbx;
    regs->rflags &= ~(RFLAGS_TF | RFLAGS_NT | RFLAGS_AC);
    return true;
}

/* The stack pointer to go on with stays in rbx. */
__attribute__((noinline)) static void iret_to(uint64_t cs, uint64_t rip,
                                              uint64_t rflags, uint64_t ss)
{
    uint64_t top;

    trap_clear();
    trap_set_hook(iret_recover);
    __asm__ volatile("movq %%rsp, %%rbx\n"
                     "leaq iret_resume(%%rip), %0\n"
                     "testq %2, %2\n"
                     "cmovzq %0, %2\n"
                     "pushq %4\n"
                     "pushq %%rbx\n"
                     "pushq %3\n"
                     "pushq %1\n"
                     "pushq %2\n"
                     "pushq $0\n"
                     "pushq $0\n"
                     "pushq $0\n"
                     "pushq $0\n"
                     "movl $23, %%eax\n"
                     "syscall\n"
                     ".globl iret_resume\n"
                     "iret_resume: movq %%rbx, %%rsp\n"
                     : "=&r"(top)
                     : "r"(cs), "r"(rip), "r"(rflags), "r"(ss)
                     : "rax", "rbx", "rcx", "r11", "memory", "cc");
    trap_set_hook(NULL);
    (void)top;
}

static void test_iret(void)
{
    uint64_t cs = FLAT_KERNEL_CS & ~3UL, ss = FLAT_KERNEL_SS;

    iret_to(cs, 0, RFLAGS_IF, ss);
    CHECK_EQ("iret", trap->count, 0);
    CHECK_EQ("iret_sets_the_mask_by_if", vcpu_info(0)->evtchn_upcall_mask, 0);
    iret_to(cs, 0, 0, ss);
    CHECK_EQ("iret_without_if", trap->count, 0);
    CHECK_EQ("iret_without_if_masks_events", vcpu_info(0)->evtchn_upcall_mask,
             1);
    iret_to(cs, 0, RFLAGS_IF | 0x3000 | 1UL << 17 | RFLAGS_NT, ss);
    CHECK_EQ("iret_with_iopl_vm_and_nt", trap->count, 0);
    event_disable();
    iret_to(cs, NON_CANONICAL, 0, ss);
    CHECK_EQ("iret_to_a_non_canonical_address", trap->regs.vector, TRAP_GP);
    iret_to(cs, 0x10, 0, ss);
    CHECK_EQ("iret_to_nowhere", trap->regs.vector, TRAP_PF);
    CHECK_EQ("cr2_of_iret_to_nowhere", trap->cr2, 0x10);
    iret_to(0x1230, 0, 0, ss);
    CHECK_EQ("iret_with_a_bad_cs", trap->regs.vector, TRAP_GP);
    iret_to(cs, 0, 0, 0x1230);
    CHECK("iret_with_a_bad_ss",
          trap->regs.vector == TRAP_GP || trap->regs.vector == TRAP_SS);
    iret_to(FLAT_KERNEL_SS & ~3UL, 0, 0, ss);
    CHECK_EQ("iret_with_data_as_cs", trap->regs.vector, TRAP_GP);
    iret_to(0xe008, 0, 0, ss);
    CHECK_EQ("iret_with_the_hypervisors_cs", trap->regs.vector, TRAP_GP);
}

static void test_trap_table(void)
{
    static struct trap_info bad[2] = {
        {.vector = 200, .cs = FLAT_KERNEL_CS, .address = NON_CANONICAL}};

    CHECK_EQ("trap_table_from_nowhere",
             hypercall(__HYPERVISOR_set_trap_table, 0x10), -XEN_EFAULT);
    CHECK_EQ("trap_table_in_the_hypervisor",
             hypercall(__HYPERVISOR_set_trap_table, HYPERVISOR_VIRT_START),
             -XEN_EFAULT);
    CHECK_EQ("trap_entry_to_a_non_canonical_address",
             hypercall(__HYPERVISOR_set_trap_table, bad), -XEN_EINVAL);
    CHECK_EQ("trap_table_again",
             hypercall(__HYPERVISOR_set_trap_table, trap_table()), 0);
}

static long callback(unsigned int type, uint64_t address)
{
    struct callback_register reg = {.type = (uint16_t)type,
                                    .flags = CALLBACKF_mask_events,
                                    .address = address};

    return hypercall(__HYPERVISOR_callback_op, CALLBACKOP_register, &reg);
}

static unsigned int nr_nmis;

static bool count_nmi(struct regs *regs)
{
    nr_nmis += regs->vector == TRAP_NMI;
    return regs->vector == TRAP_NMI;
}

/* It waits for its handler, and comes with the call that gives it one. */
static void test_nmi_before_its_handler(void)
{
    unsigned int seen;
    long cleared, sent, set;

    trap_set_hook(count_nmi);
    cleared = hypercall(__HYPERVISOR_set_trap_table, NULL);
    sent = hypercall(__HYPERVISOR_vcpu_op, VCPUOP_send_nmi, 0, NULL);
    seen = nr_nmis;
    set = hypercall(__HYPERVISOR_set_trap_table, trap_table());
    seen = seen ? 99 : nr_nmis;
    trap_set_hook(NULL);
    CHECK_EQ("no_handlers", cleared, 0);
    CHECK_EQ("nmi_to_itself", sent, 0);
    CHECK_EQ("handlers_again", set, 0);
    CHECK_EQ("nmi_comes_with_its_handler", seen, 1);
}

static void test_callbacks(void)
{
    struct callback_unregister unregister = {.type = CALLBACKTYPE_nmi};

    CHECK_EQ("callback_event",
             callback(CALLBACKTYPE_event, (uint64_t)event_entry), 0);
    CHECK_EQ("callback_syscall32",
             callback(CALLBACKTYPE_syscall32, (uint64_t)syscall32_entry), 0);
    CHECK_EQ("callback_sysenter",
             callback(CALLBACKTYPE_sysenter, (uint64_t)sysenter_entry), 0);
    CHECK_EQ("callback_nmi", callback(CALLBACKTYPE_nmi, (uint64_t)nmi_entry),
             0);
    CHECK_EQ(
        "callback_nmi_off",
        hypercall(__HYPERVISOR_callback_op, CALLBACKOP_unregister, &unregister),
        0);
    unregister.type = CALLBACKTYPE_event;
    CHECK_EQ(
        "callback_event_cannot_be_taken_away",
        hypercall(__HYPERVISOR_callback_op, CALLBACKOP_unregister, &unregister),
        -XEN_EINVAL);
    CHECK_EQ("callback_to_a_non_canonical_address",
             callback(CALLBACKTYPE_event, NON_CANONICAL), -XEN_EINVAL);
    CHECK_EQ("callback_of_an_unknown_type", callback(99, 0), -XEN_ENOSYS);
    CHECK_EQ("callback_from_nowhere",
             hypercall(__HYPERVISOR_callback_op, CALLBACKOP_register, 0x10),
             -XEN_EFAULT);
    CHECK_EQ("unknown_callback_operation",
             hypercall(__HYPERVISOR_callback_op, 99, &unregister), -XEN_ENOSYS);
}

static long set_debugreg(unsigned int reg, uint64_t value)
{
    return hypercall(__HYPERVISOR_set_debugreg, reg, value);
}

static void test_debug_registers(void)
{
    static uint64_t watched;

    CHECK_EQ("dr0_to_a_guest_address", set_debugreg(0, (uint64_t)&watched), 0);
    CHECK_EQ("dr0_reads_back", hypercall(__HYPERVISOR_get_debugreg, 0),
             (uint64_t)&watched);
    CHECK_EQ("dr0_in_the_hypervisor",
             set_debugreg(0, HYPERVISOR_VIRT_START + 0x1000), -XEN_EPERM);
    CHECK_EQ("dr0_just_before_the_hypervisor",
             set_debugreg(0, HYPERVISOR_VIRT_START - 1), -XEN_EPERM);
    CHECK_EQ("dr0_is_unchanged", hypercall(__HYPERVISOR_get_debugreg, 0),
             (uint64_t)&watched);
    CHECK_EQ("dr4_is_dr6_without_debugging_extensions", set_debugreg(4, 0), 0);
    CHECK_EQ("dr8", set_debugreg(8, 0), -XEN_ENODEV);
    CHECK_EQ("dr8_read", hypercall(__HYPERVISOR_get_debugreg, 8), -XEN_ENODEV);
    CHECK_EQ("dr7_with_general_detect", set_debugreg(7, 1 << 13), -XEN_EPERM);
    CHECK_EQ("dr7_with_high_bits", set_debugreg(7, 1UL << 32), -XEN_EINVAL);
    CHECK_EQ("dr6_with_high_bits", set_debugreg(6, 1UL << 32), -XEN_EINVAL);
    set_debugreg(6, 0);
    CHECK_EQ("dr7_for_writes_of_8_bytes", set_debugreg(7, 0x90001 | 0x300), 0);
    trap_clear();
    trap_set_hook(look_at_flags);
    WRITE_ONCE(watched, 5);
    barrier();
    CHECK_EQ("watched_write", trap->regs.vector, TRAP_DB);
    CHECK_EQ("dr6_tells_of_the_watch",
             hypercall(__HYPERVISOR_get_debugreg, 6) & 15, 1);
    trap_set_hook(NULL);
    CHECK_EQ("dr7_off", set_debugreg(7, 0), 0);
    CHECK_EQ("dr0_off", set_debugreg(0, 0), 0);
}

static void test_vm_assist(void)
{
    static const unsigned int valid[] = {0, 1, 2, 3, 4, 5, 32};

    for (unsigned int i = 0; i < ARRAY_SIZE(valid); i++)
        CHECK_EQ("vm_assist_on",
                 hypercall(__HYPERVISOR_vm_assist, VMASST_CMD_enable, valid[i]),
                 0);
    CHECK_EQ("vm_assist_off",
             hypercall(__HYPERVISOR_vm_assist, VMASST_CMD_disable,
                       VMASST_TYPE_architectural_iopl),
             0);
    hypercall(__HYPERVISOR_vm_assist, VMASST_CMD_disable,
              VMASST_TYPE_m2p_strict);
    CHECK_EQ("vm_assist_of_an_unknown_type",
             hypercall(__HYPERVISOR_vm_assist, VMASST_CMD_enable, 6),
             -XEN_EINVAL);
    CHECK_EQ("vm_assist_of_a_huge_type",
             hypercall(__HYPERVISOR_vm_assist, VMASST_CMD_enable, 64),
             -XEN_EINVAL);
    CHECK_EQ("vm_assist_of_an_unknown_command",
             hypercall(__HYPERVISOR_vm_assist, 2, 0), -XEN_ENOSYS);
}

static void test_segment_bases(void)
{
    static uint64_t there = 0x1122334455667788;
    uint64_t value;

    CHECK_EQ("fs_base",
             hypercall(__HYPERVISOR_set_segment_base, SEGBASE_FS, &there), 0);
    __asm__ volatile("movq %%fs:0, %0" : "=r"(value));
    CHECK_EQ("fs_base_is_used", value, there);
    CHECK_EQ(
        "gs_base",
        hypercall(__HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL, &there), 0);
    __asm__ volatile("movq %%gs:0, %0" : "=r"(value));
    CHECK_EQ("gs_base_is_used", value, there);
    CHECK_EQ("user_gs_base",
             hypercall(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER, 0x1000),
             0);
    __asm__ volatile("movq %%gs:0, %0" : "=r"(value));
    CHECK_EQ("user_gs_base_is_not_the_kernels", value, there);
    CHECK_EQ(
        "fs_base_that_is_not_canonical",
        hypercall(__HYPERVISOR_set_segment_base, SEGBASE_FS, NON_CANONICAL),
        -XEN_EINVAL);
    CHECK_EQ("gs_base_that_is_not_canonical",
             hypercall(__HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL,
                       NON_CANONICAL),
             -XEN_EINVAL);
    CHECK_EQ("user_gs_selector",
             hypercall(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER_SEL, 0),
             0);
    CHECK_EQ(
        "bad_user_gs_selector",
        hypercall(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER_SEL, 0x1233),
        0);
    CHECK_EQ("unknown_segment_base",
             hypercall(__HYPERVISOR_set_segment_base, 4, 0), -XEN_EINVAL);
}

void test_main(void)
{
    trap = trap_last();
    test_vectors();
    test_int3();
    test_int_n();
    test_frame();
    test_event_mask_in_frame();
    test_flags();
    test_single_step();
    test_iret();
    test_trap_table();
    test_nmi_before_its_handler();
    test_callbacks();
    test_debug_registers();
    test_vm_assist();
    test_segment_bases();
}
