/* SPDX-License-Identifier: MIT */
/* The first domain: its memory, its kernel in it, and what the kernel finds
 * when it starts (abi: PV guest ABI, sections 2 and 3). */
#include "asm/dom0.h"

#include "public/features.h"
#include "xen/bug.h"
#include "xen/errno.h"
#include "xen/option.h"
#include "xen/page_alloc.h"
#include "xen/printk.h"
#include "xen/sched.h"
#include "xen/softirq.h"
#include "xen/string.h"
#include "xen/strto.h"
#include "xen/vcpu.h"
#include "xen/vsprintf.h"
#include "asm/acpi.h"
#include "asm/mm.h"
#include "asm/pv.h"
#include "asm/pv_mm.h"
#include "asm/smp.h"

#define MIB          (1UL << 20)
#define REGION_ALIGN (4 * MIB)
#define REGION_SLACK (MIB / 2)
#define MAX_RESERVE  (128 * MIB)
#define MIN_RESERVE  (16 * MIB)

static u64 dom0_size, dom0_min_size, dom0_max_size = ~0UL;
static unsigned int opt_max_vcpus;
static bool opt_vcpus_pin;

OPTION_UINT("dom0_max_vcpus", opt_max_vcpus,
            "number of vcpus of dom0; as many as CPUs if not given");
OPTION_BOOL("dom0_vcpus_pin", opt_vcpus_pin, "pin each vcpu of dom0 to a CPU");

static bool starts_with(const char **s, const char *prefix)
{
    size_t len = strlen(prefix);

    if (strncmp(*s, prefix, len))
        return false;
    *s += len;
    return true;
}

static int parse_dom0_mem(const char *s)
{
    do {
        u64 *target = &dom0_size;

        if (starts_with(&s, "min:"))
            target = &dom0_min_size;
        else if (starts_with(&s, "max:"))
            target = &dom0_max_size;
        if (parse_size(&s, target))
            return -EINVAL;
    } while (*s == ',' && *++s);
    return *s ? -EINVAL : 0;
}
OPTION_CUSTOM("dom0_mem", parse_dom0_mem,
              "memory of dom0: [size][,min:size][,max:size]");

unsigned int dom0_max_vcpus(void)
{
    unsigned int nr = opt_max_vcpus ? opt_max_vcpus : nr_cpus;

    return min(nr, (unsigned int)DOMAIN_MAX_VCPUS);
}

mfn_t dom0_mfn(const struct dom0_build *b, unsigned long pfn)
{
    unsigned int low = 0, high = b->nr_chunks;

    BUG_ON(pfn >= b->nr_filled);
    while (high - low > 1) {
        unsigned int mid = (low + high) / 2;

        if (b->chunk[mid].pfn <= pfn)
            low = mid;
        else
            high = mid;
    }
    return mfn_add(b->chunk[low].mfn, pfn - b->chunk[low].pfn);
}

void *dom0_ptr(const struct dom0_build *b, u64 va)
{
    u64 offset = va - b->img.virt_base;

    return (char *)mfn_to_virt(dom0_mfn(b, offset >> PAGE_SHIFT)) +
           (offset & ~PAGE_MASK);
}

/* The next pfns are these frames. */
static void add_chunk(struct dom0_build *b, mfn_t mfn, unsigned long nr)
{
    struct dom0_chunk *last = b->nr_chunks ? &b->chunk[b->nr_chunks - 1] : NULL;

    if (last && mfn_eq(mfn_add(last->mfn, last->nr), mfn)) {
        last->nr += nr;
    } else {
        if (b->nr_chunks == DOM0_MAX_CHUNKS)
            panic("Memory for dom0 is in too many pieces: use dom0_mem= to "
                  "give it less");
        b->chunk[b->nr_chunks++] =
            (struct dom0_chunk){.pfn = b->nr_filled, .nr = nr, .mfn = mfn};
    }
    b->nr_filled += nr;
}

/* Fill up to `end` pages, in pieces as large as there are. */
static void fill_memory(struct dom0_build *b, unsigned long end)
{
    unsigned int order = MAX_ORDER;

    while (b->nr_filled < end) {
        unsigned long left = end - b->nr_filled;
        struct page_info *pg;

        while ((1UL << order) > left)
            order--;
        pg = alloc_domheap_pages(b->d, order, 0);
        if (pg) {
            add_chunk(b, page_to_mfn(pg), 1UL << order);
            process_pending_softirqs();
        } else if (order-- == 0) {
            panic("Not enough memory for dom0 (%lu MiB): make dom0_mem= "
                  "smaller or give the machine more RAM",
                  end >> (20 - PAGE_SHIFT));
        }
    }
}

