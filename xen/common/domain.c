/* SPDX-License-Identifier: MIT */
/*
 * Domains from creation to the last reference.
 *
 * References: one while the domain lives (domain_create() .. the end of
 * domain_kill()), one while it owns frames, one for each user that looked it
 * up. The struct is freed with the last; until then its id stays taken.
 */
#include "xen/domain.h"

#include "public/sched.h"
#include "public/xen.h"
#include "xen/errno.h"
#include "xen/evtchn.h"
#include "xen/gnttab.h"
#include "xen/heap.h"
#include "xen/irq.h"
#include "xen/page_alloc.h"
#include "xen/printk.h"
#include "xen/sched.h"
#include "xen/shutdown.h"
#include "xen/softirq.h"
#include "xen/string.h"
#include "xen/time.h"
#include "xen/vcpu.h"
#include "xen/vsprintf.h"

/* Real domains have ids below DOMID_FIRST_RESERVED. A pointer per id would be
 * 256 KiB; two levels cost what is used. */
#define IDS_PER_GROUP 512
#define NR_GROUPS     ((DOMID_FIRST_RESERVED + IDS_PER_GROUP - 1) / IDS_PER_GROUP)

/* Groups come when they are first needed and are never freed. */
static struct domain **domain_group[NR_GROUPS];

/* A slot is under the lock that its id selects: looking up one domain does not
 * wait for others. */
#define NR_LOCKS 16
static spinlock_t slot_locks[NR_LOCKS] = {
    [0 ... NR_LOCKS - 1] = SPIN_LOCK_INIT(LOCK_DOMAIN_LIST),
};

static spinlock_t *slot_lock(domid_t domid)
{
    return &slot_locks[domid % NR_LOCKS];
}

struct domain *dom_io, *dom_xen, *hardware_domain, *idle_domain;

/* The slot of an id; NULL if its group does not exist. */
static struct domain **domain_slot(domid_t domid)
{
    struct domain **group;

    if (domid >= DOMID_FIRST_RESERVED)
        return NULL;
    group = READ_ONCE(
        domain_group[array_index_nospec(domid / IDS_PER_GROUP, NR_GROUPS)]);
    return group ? &group[domid % IDS_PER_GROUP] : NULL;
}

struct domain *domain_get(domid_t domid)
{
    struct domain **slot = domain_slot(domid), *d = NULL;

    if (!slot)
        return NULL;
    spin_lock(slot_lock(domid));
    if (*slot && atomic_inc_not_zero(&(*slot)->refcnt))
        d = *slot;
    spin_unlock(slot_lock(domid));
    return d;
}

struct domain *domain_get_or_self(domid_t domid)
{
    struct domain *d = current->domain;

    if (domid != DOMID_SELF && domid != d->domain_id)
        return domain_get(domid);
    domain_get_known(d);
    return d;
}

struct domain *domain_get_next(domid_t domid)
{
    struct domain *d;

    for (unsigned int id = domid; id < DOMID_FIRST_RESERVED; id++) {
        if (!READ_ONCE(domain_group[id / IDS_PER_GROUP])) {
            id |= IDS_PER_GROUP - 1;
            continue;
        }
        d = domain_get(id);
        if (d)
            return d;
    }
    return NULL;
}

static void domain_free(struct domain *d)
{
    struct vcpu *v;
    bool was_found = false;

    if (d->domain_id < DOMID_FIRST_RESERVED) {
        struct domain **slot = domain_slot(d->domain_id);

        spin_lock(slot_lock(d->domain_id));
        was_found = slot && *slot == d;
        if (was_found)
            *slot = NULL;
        spin_unlock(slot_lock(d->domain_id));
    }

    for (unsigned int i = 0; d->vcpu && i < d->max_vcpus; i++) {
        v = d->vcpu[i];
        if (v)
            vcpu_destroy(v);
    }
    pirq_domain_destroy(d);
    evtchn_domain_destroy(d);
    gnttab_destroy(d);
    sched_domain_destroy(d);
    arch_domain_destroy(d);
    if (d->shared_info)
        unshare_xen_page(virt_to_page(d->shared_info));
    xfree(d->vcpu);
    free_xenheap_page(d);
    /* Somebody may have waited for the id, or for the memory. */
    if (was_found)
        send_global_virq(VIRQ_DOM_EXC);
}

