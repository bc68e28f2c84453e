/* SPDX-License-Identifier: MIT */
/* Privileged instructions of a guest: who may, what comes back, and what the
 * guest gets instead. Real registers of the machine are out of reach here. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "xen/errno.h"
#include "xen/pci.h"
#include "xen/rangeset.h"
#include "xen/sched.h"
#include "asm/acpi.h"
#include "asm/cpufeature.h"
#include "asm/cpuid.h"
#include "asm/mm.h"
#include "asm/pgtable.h"
#include "asm/processor.h"
#include "asm/pv.h"
#include "asm/switch.h"
#include "asm/time.h"
#include "asm/xstate.h"
#include "fake/fake.h"

/* What the code under test reaches besides. */
struct acpi_info acpi;
struct cpu_features cpu_features;
u64 xfeature_mask = 7;
unsigned int xsave_area_size = 832;
bool tsc_reliable;

static unsigned int nr_traps, last_vector;
static u64 fault_address;
static u32 fault_error;
static u8 cmos[128];
static u32 pci_register = 0x12345678;
static u16 pci_bdf;
static unsigned int pci_reg, pci_size;
static u64 guest_pte;

void sync_vcpu_state(struct vcpu *which)
{
    (void)which;
}

void pv_inject_trap(struct vcpu *v, struct cpu_regs *regs, unsigned int vector,
                    u32 error_code)
{
    (void)v;
    (void)regs;
    (void)error_code;
    nr_traps++;
    last_vector = vector;
}

void pv_inject_page_fault(struct vcpu *v, struct cpu_regs *regs, u64 cr2,
                          u32 error_code)
{
    fault_address = cr2;
    fault_error = error_code;
    pv_inject_trap(v, regs, TRAP_PF, error_code);
}

void pv_toggle_mode(struct vcpu *v)
{
    v->arch.flags ^= VCPU_KERNEL_MODE;
}

u64 guest_get_l1e(unsigned long va)
{
    (void)va;
    return guest_pte;
}

int pv_set_debugreg(struct vcpu *v, unsigned int reg, u64 value)
{
    if (value >> 32)
        return -EPERM;
    v->arch.debugreg[reg] = value;
    return 0;
}

u64 vcpu_hw_cr4(const struct vcpu *v)
{
    return v->arch.cr4;
}

bool xstate_set_xcr0(struct vcpu *v, u64 value)
{
    v->arch.xcr0 = value;
    return value & 1;
}

int rdmsr_safe(u32 msr, u64 *value_out)
{
    (void)msr;
    (void)value_out;
    return -EFAULT;
}

u8 cmos_read(u8 index)
{
    return cmos[index];
}

void cmos_write(u8 index, u8 value)
{
    cmos[index] = value;
}

u32 pci_conf_read(u16 segment, u16 bdf, unsigned int reg, unsigned int size)
{
    (void)segment;
    pci_bdf = bdf;
    pci_reg = reg;
    pci_size = size;
    return pci_register;
}

void pci_conf_write(u16 segment, u16 bdf, unsigned int reg, unsigned int size,
                    u32 value)
{
    (void)pci_conf_read(segment, bdf, reg, size);
    pci_register = value;
}

bool pci_conf_write_intercept(u16 bdf, unsigned int reg, unsigned int size,
                              u32 *value)
{
    (void)bdf;
    (void)size;
    (void)value;
    return reg != 0x40;
}

static struct domain *d;
static struct vcpu *v;
static struct cpu_regs *regs;
static u8 *code;

static int setup(void **state)
{
    (void)state;
    fake_ram_reset();
    cpu_features.vendor = VENDOR_AMD;
    cpu_features.rdtscp = true;
    cpuid_policy_init();

    d = fake_domain(0, 2);
    d->is_hardware = true;
    d->arch.ioport_caps = rangeset_new(16);
    d->arch.cpuid = &cpuid_initial;
    v = d->vcpu[0];
    v->arch.flags = VCPU_KERNEL_MODE;
    v->arch.iopl = 1;
    v->arch.xcr0 = 1;
    v->arch.trap_table = calloc(256, sizeof(struct trap_info));
    v->arch.trap_table[TRAP_GP].address = 0x1000;
    fake_set_current(v);

    regs = guest_regs();
    memset(regs, 0, sizeof(*regs));
    regs->cs = FLAT_USER_CS64;
    code = fake_guest_alloc(64);
    regs->rip = (u64)code;
    nr_traps = 0;
    last_vector = ~0u;
    guest_pte = PTE_PRESENT | PTE_RW;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rangeset_destroy(d->arch.ioport_caps);
    free(v->arch.trap_table);
    fake_domains_free();
    fake_guest_free();
    return 0;
}

