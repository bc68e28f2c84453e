/* SPDX-License-Identifier: MIT */
/* physdev_op and platform_op: the first domain's rights, wrong arguments. */
#include "public/physdev.h"
#include "public/platform.h"

#include "guest.h"

static long physdev_op(int cmd, void *arg)
{
    return hypercall(__HYPERVISOR_physdev_op, cmd, arg);
}

static void test_pirqs(void)
{
    struct physdev_irq irq = {.irq = 9};
    struct physdev_map_pirq map = {
        .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 9, .pirq = 9};
    struct physdev_unmap_pirq unmap = {.domid = DOMID_SELF, .pirq = 9};
    struct physdev_irq_status_query query = {.irq = 9};
    struct physdev_eoi eoi = {.irq = 100000};

    CHECK_EQ("map_of_a_gsi", physdev_op(PHYSDEVOP_map_pirq, &map), 0);
    CHECK_EQ("map_tells_the_pirq", map.pirq, 9);
    CHECK_EQ("alloc_irq_vector", physdev_op(PHYSDEVOP_alloc_irq_vector, &irq),
             0);
    CHECK_EQ("irq_status", physdev_op(PHYSDEVOP_irq_status_query, &query), 0);
    query.irq = 100000;
    CHECK_EQ("irq_status_of_a_bad_pirq",
             physdev_op(PHYSDEVOP_irq_status_query, &query), -XEN_EINVAL);
    CHECK_EQ("eoi_of_a_bad_pirq", physdev_op(PHYSDEVOP_eoi, &eoi), -XEN_EINVAL);
    CHECK_EQ("unmap_of_a_gsi", physdev_op(PHYSDEVOP_unmap_pirq, &unmap), 0);
    unmap.pirq = 100000;
    CHECK_EQ("unmap_of_a_bad_pirq", physdev_op(PHYSDEVOP_unmap_pirq, &unmap),
             -XEN_EINVAL);
    unmap.pirq = -5;
    CHECK_EQ("unmap_of_a_negative_pirq",
             physdev_op(PHYSDEVOP_unmap_pirq, &unmap), -XEN_EINVAL);
}

static void check_map(const char *name, domid_t domid, int type, int index,
                      int pirq, long error)
{
    struct physdev_map_pirq map = {
        .domid = domid, .type = type, .index = index, .pirq = pirq};
    long rc = physdev_op(PHYSDEVOP_map_pirq, &map);

    if (error)
        CHECK_EQ(name, rc, error);
    else
        CHECK(name, rc < 0);
}

static void test_bad_maps(void)
{
    check_map("map_of_a_bad_gsi", DOMID_SELF, MAP_PIRQ_TYPE_GSI, 100000, -1,
              -XEN_EINVAL);
    check_map("map_of_a_negative_gsi", DOMID_SELF, MAP_PIRQ_TYPE_GSI, -7, -1,
              -XEN_EINVAL);
    check_map("map_to_a_huge_pirq", DOMID_SELF, MAP_PIRQ_TYPE_GSI, 9, 100000,
              0);
    check_map("map_of_an_unknown_type", DOMID_SELF, 77, 9, -1, -XEN_EINVAL);
    check_map("map_for_nobody", 0x1234, MAP_PIRQ_TYPE_GSI, 9, 9, -XEN_ESRCH);
    check_map("map_of_msi_without_a_device", DOMID_SELF, MAP_PIRQ_TYPE_MSI_SEG,
              -1, -1, 0);
}

static void test_gsis(void)
{
    struct physdev_setup_gsi gsi = {.gsi = 100000};

    CHECK_EQ("setup_of_a_bad_gsi", physdev_op(PHYSDEVOP_setup_gsi, &gsi),
             -XEN_EINVAL);
    gsi.gsi = -1;
    CHECK_EQ("setup_of_a_negative_gsi", physdev_op(PHYSDEVOP_setup_gsi, &gsi),
             -XEN_EINVAL);
}

