/* SPDX-License-Identifier: MIT */
/*
 * I/O ports of guests: who may, and what is behind them. An access that spans
 * ports of different kinds is done in halves, down to single bytes.
 */
#include "asm/ioport.h"

#include "public/xen.h"
#include "xen/guest_access.h"
#include "xen/pci.h"
#include "xen/vcpu.h"
#include "asm/acpi.h"
#include "asm/processor.h"
#include "asm/pv.h"
#include "asm/time.h"
#include "asm/rights.h"

#define PORT_PIT_CHANNEL2 0x42
#define PORT_CMOS_INDEX   0x70
#define PORT_CMOS_DATA    0x71
#define PORT_SMI          0xb2
#define PORT_PCI_ADDRESS  0xcf8
#define PORT_PCI_DATA     0xcfc

#define CMOS_INDEX_MASK   0x7f /* bit 7 masks NMIs */

/* The address latch: enable, reserved, bus and function, register. */
#define PCI_ADDRESS_ENABLE   0x80000000
#define PCI_ADDRESS_RESERVED 0x7f000000

static u32 all_ones(unsigned int bytes)
{
    return ~0u >> (32 - 8 * bytes);
}

bool ioport_iopl_ok(const struct vcpu *v)
{
    bool architectural =
        v->domain->vm_assist & (1UL << VMASST_TYPE_architectural_iopl);

    if (!guest_kernel_mode(v))
        return v->arch.iopl == 3;
    return architectural || v->arch.iopl >= 1;
}

/* The guest's bitmap lies in its kernel's memory, which programs' tables do
 * not map. */
static bool bitmap_permits(struct vcpu *v, u16 port, unsigned int bytes)
{
    bool user = !guest_kernel_mode(v);
    u8 map[2] = {0xff, 0xff};
    unsigned int len = (port % 8) + bytes > 8 ? 2 : 1;
    u16 bits;
    int rc;

    if (!v->arch.iobmp || port + bytes > v->arch.iobmp_limit)
        return false;

    if (user)
        pv_toggle_mode(v);
    rc = copy_from_guest(map, v->arch.iobmp + port / 8, len);
    if (user)
        pv_toggle_mode(v);

    bits = (u16)(map[0] | map[1] << 8) >> (port % 8);
    return rc == 0 && !(bits & ((1u << bytes) - 1));
}

bool ioport_enabled(struct vcpu *v, u16 port, unsigned int bytes)
{
    return ioport_iopl_ok(v) || bitmap_permits(v, port, bytes);
}

/* The domain has these ports of the machine, all of them. */
static bool is_permitted(struct domain *d, u16 port, unsigned int bytes)
{
    return rights_have(d, RIGHT_IOPORT, port, port + bytes - 1);
}

static bool touches_cmos(u16 port, unsigned int bytes)
{
    return port <= PORT_CMOS_DATA && port + bytes > PORT_CMOS_INDEX;
}

/* Straight to the machine? */
static bool is_direct(struct domain *d, u16 port, unsigned int bytes)
{
    return !touches_cmos(port, bytes) && is_permitted(d, port, bytes);
}

static u32 machine_read(u16 port, unsigned int bytes)
{
    switch (bytes) {
    case 1:
        return inb(port);
    case 2:
        return inw(port);
    default:
        return inl(port);
    }
}

/* Firmware may take more than the byte from the registers, and answer in
 * them: they are the guest's. */
static void smi_write(u8 value)
{
    struct cpu_regs *regs = guest_regs();
    u64 rax = (regs->rax & ~0xffULL) | value;

    __asm__ volatile("outb %%al, %[port]"
                     : "+a"(rax), "+b"(regs->rbx), "+c"(regs->rcx),
                       "+d"(regs->rdx), "+S"(regs->rsi), "+D"(regs->rdi)
                     : [port] "i"(PORT_SMI)
                     : "memory");
    regs->rax = rax;
}

static void machine_write(u16 port, unsigned int bytes, u32 value)
{
    if (port == PORT_SMI && bytes == 1)
        smi_write(value);
    else if (bytes == 1)
        outb(value, port);
    else if (bytes == 2)
        outw(value, port);
    else
        outl(value, port);
}