/* Frames of a module, as they lie, become the domain's next pages. */
static void adopt_module(struct dom0_build *b, const struct boot_module *m)
{
    mfn_t mfn = maddr_to_mfn(m->start);
    unsigned long nr = PFN_UP(m->size);
    unsigned long tail = m->size & ~PAGE_MASK;

    for (unsigned long i = 0; i < nr; i++)
        if (assign_pages(b->d, mfn_to_page(mfn_add(mfn, i)), 0, 0))
            panic("dom0_mem= is too small for the RAM disk");
    if (tail)
        memset((char *)maddr_to_virt(m->start + m->size), 0, PAGE_SIZE - tail);
    add_chunk(b, mfn, nr);
}

static void free_module(const struct boot_module *m)
{
    mfn_t mfn = maddr_to_mfn(m->start);

    for (unsigned long i = 0; i < PFN_UP(m->size); i++)
        free_domheap_pages(mfn_to_page(mfn_add(mfn, i)), 0);
}

/* How much dom0 gets, in pages: what is asked for, else all but a reserve for
 * the hypervisor and device memory. `extra` pages become free later. */
static unsigned long choose_nr_pages(unsigned long extra)
{
    u64 avail = (u64)(avail_heap_pages() + extra) << PAGE_SHIFT;
    u64 reserve = max(min(avail / 16, MAX_RESERVE), MIN_RESERVE);
    u64 size = dom0_size;

    if (!size)
        size = avail > reserve ? avail - reserve : avail;
    size = max(size, dom0_min_size);
    size = min(size, dom0_max_size);
    if (size > avail)
        panic("dom0_mem= asks for %lu MiB, but only %lu MiB are free: make it "
              "smaller or give the machine more RAM",
              (unsigned long)(size / MIB), (unsigned long)(avail / MIB));
    return size >> PAGE_SHIFT;
}

/* Addresses of everything in the first region, and where the p2m goes. */
static void plan(struct dom0_build *b)
{
    u64 base = b->img.virt_base;
    u64 va = ROUNDUP(b->img.virt_end, PAGE_SIZE);
    unsigned long nr_tables = 1;
    u64 end;

    b->start_info_va = va;
    b->pt_base = va + PAGE_SIZE;
    for (;;) {
        b->pt_end = b->pt_base + nr_tables * PAGE_SIZE;
        b->stack_va = b->pt_end;
        end = ROUNDUP(b->stack_va + PAGE_SIZE + REGION_SLACK, REGION_ALIGN);
        if (nr_tables >= 1 + dom0_nr_tables(base, (end - base) >> PAGE_SHIFT))
            break;
        nr_tables++;
    }
    b->virt_end = end;

    b->initrd_pfn = (end - base) >> PAGE_SHIFT;
    b->nr_initrd_pages = b->initrd ? PFN_UP(b->initrd->size) : 0;
    b->p2m_pfn = b->initrd_pfn + b->nr_initrd_pages;
    b->p2m_va = b->img.init_p2m;
    b->nr_p2m_pages = PFN_UP(b->nr_pages * sizeof(u64));
    b->nr_p2m_tables = dom0_nr_tables(b->p2m_va, b->nr_p2m_pages);

    if (b->p2m_pfn + b->nr_p2m_pages + b->nr_p2m_tables > b->nr_pages)
        panic("dom0_mem= is too small: kernel and RAM disk need %lu MiB",
              (b->p2m_pfn + b->nr_p2m_pages + b->nr_p2m_tables) >>
                  (20 - PAGE_SHIFT));
}

static int place_segment(void *ctx, uint64_t va, const void *data,
                         size_t filesz, size_t memsz)
{
    const struct dom0_build *b = ctx;
    const char *src = data;

    while (memsz) {
        size_t part = min((size_t)(PAGE_SIZE - (va & ~PAGE_MASK)), memsz);
        size_t copy = min(part, filesz);
        char *dst = dom0_ptr(b, va);

        memcpy(dst, src, copy);
        memset(dst + copy, 0, part - copy);
        va += part;
        src += copy;
        filesz -= copy;
        memsz -= part;
    }
    return 0;
}

/* The unpacked kernel, in frames of the hypervisor's. */
struct unpacked {
    void *elf;
    unsigned int order;
    size_t size;
};

static unsigned int order_of(size_t bytes)
{
    unsigned int order = 0;

    while ((PAGE_SIZE << order) < bytes)
        order++;
    return order;
}