void domain_put(struct domain *d)
{
    if (atomic_dec_and_test(&d->refcnt))
        domain_free(d);
}

/* A struct with the fields that every kind of domain has. */
static struct domain *domain_alloc(domid_t domid)
{
    struct domain *d;

    BUILD_BUG_ON(sizeof(*d) > PAGE_SIZE);
    d = alloc_xenheap_page(); /* page_info.owner holds its frame number */
    if (!d)
        return NULL;
    d->domain_id = domid;
    atomic_set(&d->refcnt, 1);
    spin_lock_init(&d->lock, LOCK_DOMAIN);
    spin_lock_init(&d->mem.lock, LOCK_PAGE_OWNER);
    return d;
}

/* Everything a running domain needs. Returns 0 or -errno; what was built is
 * taken down by domain_free(). */
static int domain_build(struct domain *d, const struct domain_config *cfg)
{
    int rc = -ENOMEM;

    d->max_vcpus = cfg->max_vcpus;
    d->is_control = cfg->is_control;
    d->is_hardware = cfg->is_hardware;
    memcpy(d->handle, cfg->handle, sizeof(d->handle));

    d->vcpu = xzalloc_array(struct vcpu *, d->max_vcpus);
    d->shared_info = alloc_xenheap_page();
    if (!d->shared_info)
        return rc;
    share_xen_page_with_guest(virt_to_page(d->shared_info), d, SHARE_rw);
    if (!d->vcpu)
        return rc;
    for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
        d->shared_info->vcpu_info[i].evtchn_upcall_mask = 1;

    rc = arch_domain_create(d);
    if (!rc)
        rc = sched_domain_create(d, cfg->cpupool);
    if (!rc)
        rc = evtchn_domain_create(d, cfg->max_evtchn_port);
    if (!rc)
        rc = gnttab_create(d, cfg->max_grant_frames, cfg->max_maptrack_frames,
                           cfg->max_grant_version);
    if (!rc)
        rc = pirq_domain_create(d);
    return rc;
}

/* Have the group of an id. Returns 0 or -ENOMEM. */
static int domain_group_get(domid_t domid)
{
    struct domain ***group = &domain_group[domid / IDS_PER_GROUP];
    struct domain **new;

    if (READ_ONCE(*group))
        return 0;
    new = xzalloc_array(struct domain *, IDS_PER_GROUP);
    if (!new)
        return -ENOMEM;
    if (cmpxchg(group, NULL, new) != NULL)
        xfree(new); /* somebody else was faster */
    return 0;
}

/* Make the domain findable. Returns 0, -EEXIST, -ENOMEM. */
static int domain_insert(struct domain *d)
{
    struct domain **slot;
    int rc = domain_group_get(d->domain_id);

    if (rc)
        return rc;
    slot = domain_slot(d->domain_id);
    spin_lock(slot_lock(d->domain_id));
    if (*slot)
        rc = -EEXIST;
    else
        *slot = d;
    spin_unlock(slot_lock(d->domain_id));
    return rc;
}

int domain_create(domid_t domid, const struct domain_config *cfg,
                  struct domain **d_out)
{
    struct domain *d;
    int rc;

    if (domid >= DOMID_FIRST_RESERVED || !cfg->max_vcpus ||
        cfg->max_vcpus > DOMAIN_MAX_VCPUS)
        return -EINVAL;

    d = domain_alloc(domid);
    if (!d)
        return -ENOMEM;
    atomic_set(&d->pause_count, 1);
    d->shutdown_code = SHUTDOWN_CODE_UNKNOWN;
    d->controller_pause = true;
    d->nr_controller_pauses = 1;
    rc = domain_build(d, cfg);
    if (!rc)
        rc = domain_insert(d);
    if (rc) {
        d->dying = DOMDYING_dead;
        domain_put(d);
        return rc;
    }
    if (cfg->is_hardware)
        hardware_domain = d;
    update_domain_wallclock(d);
    *d_out = d;
    return 0;
}

