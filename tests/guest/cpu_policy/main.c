/* SPDX-License-Identifier: MIT */
/* CPU policies: the host's, and those that a toolstack gives domains; the
 * modes of their TSC. */
#include "guest.h"

#include "public/domctl.h"
#include "public/sysctl.h"

#define NO_SUBLEAF       XEN_CPUID_NO_SUBLEAF
#define EXTENDED         0x80000000U
#define NR_WORDS         19
#define MAX_LEAVES       120
#define NR_MSRS          2
#define BAD_POINTER      0x10UL
#define NO_DOMAIN        77
#define UNTOUCHED        0x5a5a5a5aU
#define ECX_AVX          (1U << 28)
#define ECX_VMX          (1U << 5)
#define ECX_XSAVE        (1U << 26)

#define ECX_PCLMULQDQ    (1U << 1)
#define MSR_PLATFORM     0xceU
#define MSR_ARCH_CAPS    0x10aU
#define MSR_UCODE        0x8bU
#define TSC_MODE_UNKNOWN 4

static struct xen_cpuid_leaf leaves[MAX_LEAVES + 1];
static struct xen_msr_entry msrs[NR_MSRS + 1];
static uint32_t words[NR_WORDS + 1];
static struct xen_sysctl sys;
static struct xen_domctl dom;
static domid_t domid;

static long sysctl(uint32_t cmd)
{
    sys.cmd = cmd;
    sys.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return hypercall(__HYPERVISOR_sysctl, &sys);
}

static long domctl(uint32_t cmd, domid_t target)
{
    dom.cmd = cmd;
    dom.domain = target;
    dom.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    return hypercall(__HYPERVISOR_domctl, &dom);
}

static long get_featureset(uint32_t index, uint32_t room, const void *to)
{
    sys.u.cpu_featureset = (struct xen_sysctl_cpu_featureset){
        .index = index, .nr_features = room, .features = (uint64_t)to};
    return sysctl(XEN_SYSCTL_get_cpu_featureset);
}

static void test_featuresets(void)
{
    CHECK_EQ("featureset_size", get_featureset(99, 0, NULL), 0);
    CHECK_EQ("featureset_has_19_words", sys.u.cpu_featureset.nr_features,
             NR_WORDS);
    for (uint32_t i = 0; i < 6; i++)
        CHECK_EQ("featureset", get_featureset(i, NR_WORDS, words), 0);
    CHECK_EQ("unknown_featureset", get_featureset(6, NR_WORDS, words),
             -XEN_EINVAL);
    CHECK_EQ("featureset_to_nowhere",
             get_featureset(0, NR_WORDS, (void *)BAD_POINTER), -XEN_EFAULT);
    words[3] = UNTOUCHED;
    CHECK_EQ("featureset_without_room", get_featureset(1, 3, words),
             -XEN_ENOBUFS);
    CHECK_EQ("featureset_without_room_is_cut", words[3], UNTOUCHED);
    CHECK("featureset_begins_with_leaf_1", words[0] & 1);
    get_featureset(XEN_SYSCTL_cpu_featureset_pv, NR_WORDS, words);
    CHECK_EQ("pv_guests_see_a_hypervisor", words[1] >> 31, 1);
    CHECK_EQ("pv_guests_have_no_vmx", words[1] & ECX_VMX, 0);
}

static long get_host_policy(uint32_t index, uint32_t nr_leaves,
                            uint32_t nr_msrs)
{
    sys.u.cpu_policy = (struct xen_sysctl_cpu_policy){
        .index = index,
        .nr_leaves = nr_leaves,
        .nr_msrs = nr_msrs,
        .leaves = (uint64_t)leaves,
        .msrs = (uint64_t)msrs,
    };
    return sysctl(XEN_SYSCTL_get_cpu_policy);
}

