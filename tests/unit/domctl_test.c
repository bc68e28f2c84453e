/* SPDX-License-Identifier: MIT */
/* domctl: versions, ids, limits, pausing and destroying. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "public/domctl.h"
#include "xen/errno.h"
#include "xen/hypercall.h"
#include "xen/sched.h"
#include "xen/time.h"
#include "xen/vcpu.h"
#include "fake/fake.h"

static struct xen_domctl *op;
static struct domain *dom0, *d;
static struct domain_config created;
static int kill_rc;
static unsigned int nr_kills, nr_resumes;

void vcpu_runstate_get(const struct vcpu *v, struct vcpu_runstate_info *out)
{
    *out = v->runstate;
}

int domain_create(domid_t domid, const struct domain_config *cfg,
                  struct domain **d_out)
{
    struct domain *old = domain_get(domid);

    if (old) {
        domain_put(old);
        return -EEXIST;
    }
    created = *cfg;
    *d_out = fake_domain(domid, cfg->max_vcpus);
    return 0;
}

int domain_kill(struct domain *victim)
{
    (void)victim;
    nr_kills++;
    return kill_rc;
}

void domain_resume(struct domain *which)
{
    (void)which;
    nr_resumes++;
}

/* The contexts of vcpus: domctl_vcpu_test. */

struct vcpu *vcpu_create(struct domain *of, unsigned int id)
{
    (void)of;
    (void)id;
    return NULL;
}

int arch_set_info_guest(struct vcpu *v, const struct vcpu_guest_context *c)
{
    (void)v;
    (void)c;
    return -EINVAL;
}

void arch_get_info_guest(struct vcpu *v, struct vcpu_guest_context *c)
{
    (void)v;
    (void)c;
}

int arch_vcpu_reset(struct vcpu *v)
{
    (void)v;
    return 0;
}

static const struct vcpu *nmi_to;

void vcpu_send_nmi(struct vcpu *v)
{
    nmi_to = v;
}

static long call(unsigned int cmd, domid_t domid)
{
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = domid;
    return do_domctl((unsigned long)op, 0, 0, 0, 0);
}

static int setup(void **state)
{
    (void)state;
    op = fake_guest_alloc(sizeof(*op));
    dom0 = fake_domain(0, 1);
    dom0->is_hardware = true;
    d = fake_domain(5, 1);
    fake_set_current(dom0->vcpu[0]);
    kill_rc = 0;
    nr_kills = nr_resumes = 0;
    op->u.createdomain.max_vcpus = 2;
    op->u.createdomain.max_evtchn_port = 1023;
    op->u.createdomain.max_grant_frames = -1;
    op->u.createdomain.max_maptrack_frames = 7;
    op->u.createdomain.grant_opts = 2;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_guest_free();
    fake_domains_free();
    return 0;
}

static void another_version_is_eacces(void **state)
{
    (void)state;
    op->interface_version = 1;
    assert_int_equal(do_domctl((unsigned long)op, 0, 0, 0, 0), -EACCES);
    assert_int_equal(do_domctl(8, 0, 0, 0, 0), -EFAULT);
}

static void unknown_operations_are_enosys(void **state)
{
    (void)state;
    assert_int_equal(call(0, 5), -ENOSYS);
    assert_int_equal(call(XEN_DOMCTL_cacheflush, 5), -ENOSYS);
    assert_int_equal(call(~0u, 5), -ENOSYS);
}

static void absent_features_have_their_own_errors(void **state)
{
    (void)state;
    assert_int_equal(call(XEN_DOMCTL_gethvmcontext, 5), -EINVAL);
    assert_int_equal(call(XEN_DOMCTL_assign_device, 5), -EOPNOTSUPP);
    assert_int_equal(call(XEN_DOMCTL_psr_alloc, 5), -ENODEV);
    assert_int_equal(call(XEN_DOMCTL_psr_alloc, 6), -ESRCH);
}

