/* SPDX-License-Identifier: MIT */
/* Building a PV guest, one step after the other; see build.h. */
#include "build/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "public/xen.h"

#include "build/guest.h"
#include "build/pagetable.h"
#include "lib/domctl.h"
#include "lib/gnttab.h"
#include "lib/memory.h"
#include "lib/mmuext.h"

#define RFLAGS_IF (1UL << 9)

/* What one building has at hand. */
struct builder {
    const struct build_request *request;
    const struct layout *l;
    struct guest guest;
    uint64_t shared_info_mfn;
    struct error **err_out;
};

static uint64_t address_of(const struct layout *l, uint64_t pfn)
{
    return l->virt_base + (pfn << PAGE_SHIFT);
}

/* For kimage_load(). */
static int segment_place(void *ctx, uint64_t vaddr, const void *data,
                         size_t filesz, size_t memsz)
{
    struct builder *b = ctx;
    const struct kernel *kernel = b->request->kernel;
    uint64_t offset = vaddr - b->l->virt_base;
    size_t at = (size_t)((const char *)data - (const char *)kernel->image.elf);

    if (kernel->mapped)
        return guest_write_file(&b->guest, offset, kernel->file.fd, at, filesz,
                                memsz, b->err_out);
    return guest_write(&b->guest, offset, data, filesz, memsz, b->err_out);
}

static int kernel_place(struct builder *b)
{
    const struct kimage *image = &b->request->kernel->image;
    int rc = kimage_load(image, segment_place, b);

    if (!rc && image->hypercall_page != KIMAGE_NO_ADDR)
        rc = domctl_hypercall_page(
            b->guest.p, b->guest.domid,
            b->guest
                .mfn[(image->hypercall_page - b->l->virt_base) >> PAGE_SHIFT],
            b->err_out);
    return rc;
}

static int ramdisk_place(struct builder *b)
{
    const struct file_data *ramdisk = b->request->ramdisk;

    if (!ramdisk)
        return 0;
    return guest_write_file(&b->guest, b->l->ramdisk_pfn << PAGE_SHIFT,
                            ramdisk->fd, 0, ramdisk->size,
                            b->l->nr_ramdisk << PAGE_SHIFT, b->err_out);
}

/* The list itself; the rest of its last page says "no frame". */
static void p2m_fill(const struct builder *b, char *list)
{
    size_t size = b->l->nr_p2m << PAGE_SHIFT,
           used = b->l->nr_pages * sizeof(uint64_t);

    memcpy(list, b->guest.mfn, used);
    memset(list + used, 0xff, size - used);
}

static void start_info_fill(const struct builder *b, struct start_info *info)
{
    const struct layout *l = b->l;

    *info = (struct start_info){
        .magic = "xen-3.0-x86_64",
        .nr_pages = l->nr_pages,
        .shared_info = b->shared_info_mfn << PAGE_SHIFT,
        .flags = SIF_VIRT_P2M_4TOOLS,
        .store_mfn = b->guest.mfn[l->store_pfn],
        .store_evtchn = b->request->store_port,
        .console.domU = {.mfn = b->guest.mfn[l->console_pfn],
                         .evtchn = b->request->console_port},
        .pt_base = address_of(l, l->tables_pfn),
        .nr_pt_frames = l->nr_tables,
        .mfn_list = l->p2m_va,
    };
    if (b->request->ramdisk) {
        info->flags |= l->ramdisk_mapped ? 0 : SIF_MOD_START_PFN;
        info->mod_start =
            l->ramdisk_mapped ? address_of(l, l->ramdisk_pfn) : l->ramdisk_pfn;
        info->mod_len = b->request->ramdisk->size;
    }
    if (l->p2m_apart) {
        info->first_p2m_pfn = l->p2m_pfn;
        info->nr_p2m_frames = l->nr_p2m + l->nr_p2m_tables;
    }
    strncpy((char *)info->cmd_line, b->request->cmdline, MAX_GUEST_CMDLINE - 1);
}

/* A list that has an address of its own lies apart, with its tables behind it.
 */