static void test_host_policies(void)
{
    uint32_t nr;

    sys.u.cpu_policy = (struct xen_sysctl_cpu_policy){.index = 1};
    CHECK_EQ("policy_sizes", sysctl(XEN_SYSCTL_get_cpu_policy), 0);
    CHECK_EQ("policy_has_room_for", sys.u.cpu_policy.nr_leaves, MAX_LEAVES);
    CHECK_EQ("policy_has_msrs", sys.u.cpu_policy.nr_msrs, NR_MSRS);
    for (uint32_t i = 0; i < 6; i++)
        CHECK_EQ("policy", get_host_policy(i, MAX_LEAVES, NR_MSRS), 0);
    CHECK_EQ("unknown_policy", get_host_policy(6, MAX_LEAVES, NR_MSRS),
             -XEN_EINVAL);
    CHECK_EQ("policy_without_room", get_host_policy(1, 3, NR_MSRS),
             -XEN_ENOBUFS);
    CHECK_EQ("policy_without_room_for_msrs", get_host_policy(1, MAX_LEAVES, 1),
             -XEN_ENOBUFS);
    sys.u.cpu_policy._rsvd = 1;
    CHECK_EQ("policy_with_a_reserved_bit", sysctl(XEN_SYSCTL_get_cpu_policy),
             -XEN_EINVAL);
    sys.u.cpu_policy._rsvd = 0;
    sys.u.cpu_policy.leaves = BAD_POINTER;
    CHECK_EQ("policy_to_nowhere", sysctl(XEN_SYSCTL_get_cpu_policy),
             -XEN_EFAULT);

    get_host_policy(XEN_SYSCTL_cpu_policy_pv_default, MAX_LEAVES, NR_MSRS);
    nr = sys.u.cpu_policy.nr_leaves;
    CHECK("policy_begins_with_leaf_0",
          leaves[0].leaf == 0 && leaves[0].subleaf == NO_SUBLEAF);
    for (uint32_t i = 1; i < nr; i++)
        if (leaves[i].leaf < leaves[i - 1].leaf)
            CHECK("policy_is_sorted", false);
    CHECK_EQ("msrs_of_a_policy", msrs[0].idx << 16 | msrs[1].idx,
             MSR_PLATFORM << 16 | MSR_ARCH_CAPS);
}

static long get_policy(domid_t target)
{
    dom.u.cpu_policy = (struct xen_domctl_cpu_policy){
        .nr_leaves = MAX_LEAVES,
        .nr_msrs = NR_MSRS,
        .leaves = (uint64_t)leaves,
        .msrs = (uint64_t)msrs,
    };
    return domctl(XEN_DOMCTL_get_cpu_policy, target);
}

static long set_policy(domid_t target, uint32_t nr_leaves, uint32_t nr_msrs)
{
    dom.u.cpu_policy = (struct xen_domctl_cpu_policy){
        .nr_leaves = nr_leaves,
        .nr_msrs = nr_msrs,
        .leaves = (uint64_t)leaves,
        .msrs = (uint64_t)msrs,
    };
    return domctl(XEN_DOMCTL_set_cpu_policy, target);
}

/* The domain's present leaf. */
static struct xen_cpuid_leaf get_leaf(uint32_t leaf, uint32_t subleaf)
{
    get_policy(domid);
    for (uint32_t i = 0; i < dom.u.cpu_policy.nr_leaves; i++)
        if (leaves[i].leaf == leaf && leaves[i].subleaf == subleaf)
            return leaves[i];
    return (struct xen_cpuid_leaf){.leaf = leaf, .subleaf = subleaf};
}

static long set_leaf(struct xen_cpuid_leaf leaf)
{
    leaves[0] = leaf;
    return set_policy(domid, 1, 0);
}

