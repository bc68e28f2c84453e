/* SPDX-License-Identifier: MIT */
/*
 * The end of a restore: the guest's pages are there, and frames take the place
 * of pfns wherever the guest or the hypervisor looks for frames.
 */
#include "stream/restore_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "public/xen.h"

#include "build/layout.h"
#include "lib/domctl.h"
#include "lib/gnttab.h"
#include "lib/mmuext.h"
#include "lib/worker.h"
#include "stream/p2m.h"

#define ENTRIES     512u
#define PTE_FRAME   0x000ffffffffff000ULL
#define GDT_ENTRIES 512u /* of a page */
#define GDT_PAGES   16u

/* Slots of an L4 that are the hypervisor's. */
#define XEN_FIRST_SLOT 256u
#define XEN_LAST_SLOT  271u

static unsigned int level_of(unsigned int type)
{
    return type < PAGE_BROKEN ? type & PAGE_LEVEL_MASK : 0;
}

int restore_frame(const struct restorer *r, uint64_t pfn, const char *what,
                  uint64_t *mfn_out, struct error **err_out)
{
    if (pfn >= r->nr_pfns || !r->mfn[pfn] || level_of(r->type[pfn]))
        return stream_bad(err_out, "%s is no page of the guest's", what);
    *mfn_out = r->mfn[pfn];
    return 0;
}

/* Pages of the guest that are changed in batches. */
struct pages {
    struct restorer *r;
    struct error **err_out;
    size_t nr;
    uint64_t key[BATCH_PAGES]; /* pfn, or index in the p2m */
    uint64_t mfn[BATCH_PAGES];
    int (*change)(struct pages *pages, uint64_t key, uint64_t *page);
};

static int pages_flush(struct pages *b)
{
    char *window;
    size_t i;
    int rc = 0;

    if (!b->nr)
        return 0;
    window = privcmd_map(b->r->p, b->r->request->domid, b->mfn, b->nr, true,
                         b->err_out);
    if (!window)
        return error_rc(b->err_out);
    for (i = 0; i < b->nr && !rc; i++)
        rc = b->change(b, b->key[i], (uint64_t *)(window + (i << PAGE_SHIFT)));
    privcmd_unmap(window, b->nr);
    b->nr = 0;
    return rc;
}

static int pages_add(struct pages *b, uint64_t key, uint64_t mfn)
{
    b->key[b->nr] = key;
    b->mfn[b->nr++] = mfn;
    return b->nr == BATCH_PAGES ? pages_flush(b) : 0;
}

/* Frames for pfns in a page table. */
static int table_localize(struct pages *b, uint64_t pfn, uint64_t *table)
{
    const struct restorer *r = b->r;
    bool top = level_of(r->type[pfn]) == PAGE_L4;
    unsigned int i;

    for (i = 0; i < ENTRIES; i++) {
        uint64_t to = (table[i] & PTE_FRAME) >> PAGE_SHIFT;

        if (!(table[i] & 1))
            continue;
        if (top && i >= XEN_FIRST_SLOT && i <= XEN_LAST_SLOT) {
            table[i] = 0;
            continue;
        }
        if (to >= r->nr_pfns || !r->mfn[to])
            return stream_bad(b->err_out,
                              "a page table maps page %#llx, which the guest "
                              "does not have",
                              (unsigned long long)to);
        table[i] = (table[i] & ~PTE_FRAME) | r->mfn[to] << PAGE_SHIFT;
    }
    return 0;
}

static int tables_localize(struct pages *b)
{
    uint64_t pfn;
    int rc = 0;

    b->change = table_localize;
    for (pfn = 0; pfn < b->r->nr_pfns && !rc; pfn++)
        if (b->r->mfn[pfn] && level_of(b->r->type[pfn]))
            rc = pages_add(b, pfn, b->r->mfn[pfn]);
    return rc ? rc : pages_flush(b);
}

/* Entries of one page of the p2m. */
static int p2m_page_fill(struct pages *b, uint64_t index, uint64_t *page)
{
    const struct restorer *r = b->r;
    uint64_t pfn = index * P2M_ENTRIES;
    unsigned int i;

    for (i = 0; i < P2M_ENTRIES; i++, pfn++)
        page[i] = pfn < r->nr_pfns && r->mfn[pfn] ? r->mfn[pfn] : NO_FRAME;
    return 0;
}

