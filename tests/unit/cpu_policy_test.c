/* SPDX-License-Identifier: MIT */
/* CPU policies on a CPU that has everything: what domains get of it, what a
 * toolstack may change, and what their vcpus then see. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "public/domctl.h"
#include "public/sysctl.h"
#include "xen/errno.h"
#include "xen/heap.h"
#include "xen/sched.h"
#include "xen/sysctl.h"
#include "asm/cpufeature.h"
#include "asm/cpuid.h"
#include "asm/domctl.h"
#include "asm/processor.h"
#include "asm/time.h"
#include "asm/xstate.h"
#include "fake/fake.h"

#define NO_SUBLEAF XEN_CPUID_NO_SUBLEAF
#define ECX_AVX    (1u << 28)
#define EBX_SMEP   (1u << 7)

struct cpu_features cpu_features;
u64 xfeature_mask = 0xe7;
bool tsc_reliable;

static struct domain *d;
static unsigned int nr_syncs;
static struct xen_domctl op;
static struct xen_sysctl sysctl;
static struct xen_cpuid_leaf *leaves;
static struct xen_msr_entry *msrs;

void sync_vcpu_state(struct vcpu *v)
{
    assert_int_equal(atomic_read(&v->domain->pause_count), 1);
    nr_syncs++;
}

/* A CPU with all features, three caches, two levels of topology, and AVX-512
 * and two more states in its XSAVE area. */
static void every_feature(u32 leaf, u32 subleaf, u32 regs[4])
{
    static const u32 area[][2] = {
        [2] = {256, 576},  [3] = {64, 960},    [5] = {64, 1088},
        [6] = {512, 1152}, [7] = {1024, 1664}, [9] = {8, 2688}};

    memset(regs, 0, 4 * sizeof(u32));
    switch (leaf) {
    case 0:
        regs[0] = 0x20;
        regs[1] = 0x756e6547;
        break;
    case 4:
        regs[0] = subleaf < 3 ? 0xfc004121 : 0;
        break;
    case 0xb:
        regs[1] = subleaf < 2 ? 2 : 0;
        regs[2] = subleaf < 2 ? (subleaf + 1) << 8 : 0;
        break;
    case 7:
        regs[0] = 5;
        regs[1] = regs[2] = regs[3] = ~0u;
        if (subleaf > 0)
            regs[0] = ~0u;
        break;
    case 0xd:
        if (subleaf == 0) {
            regs[0] = 0x2ef;
            regs[1] = regs[2] = 2696;
        } else if (subleaf == 1) {
            regs[0] = ~0u;
        } else if (subleaf < ARRAY_SIZE(area)) {
            regs[0] = area[subleaf][0];
            regs[1] = area[subleaf][1];
        }
        break;
    case 0x80000000:
        regs[0] = 0x80000008;
        break;
    case 0x80000008:
        regs[0] = 0x3934;
        regs[1] = ~0u;
        break;
    default:
        regs[0] = regs[1] = regs[2] = regs[3] = ~0u;
        break;
    }
}

static int setup(void **state)
{
    (void)state;
    fake_cpuid = every_feature;
    cpu_features = (struct cpu_features){
        .vendor = VENDOR_INTEL, .rdtscp = true, .smep = true, .smap = false};
    xfeature_mask = 0xe7;
    cpuid_policy_init();
    fake_set_current(fake_domain(0, 1)->vcpu[0]);
    d = fake_domain(5, 2);
    d->arch.cpuid = &cpuid_initial;
    leaves = fake_guest_alloc((CPUID_MAX_LEAVES + 1) * sizeof(*leaves));
    msrs = fake_guest_alloc(3 * sizeof(*msrs));
    op.u.cpu_policy = (struct xen_domctl_cpu_policy){.leaves = (uint64_t)leaves,
                                                     .msrs = (uint64_t)msrs};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (d->arch.cpuid != &cpuid_initial)
        xfree((void *)d->arch.cpuid);
    fake_domains_free();
    fake_guest_free();
    fake_cpuid = NULL;
    assert_int_equal(fake_heap_in_use(), 0);
    return 0;
}

static int set_leaf(u32 leaf, u32 subleaf, struct cpuid_leaf l)
{
    leaves[0] = (struct xen_cpuid_leaf){leaf, subleaf, l.a, l.b, l.c, l.d};
    op.u.cpu_policy.nr_leaves = 1;
    op.u.cpu_policy.nr_msrs = 0;
    return domctl_set_cpu_policy(d, &op);
}

