/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor reads from the firmware's ACPI tables: processors,
 * interrupt controllers, timers, configuration space, power registers. No AML:
 * that is dom0's.
 */
#ifndef ASM_ACPI_H
#define ASM_ACPI_H

#include "xen/types.h"
#include "asm/config.h"

#define ACPI_MAX_IOAPICS   16
#define ACPI_MAX_OVERRIDES 64
#define ACPI_MAX_MCFG      16

/* A register as FADT's generic address structures name it. */
struct acpi_gas {
    u8 space; /* ACPI_SPACE_* */
    u8 bits;
    u8 offset;
    u8 access;
    u64 address;
} __packed;

#define ACPI_SPACE_MEMORY 0
#define ACPI_SPACE_IO     1
#define ACPI_SPACE_PCI    2

struct acpi_cpu {
    u32 apic_id;
    u32 acpi_id;
};

struct acpi_ioapic {
    u8 id;
    u32 gsi_base;
    paddr_t address;
};

/* An ISA interrupt that is not wired to the GSI of the same number, or not
 * edge and active high. */
struct acpi_override {
    u8 isa_irq;
    bool level;
    bool active_low;
    u32 gsi;
};

struct acpi_mcfg {
    u64 base;
    u16 segment;
    u8 start_bus;
    u8 end_bus;
};

struct acpi_info {
    /* MADT */
    bool has_madt;
    paddr_t lapic_address;
    unsigned int nr_cpus; /* usable ones; further ones are not stored */
    struct acpi_cpu cpu[NR_CPUS];
    unsigned int nr_ioapics;
    struct acpi_ioapic ioapic[ACPI_MAX_IOAPICS];
    unsigned int nr_overrides;
    struct acpi_override override[ACPI_MAX_OVERRIDES];
    unsigned int nmi_lints; /* bit n: LINTn is NMI on all or some CPUs */

    /* FADT */
    bool has_fadt;
    u16 sci;
    u16 pm1a_control, pm1b_control; /* ports; 0: none */
    u16 pm_timer;                   /* port; 0: none */
    bool pm_timer_32bit;
    bool has_reset;
    struct acpi_gas reset;
    u8 reset_value;

    /* Where the root pointer is that no BIOS area has (UEFI); 0: in one. */
    paddr_t rsdp_address;

    /* HPET */
    paddr_t hpet_address; /* 0: none */
    u8 hpet_page_protect; /* 0 none, 1: 4 KiB, 2: 64 KiB */

    /* MCFG */
    unsigned int nr_mcfg;
    struct acpi_mcfg mcfg[ACPI_MAX_MCFG];
};

extern struct acpi_info acpi;

/**
 * Find and read the tables, and hide those of IOMMUs from dom0.
 *
 * @rsdp  copy of the root pointer that the boot loader gave, `len` bytes;
 *        NULL: look for it where BIOSes put it
 *
 * A table that is missing, short or damaged is named in the log and taken for
 * absent. Needs ioremap().
 */
void acpi_init(const void *rsdp, size_t len);

/**
 * Enter a sleep state as dom0's ACPI code prepared it.
 *
 * @state        3 or 5
 * @val_a/val_b  what to write to the PM1a and PM1b control registers
 *
 * Does not return when the machine powers off.
 * Returns -EOPNOTSUPP for S3 and others; -ENODEV without PM1 registers;
 *         -EINVAL if val_a does not ask for sleep.
 * Source: ACPI 6.4, 4.8.3.2.1 and 16.1.
 */
long acpi_enter_sleep(u8 state, u16 val_a, u16 val_b);

/** Write the FADT's reset register, if there is one; may return. */
void acpi_reset(void);

/*
 * Parsers, each for one table with all its bytes. They return 0 or -EINVAL for
 * a table that is too short for what it says; what was read until then stays.
 */
int acpi_parse_madt(const void *table, size_t len, struct acpi_info *info);
int acpi_parse_fadt(const void *table, size_t len, struct acpi_info *info);
int acpi_parse_hpet(const void *table, size_t len, struct acpi_info *info);
int acpi_parse_mcfg(const void *table, size_t len, struct acpi_info *info);

/** The bytes add up to 0. */
bool acpi_checksum_ok(const void *table, size_t len);

/** Is this a valid RSDP? *root_out: address of the XSDT or RSDT, *wide_out:
 * it is an XSDT with 64-bit entries. */
bool acpi_rsdp_valid(const void *rsdp, size_t len, paddr_t *root_out,
                     bool *wide_out);

#endif
