/* SPDX-License-Identifier: MIT */
/* VCPUOP_*: what a guest does with its own vcpus. */
#include "xen/bitops.h"
#include "xen/bug.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/heap.h"
#include "xen/hypercall.h"
#include "xen/sched.h"
#include "xen/softirq.h"
#include "xen/subop.h"
#include "xen/time.h"
#include "asm/smp.h"
#include "asm/time.h"

#include "public/sched.h"

#define MIN_PERIOD MILLISECS(1)
#define MAX_PERIOD SECONDS(3600)

/* As struct subop, for a handler that acts on a vcpu. */
struct vcpu_op {
    long (*handler)(struct vcpu *v, void *arg);
    u8 size; /* of the struct */
    u8 copy; /* enum subop_copy */
};

/* The largest struct, but for the context. */
union vcpu_op_arg {
    struct vcpu_runstate_info runstate;
    struct vcpu_register_runstate_memory_area runstate_area;
    struct vcpu_register_time_memory_area time_area;
    struct vcpu_set_periodic_timer periodic;
    struct vcpu_set_singleshot_timer singleshot;
    struct vcpu_register_vcpu_info info;
    struct vcpu_get_physid physid;
};

/* The context is too large for the stack. */
static long vcpu_op_initialise(struct vcpu *v, u64 arg)
{
    struct vcpu_guest_context *ctxt;
    long rc;

    if (!vcpu_has_info(v))
        return hc_error(-EINVAL);
    if (READ_ONCE(v->is_initialised))
        return -EEXIST;
    ctxt = xzalloc(struct vcpu_guest_context);
    if (!ctxt)
        return -ENOMEM;

    rc = -EFAULT;
    if (copy_from_guest(ctxt, arg, sizeof(*ctxt)) == 0) {
        spin_lock(&v->domain->lock);
        rc = v->is_initialised ? -EEXIST : arch_set_info_guest(v, ctxt);
        spin_unlock(&v->domain->lock);
    }
    xfree(ctxt);
    if (rc == -ERESTART)
        hypercall_continue(VCPUOP_initialise, v->vcpu_id, arg, 0, 0);
    return rc;
}

static long vcpu_op_up(struct vcpu *v, void *arg)
{
    bool was_down = false, initialised;

    (void)arg;
    spin_lock(&v->domain->lock);
    initialised = v->is_initialised;
    if (initialised)
        was_down = test_and_clear_bit(VPF_down, &v->pause_flags);
    spin_unlock(&v->domain->lock);
    if (was_down)
        vcpu_wake(v);
    return initialised ? 0 : -EINVAL;
}

static bool all_down(const struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu(d, v)
        if (!test_bit(VPF_down, &v->pause_flags))
            return false;

    return true;
}

/* Does not wait until it is off its CPU: two vcpus may do it to each other. */
static long vcpu_op_down(struct vcpu *v, void *arg)
{
    (void)arg;
    if (test_and_set_bit(VPF_down, &v->pause_flags))
        return 0;
    vcpu_sleep_nosync(v);
    /* Nobody is left who could bring one up again. */
    if (all_down(v->domain))
        domain_shutdown(v->domain, SHUTDOWN_poweroff);
    return 0;
}

static long vcpu_op_is_up(struct vcpu *v, void *arg)
{
    (void)arg;
    return !test_bit(VPF_down, &v->pause_flags);
}

static long vcpu_op_get_runstate_info(struct vcpu *v, void *arg)
{
    vcpu_runstate_get(v, arg);
    return 0;
}

static long vcpu_op_register_runstate(struct vcpu *v, void *arg)
{
    const struct vcpu_register_runstate_memory_area *op = arg;
    struct vcpu_runstate_info rs;

    if (!guest_array_ok(op->addr.v, 1, sizeof(rs)))
        return -EFAULT;
    WRITE_ONCE(v->runstate_guest, op->addr.v);
    if (v == current) {
        vcpu_runstate_publish(v);
    } else if (op->addr.v != 0) {
        vcpu_runstate_get(v, &rs);
        if (copy_to_guest(op->addr.v, &rs, sizeof(rs)))
            return 0; /* seen when it is really used */
    }
    return 0;
}

/* Where TSCs are reliable, one copy stays right for good. */
static long vcpu_op_register_time(struct vcpu *v, void *arg)
{
    const struct vcpu_register_time_memory_area *op = arg;

    if (!tsc_reliable)
        return -ENOSYS;
    if (!vcpu_has_info(v))
        return -EINVAL;
    update_vcpu_system_time(v);
    if (op->addr.v != 0 && copy_to_guest(op->addr.v, &v->vcpu_info->time,
                                         sizeof(v->vcpu_info->time)))
        return -EFAULT;
    v->time_area_guest = op->addr.v;
    return 0;
}

static long vcpu_op_set_periodic(struct vcpu *v, void *arg)
{
    const struct vcpu_set_periodic_timer *op = arg;

    if (op->period_ns < MIN_PERIOD || op->period_ns > MAX_PERIOD)
        return -EINVAL;
    vcpu_periodic_timer_set(v, (s_time_t)op->period_ns);
    return 0;
}

