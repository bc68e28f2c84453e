/* SPDX-License-Identifier: MIT */
/*
 * The local APIC of each CPU (SDM 3A chapter 10): identity, end of interrupt,
 * interrupts between processors, and the timer.
 */
#ifndef ASM_APIC_H
#define ASM_APIC_H

#include "xen/cpumask.h"
#include "xen/types.h"

/* Registers, as offsets into the xAPIC's page. */
#define APIC_ID      0x020
#define APIC_LVR     0x030
#define APIC_TPR     0x080
#define APIC_EOI     0x0b0
#define APIC_LDR     0x0d0
#define APIC_DFR     0x0e0
#define APIC_SVR     0x0f0
#define APIC_ISR     0x100
#define APIC_TMR     0x180
#define APIC_IRR     0x200
#define APIC_ESR     0x280
#define APIC_ICR     0x300
#define APIC_ICR2    0x310
#define APIC_LVTT    0x320
#define APIC_LVTTHMR 0x330
#define APIC_LVTPC   0x340
#define APIC_LVT0    0x350
#define APIC_LVT1    0x360
#define APIC_LVTERR  0x370
#define APIC_TMICT   0x380
#define APIC_TMCCT   0x390
#define APIC_TDCR    0x3e0

/** Registers are MSRs; ids have 32 bits. The same on all CPUs. */
extern bool x2apic_enabled;

/**
 * Switch this CPU's local APIC on: the boot CPU chooses the mode.
 * Needs acpi_init() and ioremap(). panic()s if there is no local APIC.
 */
void apic_init_bsp(void);
/** The same on another CPU, in the mode chosen. */
void apic_init_ap(void);
/** Mask all local sources and switch it off (before power-off or reset). */
void apic_shutdown(void);

u32 apic_read(unsigned int reg);
void apic_write(unsigned int reg, u32 value);

/** This CPU's id. */
u32 apic_id(void);

/** The interrupt in service is done. */
void apic_eoi(void);

/** The vector is in service on this CPU (it needs an EOI). */
bool apic_vector_in_service(unsigned int vector);

/* Interrupt other CPUs. Callable everywhere. */
void apic_send_ipi(unsigned int cpu, unsigned int vector);
void apic_send_ipi_mask(const struct cpumask *mask, unsigned int vector);
/** This CPU; also from an NMI that came amidst another of these. */
void apic_send_self(unsigned int vector);
void apic_send_nmi(unsigned int cpu);
/* To a CPU that does not run yet, by APIC id. */
void apic_send_init(u32 id);
void apic_send_startup(u32 id, unsigned int page);

/*
 * The timer counts at apic_timer_khz, or compares with the TSC.
 */
extern bool apic_timer_deadline; /* TSC-deadline mode */
extern unsigned long apic_timer_khz;

/** Count ticks from the highest value, with no interrupt: for calibration. */
void apic_timer_free_run(void);
u32 apic_timer_count(void);
/** Set this CPU's timer up for one-shot use, stopped. */
void apic_timer_init(void);
/** Interrupt this CPU once after so many ticks (0: never). */
void apic_timer_arm_ticks(u32 ticks);
/** Interrupt this CPU once when its TSC reaches `tsc` (0: never). */
void apic_timer_arm_deadline(u64 tsc);

#endif
