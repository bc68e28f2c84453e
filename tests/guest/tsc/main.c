/* SPDX-License-Identifier: MIT */
/* A domain whose TSC is emulated, and one with fewer features: what they are
 * told and what they see. */
#include "domain.h"

#define KHZ          500000U
#define NS_PER_TICK  2
#define ELAPSED      5000000000000UL /* ns */
#define MSR_TSC      0x10
#define MSR_TSC_AUX  0xc0000103
#define ECX_AES      (1U << 25)
#define ECX_XSAVE    (1U << 26)
#define EBX_FSGSBASE 1U
#define CR4_FSGSBASE (1UL << 16)
#define CR4_OSXSAVE  (1UL << 18)
#define INCARNATION  3

static struct domain guest;
static struct xen_domctl op;

static void forced_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *regs)
{
    __asm__ volatile("ud2\n .ascii \"xen\"\n cpuid"
                     : "=a"(regs[0]), "=b"(regs[1]), "=c"(regs[2]),
                       "=d"(regs[3])
                     : "a"(leaf), "c"(subleaf));
}

/* ---- in the guests --------------------------------------------------------
 */

/* So many ticks in ns, rounded. */
static uint64_t scaled(uint64_t ticks, const struct vcpu_time_info *time)
{
    int8_t shift = time->tsc_shift;

    ticks = shift < 0 ? ticks >> -shift : ticks << shift;
    return (ticks * time->tsc_to_system_mul + (1UL << 31)) >> 32;
}

static void read_tsc(void)
{
    const struct vcpu_time_info *time = &shared_info->vcpu_info[0].time;
    uint64_t first = rdtsc(), second, low, high, ns = time_ns();
    uint32_t regs[4];

    /* Stock Xen 4.17 sets bit 63 where the host is younger than the guest. */
    first &= ~0UL >> 1;
    CHECK("tsc_goes_on_from_when_it_was_saved",
          first >= ELAPSED / NS_PER_TICK &&
              first < (ELAPSED + 1000 * 1000000000UL) / NS_PER_TICK);
    first = rdtsc();
    second = rdtsc();
    CHECK("tsc_grows", second >= first);
    __asm__ volatile("rdtscp" : "=a"(low), "=d"(high)::"rcx");
    CHECK("rdtscp_grows", (high << 32 | low) >= second);
    second = high << 32 | low;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_TSC));
    CHECK("msr_shows_the_same",
          (high << 32 | low) >= second &&
              (high << 32 | low) < second + 1000UL * 1000 * KHZ);

    CHECK_EQ("clock_counts_its_ticks", scaled(1000000, time),
             1000000 * NS_PER_TICK);
    CHECK("system_time_is_the_hosts", ns < ELAPSED);
    sleep_ms(5);
    CHECK("system_time_grows", time_ns() >= ns + 5000000);
    CHECK("system_time_does_not_jump", time_ns() < ns + 1000000000000);

    forced_cpuid(0x40000003, 0, regs);
    CHECK_EQ("cpuid_tells_of_emulation", regs[0] & 1, 1);
    CHECK_EQ("cpuid_tells_the_mode", regs[1], 1);
    CHECK_EQ("cpuid_tells_the_rate", regs[2], KHZ);
    CHECK_EQ("cpuid_tells_the_incarnation", regs[3], INCARNATION);
}

static void use_features(void)
{
    uint64_t cr4;
    uint32_t regs[4];

    forced_cpuid(1, 0, regs);
    CHECK_EQ("aes_is_gone", regs[2] & ECX_AES, 0);
    CHECK_EQ("xsave_is_gone", regs[2] & (ECX_XSAVE | ECX_XSAVE << 1), 0);
    forced_cpuid(7, 0, regs);
    CHECK_EQ("fsgsbase_is_gone", regs[1] & EBX_FSGSBASE, 0);
    forced_cpuid(0xd, 0, regs);
    CHECK_EQ("states_are_gone", regs[0] | regs[2], 0);
    __asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("movq %0, %%cr4" ::"r"(cr4 | CR4_FSGSBASE | CR4_OSXSAVE));
    __asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
    CHECK_EQ("cr4_has_none_of_them", cr4 & (CR4_FSGSBASE | CR4_OSXSAVE), 0);
    CHECK("xcr0_cannot_be_set",
          TRAP_OF_INSN("xsetbv", ::"a"(3), "d"(0), "c"(0)) != TRAP_NONE);
    CHECK_EQ("tsc_aux_cannot_be_set",
             TRAP_OF_INSN("wrmsr", ::"a"(3), "d"(0), "c"(MSR_TSC_AUX)),
             TRAP_GP);
}

