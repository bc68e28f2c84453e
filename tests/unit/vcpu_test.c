/* SPDX-License-Identifier: MIT */
/* VCPUOP_*: states, timers, and the structures that guests see. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "public/sched.h"
#include "public/vcpu.h"
#include "xen/errno.h"
#include "xen/evtchn.h"
#include "xen/hypercall.h"
#include "xen/page_alloc.h"
#include "xen/sched.h"
#include "xen/softirq.h"
#include "asm/smp.h"
#include "asm/time.h"
#include "fake/fake.h"

#include "../../xen/common/page_alloc_internal.h"

static struct domain *d;
static int shutdown_reason;
static int set_info_rc;
static unsigned int nr_moved;

bool tsc_reliable = true;
u32 cpu_apicid[NR_CPUS];
u32 cpu_acpi_id[NR_CPUS];

/* What vcpus need of others. */

void page_release(struct page_info *pg)
{
    free_domheap_pages(pg, 0);
}

int arch_vcpu_create(struct vcpu *v)
{
    (void)v;
    return 0;
}

void arch_vcpu_destroy(struct vcpu *v)
{
    (void)v;
}

int arch_set_info_guest(struct vcpu *v, const struct vcpu_guest_context *ctxt)
{
    if (set_info_rc == 0)
        v->is_initialised = true;
    v->arch.kernel_sp = ctxt->kernel_sp;
    return set_info_rc;
}

int evtchn_vcpu_create(struct vcpu *v)
{
    (void)v;
    return 0;
}

void evtchn_vcpu_info_moved(struct vcpu *v)
{
    (void)v;
    nr_moved++;
}

int sched_vcpu_create(struct vcpu *v)
{
    v->runstate.state = RUNSTATE_offline;
    return 0;
}

void sched_vcpu_destroy(struct vcpu *v)
{
    (void)v;
}

void sched_poll_timeout(void *data)
{
    (void)data;
}

void vcpu_runstate_get(const struct vcpu *v, struct vcpu_runstate_info *out)
{
    *out = v->runstate;
}

void vcpu_get_affinity(const struct vcpu *v, struct cpumask *hard_out,
                       struct cpumask *soft_out)
{
    (void)v;
    cpumask_of(hard_out, 3);
    cpumask_fill(soft_out);
}

void domain_shutdown(struct domain *dying, u8 reason)
{
    (void)dying;
    shutdown_reason = reason;
}

static int setup(void **state)
{
    (void)state;
    d = fake_domain(1, 3);
    for (unsigned int i = 0; i < 3; i++) {
        free(d->vcpu[i]);
        d->vcpu[i] = NULL;
        assert_non_null(vcpu_create(d, i));
    }
    fake_set_cpu(0);
    fake_set_current(d->vcpu[0]);
    d->vcpu[0]->is_initialised = true;
    d->vcpu[0]->is_running = true;
    d->vcpu[0]->arch.flags = VCPU_KERNEL_MODE;
    clear_bit(VPF_down, &d->vcpu[0]->pause_flags);
    shutdown_reason = -1;
    set_info_rc = 0;
    nr_moved = 0;
    fake_nr_sent = 0;
    fake_nr_wakes = fake_nr_sleeps = fake_nr_kicks = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 3; i++)
        vcpu_destroy(d->vcpu[i]);
    fake_domains_free();
    fake_guest_free();
    assert_int_equal(fake_heap_in_use(), 0);
    return 0;
}

static long op(unsigned int cmd, unsigned int id, const void *arg)
{
    return do_vcpu_op(cmd, id, (unsigned long)arg, 0, 0);
}

static void new_vcpu_is_down_and_masked(void **state)
{
    (void)state;
    assert_int_equal(op(VCPUOP_is_up, 0, NULL), 1);
    assert_int_equal(op(VCPUOP_is_up, 2, NULL), 0);
    assert_ptr_equal(d->vcpu[2]->vcpu_info, &d->shared_info->vcpu_info[2]);
}