/* Run one instruction; true if it was carried out. */
static bool run(const char *bytes, size_t len)
{
    memset(code, 0x90, 64);
    memcpy(code, bytes, len);
    regs->rip = (u64)code;
    return pv_emulate_privileged(regs);
}

#define RUN(bytes) run(bytes, sizeof(bytes) - 1)

#define assert_done(bytes)                                                     \
    do {                                                                       \
        assert_true(RUN(bytes));                                               \
        assert_int_equal(regs->rip - (u64)code, sizeof(bytes) - 1);            \
    } while (0)

#define assert_refused(bytes)                                                  \
    do {                                                                       \
        assert_false(RUN(bytes));                                              \
        assert_int_equal(regs->rip, (u64)code);                                \
        assert_int_equal(nr_traps, 0);                                         \
    } while (0)

#define CLI        "\xfa"
#define STI        "\xfb"
#define HLT        "\xf4"
#define RDMSR      "\x0f\x32"
#define WRMSR      "\x0f\x30"
#define IN_AL_DX   "\xec"
#define IN_AX_DX   "\x66\xed"
#define IN_EAX_DX  "\xed"
#define OUT_DX_AL  "\xee"
#define OUT_DX_EAX "\xef"
#define REP_INSB   "\xf3\x6c"
#define REP_OUTSB  "\xf3\x6e"

static void cli_and_sti_need_iopl(void **state)
{
    (void)state;
    assert_done(CLI);
    assert_done(STI);
    v->arch.iopl = 0;
    assert_refused(CLI);
    d->vm_assist = 1UL << VMASST_TYPE_architectural_iopl;
    assert_done(CLI);
    v->arch.flags = 0;
    assert_refused(CLI);
    v->arch.iopl = 3;
    assert_done(CLI);
}

static void programs_get_no_privileged_instructions(void **state)
{
    (void)state;
    v->arch.flags = 0;
    v->arch.iopl = 3;
    regs->rcx = MSR_APIC_BASE;
    assert_refused(RDMSR);
    assert_refused(WRMSR);
    assert_refused("\x0f\x20\xe0"); /* mov %cr4, %rax */
    assert_refused("\x0f\x22\xe0");
    assert_refused("\x0f\x06"); /* clts */
    assert_refused("\x0f\x09"); /* wbinvd */
    assert_refused("\x0f\x01\xd1");
    assert_refused("\x0f\x23\xf8"); /* mov %rax, %dr7 */
}

static void what_nobody_emulates_is_refused(void **state)
{
    (void)state;
    assert_refused(HLT);
    assert_refused("\x0f\x01\x38"); /* invlpg */
    assert_refused("\x0f\x01\xf8"); /* swapgs */
    assert_refused("\x0f\x01\x10"); /* lgdt */
    assert_refused("\x0f\x33");     /* rdpmc */
    assert_refused("\x48\x0f\x07"); /* sysret */
    assert_refused("\x90");
    assert_refused("\x48\x89\x00");
}

static void instruction_at_the_end_of_memory_is_fetched(void **state)
{
    u8 *pages = aligned_alloc(4096, 8192);

    (void)state;
    memset(pages, 0x90, 8192);
    fake_guest_add(pages, 4096);
    pages[4095] = 0xfa;
    regs->rip = (u64)pages + 4095;
    assert_true(pv_emulate_privileged(regs));

    /* One that goes on behind it is not. */
    memcpy(pages + 4095, RDMSR, 2);
    regs->rip = (u64)pages + 4095;
    assert_false(pv_emulate_privileged(regs));

    fake_guest_add(pages + 4096, 4096);
    regs->rcx = MSR_APIC_BASE;
    regs->rip = (u64)pages + 4095;
    assert_true(pv_emulate_privileged(regs));
    free(pages);
}

