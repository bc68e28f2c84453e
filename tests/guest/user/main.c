/* SPDX-License-Identifier: MIT */
/* Guest user mode: how it is entered and left, and what it may not do. */
#include "public/callback.h"
#include "public/physdev.h"

#include "guest.h"

#define USER_VA 0x200000000UL

static struct table_tree tree;
static uint64_t stack; /* end of the user page */

/* Code of user mode; it is copied to a page that user mode can see. */
extern const uint8_t user_code[], user_syscall[], user_ud2[], user_cli[];
extern const uint8_t user_int80[], user_hlt[], user_kernel[], user_in[];
extern const uint8_t user_rdmsr[], user_code_end[], user_step[], user_int81[];

__asm__(".section .rodata\n"
        "user_code:\n"
        "user_syscall: movq $77, %rax\n syscall\n nop\n"
        "user_ud2: ud2\n"
        "user_cli: cli\n"
        "user_hlt: hlt\n"
        "user_int80: int $0x80\n nop\n"
        "user_int81: int $0x81\n nop\n"
        "user_in: inb $0x71, %al\n"
        "user_rdmsr: movl $0xc0000101, %ecx\n rdmsr\n"
        "user_kernel: movq 0xffffffff80100000, %rax\n"
        "user_step: nop\n nop\n ud2\n"
        "user_code_end:\n"
        ".text\n");

static const struct trap *run(const uint8_t *code)
{
    return user_run(USER_VA + (uint64_t)(code - user_code), stack, 0);
}

static void test_system_call(void)
{
    const struct trap *trap = run(user_syscall);

    CHECK_EQ("syscall_of_user_mode", trap->regs.vector, VECTOR_SYSCALL);
    CHECK_EQ("syscall_number_is_in_rax", trap->regs.rax, 77);
    CHECK_EQ("syscall_leaves_rip_behind_it", trap->regs.rip,
             USER_VA + (uint64_t)(user_ud2 - user_code) - 1);
    CHECK_EQ("syscall_keeps_rsp", trap->regs.rsp, stack);
    CHECK_EQ("syscall_comes_from_ring_3", trap->regs.cs & 3, 3);
}

static void check_trap(const char *name, const uint8_t *code, uint64_t vector)
{
    const struct trap *trap = run(code);

    CHECK_EQ(name, trap->regs.vector, vector);
    CHECK_EQ("trap_comes_from_ring_3", trap->regs.cs & 3, 3);
    CHECK_EQ("trap_keeps_rsp", trap->regs.rsp, stack);
}

static void test_traps(void)
{
    check_trap("ud2_of_user_mode", user_ud2, TRAP_UD);
    check_trap("cli_of_user_mode", user_cli, TRAP_GP);
    check_trap("hlt_of_user_mode", user_hlt, TRAP_GP);
    check_trap("int_80_of_user_mode", user_int80, 0x80);
    check_trap("int_81_of_user_mode", user_int81, TRAP_GP);
    check_trap("in_of_user_mode", user_in, TRAP_GP);
    check_trap("rdmsr_of_user_mode", user_rdmsr, TRAP_GP);
}

static void test_kernel_address(void)
{
    const struct trap *trap = run(user_kernel);

    CHECK_EQ("kernel_address_of_user_mode", trap->regs.vector, TRAP_PF);
    CHECK_EQ("error_code_says_user_mode", trap->regs.error & 4, 4);
    CHECK_EQ("cr2_of_user_mode", trap->cr2, VIRT_BASE + 0x100000);
}

static void test_bad_frames(void)
{
    const struct trap *trap = user_run(0x1000, stack, 0);
    struct iret_context frame = {.rip = USER_VA,
                                 .cs = 0x1233,
                                 .rflags = RFLAGS_IF,
                                 .rsp = stack,
                                 .ss = FLAT_USER_SS};

    CHECK_EQ("user_mode_at_nowhere", trap->regs.vector, TRAP_PF);
    CHECK_EQ("instruction_fetch_says_user_mode", trap->regs.error & 4, 4);
    trap = user_run(0x800000000000, stack, 0);
    CHECK_EQ("user_mode_at_a_non_canonical_address", trap->regs.vector,
             TRAP_GP);
    trap = user_run_frame(&frame);
    CHECK_EQ("user_mode_with_a_bad_cs", trap->regs.vector, TRAP_GP);
    frame.cs = FLAT_USER_CS;
    frame.ss = 0x1233;
    trap = user_run_frame(&frame);
    CHECK("user_mode_with_a_bad_ss",
          trap->regs.vector == TRAP_GP || trap->regs.vector == TRAP_SS);
}