static void guests_have_no_features_of_ring_0(void **state)
{
    const struct cpuid_policy *p = &cpuid_initial;

    (void)state;
    assert_int_equal(p->basic[1].c, 0xf6d83203);
    assert_int_equal(p->basic[1].d, 0x0fc9cbf5);
    assert_int_equal(p->features[0].b & EBX_SMEP, 0);
    assert_int_equal(p->features[0].c & (1u << 2 | 1u << 3), 0);
    assert_int_equal(p->extended[1].d & 1u << 26, 0);
    assert_int_equal(p->extended[7].d, 0);
    assert_int_equal(p->extended[8].a, 0x3034);
}

static void host_lacks_what_it_was_told_not_to_use(void **state)
{
    (void)state;
    assert_int_not_equal(cpuid_host.features[0].b & EBX_SMEP, 0);
    assert_int_equal(cpuid_host.features[0].b & 1u << 20, 0); /* SMAP */
    assert_int_not_equal(cpuid_raw.features[0].b & 1u << 20, 0);
    assert_int_equal(cpuid_host.basic[1].c & CPUID_1_ECX_OSXSAVE, 0);
}

static void states_that_are_not_switched_go_with_their_features(void **state)
{
    (void)state;
    xfeature_mask = 7;
    cpuid_policy_init();
    assert_int_equal(cpuid_initial.features[0].b & 1u << 16, 0);
    assert_int_equal(cpuid_initial.features[0].c & 0x5842, 0);
    assert_int_equal(cpuid_xcr0_max(&cpuid_initial), 7);
    assert_int_equal(cpuid_initial.xstate[0].c, 832);
    xfeature_mask = 0;
    cpuid_policy_init();
    assert_int_equal(cpuid_initial.basic[1].c & CPUID_1_ECX_XSAVE, 0);
    assert_int_equal(cpuid_initial.xstate[0].a | cpuid_initial.xstate[1].a, 0);
}

static void list_is_sorted_and_complete(void **state)
{
    unsigned int nr = cpuid_policy_list(&cpuid_raw, leaves);

    (void)state;
    for (unsigned int i = 1; i < nr; i++)
        assert_true(leaves[i].leaf > leaves[i - 1].leaf ||
                    leaves[i].subleaf == leaves[i - 1].subleaf + 1 ||
                    leaves[i].leaf == 0xd);
    for (unsigned int i = 0; i < nr; i++) {
        struct cpuid_leaf *l =
            cpuid_policy_leaf(&cpuid_raw, leaves[i].leaf, leaves[i].subleaf);

        assert_non_null(l);
        assert_memory_equal(l, &leaves[i].a, sizeof(*l));
    }
    /* 10 plain; 4 caches; 3 of 7; 2 levels; 0, 1 and 6 states; 2; 9. */
    assert_int_equal(nr, 10 + 4 + 3 + 2 + 8 + 2 + 9);
}

static void no_list_is_longer_than_there_is_room(void **state)
{
    struct cpuid_policy p;

    (void)state;
    memset(&p, 0xff, sizeof(p));
    assert_int_equal(cpuid_policy_list(&p, leaves), CPUID_MAX_LEAVES);
    assert_int_equal(CPUID_MAX_LEAVES, 120);
}

static void get_tells_sizes_and_wants_room(void **state)
{
    struct xen_domctl_cpu_policy *get = &op.u.cpu_policy;

    (void)state;
    get->leaves = get->msrs = 0;
    assert_int_equal(domctl_get_cpu_policy(d, &op), 0);
    assert_int_equal(get->nr_leaves, CPUID_MAX_LEAVES);
    assert_int_equal(get->nr_msrs, 2);
    get->leaves = (uint64_t)leaves;
    get->nr_leaves = 3;
    assert_int_equal(domctl_get_cpu_policy(d, &op), -ENOBUFS);
    assert_int_equal(leaves[0].b, 0);
    get->nr_leaves = CPUID_MAX_LEAVES;
    get->msrs = (uint64_t)msrs;
    get->nr_msrs = 1;
    assert_int_equal(domctl_get_cpu_policy(d, &op), -ENOBUFS);
    get->msrs = 8;
    get->nr_msrs = 2;
    assert_int_equal(domctl_get_cpu_policy(d, &op), -EFAULT);
    get->leaves = 8;
    assert_int_equal(domctl_get_cpu_policy(d, &op), -EFAULT);
    get->nr_leaves = CPUID_MAX_LEAVES;
    fake_heap_fail(1);
    assert_int_equal(domctl_get_cpu_policy(d, &op), -ENOMEM);
}