static void vcpu_beyond_the_last_is_enoent(void **state)
{
    (void)state;
    assert_int_equal(op(VCPUOP_is_up, 3, NULL), -ENOENT);
    assert_int_equal(op(VCPUOP_is_up, 8191, NULL), -ENOENT);
    assert_int_equal(op(VCPUOP_up, ~0u, NULL), -ENOENT);
}

static void unknown_operation_is_enosys(void **state)
{
    (void)state;
    assert_int_equal(op(14, 0, NULL), -ENOSYS);
    assert_int_equal(op(~0u, 0, NULL), -ENOSYS);
}

static void initialise_takes_a_context_once(void **state)
{
    struct vcpu_guest_context *ctxt = fake_guest_alloc(sizeof(*ctxt));

    (void)state;
    ctxt->kernel_sp = 1234;
    assert_int_equal(op(VCPUOP_up, 1, NULL), -EINVAL);
    assert_int_equal(op(VCPUOP_initialise, 1, (void *)16), -EFAULT);
    set_info_rc = -EINVAL;
    assert_int_equal(op(VCPUOP_initialise, 1, ctxt), -EINVAL);
    set_info_rc = 0;
    assert_int_equal(op(VCPUOP_initialise, 1, ctxt), 0);
    assert_int_equal(d->vcpu[1]->arch.kernel_sp, 1234);
    assert_int_equal(op(VCPUOP_initialise, 1, ctxt), -EEXIST);
    assert_int_equal(op(VCPUOP_initialise, 0, ctxt), -EEXIST);
}

static void initialise_is_continued(void **state)
{
    struct vcpu_guest_context *ctxt = fake_guest_alloc(sizeof(*ctxt));

    (void)state;
    set_info_rc = -ERESTART;
    assert_int_equal(op(VCPUOP_initialise, 1, ctxt), -ERESTART);
    assert_int_equal(fake_continue_args[0], VCPUOP_initialise);
    assert_int_equal(fake_continue_args[1], 1);
    assert_int_equal(fake_continue_args[2], (unsigned long)ctxt);
}

static void initialise_without_memory_is_enomem(void **state)
{
    struct vcpu_guest_context *ctxt = fake_guest_alloc(sizeof(*ctxt));

    (void)state;
    fake_heap_fail(1);
    assert_int_equal(op(VCPUOP_initialise, 1, ctxt), -ENOMEM);
}

static void create_without_memory_is_null(void **state)
{
    (void)state;
    vcpu_destroy(d->vcpu[2]);
    fake_heap_fail(1);
    assert_null(vcpu_create(d, 2));
    assert_non_null(vcpu_create(d, 2));
}

static void up_wakes_and_down_stops(void **state)
{
    (void)state;
    d->vcpu[1]->is_initialised = true;
    assert_int_equal(op(VCPUOP_up, 1, NULL), 0);
    assert_int_equal(fake_nr_wakes, 1);
    assert_int_equal(op(VCPUOP_is_up, 1, NULL), 1);
    assert_int_equal(op(VCPUOP_up, 1, NULL), 0);
    assert_int_equal(fake_nr_wakes, 1);
    assert_int_equal(op(VCPUOP_down, 1, NULL), 0);
    assert_int_equal(fake_nr_sleeps, 1);
    assert_int_equal(op(VCPUOP_is_up, 1, NULL), 0);
    assert_int_equal(shutdown_reason, -1);
}

static void last_vcpu_down_ends_the_domain(void **state)
{
    (void)state;
    assert_int_equal(op(VCPUOP_down, 0, NULL), 0);
    assert_int_equal(shutdown_reason, SHUTDOWN_poweroff);
}