static void test_get(void)
{
    dom.u.cpu_policy = (struct xen_domctl_cpu_policy){.nr_leaves = 0};
    CHECK_EQ("domains_policy_sizes", domctl(XEN_DOMCTL_get_cpu_policy, domid),
             0);
    CHECK_EQ("domains_policy_has_room_for", dom.u.cpu_policy.nr_leaves,
             MAX_LEAVES);
    CHECK_EQ("domains_policy", get_policy(domid), 0);
    CHECK_EQ("own_policy", get_policy(0), 0);
    CHECK_EQ("policy_of_self", get_policy(DOMID_SELF), -XEN_ESRCH);
    CHECK_EQ("policy_of_no_domain", get_policy(NO_DOMAIN), -XEN_ESRCH);
    dom.u.cpu_policy.nr_leaves = 3;
    CHECK_EQ("domains_policy_without_room",
             domctl(XEN_DOMCTL_get_cpu_policy, domid), -XEN_ENOBUFS);
}

static void test_set(void)
{
    CHECK_EQ("set_what_it_has", get_policy(domid), 0);
    CHECK_EQ("set_what_it_has",
             set_policy(domid, dom.u.cpu_policy.nr_leaves, NR_MSRS), 0);
    CHECK_EQ("set_nothing", set_policy(domid, 0, 0), 0);
    CHECK_EQ("set_own_policy", set_policy(0, 0, 0), -XEN_EINVAL);
    CHECK_EQ("set_too_many_leaves", set_policy(domid, MAX_LEAVES + 1, 0),
             -XEN_E2BIG);
    CHECK_EQ("set_too_many_msrs", set_policy(domid, 0, NR_MSRS + 1),
             -XEN_E2BIG);
    CHECK_EQ("errors_point_nowhere", dom.u.cpu_policy.err_leaf, ~0U);
    dom.u.cpu_policy.leaves = BAD_POINTER;
    dom.u.cpu_policy.nr_leaves = 1;
    dom.u.cpu_policy.nr_msrs = 0;
    CHECK_EQ("set_from_nowhere", domctl(XEN_DOMCTL_set_cpu_policy, domid),
             -XEN_EFAULT);
}

static void test_set_unknown_leaves(void)
{
    static const struct {
        const char *name;
        uint32_t leaf, subleaf;
        long rc;
    } rows[] = {
        {"leaf_0_with_subleaf", 0, 0, -XEN_ERANGE},
        {"leaf_4_subleaf_5", 4, 5, 0},
        {"leaf_4_subleaf_6", 4, 6, -XEN_ERANGE},
        {"leaf_7_subleaf_2", 7, 2, 0},
        {"leaf_7_without_subleaf", 7, NO_SUBLEAF, -XEN_ERANGE},
        {"leaf_b_subleaf_1", 0xb, 1, 0},
        {"leaf_b_subleaf_2", 0xb, 2, -XEN_ERANGE},
        {"leaf_d_subleaf_62", 0xd, 62, 0},
        {"leaf_d_subleaf_63", 0xd, 63, -XEN_ERANGE},
        {"leaf_e", 0xe, NO_SUBLEAF, -XEN_ERANGE},
        {"leaf_40000000", 0x40000000, NO_SUBLEAF, 0},
        {"leaf_40000001", 0x40000001, NO_SUBLEAF, -XEN_ERANGE},
        {"leaf_40000100", 0x40000100, NO_SUBLEAF, 0},
        {"leaf_40000200", 0x40000200, NO_SUBLEAF, -XEN_ERANGE},
        {"leaf_80000021", 0x80000021, NO_SUBLEAF, 0},
        {"leaf_80000022", 0x80000022, NO_SUBLEAF, -XEN_ERANGE},
        {"leaf_c0000000", 0xc0000000, NO_SUBLEAF, -XEN_ERANGE},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
        struct xen_cpuid_leaf leaf = get_leaf(rows[i].leaf, rows[i].subleaf);

        CHECK_EQ(rows[i].name, set_leaf(leaf), rows[i].rc);
        if (rows[i].rc == 0)
            continue;
        CHECK_EQ("error_names_the_leaf", dom.u.cpu_policy.err_leaf,
                 rows[i].leaf);
        CHECK_EQ("error_names_the_subleaf", dom.u.cpu_policy.err_subleaf,
                 rows[i].subleaf);
        CHECK_EQ("error_names_no_msr", dom.u.cpu_policy.err_msr, ~0U);
    }
}

