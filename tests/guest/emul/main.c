/* SPDX-License-Identifier: MIT */
/* Privileged instructions: which are carried out, which are refused. */
#include "public/physdev.h"

#include "guest.h"

#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_LSTAR          0xc0000082
#define MSR_EFER           0xc0000080
#define MSR_APIC_BASE      0x1b
#define MSR_PAT            0x277
#define MSR_MCG_CAP        0x179
#define MSR_TSC            0x10

#define CR0_TS             8UL
#define CR4_TSD            4UL
#define CR4_DE             8UL
#define CR4_OSXSAVE        (1UL << 18)
#define CR4_FSGSBASE       (1UL << 16)

static uint64_t rdmsr(uint32_t msr, uint64_t *value_out)
{
    uint32_t low = 0, high = 0;
    uint64_t vector = TRAP_OF_INSN("rdmsr", : "+a"(low), "+d"(high) : "c"(msr));

    *value_out = (uint64_t)high << 32 | low;
    return vector;
}

static uint64_t wrmsr(uint32_t msr, uint64_t value)
{
    return TRAP_OF_INSN("wrmsr",
                        :
                        : "c"(msr), "a"((uint32_t)value),
                          "d"((uint32_t)(value >> 32)));
}

static void check_msr(const char *name, uint32_t msr, uint64_t expected)
{
    uint64_t value;

    CHECK_EQ(name, rdmsr(msr, &value), TRAP_NONE);
    CHECK_EQ(name, value, expected);
}

static void test_msrs(void)
{
    uint64_t value;

    CHECK_EQ("write_gs_base", wrmsr(MSR_GS_BASE, 0x123000), TRAP_NONE);
    check_msr("gs_base", MSR_GS_BASE, 0x123000);
    CHECK_EQ("write_fs_base", wrmsr(MSR_FS_BASE, 0x456000), TRAP_NONE);
    check_msr("fs_base", MSR_FS_BASE, 0x456000);
    CHECK_EQ("write_user_gs_base", wrmsr(MSR_KERNEL_GS_BASE, 0x789000),
             TRAP_NONE);
    check_msr("user_gs_base", MSR_KERNEL_GS_BASE, 0x789000);
    check_msr("gs_base_is_another", MSR_GS_BASE, 0x123000);
    CHECK_EQ("gs_base_that_is_not_canonical",
             wrmsr(MSR_GS_BASE, 0x800000000000), TRAP_GP);
    check_msr("apic_base", MSR_APIC_BASE, 0xfee00900);
    check_msr("pat", MSR_PAT, 0x0000050100070406);
    CHECK_EQ("read_mcg_cap", rdmsr(MSR_MCG_CAP, &value), TRAP_NONE);
    CHECK_EQ("read_efer", rdmsr(MSR_EFER, &value), TRAP_NONE);
    CHECK_EQ("write_efer_unchanged", wrmsr(MSR_EFER, value), TRAP_NONE);
    CHECK_EQ("read_tsc", rdmsr(MSR_TSC, &value), TRAP_NONE);
    CHECK("tsc_msr_is_the_tsc", rdtsc() - value < 1UL << 40);
    CHECK_EQ("write_of_the_syscall_entry", wrmsr(MSR_LSTAR, 0x1000), TRAP_GP);
    CHECK_EQ("read_of_an_unknown_msr", rdmsr(0xc0010055, &value), TRAP_GP);
    CHECK_EQ("error_code_of_an_unknown_msr", trap_last()->regs.error, 0);
    CHECK_EQ("write_of_an_unknown_msr", wrmsr(0x12345, 0), TRAP_GP);
    CHECK_EQ("read_of_msr_ffffffff", rdmsr(~0U, &value), TRAP_GP);
}