/* ---- in the control domain ------------------------------------------------
 */

/* Ready, but paused. */
static void prepare(void)
{
    static struct vcpu_guest_context context;

    REQUIRE("create", domain_create(&guest, NULL) == 0);
    domain_load(&guest);
    REQUIRE("pin", domain_pin(&guest) == 0);
    domain_context(&guest, &context);
    REQUIRE("context", domain_set_context(guest.id, 0, &context) == 0);
}

static void run(void (*function)(void))
{
    REQUIRE("unpause", domctl_plain(XEN_DOMCTL_unpausedomain, guest.id) == 0);
    domain_run(&guest, function);
}

static void test_tsc(void)
{
    const struct xen_domctl_tsc_info *info = &op.u.tsc_info;

    prepare();
    op.u.tsc_info = (struct xen_domctl_tsc_info){.tsc_mode = 1,
                                                 .gtsc_khz = KHZ,
                                                 .incarnation = INCARNATION - 1,
                                                 .elapsed_nsec = ELAPSED};
    CHECK_EQ("emulated", domctl(XEN_DOMCTL_settscinfo, guest.id, &op), 0);
    run(read_tsc);
    CHECK_EQ("tsc_info", domctl(XEN_DOMCTL_gettscinfo, guest.id, &op), 0);
    CHECK_EQ("mode_is_kept", info->tsc_mode, 1);
    CHECK_EQ("rate_is_kept", info->gtsc_khz, KHZ);
    CHECK_EQ("incarnation_is_kept", info->incarnation, INCARNATION);
    CHECK("time_goes_on", info->elapsed_nsec > ELAPSED &&
                              info->elapsed_nsec < ELAPSED + 1000000000000);
    domain_destroy(&guest);
}

/* Take features from a leaf of the domain's policy. */
static void take(uint32_t leaf, uint32_t subleaf, uint32_t b, uint32_t c,
                 uint32_t d)
{
    static struct xen_cpuid_leaf leaves[128];

    op.u.cpu_policy = (struct xen_domctl_cpu_policy){
        .nr_leaves = ARRAY_SIZE(leaves), .leaves = (uint64_t)leaves};
    REQUIRE("policy", domctl(XEN_DOMCTL_get_cpu_policy, guest.id, &op) == 0);
    for (uint32_t i = 0; i < op.u.cpu_policy.nr_leaves; i++)
        if (leaves[i].leaf == leaf && leaves[i].subleaf == subleaf)
            leaves[0] = leaves[i];
    leaves[0].b &= ~b;
    leaves[0].c &= ~c;
    leaves[0].d &= ~d;
    op.u.cpu_policy = (struct xen_domctl_cpu_policy){
        .nr_leaves = 1, .leaves = (uint64_t)leaves};
    CHECK_EQ("take_features", domctl(XEN_DOMCTL_set_cpu_policy, guest.id, &op),
             0);
}

static void test_features(void)
{
    prepare();
    take(1, XEN_CPUID_NO_SUBLEAF, 0, ECX_AES | ECX_XSAVE, 0);
    take(7, 0, EBX_FSGSBASE, 0, 0);
    take(0x80000001, XEN_CPUID_NO_SUBLEAF, 0, 0, 1U << 27);
    run(use_features);
    domain_destroy(&guest);
}

void test_main(void)
{
    test_tsc();
    test_features();
}