static int p2m_write(struct pages *b)
{
    uint64_t i, mfn = 0;
    int rc = 0;

    b->change = p2m_page_fill;
    for (i = 0; i < b->r->nr_p2m && !rc; i++) {
        rc = restore_frame(b->r, b->r->p2m_pfn[i], "a page of its p2m", &mfn,
                           b->err_out);
        if (!rc)
            rc = pages_add(b, i, mfn);
    }
    return rc ? rc : pages_flush(b);
}

/* In a worker: the mappings are many. */
static int memory_translate(void *ctx, struct error **err_out)
{
    struct pages *b = calloc(1, sizeof(*b));
    int rc;

    if (!b)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    b->r = ctx;
    b->err_out = err_out;
    rc = tables_localize(b);
    if (!rc)
        rc = p2m_write(b);
    free(b);
    return rc;
}

static int tables_pin(struct restorer *r)
{
    struct mmuext_pin *pins;
    uint64_t pfn, nr = 0;
    int rc;

    for (pfn = 0; pfn < r->nr_pfns; pfn++)
        nr +=
            r->mfn[pfn] && level_of(r->type[pfn]) && r->type[pfn] & PAGE_PINNED;
    pins = calloc(nr + 1, sizeof(*pins));
    if (!pins)
        return error_set(r->err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    for (nr = 0, pfn = 0; pfn < r->nr_pfns; pfn++)
        if (r->mfn[pfn] && level_of(r->type[pfn]) && r->type[pfn] & PAGE_PINNED)
            pins[nr++] =
                (struct mmuext_pin){level_of(r->type[pfn]), r->mfn[pfn]};
    rc = mmuext_pin(r->p, r->request->domid, pins, nr, r->err_out);
    free(pins);
    return rc ? error_wrap(r->err_out, "its page tables are refused") : 0;
}

/* The page that tells the guest of its new home. The frames of its two rings
 * are pfns in there, as it has left them. */
static int start_info_write(struct restorer *r, uint64_t shared_info_mfn,
                            struct restore_result *result)
{
    bool linear = ((struct shared_info *)r->shared_info)->arch.p2m_cr3 != 0;
    struct vcpu_guest_context *boot = r->vcpus[0].basic;
    struct start_info *info;
    uint64_t mfn = 0;
    int rc = restore_frame(r, boot->user_regs.rdx, "its start_info", &mfn,
                           r->err_out);

    if (rc)
        return rc;
    info = privcmd_map(r->p, r->request->domid, &mfn, 1, true, r->err_out);
    if (!info)
        return error_rc(r->err_out);
    rc = restore_frame(r, info->store_mfn, "its store's page",
                       &result->store_mfn, r->err_out);
    if (!rc)
        rc = restore_frame(r, info->console.domU.mfn, "its console's page",
                           &result->console_mfn, r->err_out);
    if (!rc) {
        info->nr_pages = r->nr_pfns;
        info->shared_info = shared_info_mfn << PAGE_SHIFT;
        info->flags = linear ? SIF_VIRT_P2M_4TOOLS : 0;
        info->store_mfn = result->store_mfn;
        info->store_evtchn = r->request->store_port;
        info->console.domU.mfn = result->console_mfn;
        info->console.domU.evtchn = r->request->console_port;
        boot->user_regs.rdx = mfn;
    }
    privcmd_unmap(info, 1);
    return rc;
}

/* Event channels are none yet; where the p2m is, the guest will say again. */
static int shared_info_write(struct restorer *r, uint64_t mfn)
{
    const struct shared_info *saved = r->shared_info;
    struct shared_info *info =
        privcmd_map(r->p, r->request->domid, &mfn, 1, true, r->err_out);
    unsigned int i;

    if (!info)
        return error_rc(r->err_out);
    memcpy(info->vcpu_info, saved->vcpu_info, sizeof(info->vcpu_info));
    info->arch = saved->arch;
    info->arch.pfn_to_mfn_frame_list_list = 0;
    info->arch.p2m_cr3 = 0;
    for (i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
        info->vcpu_info[i].evtchn_pending_sel = 0;
    memset(info->evtchn_pending, 0, sizeof(info->evtchn_pending));
    memset(info->evtchn_mask, 0xff, sizeof(info->evtchn_mask));
    privcmd_unmap(info, 1);
    return 0;
}

static int tsc_set(struct restorer *r)
{
    const struct xen_domctl_tsc_info tsc = {
        .tsc_mode = r->tsc.mode,
        .gtsc_khz = r->tsc.khz,
        .elapsed_nsec = r->tsc.nsec,
        .incarnation = r->tsc.incarnation,
    };

    return r->has_tsc
               ? domctl_set_tsc(r->p, r->request->domid, &tsc, r->err_out)
               : 0;
}

/* A page table that a vcpu uses. */
static int base_localize(struct restorer *r, uint64_t pfn, const char *what,
                         uint64_t *mfn_out)
{
    if (pfn >= r->nr_pfns || !r->mfn[pfn] || level_of(r->type[pfn]) != PAGE_L4)
        return stream_bad(r->err_out, "%s is no L4 table", what);
    *mfn_out = r->mfn[pfn];
    return 0;
}

/* Frames for pfns in a context. That of start_info has been put in already. */
static int context_localize(struct restorer *r, struct vcpu_guest_context *c)
{
    uint64_t nr = (c->gdt_ents + GDT_ENTRIES - 1) / GDT_ENTRIES, mfn = 0, i;
    int rc;

    if (c->gdt_ents > GDT_ENTRIES * GDT_PAGES)
        return stream_bad(r->err_out, "its GDT is too long");
    rc = base_localize(r, c->ctrlreg[3] >> PAGE_SHIFT, "its page table", &mfn);
    c->ctrlreg[3] = mfn << PAGE_SHIFT;
    if (!rc && c->ctrlreg[1] & 1) {
        rc = base_localize(r, c->ctrlreg[1] >> PAGE_SHIFT,
                           "its user page table", &mfn);
        c->ctrlreg[1] = mfn << PAGE_SHIFT;
    }
    for (i = 0; i < nr && !rc; i++)
        rc = restore_frame(r, c->gdt_frames[i], "its GDT", &c->gdt_frames[i],
                           r->err_out);
    return rc;
}

static int vcpu_set(struct restorer *r, unsigned int vcpu)
{
    struct vcpu_state *v = &r->vcpus[vcpu];
    domid_t domid = r->request->domid;
    int rc = context_localize(r, v->basic);

    if (!rc)
        rc = domctl_set_context(r->p, domid, vcpu, v->basic, r->err_out);
    if (!rc && v->has_extended)
        rc = domctl_set_extended(r->p, domid, &v->extended, r->err_out);
    if (!rc && v->xsave.size)
        rc = domctl_set_xsave(r->p, domid, vcpu, v->xsave.data, v->xsave.size,
                              r->err_out);
    if (!rc && v->msrs.size)
        rc = domctl_set_msrs(r->p, domid, vcpu, v->msrs.data, v->msrs.size,
                             r->err_out);
    return rc ? error_wrap(r->err_out, "vcpu %u", vcpu) : 0;
}

static int vcpus_set(struct restorer *r)
{
    unsigned int vcpu;
    int rc = 0;

    for (vcpu = 0; vcpu < r->request->max_vcpus && !rc; vcpu++)
        if (r->vcpus[vcpu].basic)
            rc = vcpu_set(r, vcpu);
    return rc;
}

static int records_check(const struct restorer *r)
{
    if (!r->nr_pfns)
        return stream_bad(r->err_out, "P2M_FRAMES is missing");
    if (!r->shared_info)
        return stream_bad(r->err_out, "SHARED_INFO is missing");
    if (!r->vcpus[0].basic)
        return stream_bad(r->err_out, "VCPU_BASIC of vcpu 0 is missing");
    return 0;
}

int restore_finish(struct restorer *r, struct restore_result *result)
{
    struct xen_domctl_getdomaininfo info = {0};
    domid_t domid = r->request->domid;
    int rc = records_check(r);

    if (!rc)
        rc = worker_run(memory_translate, r, r->s->cancel, r->err_out);
    if (!rc)
        rc = domctl_info(r->p, domid, &info, r->err_out);
    if (!rc)
        rc = start_info_write(r, info.shared_info_frame, result);
    if (!rc)
        rc = tables_pin(r);
    if (!rc)
        rc = shared_info_write(r, info.shared_info_frame);
    if (!rc)
        rc = tsc_set(r);
    if (!rc)
        rc = vcpus_set(r);
    return rc ? rc
              : gnttab_seed(r->p, domid, 0, result->console_mfn,
                            result->store_mfn, r->err_out);
}
