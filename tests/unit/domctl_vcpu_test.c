/* SPDX-License-Identifier: MIT */
/* domctl on vcpus: creating them, setting and reading contexts. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "public/domctl.h"
#include "xen/errno.h"
#include "xen/heap.h"
#include "xen/sched.h"
#include "xen/time.h"
#include "xen/vcpu.h"
#include "../../xen/common/domctl_internal.h"
#include "fake/fake.h"

static struct xen_domctl op;
static struct domain *dom0, *d;
static struct vcpu_guest_context *ctxt;
static unsigned int nr_sets, nr_resets, nr_clocks;
static int set_rc, reset_rc;
static bool paused_meanwhile;

struct vcpu *vcpu_create(struct domain *of, unsigned int id)
{
    struct vcpu *v = xzalloc(struct vcpu);

    if (!v)
        return NULL;
    v->vcpu_id = id;
    v->domain = of;
    of->vcpu[id] = v;
    return v;
}

int arch_set_info_guest(struct vcpu *v, const struct vcpu_guest_context *c)
{
    (void)c;
    nr_sets++;
    paused_meanwhile = atomic_read(&v->domain->pause_count) > 0;
    if (set_rc == 0)
        v->is_initialised = true;
    return set_rc;
}

void arch_get_info_guest(struct vcpu *v, struct vcpu_guest_context *c)
{
    memset(c, 0, sizeof(*c));
    paused_meanwhile = atomic_read(&v->domain->pause_count) > 0;
    c->user_regs.rip = 0x1234;
}

int arch_vcpu_reset(struct vcpu *v)
{
    (void)v;
    nr_resets++;
    return reset_rc;
}

void update_domain_wallclock(struct domain *of)
{
    (void)of;
    nr_clocks++;
}

static int setup(void **state)
{
    (void)state;
    memset(&op, 0, sizeof(op));
    dom0 = fake_domain(0, 1);
    d = fake_domain(5, 2);
    fake_set_current(dom0->vcpu[0]);
    ctxt = fake_guest_alloc(sizeof(*ctxt));
    op.u.vcpucontext.ctxt = (unsigned long)ctxt;
    set_bit(VPF_down, &d->vcpu[0]->pause_flags);
    nr_sets = nr_resets = nr_clocks = 0;
    set_rc = reset_rc = 0;
    paused_meanwhile = false;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_heap_fail(0);
    fake_guest_free();
    fake_domains_free();
    return 0;
}

static void vcpus_are_created_once_and_all(void **state)
{
    struct vcpu *kept = d->vcpu[0];

    (void)state;
    free(d->vcpu[1]);
    d->vcpu[1] = NULL;
    op.u.max_vcpus.max = 1;
    assert_int_equal(domctl_max_vcpus(d, &op), -EINVAL);
    op.u.max_vcpus.max = 3;
    assert_int_equal(domctl_max_vcpus(d, &op), -EINVAL);
    op.u.max_vcpus.max = 2;
    fake_heap_fail(1);
    assert_int_equal(domctl_max_vcpus(d, &op), -ENOMEM);
    assert_int_equal(domctl_max_vcpus(d, &op), 0);
    assert_ptr_equal(d->vcpu[0], kept);
    assert_non_null(d->vcpu[1]);
    xfree(d->vcpu[1]);
    d->vcpu[1] = NULL;
    op.u.max_vcpus.max = 1;
    assert_int_equal(domctl_max_vcpus(dom0, &op), -EINVAL);
}

static void a_context_starts_the_vcpu_or_leaves_it_down(void **state)
{
    (void)state;
    assert_int_equal(domctl_setvcpucontext(d, &op), 0);
    assert_true(test_bit(VPF_down, &d->vcpu[0]->pause_flags));
    assert_true(paused_meanwhile);
    assert_int_equal(nr_clocks, 1);
    ctxt->flags = VGCF_online;
    assert_int_equal(domctl_setvcpucontext(d, &op), 0);
    assert_false(test_bit(VPF_down, &d->vcpu[0]->pause_flags));
    assert_int_equal(atomic_read(&d->pause_count), 0);
    assert_int_equal(fake_heap_in_use(), 0);
}

static void a_context_that_is_refused_changes_nothing(void **state)
{
    (void)state;
    ctxt->flags = VGCF_online;
    set_rc = -EOPNOTSUPP;
    assert_int_equal(domctl_setvcpucontext(d, &op), -EOPNOTSUPP);
    assert_true(test_bit(VPF_down, &d->vcpu[0]->pause_flags));
    set_rc = -ERESTART;
    assert_int_equal(domctl_setvcpucontext(d, &op), -ERESTART);
    set_rc = 0;
    d->dying = DOMDYING_dying;
    assert_int_equal(domctl_setvcpucontext(d, &op), -EINVAL);
    assert_int_equal(nr_clocks, 0);
    assert_int_equal(atomic_read(&d->pause_count), 0);
    assert_int_equal(fake_heap_in_use(), 0);
}

static void contexts_have_bounds(void **state)
{
    (void)state;
    assert_int_equal(domctl_setvcpucontext(dom0, &op), -EINVAL);
    assert_int_equal(domctl_getvcpucontext(dom0, &op), -EINVAL);
    op.u.vcpucontext.vcpu = 2;
    assert_int_equal(domctl_setvcpucontext(d, &op), -EINVAL);
    free(d->vcpu[1]);
    d->vcpu[1] = NULL;
    op.u.vcpucontext.vcpu = 1;
    assert_int_equal(domctl_setvcpucontext(d, &op), -ESRCH);
    op.u.vcpucontext.vcpu = 0;
    op.u.vcpucontext.ctxt = 8;
    assert_int_equal(domctl_setvcpucontext(d, &op), -EFAULT);
    op.u.vcpucontext.ctxt = (unsigned long)ctxt;
    fake_heap_fail(1);
    assert_int_equal(domctl_setvcpucontext(d, &op), -ENOMEM);
    assert_int_equal(nr_sets, 0);
}

static void no_context_resets(void **state)
{
    (void)state;
    d->vcpu[0]->is_initialised = true;
    clear_bit(VPF_down, &d->vcpu[0]->pause_flags);
    op.u.vcpucontext.ctxt = 0;
    reset_rc = -ERESTART;
    assert_int_equal(domctl_setvcpucontext(d, &op), -ERESTART);
    assert_false(d->vcpu[0]->is_initialised);
    assert_true(test_bit(VPF_down, &d->vcpu[0]->pause_flags));
    reset_rc = 0;
    assert_int_equal(domctl_setvcpucontext(d, &op), 0);
    assert_false(d->vcpu[0]->is_initialised);
    assert_true(test_bit(VPF_down, &d->vcpu[0]->pause_flags));
    assert_int_equal(nr_sets, 0);
}

static void a_context_is_read_while_paused(void **state)
{
    (void)state;
    assert_int_equal(domctl_getvcpucontext(d, &op), -ENODATA);
    d->vcpu[0]->is_initialised = true;
    assert_int_equal(domctl_getvcpucontext(d, &op), 0);
    assert_true(paused_meanwhile);
    assert_int_equal(ctxt->user_regs.rip, 0x1234);
    op.u.vcpucontext.ctxt = 8;
    assert_int_equal(domctl_getvcpucontext(d, &op), -EFAULT);
    fake_heap_fail(1);
    assert_int_equal(domctl_getvcpucontext(d, &op), -ENOMEM);
    assert_int_equal(atomic_read(&d->pause_count), 0);
    assert_int_equal(fake_heap_in_use(), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(vcpus_are_created_once_and_all),
        TEST(a_context_starts_the_vcpu_or_leaves_it_down),
        TEST(a_context_that_is_refused_changes_nothing),
        TEST(contexts_have_bounds),
        TEST(no_context_resets),
        TEST(a_context_is_read_while_paused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
