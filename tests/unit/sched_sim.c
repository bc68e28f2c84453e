/* SPDX-License-Identifier: MIT */
/* The machine under the scheduler: see sched_sim.h. */
#include "sched_sim.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "xen/cpupool.h"
#include "xen/debug_key.h"
#include "xen/errno.h"
#include "xen/evtchn.h"
#include "xen/softirq.h"
#include "asm/smp.h"

#include "../../xen/common/sched_policy.h"

#define MAX_VCPUS        256
#define SIM_RATELIMIT_US 200

struct behaviour {
    struct vcpu *v;
    s_time_t burst, pause;
    s_time_t left;     /* of this burst */
    s_time_t wakes_at; /* STIME_MAX: does not sleep */
    s_time_t woken_at; /* STIME_MAX: has run since */
    s_time_t latency;
};

static struct behaviour behaviours[MAX_VCPUS];
static unsigned int nr_behaviours;
static struct domain *domains[16];
static unsigned int nr_domains;
static unsigned int nr;
/* Where a CPU goes on that has left the hypervisor. */
static struct {
    jmp_buf place;
} left_hypervisor;
/* For vcpus beyond those in shared_info: no events. */
static struct vcpu_info more_vcpu_info;

unsigned long sim_switches;
int sim_shutdown_reason;
u64 sim_pending_ports;
void (*sim_while_saving)(struct vcpu *prev);

/* What the scheduler needs of others. */

void debug_key_register(char key, const char *help, void (*fn)(void))
{
    (void)key, (void)help, (void)fn;
}

struct vcpu *vcpu_create(struct domain *d, unsigned int id)
{
    (void)d, (void)id;
    return NULL;
}

void sync_vcpu_state(struct vcpu *v)
{
    (void)v;
}

void domain_shutdown(struct domain *d, u8 reason)
{
    (void)d;
    sim_shutdown_reason = reason;
}

int evtchn_port_poll(struct domain *d, evtchn_port_t port)
{
    (void)d;
    return port >= 64 ? -EINVAL : !!(sim_pending_ports & (1UL << port));
}

static struct behaviour *behaviour_of(const struct vcpu *v)
{
    for (unsigned int i = 0; i < nr_behaviours; i++)
        if (behaviours[i].v == v)
            return &behaviours[i];

    return NULL;
}

void context_switch(struct vcpu *prev, struct vcpu *next)
{
    struct behaviour *b = behaviour_of(next);

    /* No vcpu is on two CPUs. */
    for (unsigned int cpu = 0; cpu < nr; cpu++)
        BUG_ON(cpu != smp_processor_id() && sim_current(cpu) == next);
    BUG_ON(next->processor != smp_processor_id() || !next->is_running);
    BUG_ON(!is_idle_vcpu(next) && !vcpu_runnable(next));

    current = next;
    if (sim_while_saving)
        sim_while_saving(prev);
    context_saved(prev);
    sim_switches++;
    if (b && b->woken_at != STIME_MAX) {
        b->latency = max(b->latency, fake_now - b->woken_at);
        b->woken_at = STIME_MAX;
    }
    continue_running(next);
}

void continue_running(struct vcpu *same)
{
    if (is_idle_vcpu(same))
        cpumask_set(smp_processor_id(), &sched_idle_cpus);
    local_irq_enable();
    longjmp(left_hypervisor.place, 1);
}

/* CPUs. */

struct vcpu *sim_current(unsigned int cpu)
{
    return per_cpu(run_queue, cpu).curr;
}

bool sim_idle(unsigned int cpu)
{
    return is_idle_vcpu(sim_current(cpu));
}

void sim_enter(const struct vcpu *v)
{
    fake_set_cpu(v->processor);
    BUG_ON(current != v);
}

/* Leave the hypervisor on this CPU: softirqs first. */
static void leave(void)
{
    (void)setjmp(left_hypervisor.place);
    if (softirq_is_pending(smp_processor_id()))
        do_softirq();
}

void sim_settle(void)
{
    unsigned int here = smp_processor_id();
    __typeof__(left_hypervisor) outer = left_hypervisor;
    bool again = true;

    cpumask_set(here, &fake_event_checks);
    while (again) {
        again = false;
        for (unsigned int cpu = 0; cpu < nr; cpu++) {
            if (!cpumask_test_and_clear(cpu, &fake_event_checks))
                continue;
            fake_set_cpu(cpu);
            leave();
            again = true;
        }
    }
    /* Nobody has been asked to look without being interrupted. */
    for (unsigned int cpu = 0; cpu < nr; cpu++)
        BUG_ON(softirq_is_pending(cpu));
    left_hypervisor = outer;
    fake_set_cpu(here);
}

static s_time_t next_event(s_time_t end)
{
    for (unsigned int cpu = 0; cpu < nr; cpu++)
        if (fake_programmed[cpu] != 0)
            end = min(end, fake_programmed[cpu]);
    for (unsigned int i = 0; i < nr_behaviours; i++) {
        struct behaviour *b = &behaviours[i];

        end = min(end, b->wakes_at);
        if (sim_current(b->v->processor) == b->v && b->left != STIME_MAX)
            end = min(end, fake_now + b->left);
    }
    return max(end, fake_now + 1);
}

static void advance(s_time_t to)
{
    for (unsigned int i = 0; i < nr_behaviours; i++) {
        struct behaviour *b = &behaviours[i];

        if (sim_current(b->v->processor) == b->v && b->left != STIME_MAX)
            b->left -= to - fake_now;
    }
    fake_now = to;
}

