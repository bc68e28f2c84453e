/* SPDX-License-Identifier: MIT */
/*
 * Finds the ACPI tables, and does what the hypervisor itself does with ACPI's
 * hardware: sleep and reset.
 *
 * The tables lie in reserved memory, outside of the direct map, so each is
 * mapped while it is read.
 */
#include "asm/acpi.h"

#include "xen/errno.h"
#include "xen/printk.h"
#include "xen/string.h"
#include "xen/vmap.h"
#include "asm/apic.h"
#include "asm/e820.h"
#include "asm/io_apic.h"
#include "asm/irqflags.h"
#include "asm/processor.h"
#include "asm/smp.h"

struct acpi_info acpi;

/* Mapped in advance, if it lies in memory: a reset may follow any failure. */
static volatile u8 *reset_register;

#define HEADER_LEN 36
/* Larger ones are garbage, except for AML, which nobody here reads. */
#define MAX_TABLE_LEN (1u << 20)
#define MAX_TABLES    256
/* How far to look for the root pointer in one range of the memory map. */
#define MAX_RSDP_RANGE (16UL << 20)

struct table_kind {
    char signature[5];
    int (*parse)(const void *table, size_t len, struct acpi_info *info);
};

static const struct table_kind table_kinds[] = {
    {"APIC", acpi_parse_madt},
    {"FACP", acpi_parse_fadt},
    {"HPET", acpi_parse_hpet},
    {"MCFG", acpi_parse_mcfg},
};

/* Maps a whole table; its length goes to *len_out. NULL if it can't be one. */
static void *table_map(paddr_t pa, u32 *len_out)
{
    u8 *header = ioremap(pa, HEADER_LEN);
    u32 len;

    if (header == NULL)
        return NULL;
    memcpy(&len, header + 4, sizeof(len));
    iounmap(header);
    if (len < HEADER_LEN || len > MAX_TABLE_LEN)
        return NULL;
    *len_out = len;
    return ioremap(pa, len);
}

/* dom0 must not drive the IOMMUs: it does not find a table whose signature it
 * does not know. The letters change places, so the checksum stays right. */
static void table_hide(u8 *table)
{
    u8 first = table[0];

    table[0] = table[3];
    table[3] = first;
}

static void table_read(u8 *table, u32 len)
{
    if (memcmp(table, "DMAR", 4) == 0 || memcmp(table, "IVRS", 4) == 0) {
        table_hide(table);
        return;
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(table_kinds); i++) {
        const struct table_kind *kind = &table_kinds[i];

        if (memcmp(table, kind->signature, 4) != 0)
            continue;
        if (!acpi_checksum_ok(table, len))
            printk(XENLOG_WARNING "ACPI: %s: bad checksum, not used\n",
                   kind->signature);
        else if (kind->parse(table, len, &acpi) != 0)
            printk(XENLOG_WARNING "ACPI: %s: damaged\n", kind->signature);
    }
}

static void tables_read(paddr_t root, bool wide)
{
    unsigned int entry_len = wide ? 8 : 4;
    u32 root_len, len;
    u8 *dir = table_map(root, &root_len);

    if (dir == NULL || !acpi_checksum_ok(dir, root_len)) {
        printk(XENLOG_WARNING "ACPI: root table at %#lx: damaged\n",
               (unsigned long)root);
        if (dir != NULL)
            iounmap(dir);
        return;
    }
    for (unsigned int i = 0;
         i < MAX_TABLES && HEADER_LEN + (i + 1) * entry_len <= root_len; i++) {
        paddr_t pa = 0;
        u8 *table;

        memcpy(&pa, dir + HEADER_LEN + i * entry_len, entry_len);
        table = table_map(pa, &len);
        if (table == NULL)
            continue;
        table_read(table, len);
        iounmap(table);
    }
    iounmap(dir);
}

/* Looks in [start, start + len) at each 16th byte (ACPI 6.4, 5.2.5.1). */
static bool rsdp_scan(paddr_t start, size_t len, paddr_t *root, bool *wide)
{
    const u8 *mem = ioremap(start, len);
    bool found = false;

    if (mem == NULL)
        return false;
    for (size_t at = 0; at + 20 <= len && !found; at += 16)
        found = acpi_rsdp_valid(mem + at, len - at, root, wide);
    iounmap((void *)mem);
    return found;
}

#define BDA_EBDA_SEGMENT 0x40e
#define BIOS_START       0xe0000
#define BIOS_LEN         0x20000

