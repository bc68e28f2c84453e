/* SPDX-License-Identifier: MIT */
/*
 * A hypervisor for unit tests of the control domain's tools: the interface of
 * dom0-tools/lib/privcmd.h over tables in this program. It does what the tools
 * need of each call and checks arguments as the real one would.
 *
 * The machine's memory is a file in memory, so that frames that lie apart can
 * be mapped side by side. Frames are handed out from the top, every second one
 * first: a builder that takes pfn for mfn fails.
 */
#include "fake_dom0.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "public/event_channel.h"
#include "public/memory.h"
#include "public/sysctl.h"
#include "public/version.h"

#include "lib/privcmd.h"

#include "fake_state.h"

#define NR_CPUS 2
#define PAGE    4096UL

struct fake_domain fake_domain[FAKE_MAX_DOMAIN];
struct fake_pool fake_pool[FAKE_MAX_POOLS];
uint32_t fake_ratelimit_us;
char fake_console[4096];
char fake_keys[32];

static domid_t owner[FAKE_NR_FRAMES];
static uint8_t *ram;
static int ram_fd = -1;
static uint64_t next_frame;

static int open_error;
static unsigned int calls, fail_at;
static int fail_error;

struct privcmd {
    size_t used;
    void *buffer[4096];
};

void *fake_frame(uint64_t mfn)
{
    return mfn < FAKE_NR_FRAMES ? ram + mfn * PAGE : NULL;
}

domid_t fake_frame_owner(uint64_t mfn)
{
    return mfn < FAKE_NR_FRAMES ? owner[mfn] : DOMID_INVALID;
}

uint64_t fake_free_frames(void)
{
    uint64_t mfn, nr = 0;

    for (mfn = 1; mfn < FAKE_NR_FRAMES; mfn++)
        nr += owner[mfn] == DOMID_INVALID;
    return nr;
}

void fake_privcmd_fail(int error)
{
    open_error = error;
}

void fake_call_fail(unsigned int n, int error)
{
    fail_at = n ? calls + n : 0;
    fail_error = error;
}

unsigned int fake_calls(void)
{
    return calls;
}

/* Counts a call; says whether it is the one that has to fail. */
static bool call_fails(void)
{
    return ++calls == fail_at;
}

static void ram_make(void)
{
    if (ram) {
        madvise(ram, FAKE_NR_FRAMES * PAGE, MADV_REMOVE);
        return;
    }
    ram_fd = memfd_create("ram", MFD_CLOEXEC);
    if (ram_fd < 0 || ftruncate(ram_fd, FAKE_NR_FRAMES * PAGE))
        abort();
    ram = mmap(NULL, FAKE_NR_FRAMES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
               ram_fd, 0);
    if (ram == MAP_FAILED)
        abort();
}

/* A free frame for a domain, 0 if there is none. */
static uint64_t frame_take(domid_t domid)
{
    uint64_t tries;

    for (tries = 0; tries < 2 * FAKE_NR_FRAMES; tries++) {
        uint64_t mfn = next_frame;

        next_frame = mfn > 2 ? mfn - 2 : FAKE_NR_FRAMES - (mfn == 2 ? 1 : 2);
        if (mfn && owner[mfn] == DOMID_INVALID) {
            owner[mfn] = domid;
            return mfn;
        }
    }
    return 0;
}

static void frames_free(domid_t domid)
{
    uint64_t mfn;

    for (mfn = 1; mfn < FAKE_NR_FRAMES; mfn++)
        if (owner[mfn] == domid) {
            owner[mfn] = DOMID_INVALID;
            memset(fake_frame(mfn), 0, PAGE);
        }
}

static struct fake_domain *find(domid_t domid)
{
    return domid < FAKE_MAX_DOMAIN && fake_domain[domid].exists
               ? &fake_domain[domid]
               : NULL;
}

static void vcpus_make(struct fake_domain *d, unsigned int nr)
{
    unsigned int i;

    for (i = 0; i < nr && i < FAKE_MAX_VCPUS; i++)
        d->vcpu[i] =
            (struct fake_vcpu){.exists = true, .hard = 0xff, .soft = 0xff};
    d->info.max_vcpu_id = nr - 1;
}

static struct fake_domain *domain_make(domid_t domid)
{
    struct fake_domain *d = &fake_domain[domid];