static void test_sysret_path(void)
{
    struct iret_context frame = {.flags = VGCF_in_syscall,
                                 .rip = USER_VA,
                                 .cs = FLAT_USER_CS,
                                 .rflags = RFLAGS_IF,
                                 .rsp = stack,
                                 .ss = FLAT_USER_SS};

    CHECK_EQ("return_by_sysret", user_run_frame(&frame)->regs.vector,
             VECTOR_SYSCALL);
    frame.rip = 0x800000000000;
    CHECK_EQ("sysret_to_a_non_canonical_address",
             user_run_frame(&frame)->regs.vector, TRAP_GP);
}

/* A batch that leaves kernel mode ends there: user mode makes no hypercalls. */
static void test_batch_with_iret(void)
{
    static struct multicall_entry batch[2] = {
        {.op = __HYPERVISOR_iret},
        {.op = __HYPERVISOR_xen_version, .result = 0x5a5a, .args = {7}}};
    struct iret_context frame = {.rip = USER_VA,
                                 .cs = FLAT_USER_CS,
                                 .rflags = RFLAGS_IF,
                                 .rsp = stack,
                                 .ss = FLAT_USER_SS};
    const struct trap *trap =
        user_run_by(&frame, __HYPERVISOR_multicall, batch, 2);

    CHECK_EQ("iret_in_a_batch_reaches_user_mode", trap->regs.vector,
             VECTOR_SYSCALL);
    CHECK_EQ("entries_behind_an_iret_do_not_run", batch[1].result, 0x5a5a);
}

static void test_single_step(void)
{
    const struct trap *trap =
        user_run(USER_VA + (uint64_t)(user_step - user_code), stack, RFLAGS_TF);

    CHECK_EQ("single_step_of_user_mode", trap->regs.vector, TRAP_DB);
    CHECK_EQ("single_step_is_one_instruction", trap->regs.rip,
             USER_VA + (uint64_t)(user_step - user_code) + 1);
}

/* An I/O bitmap lets user mode at ports. */
static void test_io_bitmap(void)
{
    static uint8_t bits[8192];
    struct physdev_set_iobitmap op = {.bitmap = (uint64_t)bits,
                                      .nr_ports = 65536};
    const struct trap *trap;

    memset(bits, 0xff, sizeof(bits));
    bits[0x71 / 8] &= (uint8_t) ~(1 << 0x71 % 8);
    hypercall(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap, &op);
    trap = run(user_in);
    CHECK_EQ("in_of_a_port_in_the_bitmap_goes_on_to_rdmsr", trap->regs.rip,
             USER_VA + (uint64_t)(user_rdmsr - user_code) + 5);
    op.nr_ports = 0;
    hypercall(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap, &op);
}

void test_main(void)
{
    tree_build(&tree, USER_VA);
    memcpy(tree.page, user_code, (size_t)(user_code_end - user_code));
    stack = USER_VA + PAGE_SIZE;
    REQUIRE("user_tables_are_pinned",
            mmuext(MMUEXT_PIN_L4_TABLE, va_to_mfn(tree.l4)) == 0);
    REQUIRE("user_tables",
            mmuext(MMUEXT_NEW_USER_BASEPTR, va_to_mfn(tree.l4)) == 0);
    test_system_call();
    test_traps();
    test_kernel_address();
    test_bad_frames();
    test_sysret_path();
    test_batch_with_iret();
    test_single_step();
    test_io_bitmap();
    CHECK_EQ("user_tables_off", mmuext(MMUEXT_NEW_USER_BASEPTR, 0), 0);
    CHECK_EQ("user_tables_are_unpinned",
             mmuext(MMUEXT_UNPIN_TABLE, va_to_mfn(tree.l4)), 0);
    tree_free(&tree);
}
