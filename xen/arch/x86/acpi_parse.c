/* SPDX-License-Identifier: MIT */
/*
 * Parsers of single ACPI tables, each given all of a table's bytes.
 *
 * The firmware is trusted, but often sloppy: every length is checked, and a
 * record that does not fit ends its table.
 *
 * Source: ACPI 6.4, 5.2.5 (RSDP), 5.2.9 (FADT), 5.2.12 (MADT); IA-PC HPET 1.0a,
 * 3.2.4; PCI Firmware 3.2, 4.1.2 (MCFG).
 */
#include "asm/acpi.h"

#include "xen/errno.h"
#include "xen/string.h"

#define TABLE_HEADER_LEN 36

static u8 get8(const void *table, size_t offset)
{
    return ((const u8 *)table)[offset];
}

static u16 get16(const void *table, size_t offset)
{
    u16 v;

    memcpy(&v, (const u8 *)table + offset, sizeof(v));
    return v;
}

static u32 get32(const void *table, size_t offset)
{
    u32 v;

    memcpy(&v, (const u8 *)table + offset, sizeof(v));
    return v;
}

static u64 get64(const void *table, size_t offset)
{
    u64 v;

    memcpy(&v, (const u8 *)table + offset, sizeof(v));
    return v;
}

bool acpi_checksum_ok(const void *table, size_t len)
{
    u8 sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += get8(table, i);

    return sum == 0;
}

/* RSDP: signature 0, revision 15, RSDT 16; from revision 2 on length 20,
 * XSDT 24, and a second checksum over all of it. */
#define RSDP_V1_LEN 20
#define RSDP_V2_LEN 36

bool acpi_rsdp_valid(const void *rsdp, size_t len, paddr_t *root_out,
                     bool *wide_out)
{
    if (len < RSDP_V1_LEN || memcmp(rsdp, "RSD PTR ", 8) != 0 ||
        !acpi_checksum_ok(rsdp, RSDP_V1_LEN))
        return false;

    if (get8(rsdp, 15) >= 2 && len >= RSDP_V2_LEN &&
        get32(rsdp, 20) >= RSDP_V2_LEN && get32(rsdp, 20) <= len &&
        acpi_checksum_ok(rsdp, get32(rsdp, 20)) && get64(rsdp, 24) != 0) {
        *root_out = get64(rsdp, 24);
        *wide_out = true;
        return true;
    }
    *root_out = get32(rsdp, 16);
    *wide_out = false;
    return *root_out != 0;
}

/* MADT: local APIC address 36, records from 44 on, each with its type
 * and length in front. */
#define MADT_RECORDS             44
#define MADT_LAPIC               0
#define MADT_IOAPIC              1
#define MADT_OVERRIDE            2
#define MADT_LAPIC_NMI           4
#define MADT_LAPIC_ADDRESS       5
#define MADT_X2APIC              9
#define MADT_X2APIC_NMI          10
#define MADT_CPU_ENABLED         1u

#define INTI_POLARITY(flags)     ((flags)&3)
#define INTI_POLARITY_ACTIVE_LOW 3
#define INTI_TRIGGER(flags)      (((flags) >> 2) & 3)
#define INTI_TRIGGER_LEVEL       3

static void add_cpu(struct acpi_info *info, u32 apic_id, u32 acpi_id, u32 flags)
{
    if (!(flags & MADT_CPU_ENABLED) || info->nr_cpus == NR_CPUS)
        return;
    /* Some firmware lists a CPU both ways. */
    for (unsigned int i = 0; i < info->nr_cpus; i++)
        if (info->cpu[i].apic_id == apic_id)
            return;

    info->cpu[info->nr_cpus].apic_id = apic_id;
    info->cpu[info->nr_cpus].acpi_id = acpi_id;
    info->nr_cpus++;
}

static void madt_lapic(const u8 *rec, struct acpi_info *info)
{
    add_cpu(info, rec[3], rec[2], get32(rec, 4));
}

static void madt_x2apic(const u8 *rec, struct acpi_info *info)
{
    add_cpu(info, get32(rec, 4), get32(rec, 12), get32(rec, 8));
}

static void madt_ioapic(const u8 *rec, struct acpi_info *info)
{
    struct acpi_ioapic *io;

    if (info->nr_ioapics == ACPI_MAX_IOAPICS)
        return;
    io = &info->ioapic[info->nr_ioapics++];
    io->id = rec[2];
    io->address = get32(rec, 4);
    io->gsi_base = get32(rec, 8);
}

static void madt_override(const u8 *rec, struct acpi_info *info)
{
    struct acpi_override *o;
    u16 flags = get16(rec, 8);

    if (rec[2] != 0 || info->nr_overrides == ACPI_MAX_OVERRIDES)
        return; /* only bus 0 is ISA */
    o = &info->override[info->nr_overrides++];
    o->isa_irq = rec[3];
    o->gsi = get32(rec, 4);
    o->active_low = INTI_POLARITY(flags) == INTI_POLARITY_ACTIVE_LOW;
    o->level = INTI_TRIGGER(flags) == INTI_TRIGGER_LEVEL;
}

static void madt_lapic_nmi(const u8 *rec, struct acpi_info *info)
{
    info->nmi_lints |= 1u << (rec[5] & 1);
}

static void madt_x2apic_nmi(const u8 *rec, struct acpi_info *info)
{
    info->nmi_lints |= 1u << (rec[8] & 1);
}

