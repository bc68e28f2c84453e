/* SPDX-License-Identifier: MIT */
/* Reboot, and stopping for good. */
#include "xen/shutdown.h"

#include "xen/option.h"
#include "xen/printk.h"
#include "asm/acpi.h"
#include "asm/irqflags.h"
#include "asm/processor.h"
#include "asm/smp.h"

#define RESET_CONTROL   0xcf9 /* of PCI chipsets */
#define RESET_HARD      0x02
#define RESET_CPU       0x04
#define KBC_COMMAND     0x64
#define KBC_STATUS_FULL 0x02
#define KBC_PULSE_RESET 0xfe
#define DELAY_PORT      0x80 /* an access takes about 1 us */
#define REBOOT_DELAY    5    /* s */

static bool noreboot;
OPTION_BOOL("noreboot", noreboot, "stop after a failure instead of rebooting");

static void delay_us(unsigned long us)
{
    while (us-- > 0)
        outb(0, DELAY_PORT);
}

static void reset_by_chipset(void)
{
    outb(RESET_HARD, RESET_CONTROL);
    delay_us(50);
    outb(RESET_HARD | RESET_CPU, RESET_CONTROL);
    delay_us(50);
}

static void reset_by_keyboard_controller(void)
{
    for (unsigned int i = 0; i < 10; i++) {
        for (unsigned int j = 0; j < 0x1000; j++)
            if (!(inb(KBC_COMMAND) & KBC_STATUS_FULL))
                break;
        delay_us(50);
        outb(KBC_PULSE_RESET, KBC_COMMAND);
        delay_us(50);
    }
}

static void __noreturn reset_by_triple_fault(void)
{
    static const struct {
        u16 limit;
        u64 base;
    } __packed no_idt = {0, 0};

    for (;;) {
        __asm__ volatile("lidt %0; int3" ::"m"(no_idt));
        delay_us(1000);
    }
}

void machine_restart(void)
{
    local_irq_disable();
    smp_stop_others();
    acpi_reset();
    delay_us(1000);
    reset_by_chipset();
    reset_by_keyboard_controller();
    reset_by_triple_fault();
}

void machine_halt(void)
{
    local_irq_disable();
    smp_stop_others();
    for (;;)
        halt();
}

void machine_fail(void)
{
    local_irq_disable();
    if (noreboot) {
        printk("Stopped (option noreboot)\n");
        machine_halt();
    }
    printk("Reboot in %u seconds...\n", REBOOT_DELAY);
    delay_us(REBOOT_DELAY * 1000000UL);
    machine_restart();
}
