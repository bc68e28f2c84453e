/* SPDX-License-Identifier: MIT */
/* What frames are used as; contexts of vcpus that have one already. */
#include "pv_mm_setup.h"

#include <stdlib.h>

#include "public/domctl.h"
#include "asm/cpuid.h"
#include "asm/domctl.h"
#include "asm/pv.h"

static struct tree t;
static struct xen_domctl op;

static u32 info_of(unsigned long mfn)
{
    u64 *frame = fake_guest_alloc(sizeof(*frame));

    *frame = mfn;
    op.u.getpageframeinfo3.num = 1;
    op.u.getpageframeinfo3.array = (unsigned long)frame;
    assert_int_equal(domctl_getpageframeinfo3(d, &op), 0);
    return *frame;
}

static unsigned long mfn_of(const struct page_info *pg)
{
    return mfn_x(page_to_mfn(pg));
}

static void tables_are_told_with_their_pins(void **state)
{
    (void)state;
    make_tree(&t, 4);
    assert_int_equal(info_of(mfn_of(t.t[4])), XEN_DOMCTL_PFINFO_NOTAB);
    assert_int_equal(pin(t.t[4], 4), 0);
    assert_int_equal(info_of(mfn_of(t.t[4])),
                     XEN_DOMCTL_PFINFO_L4TAB | XEN_DOMCTL_PFINFO_LPINTAB);
    assert_int_equal(info_of(mfn_of(t.t[3])), XEN_DOMCTL_PFINFO_L3TAB);
    assert_int_equal(info_of(mfn_of(t.t[2])), XEN_DOMCTL_PFINFO_L2TAB);
    assert_int_equal(info_of(mfn_of(t.t[1])), XEN_DOMCTL_PFINFO_L1TAB);
    assert_int_equal(info_of(mfn_of(t.rw)), XEN_DOMCTL_PFINFO_NOTAB);
    recount();
    assert_int_equal(unpin(t.t[4]), 0);
    assert_int_equal(info_of(mfn_of(t.t[4])), XEN_DOMCTL_PFINFO_NOTAB);
}

static void frames_of_others_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(info_of(mfn_of(new_page(other))), XEN_DOMCTL_PFINFO_XTAB);
    assert_int_equal(info_of(DEVICE_MFN), XEN_DOMCTL_PFINFO_XTAB);
    assert_int_equal(info_of(~0UL), XEN_DOMCTL_PFINFO_XTAB);
}

static void questions_have_bounds(void **state)
{
    (void)state;
    op.u.getpageframeinfo3.num = 1025;
    assert_int_equal(domctl_getpageframeinfo3(d, &op), -E2BIG);
    op.u.getpageframeinfo3.num = 1;
    op.u.getpageframeinfo3.array = 8;
    assert_int_equal(domctl_getpageframeinfo3(d, &op), -EFAULT);
}

static int shadow_op(struct domain *of, u32 what)
{
    op.u.shadow_op.op = what;
    return domctl_shadow_op(of, &op);
}

static void log_dirty_mode_is_turned_on_and_off(void **state)
{
    (void)state;
    run_as(d0, 0);
    assert_int_equal(shadow_op(d, XEN_DOMCTL_SHADOW_OP_OFF), -EINVAL);
    assert_int_equal(shadow_op(d, XEN_DOMCTL_SHADOW_OP_CLEAN), -EINVAL);
    assert_int_equal(shadow_op(d0, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY),
                     -EINVAL);
    assert_int_equal(shadow_op(d, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY), 0);
    assert_int_equal(shadow_op(d, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY),
                     -EINVAL);
    assert_int_equal(shadow_op(d, XEN_DOMCTL_SHADOW_OP_OFF), 0);
    op.u.shadow_op.mode = XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY;
    assert_int_equal(shadow_op(d, XEN_DOMCTL_SHADOW_OP_ENABLE), 0);
    assert_int_equal(shadow_op(d, XEN_DOMCTL_SHADOW_OP_OFF), 0);
    op.u.shadow_op.mode = XEN_DOMCTL_SHADOW_ENABLE_TRANSLATE;
    assert_int_equal(shadow_op(d, XEN_DOMCTL_SHADOW_OP_ENABLE), -EOPNOTSUPP);
    assert_int_equal(shadow_op(d, XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION),
                     -EOPNOTSUPP);
}

/* Exactly as many bytes as the bits take. */
static void each_frame_counts_as_written(void **state)
{
    enum { SIZE = 4000 };
    u8 *bitmap = fake_guest_alloc(SIZE);

    (void)state;
    run_as(d0, 0);
    assert_int_equal(shadow_op(d, XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY), 0);
    bitmap[SIZE - 1] = 0;
    op.u.shadow_op.dirty_bitmap = (unsigned long)bitmap;
    op.u.shadow_op.pages = 8 * (SIZE - 1) - 3;
    assert_int_equal(shadow_op(d, XEN_DOMCTL_SHADOW_OP_CLEAN), 0);
    for (unsigned int i = 0; i < SIZE; i++)
        assert_int_equal(bitmap[i], i < SIZE - 1 ? 0xff : 0);
    assert_int_equal(op.u.shadow_op.stats.dirty_count, d->mem.tot_pages);
    op.u.shadow_op.pages = 8 * SIZE + 1;
    assert_int_equal(shadow_op(d, XEN_DOMCTL_SHADOW_OP_CLEAN), -EFAULT);
    op.u.shadow_op.pages = (1ull << 26) + 1;
    assert_int_equal(shadow_op(d, XEN_DOMCTL_SHADOW_OP_PEEK), -E2BIG);
    op.u.shadow_op.dirty_bitmap = 0;
    op.u.shadow_op.pages = 0;
    assert_int_equal(shadow_op(d, XEN_DOMCTL_SHADOW_OP_PEEK), 0);
}

