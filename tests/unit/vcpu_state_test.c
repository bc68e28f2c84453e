/* SPDX-License-Identifier: MIT */
/* domctl on callbacks, extended state and MSRs of vcpus: what comes from a file
 * is checked, and the vcpu does not run meanwhile. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "public/domctl.h"
#include "xen/errno.h"
#include "xen/sched.h"
#include "asm/cpufeature.h"
#include "asm/cpuid.h"
#include "asm/domctl.h"
#include "asm/processor.h"
#include "asm/xstate.h"
#include "fake/fake.h"

#define AREA_SIZE   832
#define MSR_TSC_AUX 0xc0000103

struct cpu_features cpu_features;

static struct domain *d;
static struct vcpu *v;
static struct xen_domctl op;
static unsigned int nr_syncs;
static u64 *state; /* XCR0, used, XSAVE area */
static struct xen_domctl_vcpu_msr *msrs;

void vcpu_pause(struct vcpu *which)
{
    atomic_inc(&which->pause_count);
}

void vcpu_unpause(struct vcpu *which)
{
    atomic_dec(&which->pause_count);
}

void sync_vcpu_state(struct vcpu *which)
{
    assert_int_equal(atomic_read(&which->pause_count), 1);
    nr_syncs++;
}

/* A CPU with AVX and RDTSCP. */
static void avx_cpu(u32 leaf, u32 subleaf, u32 regs[4])
{
    memset(regs, 0, 4 * sizeof(u32));
    switch (leaf) {
    case 0:
        regs[0] = 0xd;
        break;
    case 1:
        regs[2] = 1u << 26 | 1u << 28;
        regs[3] = ~0u;
        break;
    case 0xd:
        if (subleaf == 0)
            regs[0] = 7;
        if (subleaf == 2) {
            regs[0] = 256;
            regs[1] = 576;
        }
        break;
    case 0x80000000:
        regs[0] = 0x80000008;
        break;
    case 0x80000001:
        regs[3] = CPUID_EXT1_EDX_RDTSCP;
        break;
    default:
        break;
    }
}

static int setup(void **test_state)
{
    (void)test_state;
    fake_cpuid = avx_cpu;
    cpu_features =
        (struct cpu_features){.vendor = VENDOR_INTEL, .rdtscp = true};
    xfeature_mask = 7;
    xsave_area_size = AREA_SIZE;
    cpuid_policy_init();
    fake_set_current(fake_domain(0, 1)->vcpu[0]);
    d = fake_domain(5, 2);
    d->arch.cpuid = &cpuid_initial;
    v = d->vcpu[0];
    v->arch.xsave_area = calloc(1, AREA_SIZE);
    v->arch.mce.cap = NR_MC_BANKS;
    state = fake_guest_alloc(16 + AREA_SIZE);
    msrs = fake_guest_alloc(3 * sizeof(*msrs));
    memset(&op, 0, sizeof(op));
    nr_syncs = 0;
    return 0;
}

static int teardown(void **test_state)
{
    (void)test_state;
    assert_int_equal(atomic_read(&v->pause_count), 0);
    free(v->arch.xsave_area);
    fake_domains_free();
    fake_guest_free();
    fake_cpuid = NULL;
    assert_int_equal(fake_heap_in_use(), 0);
    return 0;
}

/* ---- further callbacks ---- */