static void test_control_registers(void)
{
    uint64_t cr0 = 0, cr2 = 0, cr3 = 0, cr4 = 0, after = 0;

    CHECK_EQ("read_cr0",
             TRAP_OF_INSN("movq %%cr0, %0",
                          : "=r"(cr0)),
             TRAP_NONE);
    CHECK_EQ("cr0_has_paging_and_no_ts", cr0 & (0x80000001 | CR0_TS),
             0x80000001);
    CHECK_EQ("write_cr0_unchanged",
             TRAP_OF_INSN("movq %0, %%cr0",
                          :
                          : "r"(cr0)),
             TRAP_NONE);
    CHECK_EQ("write_cr0_without_paging",
             TRAP_OF_INSN("movq %0, %%cr0",
                          :
                          : "r"(cr0 & ~(1UL << 31))),
             TRAP_GP);
    CHECK_EQ("write_cr0_without_write_protection",
             TRAP_OF_INSN("movq %0, %%cr0",
                          :
                          : "r"(cr0 & ~(1UL << 16))),
             TRAP_GP);
    CHECK_EQ("read_cr3",
             TRAP_OF_INSN("movq %%cr3, %0",
                          : "=r"(cr3)),
             TRAP_NONE);
    CHECK_EQ("cr3_is_the_l4_table", cr3, va_to_mfn(boot_l4()) << PAGE_SHIFT);
    CHECK_EQ("read_cr4",
             TRAP_OF_INSN("movq %%cr4, %0",
                          : "=r"(cr4)),
             TRAP_NONE);
    CHECK_EQ("cr4_at_the_start", cr4 & 0x6e0, 0x660);
    CHECK_EQ("write_cr4",
             TRAP_OF_INSN("movq %0, %%cr4",
                          :
                          : "r"(cr4 | CR4_OSXSAVE | 0x300000)),
             TRAP_NONE);
    TRAP_OF_INSN("movq %%cr4, %0", : "=r"(after));
    CHECK_EQ("smep_and_smap_are_not_the_guests", after & 0x300000, 0);
    try_read(0x5000);
    CHECK_EQ("read_cr2",
             TRAP_OF_INSN("movq %%cr2, %0",
                          : "=r"(cr2)),
             TRAP_NONE);
    CHECK_EQ("cr2_is_the_last_fault", cr2, 0x5000);
    CHECK_EQ("write_cr2",
             TRAP_OF_INSN("movq %0, %%cr2",
                          :
                          : "r"(0x6000UL)),
             TRAP_NONE);
    TRAP_OF_INSN("movq %%cr2, %0", : "=r"(cr2));
    CHECK_EQ("cr2_as_written", cr2, 0x6000);
    CHECK_EQ("read_cr8",
             TRAP_OF_INSN("movq %%cr8, %0",
                          : "=r"(after)),
             TRAP_GP);
}

/* The virtual TS flag: FPU instructions trap once. */
static void test_task_switched(void)
{
    uint64_t cr0 = 0;

    CHECK_EQ("fpu_taskswitch", hypercall(__HYPERVISOR_fpu_taskswitch, 1), 0);
    TRAP_OF_INSN("movq %%cr0, %0", : "=r"(cr0));
    CHECK_EQ("cr0_has_ts", cr0 & CR0_TS, CR0_TS);
    CHECK_EQ("fpu_traps", TRAP_OF_INSN("fninit"), TRAP_NM);
    CHECK_EQ("fpu_trap_clears_ts", TRAP_OF_INSN("fninit"), TRAP_NONE);
    hypercall(__HYPERVISOR_fpu_taskswitch, 1);
    CHECK_EQ("clts", TRAP_OF_INSN("clts"), TRAP_NONE);
    CHECK_EQ("clts_clears_ts", TRAP_OF_INSN("fninit"), TRAP_NONE);
    hypercall(__HYPERVISOR_fpu_taskswitch, 0);
}

static void test_refused(void)
{
    static uint64_t operand[2];
    uint16_t selector = 0;

    CHECK_EQ("hlt", TRAP_OF_INSN("hlt"), TRAP_GP);
    CHECK_EQ("lgdt", TRAP_OF_INSN("lgdt %0", : : "m"(operand)), TRAP_GP);
    CHECK_EQ("lidt", TRAP_OF_INSN("lidt %0", : : "m"(operand)), TRAP_GP);
    CHECK_EQ("lldt", TRAP_OF_INSN("lldt %0", : : "r"(selector)), TRAP_GP);
    CHECK_EQ("ltr", TRAP_OF_INSN("ltr %0", : : "r"(selector)), TRAP_GP);
    CHECK_EQ("swapgs", TRAP_OF_INSN("swapgs"), TRAP_GP);
    CHECK_EQ("sysret", TRAP_OF_INSN("sysretq"), TRAP_GP);
    CHECK_EQ("rdpmc",
             TRAP_OF_INSN("rdpmc",
                          :
                          : "c"(0)
                          : "rax", "rdx"),
             TRAP_GP);
    CHECK_EQ("wbinvd", TRAP_OF_INSN("wbinvd"), TRAP_NONE);
}

