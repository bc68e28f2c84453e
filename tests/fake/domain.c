/* SPDX-License-Identifier: MIT */
/* Domains that tests make; found by id as real ones are. */
#include "xen/domain.h"

#include <stdlib.h>
#include <string.h>

#include "fake/fake.h"

#define MAX_DOMAINS 16

struct domain *hardware_domain, *idle_domain, *dom_io, *dom_xen;

static struct {
    struct domain *d;
    struct vcpu **vcpu; /* where the leak checker finds it */
    unsigned int crashes;
} table[MAX_DOMAINS];

static struct domain *new_domain(domid_t domid)
{
    struct domain *d = fake_frame_alloc();

    memset(d, 0, sizeof(*d));
    d->domain_id = domid;
    atomic_set(&d->refcnt, 1);
    d->mem.max_pages = ~0UL;
    spin_lock_init(&d->lock, LOCK_DOMAIN);
    spin_lock_init(&d->mem.lock, LOCK_PAGE_OWNER);
    d->shared_info = fake_frame_alloc();
    return d;
}

static void new_vcpu(struct domain *d, unsigned int id)
{
    struct vcpu *v = calloc(1, sizeof(*v));

    v->vcpu_id = id;
    v->domain = d;
    v->vcpu_info_mfn = INVALID_MFN;
    v->dirty_cpu = VCPU_CPU_CLEAN;
    if (id < ARRAY_SIZE(d->shared_info->vcpu_info))
        v->vcpu_info = &d->shared_info->vcpu_info[id];
    d->vcpu[id] = v;
}

struct domain *fake_domain(domid_t domid, unsigned int nr_vcpus)
{
    struct domain *d = new_domain(domid);
    unsigned int i = 0;

    d->max_vcpus = nr_vcpus;
    d->vcpu = calloc(nr_vcpus, sizeof(struct vcpu *));
    for (unsigned int id = 0; id < nr_vcpus; id++)
        new_vcpu(d, id);
    while (i < MAX_DOMAINS && table[i].d != NULL)
        i++;
    if (i == MAX_DOMAINS)
        abort();
    table[i].d = d;
    table[i].vcpu = d->vcpu;
    table[i].crashes = 0;
    return d;
}

static void free_domain(struct domain *d)
{
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        free(d->vcpu[id]);
    free(d->vcpu);
}

void fake_domain_free(struct domain *d)
{
    for (unsigned int i = 0; i < MAX_DOMAINS; i++)
        if (table[i].d == d)
            table[i].d = NULL;
    free_domain(d);
}

void fake_domains_free(void)
{
    for (unsigned int i = 0; i < MAX_DOMAINS; i++)
        if (table[i].d != NULL)
            free_domain(table[i].d);
    memset(table, 0, sizeof(table));
    fake_frames_free();
}

unsigned int fake_domain_crashes(const struct domain *d)
{
    for (unsigned int i = 0; i < MAX_DOMAINS; i++)
        if (table[i].d == d)
            return table[i].crashes;

    return 0;
}

struct domain *domain_get(domid_t domid)
{
    for (unsigned int i = 0; i < MAX_DOMAINS && domid < DOMID_FIRST_RESERVED;
         i++)
        if (table[i].d != NULL && table[i].d->domain_id == domid) {
            domain_get_known(table[i].d);
            return table[i].d;
        }

    return NULL;
}

struct domain *domain_get_or_self(domid_t domid)
{
    if (domid == DOMID_SELF) {
        domain_get_known(current->domain);
        return current->domain;
    }
    return domain_get(domid);
}

struct domain *domain_get_next(domid_t domid)
{
    struct domain *best = NULL;

    for (unsigned int i = 0; i < MAX_DOMAINS; i++)
        if (table[i].d != NULL && table[i].d->domain_id >= domid &&
            table[i].d->domain_id < DOMID_FIRST_RESERVED &&
            (best == NULL || table[i].d->domain_id < best->domain_id))
            best = table[i].d;
    if (best != NULL)
        domain_get_known(best);
    return best;
}

void domain_put(struct domain *d)
{
    atomic_dec(&d->refcnt);
    BUG_ON(atomic_read(&d->refcnt) <= 0);
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
    (void)fmt;
    for (unsigned int i = 0; i < MAX_DOMAINS; i++)
        if (table[i].d == d)
            table[i].crashes++;
}