static void set_is_for_others_that_have_not_run(void **state)
{
    (void)state;
    assert_int_equal(domctl_set_cpu_policy(current->domain, &op), -EINVAL);
    d->was_unpaused = true;
    assert_int_equal(domctl_set_cpu_policy(d, &op), -EEXIST);
    d->was_unpaused = false;
    fake_heap_fail(1);
    assert_int_equal(domctl_set_cpu_policy(d, &op), -ENOMEM);
    assert_int_equal(domctl_set_cpu_policy(d, &op), 0);
}

static void set_says_what_was_wrong(void **state)
{
    struct xen_domctl_cpu_policy *set = &op.u.cpu_policy;

    (void)state;
    set->nr_leaves = CPUID_MAX_LEAVES + 1;
    assert_int_equal(domctl_set_cpu_policy(d, &op), -E2BIG);
    assert_int_equal(set_leaf(7, NO_SUBLEAF, (struct cpuid_leaf){0}), -ERANGE);
    assert_int_equal(set->err_leaf, 7);
    assert_int_equal(set->err_subleaf, NO_SUBLEAF);
    assert_int_equal(set_leaf(1, 0, (struct cpuid_leaf){0}), -ERANGE);
    assert_int_equal(set_leaf(0, NO_SUBLEAF, (struct cpuid_leaf){.a = 0xe}),
                     -EINVAL);
    assert_int_equal(set->err_leaf, 0);
    assert_int_equal(set->err_msr, ~0u);
    assert_int_equal(
        set_leaf(0x80000000, NO_SUBLEAF, (struct cpuid_leaf){.a = 0x80000009}),
        -EINVAL);
    assert_int_equal(set->err_leaf, 0x80000000);
    set->leaves = 8;
    assert_int_equal(domctl_set_cpu_policy(d, &op), -EFAULT);
    assert_ptr_equal(d->arch.cpuid, &cpuid_initial);
}

static void set_checks_msrs(void **state)
{
    struct xen_domctl_cpu_policy *set = &op.u.cpu_policy;

    (void)state;
    set->nr_msrs = 1;
    msrs[0] = (struct xen_msr_entry){.idx = 0xce, .val = 1u << 31};
    assert_int_equal(domctl_set_cpu_policy(d, &op), -EINVAL);
    assert_int_equal(set->err_msr, 0xce);
    msrs[0] = (struct xen_msr_entry){.idx = 0x10a, .flags = 1};
    assert_int_equal(domctl_set_cpu_policy(d, &op), -EINVAL);
    msrs[0] = (struct xen_msr_entry){.idx = 0x10};
    assert_int_equal(domctl_set_cpu_policy(d, &op), -ERANGE);
    set->nr_msrs = 3;
    assert_int_equal(domctl_set_cpu_policy(d, &op), -E2BIG);
    set->nr_msrs = 1;
    set->msrs = 8;
    assert_int_equal(domctl_set_cpu_policy(d, &op), -EFAULT);
}

static void features_go_with_what_they_need(void **state)
{
    struct cpuid_leaf l = cpuid_initial.basic[1];
    const struct cpuid_policy *p;

    (void)state;
    l.c &= ~ECX_AVX;
    assert_int_equal(set_leaf(1, NO_SUBLEAF, l), 0);
    p = d->arch.cpuid;
    assert_int_equal(p->basic[1].c & (ECX_AVX | 1u << 12 | 1u << 29), 0);
    assert_int_equal(p->features[0].b & (1u << 5 | 1u << 16 | 1u << 31), 0);
    assert_int_equal(p->features[0].c & (1u << 9 | 1u << 10 | 1u << 14), 0);
    assert_int_equal(p->features[1].a & (1u << 4 | 1u << 5), 0);
    assert_int_equal(cpuid_xcr0_max(p), 3);
    assert_int_not_equal(cpuid_initial.basic[1].c & ECX_AVX, 0);
}