/* Where the domain's latch points to, with the data port's two low bits. */
static bool pci_target(const struct domain *d, u16 port, u16 *bdf_out,
                       unsigned int *reg_out)
{
    u32 address = READ_ONCE(d->arch.pci_cf8);

    if (!d->is_hardware ||
        (address & (PCI_ADDRESS_ENABLE | PCI_ADDRESS_RESERVED)) !=
            PCI_ADDRESS_ENABLE)
        return false;
    *bdf_out = address >> 8;
    *reg_out = (address & 0xfc) | (port & 3);
    return true;
}

static bool is_pci_data(u16 port, unsigned int bytes)
{
    return port >= PORT_PCI_DATA && port + bytes <= PORT_PCI_DATA + 4 &&
           port % bytes == 0;
}

static u32 pci_read(const struct domain *d, u16 port, unsigned int bytes)
{
    unsigned int reg;
    u16 bdf;

    if (!pci_target(d, port, &bdf, &reg))
        return all_ones(bytes);
    return pci_conf_read(0, bdf, reg, bytes);
}

static void pci_write(const struct domain *d, u16 port, unsigned int bytes,
                      u32 value)
{
    unsigned int reg;
    u16 bdf;

    if (pci_target(d, port, &bdf, &reg) &&
        pci_conf_write_intercept(bdf, reg, bytes, &value))
        pci_conf_write(0, bdf, reg, bytes, value);
}

static bool is_pm_timer(const struct domain *d, u16 port, unsigned int bytes)
{
    return d->is_hardware && bytes == 4 && acpi.pm_timer &&
           port == acpi.pm_timer;
}

/* A byte that is not simply the machine's. */
static u8 read_special(struct domain *d, u16 port)
{
    switch (port) {
    case PORT_CMOS_INDEX:
        return d->is_hardware ? READ_ONCE(d->arch.cmos_index) : 0xff;
    case PORT_CMOS_DATA:
        return d->is_hardware ? cmos_read(READ_ONCE(d->arch.cmos_index)) : 0xff;
    case PORT_PIT_CHANNEL2:
        /* A kernel that calibrates its TSC by the PIT gives up at once when the
         * counter does not start at the value it has set. */
        return 0;
    default:
        return 0xff;
    }
}

static void write_special(struct domain *d, u16 port, u8 value)
{
    if (!d->is_hardware)
        return;
    if (port == PORT_CMOS_INDEX)
        WRITE_ONCE(d->arch.cmos_index, value & CMOS_INDEX_MASK);
    else if (port == PORT_CMOS_DATA)
        cmos_write(READ_ONCE(d->arch.cmos_index), value);
}

u32 ioport_read(struct vcpu *v, u16 port, unsigned int bytes)
{
    struct domain *d = v->domain;
    unsigned int half = bytes / 2;
    u32 low;

    if (port == PORT_PCI_ADDRESS && bytes == 4)
        return READ_ONCE(d->arch.pci_cf8);
    if (is_pci_data(port, bytes))
        return pci_read(d, port, bytes);
    if (is_pm_timer(d, port, bytes) || is_direct(d, port, bytes))
        return machine_read(port, bytes);
    if (bytes == 1)
        return read_special(d, port);

    low = ioport_read(v, port, half);
    return low | ioport_read(v, port + half, half) << (8 * half);
}

void ioport_write(struct vcpu *v, u16 port, unsigned int bytes, u32 value)
{
    struct domain *d = v->domain;
    unsigned int half = bytes / 2;

    value &= all_ones(bytes);
    if (port == PORT_PCI_ADDRESS && bytes == 4) {
        WRITE_ONCE(d->arch.pci_cf8, value);
    } else if (is_pci_data(port, bytes)) {
        pci_write(d, port, bytes, value);
    } else if (is_direct(d, port, bytes)) {
        machine_write(port, bytes, value);
    } else if (bytes == 1) {
        write_special(d, port, value);
    } else {
        ioport_write(v, port, half, value);
        ioport_write(v, port + half, half, value >> (8 * half));
    }
}