static void set_iopl(uint32_t iopl)
{
    struct physdev_set_iopl op = {.iopl = iopl};

    CHECK_EQ("set_iopl",
             hypercall(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &op),
             iopl < 4 ? 0 : -XEN_EINVAL);
}

static void test_interrupt_flag(void)
{
    set_iopl(0);
    CHECK_EQ("cli_with_iopl_0", TRAP_OF_INSN("cli"), TRAP_GP);
    CHECK_EQ("sti_with_iopl_0", TRAP_OF_INSN("sti"), TRAP_GP);
    CHECK_EQ("in_with_iopl_0",
             TRAP_OF_INSN("inb $0x71, %%al",
                          :
                          :
                          : "rax"),
             TRAP_GP);
    set_iopl(1);
    event_disable();
    CHECK_EQ("sti_with_iopl_1", TRAP_OF_INSN("sti"), TRAP_NONE);
    CHECK_EQ("sti_does_not_unmask", vcpu_info(0)->evtchn_upcall_mask, 1);
    CHECK_EQ("cli_with_iopl_1", TRAP_OF_INSN("cli"), TRAP_NONE);
    set_iopl(4);
}

static void test_ports(void)
{
    uint8_t byte = 0;
    uint16_t word = 0;
    uint32_t dword = 0;
    uint64_t vector;

    set_iopl(1);
    vector = TRAP_OF_INSN("outl %0, %w1", : : "a"(0x80000000), "d"(0xcf8));
    CHECK_EQ("out_of_32_bits", vector, TRAP_NONE);
    vector = TRAP_OF_INSN("inl %w1, %0", : "=a"(dword) : "d"(0xcfc));
    CHECK_EQ("in_of_32_bits", vector, TRAP_NONE);
    CHECK_EQ("vendor_of_the_host_bridge", dword & 0xffff, 0x8086);
    vector = TRAP_OF_INSN("inw %w1, %0", : "=a"(word) : "d"(0xcfe));
    CHECK_EQ("in_of_16_bits", vector, TRAP_NONE);
    CHECK_EQ("device_of_the_host_bridge", word, dword >> 16);
    vector = TRAP_OF_INSN("inb %w1, %0", : "=a"(byte) : "d"(0xcfd));
    CHECK_EQ("in_of_8_bits", vector, TRAP_NONE);
    CHECK_EQ("second_byte_of_the_vendor", byte, 0x80);
    vector = TRAP_OF_INSN("inb $0x61, %%al", : "=a"(byte));
    CHECK_EQ("in_of_a_fixed_port", vector, TRAP_NONE);
    vector = TRAP_OF_INSN("outb %%al, $0x80", : : "a"(byte));
    CHECK_EQ("out_to_a_fixed_port", vector, TRAP_NONE);
}

static void test_string_ports(void)
{
    static uint8_t bytes[4] = {1, 2, 3, 4};
    uint64_t at = (uint64_t)bytes, count = 4, vector;

    vector = TRAP_OF_INSN("rep insb",
                          : "+D"(at), "+c"(count)
                          : "d"(0x80)
                          : "memory");
    CHECK_EQ("rep_insb", vector, TRAP_NONE);
    CHECK_EQ("rep_insb_ends", count, 0);
    CHECK_EQ("rep_insb_moves_on", at, (uint64_t)bytes + 4);
    at = (uint64_t)bytes;
    count = 4;
    vector = TRAP_OF_INSN("rep outsb",
                          : "+S"(at), "+c"(count)
                          : "d"(0x80)
                          : "memory");
    CHECK_EQ("rep_outsb", vector, TRAP_NONE);
    CHECK_EQ("rep_outsb_moves_on", at, (uint64_t)bytes + 4);
    at = HYPERVISOR_VIRT_START;
    count = 4;
    vector = TRAP_OF_INSN("rep insb",
                          : "+D"(at), "+c"(count)
                          : "d"(0x80)
                          : "memory");
    CHECK("insb_to_the_hypervisor", vector == TRAP_PF || vector == TRAP_GP);
    at = 0x10;
    vector = TRAP_OF_INSN("outsb", : "+S"(at) : "d"(0x80) : "memory");
    CHECK_EQ("outsb_from_nowhere", vector, TRAP_PF);
}