static bool rsdp_find(paddr_t *root, bool *wide)
{
    u16 *bda = ioremap(BDA_EBDA_SEGMENT, sizeof(u16));
    paddr_t ebda = 0;

    if (bda != NULL) {
        ebda = (paddr_t)*bda << 4;
        iounmap(bda);
    }
    if (ebda >= 0x80000 && ebda < 0xa0000 - 1024 &&
        rsdp_scan(ebda, 1024, root, wide))
        return true;
    return rsdp_scan(BIOS_START, BIOS_LEN, root, wide);
}

/* Address of the bytes in [start, start + size), which UEFI puts at any
 * multiple of 4; 0: they are not there. */
static paddr_t bytes_find(paddr_t start, size_t size, const void *bytes,
                          size_t len)
{
    const u8 *mem = ioremap(start, size);
    paddr_t found = 0;

    if (mem == NULL)
        return 0;
    for (size_t at = 0; at + len <= size && !found; at += 4)
        if (memcmp(mem + at, bytes, len) == 0)
            found = start + at;
    iounmap((void *)mem);
    return found;
}

/*
 * Where the root pointer is of which the boot loader gave a copy. UEFI puts it
 * into memory of the types for ACPI, and tells its address only to programs
 * that run before the system does; dom0 has no other way to learn it.
 */
static paddr_t rsdp_place(const void *rsdp, size_t len)
{
    paddr_t found = 0;

    for (unsigned int i = 0; i < e820.nr && !found; i++) {
        const struct e820_entry *e = &e820.entry[i];

        if (e->type == E820_ACPI || e->type == E820_NVS)
            found = bytes_find(e->addr, min_t(u64, e->size, MAX_RSDP_RANGE),
                               rsdp, len);
    }
    return found;
}

/* The root table's place, by the loader's copy or from where BIOSes put it. */
static bool root_find(const void *rsdp, size_t len, paddr_t *root, bool *wide)
{
    paddr_t bios_root;
    bool bios_wide;

    if (rsdp == NULL || !acpi_rsdp_valid(rsdp, len, root, wide))
        return rsdp_find(root, wide);
    if (!rsdp_find(&bios_root, &bios_wide))
        acpi.rsdp_address = rsdp_place(rsdp, len);
    return true;
}

void acpi_init(const void *rsdp, size_t len)
{
    paddr_t root;
    bool wide;

    if (!root_find(rsdp, len, &root, &wide)) {
        printk(XENLOG_WARNING "ACPI: no tables found\n");
        return;
    }
    tables_read(root, wide);
    if (acpi.has_reset && acpi.reset.space == ACPI_SPACE_MEMORY)
        reset_register = ioremap(acpi.reset.address, 1);
    printk(XENLOG_INFO "ACPI: %u CPUs, %u IO-APICs, SCI %u%s%s\n", acpi.nr_cpus,
           acpi.nr_ioapics, acpi.sci, acpi.hpet_address ? ", HPET" : "",
           acpi.nr_mcfg ? ", MMCFG" : "");
}

/* PM1 control: SLP_TYP 10..12, SLP_EN 13 (ACPI 6.4, 4.8.3.2.1). */
#define PM1_SLP_EN      0x2000

#define SLEEP_STATE_OFF 5

long acpi_enter_sleep(u8 state, u16 val_a, u16 val_b)
{
    if (state != SLEEP_STATE_OFF)
        return -EOPNOTSUPP;
    if (acpi.pm1a_control == 0)
        return -ENODEV;
    if (!(val_a & PM1_SLP_EN))
        return -EINVAL;

    printk(XENLOG_INFO "Powering off\n");
    smp_stop_others();
    local_irq_disable();
    ioapic_shutdown();
    apic_shutdown();

    outw(val_a & ~PM1_SLP_EN, acpi.pm1a_control);
    if (acpi.pm1b_control != 0)
        outw(val_b & ~PM1_SLP_EN, acpi.pm1b_control);
    outw(val_a, acpi.pm1a_control);
    if (acpi.pm1b_control != 0)
        outw(val_b, acpi.pm1b_control);

    /* The other CPUs are gone: there is nothing to return to. */
    for (;;)
        halt();
}

void acpi_reset(void)
{
    if (!acpi.has_reset)
        return;
    if (acpi.reset.space == ACPI_SPACE_IO)
        outb(acpi.reset_value, acpi.reset.address);
    else if (reset_register != NULL)
        *reset_register = acpi.reset_value;
}