static void vcpus_follow_the_domains_policy(void **state)
{
    struct vcpu *v = d->vcpu[1];
    struct cpuid_leaf l = {.c = ~0u, .d = ~0u};

    (void)state;
    v->arch.xcr0 = 0xe7;
    assert_int_equal(cpuid_guest(v, 0xd, 0, true).b, 2688);
    assert_int_equal(cpuid_guest(v, 7, 2, true).d, 0);
    assert_int_equal(set_leaf(1, NO_SUBLEAF, l), 0);
    /* All that may be, and no bit of the machine's. */
    assert_int_equal(cpuid_guest(v, 1, 0, false).c, 0xf6f83203);
    assert_int_equal(cpuid_guest(v, 1, 0, false).d, 0x1fc9cbf5);
    assert_int_equal(cpuid_guest(v, 1, 0, false).b, 0x02010000);
    assert_int_equal(set_leaf(0, NO_SUBLEAF, (struct cpuid_leaf){.a = 1}), 0);
    assert_int_equal(cpuid_guest(v, 0, 0, true).a, 1);
    assert_int_equal(cpuid_guest(v, 7, 0, true).b, 0);
}

static void caches_and_topology_are_a_single_cpus(void **state)
{
    (void)state;
    assert_int_equal(cpuid_guest(d->vcpu[0], 4, 2, true).a, 0x121);
    assert_int_equal(cpuid_guest(d->vcpu[0], 4, 3, true).a, 0);
    assert_int_equal(cpuid_guest(d->vcpu[0], 4, 6, true).a, 0);
    assert_int_equal(cpuid_guest(d->vcpu[0], 0xb, 0, true).c, 0);
}

static void hypervisor_leaves_end_where_the_toolstack_says(void **state)
{
    struct vcpu *v = d->vcpu[0];

    (void)state;
    assert_int_equal(cpuid_guest(v, 0x40000000, 0, true).a, 0x40000005);
    assert_int_equal(
        set_leaf(0x40000000, NO_SUBLEAF, (struct cpuid_leaf){.a = 3}), 0);
    assert_int_equal(cpuid_guest(v, 0x40000000, 0, true).a, 0x40000003);
    assert_int_equal(cpuid_guest(v, 0x40000005, 0, true).b, 0);
    assert_int_equal(
        set_leaf(0x40000000, NO_SUBLEAF, (struct cpuid_leaf){.a = 1}), 0);
    assert_int_equal(cpuid_guest(v, 0x40000000, 0, true).a, 0x40000002);
    assert_int_equal(
        set_leaf(0x40000000, NO_SUBLEAF, (struct cpuid_leaf){.a = 0xff}), 0);
    assert_int_equal(cpuid_guest(v, 0x40000000, 0, true).a, 0x40000005);
}

static void host_policies_are_found_by_index(void **state)
{
    struct xen_sysctl_cpu_policy *get = &sysctl.u.cpu_policy;

    (void)state;
    for (u32 i = 0; i < 6; i++) {
        *get = (struct xen_sysctl_cpu_policy){
            .index = i,
            .nr_leaves = CPUID_MAX_LEAVES,
            .nr_msrs = 2,
            .leaves = (uint64_t)leaves,
            .msrs = (uint64_t)msrs,
        };
        assert_int_equal(arch_sysctl_get_cpu_policy(&sysctl), 0);
    }
    assert_int_equal(get->nr_leaves, 4); /* there are no HVM guests */
    get->_rsvd = 1;
    assert_int_equal(arch_sysctl_get_cpu_policy(&sysctl), -EINVAL);
    get->_rsvd = 0;
    get->index = 6;
    assert_int_equal(arch_sysctl_get_cpu_policy(&sysctl), -EINVAL);
}

static void featuresets_are_cut_to_the_room(void **state)
{
    struct xen_sysctl_cpu_featureset *get = &sysctl.u.cpu_featureset;
    u32 *words = fake_guest_alloc(FEATURESET_WORDS * sizeof(u32));

    (void)state;
    *get = (struct xen_sysctl_cpu_featureset){.index = 99};
    assert_int_equal(arch_sysctl_get_cpu_featureset(&sysctl), 0);
    assert_int_equal(get->nr_features, 19);
    get->features = (uint64_t)words;
    assert_int_equal(arch_sysctl_get_cpu_featureset(&sysctl), -EINVAL);
    get->index = XEN_SYSCTL_cpu_featureset_pv;
    get->nr_features = 2;
    assert_int_equal(arch_sysctl_get_cpu_featureset(&sysctl), -ENOBUFS);
    assert_int_equal(words[FS_1C], 0xf6d83203);
    assert_int_equal(words[FS_E1D], 0);
    get->nr_features = 64;
    assert_int_equal(arch_sysctl_get_cpu_featureset(&sysctl), 0);
    assert_int_equal(get->nr_features, 19);
    get->features = 8;
    assert_int_equal(arch_sysctl_get_cpu_featureset(&sysctl), -EFAULT);
}