static void unpack_kernel(const struct boot_module *kernel, struct unpacked *u)
{
    const void *file = maddr_to_virt(kernel->start);
    unsigned int work_order = order_of(KIMAGE_WORK_SIZE);
    struct kimage_payload payload;
    const char *why;
    void *work;

    if (kimage_payload(file, kernel->size, &payload, &why))
        panic("dom0 kernel: %s", why);
    u->order = order_of(payload.unpacked_size);
    u->elf = alloc_xenheap_pages(u->order, MEMF_no_scrub);
    work = alloc_xenheap_pages(work_order, 0);
    if (!u->elf || !work)
        panic("Not enough memory to unpack the dom0 kernel (%lu MiB): give the "
              "machine more RAM",
              (unsigned long)(payload.unpacked_size / MIB));
    if (kimage_unpack(&payload, u->elf, PAGE_SIZE << u->order, work, &u->size,
                      &why))
        panic("dom0 kernel: %s", why);
    free_xenheap_pages(work, work_order);
}

static void write_p2m(const struct dom0_build *b)
{
    for (unsigned long pfn = 0; pfn < b->nr_pages; pfn++) {
        unsigned long page = b->p2m_pfn + pfn / 512;
        u64 *list = mfn_to_virt(dom0_mfn(b, page));
        mfn_t mfn = dom0_mfn(b, pfn);

        list[pfn % 512] = mfn_x(mfn);
        m2p_set(mfn, _pfn(pfn));
    }
}

static void write_vga_info(struct dom0_vga_console_info *info)
{
    const struct boot_framebuffer *fb = &boot_info.framebuffer;

    if (!fb->present) {
        info->video_type = XEN_VGATYPE_TEXT_MODE_3;
        info->u.text_mode_3.font_height = 16;
        info->u.text_mode_3.rows = 25;
        info->u.text_mode_3.columns = 80;
        return;
    }
    info->video_type = XEN_VGATYPE_VESA_LFB;
    info->u.vesa_lfb.width = fb->width;
    info->u.vesa_lfb.height = fb->height;
    info->u.vesa_lfb.bytes_per_line = fb->pitch;
    info->u.vesa_lfb.bits_per_pixel = fb->bpp;
    info->u.vesa_lfb.lfb_base = (u32)fb->addr;
    info->u.vesa_lfb.ext_lfb_base = fb->addr >> 32;
    info->u.vesa_lfb.lfb_size =
        DIV_ROUND_UP((u64)fb->pitch * fb->height, 0x10000);
    info->u.vesa_lfb.red_pos = fb->red_pos;
    info->u.vesa_lfb.red_size = fb->red_size;
    info->u.vesa_lfb.green_pos = fb->green_pos;
    info->u.vesa_lfb.green_size = fb->green_size;
    info->u.vesa_lfb.blue_pos = fb->blue_pos;
    info->u.vesa_lfb.blue_size = fb->blue_size;
}

/* dom0's command line, with what only the hypervisor knows. */
static void write_cmdline(char *out, size_t size, const char *cmdline)
{
    if (acpi.rsdp_address)
        snprintf(out, size, "%s acpi_rsdp=0x%lx", cmdline, acpi.rsdp_address);
    else
        strlcpy(out, cmdline, size);
}

static void write_start_info(const struct dom0_build *b, const char *cmdline)
{
    struct start_info *si = dom0_ptr(b, b->start_info_va);

    memset(si, 0, PAGE_SIZE);
    snprintf(si->magic, sizeof(si->magic), "xen-3.0-x86_64%s",
             b->img.pae ? "p" : "");
    si->nr_pages = b->nr_pages;
    si->shared_info = virt_to_maddr(b->d->shared_info);
    si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
    si->pt_base = b->pt_base;
    si->nr_pt_frames = (b->pt_end - b->pt_base) >> PAGE_SHIFT;
    si->mfn_list = b->p2m_va;
    si->first_p2m_pfn = b->p2m_pfn;
    si->nr_p2m_frames = b->nr_p2m_pages + b->nr_p2m_tables;
    if (b->initrd) {
        si->flags |= SIF_MOD_START_PFN;
        si->mod_start = b->initrd_pfn;
        si->mod_len = b->initrd->size;
    }
    write_cmdline((char *)si->cmd_line, sizeof(si->cmd_line), cmdline);
    si->console.dom0.info_off = sizeof(*si);
    si->console.dom0.info_size = sizeof(struct dom0_vga_console_info);
    write_vga_info((struct dom0_vga_console_info *)(si + 1));
}

