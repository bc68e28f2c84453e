/* SPDX-License-Identifier: MIT */
/* Virtual CPUs: creation, and the structures that guests see. */
#include "xen/vcpu.h"

#include "xen/errno.h"
#include "xen/evtchn.h"
#include "xen/guest_access.h"
#include "xen/heap.h"
#include "xen/sched.h"
#include "xen/string.h"
#include "xen/time.h"

/* For vcpus that have none yet: beyond those in shared_info. Nobody reads what
 * is written here. */
static struct vcpu_info no_vcpu_info = {.evtchn_upcall_mask = 1};

bool vcpu_has_info(const struct vcpu *v)
{
    return v->vcpu_info != &no_vcpu_info;
}

/* Everything that has to be set before anything can fail. */
static void vcpu_init_fields(struct vcpu *v, struct domain *d, unsigned int id)
{
    v->vcpu_id = id;
    v->domain = d;
    v->dirty_cpu = VCPU_CPU_CLEAN;
    v->vcpu_info_mfn = INVALID_MFN;
    v->vcpu_info = &no_vcpu_info;
    if (is_idle_vcpu(v))
        return;
    set_bit(VPF_down, &v->pause_flags);
    if (id < XEN_LEGACY_MAX_VCPUS)
        v->vcpu_info = &d->shared_info->vcpu_info[id];
}

struct vcpu *vcpu_create(struct domain *d, unsigned int id)
{
    struct vcpu *v = xzalloc(struct vcpu);

    if (!v)
        return NULL;
    vcpu_init_fields(v, d, id);
    if (sched_vcpu_create(v))
        goto free_vcpu;
    vcpu_timers_init(v);
    if (!is_idle_vcpu(v) && evtchn_vcpu_create(v))
        goto destroy_sched;
    if (arch_vcpu_create(v))
        goto destroy_sched;

    smp_wmb(); /* whoever finds it finds it complete */
    WRITE_ONCE(d->vcpu[id], v);
    return v;

destroy_sched:
    sched_vcpu_destroy(v);
free_vcpu:
    xfree(v);
    return NULL;
}

void vcpu_destroy(struct vcpu *v)
{
    WRITE_ONCE(v->domain->vcpu[v->vcpu_id], NULL);
    vcpu_timers_kill(v);
    vcpu_unmap_info(v);
    arch_vcpu_destroy(v);
    sched_vcpu_destroy(v);
    xfree(v);
}

/* vcpu_info. */

static void copy_info(const struct vcpu *v, struct vcpu_info *info)
{
    if (vcpu_has_info(v)) {
        memcpy(info, v->vcpu_info, sizeof(*info));
    } else {
        memset(info, 0, sizeof(*info));
        info->evtchn_upcall_mask = 1;
    }
}

static int map_info_locked(struct vcpu *v, mfn_t mfn, unsigned int offset)
{
    struct vcpu_info *info;

    if (!mfn_eq(v->vcpu_info_mfn, INVALID_MFN) ||
        (v != current && !test_bit(VPF_down, &v->pause_flags)))
        return -EINVAL;
    if (!mfn_valid(mfn) ||
        !page_get_and_type(mfn_to_page(mfn), v->domain, PGT_writable))
        return -EINVAL;

    info = (struct vcpu_info *)((char *)mfn_to_virt(mfn) + offset);
    copy_info(v, info);
    v->vcpu_info_mfn = mfn;
    WRITE_ONCE(v->vcpu_info, info);
    smp_mb(); /* events go there now; those sent meanwhile are raised again */
    evtchn_vcpu_info_moved(v);
    return 0;
}

int vcpu_map_info(struct vcpu *v, gfn_t gfn, unsigned int offset)
{
    int rc;

    if (offset > PAGE_SIZE - sizeof(struct vcpu_info) || offset % 8 != 0)
        return -ENXIO;

    spin_lock(&v->domain->lock);
    rc = map_info_locked(v, _mfn(gfn.g), offset);
    spin_unlock(&v->domain->lock);
    if (rc == 0)
        update_vcpu_system_time(v); /* the new place tells the time at once */
    return rc;
}

void vcpu_unmap_info(struct vcpu *v)
{
    mfn_t mfn = v->vcpu_info_mfn;

    WRITE_ONCE(v->vcpu_info, &no_vcpu_info);
    v->vcpu_info_mfn = INVALID_MFN;
    if (!mfn_eq(mfn, INVALID_MFN))
        page_put_and_type(mfn_to_page(mfn));
}

/* Run state. */

static void copy_marked(struct vcpu *v, struct vcpu_runstate_info *rs)
{
    const u64 va = v->runstate_guest;
    const u64 entry =
        va + offsetof(struct vcpu_runstate_info, state_entry_time);
    const u64 time = rs->state_entry_time;

    rs->state_entry_time |= XEN_RUNSTATE_UPDATE;
    if (copy_to_guest(entry, &rs->state_entry_time, sizeof(time)))
        return;
    smp_wmb();
    if (copy_to_guest(va, rs, sizeof(*rs)))
        return;
    smp_wmb();
    if (copy_to_guest(entry, &time, sizeof(time)))
        v->runstate_guest = 0;
}

/* A place that cannot be written is the guest's own affair. */
void vcpu_runstate_publish(struct vcpu *v)
{
    struct vcpu_runstate_info rs;

    if (v->runstate_guest == 0)
        return;
    if (!arch_guest_in_kernel(v)) {
        v->runstate_stale = true;
        return;
    }

    v->runstate_stale = false;
    rs = v->runstate;
    if (test_bit(VMASST_TYPE_runstate_update_flag, &v->domain->vm_assist))
        copy_marked(v, &rs);
    else if (copy_to_guest(v->runstate_guest, &rs, sizeof(rs)))
        return;
}