    *d = (struct fake_domain){.exists = true, .paused = 1};
    d->info.domain = domid;
    d->info.max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
    d->info.max_pages = ~0ULL;
    d->sched.weight = 256;
    d->shared_info_mfn = frame_take(domid);
    d->info.shared_info_frame = d->shared_info_mfn;
    d->grant_mfn = frame_take(domid);
    return d;
}

struct fake_domain *fake_domain_make(domid_t domid, const char *name,
                                     unsigned int nr_vcpus, unsigned int mib)
{
    struct fake_domain *d = domain_make(domid);
    char path[64];
    unsigned int i;

    vcpus_make(d, nr_vcpus);
    for (i = 0; i < nr_vcpus; i++)
        d->vcpu[i].online = true;
    d->info.nr_online_vcpus = nr_vcpus;
    d->info.tot_pages = mib * 256UL;
    d->info.max_pages = d->info.tot_pages + 256;
    d->paused = 0;
    snprintf(path, sizeof(path), "/local/domain/%u/name", domid);
    fake_store_set(path, name);
    return d;
}

void fake_dom0_reset(void)
{
    uint64_t mfn;

    ram_make();
    for (mfn = 0; mfn < FAKE_NR_FRAMES; mfn++)
        owner[mfn] = DOMID_INVALID;
    next_frame = FAKE_NR_FRAMES - 1;
    memset(fake_domain, 0, sizeof(fake_domain));
    memset(fake_pool, 0, sizeof(fake_pool));
    fake_pool[0] =
        (struct fake_pool){.exists = true, .cpus = (1 << NR_CPUS) - 1};
    fake_ratelimit_us = 1000;
    fake_console[0] = fake_keys[0] = 0;
    fake_host_reset();
    calls = fail_at = 0;
    open_error = 0;
    fake_store_set(NULL, NULL);
    fake_domain_make(0, "Domain-0", 1, 64);
}

/* The handle. */

int privcmd_open(struct privcmd **p_out, struct error **err_out)
{
    if (open_error)
        return error_set(err_out,
                         open_error == EACCES ? ERROR_PERMISSION
                                              : ERROR_NO_HYPERVISOR,
                         -open_error, "no hypervisor");
    *p_out = calloc(1, sizeof(**p_out));
    return *p_out ? 0 : -ENOMEM;
}

void privcmd_close(struct privcmd *p)
{
    if (p)
        privcmd_release(p, 0);
    free(p);
}

size_t privcmd_mark(const struct privcmd *p)
{
    return p->used;
}

void *privcmd_buffer(struct privcmd *p, size_t size)
{
    if (p->used == sizeof(p->buffer) / sizeof(p->buffer[0]))
        abort();
    p->buffer[p->used] = calloc(1, size);
    return p->buffer[p->used++];
}

void privcmd_release(struct privcmd *p, size_t mark)
{
    while (p->used > mark)
        free(p->buffer[--p->used]);
}

/* domctl */

static uint32_t info_flags(const struct fake_domain *d)
{
    uint32_t flags = d->info.flags;

    if (d->paused)
        flags |= XEN_DOMINF_paused;
    if (d->info.domain == 0)
        flags |= XEN_DOMINF_running;
    return flags;
}

static struct xen_domctl_getdomaininfo info_of(const struct fake_domain *d)
{
    struct xen_domctl_getdomaininfo info = d->info;

    info.flags = info_flags(d);
    info.outstanding_pages = d->claimed;
    return info;
}

static int do_createdomain(struct xen_domctl *op)
{
    struct fake_domain *d;
    domid_t domid = op->domain;

    if (domid >= DOMID_FIRST_RESERVED)
        for (domid = 1; domid < FAKE_MAX_DOMAIN; domid++)
            if (!fake_domain[domid].exists)
                break;
    if (domid >= FAKE_MAX_DOMAIN)
        return -ENOMEM;
    if (fake_domain[domid].exists)
        return -EEXIST;
    if (op->u.createdomain.flags || op->u.createdomain.max_vcpus == 0)
        return -EINVAL;
    if (op->u.createdomain.cpupool_id >= FAKE_MAX_POOLS ||
        !fake_pool[op->u.createdomain.cpupool_id].exists)
        return -ENOENT;
    d = domain_make(domid);
    d->info.cpupool = op->u.createdomain.cpupool_id;
    memcpy(d->info.handle, op->u.createdomain.handle, sizeof(d->info.handle));
    vcpus_make(d, op->u.createdomain.max_vcpus);
    op->domain = domid;
    return 0;
}