/* One general and one type reference to the L4 table. */
static void get_l4(struct domain *d, struct page_info *pg)
{
    int rc;

    if (!page_get(pg, d))
        BUG();
    while ((rc = page_get_type_preemptible(pg, PGT_l4)) == -ERESTART)
        process_pending_softirqs();
    if (rc)
        panic("dom0's page tables are not valid (error %d)", rc);
}

/* The table is vcpu 0's base pointer, and pinned: the kernel unpins it. */
static void start_vcpu(const struct dom0_build *b, mfn_t l4)
{
    struct vcpu *v = b->d->vcpu[0];
    struct page_info *pg = mfn_to_page(l4);

    get_l4(b->d, pg);
    get_l4(b->d, pg);
    __atomic_fetch_or(&pg->type_info, PGT_pinned, __ATOMIC_SEQ_CST);

    v->arch.guest_table = l4;
    v->arch.flags |= VCPU_KERNEL_MODE;
    v->arch.regs.rip = b->img.entry;
    v->arch.regs.rsp = b->stack_va + PAGE_SIZE;
    v->arch.regs.rsi = b->start_info_va;
    v->arch.regs.cs = FLAT_USER_CS64;
    v->arch.regs.ss = FLAT_USER_SS;
    v->arch.regs.rflags = X86_EFLAGS_IF | X86_EFLAGS_MBS;
    v->is_initialised = true;
    clear_bit(VPF_down, &v->pause_flags);
}

static void create_vcpus(struct domain *d)
{
    for (unsigned int i = 0; i < d->max_vcpus; i++) {
        struct vcpu *v = vcpu_create(d, i);
        struct cpumask mask;

        if (!v)
            panic("Not enough memory for dom0's vcpu %u: make dom0_max_vcpus= "
                  "smaller",
                  i);
        if (!opt_vcpus_pin)
            continue;
        cpumask_of(&mask, i % nr_cpus);
        if (vcpu_set_hard_affinity(v, &mask))
            printk(XENLOG_WARNING "dom0_vcpus_pin: no CPU for vcpu %u\n", i);
    }
}

static void check_kernel(const struct kimage *img)
{
    if (!(img->features & (1UL << XENFEAT_dom0)))
        panic("dom0 kernel: it can't be a control domain: use one built with "
              "CONFIG_XEN_DOM0 (Debian: linux-image-amd64, not the -cloud- "
              "flavour)");
    if (!img->has_init_p2m || !img->mod_start_pfn)
        panic("dom0 kernel: it is too old: the notes INIT_P2M and "
              "MOD_START_PFN are needed (Linux 3.2 or later)");
}

void construct_dom0(struct domain *d, const struct boot_module *kernel,
                    const struct boot_module *initrd)
{
    static struct dom0_build build;
    struct dom0_build *b = &build;
    struct unpacked u;
    const char *why;
    mfn_t l4;

    printk("Building dom0\n");
    b->d = d;
    b->initrd = initrd;
    unpack_kernel(kernel, &u);
    if (kimage_parse(u.elf, u.size, &b->img, &why))
        panic("dom0 kernel: %s", why);
    check_kernel(&b->img);

    b->nr_pages = choose_nr_pages((1UL << u.order) + PFN_UP(kernel->size) +
                                  (initrd ? PFN_UP(initrd->size) : 0));
    d->mem.max_pages =
        dom0_max_size == ~0UL ? ~0U : dom0_max_size >> PAGE_SHIFT;
    plan(b);
    create_vcpus(d);
    if (dom0_set_caps(d))
        panic("Not enough memory for dom0's permissions");

    fill_memory(b, b->initrd_pfn);
    if (kimage_load(&b->img, place_segment, b))
        panic("dom0 kernel: its segments do not fit together");
    free_xenheap_pages(u.elf, u.order);
    free_module(kernel);
    if (initrd)
        adopt_module(b, initrd);
    fill_memory(b, b->nr_pages);

    l4 = dom0_build_tables(b);
    write_p2m(b);
    write_start_info(b, kernel->cmdline);
    if (b->img.hypercall_page != KIMAGE_NO_ADDR)
        pv_write_hypercall_page(dom0_ptr(b, b->img.hypercall_page));
    start_vcpu(b, l4);

    printk("dom0: %lu MiB, %u vcpus, kernel %s at %016lx, entry %016lx\n",
           b->nr_pages >> (20 - PAGE_SHIFT), d->max_vcpus, b->img.guest_os,
           (unsigned long)b->img.virt_start, (unsigned long)b->img.entry);
}
