/* SPDX-License-Identifier: MIT */
/* Hardware that a domain drives: I/O rights, interrupts, PCI. */
#ifndef XEN_PUBLIC_PHYSDEV_H
#define XEN_PUBLIC_PHYSDEV_H

#include "public/xen.h"

#define PHYSDEVOP_IRQ_UNMASK_NOTIFY  4 /* nothing; of the old call */
#define PHYSDEVOP_irq_status_query   5
#define PHYSDEVOP_set_iopl           6
#define PHYSDEVOP_set_iobitmap       7
#define PHYSDEVOP_apic_read          8  /* struct physdev_apic */
#define PHYSDEVOP_apic_write         9  /* struct physdev_apic */
#define PHYSDEVOP_alloc_irq_vector   10 /* struct physdev_irq */
#define PHYSDEVOP_free_irq_vector    11 /* struct physdev_irq */
#define PHYSDEVOP_eoi                12
#define PHYSDEVOP_map_pirq           13
#define PHYSDEVOP_unmap_pirq         14
#define PHYSDEVOP_manage_pci_add     15 /* struct physdev_manage_pci */
#define PHYSDEVOP_manage_pci_remove  16 /* struct physdev_manage_pci */
#define PHYSDEVOP_pirq_eoi_gmfn_v1   17 /* struct physdev_pirq_eoi_gmfn */
#define PHYSDEVOP_restore_msi        19
#define PHYSDEVOP_manage_pci_add_ext 20
#define PHYSDEVOP_setup_gsi          21
#define PHYSDEVOP_get_free_pirq      23
#define PHYSDEVOP_pci_mmcfg_reserved 24
#define PHYSDEVOP_pci_device_add     25
#define PHYSDEVOP_pci_device_remove  26 /* struct physdev_pci_device */
#define PHYSDEVOP_restore_msi_ext    27 /* struct physdev_pci_device */
#define PHYSDEVOP_pirq_eoi_gmfn_v2   28 /* struct physdev_pirq_eoi_gmfn */
#define PHYSDEVOP_dbgp_op            29
#define PHYSDEVOP_prepare_msix       30 /* struct physdev_pci_device */
#define PHYSDEVOP_release_msix       31 /* struct physdev_pci_device */
#define PHYSDEVOP_pirq_eoi_gmfn      PHYSDEVOP_pirq_eoi_gmfn_v2

/* physdev_irq_status_query.flags. */
#define XENIRQSTAT_needs_eoi (1U << 0) /* PHYSDEVOP_eoi after each */
#define XENIRQSTAT_shared    (1U << 1)

/* physdev_map_pirq.type. */
#define MAP_PIRQ_TYPE_MSI       0
#define MAP_PIRQ_TYPE_GSI       1
#define MAP_PIRQ_TYPE_UNKNOWN   2
#define MAP_PIRQ_TYPE_MSI_SEG   3 /* bus: segment << 16 | bus */
#define MAP_PIRQ_TYPE_MULTI_MSI 4 /* the same; entry_nr: how many */

/* physdev_pci_mmcfg_reserved.flags: the range is reserved in the E820. */
#define XEN_PCI_MMCFG_RESERVED 1

/* physdev_pci_device_add.flags. */
#define XEN_PCI_DEV_EXTFN  1
#define XEN_PCI_DEV_VIRTFN 2 /* physfn is valid */
#define XEN_PCI_DEV_PXM    4 /* optarr[0]: NUMA proximity */

/* physdev_dbgp_op.op and .bus. */
#define PHYSDEVOP_DBGP_RESET_PREPARE 1
#define PHYSDEVOP_DBGP_RESET_DONE    2
#define PHYSDEVOP_DBGP_BUS_UNKNOWN   0
#define PHYSDEVOP_DBGP_BUS_PCI       1

struct physdev_eoi {
    uint32_t irq; /* pirq */
};

/* A page with a bit for each pirq that wants PHYSDEVOP_eoi. With v1 the eoi
 * also unmasks the event channel. */
struct physdev_pirq_eoi_gmfn {
    xen_pfn_t gmfn;
};

struct physdev_irq_status_query {
    uint32_t irq;
    uint32_t flags; /* out: XENIRQSTAT_* */
};

struct physdev_set_iopl {
    uint32_t iopl; /* 0..3 */
};

struct physdev_set_iobitmap {
    xen_guest_ptr_t bitmap; /* as in a task state segment */
    uint32_t nr_ports;
};

struct physdev_apic {
    xen_ulong_t apic_physbase; /* of an I/O APIC */
    uint32_t reg;
    uint32_t value;
};

struct physdev_irq {
    uint32_t irq;
    uint32_t vector; /* out */
};

/* A pirq for a line or a message-signalled interrupt. */
struct physdev_map_pirq {
    domid_t domid;
    int32_t type;  /* MAP_PIRQ_TYPE_* */
    int32_t index; /* in: GSI; unused for MSI */
    int32_t pirq;  /* in: the one wanted or -1; out */
    int32_t bus;
    int32_t devfn;
    int32_t entry_nr;    /* of the MSI-X table */
    uint64_t table_base; /* of MSI-X; 0: MSI */
};

struct physdev_unmap_pirq {
    domid_t domid;
    int32_t pirq;
};

struct physdev_manage_pci {
    uint8_t bus;
    uint8_t devfn;
};

struct physdev_restore_msi {
    uint8_t bus;
    uint8_t devfn;
};

struct physdev_manage_pci_ext {
    uint8_t bus;
    uint8_t devfn;
    uint32_t is_extfn;
    uint32_t is_virtfn;
    struct {
        uint8_t bus;
        uint8_t devfn;
    } physfn;
};

/* The argument of the old call, physdev_op_compat. */
struct physdev_op {
    uint32_t cmd;
    union {
        struct physdev_irq_status_query irq_status_query;
        struct physdev_set_iopl set_iopl;
        struct physdev_set_iobitmap set_iobitmap;
        struct physdev_apic apic_op;
        struct physdev_irq irq_op;
    } u;
};

struct physdev_setup_gsi {
    int32_t gsi;
    uint8_t triggering; /* 0 edge, 1 level */
    uint8_t polarity;   /* 0 active high, 1 active low */
};

struct physdev_get_free_pirq {
    int32_t type;  /* MAP_PIRQ_TYPE_* */
    uint32_t pirq; /* out */
};

/* A window of memory-mapped configuration space. */
struct physdev_pci_mmcfg_reserved {
    uint64_t address;
    uint16_t segment;
    uint8_t start_bus;
    uint8_t end_bus;
    uint32_t flags; /* XEN_PCI_MMCFG_RESERVED */
};

struct physdev_pci_device_add {
    uint16_t seg;
    uint8_t bus;
    uint8_t devfn;
    uint32_t flags; /* XEN_PCI_DEV_* */
    struct {
        uint8_t bus;
        uint8_t devfn;
    } physfn;
    uint32_t optarr[];
};

struct physdev_pci_device {
    uint16_t seg;
    uint8_t bus;
    uint8_t devfn;
};

struct physdev_dbgp_op {
    uint8_t op;  /* PHYSDEVOP_DBGP_RESET_* */
    uint8_t bus; /* PHYSDEVOP_DBGP_BUS_* */
    union {
        struct physdev_pci_device pci;
    } u;
};

#endif
