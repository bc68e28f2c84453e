/* SPDX-License-Identifier: MIT */
/* Puts the firmware's memory map in order, and cuts it to mem=. */
#include "asm/e820.h"

#include "xen/bug.h"
#include "xen/option.h"
#include "xen/printk.h"
#include "asm/page.h"

struct e820_map e820;

static u64 mem_limit; /* bytes; 0: none */
OPTION_SIZE("mem", mem_limit, "use no RAM above this address");

/* The type at an address: the highest of all ranges that hold it; 0: none. */
static u32 type_at(const struct e820_entry *raw, unsigned int nr, u64 addr)
{
    u32 type = 0;

    for (unsigned int i = 0; i < nr; i++)
        if (addr >= raw[i].addr && addr - raw[i].addr < raw[i].size)
            type = max(type, raw[i].type);
    return type;
}

/* The first address above `addr` at which a range starts or ends. */
static u64 next_border(const struct e820_entry *raw, unsigned int nr, u64 addr)
{
    u64 next = ~0UL;

    for (unsigned int i = 0; i < nr; i++) {
        u64 start = raw[i].addr, end = start + raw[i].size;

        if (start > addr && start < next)
            next = start;
        if (end > addr && end < next)
            next = end;
    }
    return next;
}

static void append(struct e820_map *map, u64 start, u64 end, u32 type)
{
    struct e820_entry *last = &map->entry[map->nr - 1];

    if (map->nr && last->type == type && last->addr + last->size == start)
        last->size += end - start;
    else if (map->nr < E820_MAX)
        map->entry[map->nr++] = (struct e820_entry){
            .addr = start, .size = end - start, .type = type};
}

void e820_normalize(const struct e820_entry *raw, unsigned int nr,
                    struct e820_map *map_out)
{
    u64 addr = 0, next;

    map_out->nr = 0;
    for (; (next = next_border(raw, nr, addr)) != ~0UL; addr = next) {
        u32 type = type_at(raw, nr, addr);

        if (type)
            append(map_out, addr, next, type);
    }
}

bool e820_all(paddr_t start, paddr_t end, u32 type)
{
    for (unsigned int i = 0; i < e820.nr && start < end; i++) {
        const struct e820_entry *e = &e820.entry[i];

        if (e->type == type && start >= e->addr && start < e->addr + e->size)
            start = e->addr + e->size;
    }
    return start >= end;
}

/* RAM above `limit` is not ours. */
static void cut_ram(u64 limit, const char *why)
{
    unsigned int kept = 0;
    u64 lost = 0;

    for (unsigned int i = 0; i < e820.nr; i++) {
        struct e820_entry e = e820.entry[i];

        if (e.type == E820_RAM && e.addr + e.size > limit) {
            u64 size = e.addr < limit ? limit - e.addr : 0;

            lost += e.size - size;
            e.size = size;
        }
        if (e.size)
            e820.entry[kept++] = e;
    }
    e820.nr = kept;
    if (lost)
        printk("%llu MiB of RAM are not used: %s\n",
               (unsigned long long)(lost >> 20), why);
}

static const char *type_name(u32 type)
{
    static const char *const names[] = {
        [E820_RAM] = "RAM",           [E820_RESERVED] = "reserved",
        [E820_ACPI] = "ACPI data",    [E820_NVS] = "ACPI NVS",
        [E820_UNUSABLE] = "unusable",
    };

    return type < ARRAY_SIZE(names) && names[type] ? names[type] : "unknown";
}

void e820_init(void)
{
    u64 ram = 0;

    e820_normalize(boot_info.e820, boot_info.nr_e820, &e820);
    cut_ram(DIRECTMAP_SIZE, "beyond what the hypervisor can map");
    if (mem_limit)
        cut_ram(mem_limit & PAGE_MASK, "mem= limits it");

    printk("Memory map:\n");
    for (unsigned int i = 0; i < e820.nr; i++) {
        const struct e820_entry *e = &e820.entry[i];

        printk(" %016llx - %016llx %s\n", (unsigned long long)e->addr,
               (unsigned long long)(e->addr + e->size), type_name(e->type));
        if (e->type == E820_RAM)
            ram += e->size;
    }
    if (ram == 0)
        panic("There is no usable RAM: check the mem= option");
    printk("System RAM: %llu MiB\n", (unsigned long long)(ram >> 20));
}
