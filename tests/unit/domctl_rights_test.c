/* SPDX-License-Identifier: MIT */
/* domctl on rights to the machine: a toolstack passes on what its domain has.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "public/domctl.h"
#include "xen/errno.h"
#include "xen/rangeset.h"
#include "asm/cpufeature.h"
#include "asm/domctl.h"
#include "asm/rights.h"
#include "fake/fake.h"

struct cpu_features cpu_features = {.phys_bits = 40};
unsigned int nr_gsis = 24;

static struct domain *dom0, *d;
static struct xen_domctl op;

static struct domain *new_domain(domid_t domid)
{
    struct domain *new = fake_domain(domid, 1);

    spin_lock_init(&new->arch.rights_lock, LOCK_RIGHTS);
    new->arch.ioport_caps = rangeset_new(2);
    new->arch.iomem_caps = rangeset_new(2);
    new->arch.irq_caps = rangeset_new(2);
    return new;
}

static int setup(void **state)
{
    (void)state;
    dom0 = new_domain(0);
    d = new_domain(5);
    fake_set_current(dom0->vcpu[0]);
    assert_int_equal(rights_set(dom0, RIGHT_IOPORT, 0x100, 0xffff, true), 0);
    assert_int_equal(rights_set(dom0, RIGHT_IOMEM, 0, (1ul << 28) - 1, true),
                     0);
    assert_int_equal(rights_set(dom0, RIGHT_IRQ, 1, 23, true), 0);
    return 0;
}

static void free_rights(struct domain *which)
{
    rangeset_destroy(which->arch.ioport_caps);
    rangeset_destroy(which->arch.iomem_caps);
    rangeset_destroy(which->arch.irq_caps);
}

static int teardown(void **state)
{
    (void)state;
    free_rights(dom0);
    free_rights(d);
    fake_domains_free();
    return 0;
}

static int ports(u32 first, u32 nr, bool allow)
{
    op.u.ioport_permission =
        (struct xen_domctl_ioport_permission){first, nr, allow};
    return domctl_ioport_permission(d, &op);
}

static int memory(u64 first, u64 nr, bool allow)
{
    op.u.iomem_permission =
        (struct xen_domctl_iomem_permission){first, nr, allow};
    return domctl_iomem_permission(d, &op);
}

static int irq(u32 gsi, bool allow)
{
    op.u.irq_permission =
        (struct xen_domctl_irq_permission){.pirq = gsi, .allow_access = allow};
    return domctl_irq_permission(d, &op);
}

static void ports_are_given_and_taken(void **state)
{
    (void)state;
    assert_int_equal(ports(0x3f8, 8, true), 0);
    assert_true(rights_have(d, RIGHT_IOPORT, 0x3f8, 0x3ff));
    assert_false(rights_have(d, RIGHT_IOPORT, 0x3f7, 0x3ff));
    assert_int_equal(ports(0x3fc, 1, false), 0);
    assert_false(rights_have(d, RIGHT_IOPORT, 0x3f8, 0x3ff));
    assert_int_equal(ports(0xffff, 1, true), -ENOSPC); /* a third range */
}

static void bad_ports_are_refused(void **state)
{
    (void)state;
    assert_int_equal(ports(0x3f8, 0, true), -EINVAL);
    assert_int_equal(ports(0xffff, 2, true), -EINVAL);
    assert_int_equal(ports(0x10000, 1, true), -EINVAL);
    assert_int_equal(ports(5, ~0u, true), -EINVAL);
    assert_int_equal(ports(0xff, 2, true), -EPERM);
    assert_false(rights_have(d, RIGHT_IOPORT, 0x100, 0x100));
}

static void memory_is_given_and_taken(void **state)
{
    (void)state;
    assert_int_equal(memory(0xfee00, 2, true), 0);
    assert_true(rights_have(d, RIGHT_IOMEM, 0xfee00, 0xfee01));
    assert_int_equal(memory(0xfee00, 2, false), 0);
    assert_false(rights_have(d, RIGHT_IOMEM, 0xfee00, 0xfee00));
    assert_int_equal(memory(0x100, 0, true), -EINVAL);
    assert_int_equal(memory(5, ~0ul, true), -EINVAL);
    assert_int_equal(memory(0, 0, true), -EPERM); /* that is all of it */
    assert_int_equal(memory((1ul << 28) - 1, 2, true), -EPERM);
}

static void lines_are_given_and_taken(void **state)
{
    (void)state;
    assert_int_equal(irq(9, true), 0);
    assert_true(rights_have(d, RIGHT_IRQ, 9, 9));
    assert_int_equal(irq(9, false), 0);
    assert_false(rights_have(d, RIGHT_IRQ, 9, 9));
    assert_int_equal(irq(0, true), -EPERM);
    assert_int_equal(irq(24, true), -EINVAL);
}

static void mapping_is_the_guests_business(void **state)
{
    struct xen_domctl_memory_mapping *m = &op.u.memory_mapping;

    (void)state;
    *m = (struct xen_domctl_memory_mapping){0x100, 0xfee00, 2, 1, 0};
    assert_int_equal(domctl_memory_mapping(d, &op), 0);
    assert_false(rights_have(d, RIGHT_IOMEM, 0xfee00, 0xfee00));
    m->nr_mfns = 0;
    assert_int_equal(domctl_memory_mapping(d, &op), -EINVAL);
    m->nr_mfns = ~0ul;
    assert_int_equal(domctl_memory_mapping(d, &op), -EINVAL);
    m->nr_mfns = 1;
    m->first_mfn = 1ul << 28;
    assert_int_equal(domctl_memory_mapping(d, &op), -EINVAL);
    m->first_mfn = 0;
    assert_int_equal(rights_set(dom0, RIGHT_IOMEM, 0, 0, false), 0);
    assert_int_equal(domctl_memory_mapping(d, &op), -EPERM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ports_are_given_and_taken),      TEST(bad_ports_are_refused),
        TEST(memory_is_given_and_taken),      TEST(lines_are_given_and_taken),
        TEST(mapping_is_the_guests_business),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