static int do_affinity(struct fake_domain *d, struct xen_domctl *op)
{
    struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
    uint8_t *hard = (uint8_t *)a->cpumap_hard.bitmap;
    uint8_t *soft = (uint8_t *)a->cpumap_soft.bitmap;
    struct fake_vcpu *v;

    if (a->vcpu >= FAKE_MAX_VCPUS || !d->vcpu[a->vcpu].exists)
        return -ESRCH;
    v = &d->vcpu[a->vcpu];
    if (op->cmd == XEN_DOMCTL_getvcpuaffinity) {
        *hard = v->hard & ((1 << NR_CPUS) - 1);
        *soft = v->soft & ((1 << NR_CPUS) - 1);
        return 0;
    }
    if (a->flags & XEN_VCPUAFFINITY_HARD)
        v->hard = *hard;
    if (a->flags & XEN_VCPUAFFINITY_SOFT)
        v->soft = *soft;
    return 0;
}

static int do_getvcpuinfo(struct fake_domain *d, struct xen_domctl *op)
{
    uint32_t vcpu = op->u.getvcpuinfo.vcpu;

    if (vcpu >= FAKE_MAX_VCPUS || !d->vcpu[vcpu].exists)
        return -ESRCH;
    op->u.getvcpuinfo.online = d->vcpu[vcpu].online;
    op->u.getvcpuinfo.blocked = d->vcpu[vcpu].online && d->info.domain;
    op->u.getvcpuinfo.running = d->vcpu[vcpu].online && !d->info.domain;
    op->u.getvcpuinfo.cpu = vcpu % NR_CPUS;
    op->u.getvcpuinfo.cpu_time = d->info.cpu_time;
    return 0;
}

static int do_setvcpucontext(struct fake_domain *d, struct xen_domctl *op)
{
    uint32_t vcpu = op->u.vcpucontext.vcpu;
    const struct vcpu_guest_context *c =
        (const struct vcpu_guest_context *)op->u.vcpucontext.ctxt;

    if (vcpu >= FAKE_MAX_VCPUS || !d->vcpu[vcpu].exists)
        return -ENOENT;
    if (c->ctrlreg[3] >> 12 != d->pinned)
        return -EINVAL;
    d->vcpu[vcpu].context = *c;
    d->vcpu[vcpu].online = c->flags & VGCF_online;
    d->info.nr_online_vcpus += d->vcpu[vcpu].online;
    return 0;
}

static int do_scheduler_op(struct fake_domain *d, struct xen_domctl *op)
{
    struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;

    if (s->sched_id != XEN_SCHEDULER_CREDIT2)
        return -EINVAL;
    if (s->cmd == XEN_DOMCTL_SCHEDOP_getinfo)
        s->u.credit2 = d->sched;
    else
        d->sched = s->u.credit2;
    return 0;
}

static int do_unpause(struct fake_domain *d)
{
    if (!d->paused)
        return -EINVAL;
    d->paused--;
    return 0;
}

