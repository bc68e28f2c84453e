/* SPDX-License-Identifier: MIT */
/*
 * Domains from creation to destruction.
 *
 *   pfn  0        256                                                  nr_pfns
 *        │ nothing │ image │ pool, its first pages │ start_info, mailbox,   │
 *        │         │       │                       │ p2m, L4, L3, L2, L1    │
 *
 * A pfn is mapped at VIRT_BASE + 4096 * pfn, as in the control domain, so that
 * all addresses of the image are the same.
 */
#include "domain.h"
#include "internal.h"

#define FIRST_PFN   256 /* where guest.lds puts the image */
#define MAX_WRITTEN 112 /* pages that get contents */
#define EXTRA_KB    4096
#define NR_WARM_UP  4

enum {
    AT_START_INFO,
    AT_MAILBOX,
    AT_P2M,
    AT_L4,
    AT_L3,
    AT_L2,
    AT_L1,
    NR_AT,
};

extern uint8_t image_start[], bss_start[];

/* Where frames of the new domain are mapped while they are written. Not in its
 * image: behind its pool. */
static uint8_t window[MAX_WRITTEN][PAGE_SIZE]
    __attribute__((aligned(4096), section(".bss.pool")));

void domain_config(struct xen_domctl_createdomain *config)
{
    memset(config, 0, sizeof(*config));
    config->max_vcpus = 1;
    config->max_evtchn_port = 1023;
    config->max_grant_frames = 4;
    config->max_maptrack_frames = 4;
    config->grant_opts = XEN_DOMCTL_GRANT_version(2);
}

long domain_create(struct domain *d,
                   const struct xen_domctl_createdomain *config)
{
    struct xen_domctl create = {.cmd = 0};
    struct xen_domctl vcpus = {.cmd = 0};
    struct xen_domctl memory = {.u.max_mem.max_memkb =
                                    DOMAIN_MAX_PFNS * 4 + EXTRA_KB};
    struct xen_domctl size = {.u.address_size.size = 64};
    struct xen_domctl_getdomaininfo info;
    long rc;

    memset(d, 0, sizeof(*d));
    if (config)
        create.u.createdomain = *config;
    else
        domain_config(&create.u.createdomain);
    vcpus.u.max_vcpus.max = create.u.createdomain.max_vcpus;
    rc = domctl(XEN_DOMCTL_createdomain, DOMID_INVALID, &create);
    if (rc)
        return rc;
    d->id = create.domain;
    rc = domctl(XEN_DOMCTL_max_vcpus, d->id, &vcpus);
    if (!rc)
        rc = domctl(XEN_DOMCTL_max_mem, d->id, &memory);
    if (!rc)
        rc = domctl(XEN_DOMCTL_set_address_size, d->id, &size);
    if (!rc && domain_info(d->id, &info))
        d->shared_info_mfn = info.shared_info_frame;
    return rc;
}

/* The pfn of one of the pages behind the pool. */
static uint64_t pfn_at(unsigned int at)
{
    return va_to_pfn(pool_end_of_guest()) + at;
}

static void populate(struct domain *d)
{
    uint64_t nr;

    d->nr_pfns = pfn_at(NR_AT);
    REQUIRE("the_image_is_small", d->nr_pfns <= DOMAIN_MAX_PFNS);
    nr = d->nr_pfns - FIRST_PFN;
    for (uint64_t pfn = 0; pfn < DOMAIN_MAX_PFNS; pfn++)
        d->mfn[pfn] = pfn < FIRST_PFN || pfn >= d->nr_pfns ? INVALID_MFN : pfn;
    REQUIRE("populate_a_domain",
            reserve(XENMEM_populate_physmap, d->id, &d->mfn[FIRST_PFN], nr,
                    0) == (long)nr);
    d->l4 = d->mfn[pfn_at(AT_L4)];
    d->l3 = d->mfn[pfn_at(AT_L3)];
    d->l2 = d->mfn[pfn_at(AT_L2)];
    d->l1 = d->mfn[pfn_at(AT_L1)];
    d->start_info_va = VIRT_BASE + (pfn_at(AT_START_INFO) << PAGE_SHIFT);
}