static void tsc_modes_are_kept(void **state)
{
    struct xen_domctl_tsc_info *info = &op.u.tsc_info;

    (void)state;
    *info = (struct xen_domctl_tsc_info){.tsc_mode = 2, .incarnation = 7};
    assert_int_equal(domctl_settscinfo(d, &op), 0);
    assert_int_equal(domctl_gettscinfo(d, &op), 0);
    assert_int_equal(info->tsc_mode, 2);
    assert_int_equal(info->incarnation, 8);
    assert_int_equal(cpuid_guest(d->vcpu[0], 0x40000003, 0, true).b, 2);
    assert_int_equal(cpuid_guest(d->vcpu[0], 0x40000003, 0, true).d, 8);
    info->tsc_mode = 3;
    assert_int_equal(domctl_settscinfo(d, &op), -EINVAL);
    assert_int_equal(domctl_settscinfo(current->domain, &op), -EINVAL);
    assert_int_equal(domctl_gettscinfo(current->domain, &op), -EINVAL);
}

static void emulated_tsc_goes_on(void **state)
{
    struct xen_domctl_tsc_info *info = &op.u.tsc_info;

    (void)state;
    nr_syncs = 0;
    fake_now = 5000;
    *info = (struct xen_domctl_tsc_info){
        .tsc_mode = 1, .gtsc_khz = 2000000, .elapsed_nsec = 1000000};
    assert_int_equal(domctl_settscinfo(d, &op), 0);
    assert_int_equal(nr_syncs, 2);
    fake_now += 500;
    assert_int_equal(domctl_gettscinfo(d, &op), 0);
    assert_int_equal(info->elapsed_nsec, 1000500);
    assert_int_equal(info->gtsc_khz, 2000000);
    assert_in_range(domain_tsc_at(d, fake_now), 2000990, 2001000);
    assert_int_equal(cpuid_guest(d->vcpu[0], 0x40000003, 0, true).a & 1, 1);
    assert_int_equal(cpuid_guest(d->vcpu[0], 0x40000003, 0, true).c, 2000000);
    assert_int_equal(cpuid_guest(d->vcpu[0], 0x40000003, 1, true).a,
                     (u32)(5000 - 1000000));
    assert_int_equal(cpuid_guest(d->vcpu[0], 0x40000003, 1, true).b, ~0u);

    *info = (struct xen_domctl_tsc_info){.tsc_mode = 1};
    assert_int_equal(domctl_settscinfo(d, &op), 0);
    assert_int_equal(domctl_gettscinfo(d, &op), 0);
    assert_int_equal(info->gtsc_khz, tsc_khz);
    *info = (struct xen_domctl_tsc_info){.tsc_mode = 1, .gtsc_khz = 100000001};
    assert_int_equal(domctl_settscinfo(d, &op), -EINVAL);
    fake_now = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(guests_have_no_features_of_ring_0),
        TEST(host_lacks_what_it_was_told_not_to_use),
        TEST(states_that_are_not_switched_go_with_their_features),
        TEST(list_is_sorted_and_complete),
        TEST(no_list_is_longer_than_there_is_room),
        TEST(get_tells_sizes_and_wants_room),
        TEST(set_is_for_others_that_have_not_run),
        TEST(set_says_what_was_wrong),
        TEST(set_checks_msrs),
        TEST(features_go_with_what_they_need),
        TEST(vcpus_follow_the_domains_policy),
        TEST(caches_and_topology_are_a_single_cpus),
        TEST(hypervisor_leaves_end_where_the_toolstack_says),
        TEST(host_policies_are_found_by_index),
        TEST(featuresets_are_cut_to_the_room),
        TEST(tsc_modes_are_kept),
        TEST(emulated_tsc_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
