/* SPDX-License-Identifier: MIT */
/* What the control domain is told of a domain as a whole. */
#include "xen/domain_info.h"

#include "xen/cpupool.h"
#include "xen/mm.h"
#include "xen/sched.h"
#include "xen/string.h"

#define NO_SHUTDOWN_CODE 0xffffu

static u32 life_flags(const struct domain *d)
{
    u32 flags = NO_SHUTDOWN_CODE << XEN_DOMINF_shutdownshift;

    if (READ_ONCE(d->is_shut_down))
        flags = XEN_DOMINF_shutdown | (u32)d->shutdown_code
                                          << XEN_DOMINF_shutdownshift;
    if (READ_ONCE(d->dying) != DOMDYING_alive)
        flags |= XEN_DOMINF_dying;
    if (READ_ONCE(d->controller_pause))
        flags |= XEN_DOMINF_paused;
    return flags;
}

/* Who hears that a domain is shut down may read all of it: none of its vcpus,
 * which were told to stop, runs any more. */
static void wait_until_stopped(const struct domain *d)
{
    struct vcpu *v;

    if (d != current->domain)
        for_each_vcpu(d, v)
            vcpu_sleep_sync(v);
}

/* Add up the vcpus: time, how many are up, and what they do. */
static void add_vcpus(const struct domain *d,
                      struct xen_domctl_getdomaininfo *info)
{
    struct vcpu_runstate_info state;
    bool blocked = true;
    struct vcpu *v;

    for_each_vcpu(d, v) {
        vcpu_runstate_get(v, &state);
        info->cpu_time += state.time[RUNSTATE_running];
        info->max_vcpu_id = v->vcpu_id;
        if (test_bit(VPF_down, &v->pause_flags))
            continue;
        info->nr_online_vcpus++;
        if (!test_bit(VPF_blocked, &v->pause_flags))
            blocked = false;
        if (READ_ONCE(v->is_running))
            info->flags |= XEN_DOMINF_running;
    }
    if (blocked && info->nr_online_vcpus > 0)
        info->flags |= XEN_DOMINF_blocked;
}

void domain_info_get(const struct domain *d,
                     struct xen_domctl_getdomaininfo *info_out)
{
    struct xen_domctl_getdomaininfo *info = info_out;

    memset(info, 0, sizeof(*info));
    info->domain = d->domain_id;
    info->flags = life_flags(d);
    if (info->flags & XEN_DOMINF_shutdown)
        wait_until_stopped(d);
    info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
    add_vcpus(d, info);
    info->tot_pages = READ_ONCE(d->mem.tot_pages);
    info->max_pages = READ_ONCE(d->mem.max_pages);
    info->outstanding_pages = READ_ONCE(d->mem.outstanding_claim);
    info->cpupool = cpupool_of(d);
    info->shared_info_frame = mfn_x(virt_to_mfn(d->shared_info));
    memcpy(info->handle, d->handle, sizeof(info->handle));
}
