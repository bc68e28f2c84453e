/* SPDX-License-Identifier: MIT */
/* Debug keys: run queues ('r'), domains and vcpus ('q'). */
#include "sched_policy.h"

#include "xen/debug_key.h"
#include "xen/printk.h"
#include "xen/softirq.h"
#include "asm/smp.h"

/* Vcpus that are shown of one queue. */
#define MAX_DUMPED 32

static void print_name(const struct vcpu *v)
{
    if (is_idle_vcpu(v))
        printk("idle");
    else
        printk("d%dv%u", v->domain->domain_id, v->vcpu_id);
}

static void dump_queue(unsigned int cpu)
{
    struct run_queue *q = &per_cpu(run_queue, cpu);
    struct pqueue_node *node;
    unsigned long flags;
    unsigned int nr = 0;

    spin_lock_irqsave(&q->lock, flags);
    printk("CPU%u: virtual time %ld ms, runs ", cpu,
           (long)(q->vtime / MILLISECS(1)));
    print_name(q->curr);
    printk(" for %ld us, %u wait\n", (long)(NOW() - q->run_start) / 1000,
           q->nr_waiting);
    for (node = q->waiting.first; node && nr < MAX_DUMPED;
         node = pqueue_next(node), nr++) {
        printk("  ");
        print_name(container_of(node, struct sched_vcpu, node)->vcpu);
        printk(" at %ld us\n", (long)(node->key - q->vtime) / 1000);
    }
    spin_unlock_irqrestore(&q->lock, flags);
}

static void queues_dump(void)
{
    unsigned int cpu;

    for_each_cpu(cpu, &cpu_online_map)
        dump_queue(cpu);
}

static void dump_vcpu(const struct vcpu *v)
{
    static const char *const state[] = {"running", "runnable", "blocked",
                                        "offline"};
    struct vcpu_runstate_info rs;

    vcpu_runstate_get(v, &rs);
    printk("  v%u: CPU%u %s, ran %lu ms, waited %lu ms; flags %lx, paused %d, "
           "events %u/%u\n",
           v->vcpu_id, v->processor, state[rs.state],
           (unsigned long)(rs.time[RUNSTATE_running] / MILLISECS(1)),
           (unsigned long)(rs.time[RUNSTATE_runnable] / MILLISECS(1)),
           v->pause_flags, atomic_read(&v->pause_count),
           v->vcpu_info->evtchn_upcall_pending,
           v->vcpu_info->evtchn_upcall_mask);
}

static void dump_domain(const struct domain *d)
{
    struct sched_params params;
    struct vcpu *v;

    sched_params_get(d, &params);
    printk("d%d: %u vcpus, %lu of %lu pages, weight %u, cap %u, paused %d%s%s, "
           "%d references\n",
           d->domain_id, d->max_vcpus, d->mem.tot_pages, d->mem.max_pages,
           params.weight, params.cap, atomic_read(&d->pause_count),
           d->is_shut_down ? ", shut down" : "",
           d->dying != DOMDYING_alive ? ", dying" : "",
           atomic_read(&d->refcnt));
    for_each_vcpu(d, v)
        dump_vcpu(v);
}

static void domains_dump(void)
{
    struct domain *d;
    domid_t next = 0;

    while ((d = domain_get_next(next)) != NULL) {
        next = d->domain_id + 1;
        dump_domain(d);
        domain_put(d);
        process_pending_softirqs();
    }
}

void sched_dump_init(void)
{
    debug_key_register('r', "run queues", queues_dump);
    debug_key_register('q', "domains and vcpus", domains_dump);
}