/* Map frames [first, end) in the window from page `at` on. */
static void map_window(const struct domain *d, unsigned int at, uint64_t first,
                       uint64_t end)
{
    static struct mmu_update reqs[MAX_WRITTEN];
    uint32_t nr = (uint32_t)(end - first), done = 0;

    REQUIRE("the_window_is_large_enough", at + nr <= MAX_WRITTEN);
    for (uint32_t i = 0; i < nr; i++) {
        reqs[i].ptr = pte_maddr((uint64_t)window[at + i], 1);
        reqs[i].val = make_pte(d->mfn[first + i], PTE_PAGE_RW);
    }
    REQUIRE("map_the_frames_of_a_domain",
            hypercall(__HYPERVISOR_mmu_update, reqs, nr, &done, d->id) == 0 &&
                done == nr);
}

/* Back to this domain's own frames. */
static void unmap_window(unsigned int nr)
{
    static struct mmu_update reqs[MAX_WRITTEN];

    for (unsigned int i = 0; i < nr; i++) {
        reqs[i].ptr = pte_maddr((uint64_t)window[i], 1);
        reqs[i].val = make_pte(va_to_mfn(window[i]), PTE_PAGE_RW);
    }
    REQUIRE("unmap_the_frames_of_a_domain",
            hypercall(__HYPERVISOR_mmu_update, reqs, nr, NULL, DOMID_SELF) ==
                0);
    mmuext(MMUEXT_TLB_FLUSH_ALL, 0);
}

/* All frames start as zeroes, whatever the hypervisor hands out. */
static void clear_frames(const struct domain *d)
{
    static struct mmuext_op ops[DOMAIN_MAX_PFNS];
    uint32_t nr = 0;

    for (uint64_t pfn = FIRST_PFN; pfn < d->nr_pfns; pfn++) {
        ops[nr].cmd = MMUEXT_CLEAR_PAGE;
        ops[nr++].arg1.mfn = d->mfn[pfn];
    }
    REQUIRE("clear_the_frames_of_a_domain",
            hypercall(__HYPERVISOR_mmuext_op, ops, nr, NULL, d->id) == 0);
}

static void write_tables(const struct domain *d, uint8_t (*at)[PAGE_SIZE])
{
    uint64_t *l4 = (uint64_t *)at[AT_L4], *l3 = (uint64_t *)at[AT_L3];
    uint64_t *l2 = (uint64_t *)at[AT_L2], *l1 = (uint64_t *)at[AT_L1];

    l4[511] = make_pte(d->l3, PTE_TABLE);
    l3[510] = make_pte(d->l2, PTE_TABLE);
    l2[0] = make_pte(d->l1, PTE_TABLE);
    for (uint64_t pfn = FIRST_PFN; pfn < d->nr_pfns; pfn++)
        l1[pfn] = make_pte(d->mfn[pfn],
                           pfn < pfn_at(AT_L4) ? PTE_PAGE_RW : PTE_PAGE_RO);
}

static void write_start_info(const struct domain *d, uint8_t (*at)[PAGE_SIZE])
{
    static const char magic[] = "xen-3.0-x86_64";
    struct start_info *si = (struct start_info *)at[AT_START_INFO];

    memcpy(si->magic, magic, sizeof(magic));
    si->nr_pages = d->nr_pfns;
    si->shared_info = d->shared_info_mfn << PAGE_SHIFT;
    si->pt_base = VIRT_BASE + (pfn_at(AT_L4) << PAGE_SHIFT);
    si->nr_pt_frames = NR_AT - AT_L4;
    si->mfn_list = VIRT_BASE + (pfn_at(AT_P2M) << PAGE_SHIFT);
    si->mod_start = VIRT_BASE + (pfn_at(AT_MAILBOX) << PAGE_SHIFT);
    si->mod_len = PAGE_SIZE;
    ((struct mailbox *)at[AT_MAILBOX])->domid = d->id;
}

/* A guest begins with all upcalls masked. */
static void mask_upcalls(const struct domain *d)
{
    struct shared_info *info =
        map_foreign(d->id, d->shared_info_mfn, PTE_PAGE_RW);

    REQUIRE("map_shared_info_of_a_domain", info);
    for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
        info->vcpu_info[i].evtchn_upcall_mask = 1;
    page_free(info);
}