static int p2m_apart_place(struct builder *b, const void *tables)
{
    const struct layout *l = b->l;
    size_t size = (l->nr_p2m + l->nr_p2m_tables) << PAGE_SHIFT;
    char *list;
    int rc;

    if (!l->p2m_apart)
        return 0;
    list = malloc(size);
    if (!list)
        return error_set(b->err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    p2m_fill(b, list);
    memcpy(list + (l->nr_p2m << PAGE_SHIFT), tables,
           l->nr_p2m_tables << PAGE_SHIFT);
    rc = guest_write(&b->guest, l->p2m_pfn << PAGE_SHIFT, list, size, size,
                     b->err_out);
    free(list);
    return rc;
}

/*
 * All that lies behind the kernel and its RAM disk, from the p2m or start_info
 * on to the boot stack, in one piece: each piece costs a mapping. What is
 * nothing's there is zero.
 */
static int boot_area_place(struct builder *b)
{
    const struct layout *l = b->l;
    uint64_t first = l->p2m_apart ? l->start_info_pfn : l->p2m_pfn;
    size_t size = (l->stack_pfn + 1 - first) << PAGE_SHIFT;
    char *area = calloc(1, size);
    uint64_t(*tables)[512] = calloc(l->nr_tables + l->nr_p2m_tables, PAGE_SIZE);
    int rc;

    if (!area || !tables) {
        free(area);
        free(tables);
        return error_set(b->err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    }
    if (!l->p2m_apart)
        p2m_fill(b, area);
    start_info_fill(
        b, (void *)(area + ((l->start_info_pfn - first) << PAGE_SHIFT)));
    pagetable_make(l, b->guest.mfn, tables);
    memcpy(area + ((l->tables_pfn - first) << PAGE_SHIFT), tables,
           l->nr_tables << PAGE_SHIFT);
    rc = guest_write(&b->guest, first << PAGE_SHIFT, area, size, size,
                     b->err_out);
    if (!rc)
        rc = p2m_apart_place(b, tables[l->nr_tables]);
    free(area);
    free(tables);
    return rc;
}

/* No vcpu takes events before its guest is ready for them. */
static int shared_info_fill(struct builder *b)
{
    struct shared_info *info = privcmd_map(
        b->guest.p, b->guest.domid, &b->shared_info_mfn, 1, true, b->err_out);
    unsigned int i;

    if (!info)
        return error_rc(b->err_out);
    memset(info, 0, PAGE_SIZE);
    for (i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
        info->vcpu_info[i].evtchn_upcall_mask = 1;
    privcmd_unmap(info, 1);
    return 0;
}

static int vcpu_start(struct builder *b)
{
    const struct layout *l = b->l;
    struct vcpu_guest_context *c = calloc(1, sizeof(*c));
    int rc;

    if (!c)
        return error_set(b->err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    c->flags = VGCF_in_kernel | VGCF_online;
    c->user_regs.rip = b->request->kernel->image.entry;
    c->user_regs.rsp = address_of(l, l->stack_pfn + 1);
    c->user_regs.rsi = address_of(l, l->start_info_pfn);
    c->user_regs.rflags = RFLAGS_IF;
    c->user_regs.cs = FLAT_KERNEL_CS;
    c->user_regs.ss = FLAT_KERNEL_SS;
    c->kernel_ss = c->user_regs.ss;
    c->kernel_sp = c->user_regs.rsp;
    c->ctrlreg[3] = b->guest.mfn[l->tables_pfn] << PAGE_SHIFT;
    rc = domctl_set_context(b->guest.p, b->guest.domid, 0, c, b->err_out);
    free(c);
    return rc;
}

static int memory_get(struct builder *b)
{
    struct guest *g = &b->guest;
    int rc = memory_claim(g->p, g->domid, g->nr_pages, b->err_out);

    if (!rc)
        rc = memory_populate(g->p, g->domid, g->mfn, g->nr_pages, b->err_out);
    return rc ? rc : memory_claim(g->p, g->domid, 0, b->err_out);
}

static int shared_info_find(struct builder *b)
{
    struct xen_domctl_getdomaininfo info;
    int rc = domctl_info(b->guest.p, b->guest.domid, &info, b->err_out);

    if (!rc)
        b->shared_info_mfn = info.shared_info_frame;
    return rc;
}

static int tables_pin(struct builder *b)
{
    return mmuext_pin_l4(b->guest.p, b->guest.domid,
                         b->guest.mfn[b->l->tables_pfn], b->err_out);
}

static int grants_seed(struct builder *b)
{
    return gnttab_seed(b->guest.p, b->guest.domid, 0,
                       b->guest.mfn[b->l->console_pfn],
                       b->guest.mfn[b->l->store_pfn], b->err_out);
}

int build_domain(struct privcmd *p, const struct build_request *request,
                 struct build_result *result, struct error **err_out)
{
    static int (*const steps[])(struct builder *) = {
        shared_info_find, memory_get,      kernel_place,
        ramdisk_place,    boot_area_place, tables_pin,
        shared_info_fill, vcpu_start,      grants_seed,
    };
    struct builder b = {
        .request = request,
        .l = request->layout,
        .guest = {.p = p,
                  .domid = request->domid,
                  .nr_pages = request->layout->nr_pages},
        .err_out = err_out,
    };
    size_t i;
    int rc = 0;

    b.guest.mfn = calloc(b.guest.nr_pages, sizeof(*b.guest.mfn));
    if (!b.guest.mfn)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && !rc; i++)
        rc = steps[i](&b);
    if (!rc) {
        result->store_mfn = b.guest.mfn[b.l->store_pfn];
        result->console_mfn = b.guest.mfn[b.l->console_pfn];
    }
    free(b.guest.mfn);
    return rc;
}