static int do_domctl(struct xen_domctl *op)
{
    struct fake_domain *d = find(op->domain);

    if (op->interface_version != XEN_DOMCTL_INTERFACE_VERSION)
        return -EACCES;
    if (op->cmd == XEN_DOMCTL_createdomain)
        return do_createdomain(op);
    if (op->cmd == XEN_DOMCTL_getdomaininfo)
        while (!d && op->domain < FAKE_MAX_DOMAIN)
            d = find(++op->domain);
    if (!d)
        return -ESRCH;
    switch (op->cmd) {
    case XEN_DOMCTL_destroydomain:
        if (op->domain == 0)
            return -EINVAL;
        frames_free(op->domain);
        *d = (struct fake_domain){0};
        return 0;
    case XEN_DOMCTL_pausedomain:
        d->paused++;
        return 0;
    case XEN_DOMCTL_unpausedomain:
        return do_unpause(d);
    case XEN_DOMCTL_getdomaininfo:
        op->u.getdomaininfo = info_of(d);
        return 0;
    case XEN_DOMCTL_setvcpuaffinity:
    case XEN_DOMCTL_getvcpuaffinity:
        return do_affinity(d, op);
    case XEN_DOMCTL_max_mem:
        d->info.max_pages = op->u.max_mem.max_memkb / 4;
        return 0;
    case XEN_DOMCTL_setvcpucontext:
        return do_setvcpucontext(d, op);
    case XEN_DOMCTL_getvcpuinfo:
        return do_getvcpuinfo(d, op);
    case XEN_DOMCTL_max_vcpus:
        return op->u.max_vcpus.max == d->info.max_vcpu_id + 1 ? 0 : -EINVAL;
    case XEN_DOMCTL_settimeoffset:
        d->time_offset = op->u.settimeoffset.time_offset_seconds;
        return 0;
    case XEN_DOMCTL_settscinfo:
        d->tsc_mode = op->u.tsc_info.tsc_mode;
        return 0;
    case XEN_DOMCTL_scheduler_op:
        return do_scheduler_op(d, op);
    case XEN_DOMCTL_set_address_size:
        return op->u.address_size.size == 64 && !d->info.tot_pages ? 0
                                                                   : -EINVAL;
    case XEN_DOMCTL_hypercall_init:
        if (fake_frame_owner(op->u.hypercall_init.gmfn) != op->domain)
            return -EINVAL;
        memset(fake_frame(op->u.hypercall_init.gmfn), 0xcc, PAGE);
        return 0;
    case XEN_DOMCTL_getnodeaffinity:
        *(uint8_t *)op->u.nodeaffinity.nodemap.bitmap = 1;
        return 0;
    default:
        return fake_state_domctl(d, op);
    }
}

/* sysctl */

static void do_physinfo(struct xen_sysctl_physinfo *info)
{
    *info = (struct xen_sysctl_physinfo){
        .threads_per_core = 1,
        .cores_per_socket = NR_CPUS,
        .nr_cpus = NR_CPUS,
        .max_cpu_id = NR_CPUS - 1,
        .nr_nodes = 1,
        .max_node_id = 63,
        .cpu_khz = 2596005,
        .capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1 |
                        XEN_SYSCTL_PHYSCAP_gnttab_v2,
        .total_pages = FAKE_NR_FRAMES,
        .free_pages = fake_free_frames(),
        .max_mfn = FAKE_NR_FRAMES - 1,
        .hw_cap = {0x1fcbf3fd, 0xf6d8320b},
    };
}

static int do_readconsole(struct xen_sysctl_readconsole *r)
{
    uint32_t len = (uint32_t)strlen(fake_console);

    if (r->count > len)
        r->count = len;
    memcpy((void *)r->buffer, fake_console, r->count);
    if (r->clear)
        fake_console[0] = 0;
    return 0;
}

static int do_domaininfolist(struct xen_sysctl_getdomaininfolist *l)
{
    struct xen_domctl_getdomaininfo *out = (void *)l->buffer;
    domid_t domid;

    l->num_domains = 0;
    for (domid = l->first_domain;
         domid < FAKE_MAX_DOMAIN && l->num_domains < l->max_domains; domid++)
        if (find(domid))
            out[l->num_domains++] = info_of(find(domid));
    return 0;
}

static int do_cputopoinfo(struct xen_sysctl_cputopoinfo *t)
{
    struct xen_sysctl_cputopo *out = (void *)t->cputopo;
    uint32_t cpu;

    for (cpu = 0; out && cpu < NR_CPUS && cpu < t->num_cpus; cpu++)
        out[cpu] = (struct xen_sysctl_cputopo){.core = cpu};
    t->num_cpus = NR_CPUS;
    return 0;
}

static int do_numainfo(struct xen_sysctl_numainfo *n)
{
    if (n->meminfo && n->distance) {
        *(struct xen_sysctl_meminfo *)n->meminfo =
            (struct xen_sysctl_meminfo){.memsize = FAKE_NR_FRAMES * PAGE,
                                        .memfree = fake_free_frames() * PAGE};
        *(uint32_t *)n->distance = 10;
    }
    n->num_nodes = 1;
    return 0;
}