static long vcpu_op_stop_periodic(struct vcpu *v, void *arg)
{
    (void)arg;
    WRITE_ONCE(v->periodic_period, 0);
    timer_stop(&v->periodic_timer);
    return 0;
}

static long vcpu_op_set_singleshot(struct vcpu *v, void *arg)
{
    const struct vcpu_set_singleshot_timer *op = arg;

    if (v != current)
        return -EINVAL;
    if ((op->flags & VCPU_SSHOTTMR_future) && op->timeout_abs_ns < (u64)NOW())
        return -ETIME;
    vcpu_singleshot_set(v, op->timeout_abs_ns);
    return 0;
}

static long vcpu_op_stop_singleshot(struct vcpu *v, void *arg)
{
    (void)arg;
    if (v != current)
        return -EINVAL;
    timer_stop(&v->singleshot_timer);
    return 0;
}

static long vcpu_op_register_info(struct vcpu *v, void *arg)
{
    const struct vcpu_register_vcpu_info *op = arg;

    return vcpu_map_info(v, _gfn(op->mfn), op->offset);
}

void vcpu_send_nmi(struct vcpu *v)
{
    WRITE_ONCE(v->arch.nmi_pending, true);
    vcpu_unblock(v);
    smp_mb(); /* pairs with the vcpu's move to another CPU, which then looks */
    cpu_raise_softirq(READ_ONCE(v->processor), GUEST_NMI_SOFTIRQ);
}

static long vcpu_op_send_nmi(struct vcpu *v, void *arg)
{
    (void)arg;
    if (!READ_ONCE(v->is_initialised))
        return -EINVAL;
    vcpu_send_nmi(v);
    return 0;
}

/* Only a vcpu that stays on one CPU may know which. */
static long vcpu_op_get_physid(struct vcpu *v, void *arg)
{
    struct vcpu_get_physid *op = arg;
    struct cpumask hard, soft;
    unsigned int cpu;

    vcpu_get_affinity(v, &hard, &soft);
    if (!v->domain->is_hardware || cpumask_weight(&hard) != 1)
        return -EINVAL;
    cpu = cpumask_first(&hard);
    op->phys_id = cpu_apicid[cpu] | (u64)cpu_acpi_id[cpu] << 32;
    return 0;
}

/* clang-format off */
#define OP(nr, fn, type, how) \
    [nr] = {.handler = (fn), .size = sizeof(type), .copy = (how)}
#define OP_NOARG(nr, fn) [nr] = {.handler = (fn), .copy = COPY_NONE}

static const struct vcpu_op vcpu_ops[] = {
    OP_NOARG(VCPUOP_up, vcpu_op_up),
    OP_NOARG(VCPUOP_down, vcpu_op_down),
    OP_NOARG(VCPUOP_is_up, vcpu_op_is_up),
    OP(VCPUOP_get_runstate_info, vcpu_op_get_runstate_info, struct vcpu_runstate_info, COPY_OUT),
    OP(VCPUOP_register_runstate_memory_area, vcpu_op_register_runstate, struct vcpu_register_runstate_memory_area, COPY_IN),
    OP(VCPUOP_set_periodic_timer, vcpu_op_set_periodic, struct vcpu_set_periodic_timer, COPY_IN),
    OP_NOARG(VCPUOP_stop_periodic_timer, vcpu_op_stop_periodic),
    OP(VCPUOP_set_singleshot_timer, vcpu_op_set_singleshot, struct vcpu_set_singleshot_timer, COPY_IN),
    OP_NOARG(VCPUOP_stop_singleshot_timer, vcpu_op_stop_singleshot),
    OP(VCPUOP_register_vcpu_info, vcpu_op_register_info, struct vcpu_register_vcpu_info, COPY_IN),
    OP_NOARG(VCPUOP_send_nmi, vcpu_op_send_nmi),
    OP(VCPUOP_get_physid, vcpu_op_get_physid, struct vcpu_get_physid, COPY_OUT),
    OP(VCPUOP_register_vcpu_time_memory_area, vcpu_op_register_time, struct vcpu_register_time_memory_area, COPY_IN),
};
/* clang-format on */

long do_vcpu_op(unsigned long cmd, unsigned long id, unsigned long arg,
                unsigned long a3, unsigned long a4)
{
    struct vcpu *v = domain_vcpu(current->domain, (u32)id);
    union vcpu_op_arg copy = {0};
    const struct vcpu_op *op;
    long rc;

    (void)a3, (void)a4;
    if (!v)
        return -ENOENT;
    if (cmd == VCPUOP_initialise)
        return vcpu_op_initialise(v, arg);
    if (cmd >= ARRAY_SIZE(vcpu_ops))
        return -ENOSYS;
    op = &vcpu_ops[array_index_nospec(cmd, ARRAY_SIZE(vcpu_ops))];
    if (!op->handler)
        return -ENOSYS;

    if (op->copy == COPY_IN && copy_from_guest(&copy, arg, op->size))
        return -EFAULT;
    rc = op->handler(v, &copy);
    if (op->copy == COPY_OUT && rc == 0 && copy_to_guest(arg, &copy, op->size))
        return -EFAULT;
    return rc;
}