static void hypercall_pages_are_the_domains_own_memory(void **state)
{
    const u8 *slot;

    (void)state;
    make_tree(&t, 4);
    op.u.hypercall_init.gmfn = mfn_of(new_page(other));
    assert_int_equal(domctl_hypercall_init(d, &op), -EINVAL);
    op.u.hypercall_init.gmfn = ~0UL;
    assert_int_equal(domctl_hypercall_init(d, &op), -EINVAL);
    assert_int_equal(pin(t.t[1], 1), 0);
    op.u.hypercall_init.gmfn = mfn_of(t.t[1]);
    assert_int_equal(domctl_hypercall_init(d, &op), -EPERM);
    op.u.hypercall_init.gmfn = mfn_of(t.rw);
    assert_int_equal(domctl_hypercall_init(d, &op), 0);
    slot = (const u8 *)table_of(t.rw) + 29 * 32;
    assert_int_equal(slot[3], 0xb8);
    assert_int_equal(slot[4], __HYPERVISOR_sched_op);
    recount();
}

static void prepare(struct vcpu *v)
{
    v->arch.trap_table = calloc(256, sizeof(struct trap_info));
    v->domain->arch.cpuid = &cpuid_initial;
}

static void control_registers_come_back(void **state)
{
    struct vcpu_guest_context *c = calloc(1, sizeof(*c));
    struct vcpu *v = d->vcpu[1];

    (void)state;
    prepare(v);
    make_tree(&t, 4);
    c->flags = VGCF_in_kernel;
    c->ctrlreg[0] = X86_CR0_TS;
    c->ctrlreg[2] = 0x1234;
    c->ctrlreg[3] = maddr(t.t[4], 0);
    c->ctrlreg[4] = X86_CR4_DE | X86_CR4_SMAP;
    run_as(d0, 0);
    assert_int_equal(arch_set_info_guest(v, c), 0);
    arch_get_info_guest(v, c);
    assert_true(c->ctrlreg[0] & X86_CR0_TS);
    assert_int_equal(c->ctrlreg[2], 0x1234);
    assert_int_equal(c->ctrlreg[3], maddr(t.t[4], 0));
    assert_true(c->ctrlreg[4] & X86_CR4_DE);
    assert_false(c->ctrlreg[4] & X86_CR4_SMAP);
    free(v->arch.trap_table);
    v->arch.trap_table = NULL;
    free(c);
}

static void a_second_context_keeps_the_tables(void **state)
{
    struct vcpu_guest_context *c = calloc(1, sizeof(*c));
    struct vcpu *v = d->vcpu[1];
    struct tree u;

    (void)state;
    prepare(v);
    make_tree(&t, 4);
    make_tree(&u, 4);
    c->flags = VGCF_in_kernel;
    c->ctrlreg[3] = maddr(t.t[4], 0);
    run_as(d0, 0);
    assert_int_equal(arch_set_info_guest(v, c), 0);
    assert_true(v->is_initialised);
    c->user_regs.rax = 7;
    assert_int_equal(arch_set_info_guest(v, c), 0);
    assert_int_equal(v->arch.regs.rax, 7);
    assert_int_equal(type_count(t.t[4]), 1);

    c->user_regs.rax = 8;
    c->ctrlreg[1] = maddr(t.t[4], 0);
    assert_int_equal(arch_set_info_guest(v, c), -EOPNOTSUPP);
    c->ctrlreg[1] = 0;
    c->ctrlreg[3] = maddr(u.t[4], 0);
    assert_int_equal(arch_set_info_guest(v, c), -EOPNOTSUPP);
    c->ctrlreg[3] = maddr(t.t[4], 0);
    c->ldt_ents = 1;
    assert_int_equal(arch_set_info_guest(v, c), -EOPNOTSUPP);
    c->ldt_ents = 0;
    c->gdt_ents = 512;
    c->gdt_frames[0] = mfn_of(t.ro);
    assert_int_equal(arch_set_info_guest(v, c), -EOPNOTSUPP);
    assert_int_equal(v->arch.regs.rax, 7);
    recount();
    free(v->arch.trap_table);
    v->arch.trap_table = NULL;
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PV_MM_TEST(tables_are_told_with_their_pins),
        PV_MM_TEST(frames_of_others_are_told_apart),
        PV_MM_TEST(questions_have_bounds),
        PV_MM_TEST(log_dirty_mode_is_turned_on_and_off),
        PV_MM_TEST(each_frame_counts_as_written),
        PV_MM_TEST(hypercall_pages_are_the_domains_own_memory),
        PV_MM_TEST(control_registers_come_back),
        PV_MM_TEST(a_second_context_keeps_the_tables),
    };

    return cmocka_run_group_tests(tests, pv_mm_set_up_once, NULL);
}