static void callbacks_are_kept(void **test_state)
{
    struct xen_domctl_ext_vcpucontext *e = &op.u.ext_vcpucontext;

    (void)test_state;
    e->size = sizeof(*e);
    e->syscall32_callback_eip = 0x1000;
    e->sysenter_callback_eip = 0xffffffff81000000;
    e->sysenter_disables_events = 7;
    e->vmce.caps = 0x1000c02;
    e->vmce.mci_ctl2_bank1 = 5;
    assert_int_equal(domctl_set_ext_vcpucontext(d, &op), 0);
    assert_int_equal(nr_syncs, 1);
    memset(&op, 0x55, sizeof(op));
    e->vcpu = 0;
    assert_int_equal(domctl_get_ext_vcpucontext(d, &op), 0);
    assert_int_equal(e->size, 64);
    assert_int_equal(e->syscall32_callback_eip, 0x1000);
    assert_int_equal(e->sysenter_callback_eip, 0xffffffff81000000);
    assert_int_equal(e->syscall32_disables_events, 0);
    assert_int_equal(e->sysenter_disables_events, 1);
    assert_int_equal(e->vmce.caps, 0x1000c02);
    assert_int_equal(e->vmce.mci_ctl2_bank1, 5);
}

static void callbacks_are_checked(void **test_state)
{
    struct xen_domctl_ext_vcpucontext *e = &op.u.ext_vcpucontext;

    (void)test_state;
    e->size = 31;
    assert_int_equal(domctl_set_ext_vcpucontext(d, &op), -EINVAL);
    e->size = 32;
    e->vmce.caps = ~0UL; /* past the end of what is given */
    assert_int_equal(domctl_set_ext_vcpucontext(d, &op), 0);
    assert_int_equal(v->arch.mce.cap, NR_MC_BANKS);
    e->size = 64;
    e->vmce.caps = 1UL << 9;
    assert_int_equal(domctl_set_ext_vcpucontext(d, &op), -EINVAL);
    e->vmce.caps = 0x1000c02;
    cpu_features.vendor = VENDOR_AMD;
    assert_int_equal(domctl_set_ext_vcpucontext(d, &op), -EINVAL);
    e->vmce.caps = 2;
    e->syscall32_callback_eip = 1UL << 47;
    assert_int_equal(domctl_set_ext_vcpucontext(d, &op), -EINVAL);
    e->syscall32_callback_eip = 0;
    e->sysenter_callback_eip = 1UL << 47;
    assert_int_equal(domctl_set_ext_vcpucontext(d, &op), -EINVAL);
}

static void callbacks_of_nobody_are_esrch(void **test_state)
{
    (void)test_state;
    op.u.ext_vcpucontext.vcpu = 2;
    op.u.ext_vcpucontext.size = 64;
    assert_int_equal(domctl_get_ext_vcpucontext(d, &op), -ESRCH);
    assert_int_equal(domctl_set_ext_vcpucontext(d, &op), -ESRCH);
    op.u.ext_vcpucontext.vcpu = 0;
    assert_int_equal(domctl_get_ext_vcpucontext(current->domain, &op), -ESRCH);
    assert_int_equal(domctl_set_ext_vcpucontext(current->domain, &op), -ESRCH);
}

/* ---- extended state ---- */

static int get_state(u64 size)
{
    op.u.vcpuextstate = (struct xen_domctl_vcpuextstate){
        .xfeature_mask = 7, .size = size, .buffer = (u64)state};
    return domctl_getvcpuextstate(d, &op);
}

static int set_state(u64 xcr0, u64 used, u64 present, u64 area)
{
    state[0] = xcr0;
    state[1] = used;
    state[2 + 64] = present;
    op.u.vcpuextstate = (struct xen_domctl_vcpuextstate){
        .xfeature_mask = 7, .size = 16 + area, .buffer = (u64)state};
    return domctl_setvcpuextstate(d, &op);
}

static void size_of_state_is_told(void **test_state)
{
    (void)test_state;
    assert_int_equal(domctl_getvcpuextstate(d, &op), 0);
    assert_int_equal(op.u.vcpuextstate.size, 16 + AREA_SIZE);
    assert_int_equal(op.u.vcpuextstate.xfeature_mask, 7);
    assert_int_equal(get_state(16), 0);
    assert_int_equal(get_state(15), -EINVAL);
    assert_int_equal(state[0] | state[1], 0);
}

