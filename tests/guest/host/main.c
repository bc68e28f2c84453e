/* SPDX-License-Identifier: MIT */
/* What a control domain asks about the host: processors, symbols, devices, and
 * features of hypervisors that may not be there. */
#include "domain.h"

#include "public/physdev.h"
#include "public/platform.h"

#define BAD_POINTER 0x10UL
#define MAX_SYMBOLS 100000

static struct xen_sysctl op;
static struct xen_platform_op pf;

static long platform(uint32_t cmd)
{
    pf.cmd = cmd;
    pf.interface_version = XENPF_INTERFACE_VERSION;
    return hypercall(__HYPERVISOR_platform_op, &pf);
}

static void test_cpu_version(void)
{
    const struct xenpf_pcpu_version *version = &pf.u.pcpu_version;
    uint32_t a = 0, b, c = 0, d;

    pf.u.pcpu_version.xen_cpuid = 0;
    CHECK_EQ("cpu_version", platform(XENPF_get_cpu_version), 0);
    CHECK_EQ("last_cpu", version->max_present, 0);
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    CHECK_EQ("vendor", memcmp(version->vendor_id, &b, 4), 0);
    CHECK_EQ("vendors_end", memcmp(version->vendor_id + 8, &c, 4), 0);
    a = 1;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    CHECK_EQ("stepping", version->stepping, a & 15);
    pf.u.pcpu_version.xen_cpuid = 99;
    CHECK_EQ("version_of_no_cpu", platform(XENPF_get_cpu_version), 0);
    CHECK_EQ("version_of_no_cpu_is_empty", version->family, 0);
}

static void test_symbols(void)
{
    struct xenpf_symdata *sym = &pf.u.symdata;
    static char name[256];
    uint32_t nr, last = 0;
    bool good = true;

    *sym = (struct xenpf_symdata){
        .namelen = sizeof(name), .symnum = 0, .name = (uint64_t)name};
    CHECK_EQ("symbol", platform(XENPF_get_symbol), 0);
    CHECK_EQ("symbol_number_goes_on", sym->symnum, 1);
    CHECK("symbol_has_a_name", sym->namelen > 1 && name[0]);
    CHECK("symbol_is_the_hypervisors", sym->address >= HYPERVISOR_VIRT_START &&
                                           sym->address < HYPERVISOR_VIRT_END);
    CHECK_EQ("symbol_is_code", sym->type | 0x20, 't');
    for (nr = 1; nr < MAX_SYMBOLS && sym->symnum != last; nr++) {
        last = sym->symnum;
        sym->namelen = sizeof(name);
        good = good && platform(XENPF_get_symbol) == 0;
    }
    CHECK("symbols_can_be_read", good);
    CHECK("symbols_end", nr < MAX_SYMBOLS && nr > 100);
    CHECK("no_symbol_has_no_name", sym->namelen <= 1);
    sym->symnum = 0;
    sym->namelen = 4;
    sym->name = BAD_POINTER;
    CHECK_EQ("symbol_to_nowhere", platform(XENPF_get_symbol), -XEN_EFAULT);
}

static void test_pci_nodes(void)
{
    static struct physdev_pci_device devs[2] = {{0, 0, 0}, {0, 255, 255}};
    static uint32_t nodes[2];
    struct physdev_pci_device_add add = {.seg = 0};
    struct xen_sysctl_pcitopoinfo *info = &op.u.pcitopoinfo;

    /* Stock Xen knows devices that were told of. */
    hypercall(__HYPERVISOR_physdev_op, PHYSDEVOP_pci_device_add, &add);
    *info = (struct xen_sysctl_pcitopoinfo){
        .num_devs = 2, .devs = (uint64_t)devs, .nodes = (uint64_t)nodes};
    CHECK_EQ("nodes_of_devices", sysctl(XEN_SYSCTL_pcitopoinfo, &op), 0);
    CHECK_EQ("all_are_done", info->num_devs, 2);
    CHECK_EQ("node_is_not_known", nodes[0], XEN_INVALID_NODE_ID);
    CHECK_EQ("device_is_not_known", nodes[1], XEN_INVALID_DEV);
    info->devs = 0;
    CHECK_EQ("nodes_of_no_list", sysctl(XEN_SYSCTL_pcitopoinfo, &op),
             -XEN_EINVAL);
    info->devs = BAD_POINTER;
    info->num_devs = 1;
    CHECK_EQ("nodes_of_a_bad_list", sysctl(XEN_SYSCTL_pcitopoinfo, &op),
             -XEN_EFAULT);
}

static void test_absent(void)
{
    static const struct {
        const char *name;
        uint32_t cmd;
        long rc;
    } rows[] = {
        {"performance_counters", XEN_SYSCTL_perfc_op, -XEN_ENOSYS},
        {"power_statistics", XEN_SYSCTL_get_pmstat, -XEN_ENODEV},
        {"power_parameters", XEN_SYSCTL_pm_op, -XEN_ENOSYS},
        {"lock_profile", XEN_SYSCTL_lockprof_op, -XEN_ENOSYS},
        {"coverage", XEN_SYSCTL_coverage_op, -XEN_EOPNOTSUPP},
        {"psr_monitoring", XEN_SYSCTL_psr_cmt_op, -XEN_ENODEV},
        {"psr_allocation", XEN_SYSCTL_psr_alloc, -XEN_ENODEV},
        {"unknown_operation", 99, -XEN_ENOSYS},
        {"operation_0", 0, -XEN_ENOSYS},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
        memset(&op, 0, sizeof(op));
        CHECK_EQ(rows[i].name, sysctl(rows[i].cmd, &op), rows[i].rc);
    }
    memset(&op, 0, sizeof(op));
    CHECK_EQ("levelling", sysctl(XEN_SYSCTL_get_cpu_levelling_caps, &op), 0);
    memset(&pf, 0, sizeof(pf));
    CHECK_EQ("unknown_platform_operation", platform(99), -XEN_ENOSYS);
}

static void test_physinfo(void)
{
    const struct xen_sysctl_physinfo *info = &op.u.physinfo;
    const uint32_t needed = XEN_SYSCTL_PHYSCAP_pv |
                            XEN_SYSCTL_PHYSCAP_gnttab_v1 |
                            XEN_SYSCTL_PHYSCAP_gnttab_v2;

    memset(&op, 0x55, sizeof(op));
    CHECK_EQ("physinfo", sysctl(XEN_SYSCTL_physinfo, &op), 0);
    CHECK_EQ("host_runs_pv_guests", info->capabilities & needed, needed);
    CHECK_EQ("no_unknown_capabilities",
             info->capabilities & ~(2U * XEN_SYSCTL_PHYSCAP_MAX - 1), 0);
    CHECK_EQ("one_cpu", info->nr_cpus, 1);
    CHECK("host_has_memory", info->total_pages > 10000);
    CHECK("less_is_free", info->free_pages < info->total_pages);
}

void test_main(void)
{
    test_cpu_version();
    test_symbols();
    test_pci_nodes();
    test_absent();
    test_physinfo();
}