static void single_step_traps_after_the_instruction(void **state)
{
    (void)state;
    regs->rflags = X86_EFLAGS_TF | X86_EFLAGS_RF;
    assert_done(CLI);
    assert_int_equal(nr_traps, 1);
    assert_int_equal(last_vector, TRAP_DB);
    assert_int_equal(v->arch.debugreg[6] & 0x4000, 0x4000);
    assert_int_equal(regs->rflags, X86_EFLAGS_TF);
}

static void msr_values_come_in_two_halves(void **state)
{
    (void)state;
    regs->rax = regs->rdx = ~0ull;
    regs->rcx = MSR_PAT;
    assert_done(RDMSR);
    assert_int_equal(regs->rax, (u32)XEN_PAT);
    assert_int_equal(regs->rdx, XEN_PAT >> 32);
    assert_done(WRMSR);
    regs->rax++;
    assert_refused(WRMSR);
}

static void unknown_msr_is_refused(void **state)
{
    (void)state;
    regs->rcx = 0x4e;
    assert_refused(RDMSR);
    assert_refused(WRMSR);
}

static void unknown_msr_reads_0_before_there_are_handlers(void **state)
{
    (void)state;
    v->arch.trap_table[TRAP_GP].address = 0;
    regs->rcx = 0x4e;
    regs->rax = regs->rdx = 1;
    assert_done(RDMSR);
    assert_int_equal(regs->rax | regs->rdx, 0);
    assert_refused(WRMSR);
}

static void msrs_of_another_vendor_are_refused(void **state)
{
    (void)state;
    regs->rcx = 0xc0010015; /* HWCR */
    assert_done(RDMSR);
    cpu_features.vendor = VENDOR_INTEL;
    assert_refused(RDMSR);
    regs->rcx = 0x3a; /* FEATURE_CONTROL */
    assert_done(RDMSR);
    assert_int_equal(regs->rax, 1);
}

static void non_canonical_base_is_refused(void **state)
{
    (void)state;
    regs->rcx = MSR_GS_BASE;
    regs->rax = 0;
    regs->rdx = 0x800000;
    assert_refused(WRMSR);
}

static void only_vcpu_0_is_the_boot_processor(void **state)
{
    (void)state;
    regs->rcx = MSR_APIC_BASE;
    assert_done(RDMSR);
    assert_int_equal(regs->rax, 0xfee00900);
    v->vcpu_id = 1;
    assert_done(RDMSR);
    assert_int_equal(regs->rax, 0xfee00800);
    v->vcpu_id = 0;
}

static void port_without_iopl_or_bitmap_is_refused(void **state)
{
    (void)state;
    v->arch.iopl = 0;
    regs->rdx = 0x80;
    assert_refused(IN_AL_DX);
    assert_refused(OUT_DX_AL);
    assert_refused("\x6c"); /* insb */
    assert_refused("\x6e");
}

static void bitmap_enables_single_ports(void **state)
{
    u8 *bitmap = fake_guest_alloc(32);

    (void)state;
    memset(bitmap, 0xff, 32);
    bitmap[0x81 / 8] = 0xfd; /* port 81 */
    bitmap[0x8f / 8] = 0x7f; /* port 8f... */
    bitmap[0x90 / 8] = 0xfe; /* ...and 90 */
    v->arch.flags = 0;
    v->arch.iopl = 1;
    v->arch.iobmp = (u64)bitmap;
    v->arch.iobmp_limit = 0x91;

    bitmap[0x81 / 8] = 0xfd;
    regs->rdx = 0x81;
    assert_done(IN_AL_DX);
    assert_refused(IN_AX_DX);
    regs->rdx = 0x80;
    assert_refused(IN_AL_DX);
    bitmap[0x8f / 8] = 0x7f;
    regs->rdx = 0x8f;
    assert_done(IN_AX_DX);
    regs->rdx = 0x90;
    assert_refused(IN_AX_DX); /* past the limit */
    v->arch.iobmp = 0x1234;
    assert_refused(IN_AL_DX);
    assert_false(guest_kernel_mode(v));
}

static void absent_port_reads_ones_into_its_part_of_rax(void **state)
{
    (void)state;
    regs->rdx = 0x80;
    regs->rax = 0;
    assert_done(IN_AL_DX);
    assert_int_equal(regs->rax, 0xff);
    assert_done(IN_AX_DX);
    assert_int_equal(regs->rax, 0xffff);
    regs->rax = 0x1122334455667788;
    assert_done(IN_AX_DX);
    assert_int_equal(regs->rax, 0x112233445566ffff);
    assert_done(IN_EAX_DX);
    assert_int_equal(regs->rax, 0xffffffff);
    regs->rdx = 0xffff;
    assert_done(IN_EAX_DX);
    assert_done(OUT_DX_EAX);
}