static void triggers_are_nmis(void **state)
{
    struct xen_domctl_sendtrigger *t = &op->u.sendtrigger;

    (void)state;
    assert_int_equal(call(XEN_DOMCTL_sendtrigger, 5), 0);
    assert_ptr_equal(nmi_to, d->vcpu[0]);
    t->vcpu = 1;
    assert_int_equal(call(XEN_DOMCTL_sendtrigger, 5), -ESRCH);
    t->vcpu = 0;
    t->trigger = XEN_DOMCTL_SENDTRIGGER_POWER;
    assert_int_equal(call(XEN_DOMCTL_sendtrigger, 5), -EINVAL);
    t->trigger = XEN_DOMCTL_SENDTRIGGER_RESET;
    assert_int_equal(call(XEN_DOMCTL_sendtrigger, 5), -ENOSYS);
}

static void a_domain_can_handle_the_hosts_virqs(void **state)
{
    (void)state;
    fake_nr_sent = 0;
    op->u.set_virq_handler.virq = VIRQ_DOM_EXC;
    assert_int_equal(call(XEN_DOMCTL_set_virq_handler, 5), 0);
    assert_ptr_equal(fake_sent[0].d, d);
    assert_int_equal(fake_sent[0].virq, VIRQ_DOM_EXC);
}

static void settings_of_a_domain_are_kept(void **state)
{
    (void)state;
    op->u.settimeoffset.time_offset_seconds = -55;
    assert_int_equal(call(XEN_DOMCTL_settimeoffset, 5), 0);
    assert_int_equal(d->time_offset_seconds, -55);
    op->u.subscribe.port = 7;
    assert_int_equal(call(XEN_DOMCTL_subscribe, 5), 0);
    assert_int_equal(d->suspend_port, 7);
    op->u.setdebugging.enable = 0;
    assert_int_equal(call(XEN_DOMCTL_setdebugging, 5), 0);
    assert_int_equal(call(XEN_DOMCTL_setdebugging, 0), -EINVAL);
    op->u.setdebugging.enable = 1;
    assert_int_equal(call(XEN_DOMCTL_setdebugging, 5), -EOPNOTSUPP);
}

static void unknown_domains_are_esrch(void **state)
{
    (void)state;
    assert_int_equal(call(XEN_DOMCTL_pausedomain, 6), -ESRCH);
    assert_int_equal(call(XEN_DOMCTL_pausedomain, DOMID_SELF), -ESRCH);
    assert_int_equal(call(XEN_DOMCTL_getdomaininfo, 6), -ESRCH);
}

static void info_is_that_of_the_next_domain(void **state)
{
    (void)state;
    assert_int_equal(call(XEN_DOMCTL_getdomaininfo, 1), 0);
    assert_int_equal(op->domain, 5);
    assert_int_equal(op->u.getdomaininfo.domain, 5);
    assert_int_equal(atomic_read(&d->refcnt), 1);
}

static void create_takes_free_ids_and_the_limits(void **state)
{
    domid_t first;

    (void)state;
    assert_int_equal(call(XEN_DOMCTL_createdomain, 0xffff), 0);
    first = op->domain;
    assert_int_not_equal(first, 0);
    assert_int_equal(created.max_evtchn_port, 1023);
    assert_int_equal(created.max_grant_frames, 64);
    assert_int_equal(created.max_maptrack_frames, 7);
    assert_false(created.is_control);
    assert_int_equal(call(XEN_DOMCTL_createdomain, 0xffff), 0);
    assert_int_equal(op->domain, first + 1);
}

static void create_with_an_id_in_use_is_eexist(void **state)
{
    (void)state;
    assert_int_equal(call(XEN_DOMCTL_createdomain, 5), -EEXIST);
    assert_int_equal(call(XEN_DOMCTL_createdomain, 9), 0);
    assert_int_equal(op->domain, 9);
}

