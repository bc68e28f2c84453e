/* SPDX-License-Identifier: MIT */
/* What a vcpu has besides its context, as it is saved and restored: further
 * callbacks, extended state, MSRs. */
#include "domain.h"

#define NON_CANONICAL 0x8000000000000000UL
#define BAD_POINTER   0x10UL
#define NO_VCPU       5
#define MSR_TSC_AUX   0xc0000103U
#define MSR_EFER      0xc0000080U

#define STATE_FP      1
#define STATE_SSE     2
#define STATE_AVX     4
#define LEGACY_SIZE   (512 + 64)
#define AVX_SIZE      (LEGACY_SIZE + 256)
#define XMM1          176 /* in the area */
#define MXCSR         24
#define MXCSR_INITIAL 0x1f80

/* As it is saved. */
static struct {
    uint64_t xcr0, used;
    union {
        uint8_t area[4096];
        struct {
            uint8_t legacy[512];
            uint64_t xstate_bv, xcomp_bv, reserved[6];
        };
    };
} state;

static struct domain guest;
static struct xen_domctl op;
static uint64_t host_states;

/* ---- further callbacks ----------------------------------------------------
 */

static long get_callbacks(domid_t domid, uint32_t vcpu)
{
    memset(&op, 0, sizeof(op));
    op.u.ext_vcpucontext.vcpu = vcpu;
    return domctl(XEN_DOMCTL_get_ext_vcpucontext, domid, &op);
}

static long set_callbacks(domid_t domid, uint32_t vcpu, uint32_t size,
                          uint64_t syscall32, uint64_t sysenter)
{
    memset(&op, 0, sizeof(op));
    op.u.ext_vcpucontext = (struct xen_domctl_ext_vcpucontext){
        .vcpu = vcpu,
        .size = size,
        .syscall32_callback_eip = syscall32,
        .sysenter_callback_eip = sysenter,
        .syscall32_disables_events = 1,
    };
    op.u.ext_vcpucontext.vmce.caps = 2;
    return domctl(XEN_DOMCTL_set_ext_vcpucontext, domid, &op);
}

static void test_callbacks(void)
{
    const uint32_t all = sizeof(struct xen_domctl_ext_vcpucontext);
    const struct xen_domctl_ext_vcpucontext *e = &op.u.ext_vcpucontext;

    CHECK_EQ("callbacks", get_callbacks(guest.id, 0), 0);
    CHECK_EQ("callbacks_have_a_size", e->size, all);
    CHECK_EQ("machine_check_banks", e->vmce.caps & 0xff, 2);
    CHECK_EQ("callbacks_of_no_vcpu", get_callbacks(guest.id, NO_VCPU),
             -XEN_ESRCH);
    CHECK_EQ("own_callbacks", get_callbacks(0, 0), -XEN_ESRCH);
    CHECK_EQ("set_own_callbacks", set_callbacks(0, 0, all, 0, 0), -XEN_ESRCH);
    CHECK_EQ("set_callbacks_of_no_vcpu",
             set_callbacks(guest.id, NO_VCPU, all, 0, 0), -XEN_ESRCH);
    CHECK_EQ("set_half_of_the_callbacks", set_callbacks(guest.id, 0, 31, 0, 0),
             -XEN_EINVAL);
    CHECK_EQ("non_canonical_syscall32_callback",
             set_callbacks(guest.id, 0, all, NON_CANONICAL, 0), -XEN_EINVAL);
    CHECK_EQ("non_canonical_sysenter_callback",
             set_callbacks(guest.id, 0, all, 0, NON_CANONICAL), -XEN_EINVAL);
    CHECK_EQ("set_callbacks_alone", set_callbacks(guest.id, 0, 32, 0x1000, 0),
             0);
    CHECK_EQ("set_callbacks", set_callbacks(guest.id, 0, all, 0x2000, 0x3000),
             0);
    CHECK_EQ("callbacks", get_callbacks(guest.id, 0), 0);
    CHECK_EQ("syscall32_callback_is_kept", e->syscall32_callback_eip, 0x2000);
    CHECK_EQ("sysenter_callback_is_kept", e->sysenter_callback_eip, 0x3000);
    CHECK_EQ("syscall32_masks_events", e->syscall32_disables_events, 1);
    CHECK_EQ("sysenter_does_not", e->sysenter_disables_events, 0);
    memset(&op, 0, sizeof(op));
    op.u.ext_vcpucontext.size = all;
    op.u.ext_vcpucontext.vmce.caps = 1UL << 40;
    CHECK_EQ("machine_check_that_is_not_there",
             domctl(XEN_DOMCTL_set_ext_vcpucontext, guest.id, &op),
             -XEN_EINVAL);
}

