/* SPDX-License-Identifier: MIT */
/*
 * From head.S to the common start-up: what the loader said, the memory map, the
 * final page tables, the tables per frame.
 *
 * Memory comes in two steps: what the start-up tables map (below 4 GiB) goes to
 * the boot allocator first, and the final tables are made of it; the rest
 * follows when the direct map covers it.
 */
#include "asm/boot.h"

#include "xen/boot_info.h"
#include "xen/bug.h"
#include "xen/main.h"
#include "xen/mm.h"
#include "xen/page_alloc.h"
#include "xen/string.h"
#include "asm/boot_mem.h"
#include "asm/cpufeature.h"
#include "asm/descriptors.h"
#include "asm/e820.h"
#include "asm/mm.h"
#include "asm/processor.h"
#include "asm/trampoline.h"
#include "asm/traps.h"
#include "asm/xpti.h"

#define GIB4         (1UL << 32)
#define LOW_RESERVED 0x10000 /* real-mode vectors, BIOS data, trampoline */
#define VGA_START    0xa0000
#define ROM_START    0xc0000
#define LOW_END      0x100000
#define CHUNK        (PAGE_SIZE * PT_ENTRIES) /* 2 MiB */

/* The image and its parts, from the linker script; and head.S's tables. */
extern char _start[], _etext[], _srodata[], _erodata[], _sdata[], _end[];
extern char cpu0_stack[];
extern u64 boot_l4[PT_ENTRIES], boot_l2_low[PT_ENTRIES];
void __noreturn ap_start(void);

/* Byte ranges that are in use from the start. */
struct range {
    paddr_t start, end;
};
static struct range reserved[2 + BOOT_MAX_MODULES];
static unsigned int nr_reserved;

static void reserve(paddr_t start, paddr_t end)
{
    reserved[nr_reserved++] = (struct range){
        .start = start & PAGE_MASK, .end = ROUNDUP(end, (paddr_t)PAGE_SIZE)};
}

static void reserve_what_is_in_use(void)
{
    reserve(0, LOW_RESERVED);
    reserve(XEN_PHYS_START, image_to_maddr(_end));
    for (unsigned int i = 0; i < boot_info.nr_modules; i++) {
        const struct boot_module *m = &boot_info.module[i];

        reserve(m->start, m->start + m->size);
    }
}

/* The first reserved range that touches [start, end). */
static const struct range *reserved_in(paddr_t start, paddr_t end)
{
    const struct range *first = NULL;

    for (unsigned int i = 0; i < nr_reserved; i++) {
        const struct range *r = &reserved[i];

        if (r->start < end && r->end > start && r->start < r->end &&
            (!first || r->start < first->start))
            first = r;
    }
    return first;
}

static void give_ram(paddr_t start, paddr_t end)
{
    const struct range *r;

    while (start < end && (r = reserved_in(start, end)) != NULL) {
        if (r->start > start)
            init_boot_pages(start, r->start);
        start = r->end;
    }
    if (start < end)
        init_boot_pages(start, end);
}

/* All RAM inside [low, high) to the boot allocator. */
static void give_ram_between(paddr_t low, paddr_t high)
{
    for (unsigned int i = 0; i < e820.nr; i++) {
        const struct e820_entry *e = &e820.entry[i];

        if (e->type == E820_RAM)
            give_ram(max(e->addr, low), min(e->addr + e->size, high));
    }
}

static void map_or_panic(unsigned long va, paddr_t pa, paddr_t end, u64 flags)
{
    if (pa < end && map_pages_to_xen(va, maddr_to_mfn(pa),
                                     PFN_UP(end) - PFN_DOWN(pa), flags))
        panic("Out of memory while mapping memory: give the machine more RAM");
}

static void map_direct(paddr_t start, paddr_t end, u64 flags)
{
    map_or_panic(DIRECTMAP_VIRT_START + start, start, end, flags);
}