static void test_last_leaves(void)
{
    struct xen_cpuid_leaf leaf = get_leaf(0, NO_SUBLEAF);

    leaf.a += 0x10;
    CHECK_EQ("more_leaves_than_the_host", set_leaf(leaf), -XEN_EINVAL);
    CHECK_EQ("more_leaves_name_leaf_0", dom.u.cpu_policy.err_leaf, 0);
    leaf.a -= 0x10;
    CHECK_EQ("as_many_leaves_as_the_host", set_leaf(leaf), 0);
    leaf = get_leaf(EXTENDED, NO_SUBLEAF);
    leaf.a += 0x100;
    CHECK_EQ("more_extended_leaves", set_leaf(leaf), -XEN_EINVAL);
    CHECK_EQ("more_extended_leaves_name_the_first", dom.u.cpu_policy.err_leaf,
             EXTENDED);
}

static void test_msrs(void)
{
    static const struct {
        const char *name;
        struct xen_msr_entry msr;
        long rc;
    } rows[] = {
        {"platform_info", {MSR_PLATFORM, 0, 0}, 0},
        {"platform_info_bit", {MSR_PLATFORM, 0, 1}, -XEN_EINVAL},
        {"msr_flags", {MSR_PLATFORM, 1, 0}, -XEN_EINVAL},
        {"arch_capabilities", {MSR_ARCH_CAPS, 0, 0}, 0},
        {"arch_capabilities_are_cut", {MSR_ARCH_CAPS, 0, 1}, 0},
        {"arch_capabilities_flags", {MSR_ARCH_CAPS, 1, 0}, -XEN_EINVAL},
        {"other_msr", {MSR_UCODE, 0, 0}, -XEN_ERANGE},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
        msrs[0] = rows[i].msr;
        CHECK_EQ(rows[i].name, set_policy(domid, 0, 1), rows[i].rc);
        if (rows[i].rc != 0)
            CHECK_EQ("error_names_the_msr", dom.u.cpu_policy.err_msr,
                     rows[i].msr.idx);
    }
}

static void test_features(void)
{
    struct xen_cpuid_leaf leaf = get_leaf(1, NO_SUBLEAF);
    uint32_t before = leaf.c;

    leaf.c |= ECX_VMX;
    CHECK_EQ("feature_that_pv_has_not", set_leaf(leaf), 0);
    leaf = get_leaf(1, NO_SUBLEAF);
    CHECK_EQ("feature_that_pv_has_not_is_dropped", leaf.c, before);

    leaf.c &= ~ECX_PCLMULQDQ;
    CHECK_EQ("feature_less", set_leaf(leaf), 0);
    leaf = get_leaf(1, NO_SUBLEAF);
    CHECK_EQ("feature_less_is_gone", leaf.c, before & ~ECX_PCLMULQDQ);
    leaf.c |= ECX_PCLMULQDQ;
    CHECK_EQ("feature_again", set_leaf(leaf), 0);
    CHECK_EQ("feature_again_is_there", get_leaf(1, NO_SUBLEAF).c, before);

    if (!(before & ECX_AVX)) {
        check_skip("avx_takes_its_state_along", "no AVX");
        return;
    }
    leaf.c &= ~ECX_AVX;
    set_leaf(leaf);
    CHECK_EQ("avx_takes_fma_and_f16c_along",
             get_leaf(1, NO_SUBLEAF).c & (1U << 12 | 1U << 29), 0);
    CHECK_EQ("avx_takes_avx2_along", get_leaf(7, 0).b & 1U << 5, 0);
    CHECK_EQ("avx_takes_its_state_along", get_leaf(0xd, 0).a, 3);
    CHECK_EQ("xsave_area_shrinks", get_leaf(0xd, 0).c, 576);
    leaf = get_leaf(1, NO_SUBLEAF);
    leaf.c &= ~ECX_XSAVE;
    set_leaf(leaf);
    CHECK_EQ("xsave_takes_its_states_along", get_leaf(0xd, 0).a, 0);
}