/* ---- extended state -------------------------------------------------------
 */

static long get_state(domid_t domid, uint32_t vcpu, uint64_t mask,
                      uint64_t size, uint64_t to)
{
    memset(&op, 0, sizeof(op));
    op.u.vcpuextstate = (struct xen_domctl_vcpuextstate){vcpu, mask, size, to};
    return domctl(XEN_DOMCTL_getvcpuextstate, domid, &op);
}

static long set_state_of(domid_t domid, uint32_t vcpu, uint64_t size)
{
    memset(&op, 0, sizeof(op));
    op.u.vcpuextstate = (struct xen_domctl_vcpuextstate){
        vcpu, host_states, size, (uint64_t)&state};
    return domctl(XEN_DOMCTL_setvcpuextstate, domid, &op);
}

/* A state that may be, with an area of this size. */
static long set_state(uint64_t xcr0, uint64_t used, uint64_t present,
                      unsigned int area)
{
    memset(&state, 0, sizeof(state));
    state.xcr0 = xcr0;
    state.used = used;
    *(uint16_t *)state.legacy = 0x37f;
    *(uint32_t *)(state.legacy + MXCSR) = MXCSR_INITIAL;
    state.xstate_bv = present;
    return set_state_of(guest.id, 0, 16 + area);
}

static void test_get_state(void)
{
    uint64_t to = (uint64_t)&state;
    uint64_t most;

    CHECK_EQ("size_of_state", get_state(guest.id, 0, 0, 0, 0), 0);
    most = op.u.vcpuextstate.size;
    host_states = op.u.vcpuextstate.xfeature_mask;
    CHECK("host_has_fp_and_sse", (host_states & 3) == 3);
    CHECK("there_is_room_for_them", most >= 16 + LEGACY_SIZE);
    CHECK_EQ("state_of_no_vcpu", get_state(guest.id, NO_VCPU, 0, 0, 0),
             -XEN_ESRCH);
    CHECK_EQ("own_state", get_state(0, 0, 0, 0, 0), -XEN_EINVAL);
    CHECK_EQ("state_with_another_mask",
             get_state(guest.id, 0, host_states - 1, most, to), -XEN_EINVAL);
    CHECK_EQ("state_without_room", get_state(guest.id, 0, host_states, 15, to),
             -XEN_EINVAL);
    CHECK_EQ("state_to_nowhere",
             get_state(guest.id, 0, host_states, most, BAD_POINTER),
             -XEN_EFAULT);
    CHECK_EQ("state_before_xcr0_is_set",
             get_state(guest.id, 0, host_states, most, to), 0);
    CHECK_EQ("state_before_xcr0_is_set_is_empty", op.u.vcpuextstate.size, 16);
    CHECK_EQ("no_states_are_used", state.xcr0 | state.used, 0);
}