/* Whole pages of RAM, and the first MiB, where firmware and screen are. */
static void map_ram(void)
{
    for (unsigned int i = 0; i < e820.nr; i++) {
        const struct e820_entry *e = &e820.entry[i];
        paddr_t start = PFN_UP(max(e->addr, (u64)LOW_END)) << PAGE_SHIFT;
        paddr_t end = (e->addr + e->size) & PAGE_MASK;

        if (e->type == E820_RAM && start < end)
            map_direct(start, end, PAGE_HYPERVISOR_RW);
    }
    map_direct(0, VGA_START, PAGE_HYPERVISOR_RW);
    map_direct(VGA_START, ROM_START, PAGE_HYPERVISOR_UC);
    map_direct(ROM_START, LOW_END, PAGE_HYPERVISOR_RO);
}

static void map_image_part(const char *start, const char *end, u64 flags)
{
    map_or_panic((unsigned long)start, image_to_maddr(start),
                 image_to_maddr(end), flags);
}

/* The image, each part with its rights, and no other way to write its code. */
static void map_image(void)
{
    unsigned long guard =
        (unsigned long)cpu0_stack + STACK_GUARD_PAGE * PAGE_SIZE;

    map_image_part(_start, _etext, PAGE_HYPERVISOR_RX);
    map_image_part(_srodata, _erodata, PAGE_HYPERVISOR_RO);
    map_image_part(_sdata, _end, PAGE_HYPERVISOR_RW);
    map_or_panic(guard, 0, PAGE_SIZE, 0);
    map_direct(image_to_maddr(_start), image_to_maddr(_etext),
               PAGE_HYPERVISOR_RO);
    map_direct(image_to_maddr(_srodata), image_to_maddr(_erodata),
               PAGE_HYPERVISOR_RO);
}

/* Top-level entries never change once guests have copies of them. */
static void make_top_level_entries(void)
{
    for (unsigned int slot = HYPERVISOR_FIRST_SLOT;
         slot <= HYPERVISOR_LAST_SLOT; slot++) {
        mfn_t mfn;

        if (slot > pt_index(M2P_VIRT_START, 4) &&
            slot < pt_index(FRAMETABLE_VIRT_START, 4))
            continue;
        mfn = alloc_boot_pages(1, 1);
        memset(mfn_to_virt(mfn), 0, PAGE_SIZE);
        idle_pg_table[slot] = pte_make(mfn, PAGE_HYPERVISOR_TABLE);
    }
}

/* The start-up tables stay for the trampoline: its own 2 MiB and whatever the
 * final ones have in the hypervisor's slots. */
static void shrink_start_up_tables(void)
{
    for (unsigned int slot = HYPERVISOR_FIRST_SLOT;
         slot <= HYPERVISOR_LAST_SLOT; slot++)
        boot_l4[slot] = idle_pg_table[slot];
    memset(boot_l2_low + 1, 0, 4 * PAGE_SIZE - sizeof(u64));
}

/*
 * Memory behind [va, end), from what is mapped already on, filled with `fill`,
 * and seen a second time at `alias` if that is not 0.
 */
static void back_table(unsigned long va, unsigned long end, int fill,
                       unsigned long alias, u64 alias_flags)
{
    while (va < end) {
        bool big = !(va & (CHUNK - 1)) && end - va >= CHUNK;
        unsigned long nr = big ? PT_ENTRIES : 1;
        mfn_t mfn = alloc_boot_pages(nr, nr);

        memset(mfn_to_virt(mfn), fill, nr * PAGE_SIZE);
        map_or_panic(va, mfn_to_maddr(mfn), mfn_to_maddr(mfn_add(mfn, nr)),
                     PAGE_HYPERVISOR_RW);
        if (alias)
            map_or_panic(va + alias, mfn_to_maddr(mfn),
                         mfn_to_maddr(mfn_add(mfn, nr)), alias_flags);
        va += nr * PAGE_SIZE;
    }
}