static void singleshot_raises_virq_timer(void **state)
{
    struct vcpu_set_singleshot_timer *t = fake_guest_alloc(sizeof(*t));

    (void)state;
    t->timeout_abs_ns = fake_now + 5000;
    t->flags = VCPU_SSHOTTMR_future;
    assert_int_equal(op(VCPUOP_set_singleshot_timer, 0, t), 0);
    fake_run_timers(fake_now + 4000);
    assert_int_equal(fake_nr_sent, 0);
    fake_run_timers(fake_now + 2000);
    assert_int_equal(fake_nr_sent, 1);
    assert_int_equal(fake_sent[0].virq, VIRQ_TIMER);
    assert_ptr_equal(fake_sent[0].v, d->vcpu[0]);
}

static void singleshot_in_the_past_is_etime_if_asked(void **state)
{
    struct vcpu_set_singleshot_timer *t = fake_guest_alloc(sizeof(*t));

    (void)state;
    fake_now += 10000;
    t->timeout_abs_ns = fake_now - 1;
    t->flags = VCPU_SSHOTTMR_future;
    assert_int_equal(op(VCPUOP_set_singleshot_timer, 0, t), -ETIME);
    t->flags = 0;
    assert_int_equal(op(VCPUOP_set_singleshot_timer, 0, t), 0);
    fake_run_timers(fake_now);
    assert_int_equal(fake_nr_sent, 1);
}

static void singleshot_of_another_vcpu_is_einval(void **state)
{
    struct vcpu_set_singleshot_timer *t = fake_guest_alloc(sizeof(*t));

    (void)state;
    assert_int_equal(op(VCPUOP_set_singleshot_timer, 1, t), -EINVAL);
    assert_int_equal(op(VCPUOP_stop_singleshot_timer, 1, NULL), -EINVAL);
}

