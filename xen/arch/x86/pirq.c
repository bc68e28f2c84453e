/* SPDX-License-Identifier: MIT */
/*
 * PIRQs: which interrupt each stands for, and which event channel.
 *
 * unmapped --map--> mapped --bind--> bound: interrupts come as events. A level
 * interrupt is held back, at its IO-APIC, until the guest has said that it is
 * done; the page of bits tells the guest which PIRQs want that.
 */
#include "asm/pirq.h"

#include "public/physdev.h"
#include "xen/audit.h"
#include "xen/bitops.h"
#include "xen/bug.h"
#include "xen/errno.h"
#include "xen/heap.h"
#include "xen/mm.h"
#include "xen/spinlock.h"
#include "xen/vcpu.h"
#include "asm/io_apic.h"
#include "asm/irq.h"
#include "asm/rights.h"

struct pirq {
    unsigned int irq; /* INVALID_IRQ: unmapped */
    unsigned int evtchn;
    bool bound;
    bool is_msi;
};

struct pirq_domain {
    spinlock_t lock; /* rank LOCK_PIRQ; taken with interrupts off */
    /* Under lock: */
    struct page_info *eoi_page; /* of the guest, typed writable; or NULL */
    struct pirq *pirq;          /* but evtchn, which is under the port's */
    /* Constant: */
    unsigned int nr;
};

int pirq_domain_create(struct domain *d)
{
    struct pirq_domain *p = xzalloc(struct pirq_domain);

    if (p == NULL)
        return -ENOMEM;
    spin_lock_init(&p->lock, LOCK_PIRQ);
    p->nr = d->is_hardware ? nr_gsis + NR_MSI_PIRQS : 0;
    p->pirq = p->nr != 0 ? xzalloc_array(struct pirq, p->nr) : NULL;
    if (p->nr != 0 && p->pirq == NULL) {
        xfree(p);
        return -ENOMEM;
    }
    for (unsigned int i = 0; i < p->nr; i++)
        p->pirq[i].irq = INVALID_IRQ;
    d->pirq = p;
    return 0;
}

unsigned int pirq_count(const struct domain *d)
{
    return d->pirq != NULL ? d->pirq->nr : 0;
}

/* NULL if the number is out of range. */
static struct pirq *find_pirq(const struct domain *d, unsigned int pirq)
{
    if (pirq >= pirq_count(d))
        return NULL;
    return &d->pirq->pirq[array_index_nospec(pirq, d->pirq->nr)];
}

/* The page of bits. */

static void eoi_bit_set_locked(struct pirq_domain *p, unsigned int pirq,
                               bool wanted)
{
    void *map;

    ASSERT_LOCKED(&p->lock);
    if (p->eoi_page == NULL)
        return;
    map = page_to_virt(p->eoi_page);
    if (wanted)
        set_bit(pirq, map);
    else
        clear_bit(pirq, map);
}

static bool wants_eoi(const struct pirq *info)
{
    return info->bound && irq_to_desc(info->irq)->level;
}

static int eoi_page_get(struct domain *d, gfn_t gfn, struct page_info **pg_out)
{
    mfn_t mfn = _mfn(gfn.g);
    struct page_info *pg;

    if (!mfn_valid(mfn))
        return -EINVAL;
    pg = mfn_to_page(mfn);
    if (!page_get(pg, d))
        return -EINVAL;
    if (page_get_type(pg, PGT_writable) != 0) {
        page_put(pg);
        return -EINVAL;
    }
    *pg_out = pg;
    return 0;
}

static void eoi_page_put(struct page_info *pg)
{
    page_put_type(pg);
    page_put(pg);
}

int pirq_set_eoi_map(struct domain *d, gfn_t gfn)
{
    struct pirq_domain *p = d->pirq;
    struct page_info *pg;
    unsigned long flags;
    int rc = eoi_page_get(d, gfn, &pg);

    if (rc != 0)
        return rc;
    spin_lock_irqsave(&p->lock, flags);
    if (p->eoi_page == NULL) {
        p->eoi_page = pg;
        for (unsigned int i = 0; i < p->nr; i++)
            eoi_bit_set_locked(p, i, wants_eoi(&p->pirq[i]));
    } else {
        rc = -EBUSY;
    }
    spin_unlock_irqrestore(&p->lock, flags);
    if (rc != 0)
        eoi_page_put(pg);
    return rc;
}