/* On the way out, where all of the guest's registers have been saved. */
static void dump_crashed(void)
{
    if (!is_idle_vcpu(current))
        arch_dump_vcpu(current);
}

void domains_init(void)
{
    softirq_open(CRASH_DUMP_SOFTIRQ, dump_crashed);
    idle_domain = domain_alloc(DOMID_IDLE);
    dom_io = domain_alloc(DOMID_IO);
    dom_xen = domain_alloc(DOMID_XEN);
    if (!idle_domain || !dom_io || !dom_xen)
        panic("No memory for the first domains: give the machine more RAM");
    idle_domain->max_vcpus = NR_CPUS;
    idle_domain->vcpu = xzalloc_array(struct vcpu *, NR_CPUS);
    if (!idle_domain->vcpu || arch_domain_create(idle_domain) ||
        sched_domain_create(idle_domain, 0))
        panic("No memory for the idle domain: give the machine more RAM");
}

int domain_kill(struct domain *d)
{
    int rc;

    switch (d->dying) {
    case DOMDYING_alive:
        domain_pause(d);
        spin_lock(&d->lock);
        d->dying = DOMDYING_dying;
        spin_unlock(&d->lock);
        evtchn_drop_virq_handler(d);
        sched_domain_retire(d);
        fallthrough;
    case DOMDYING_dying:
        rc = evtchn_domain_close_all(d);
        if (!rc)
            rc = gnttab_release_mappings(d);
        pirq_domain_destroy(d);
        if (!rc)
            rc = arch_domain_relinquish(d);
        if (!rc)
            rc = domain_claim_pages(d, 0);
        if (rc)
            return rc;
        d->dying = DOMDYING_dead;
        send_global_virq(VIRQ_DOM_EXC);
        domain_put(d);
        fallthrough;
    case DOMDYING_dead:
        return 0;
    }
    return 0;
}

/* The control domain has gone: so has the reason to run. */
static void hardware_domain_shutdown(u8 reason)
{
    switch (reason) {
    case SHUTDOWN_poweroff:
        printk("Hardware domain powered off: halting\n");
        machine_halt();
    case SHUTDOWN_crash:
        printk("Hardware domain crashed\n");
        machine_fail();
    default:
        printk("Hardware domain asks for a reboot\n");
        machine_restart();
    }
}

void domain_shutdown(struct domain *d, u8 reason)
{
    struct vcpu *v;
    bool first;

    spin_lock(&d->lock);
    first = !d->is_shutting_down;
    if (first) {
        d->is_shutting_down = true;
        if (d->shutdown_code == SHUTDOWN_CODE_UNKNOWN)
            d->shutdown_code = reason;
        reason = d->shutdown_code;
    }
    spin_unlock(&d->lock);
    if (!first)
        return;

    if (d->is_hardware)
        hardware_domain_shutdown(reason);

    /* From a vcpu of its own: it stops when it tries to leave the hypervisor.
     */
    for_each_vcpu(d, v)
        vcpu_pause_nosync(v);
    d->is_shut_down = true;
    if (reason == SHUTDOWN_suspend && d->suspend_port)
        (void)evtchn_send(d, d->suspend_port);
    send_global_virq(VIRQ_DOM_EXC);
}

void domain_resume(struct domain *d)
{
    struct vcpu *v;
    bool was;

    domain_pause(d);
    spin_lock(&d->lock);
    was = d->is_shut_down;
    d->is_shutting_down = false;
    d->is_shut_down = false;
    d->shutdown_code = SHUTDOWN_CODE_UNKNOWN;
    spin_unlock(&d->lock);

    for_each_vcpu(d, v)
        if (was)
            vcpu_unpause(v);
    domain_unpause(d);
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
    char why[128];
    va_list args;

    if (d->is_shutting_down)
        return;

    va_start(args, fmt);
    vsnprintf(why, sizeof(why), fmt, args);
    va_end(args);

    printk(XENLOG_ERR "d%d crashed: %s\n", d->domain_id, why);
    if (current->domain == d)
        raise_softirq(CRASH_DUMP_SOFTIRQ);
    domain_shutdown(d, SHUTDOWN_crash);
}
