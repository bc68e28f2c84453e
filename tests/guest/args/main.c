/* SPDX-License-Identifier: MIT */
/*
 * Every hypercall and every command of it with arguments that are all wrong in
 * the same way. None may succeed in harming: the kernel lives on, and the
 * audit that follows finds nothing.
 */
#include "guest.h"

struct call {
    const char *name;
    unsigned int nr;
    int first, last; /* commands, in the first argument; -1: there is none */
};

/* Left out: iret and what ends the machine (shutdown, suspend, reboot). */
static const struct call calls[] = {
    {"set_trap_table", __HYPERVISOR_set_trap_table, -1, -1},
    {"set_gdt", __HYPERVISOR_set_gdt, -1, -1},
    {"multicall", __HYPERVISOR_multicall, -1, -1},
    {"mmu_update", __HYPERVISOR_mmu_update, -1, -1},
    {"mmuext_op", __HYPERVISOR_mmuext_op, -1, -1},
    {"platform_op", __HYPERVISOR_platform_op, -1, -1},
    {"sysctl", __HYPERVISOR_sysctl, -1, -1},
    {"domctl", __HYPERVISOR_domctl, -1, -1},
    {"memory_op", __HYPERVISOR_memory_op, 0, 63},
    {"xen_version", __HYPERVISOR_xen_version, 1, 12},
    {"grant_table_op", __HYPERVISOR_grant_table_op, 0, 13},
    {"vcpu_op", __HYPERVISOR_vcpu_op, 0, 0},
    {"callback_op", __HYPERVISOR_callback_op, 0, 2},
    {"event_channel_op", __HYPERVISOR_event_channel_op, 0, 14},
    {"physdev_op", __HYPERVISOR_physdev_op, 4, 33},
    {"sched_op", __HYPERVISOR_sched_op, 2, 8},
    {"hvm_op", __HYPERVISOR_hvm_op, 0, 30},
    {"xsm_op", __HYPERVISOR_xsm_op, -1, -1},
    {"nmi_op", __HYPERVISOR_nmi_op, 0, 0},
    {"kexec_op", __HYPERVISOR_kexec_op, 0, 6},
    {"xenpmu_op", __HYPERVISOR_xenpmu_op, 0, 6},
    {"dm_op", __HYPERVISOR_dm_op, -1, -1},
    {"argo_op", __HYPERVISOR_argo_op, 1, 5},
    {"hypfs_op", __HYPERVISOR_hypfs_op, 0, 4},
};

static const uint64_t pointers[] = {
    0x10,                  /* not mapped */
    0x800000000000,        /* not canonical */
    0xffff7ffffffffff8,    /* not canonical, ends in the hypervisor */
    HYPERVISOR_VIRT_START, /* the M2P, which may be read */
    HYPERVISOR_VIRT_START + (1UL << 42), /* the hypervisor */
    HYPERVISOR_VIRT_END - 8,
    ~0UL - 7, /* wraps */
};

static const uint64_t counts[] = {1, 0x7fffffff, 0xffffffff, ~0UL >> 3, ~0UL};

/* Calls with a command take their pointer in the second argument. */
static long call_with(const struct call *call, int cmd, uint64_t pointer,
                      uint64_t count)
{
    if (cmd < 0)
        return hypercall(call->nr, pointer, count, 0, DOMID_SELF);
    if (call->nr == __HYPERVISOR_vcpu_op)
        return hypercall(call->nr, cmd, 0, pointer);
    return hypercall(call->nr, cmd, pointer, count);
}

/* Calls that give a count, or whose argument is no pointer. */
static bool may_be_positive(const struct call *call, int cmd)
{
    return call->nr == __HYPERVISOR_memory_op && cmd >= 0;
}

static void check_call(const struct call *call)
{
    unsigned int nr = 0, good = 0;

    for (int cmd = call->first; cmd <= call->last; cmd++)
        for (unsigned int i = 0; i < ARRAY_SIZE(pointers); i++)
            for (unsigned int j = 0; j < ARRAY_SIZE(counts); j++) {
                long rc = call_with(call, cmd, pointers[i], counts[j]);

                nr++;
                if (rc > 0 && !may_be_positive(call, cmd))
                    good++;
            }
    printf("note: %s survived %u calls\n", call->name, nr);
    CHECK_EQ(call->name, good, 0);
}

/* Each vcpu operation that takes a structure. */
static void test_vcpu_op(void)
{
    static const int commands[] = {0, 4, 5, 6, 8, 10, 12, 13, 14, 99};

    for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++)
        for (unsigned int j = 0; j < ARRAY_SIZE(pointers); j++) {
            uint64_t pointer = pointers[j];

            /* The M2P may be read: it holds some arguments. */
            if (pointer == HYPERVISOR_VIRT_START)
                continue;
            CHECK("vcpu_op_with_a_bad_pointer",
                  hypercall(__HYPERVISOR_vcpu_op, commands[i], 0, pointer) < 0);
        }
}

/* Arguments of the calls that take numbers. */
static void test_numbers(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(pointers); i++) {
        CHECK("update_va_mapping_anywhere",
              update_va_mapping(pointers[i], pointers[i], pointers[i]) < 0);
        CHECK("update_descriptor_anywhere",
              hypercall(__HYPERVISOR_update_descriptor, pointers[i],
                        pointers[i]) < 0);
        CHECK("pin_anywhere", mmuext(MMUEXT_PIN_L4_TABLE, pointers[i]) < 0);
        CHECK("set_ldt_anywhere",
              mmuext2(MMUEXT_SET_LDT, pointers[i] & ~0xfffUL, 9000) < 0);
        CHECK("console_write_from_anywhere",
              hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, 16,
                        0x800000000000) < 0);
    }
    CHECK("console_command", hypercall(__HYPERVISOR_console_io, 99, 1, 0) < 0);
}

/* Structures full of ones: every number in them is out of range. */
static void test_ones(void)
{
    static uint64_t ones[1024];

    for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
        const struct call *call = &calls[i];

        /* A kexec image of ones may well end the machine. */
        if (call->nr == __HYPERVISOR_kexec_op)
            continue;
        for (int cmd = call->first; cmd <= call->last; cmd++) {
            /* sched_op 2 and 5 would end the machine or name a reason. */
            if (call->nr == __HYPERVISOR_sched_op && (cmd == 2 || cmd == 5))
                continue;
            memset(ones, 0xff, sizeof(ones));
            call_with(call, cmd, (uint64_t)ones, 1);
        }
    }
    CHECK("the_kernel_survives_arguments_full_of_ones", true);
}

void test_main(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++)
        check_call(&calls[i]);
    test_vcpu_op();
    test_numbers();
    test_ones();
    CHECK_EQ("the_hypervisor_still_answers",
             hypercall(__HYPERVISOR_xen_version, XENVER_version, NULL),
             4 << 16 | 17);
}