static void test_running(void)
{
    CHECK_EQ("policy_of_a_paused_domain", set_policy(domid, 0, 0), 0);
    CHECK_EQ("unpause", domctl(XEN_DOMCTL_unpausedomain, domid), 0);
    CHECK_EQ("policy_of_a_domain_that_runs", set_policy(domid, 0, 0),
             -XEN_EEXIST);
    CHECK_EQ("pause", domctl(XEN_DOMCTL_pausedomain, domid), 0);
    CHECK_EQ("policy_of_a_domain_that_ran", set_policy(domid, 0, 0),
             -XEN_EEXIST);
    CHECK_EQ("policy_to_read_of_one_that_ran", get_policy(domid), 0);
}

static long set_tsc(domid_t target, uint32_t mode)
{
    dom.u.tsc_info =
        (struct xen_domctl_tsc_info){.tsc_mode = mode, .incarnation = 5};
    return domctl(XEN_DOMCTL_settscinfo, target);
}

static long get_tsc(domid_t target)
{
    memset(&dom.u, 0, sizeof(dom.u));
    return domctl(XEN_DOMCTL_gettscinfo, target);
}

static void test_tsc(void)
{
    CHECK_EQ("tsc_info", get_tsc(domid), 0);
    CHECK_EQ("tsc_mode_at_first", dom.u.tsc_info.tsc_mode, 0);
    CHECK("tsc_has_a_rate", dom.u.tsc_info.gtsc_khz > 1000);
    CHECK_EQ("first_incarnation", dom.u.tsc_info.incarnation, 1);
    CHECK_EQ("tsc_never_emulated", set_tsc(domid, 2), 0);
    CHECK_EQ("tsc_info", get_tsc(domid), 0);
    CHECK_EQ("tsc_mode_is_kept", dom.u.tsc_info.tsc_mode, 2);
    CHECK_EQ("each_setting_is_an_incarnation", dom.u.tsc_info.incarnation, 6);
    CHECK_EQ("tsc_mode_3", set_tsc(domid, 3), -XEN_EINVAL);
    CHECK_EQ("tsc_mode_unknown", set_tsc(domid, TSC_MODE_UNKNOWN), -XEN_EINVAL);
    CHECK_EQ("tsc_default", set_tsc(domid, 0), 0);
    CHECK_EQ("tsc_of_self", set_tsc(0, 0), -XEN_EINVAL);
    CHECK_EQ("tsc_info_of_self", get_tsc(0), -XEN_EINVAL);
    CHECK_EQ("tsc_of_no_domain", set_tsc(NO_DOMAIN, 0), -XEN_ESRCH);
}

void test_main(void)
{
    dom.u.createdomain = (struct xen_domctl_createdomain){
        .max_vcpus = 1,
        .max_evtchn_port = 1023,
        .max_grant_frames = -1,
        .max_maptrack_frames = -1,
        .grant_opts = XEN_DOMCTL_GRANT_version(2),
    };
    REQUIRE("create", domctl(XEN_DOMCTL_createdomain, DOMID_INVALID) == 0);
    domid = dom.domain;

    test_featuresets();
    test_host_policies();
    test_get();
    test_set();
    test_set_unknown_leaves();
    test_last_leaves();
    test_msrs();
    test_features();
    test_tsc();
    test_running();
    CHECK_EQ("destroy", domctl(XEN_DOMCTL_destroydomain, domid), 0);
}