static void pit_counter_reads_zero(void **state)
{
    (void)state;
    regs->rdx = 0x42;
    regs->rax = 0x55;
    assert_done(IN_AL_DX);
    assert_int_equal(regs->rax, 0);
}

static void cmos_index_is_the_domains_own(void **state)
{
    (void)state;
    cmos[9] = 0x26;
    regs->rdx = 0x70;
    regs->rax = 0x89; /* NMI mask and register 9 */
    assert_done(OUT_DX_AL);
    regs->rdx = 0x71;
    assert_done(IN_AL_DX);
    assert_int_equal(regs->rax, 0x26);
    regs->rax = 0x27;
    assert_done(OUT_DX_AL);
    assert_int_equal(cmos[9], 0x27);

    d->is_hardware = false;
    assert_done(IN_AL_DX);
    assert_int_equal(regs->rax, 0xff);
    regs->rax = 0;
    assert_done(OUT_DX_AL);
    assert_int_equal(cmos[9], 0x27);
}

static void pci_access_goes_where_the_latch_points(void **state)
{
    (void)state;
    regs->rdx = 0xcf8;
    regs->rax = 0x80001910;
    assert_done(OUT_DX_EAX);
    regs->rax = 0;
    assert_done(IN_EAX_DX);
    assert_int_equal(regs->rax, 0x80001910);

    regs->rdx = 0xcfe;
    assert_done(IN_AX_DX);
    assert_int_equal(pci_bdf, 0x19);
    assert_int_equal(pci_reg, 0x12);
    assert_int_equal(pci_size, 2);

    regs->rdx = 0xcfc;
    regs->rax = 0xabcd;
    assert_done(OUT_DX_EAX);
    assert_int_equal(pci_register, 0xabcd);
}

static void pci_write_that_is_not_dom0s_is_dropped(void **state)
{
    (void)state;
    d->arch.pci_cf8 = 0x80000040;
    pci_register = 7;
    regs->rdx = 0xcfc;
    regs->rax = 8;
    assert_done(OUT_DX_EAX);
    assert_int_equal(pci_register, 7);
}

static void pci_without_enabled_latch_or_devices_is_an_empty_bus(void **state)
{
    (void)state;
    regs->rdx = 0xcfc;
    d->arch.pci_cf8 = 0x00000010;
    assert_done(IN_EAX_DX);
    assert_int_equal(regs->rax, 0xffffffff);
    d->is_hardware = false;
    d->arch.pci_cf8 = 0x80000010;
    pci_register = 7;
    assert_done(IN_EAX_DX);
    assert_int_equal(regs->rax, 0xffffffff);
    regs->rax = 8;
    assert_done(OUT_DX_EAX);
    assert_int_equal(pci_register, 7);
}

static void repeated_input_fills_memory(void **state)
{
    u8 *buf = fake_guest_alloc(16);

    (void)state;
    regs->rdx = 0x80;
    regs->rdi = (u64)buf;
    regs->rcx = 5;
    assert_done(REP_INSB);
    assert_int_equal(regs->rcx, 0);
    assert_int_equal(regs->rdi, (u64)buf + 5);
    assert_memory_equal(buf, "\xff\xff\xff\xff\xff\0", 6);

    regs->rflags = X86_EFLAGS_DF;
    regs->rcx = 2;
    assert_done(REP_INSB);
    assert_int_equal(regs->rdi, (u64)buf + 3);

    regs->rcx = 0;
    assert_done(REP_INSB);
    assert_int_equal(regs->rdi, (u64)buf + 3);
}

static void long_repetition_is_done_in_parts(void **state)
{
    u8 *buf = fake_guest_alloc(2000);
    unsigned int rounds = 0;

    (void)state;
    regs->rdx = 0x80;
    regs->rsi = (u64)buf;
    regs->rcx = 2000;
    do {
        u64 before = regs->rcx;

        assert_true(RUN(REP_OUTSB));
        assert_true(regs->rcx < before);
        rounds++;
    } while (regs->rip == (u64)code);
    assert_true(rounds > 1);
    assert_int_equal(regs->rsi, (u64)buf + 2000);
    assert_int_equal(regs->rcx, 0);
}

