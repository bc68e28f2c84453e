/* SPDX-License-Identifier: MIT */
/* What the domains of core_fuzz.c start with, and how they end. */
#include "core_fuzz.h"

#include "public/memory.h"
#include "xen/audit.h"
#include "xen/evtchn.h"
#include "xen/gnttab.h"
#include "xen/irq.h"
#include "xen/memory.h"
#include "xen/rangeset.h"
#include "asm/cpuid.h"

#define MAX_PORT 127

/* ---- The rest of the machine ------------------------------------------- */

/* The control domain has some, of which the last can't be bound. */
#define NR_PIRQS 3

static unsigned int pirq_port[NR_PIRQS];

unsigned int pirq_count(const struct domain *d_)
{
    return d_ == d0 ? NR_PIRQS : 0;
}

int pirq_guest_bind(struct vcpu *v, unsigned int pirq, bool will_share)
{
    (void)v, (void)will_share;
    return pirq == NR_PIRQS - 1 ? -EBUSY : 0;
}

void pirq_guest_unbind(struct domain *d_, unsigned int pirq)
{
    (void)d_, (void)pirq;
}

void pirq_guest_unmask(struct domain *d_, unsigned int pirq)
{
    (void)d_, (void)pirq;
}

void pirq_set_affinity(struct domain *d_, unsigned int pirq, struct vcpu *v)
{
    (void)d_, (void)pirq, (void)v;
}

unsigned int pirq_to_evtchn(const struct domain *d_, unsigned int pirq)
{
    return pirq < pirq_count(d_) ? pirq_port[pirq] : 0;
}

void pirq_set_evtchn(struct domain *d_, unsigned int pirq, unsigned int port)
{
    (void)d_;
    pirq_port[pirq] = port;
}

void pirq_audit_frames(struct domain *d_, struct audit *a)
{
    (void)d_, (void)a;
}

long arch_memory_op(unsigned int op, u64 arg)
{
    (void)op, (void)arg;
    return -ENOSYS;
}

/* ---- Domains ----------------------------------------------------------- */

void core_set_up_once(void)
{
    pv_mm_set_up_once(NULL);
}

/* Frames of tables that fit, the first of which are in use: pool[0] is the L3
 * behind entry 300 of the first vcpu's L4. */
static void fill_pool(struct guest *g)
{
    for (unsigned int i = 0; i < POOL; i++)
        g->pool[i] = new_page(g->d);
    table_of(g->pool[0])[0] = entry(g->pool[1], FLAGS_TABLE);
    table_of(g->pool[1])[0] = entry(g->pool[2], FLAGS_TABLE);
    for (unsigned int i = 0; i < 6; i++)
        table_of(g->pool[2])[i] = entry(g->pool[i], FLAGS_RO);
    table_of(g->pool[3])[1] = entry(g->pool[4], FLAGS_TABLE);
    table_of(g->pool[4])[1] = entry(g->pool[5], FLAGS_TABLE);
    table_of(g->pool[5])[1] = entry(g->pool[6], FLAGS_RW);
    run_as(g->d, 0);
    if (update(mfn_to_maddr(g->d->vcpu[0]->arch.guest_table) + 300 * 8,
               entry(g->pool[0], FLAGS_TABLE)) != 0)
        BUG();
}

static void set_up_guest(struct guest *g, struct domain *dom)
{
    mfn_t mfn;

    memset(g, 0, sizeof(*g));
    g->d = dom;
    dom->arch.cpuid = &cpuid_initial;
    if (evtchn_domain_create(dom, MAX_PORT) != 0 ||
        gnttab_create(dom, 3, 1, 2) != 0)
        BUG();
    for (unsigned int i = 0; i < dom->max_vcpus; i++) {
        if (evtchn_vcpu_create(dom->vcpu[i]) != 0)
            BUG();
        dom->vcpu[i]->arch.trap_table = fake_guest_alloc(PAGE_SIZE);
    }
    if (gnttab_acquire_resource(dom, XENMEM_resource_grant_table_id_shared, 0,
                                1, &mfn) != 0)
        BUG();
    g->grants = mfn_to_virt(mfn);
    dom->mem.max_pages = 64;
    fill_pool(g);
}

void core_set_up(void)
{
    struct domain *all[NR_GUESTS];

    pv_mm_set_up(NULL);
    all[0] = d0;
    all[1] = d;
    all[2] = other;
    for (unsigned int i = 0; i < NR_GUESTS; i++)
        set_up_guest(&guests[i], all[i]);
    for (unsigned int i = 0; i < NR_ARGS; i++)
        args[i] = fake_guest_alloc(ARG_SIZE);
    d0->arch.has_devices = true;
    self = &guests[1];
    run_as(self->d, 0);
}

/* The order is that of a domain's death. */
int guest_end_step(struct guest *g)
{
    int rc;

    evtchn_drop_virq_handler(g->d);
    rc = evtchn_domain_close_all(g->d);
    if (rc == 0)
        rc = gnttab_release_mappings(g->d);
    if (rc == 0)
        rc = arch_domain_relinquish(g->d);
    return rc;
}

void guest_free(struct guest *g)
{
    evtchn_domain_destroy(g->d);
    gnttab_destroy(g->d);
    rangeset_destroy(g->d->arch.iomem_caps);
}

void core_tear_down(void)
{
    fake_domains_free();
    fake_guest_free();
}