static void create_of_what_there_is_not_is_einval(void **state)
{
    (void)state;
    op->u.createdomain.flags = XEN_DOMCTL_CDF_hvm;
    assert_int_equal(call(XEN_DOMCTL_createdomain, 9), -EINVAL);
    op->u.createdomain.flags = 0;
    op->u.createdomain.max_grant_frames = 1 << 20;
    assert_int_equal(call(XEN_DOMCTL_createdomain, 9), -EINVAL);
    op->u.createdomain.max_grant_frames = 1;
    op->u.createdomain.grant_opts = 3;
    assert_int_equal(call(XEN_DOMCTL_createdomain, 9), -EINVAL);
    op->u.createdomain.grant_opts = 0;
    assert_int_equal(call(XEN_DOMCTL_createdomain, 9), -EINVAL);
    op->u.createdomain.grant_opts = 1;
    assert_int_equal(call(XEN_DOMCTL_createdomain, 9), 0);
    assert_int_equal(created.max_grant_version, 1);
}

static void pauses_nest(void **state)
{
    (void)state;
    assert_int_equal(call(XEN_DOMCTL_unpausedomain, 5), -EINVAL);
    assert_int_equal(call(XEN_DOMCTL_pausedomain, 5), 0);
    assert_int_equal(call(XEN_DOMCTL_pausedomain, 5), 0);
    assert_int_equal(call(XEN_DOMCTL_unpausedomain, 5), 0);
    assert_true(d->controller_pause);
    assert_int_equal(call(XEN_DOMCTL_unpausedomain, 5), 0);
    assert_false(d->controller_pause);
    assert_int_equal(atomic_read(&d->pause_count), 0);
}

static void nobody_stops_himself(void **state)
{
    (void)state;
    assert_int_equal(call(XEN_DOMCTL_pausedomain, 0), -EINVAL);
    assert_int_equal(call(XEN_DOMCTL_destroydomain, 0), -EINVAL);
    assert_int_equal(call(XEN_DOMCTL_resumedomain, 0), -EINVAL);
    assert_int_equal(nr_kills + nr_resumes, 0);
}

static void destroy_is_continued(void **state)
{
    (void)state;
    kill_rc = -ERESTART;
    assert_int_equal(call(XEN_DOMCTL_destroydomain, 5), -ERESTART);
    assert_int_equal(fake_continue_args[0], (unsigned long)op);
    kill_rc = 0;
    assert_int_equal(call(XEN_DOMCTL_destroydomain, 5), 0);
    assert_int_equal(nr_kills, 2);
    assert_int_equal(atomic_read(&d->refcnt), 1);
}

static void memory_is_limited_in_kib(void **state)
{
    (void)state;
    op->u.max_mem.max_memkb = 0x40400;
    assert_int_equal(call(XEN_DOMCTL_max_mem, 5), 0);
    assert_int_equal(d->mem.max_pages, 0x10100);
    op->u.max_mem.max_memkb = ~0ULL;
    assert_int_equal(call(XEN_DOMCTL_max_mem, 5), -EINVAL);
}

static void guests_have_64_bits(void **state)
{
    (void)state;
    assert_int_equal(call(XEN_DOMCTL_get_address_size, 5), 0);
    assert_int_equal(op->u.address_size.size, 64);
    assert_int_equal(call(XEN_DOMCTL_set_address_size, 5), 0);
    op->u.address_size.size = 32;
    assert_int_equal(call(XEN_DOMCTL_set_address_size, 5), -EINVAL);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(another_version_is_eacces),
        TEST(unknown_operations_are_enosys),
        TEST(absent_features_have_their_own_errors),
        TEST(triggers_are_nmis),
        TEST(a_domain_can_handle_the_hosts_virqs),
        TEST(settings_of_a_domain_are_kept),
        TEST(unknown_domains_are_esrch),
        TEST(info_is_that_of_the_next_domain),
        TEST(create_takes_free_ids_and_the_limits),
        TEST(create_with_an_id_in_use_is_eexist),
        TEST(create_of_what_there_is_not_is_einval),
        TEST(pauses_nest),
        TEST(nobody_stops_himself),
        TEST(destroy_is_continued),
        TEST(memory_is_limited_in_kib),
        TEST(guests_have_64_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