static void wanted_cpu_ends_a_part_after_one_element(void **state)
{
    u8 *buf = fake_guest_alloc(16);

    (void)state;
    fake_set_preempt(true);
    regs->rdx = 0x80;
    regs->rsi = (u64)buf;
    regs->rcx = 5;
    assert_true(RUN(REP_OUTSB));
    assert_int_equal(regs->rcx, 4);
    assert_int_equal(regs->rip, (u64)code);
    fake_set_preempt(false);
}

static void string_input_to_read_only_memory_faults(void **state)
{
    u8 *buf = fake_guest_alloc(16);

    (void)state;
    guest_pte = PTE_PRESENT;
    regs->rdx = 0x80;
    regs->rdi = (u64)buf;
    regs->rcx = 5;
    assert_true(RUN(REP_INSB));
    assert_int_equal(last_vector, TRAP_PF);
    assert_int_equal(fault_address, (u64)buf);
    assert_int_equal(fault_error, PFEC_WRITE | PFEC_PRESENT);
    assert_int_equal(regs->rcx, 5);
    assert_int_equal(regs->rip, (u64)code);
}

static void string_output_from_absent_memory_faults(void **state)
{
    (void)state;
    guest_pte = 0;
    regs->rdx = 0x80;
    regs->rsi = 0x1000;
    assert_true(RUN("\x6e"));
    assert_int_equal(fault_address, 0x1000);
    assert_int_equal(fault_error, 0);
    assert_int_equal(regs->rip, (u64)code);
}

static void string_access_to_the_hypervisor_is_refused(void **state)
{
    (void)state;
    regs->rdx = 0x80;
    regs->rsi = regs->rdi = HYPERVISOR_VIRT_START;
    assert_refused("\x6c");
    assert_refused("\x6e");
}

static void control_registers_show_the_guests_state(void **state)
{
    (void)state;
    v->arch.cr4 = X86_CR4_DE;
    assert_done("\x0f\x20\xe3"); /* mov %cr4, %rbx */
    assert_int_equal(regs->rbx, 0x668);
    v->arch.guest_table = _mfn(0x1234);
    assert_done("\x0f\x20\xd9"); /* mov %cr3, %rcx */
    assert_int_equal(regs->rcx, 0x1234000);
    regs->rax = 0xdead000;
    assert_done("\x0f\x22\xd0"); /* mov %rax, %cr2 */
    assert_int_equal(v->vcpu_info->arch.cr2, 0xdead000);
    assert_done("\x0f\x20\xd7"); /* mov %cr2, %rdi */
    assert_int_equal(regs->rdi, 0xdead000);
    assert_refused("\x44\x0f\x20\xc0"); /* mov %cr8, %rax */
    assert_refused("\x0f\x22\xd8");     /* mov %rax, %cr3 */
}

static void debug_registers_4_and_5_are_aliases_or_invalid(void **state)
{
    (void)state;
    regs->rax = 0x400;
    assert_done("\x0f\x23\xe8"); /* mov %rax, %dr5 */
    assert_int_equal(v->arch.debugreg[7], 0x400);
    assert_done("\x0f\x21\xeb"); /* mov %dr5, %rbx */
    assert_int_equal(regs->rbx, 0x400);
    v->arch.cr4 = X86_CR4_DE;
    assert_true(RUN("\x0f\x21\xe8"));
    assert_int_equal(last_vector, TRAP_UD);
    nr_traps = 0;
    regs->rax = 1ull << 40;
    assert_refused("\x0f\x23\xf8");
}

static void xsetbv_needs_osxsave(void **state)
{
    (void)state;
    regs->rax = 3;
    assert_true(RUN("\x0f\x01\xd1"));
    assert_int_equal(last_vector, TRAP_UD);
    nr_traps = 0;
    v->arch.cr4 = X86_CR4_OSXSAVE;
    assert_done("\x0f\x01\xd1");
    assert_int_equal(v->arch.xcr0, 3);
    regs->rax = 2;
    assert_refused("\x0f\x01\xd1");
    regs->rax = 3;
    regs->rcx = 1;
    assert_refused("\x0f\x01\xd1");
}