/* The pieces of a table at `base` that hold `size` bytes for each frame of RAM;
 * whole chunks of one that guests see too (XENMEM_machphys_mfn_list). */
static void back_frames(unsigned long base, size_t size, int fill,
                        unsigned long alias, u64 alias_flags)
{
    unsigned long unit = alias ? CHUNK : PAGE_SIZE;

    unsigned long done = base;

    for (unsigned int i = 0; i < e820.nr; i++) {
        const struct e820_entry *e = &e820.entry[i];
        unsigned long first = PFN_UP(e->addr);
        unsigned long last = PFN_DOWN(e->addr + e->size);
        unsigned long va, end;

        if (e->type != E820_RAM || first >= last)
            continue;
        va = max(ROUNDDOWN(base + first * size, unit), done);
        end = ROUNDUP(base + last * size, unit);
        back_table(va, end, fill, alias, alias_flags);
        done = max(done, end);
    }
}

static void count_frames(void)
{
    for (unsigned int i = 0; i < e820.nr; i++) {
        const struct e820_entry *e = &e820.entry[i];
        unsigned long first = PFN_UP(e->addr);
        unsigned long last = PFN_DOWN(e->addr + e->size);

        if (e->type != E820_RAM || first >= last)
            continue;
        max_page = last;
        total_pages += last - first;
    }
}

static void mark_frames(void)
{
    unsigned long nr = PFN_UP(DIV_ROUND_UP(max_page, 8UL));
    mfn_t mfn = alloc_boot_pages(nr, 1);

    memset(mfn_to_virt(mfn), 0, nr * PAGE_SIZE);
    ram_frames_init(mfn_to_virt(mfn));
    for (unsigned int i = 0; i < e820.nr; i++) {
        const struct e820_entry *e = &e820.entry[i];

        if (e->type == E820_RAM)
            ram_frames_add(PFN_UP(e->addr), PFN_DOWN(e->addr + e->size));
    }
}

static void *text_alias(const void *va)
{
    return maddr_to_virt(image_to_maddr(va));
}

void memory_init(void)
{
    e820_init();
    count_frames();
    reserve_what_is_in_use();
    if (cpu_has_smap)
        smap_patch(text_alias);
    if (xpti_enabled)
        xpti_patch(text_alias);

    /* What the start-up tables map; the final ones are made of it. */
    give_ram_between(0, GIB4);
    make_top_level_entries();
    map_ram();
    map_image();
    write_cr3(image_to_maddr(idle_pg_table));
    shrink_start_up_tables();

    /* The rest, and the tables with something for each frame. */
    give_ram_between(GIB4, ~0UL);
    mark_frames();
    back_frames(FRAMETABLE_VIRT_START, sizeof(struct page_info), 0, 0, 0);
    back_frames(M2P_RW_VIRT_START, sizeof(u64), 0xff,
                M2P_VIRT_START - M2P_RW_VIRT_START,
                PAGE_HYPERVISOR_RO | PTE_USER);

    end_boot_allocator();
    mm_use_heap();
}

struct trampoline_data *trampoline_install(void)
{
    struct trampoline_data *data;
    char *copy = maddr_to_virt(TRAMPOLINE_PHYS);

    memcpy(copy, trampoline_start, trampoline_end - trampoline_start);
    data = (void *)(copy + ((char *)&trampoline_data - trampoline_start));
    data->cr3 = image_to_maddr(boot_l4);
    data->efer = EFER_NX | EFER_LME;
    data->entry = (unsigned long)ap_start;
    return data;
}

void boot_cpu_init(void)
{
    if (cpu_area_init(0, cpu0_stack))
        panic("Out of memory at start: give the machine more RAM");
    load_descriptors(0);
    cpu_smap_enable();
}

void start_first_cpu(u32 magic, u32 info)
{
    boot_info_collect(magic, info);
    start_xen();
}