static void forced_cpuid(uint32_t leaf, uint32_t *regs)
{
    __asm__ volatile("ud2\n .ascii \"xen\"\n cpuid"
                     : "=a"(regs[0]), "=b"(regs[1]), "=c"(regs[2]),
                       "=d"(regs[3])
                     : "a"(leaf), "c"(0));
}

static void test_cpuid(void)
{
    uint32_t regs[4];

    forced_cpuid(0x40000000, regs);
    CHECK_EQ("cpuid_signature", regs[1], 0x566e6558);
    CHECK("cpuid_has_5_leaves", regs[0] >= 0x40000005 && regs[0] < 0x40000100);
    forced_cpuid(0x40000001, regs);
    CHECK_EQ("cpuid_version", regs[0], 4 << 16 | 17);
    forced_cpuid(0x40000100, regs);
    CHECK_EQ("cpuid_signature_is_there_once",
             regs[0] | regs[1] | regs[2] | regs[3], 0);
    forced_cpuid(1, regs);
    CHECK_EQ("cpuid_tells_of_a_hypervisor", regs[2] >> 31, 1);
    CHECK_EQ("cpuid_hides_vmx_x2apic_and_pcid",
             regs[2] & (1U << 5 | 1U << 21 | 1U << 17), 0);
    CHECK_EQ("cpuid_hides_pse_and_pge", regs[3] & (1U << 3 | 1U << 13), 0);
    CHECK_EQ("cpuid_has_osxsave_with_xsave", regs[2] >> 26 & 1,
             regs[2] >> 27 & 1);
    forced_cpuid(7, regs);
    CHECK_EQ("cpuid_hides_smep_and_smap", regs[1] & (1U << 7 | 1U << 20), 0);
    forced_cpuid(0x80000001, regs);
    CHECK_EQ("cpuid_hides_svm", regs[2] & 4, 0);
    CHECK_EQ("cpuid_hides_1_gib_pages", regs[3] & 1U << 26, 0);
    CHECK_EQ("ud2_with_another_text", TRAP_OF_INSN("ud2\n .ascii \"xem\""),
             TRAP_UD);
}

static void test_xsetbv(void)
{
    uint32_t regs[4];
    uint64_t cr4 = 0;

    forced_cpuid(1, regs);
    if (!(regs[2] >> 26 & 1)) {
        check_skip("xsetbv", "the CPU has no XSAVE");
        return;
    }
    TRAP_OF_INSN("movq %%cr4, %0", : "=r"(cr4));
    TRAP_OF_INSN("movq %0, %%cr4", : : "r"(cr4 | CR4_OSXSAVE));
    CHECK_EQ("xsetbv",
             TRAP_OF_INSN("xsetbv",
                          :
                          : "c"(0), "a"(3), "d"(0)),
             TRAP_NONE);
    CHECK_EQ("xsetbv_without_x87",
             TRAP_OF_INSN("xsetbv",
                          :
                          : "c"(0), "a"(2), "d"(0)),
             TRAP_GP);
    CHECK_EQ("xsetbv_with_avx_but_not_sse",
             TRAP_OF_INSN("xsetbv",
                          :
                          : "c"(0), "a"(5), "d"(0)),
             TRAP_GP);
    CHECK_EQ("xsetbv_with_unknown_bits",
             TRAP_OF_INSN("xsetbv",
                          :
                          : "c"(0), "a"(3), "d"(1U << 31)),
             TRAP_GP);
    CHECK_EQ("xsetbv_of_register_1",
             TRAP_OF_INSN("xsetbv",
                          :
                          : "c"(1), "a"(3), "d"(0)),
             TRAP_GP);
}

static void test_time_stamp(void)
{
    uint64_t cr4 = 0, first = rdtsc(), second = rdtsc();

    CHECK("rdtsc_goes_on", second >= first);
    TRAP_OF_INSN("movq %%cr4, %0", : "=r"(cr4));
    TRAP_OF_INSN("movq %0, %%cr4", : : "r"(cr4 | CR4_TSD));
    CHECK_EQ("rdtsc_of_the_kernel_with_tsd",
             TRAP_OF_INSN("rdtsc",
                          :
                          :
                          : "rax", "rdx"),
             TRAP_NONE);
    TRAP_OF_INSN("movq %0, %%cr4", : : "r"(cr4));
}

void test_main(void)
{
    test_msrs();
    test_control_registers();
    test_task_switched();
    test_refused();
    test_interrupt_flag();
    test_ports();
    test_string_ports();
    test_cpuid();
    test_xsetbv();
    test_time_stamp();
}