static void tsc_follows_the_guests_cr4(void **state)
{
    (void)state;
    v->arch.tsc_aux = 0x1001;
    v->arch.cr4 = X86_CR4_TSD;
    assert_done("\x0f\x31");
    assert_done("\x0f\x01\xf9");
    assert_int_equal(regs->rcx, 0x1001);
    assert_true(regs->rax <= UINT32_MAX);
    v->arch.flags = 0;
    assert_refused("\x0f\x31");
}

static bool run_forced_cpuid(u32 leaf, u32 subleaf)
{
    memcpy(code, "\x0f\x0bxen\x0f\xa2", 7);
    regs->rip = (u64)code;
    regs->rax = leaf;
    regs->rcx = subleaf;
    return pv_emulate_forced_cpuid(regs);
}

static void emulated_tsc_counts_system_time(void **state)
{
    (void)state;
    d->arch.tsc = (struct domain_tsc){
        .emulated = true,
        .khz = 500000,
        .to_ns = time_scale_from_hz(500000000),
        .start = -2000000000,
    };
    d->arch.tsc.to_ticks = time_scale_reciprocal(d->arch.tsc.to_ns);
    fake_now = 1000000000;
    regs->rdx = regs->rax = ~0ul;
    assert_done("\x0f\x31");
    assert_in_range((regs->rdx << 32) + regs->rax, 1499999990, 1500000000);
    v->arch.flags = 0;
    assert_done("\x0f\x31");
    v->arch.tsc_aux = 5;
    assert_done("\x0f\x01\xf9"); /* rdtscp */
    assert_int_equal(regs->rcx, 5);
    v->arch.cr4 = X86_CR4_TSD;
    assert_refused("\x0f\x31");
    v->arch.flags = VCPU_KERNEL_MODE;
    regs->rcx = 0x10;
    assert_done(RDMSR);
    assert_in_range((regs->rdx << 32) + regs->rax, 1499999990, 1500000000);
    fake_now = 0;
}

static void forced_cpuid_names_the_hypervisor(void **state)
{
    u32 name[4] = {0};

    (void)state;
    assert_true(run_forced_cpuid(0x40000000, 0));
    assert_int_equal(regs->rip - (u64)code, 7);
    assert_int_equal(regs->rax, 0x40000005);
    name[0] = regs->rbx;
    name[1] = regs->rcx;
    name[2] = regs->rdx;
    assert_string_equal((char *)name, "XenVMMXenVMM");
    assert_true(run_forced_cpuid(0x40000100, 0));
    assert_int_equal(regs->rax | regs->rbx | regs->rcx | regs->rdx, 0);
}

static void plain_ud2_is_no_cpuid(void **state)
{
    (void)state;
    memcpy(code, "\x0f\x0bxen\x0f\xa3", 7);
    assert_false(pv_emulate_forced_cpuid(regs));
    regs->rip = 0x1000;
    assert_false(pv_emulate_forced_cpuid(regs));
}

static void features_of_ring_0_are_hidden(void **state)
{
    struct cpuid_leaf l;

    (void)state;
    l = cpuid_guest(v, 1, 0, true);
    assert_int_equal(l.c & ~0xfed83203, 0);
    assert_int_equal(l.c >> 31, 1);
    assert_int_equal(l.d & (1u << 1 | 1u << 3 | 1u << 13 | 1u << 17), 0);
    l = cpuid_guest(v, 7, 0, true);
    assert_int_equal(l.b & (1u << 7 | 1u << 10 | 1u << 20), 0); /* SMEP.. */
    assert_int_equal(l.c & (1u << 2 | 1u << 3 | 1u << 16), 0);
    l = cpuid_guest(v, 0x80000001, 0, true);
    assert_int_equal(l.c & 1u << 2, 0);  /* SVM */
    assert_int_equal(l.d & 1u << 26, 0); /* 1 GiB pages */
}

static void mtrrs_are_the_hardware_domains(void **state)
{
    (void)state;
    assert_int_equal(cpuid_guest(v, 1, 0, true).d & 1u << 12,
                     cpuid_host.basic[1].d & 1u << 12);
    assert_int_equal(cpuid_guest(v, 0x80000001, 0, true).d & 1u << 12,
                     cpuid_host.extended[1].d & 1u << 12);
    assert_int_equal(cpuid_guest(v, 1, 0, false).d & 1u << 12, 0);
    d->is_hardware = false;
    assert_int_equal(cpuid_guest(v, 1, 0, true).d & 1u << 12, 0);
}

