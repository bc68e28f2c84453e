/* SPDX-License-Identifier: MIT */
/* Calls of the control domain, and what it can see of others. */
#include "domain.h"

#define WAIT_MS   5000
#define SETTLE_MS 50

long domctl(uint32_t cmd, domid_t domid, struct xen_domctl *op)
{
    op->cmd = cmd;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = domid;
    return hypercall(__HYPERVISOR_domctl, op);
}

long domctl_plain(uint32_t cmd, domid_t domid)
{
    struct xen_domctl op = {.cmd = cmd};

    return domctl(cmd, domid, &op);
}

long sysctl(uint32_t cmd, struct xen_sysctl *op)
{
    op->cmd = cmd;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return hypercall(__HYPERVISOR_sysctl, op);
}

long memory_op(unsigned long cmd, void *arg)
{
    return hypercall(__HYPERVISOR_memory_op, cmd, arg);
}

long evtchn_op(int cmd, void *arg)
{
    return hypercall(__HYPERVISOR_event_channel_op, cmd, arg);
}

long grant_op(unsigned int cmd, void *arg, unsigned int nr)
{
    return hypercall(__HYPERVISOR_grant_table_op, cmd, arg, nr);
}

long reserve(unsigned long cmd, domid_t domid, uint64_t *frames, uint64_t nr,
             unsigned int order)
{
    struct xen_memory_reservation res = {.extent_start = (uint64_t)frames,
                                         .nr_extents = nr,
                                         .extent_order = order,
                                         .domid = domid};

    return memory_op(cmd, &res);
}

long mmuext_foreign(uint32_t cmd, uint64_t mfn, domid_t domid)
{
    struct mmuext_op op = {.cmd = cmd, .arg1.mfn = mfn};

    return hypercall(__HYPERVISOR_mmuext_op, &op, 1, NULL, domid);
}

long map_foreign_at(void *page, domid_t domid, uint64_t mfn, uint64_t flags)
{
    struct mmu_update req = {.ptr = pte_maddr((uint64_t)page, 1),
                             .val = make_pte(mfn, flags)};
    long rc = hypercall(__HYPERVISOR_mmu_update, &req, 1, NULL, domid);

    mmuext(MMUEXT_INVLPG_LOCAL, (uint64_t)page);
    return rc;
}

void *map_foreign(domid_t domid, uint64_t mfn, uint64_t flags)
{
    void *page = page_alloc();

    if (map_foreign_at(page, domid, mfn, flags) == 0)
        return page;
    page_free(page);
    return NULL;
}

bool domain_info(domid_t domid, struct xen_domctl_getdomaininfo *info)
{
    struct xen_domctl op = {.cmd = 0};

    if (domctl(XEN_DOMCTL_getdomaininfo, domid, &op) || op.domain != domid)
        return false;
    *info = op.u.getdomaininfo;
    return true;
}

uint32_t domain_flags(domid_t domid)
{
    struct xen_domctl_getdomaininfo info;

    return domain_info(domid, &info) ? info.flags : 0;
}

bool domain_wait_flags(domid_t domid, uint32_t mask, uint32_t wanted)
{
    uint64_t end = time_ns() + WAIT_MS * MS;

    while ((domain_flags(domid) & mask) != wanted) {
        if (time_ns() > end)
            return false;
        sleep_ms(1);
    }
    return true;
}

static unsigned int count_domains(void)
{
    static struct xen_domctl_getdomaininfo infos[32];
    struct xen_sysctl op = {
        .u.getdomaininfolist = {.max_domains = ARRAY_SIZE(infos),
                                .buffer = (uint64_t)infos}};

    if (sysctl(XEN_SYSCTL_getdomaininfolist, &op))
        return 0;
    return op.u.getdomaininfolist.num_domains;
}

static void count_now(struct host_count *count)
{
    struct xen_memory_domain self = {.domid = DOMID_SELF};
    struct xen_sysctl op = {.cmd = 0};

    sysctl(XEN_SYSCTL_physinfo, &op);
    count->free_pages = op.u.physinfo.free_pages;
    count->own_pages = (uint64_t)memory_op(XENMEM_current_reservation, &self);
    count->nr_domains = count_domains();
}

/* A domain that is gone may still be taken apart. */
void host_count(struct host_count *count)
{
    struct host_count now;

    count_now(&now);
    do {
        *count = now;
        sleep_ms(SETTLE_MS);
        count_now(&now);
    } while (memcmp(&now, count, sizeof(now)));
}

void host_check(const char *name, const struct host_count *before)
{
    uint64_t end = time_ns() + WAIT_MS * MS;
    struct host_count now;

    do {
        sleep_ms(1);
        count_now(&now);
    } while (time_ns() < end && (now.nr_domains != before->nr_domains ||
                                 now.free_pages < before->free_pages));
    CHECK_EQ(name, now.nr_domains, before->nr_domains);
    CHECK_EQ(name, now.own_pages, before->own_pages);
    if (now.free_pages < before->free_pages)
        CHECK_EQ(name, now.free_pages, before->free_pages);
}