static void state_comes_back(void **test_state)
{
    (void)test_state;
    state[2 + 10] = 0x1234;
    state[2 + 3] = 0xffffffff; /* MXCSR */
    state[2 + 72] = 0x5678;    /* AVX */
    assert_int_equal(set_state(3, 7, 7, AREA_SIZE), 0);
    assert_int_equal(v->arch.xcr0, 3);
    memset(state, 0, 16 + AREA_SIZE);
    assert_int_equal(get_state(16 + AREA_SIZE - 1), -EINVAL);
    assert_int_equal(get_state(16 + AREA_SIZE), 0);
    assert_int_equal(op.u.vcpuextstate.size, 16 + AREA_SIZE);
    assert_int_equal(state[0], 3);
    assert_int_equal(state[1], 7);
    assert_int_equal(state[2 + 10], 0x1234);
    assert_int_equal((u32)state[2 + 3], 0xffbf);
    assert_int_equal(state[2 + 72], 0x5678);
    /* A smaller one leaves nothing of it behind. */
    assert_int_equal(set_state(3, 3, 3, 576), 0);
    assert_int_equal(((u64 *)v->arch.xsave_area)[72], 0);
    assert_int_equal(get_state(16 + AREA_SIZE), 0);
    assert_int_equal(op.u.vcpuextstate.size, 16 + 576);
}

static void states_that_cannot_be_are_refused(void **test_state)
{
    (void)test_state;
    assert_int_equal(set_state(0, 0, 0, 0), 0);
    assert_int_equal(set_state(1, 0, 0, 0), -EINVAL);
    assert_int_equal(set_state(0, 0, 0, 8), -EINVAL);
    assert_int_equal(set_state(3, 3, 3, 575), -EINVAL);
    assert_int_equal(set_state(3, 3, 3, AREA_SIZE), -EINVAL);
    assert_int_equal(set_state(3, 3, 3, AREA_SIZE + 1), -EINVAL);
    assert_int_equal(set_state(3, 3, 7, 576), -EINVAL);
    assert_int_equal(set_state(2, 3, 3, 576), -EINVAL);
    assert_int_equal(set_state(7, 3, 3, 576), -EINVAL);
    assert_int_equal(set_state(5, 7, 7, AREA_SIZE), -EINVAL);
    assert_int_equal(set_state(3, 0xb, 3, AREA_SIZE), -EINVAL);
    assert_int_equal(set_state(3, ~0UL, 3, AREA_SIZE), -EINVAL);
    op.u.vcpuextstate.size = 15;
    assert_int_equal(domctl_setvcpuextstate(d, &op), -EINVAL);
    state[2 + 65] = 1UL << 63;
    assert_int_equal(set_state(3, 3, 3, 576), -EOPNOTSUPP);
    state[2 + 65] = 0;
    state[2 + 71] = 1;
    assert_int_equal(set_state(3, 3, 3, 576), -EIO);
    assert_int_equal(v->arch.xcr0_used, 0);
}

static void state_of_a_feature_less_is_refused(void **test_state)
{
    struct cpuid_policy p = cpuid_initial;

    (void)test_state;
    p.basic[1].c &= ~(1u << 28);
    cpuid_policy_limit(&p);
    d->arch.cpuid = &p;
    assert_int_equal(set_state(7, 7, 7, AREA_SIZE), -EINVAL);
    assert_int_equal(set_state(3, 3, 3, 576), 0);
}

static void state_of_nobody_is_refused(void **test_state)
{
    (void)test_state;
    assert_int_equal(domctl_getvcpuextstate(current->domain, &op), -EINVAL);
    assert_int_equal(domctl_setvcpuextstate(current->domain, &op), -EINVAL);
    op.u.vcpuextstate.vcpu = 2;
    assert_int_equal(domctl_getvcpuextstate(d, &op), -ESRCH);
    assert_int_equal(domctl_setvcpuextstate(d, &op), -ESRCH);
}