static void test_bad_states(void)
{
    static const struct {
        const char *name;
        uint64_t xcr0, used, present;
        unsigned int area;
        long rc;
    } rows[] = {
        {"no_states_but_an_area", 0, 0, 0, LEGACY_SIZE, -XEN_EINVAL},
        {"no_states_but_xcr0", 1, 0, 0, 0, -XEN_EINVAL},
        {"states_without_area", 3, 3, 3, 0, -XEN_EINVAL},
        {"area_too_short", 3, 3, 3, LEGACY_SIZE - 8, -XEN_EINVAL},
        {"area_too_long", 3, 3, 3, LEGACY_SIZE + 8, -XEN_EINVAL},
        {"xcr0_without_fp", 2, 3, 3, LEGACY_SIZE, -XEN_EINVAL},
        {"xcr0_0", 0, 3, 3, LEGACY_SIZE, -XEN_EINVAL},
        {"xcr0_with_more_than_was_used", 3, 1, 1, LEGACY_SIZE, -XEN_EINVAL},
        {"more_present_than_was_used", 3, 3, 7, LEGACY_SIZE, -XEN_EINVAL},
        {"lwp", 3, 1UL << 62 | 3, 3, LEGACY_SIZE, -XEN_EINVAL},
        {"bit_63", 3, 3, 1UL << 63 | 3, LEGACY_SIZE, -XEN_EINVAL},
        {"mpx", 0x1b, 0x1b, 3, LEGACY_SIZE, -XEN_EINVAL},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
        CHECK_EQ(rows[i].name,
                 set_state(rows[i].xcr0, rows[i].used, rows[i].present,
                           rows[i].area),
                 rows[i].rc);
    CHECK_EQ("no_states", set_state(0, 0, 0, 0), 0);
    CHECK_EQ("states_in_an_area", set_state(3, 3, 3, LEGACY_SIZE), 0);
    CHECK_EQ("state_smaller_than_its_head", set_state_of(guest.id, 0, 15),
             -XEN_EINVAL);
    CHECK_EQ("huge_state", set_state_of(guest.id, 0, 1UL << 40), -XEN_EINVAL);
    CHECK_EQ("set_own_state", set_state_of(0, 0, 16 + LEGACY_SIZE),
             -XEN_EINVAL);
    CHECK_EQ("set_state_of_no_vcpu",
             set_state_of(guest.id, NO_VCPU, 16 + LEGACY_SIZE), -XEN_ESRCH);
    state.xcomp_bv = 1UL << 63 | 3;
    CHECK_EQ("compacted_area", set_state_of(guest.id, 0, 16 + LEGACY_SIZE),
             -XEN_EOPNOTSUPP);
    state.xcomp_bv = 0;
    state.reserved[5] = 1;
    CHECK_EQ("reserved_field", set_state_of(guest.id, 0, 16 + LEGACY_SIZE),
             -XEN_EIO);
    op.u.vcpuextstate.buffer = BAD_POINTER;
    CHECK_EQ("state_from_nowhere",
             domctl(XEN_DOMCTL_setvcpuextstate, guest.id, &op), -XEN_EFAULT);
}

/* ---- MSRs -----------------------------------------------------------------
 */

static struct xen_domctl_vcpu_msr msrs[8];

static long get_msrs(domid_t domid, uint32_t vcpu, uint32_t room, uint64_t to)
{
    memset(&op, 0, sizeof(op));
    op.u.vcpu_msrs = (struct xen_domctl_vcpu_msrs){vcpu, room, to};
    return domctl(XEN_DOMCTL_get_vcpu_msrs, domid, &op);
}

static long set_msrs(domid_t domid, uint32_t vcpu, uint32_t nr)
{
    memset(&op, 0, sizeof(op));
    op.u.vcpu_msrs = (struct xen_domctl_vcpu_msrs){vcpu, nr, (uint64_t)msrs};
    return domctl(XEN_DOMCTL_set_vcpu_msrs, domid, &op);
}

static long set_msr(uint32_t index, uint32_t reserved, uint64_t value)
{
    msrs[0] = (struct xen_domctl_vcpu_msr){index, reserved, value};
    return set_msrs(guest.id, 0, 1);
}

static void test_msrs(void)
{
    const struct xen_domctl_vcpu_msrs *m = &op.u.vcpu_msrs;

    CHECK_EQ("number_of_msrs", get_msrs(guest.id, 0, 0, 0), 0);
    CHECK("there_are_msrs", m->msr_count > 0);
    CHECK_EQ("msrs_of_no_vcpu", get_msrs(guest.id, NO_VCPU, 0, 0), -XEN_ESRCH);
    CHECK_EQ("own_msrs", get_msrs(0, 0, 0, 0), -XEN_EINVAL);
    CHECK_EQ("msrs_at_first", get_msrs(guest.id, 0, 8, (uint64_t)msrs), 0);
    CHECK_EQ("no_msr_is_set_at_first", m->msr_count, 0);
    CHECK_EQ("set_own_msrs", set_msrs(0, 0, 0), -XEN_EINVAL);
    CHECK_EQ("set_msrs_of_no_vcpu", set_msrs(guest.id, NO_VCPU, 0), -XEN_ESRCH);
    CHECK_EQ("set_no_msrs", set_msrs(guest.id, 0, 0), 0);
    CHECK_EQ("set_many_msrs", set_msrs(guest.id, 0, 1000000), -XEN_EINVAL);
    CHECK_EQ("set_tsc_aux", set_msr(MSR_TSC_AUX, 0, 55), 0);
    CHECK_EQ("one_msr_is_set", m->msr_count, 1);
    CHECK_EQ("set_tsc_aux_of_33_bits", set_msr(MSR_TSC_AUX, 0, 1UL << 32),
             -XEN_EINVAL);
    CHECK_EQ("set_a_reserved_field", set_msr(MSR_TSC_AUX, 1, 0), -XEN_EINVAL);
    CHECK_EQ("set_efer", set_msr(MSR_EFER, 0, 0), -XEN_EINVAL);
    msrs[1] = msrs[0];
    msrs[0] = (struct xen_domctl_vcpu_msr){MSR_TSC_AUX, 0, 56};
    CHECK_EQ("set_two_msrs", set_msrs(guest.id, 0, 2), -XEN_EINVAL);
    CHECK_EQ("the_second_was_bad", m->msr_count, 1);
    op.u.vcpu_msrs.msrs = BAD_POINTER;
    CHECK_EQ("msrs_from_nowhere",
             domctl(XEN_DOMCTL_set_vcpu_msrs, guest.id, &op), -XEN_EFAULT);
    CHECK_EQ("msrs_to_nowhere", get_msrs(guest.id, 0, 8, BAD_POINTER),
             -XEN_EFAULT);
    CHECK_EQ("msrs_without_room", get_msrs(guest.id, 0, 0, (uint64_t)msrs),
             -XEN_ENOBUFS);
    CHECK_EQ("msrs", get_msrs(guest.id, 0, 8, (uint64_t)msrs), 0);
    CHECK_EQ("one_msr", m->msr_count, 1);
    CHECK_EQ("it_is_tsc_aux", msrs[0].index, MSR_TSC_AUX);
    CHECK_EQ("it_has_its_value", msrs[0].value, 56);
}

/* ---- seen by a guest that runs --------------------------------------------
 */

/* In the guest: what was set before it ran; then it changes everything. */
static void use_state(void)
{
    uint64_t xmm1, low, high, tsc_aux;
    uint32_t a = 1, b, c = 0, d, mxcsr;

    __asm__ volatile("movq %%xmm1, %0" : "=r"(xmm1));
    mailbox->word[0] = xmm1;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    mailbox->word[1] = mxcsr;
    __asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(tsc_aux));
    mailbox->word[2] = tsc_aux;
    __asm__ volatile("ud2\n .ascii \"xen\"\n cpuid"
                     : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    mailbox->word[3] = c >> 26 & 1;
    if (!(c >> 26 & 1))
        return;
    __asm__ volatile("movq %%cr4, %0" : "=r"(low));
    __asm__ volatile("movq %0, %%cr4" ::"r"(low | 1UL << 18));
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    mailbox->word[4] = a;
    CHECK_EQ(
        "guest_enables_states",
        TRAP_OF_INSN("xsetbv", ::"a"(STATE_FP | STATE_SSE), "d"(0), "c"(0)),
        TRAP_NONE);
    xmm1 = 0x1122334455667788;
    __asm__ volatile("movq %0, %%xmm1" ::"r"(xmm1));
    CHECK_EQ("guest_writes_tsc_aux",
             TRAP_OF_INSN("wrmsr", ::"a"(77), "d"(0), "c"(MSR_TSC_AUX)),
             TRAP_NONE);
}

static void test_running(void)
{
    struct vcpu_guest_context context;

    domain_load(&guest);
    REQUIRE("pin", domain_pin(&guest) == 0);
    domain_context(&guest, &context);
    REQUIRE("context", domain_set_context(guest.id, 0, &context) == 0);
    CHECK_EQ("prepare_state", set_state(3, 3, 3, LEGACY_SIZE), 0);
    *(uint64_t *)(state.area + XMM1) = 0xfeedfacecafebeef;
    *(uint32_t *)(state.area + MXCSR) = 0x1fbf;
    CHECK_EQ("state_with_values", set_state_of(guest.id, 0, 16 + LEGACY_SIZE),
             0);
    CHECK_EQ("tsc_aux_with_a_value", set_msr(MSR_TSC_AUX, 0, 1234), 0);

    REQUIRE("unpause", domctl_plain(XEN_DOMCTL_unpausedomain, guest.id) == 0);
    domain_run(&guest, use_state);
    CHECK_EQ("guest_finds_xmm1", guest.mailbox->word[0], 0xfeedfacecafebeef);
    CHECK_EQ("guest_finds_mxcsr", guest.mailbox->word[1], 0x1fbf);
    CHECK_EQ("guest_finds_tsc_aux", guest.mailbox->word[2], 1234);
    if (!guest.mailbox->word[3]) {
        check_skip("guest_finds_xcr0", "no XSAVE");
        return;
    }
    CHECK_EQ("guest_finds_xcr0", guest.mailbox->word[4], 3);

    CHECK_EQ("pause", domctl_plain(XEN_DOMCTL_pausedomain, guest.id), 0);
    memset(&state, 0, sizeof(state));
    CHECK_EQ(
        "state_after_use",
        get_state(guest.id, 0, host_states, sizeof(state), (uint64_t)&state),
        0);
    CHECK_EQ("state_after_use_has_its_size", op.u.vcpuextstate.size,
             16 + LEGACY_SIZE);
    CHECK_EQ("xcr0_after_use", state.xcr0, 3);
    CHECK_EQ("states_used", state.used, 3);
    CHECK_EQ("xmm1_after_use", *(uint64_t *)(state.area + XMM1),
             0x1122334455667788);
    CHECK_EQ("msrs_after_use", get_msrs(guest.id, 0, 8, (uint64_t)msrs), 0);
    CHECK_EQ("tsc_aux_after_use", msrs[0].value, 77);
}

/* A state goes with its feature. */
static void test_avx(void)
{
    struct xen_cpuid_leaf leaf = {.leaf = 0xd, .subleaf = 0};
    static struct xen_cpuid_leaf leaves[128];
    uint32_t nr;

    memset(&op, 0, sizeof(op));
    op.u.cpu_policy = (struct xen_domctl_cpu_policy){
        .nr_leaves = ARRAY_SIZE(leaves), .leaves = (uint64_t)leaves};
    REQUIRE("policy", domctl(XEN_DOMCTL_get_cpu_policy, guest.id, &op) == 0);
    nr = op.u.cpu_policy.nr_leaves;
    for (uint32_t i = 0; i < nr; i++)
        if (leaves[i].leaf == 0xd && leaves[i].subleaf == 0)
            leaf = leaves[i];
    if (!(leaf.a & STATE_AVX)) {
        check_skip("avx", "the CPU has none");
        return;
    }
    CHECK_EQ("avx", set_state(7, 7, 7, AVX_SIZE), 0);
    CHECK_EQ("avx_without_sse", set_state(5, 7, 7, AVX_SIZE), -XEN_EINVAL);
    CHECK_EQ("avx_in_a_short_area", set_state(7, 7, 7, LEGACY_SIZE),
             -XEN_EINVAL);
    for (uint32_t i = 0; i < nr; i++)
        if (leaves[i].leaf == 1)
            leaves[0] = leaves[i];
    leaves[0].c &= ~(1U << 28);
    op.u.cpu_policy = (struct xen_domctl_cpu_policy){
        .nr_leaves = 1, .leaves = (uint64_t)leaves};
    CHECK_EQ("policy_without_avx",
             domctl(XEN_DOMCTL_set_cpu_policy, guest.id, &op), 0);
    CHECK_EQ("avx_that_the_policy_forbids", set_state(7, 7, 7, AVX_SIZE),
             -XEN_EINVAL);
}

void test_main(void)
{
    REQUIRE("create", domain_create(&guest, NULL) == 0);
    test_callbacks();
    test_get_state();
    test_bad_states();
    test_avx();
    test_msrs();
    test_running();
    domain_destroy(&guest);
}