static uint8_t free_cpus(void)
{
    uint8_t map = (1 << NR_CPUS) - 1;
    unsigned int id;

    for (id = 0; id < FAKE_MAX_POOLS; id++)
        map &= (uint8_t)~fake_pool[id].cpus;
    return map;
}

static unsigned int pool_domains(unsigned int id)
{
    unsigned int nr = 0;
    domid_t domid;

    for (domid = 0; domid < FAKE_MAX_DOMAIN; domid++)
        nr += find(domid) && fake_domain[domid].info.cpupool == id;
    return nr;
}

/* Orders that change a pool that is there. */
static int do_pool_order(struct xen_sysctl_cpupool_op *c)
{
    struct fake_pool *pool = &fake_pool[c->cpupool_id];
    uint8_t bit = c->cpu < NR_CPUS ? (uint8_t)(1 << c->cpu) : 0;

    switch (c->op) {
    case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
        if (c->cpupool_id == 0 || pool->cpus || pool_domains(c->cpupool_id))
            return -EBUSY;
        pool->exists = false;
        return 0;
    case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
        if (!(free_cpus() & bit))
            return -EBUSY;
        pool->cpus |= bit;
        return 0;
    case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
        if (!(pool->cpus & bit))
            return -ENODEV;
        /* Somebody would have nowhere to run. */
        if (pool->cpus == bit && pool_domains(c->cpupool_id))
            return -EBUSY;
        pool->cpus &= (uint8_t)~bit;
        return 0;
    case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
        if (!find((domid_t)c->domid))
            return -ESRCH;
        fake_domain[c->domid].info.cpupool = c->cpupool_id;
        return 0;
    default:
        return -EINVAL;
    }
}

static int do_cpupool_op(struct xen_sysctl_cpupool_op *c)
{
    unsigned int id = c->cpupool_id;

    switch (c->op) {
    case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
        *(uint8_t *)c->cpumap.bitmap = free_cpus();
        return 0;
    case XEN_SYSCTL_CPUPOOL_OP_CREATE:
        for (id = 1; id < FAKE_MAX_POOLS && fake_pool[id].exists; id++)
            ;
        if (id == FAKE_MAX_POOLS)
            return -ENOMEM;
        fake_pool[id] = (struct fake_pool){.exists = true};
        c->cpupool_id = id;
        return 0;
    case XEN_SYSCTL_CPUPOOL_OP_INFO:
        while (id < FAKE_MAX_POOLS && !fake_pool[id].exists)
            id++;
        if (id >= FAKE_MAX_POOLS)
            return -ENOENT;
        c->cpupool_id = id;
        c->sched_id = XEN_SCHEDULER_CREDIT2;
        *(uint8_t *)c->cpumap.bitmap = fake_pool[id].cpus;
        c->n_dom = pool_domains(id);
        return 0;
    default:
        return id < FAKE_MAX_POOLS && fake_pool[id].exists ? do_pool_order(c)
                                                           : -ENOENT;
    }
}

/* Parameters of the one scheduler there is. */
static int do_sched_params(struct xen_sysctl_scheduler_op *s)
{
    if (s->cmd == XEN_SYSCTL_SCHEDOP_putinfo)
        fake_ratelimit_us = s->u.sched_credit2.ratelimit_us;
    else
        s->u.sched_credit2.ratelimit_us = fake_ratelimit_us;
    return 0;
}

/* Of no node, but for a device that is not there. */
static int do_pcitopoinfo(struct xen_sysctl_pcitopoinfo *info)
{
    const struct physdev_pci_device *dev = (void *)info->devs;
    uint32_t i, *node = (void *)info->nodes;

    for (i = 0; i < info->num_devs; i++)
        node[i] = dev[i].bus ? XEN_INVALID_DEV : XEN_INVALID_NODE_ID;
    return 0;
}