static void state_needs_memory(void **test_state)
{
    (void)test_state;
    fake_heap_fail(1);
    assert_int_equal(get_state(16), -ENOMEM);
    fake_heap_fail(1);
    assert_int_equal(set_state(3, 3, 3, 576), -ENOMEM);
    op.u.vcpuextstate.buffer = 8;
    assert_int_equal(domctl_setvcpuextstate(d, &op), -EFAULT);
    assert_int_equal(domctl_getvcpuextstate(d, &op), -EFAULT);
    op.u.vcpuextstate.xfeature_mask = 3;
    assert_int_equal(domctl_getvcpuextstate(d, &op), -EINVAL);
}

/* ---- MSRs ---- */

static int set_msr(u32 index, u32 reserved, u64 value)
{
    msrs[0] = (struct xen_domctl_vcpu_msr){index, reserved, value};
    op.u.vcpu_msrs =
        (struct xen_domctl_vcpu_msrs){.msr_count = 1, .msrs = (u64)msrs};
    return domctl_set_vcpu_msrs(d, &op);
}

static void msrs_are_those_that_are_set(void **test_state)
{
    struct xen_domctl_vcpu_msrs *m = &op.u.vcpu_msrs;

    (void)test_state;
    assert_int_equal(domctl_get_vcpu_msrs(d, &op), 0);
    assert_int_equal(m->msr_count, 2);
    m->msrs = (u64)msrs;
    assert_int_equal(domctl_get_vcpu_msrs(d, &op), 0);
    assert_int_equal(m->msr_count, 0);
    assert_int_equal(set_msr(MSR_TSC_AUX, 0, 7), 0);
    m->msr_count = 0;
    assert_int_equal(domctl_get_vcpu_msrs(d, &op), -ENOBUFS);
    m->msr_count = 1;
    assert_int_equal(domctl_get_vcpu_msrs(d, &op), 0);
    assert_int_equal(m->msr_count, 1);
    assert_int_equal(msrs[0].value, 7);
    m->msrs = 8;
    assert_int_equal(domctl_get_vcpu_msrs(d, &op), -EFAULT);
    assert_int_equal(domctl_set_vcpu_msrs(d, &op), -EFAULT);
}

static void msrs_are_checked(void **test_state)
{
    (void)test_state;
    assert_int_equal(set_msr(MSR_TSC_AUX, 1, 7), -EINVAL);
    assert_int_equal(set_msr(MSR_TSC_AUX, 0, 1UL << 32), -EINVAL);
    assert_int_equal(set_msr(0xc0000080, 0, 0), -EINVAL);
    assert_int_equal(op.u.vcpu_msrs.msr_count, 0);
    assert_int_equal(set_msr(0x140, 0, 0), 0);
    assert_int_equal(set_msr(0x140, 0, 1), -EINVAL);
    op.u.vcpu_msrs.msr_count = 3;
    assert_int_equal(domctl_set_vcpu_msrs(d, &op), -EINVAL);
    assert_int_equal(v->arch.tsc_aux, 0);
}

static void msrs_of_nobody_are_refused(void **test_state)
{
    (void)test_state;
    assert_int_equal(domctl_get_vcpu_msrs(current->domain, &op), -EINVAL);
    assert_int_equal(domctl_set_vcpu_msrs(current->domain, &op), -EINVAL);
    op.u.vcpu_msrs.vcpu = 2;
    assert_int_equal(domctl_get_vcpu_msrs(d, &op), -ESRCH);
    assert_int_equal(domctl_set_vcpu_msrs(d, &op), -ESRCH);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(callbacks_are_kept),
        TEST(callbacks_are_checked),
        TEST(callbacks_of_nobody_are_esrch),
        TEST(size_of_state_is_told),
        TEST(state_comes_back),
        TEST(states_that_cannot_be_are_refused),
        TEST(state_of_a_feature_less_is_refused),
        TEST(state_of_nobody_is_refused),
        TEST(state_needs_memory),
        TEST(msrs_are_those_that_are_set),
        TEST(msrs_are_checked),
        TEST(msrs_of_nobody_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