static void osxsave_is_seen_by_kernels_at_once(void **state)
{
    const u32 osxsave = 1u << 27;
    bool xsave = cpuid_guest(v, 1, 0, true).c & 1u << 26;

    (void)state;
    assert_int_equal(!!(cpuid_guest(v, 1, 0, true).c & osxsave), xsave);
    assert_int_equal(cpuid_guest(v, 1, 0, false).c & osxsave, 0);
    v->arch.cr4 = X86_CR4_OSXSAVE;
    assert_int_equal(!!(cpuid_guest(v, 1, 0, false).c & osxsave), xsave);
}

static void apic_ids_differ_between_vcpus(void **state)
{
    (void)state;
    assert_int_equal(cpuid_guest(d->vcpu[0], 1, 0, true).b >> 24, 0);
    assert_int_equal(cpuid_guest(d->vcpu[1], 1, 0, true).b >> 24, 2);
}

static void xstate_size_follows_xcr0(void **state)
{
    (void)state;
    if (cpuid_guest(v, 0, 0, true).a < 0xd)
        skip();
    v->arch.xcr0 = 3;
    assert_int_equal(cpuid_guest(v, 0xd, 0, true).b, 576);
    v->arch.xcr0 = 7;
    assert_int_equal(cpuid_guest(v, 0xd, 0, true).b, 832);
    assert_int_equal(cpuid_guest(v, 0xd, 0, true).a, 7);
    assert_int_equal(cpuid_guest(v, 0xd, 1, true).a & 8, 0); /* XSAVES */
}

static void leaves_past_the_last_are_zero(void **state)
{
    static const u32 leaf[] = {0xb,        0xe,        0x1f,       0x3fffffff,
                               0x40000006, 0x80000009, 0x8000001e, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(leaf); i++) {
        struct cpuid_leaf l = cpuid_guest(v, leaf[i], 0, true);

        assert_int_equal(l.a | l.b | l.c | l.d, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cli_and_sti_need_iopl),
        TEST(programs_get_no_privileged_instructions),
        TEST(what_nobody_emulates_is_refused),
        TEST(instruction_at_the_end_of_memory_is_fetched),
        TEST(single_step_traps_after_the_instruction),
        TEST(msr_values_come_in_two_halves),
        TEST(unknown_msr_is_refused),
        TEST(unknown_msr_reads_0_before_there_are_handlers),
        TEST(msrs_of_another_vendor_are_refused),
        TEST(non_canonical_base_is_refused),
        TEST(only_vcpu_0_is_the_boot_processor),
        TEST(port_without_iopl_or_bitmap_is_refused),
        TEST(bitmap_enables_single_ports),
        TEST(absent_port_reads_ones_into_its_part_of_rax),
        TEST(pit_counter_reads_zero),
        TEST(cmos_index_is_the_domains_own),
        TEST(pci_access_goes_where_the_latch_points),
        TEST(pci_write_that_is_not_dom0s_is_dropped),
        TEST(pci_without_enabled_latch_or_devices_is_an_empty_bus),
        TEST(repeated_input_fills_memory),
        TEST(long_repetition_is_done_in_parts),
        TEST(wanted_cpu_ends_a_part_after_one_element),
        TEST(string_input_to_read_only_memory_faults),
        TEST(string_output_from_absent_memory_faults),
        TEST(string_access_to_the_hypervisor_is_refused),
        TEST(control_registers_show_the_guests_state),
        TEST(debug_registers_4_and_5_are_aliases_or_invalid),
        TEST(xsetbv_needs_osxsave),
        TEST(tsc_follows_the_guests_cr4),
        TEST(emulated_tsc_counts_system_time),
        TEST(forced_cpuid_names_the_hypervisor),
        TEST(plain_ud2_is_no_cpuid),
        TEST(features_of_ring_0_are_hidden),
        TEST(mtrrs_are_the_hardware_domains),
        TEST(osxsave_is_seen_by_kernels_at_once),
        TEST(apic_ids_differ_between_vcpus),
        TEST(xstate_size_follows_xcr0),
        TEST(leaves_past_the_last_are_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