static void madt_lapic_address(const u8 *rec, struct acpi_info *info)
{
    info->lapic_address = get64(rec, 4);
}

struct madt_kind {
    u8 min_len;
    void (*parse)(const u8 *rec, struct acpi_info *info);
};

static const struct madt_kind madt_kinds[] = {
    [MADT_LAPIC] = {8, madt_lapic},
    [MADT_IOAPIC] = {12, madt_ioapic},
    [MADT_OVERRIDE] = {10, madt_override},
    [MADT_LAPIC_NMI] = {6, madt_lapic_nmi},
    [MADT_LAPIC_ADDRESS] = {12, madt_lapic_address},
    [MADT_X2APIC] = {16, madt_x2apic},
    [MADT_X2APIC_NMI] = {12, madt_x2apic_nmi},
};

int acpi_parse_madt(const void *table, size_t len, struct acpi_info *info)
{
    size_t at = MADT_RECORDS;

    if (len < MADT_RECORDS)
        return -EINVAL;

    info->has_madt = true;
    info->lapic_address = get32(table, 36);

    while (at + 2 <= len) {
        const u8 *rec = (const u8 *)table + at;

        if (rec[1] < 2 || rec[1] > len - at)
            return -EINVAL;
        if (rec[0] < ARRAY_SIZE(madt_kinds) && madt_kinds[rec[0]].parse &&
            rec[1] >= madt_kinds[rec[0]].min_len)
            madt_kinds[rec[0]].parse(rec, info);
        at += rec[1];
    }
    return at == len ? 0 : -EINVAL;
}

/* FADT offsets. */
#define FADT_SCI             46
#define FADT_PM1A_CNT        64
#define FADT_PM1B_CNT        68
#define FADT_PM_TMR          76
#define FADT_PM_TMR_LEN      91
#define FADT_FLAGS           112
#define FADT_RESET_REG       116
#define FADT_RESET_VALUE     128
#define FADT_X_PM1A_CNT      172
#define FADT_X_PM1B_CNT      184
#define FADT_X_PM_TMR        208
#define FADT_MIN_LEN         116 /* ACPI 1.0 */
#define FADT_RESET_SUPPORTED (1u << 10)
#define FADT_TMR_VAL_EXT     (1u << 8)

static u16 fadt_port(const void *table, size_t len, size_t old, size_t ext)
{
    struct acpi_gas gas;
    u32 port = get32(table, old);

    if (len >= ext + sizeof(gas)) {
        memcpy(&gas, (const u8 *)table + ext, sizeof(gas));
        if (gas.address != 0 && gas.space == ACPI_SPACE_IO)
            port = gas.address <= 0xffff ? (u32)gas.address : 0;
    }
    return port <= 0xffff ? port : 0;
}

int acpi_parse_fadt(const void *table, size_t len, struct acpi_info *info)
{
    u32 flags;

    if (len < FADT_MIN_LEN)
        return -EINVAL;

    flags = get32(table, FADT_FLAGS);
    info->has_fadt = true;
    info->sci = get16(table, FADT_SCI);
    info->pm1a_control = fadt_port(table, len, FADT_PM1A_CNT, FADT_X_PM1A_CNT);
    info->pm1b_control = fadt_port(table, len, FADT_PM1B_CNT, FADT_X_PM1B_CNT);
    if (get8(table, FADT_PM_TMR_LEN) == 4) {
        info->pm_timer = fadt_port(table, len, FADT_PM_TMR, FADT_X_PM_TMR);
        info->pm_timer_32bit = flags & FADT_TMR_VAL_EXT;
    }
    if (len > FADT_RESET_VALUE && (flags & FADT_RESET_SUPPORTED)) {
        memcpy(&info->reset, (const u8 *)table + FADT_RESET_REG,
               sizeof(info->reset));
        info->reset_value = get8(table, FADT_RESET_VALUE);
        info->has_reset = info->reset.address != 0;
    }
    return 0;
}

/* HPET: base address (generic address) 40, page protection 55. */
#define HPET_LEN 56

int acpi_parse_hpet(const void *table, size_t len, struct acpi_info *info)
{
    struct acpi_gas gas;

    if (len < HPET_LEN)
        return -EINVAL;
    if (info->hpet_address != 0)
        return 0; /* the first block is the one we use */

    memcpy(&gas, (const u8 *)table + 40, sizeof(gas));
    if (gas.space != ACPI_SPACE_MEMORY || gas.address == 0)
        return -EINVAL;
    info->hpet_address = gas.address;
    info->hpet_page_protect = get8(table, 55) & 0xf;
    return 0;
}

#define MCFG_RECORDS    44
#define MCFG_RECORD_LEN 16

int acpi_parse_mcfg(const void *table, size_t len, struct acpi_info *info)
{
    size_t at = MCFG_RECORDS;

    if (len < MCFG_RECORDS)
        return -EINVAL;

    for (; at + MCFG_RECORD_LEN <= len; at += MCFG_RECORD_LEN) {
        struct acpi_mcfg *m = &info->mcfg[info->nr_mcfg];

        if (info->nr_mcfg == ACPI_MAX_MCFG)
            return 0;
        m->base = get64(table, at);
        m->segment = get16(table, at + 8);
        m->start_bus = get8(table, at + 10);
        m->end_bus = get8(table, at + 11);
        if (m->base == 0 || m->start_bus > m->end_bus)
            return -EINVAL;
        info->nr_mcfg++;
    }
    return at == len ? 0 : -EINVAL;
}