void domain_load(struct domain *d)
{
    unsigned int nr = (unsigned int)((bss_start - image_start) / PAGE_SIZE);

    populate(d);
    clear_frames(d);
    map_window(d, 0, FIRST_PFN, FIRST_PFN + nr);
    map_window(d, nr, pfn_at(0), pfn_at(NR_AT));
    memcpy(window, image_start, nr * PAGE_SIZE);
    memcpy(window[nr + AT_P2M], d->mfn, sizeof(d->mfn));
    write_tables(d, &window[nr]);
    write_start_info(d, &window[nr]);
    unmap_window(nr + NR_AT);
    mask_upcalls(d);
    d->mailbox = map_foreign(d->id, d->mfn[pfn_at(AT_MAILBOX)], PTE_PAGE_RW);
    REQUIRE("map_the_mailbox", d->mailbox);
}

long domain_pin(const struct domain *d)
{
    return mmuext_foreign(MMUEXT_PIN_L4_TABLE, d->l4, d->id);
}

void domain_context(const struct domain *d, struct vcpu_guest_context *context)
{
    memset(context, 0, sizeof(*context));
    context->flags = VGCF_in_kernel | VGCF_online;
    context->user_regs.rip = (uint64_t)guest_entry;
    context->user_regs.cs = FLAT_KERNEL_CS;
    context->user_regs.rflags = RFLAGS_IF;
    context->user_regs.rsp = vcpu_stack_end(0);
    context->user_regs.ss = FLAT_KERNEL_SS;
    context->user_regs.rsi = d->start_info_va;
    context->kernel_ss = FLAT_KERNEL_SS;
    context->kernel_sp = vcpu_stack_end(0);
    context->ctrlreg[3] = d->l4 << PAGE_SHIFT;
}

long domain_set_context(domid_t domid, unsigned int vcpu,
                        struct vcpu_guest_context *context)
{
    struct xen_domctl op = {
        .u.vcpucontext = {.vcpu = vcpu, .ctxt = (uint64_t)context}};

    return domctl(XEN_DOMCTL_setvcpucontext, domid, &op);
}

long domain_get_context(domid_t domid, unsigned int vcpu,
                        struct vcpu_guest_context *context)
{
    struct xen_domctl op = {
        .u.vcpucontext = {.vcpu = vcpu, .ctxt = (uint64_t)context}};

    return domctl(XEN_DOMCTL_getvcpucontext, domid, &op);
}

void domain_build(struct domain *d,
                  const struct xen_domctl_createdomain *config)
{
    static struct vcpu_guest_context context;

    REQUIRE("create_a_domain", domain_create(d, config) == 0);
    domain_load(d);
    REQUIRE("pin_the_tables_of_a_domain", domain_pin(d) == 0);
    domain_context(d, &context);
    REQUIRE("set_the_context_of_a_domain",
            domain_set_context(d->id, 0, &context) == 0);
    REQUIRE("unpause_a_domain",
            domctl_plain(XEN_DOMCTL_unpausedomain, d->id) == 0);
}

void domain_unmap(struct domain *d)
{
    if (!d->mailbox)
        return;
    domain_drain(d);
    page_free(d->mailbox);
    d->mailbox = NULL;
}

void domain_destroy(struct domain *d)
{
    long rc;

    domain_unmap(d);
    rc = domctl_plain(XEN_DOMCTL_destroydomain, d->id);
    if (rc)
        CHECK_EQ("destroy_a_domain", rc, 0);
    if (!domain_wait_flags(d->id, ~0U, 0))
        CHECK("a_destroyed_domain_is_gone", false);
}

void host_warm_up(void)
{
    static struct domain domains[NR_WARM_UP];
    struct xen_domctl_createdomain config;

    domain_config(&config);
    config.max_vcpus = 4;
    for (unsigned int i = 0; i < NR_WARM_UP; i++)
        REQUIRE("create_a_domain", domain_create(&domains[i], &config) == 0);
    for (unsigned int i = 0; i < NR_WARM_UP; i++)
        domain_destroy(&domains[i]);
    domain_build(&domains[0], NULL);
    domain_destroy(&domains[0]);
}