void pirq_audit_frames(struct domain *d, struct audit *a)
{
    const struct pirq_domain *p = d->pirq;

    if (p != NULL && p->eoi_page != NULL)
        audit_see(a, page_to_mfn(p->eoi_page), true);
}

/* Mapping. */

static int map_gsi_locked(struct domain *d, unsigned int gsi, unsigned int pirq)
{
    struct pirq *info = find_pirq(d, pirq);

    if (info == NULL)
        return -EINVAL;
    if (info->irq != INVALID_IRQ)
        return info->irq == gsi ? 0 : -EEXIST;
    info->irq = gsi;
    info->is_msi = false;
    return 0;
}

bool irq_permitted(struct domain *d, unsigned int gsi)
{
    return rights_have(d, RIGHT_IRQ, gsi, gsi);
}

int pirq_map_gsi(struct domain *d, unsigned int gsi, int *pirq)
{
    unsigned int wanted = *pirq < 0 ? gsi : (unsigned int)*pirq;
    unsigned long flags;
    int rc;

    if (gsi >= nr_gsis || irq_to_desc(gsi)->chip == NULL)
        return -EINVAL;
    if (!irq_permitted(d, gsi))
        return -EPERM;
    spin_lock_irqsave(&d->pirq->lock, flags);
    rc = map_gsi_locked(d, gsi, wanted);
    spin_unlock_irqrestore(&d->pirq->lock, flags);
    if (rc == 0)
        *pirq = wanted;
    return rc;
}

/* Returns a number, from the top; -1 if there is none. */
static int free_msi_pirq_locked(const struct pirq_domain *p)
{
    for (unsigned int i = p->nr; i > nr_gsis; i--)
        if (p->pirq[i - 1].irq == INVALID_IRQ)
            return i - 1;

    return -1;
}

static int map_msi_locked(struct domain *d, unsigned int irq, int *pirq)
{
    int nr = *pirq < 0 ? free_msi_pirq_locked(d->pirq) : *pirq;
    struct pirq *info = nr < 0 ? NULL : find_pirq(d, nr);

    if (info == NULL)
        return nr < 0 ? -ENOSPC : -EINVAL;
    if (info->irq != INVALID_IRQ)
        return -EEXIST;
    info->irq = irq;
    info->is_msi = true;
    *pirq = nr;
    return 0;
}

int pirq_map_msi(struct domain *d, const struct msi_request *req, int *pirq)
{
    unsigned long flags;
    unsigned int irq;
    int rc = msi_setup(req, &irq);

    if (rc != 0)
        return rc;
    spin_lock_irqsave(&d->pirq->lock, flags);
    rc = map_msi_locked(d, irq, pirq);
    spin_unlock_irqrestore(&d->pirq->lock, flags);
    if (rc != 0)
        msi_teardown(irq);
    return rc;
}

static void unbind_locked(struct domain *d, unsigned int pirq,
                          struct pirq *info)
{
    if (!info->bound)
        return;
    irq_guest_unbind(info->irq, d, pirq);
    info->bound = false;
    eoi_bit_set_locked(d->pirq, pirq, false);
}

int pirq_unmap(struct domain *d, unsigned int pirq)
{
    struct pirq *info = find_pirq(d, pirq);
    unsigned int irq = INVALID_IRQ;
    unsigned long flags;
    bool is_msi;

    if (info == NULL)
        return -EINVAL;
    spin_lock_irqsave(&d->pirq->lock, flags);
    irq = info->irq;
    is_msi = info->is_msi;
    unbind_locked(d, pirq, info);
    info->irq = INVALID_IRQ;
    spin_unlock_irqrestore(&d->pirq->lock, flags);

    if (irq == INVALID_IRQ)
        return -EINVAL;
    if (is_msi)
        msi_teardown(irq);
    return 0;
}