static void test_io_rights(void)
{
    struct physdev_set_iopl iopl = {.iopl = 4};
    static uint8_t bits[8192];
    struct physdev_set_iobitmap bitmap = {.bitmap = (uint64_t)bits,
                                          .nr_ports = 65537};

    CHECK_EQ("iopl_4", physdev_op(PHYSDEVOP_set_iopl, &iopl), -XEN_EINVAL);
    iopl.iopl = 1;
    CHECK_EQ("iopl_1", physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    CHECK_EQ("bitmap_of_too_many_ports",
             physdev_op(PHYSDEVOP_set_iobitmap, &bitmap), -XEN_EINVAL);
    bitmap.nr_ports = 65536;
    CHECK_EQ("bitmap", physdev_op(PHYSDEVOP_set_iobitmap, &bitmap), 0);
    bitmap.nr_ports = 0;
    CHECK_EQ("bitmap_off", physdev_op(PHYSDEVOP_set_iobitmap, &bitmap), 0);
}

static void test_io_apic(void)
{
    struct physdev_apic apic = {.apic_physbase = 0xfec00000, .reg = 1};

    CHECK_EQ("io_apic_version", physdev_op(PHYSDEVOP_apic_read, &apic), 0);
    CHECK_EQ("io_apic_has_24_pins", apic.value >> 16 & 0xff, 23);
    apic.apic_physbase = 0x12340000;
    CHECK_EQ("io_apic_that_is_not_there",
             physdev_op(PHYSDEVOP_apic_read, &apic), -XEN_EINVAL);
}

static void test_eoi_page(void)
{
    uint64_t *page = page_alloc();
    struct physdev_pirq_eoi_gmfn op = {.gmfn = 0x7fffffffff};

    CHECK_EQ("eoi_page_beyond_memory",
             physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &op), -XEN_EINVAL);
    op.gmfn = 0x200;
    CHECK_EQ("eoi_page_in_the_hypervisor",
             physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &op), -XEN_EINVAL);
    op.gmfn = va_to_mfn(boot_l4());
    CHECK_EQ("eoi_page_in_a_table", physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &op),
             -XEN_EINVAL);
    op.gmfn = va_to_mfn(page);
    CHECK_EQ("eoi_page", physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &op), 0);
    CHECK_EQ("eoi_page_twice", physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &op),
             -XEN_EBUSY);
}

static void test_pci(void)
{
    struct physdev_pci_device device = {.seg = 77, .bus = 3, .devfn = 8};

    CHECK("removal_of_a_device_that_is_not_there",
          physdev_op(PHYSDEVOP_pci_device_remove, &device) < 0);
    CHECK("restore_of_a_device_that_is_not_there",
          physdev_op(PHYSDEVOP_restore_msi_ext, &device) < 0);
    CHECK("msix_of_a_device_that_is_not_there",
          physdev_op(PHYSDEVOP_prepare_msix, &device) < 0);
}

static void test_bad_pointers(void)
{
    static const int commands[] = {
        PHYSDEVOP_irq_status_query, PHYSDEVOP_set_iopl,
        PHYSDEVOP_set_iobitmap,     PHYSDEVOP_apic_read,
        PHYSDEVOP_alloc_irq_vector, PHYSDEVOP_eoi,
        PHYSDEVOP_map_pirq,         PHYSDEVOP_unmap_pirq,
        PHYSDEVOP_setup_gsi,        PHYSDEVOP_pci_device_add};

    for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++) {
        CHECK_EQ("argument_from_nowhere", physdev_op(commands[i], (void *)0x10),
                 -XEN_EFAULT);
        CHECK_EQ("argument_in_the_hypervisor",
                 physdev_op(commands[i], (void *)HYPERVISOR_VIRT_START),
                 -XEN_EFAULT);
    }
    CHECK_EQ("unknown_operation", physdev_op(99, NULL), -XEN_ENOSYS);
}

static void test_platform(void)
{
    static struct xen_platform_op op;

    op.cmd = 55;
    op.interface_version = 1;
    CHECK_EQ("platform_op_of_another_version",
             hypercall(__HYPERVISOR_platform_op, &op), -XEN_EACCES);
    op.interface_version = 0x03000001;
    op.cmd = 9999;
    CHECK_EQ("unknown_platform_op", hypercall(__HYPERVISOR_platform_op, &op),
             -XEN_ENOSYS);
    CHECK_EQ("platform_op_from_nowhere",
             hypercall(__HYPERVISOR_platform_op, 0x10), -XEN_EFAULT);
    op.cmd = 55;
    CHECK_EQ("platform_op_cpuinfo", hypercall(__HYPERVISOR_platform_op, &op),
             0);
}

void test_main(void)
{
    test_pirqs();
    test_bad_maps();
    test_gsis();
    test_io_rights();
    test_io_apic();
    test_pci();
    test_bad_pointers();
    test_platform();
    test_eoi_page();
}