static int do_sysctl(struct xen_sysctl *op)
{
    if (op->interface_version != XEN_SYSCTL_INTERFACE_VERSION)
        return -EACCES;
    switch (op->cmd) {
    case XEN_SYSCTL_readconsole:
        return do_readconsole(&op->u.readconsole);
    case XEN_SYSCTL_physinfo:
        do_physinfo(&op->u.physinfo);
        return 0;
    case XEN_SYSCTL_sched_id:
        op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
        return 0;
    case XEN_SYSCTL_getdomaininfolist:
        return do_domaininfolist(&op->u.getdomaininfolist);
    case XEN_SYSCTL_debug_keys:
        snprintf(fake_keys, sizeof(fake_keys), "%.*s",
                 (int)op->u.debug_keys.nr_keys,
                 (const char *)op->u.debug_keys.keys);
        return 0;
    case XEN_SYSCTL_cputopoinfo:
        return do_cputopoinfo(&op->u.cputopoinfo);
    case XEN_SYSCTL_numainfo:
        return do_numainfo(&op->u.numainfo);
    case XEN_SYSCTL_cpupool_op:
        return do_cpupool_op(&op->u.cpupool_op);
    case XEN_SYSCTL_scheduler_op:
        return do_sched_params(&op->u.scheduler_op);
    case XEN_SYSCTL_pcitopoinfo:
        return do_pcitopoinfo(&op->u.pcitopoinfo);
    default:
        return -ENOSYS;
    }
}

/* xen_version, memory_op, event_channel_op, mmuext_op */

static int do_version(uint64_t cmd, void *arg)
{
    struct xen_build_id *id = arg;

    switch (cmd) {
    case XENVER_version:
        return 4 << 16 | 17;
    case XENVER_pagesize:
        return PAGE;
    case XENVER_extraversion:
        strcpy(arg, ".9");
        return 0;
    case XENVER_capabilities:
        strcpy(arg, "xen-3.0-x86_64 ");
        return 0;
    case XENVER_platform_parameters:
        ((struct xen_platform_parameters *)arg)->virt_start =
            HYPERVISOR_VIRT_START;
        return 0;
    case XENVER_build_id:
        memcpy(id->buf, "\xab\xcd", 2);
        return 2;
    case XENVER_changeset:
    case XENVER_commandline:
    case XENVER_compile_info:
        return 0;
    default:
        return -ENOSYS;
    }
}

/* Blocks of any order; the result is the number of extents that fit. What is in
 * new memory is not promised. */
static int64_t do_populate(const struct xen_memory_reservation *r)
{
    struct fake_domain *d = find(r->domid);
    uint64_t *extent = (uint64_t *)r->extent_start, i;

    if (!d)
        return -ESRCH;
    if (r->extent_order)
        return 0; /* no two frames of this machine lie side by side */
    for (i = 0; i < r->nr_extents; i++) {
        uint64_t mfn;

        if (d->info.tot_pages >= d->info.max_pages)
            break;
        mfn = frame_take(r->domid);
        if (!mfn)
            break;
        memset(fake_frame(mfn), 0xa5, PAGE);
        extent[i] = mfn;
        d->info.tot_pages++;
        d->claimed -= d->claimed ? 1 : 0;
    }
    return (int64_t)i;
}

static int do_claim(const struct xen_memory_reservation *r)
{
    struct fake_domain *d = find(r->domid);

    if (!d)
        return -ESRCH;
    if (r->nr_extents > fake_free_frames())
        return -ENOMEM;
    d->claimed = r->nr_extents;
    return 0;
}

static int do_memory_map(const struct xen_foreign_memory_map *m)
{
    struct fake_domain *d = find(m->domid);
    uint64_t size;

    if (!d || m->map.nr_entries != 1)
        return d ? -EINVAL : -ESRCH;
    memcpy(&size, (const char *)m->map.buffer + 8, sizeof(size));
    d->map_bytes = size;
    return 0;
}

static int64_t do_memory_op(uint64_t cmd, void *arg)
{
    switch (cmd) {
    case XENMEM_get_sharing_freed_pages:
    case XENMEM_get_sharing_shared_pages:
        return 0;
    case XENMEM_populate_physmap:
        return do_populate(arg);
    case XENMEM_claim_pages:
        return do_claim(arg);
    case XENMEM_set_memory_map:
        return do_memory_map(arg);
    default:
        return -ENOSYS;
    }
}

static int do_evtchn(uint64_t cmd, struct evtchn_alloc_unbound *a)
{
    struct fake_domain *d;

    if (cmd != EVTCHNOP_alloc_unbound)
        return -ENOSYS;
    d = find(a->dom);
    if (!d)
        return -ESRCH;
    a->port = ++d->nr_ports;
    return 0;
}