static void stopping_stopped_timers_succeeds(void **state)
{
    (void)state;
    assert_int_equal(op(VCPUOP_stop_singleshot_timer, 0, NULL), 0);
    assert_int_equal(op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
    assert_int_equal(op(VCPUOP_stop_periodic_timer, 2, NULL), 0);
}

static void huge_deadline_never_comes(void **state)
{
    struct vcpu_set_singleshot_timer *t = fake_guest_alloc(sizeof(*t));

    (void)state;
    t->timeout_abs_ns = ~0UL;
    assert_int_equal(op(VCPUOP_set_singleshot_timer, 0, t), 0);
    assert_int_equal(do_set_timer_op(~0UL, 0, 0, 0, 0), 0);
    fake_run_timers(fake_now + SECONDS(1000));
    assert_int_equal(fake_nr_sent, 0);
}

static void set_timer_op_sets_and_stops(void **state)
{
    (void)state;
    assert_int_equal(do_set_timer_op(fake_now + 1000, 0, 0, 0, 0), 0);
    assert_int_equal(do_set_timer_op(0, 0, 0, 0, 0), 0);
    fake_run_timers(fake_now + 2000);
    assert_int_equal(fake_nr_sent, 0);
    assert_int_equal(do_set_timer_op(fake_now + 1000, 0, 0, 0, 0), 0);
    fake_run_timers(fake_now + 2000);
    assert_int_equal(fake_nr_sent, 1);
}

static void tick_of_100_hz_until_it_is_stopped(void **state)
{
    (void)state;
    vcpu_periodic_timer_start(d->vcpu[0]);
    vcpu_periodic_timer_start(d->vcpu[1]); /* does not run */
    fake_run_timers(fake_now + MILLISECS(105));
    assert_int_equal(fake_nr_sent, 10);
    assert_int_equal(op(VCPUOP_stop_periodic_timer, 0, NULL), 0);
    fake_run_timers(fake_now + MILLISECS(100));
    assert_int_equal(fake_nr_sent, 10);
}

/* Nor does anything happen for it in the hypervisor. */
static void tick_is_for_a_vcpu_that_runs(void **state)
{
    (void)state;
    vcpu_periodic_timer_start(d->vcpu[0]);
    fake_run_timers(fake_now + MILLISECS(15));
    assert_int_equal(fake_nr_sent, 1);
    d->vcpu[0]->is_running = false;
    fake_run_timers(fake_now + MILLISECS(100));
    assert_int_equal(fake_nr_sent, 1);
    assert_false(timer_is_active(&d->vcpu[0]->periodic_timer));
}

static void missed_ticks_come_as_one_at_once(void **state)
{
    (void)state;
    vcpu_periodic_timer_start(d->vcpu[0]);
    d->vcpu[0]->is_running = false;
    fake_run_timers(fake_now + MILLISECS(105));
    d->vcpu[0]->is_running = true;
    vcpu_periodic_timer_start(d->vcpu[0]);
    fake_run_timers(fake_now);
    assert_int_equal(fake_nr_sent, 1);
    fake_run_timers(fake_now + MILLISECS(10));
    assert_int_equal(fake_nr_sent, 2);
}

/* The timer that is set already stays as it is. */
static void short_sleeps_do_not_delay_the_tick(void **state)
{
    (void)state;
    vcpu_periodic_timer_start(d->vcpu[0]);
    for (unsigned int i = 0; i < 50; i++) {
        fake_run_timers(fake_now + MILLISECS(2) + 1);
        vcpu_periodic_timer_start(d->vcpu[0]);
    }
    assert_int_equal(fake_nr_sent, 10);
}

static void new_tick_starts_from_now(void **state)
{
    struct vcpu_set_periodic_timer *t = fake_guest_alloc(sizeof(*t));

    (void)state;
    t->period_ns = MILLISECS(20);
    assert_int_equal(op(VCPUOP_set_periodic_timer, 0, t), 0);
    fake_run_timers(fake_now + MILLISECS(20) - 1);
    assert_int_equal(fake_nr_sent, 0);
    fake_run_timers(fake_now + 1);
    assert_int_equal(fake_nr_sent, 1);
}

static void too_fast_a_tick_is_einval(void **state)
{
    struct vcpu_set_periodic_timer *t = fake_guest_alloc(sizeof(*t));

    (void)state;
    t->period_ns = 999999;
    assert_int_equal(op(VCPUOP_set_periodic_timer, 0, t), -EINVAL);
    t->period_ns = ~0UL;
    assert_int_equal(op(VCPUOP_set_periodic_timer, 0, t), -EINVAL);
    t->period_ns = MILLISECS(1);
    assert_int_equal(op(VCPUOP_set_periodic_timer, 0, t), 0);
    fake_run_timers(fake_now + MICROSECS(10500));
    assert_int_equal(fake_nr_sent, 10);
}

static void register_runstate(struct vcpu_runstate_info *rs)
{
    struct vcpu_register_runstate_memory_area *area =
        fake_guest_alloc(sizeof(*area));

    area->addr.v = (unsigned long)rs;
    assert_int_equal(op(VCPUOP_register_runstate_memory_area, 0, area), 0);
}

static void runstate_is_published(void **state)
{
    struct vcpu_runstate_info *rs = fake_guest_alloc(sizeof(*rs));

    (void)state;
    d->vcpu[0]->runstate.time[1] = 5;
    register_runstate(rs);
    assert_int_equal(rs->time[1], 5);
    d->vm_assist = 1UL << VMASST_TYPE_runstate_update_flag;
    d->vcpu[0]->runstate.time[1] = 6;
    d->vcpu[0]->runstate.state_entry_time = 77;
    vcpu_runstate_publish(d->vcpu[0]);
    assert_int_equal(rs->time[1], 6);
    assert_int_equal(rs->state_entry_time, 77);
}

static void runstate_waits_for_the_guests_kernel(void **state)
{
    struct vcpu_runstate_info *rs = fake_guest_alloc(sizeof(*rs));

    (void)state;
    register_runstate(rs);
    d->vcpu[0]->arch.flags = 0;
    d->vcpu[0]->runstate.time[1] = 9;
    vcpu_runstate_publish(d->vcpu[0]);
    assert_int_equal(rs->time[1], 0);
    assert_true(d->vcpu[0]->runstate_stale);
    d->vcpu[0]->arch.flags = VCPU_KERNEL_MODE;
    vcpu_runstate_publish(d->vcpu[0]);
    assert_int_equal(rs->time[1], 9);
    assert_false(d->vcpu[0]->runstate_stale);
}

static void runstate_in_bad_memory_is_ignored(void **state)
{
    struct vcpu_register_runstate_memory_area *area =
        fake_guest_alloc(sizeof(*area));

    (void)state;
    area->addr.v = 16;
    assert_int_equal(op(VCPUOP_register_runstate_memory_area, 0, area), 0);
    vcpu_runstate_publish(d->vcpu[0]);
    area->addr.v = 0xffff830000000000;
    assert_int_equal(op(VCPUOP_register_runstate_memory_area, 0, area),
                     -EFAULT);
}

static struct page_info *guest_page(void)
{
    struct page_info *pg = alloc_domheap_pages(d, 0, 0);

    assert_non_null(pg);
    return pg;
}

static long register_info(unsigned int id, struct page_info *pg, u32 offset)
{
    struct vcpu_register_vcpu_info *info = fake_guest_alloc(sizeof(*info));

    info->mfn = mfn_x(page_to_mfn(pg));
    info->offset = offset;
    return op(VCPUOP_register_vcpu_info, id, info);
}

static void vcpu_info_moves_with_its_contents(void **state)
{
    struct page_info *pg = guest_page();
    struct vcpu_info *info = (void *)((char *)page_to_virt(pg) + 64);

    (void)state;
    d->vcpu[0]->vcpu_info->evtchn_upcall_mask = 1;
    d->vcpu[0]->vcpu_info->arch.cr2 = 0x1234;
    assert_int_equal(register_info(0, pg, 64), 0);
    assert_ptr_equal(d->vcpu[0]->vcpu_info, info);
    assert_int_equal(info->evtchn_upcall_mask, 1);
    assert_int_equal(info->arch.cr2, 0x1234);
    assert_int_equal(nr_moved, 1);
    assert_int_equal(pg->type_info & PGT_count_mask, 1);
    vcpu_unmap_info(d->vcpu[0]);
    assert_int_equal(pg->type_info & PGT_count_mask, 0);
    assert_false(vcpu_has_info(d->vcpu[0]));
}

static void vcpu_info_moves_once(void **state)
{
    struct page_info *pg = guest_page();

    (void)state;
    assert_int_equal(register_info(1, pg, 0), 0);
    assert_int_equal(register_info(1, pg, 64), -EINVAL);
    assert_int_equal(register_info(2, pg, 64), 0);
}

static void vcpu_info_of_a_running_vcpu_is_einval(void **state)
{
    (void)state;
    clear_bit(VPF_down, &d->vcpu[1]->pause_flags);
    assert_int_equal(register_info(1, guest_page(), 0), -EINVAL);
}

static void vcpu_info_at_a_bad_place_is_enxio(void **state)
{
    struct page_info *pg = guest_page();

    (void)state;
    assert_int_equal(register_info(1, pg, 4096 - 63), -ENXIO);
    assert_int_equal(register_info(1, pg, 4), -ENXIO);
    assert_int_equal(register_info(1, pg, ~0u), -ENXIO);
    assert_int_equal(register_info(1, pg, 4096 - 64), 0);
}

static void vcpu_info_in_a_strange_frame_is_einval(void **state)
{
    struct domain *other = fake_domain(2, 1);
    struct page_info *pg = alloc_domheap_pages(other, 0, 0);
    struct page_info *table = guest_page();
    struct vcpu_register_vcpu_info *info = fake_guest_alloc(sizeof(*info));

    (void)state;
    assert_int_equal(register_info(1, pg, 0), -EINVAL);
    assert_int_equal(page_get_type(table, PGT_l1), 0);
    assert_int_equal(register_info(1, table, 0), -EINVAL);
    info->mfn = ~0UL >> 12;
    assert_int_equal(op(VCPUOP_register_vcpu_info, 1, info), -EINVAL);
}

static void time_area_needs_a_reliable_tsc(void **state)
{
    struct vcpu_register_time_memory_area *area =
        fake_guest_alloc(sizeof(*area));
    struct vcpu_time_info *t = fake_guest_alloc(sizeof(*t));

    (void)state;
    area->addr.v = (unsigned long)t;
    tsc_reliable = false;
    assert_int_equal(op(VCPUOP_register_vcpu_time_memory_area, 0, area),
                     -ENOSYS);
    tsc_reliable = true;
    d->vcpu[0]->vcpu_info->time.tsc_timestamp = 55;
    assert_int_equal(op(VCPUOP_register_vcpu_time_memory_area, 0, area), 0);
    assert_int_equal(t->tsc_timestamp, 55);
    area->addr.v = 16;
    assert_int_equal(op(VCPUOP_register_vcpu_time_memory_area, 0, area),
                     -EFAULT);
}

static void nmi_wakes_its_vcpu(void **state)
{
    (void)state;
    assert_int_equal(op(VCPUOP_send_nmi, 1, NULL), -EINVAL);
    d->vcpu[1]->is_initialised = true;
    assert_int_equal(op(VCPUOP_send_nmi, 1, NULL), 0);
    assert_true(d->vcpu[1]->arch.nmi_pending);
    assert_true(test_bit(GUEST_NMI_SOFTIRQ,
                         &per_cpu(softirq_pending, d->vcpu[1]->processor)));
}

static void physical_id_is_for_pinned_vcpus_of_the_hardware_domain(void **state)
{
    struct vcpu_get_physid *id = fake_guest_alloc(sizeof(*id));

    (void)state;
    cpu_apicid[3] = 6;
    cpu_acpi_id[3] = 9;
    assert_int_equal(op(VCPUOP_get_physid, 0, id), -EINVAL);
    d->is_hardware = true;
    assert_int_equal(op(VCPUOP_get_physid, 0, id), 0);
    assert_int_equal(id->phys_id, 6 | 9UL << 32);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(new_vcpu_is_down_and_masked),
        TEST(vcpu_beyond_the_last_is_enoent),
        TEST(unknown_operation_is_enosys),
        TEST(initialise_takes_a_context_once),
        TEST(initialise_is_continued),
        TEST(initialise_without_memory_is_enomem),
        TEST(create_without_memory_is_null),
        TEST(up_wakes_and_down_stops),
        TEST(last_vcpu_down_ends_the_domain),
        TEST(singleshot_raises_virq_timer),
        TEST(singleshot_in_the_past_is_etime_if_asked),
        TEST(singleshot_of_another_vcpu_is_einval),
        TEST(stopping_stopped_timers_succeeds),
        TEST(huge_deadline_never_comes),
        TEST(set_timer_op_sets_and_stops),
        TEST(tick_of_100_hz_until_it_is_stopped),
        TEST(tick_is_for_a_vcpu_that_runs),
        TEST(missed_ticks_come_as_one_at_once),
        TEST(short_sleeps_do_not_delay_the_tick),
        TEST(new_tick_starts_from_now),
        TEST(too_fast_a_tick_is_einval),
        TEST(runstate_is_published),
        TEST(runstate_waits_for_the_guests_kernel),
        TEST(runstate_in_bad_memory_is_ignored),
        TEST(vcpu_info_moves_with_its_contents),
        TEST(vcpu_info_moves_once),
        TEST(vcpu_info_of_a_running_vcpu_is_einval),
        TEST(vcpu_info_at_a_bad_place_is_enxio),
        TEST(vcpu_info_in_a_strange_frame_is_einval),
        TEST(time_area_needs_a_reliable_tsc),
        TEST(nmi_wakes_its_vcpu),
        TEST(physical_id_is_for_pinned_vcpus_of_the_hardware_domain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