void pirq_domain_destroy(struct domain *d)
{
    struct pirq_domain *p = d->pirq;

    if (p == NULL)
        return;
    for (unsigned int i = 0; i < p->nr; i++)
        if (p->pirq[i].irq != INVALID_IRQ)
            (void)!pirq_unmap(d, i);
    irq_guest_sync();
    if (p->eoi_page != NULL)
        eoi_page_put(p->eoi_page);
    d->pirq = NULL;
    xfree(p->pirq);
    xfree(p);
}

/* Binding. */

static int bind_locked(struct vcpu *v, unsigned int pirq, bool will_share)
{
    struct domain *d = v->domain;
    struct pirq *info = find_pirq(d, pirq);
    int rc;

    if (info == NULL || info->irq == INVALID_IRQ || info->bound)
        return -EINVAL;
    rc = irq_guest_bind(info->irq, d, pirq, will_share, v->processor);
    if (rc != 0)
        return rc;
    info->bound = true;
    eoi_bit_set_locked(d->pirq, pirq, wants_eoi(info));
    return 0;
}

int pirq_guest_bind(struct vcpu *v, unsigned int pirq, bool will_share)
{
    unsigned long flags;
    int rc;

    if (v->domain->pirq == NULL)
        return -EINVAL;
    spin_lock_irqsave(&v->domain->pirq->lock, flags);
    rc = bind_locked(v, pirq, will_share);
    spin_unlock_irqrestore(&v->domain->pirq->lock, flags);
    return rc;
}

void pirq_guest_unbind(struct domain *d, unsigned int pirq)
{
    struct pirq *info = find_pirq(d, pirq);
    unsigned long flags;

    if (info == NULL)
        return;
    spin_lock_irqsave(&d->pirq->lock, flags);
    unbind_locked(d, pirq, info);
    spin_unlock_irqrestore(&d->pirq->lock, flags);
}

int pirq_eoi(struct domain *d, unsigned int pirq)
{
    struct pirq *info = find_pirq(d, pirq);
    unsigned long flags;

    if (info == NULL)
        return -EINVAL;
    spin_lock_irqsave(&d->pirq->lock, flags);
    if (info->bound)
        irq_guest_eoi(info->irq, d, pirq);
    spin_unlock_irqrestore(&d->pirq->lock, flags);
    return 0;
}

void pirq_guest_unmask(struct domain *d, unsigned int pirq)
{
    (void)!pirq_eoi(d, pirq);
}

void pirq_set_affinity(struct domain *d, unsigned int pirq, struct vcpu *v)
{
    struct pirq *info = find_pirq(d, pirq);
    unsigned long flags;

    if (info == NULL)
        return;
    spin_lock_irqsave(&d->pirq->lock, flags);
    if (info->bound)
        irq_set_cpu(info->irq, v->processor);
    spin_unlock_irqrestore(&d->pirq->lock, flags);
}

int pirq_status(struct domain *d, unsigned int pirq, u32 *flags_out)
{
    struct pirq *info = find_pirq(d, pirq);
    const struct irq_desc *desc;
    unsigned long flags;

    if (info == NULL)
        return -EINVAL;
    *flags_out = 0;
    spin_lock_irqsave(&d->pirq->lock, flags);
    if (info->irq != INVALID_IRQ) {
        desc = irq_to_desc(info->irq);
        if (desc->level)
            *flags_out |= XENIRQSTAT_needs_eoi;
        if (desc->nr_guests > 1)
            *flags_out |= XENIRQSTAT_shared;
    }
    spin_unlock_irqrestore(&d->pirq->lock, flags);
    return 0;
}

unsigned int pirq_to_evtchn(const struct domain *d, unsigned int pirq)
{
    const struct pirq *info = find_pirq(d, pirq);

    return info != NULL ? READ_ONCE(info->evtchn) : 0;
}

void pirq_set_evtchn(struct domain *d, unsigned int pirq, unsigned int port)
{
    struct pirq *info = find_pirq(d, pirq);

    if (info != NULL)
        WRITE_ONCE(info->evtchn, port);
}