static int do_mmuext(const struct mmuext_op *op, uint64_t nr, domid_t domid)
{
    struct fake_domain *d = find(domid);
    uint64_t i;

    for (i = 0; i < nr; i++) {
        if (!d || fake_frame_owner(op[i].arg1.mfn) != domid)
            return -EINVAL;
        if (op[i].cmd < MMUEXT_PIN_L4_TABLE)
            continue;
        if (op[i].cmd == MMUEXT_PIN_L4_TABLE)
            d->pinned = op[i].arg1.mfn;
        else if (op[i].cmd == MMUEXT_CLEAR_PAGE)
            memset(fake_frame(op[i].arg1.mfn), 0, PAGE);
        else
            return -ENOSYS;
    }
    return 0;
}

int64_t privcmd_call(struct privcmd *p, unsigned int nr, uint64_t a1,
                     uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)p, (void)a3, (void)a5;
    if (call_fails())
        return -fail_error;
    switch (nr) {
    case __HYPERVISOR_domctl:
        return do_domctl((void *)a1);
    case __HYPERVISOR_sysctl:
        return do_sysctl((void *)a1);
    case __HYPERVISOR_xen_version:
        return do_version(a1, (void *)a2);
    case __HYPERVISOR_memory_op:
        return do_memory_op(a1, (void *)a2);
    case __HYPERVISOR_event_channel_op:
        return do_evtchn(a1, (void *)a2);
    case __HYPERVISOR_mmuext_op:
        return do_mmuext((void *)a1, a2, (domid_t)a4);
    default:
        return -ENOSYS;
    }
}

/* Mappings. */

/* Those that are there, the newest last. */
static struct {
    char *base;
    size_t nr;
} mapping[64];
static unsigned int nr_mappings;

unsigned int fake_mappings(void)
{
    return nr_mappings;
}

void fake_unmap(unsigned int nr)
{
    while (nr_mappings > nr) {
        nr_mappings--;
        munmap(mapping[nr_mappings].base, mapping[nr_mappings].nr * PAGE);
    }
}

static void mapping_add(char *base, size_t nr)
{
    if (nr_mappings == sizeof(mapping) / sizeof(mapping[0]))
        abort();
    mapping[nr_mappings].base = base;
    mapping[nr_mappings++].nr = nr;
}

/* One frame at a fixed place. */
static bool frame_map(char *at, uint64_t mfn, int prot)
{
    return mmap(at, PAGE, prot, MAP_SHARED | MAP_FIXED, ram_fd,
                (off_t)(mfn * PAGE)) != MAP_FAILED;
}

void *privcmd_map(struct privcmd *p, domid_t domid, const uint64_t *frames,
                  size_t nr, bool writable, struct error **err_out)
{
    int prot = PROT_READ | (writable ? PROT_WRITE : 0), rc = 0;
    char *base;
    size_t i;

    (void)p;
    if (call_fails()) {
        error_set(err_out, ERROR_HYPERVISOR, -fail_error, "can't map memory");
        return NULL;
    }
    base = mmap(NULL, nr * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (i = 0; i < nr && !rc; i++)
        if (fake_frame_owner(frames[i]) != domid ||
            (writable && find(domid)->pinned == frames[i]) ||
            !frame_map(base + i * PAGE, frames[i], prot))
            rc = -EINVAL;
    if (!rc) {
        mapping_add(base, nr);
        return base;
    }
    munmap(base, nr * PAGE);
    error_set(err_out, ERROR_HYPERVISOR, rc, "can't map memory");
    return NULL;
}

void *privcmd_map_resource(struct privcmd *p, domid_t domid, unsigned int type,
                           unsigned int id, uint64_t first, size_t nr,
                           struct error **err_out)
{
    if (type != XENMEM_resource_grant_table || id || first || nr != 1 ||
        !find(domid)) {
        error_set(err_out, ERROR_HYPERVISOR, -EINVAL, "no such resource");
        return NULL;
    }
    return privcmd_map(p, domid, &find(domid)->grant_mfn, 1, true, err_out);
}

void privcmd_unmap(void *address, size_t nr)
{
    unsigned int i;

    for (i = 0; address && i < nr_mappings; i++)
        if (mapping[i].base == address) {
            munmap(address, nr * PAGE);
            mapping[i] = mapping[--nr_mappings];
            return;
        }
}