void sim_wake(struct vcpu *v)
{
    struct behaviour *b = behaviour_of(v);

    b->wakes_at = STIME_MAX;
    b->woken_at = fake_now;
    b->left = b->burst;
    vcpu_unblock(v);
    sim_settle();
}

static void vcpus_act(void)
{
    for (unsigned int i = 0; i < nr_behaviours; i++) {
        struct behaviour *b = &behaviours[i];

        if (b->wakes_at <= fake_now) {
            sim_wake(b->v);
        } else if (b->left <= 0 && sim_current(b->v->processor) == b->v) {
            fake_set_cpu(b->v->processor);
            b->wakes_at =
                b->pause == STIME_MAX ? STIME_MAX : fake_now + b->pause;
            vcpu_block_current();
            sim_settle();
        }
    }
}

static void timers_act(void)
{
    for (unsigned int cpu = 0; cpu < nr; cpu++) {
        if (fake_programmed[cpu] == 0 || fake_programmed[cpu] > fake_now)
            continue;
        fake_programmed[cpu] = 0;
        fake_set_cpu(cpu);
        local_irq_disable();
        timer_interrupt();
        local_irq_enable();
        sim_settle();
    }
}

void sim_pass(s_time_t ns)
{
    s_time_t end = fake_now + ns;

    sim_settle();
    while (fake_now < end) {
        advance(next_event(end));
        timers_act();
        vcpus_act();
    }
    fake_set_cpu(0);
}

/* Domains. */

struct domain *sim_domain(unsigned int nr_vcpus, u16 weight, u16 cap)
{
    struct domain *d = fake_domain(1 + nr_domains, nr_vcpus);
    struct vcpu *v;

    domains[nr_domains++] = d;
    if (sched_domain_create(d, 0))
        abort();
    for_each_vcpu(d, v) {
        set_bit(VPF_blocked, &v->pause_flags);
        if (v->vcpu_info == NULL)
            v->vcpu_info = &more_vcpu_info;
        if (sched_vcpu_create(v))
            abort();
        vcpu_timers_init(v);
        v->periodic_period = 0;
    }
    if (sched_params_set(d, &(struct sched_params){weight, cap}))
        abort();
    return d;
}

void sim_run(struct vcpu *v, s_time_t burst, s_time_t pause)
{
    if (nr_behaviours == MAX_VCPUS)
        abort();
    behaviours[nr_behaviours++] =
        (struct behaviour){v, burst, pause, burst, STIME_MAX, STIME_MAX, 0};
    sim_wake(v);
}

s_time_t sim_ran(const struct vcpu *v)
{
    struct vcpu_runstate_info rs;

    vcpu_runstate_get(v, &rs);
    return rs.time[RUNSTATE_running];
}

s_time_t sim_latency(const struct vcpu *v)
{
    return behaviour_of(v)->latency;
}

void sim_init(void)
{
    idle_domain = fake_domain(DOMID_IDLE, FAKE_NR_CPUS);
    for (unsigned int cpu = 0; cpu < FAKE_NR_CPUS; cpu++) {
        if (sched_vcpu_create(idle_domain->vcpu[cpu]))
            abort();
        timer_cpu_init(cpu);
        sched_cpu_init(cpu);
    }
}

void sim_start(unsigned int nr_cpus_wanted)
{
    nr = nr_cpus_wanted;
    nr_domains = 0;
    nr_behaviours = 0;
    sim_shutdown_reason = -1;
    sim_pending_ports = 0;
    sim_while_saving = NULL;
    cpumask_zero(&cpu_online_map);
    cpumask_zero(&fake_event_checks);
    for (unsigned int cpu = 0; cpu < nr; cpu++) {
        cpumask_set(cpu, &cpu_online_map);
        cpumask_set(cpu, &sched_idle_cpus);
        fake_set_cpu(cpu);
        fake_set_current(idle_domain->vcpu[cpu]);
    }
    fake_set_cpu(0);
}

/* Pool 0 alone, with all CPUs. */
static void pools_reset(void)
{
    struct cpupool_info info;

    while (cpupool_info_get(1, &info) == 0) {
        while (cpupool_remove_cpu(info.id, CPUPOOL_ANY) == 0)
            ;
        BUG_ON(cpupool_destroy(info.id));
    }
    while (cpupool_add_cpu(0, CPUPOOL_ANY) == 0)
        ;
    BUG_ON(cpupool_info_get(0, &info) || info.nr_domains != 0 ||
           cpumask_weight(&info.cpus) != nr ||
           cpupool_ratelimit_set(0, SIM_RATELIMIT_US));
}

void sim_end(void)
{
    struct vcpu *v;

    for (unsigned int i = 0; i < nr_domains; i++)
        for_each_vcpu(domains[i], v) {
            set_bit(VPF_down, &v->pause_flags);
            vcpu_sleep_nosync(v);
            sim_settle();
        }
    for (unsigned int cpu = 0; cpu < nr; cpu++)
        BUG_ON(!sim_idle(cpu) || per_cpu(run_queue, cpu).nr_waiting != 0);
    BUG_ON(!cpumask_empty(&sched_waiting_cpus));
    for (unsigned int i = 0; i < nr_domains; i++) {
        for_each_vcpu(domains[i], v) {
            vcpu_timers_kill(v);
            sched_vcpu_destroy(v);
        }
        sched_domain_destroy(domains[i]);
        fake_domain_free(domains[i]);
    }
    fake_guest_free();
    pools_reset();
}
