/* SPDX-License-Identifier: MIT */
/* sysctl: the console ring, lists of domains, what the host has. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "public/sched.h"
#include "public/sysctl.h"
#include "xen/console.h"
#include "xen/debug_key.h"
#include "xen/errno.h"
#include "xen/hypercall.h"
#include "xen/pci.h"
#include "xen/sched.h"
#include "xen/sysctl.h"
#include "fake/fake.h"

static struct xen_sysctl *op;
static const char *ring;
static bool ring_cleared;
static char keys[16];

size_t console_ring_read(u32 *index, char *buf, size_t len)
{
    size_t left = strlen(ring) - *index;

    len = min(len, left);
    memcpy(buf, ring + *index, len);
    *index += len;
    return len;
}

void console_ring_clear(void)
{
    ring_cleared = true;
}

void debug_key_handle(char key)
{
    keys[strlen(keys)] = key;
}

void vcpu_runstate_get(const struct vcpu *v, struct vcpu_runstate_info *out)
{
    *out = v->runstate;
}

/* Two threads per core, one package. */
void arch_cpu_topology(unsigned int cpu, struct xen_sysctl_cputopo *topo_out)
{
    topo_out->core = cpu / 2;
    topo_out->socket = 0;
}

void arch_hw_capabilities(u32 caps_out[8])
{
    for (u32 i = 0; i < 8; i++)
        caps_out[i] = i + 1;
}

void pci_lock_acquire(void)
{
}

void pci_lock_release(void)
{
}

/* There is one. */
struct pci_device *pci_device_find_locked(u16 segment, u16 bdf)
{
    static struct pci_device device;

    return segment == 0 && bdf == 0x0108 ? &device : NULL;
}

int arch_sysctl_get_cpu_featureset(struct xen_sysctl *sysctl)
{
    sysctl->u.cpu_featureset.nr_features = 1;
    return -ENOBUFS;
}

int arch_sysctl_get_cpu_policy(struct xen_sysctl *sysctl)
{
    (void)sysctl;
    return -EINVAL;
}

static long call(unsigned int cmd)
{
    op->cmd = cmd;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return do_sysctl((unsigned long)op, 0, 0, 0, 0);
}

static int setup(void **state)
{
    (void)state;
    op = fake_guest_alloc(sizeof(*op));
    ring = "one\ntwo\n";
    ring_cleared = false;
    memset(keys, 0, sizeof(keys));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_guest_free();
    fake_domains_free();
    return 0;
}

static void another_version_is_eacces(void **state)
{
    (void)state;
    op->cmd = XEN_SYSCTL_physinfo;
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION + 1;
    assert_int_equal(do_sysctl((unsigned long)op, 0, 0, 0, 0), -EACCES);
}

static void memory_that_is_not_there_is_efault(void **state)
{
    (void)state;
    assert_int_equal(do_sysctl(8, 0, 0, 0, 0), -EFAULT);
}

static void unknown_operations_are_enosys(void **state)
{
    (void)state;
    assert_int_equal(call(0), -ENOSYS);
    assert_int_equal(call(XEN_SYSCTL_tbuf_op), -ENOSYS);
    assert_int_equal(call(XEN_SYSCTL_perfc_op), -ENOSYS);
    assert_int_equal(call(~0u), -ENOSYS);
}

static void absent_features_have_their_own_errors(void **state)
{
    (void)state;
    assert_int_equal(call(XEN_SYSCTL_get_pmstat), -ENODEV);
    assert_int_equal(call(XEN_SYSCTL_psr_alloc), -ENODEV);
    assert_int_equal(call(XEN_SYSCTL_coverage_op), -EOPNOTSUPP);
    assert_int_equal(call(XEN_SYSCTL_pm_op), -ENOSYS);
    op->u.cpu_levelling_caps.caps = 5;
    assert_int_equal(call(XEN_SYSCTL_get_cpu_levelling_caps), 0);
    assert_int_equal(op->u.cpu_levelling_caps.caps, 0);
}

static void pci_devices_have_no_node(void **state)
{
    struct xen_sysctl_pcitopoinfo *info = &op->u.pcitopoinfo;
    struct physdev_pci_device *devs = fake_guest_alloc(100 * sizeof(*devs));
    u32 *nodes = fake_guest_alloc(100 * sizeof(*nodes));

    (void)state;
    *info = (struct xen_sysctl_pcitopoinfo){.num_devs = 100};
    assert_int_equal(call(XEN_SYSCTL_pcitopoinfo), -EINVAL);
    info->devs = (u64)devs;
    info->nodes = (u64)nodes;
    devs[1] = (struct physdev_pci_device){0, 1, 8};
    devs[2] = (struct physdev_pci_device){1, 1, 8};
    assert_int_equal(call(XEN_SYSCTL_pcitopoinfo), 0);
    assert_int_equal(info->num_devs, 64);
    assert_int_equal(nodes[0], XEN_INVALID_DEV);
    assert_int_equal(nodes[1], XEN_INVALID_NODE_ID);
    assert_int_equal(nodes[2], XEN_INVALID_DEV);
    assert_int_equal(nodes[64], 0);
    info->nodes = 8;
    assert_int_equal(call(XEN_SYSCTL_pcitopoinfo), -EFAULT);
    info->devs = 8;
    assert_int_equal(call(XEN_SYSCTL_pcitopoinfo), -EFAULT);
}

static void what_failed_is_told_too(void **state)
{
    (void)state;
    assert_int_equal(call(XEN_SYSCTL_get_cpu_featureset), -ENOBUFS);
    assert_int_equal(op->u.cpu_featureset.nr_features, 1);
}

static void readconsole_gives_text_and_the_next_index(void **state)
{
    char *buffer = fake_guest_alloc(64);

    (void)state;
    op->u.readconsole.buffer = (unsigned long)buffer;
    op->u.readconsole.count = 5;
    assert_int_equal(call(XEN_SYSCTL_readconsole), 0);
    assert_int_equal(op->u.readconsole.count, 5);
    assert_memory_equal(buffer, "one\nt", 5);

    op->u.readconsole.incremental = 1;
    op->u.readconsole.count = 64;
    assert_int_equal(call(XEN_SYSCTL_readconsole), 0);
    assert_int_equal(op->u.readconsole.count, 3);
    assert_memory_equal(buffer, "wo\n", 3);
    assert_false(ring_cleared);
}

static void readconsole_clears_when_asked(void **state)
{
    (void)state;
    op->u.readconsole.clear = 1;
    assert_int_equal(call(XEN_SYSCTL_readconsole), 0);
    assert_true(ring_cleared);
}

static void readconsole_that_faults_clears_nothing(void **state)
{
    (void)state;
    op->u.readconsole.clear = 1;
    op->u.readconsole.count = 64;
    assert_int_equal(call(XEN_SYSCTL_readconsole), -EFAULT);
    assert_false(ring_cleared);
}

static void domain_list_has_all_from_the_first_on(void **state)
{
    struct xen_domctl_getdomaininfo *info = fake_guest_alloc(4 * sizeof(*info));
    struct domain *d = fake_domain(7, 2);

    (void)state;
    fake_domain(0, 1);
    fake_domain(9, 1);
    d->vcpu[0]->runstate.time[RUNSTATE_running] = 30;
    d->vcpu[1]->runstate.time[RUNSTATE_running] = 12;
    set_bit(VPF_down, &d->vcpu[1]->pause_flags);
    d->controller_pause = true;
    op->u.getdomaininfolist.first_domain = 1;
    op->u.getdomaininfolist.max_domains = 4;
    op->u.getdomaininfolist.buffer = (unsigned long)info;
    assert_int_equal(call(XEN_SYSCTL_getdomaininfolist), 0);
    assert_int_equal(op->u.getdomaininfolist.num_domains, 2);
    assert_int_equal(info[0].domain, 7);
    assert_int_equal(info[0].cpu_time, 42);
    assert_int_equal(info[0].nr_online_vcpus, 1);
    assert_int_equal(info[0].max_vcpu_id, 1);
    assert_int_equal(info[0].flags, 0xffff0000 | XEN_DOMINF_paused);
    assert_int_equal(info[1].domain, 9);
    assert_int_equal(atomic_read(&d->refcnt), 1);
}

static void domain_list_stops_when_it_is_full(void **state)
{
    struct xen_domctl_getdomaininfo *info = fake_guest_alloc(sizeof(*info));

    (void)state;
    fake_domain(0, 1);
    fake_domain(1, 1);
    op->u.getdomaininfolist.max_domains = 1;
    op->u.getdomaininfolist.buffer = (unsigned long)info;
    assert_int_equal(call(XEN_SYSCTL_getdomaininfolist), 0);
    assert_int_equal(op->u.getdomaininfolist.num_domains, 1);
}

static void domain_info_tells_why_it_stopped(void **state)
{
    struct xen_domctl_getdomaininfo *info = fake_guest_alloc(sizeof(*info));
    struct domain *d = fake_domain(1, 2);
    unsigned int nr_sleeps = fake_nr_sleeps;

    (void)state;
    fake_set_current(fake_domain(7, 1)->vcpu[0]);
    d->is_shut_down = true;
    d->shutdown_code = SHUTDOWN_suspend;
    op->u.getdomaininfolist.max_domains = 1;
    op->u.getdomaininfolist.buffer = (unsigned long)info;
    assert_int_equal(call(XEN_SYSCTL_getdomaininfolist), 0);
    assert_int_equal(info->flags, 0x00020004);
    assert_int_equal(fake_nr_sleeps, nr_sleeps + 2);
}

static void physinfo_counts_cpus_and_pages(void **state)
{
    const struct xen_sysctl_physinfo *info = &op->u.physinfo;

    (void)state;
    assert_int_equal(call(XEN_SYSCTL_physinfo), 0);
    assert_int_equal(info->threads_per_core, 2);
    assert_int_equal(info->cores_per_socket, FAKE_NR_CPUS / 2);
    assert_int_equal(info->nr_cpus, FAKE_NR_CPUS);
    assert_int_equal(info->max_cpu_id, FAKE_NR_CPUS - 1);
    assert_int_equal(info->capabilities, 0x302);
    assert_int_equal(info->total_pages, FAKE_NR_FRAMES);
    assert_int_equal(info->max_mfn, FAKE_NR_FRAMES - 1);
    assert_int_equal(info->hw_cap[7], 8);
}

static void topology_without_array_only_counts(void **state)
{
    struct xen_sysctl_cputopo *topo = fake_guest_alloc(2 * sizeof(*topo));

    (void)state;
    assert_int_equal(call(XEN_SYSCTL_cputopoinfo), 0);
    assert_int_equal(op->u.cputopoinfo.num_cpus, FAKE_NR_CPUS);

    op->u.cputopoinfo.num_cpus = 2;
    op->u.cputopoinfo.cputopo = (unsigned long)topo;
    assert_int_equal(call(XEN_SYSCTL_cputopoinfo), 0);
    assert_int_equal(op->u.cputopoinfo.num_cpus, 2);
    assert_int_equal(topo[1].core, 0);
}

static void there_is_one_node(void **state)
{
    struct xen_sysctl_meminfo *mem = fake_guest_alloc(sizeof(*mem));
    u32 *distance = fake_guest_alloc(sizeof(*distance));

    (void)state;
    assert_int_equal(call(XEN_SYSCTL_numainfo), 0);
    assert_int_equal(op->u.numainfo.num_nodes, 1);
    op->u.numainfo.meminfo = (unsigned long)mem;
    op->u.numainfo.distance = (unsigned long)distance;
    assert_int_equal(call(XEN_SYSCTL_numainfo), 0);
    assert_int_equal(mem->memsize, (u64)FAKE_NR_FRAMES << PAGE_SHIFT);
    assert_int_equal(*distance, 10);
}

static void debug_keys_are_pressed_in_order(void **state)
{
    char *text = fake_guest_alloc(2);

    (void)state;
    memcpy(text, "qr", 2);
    op->u.debug_keys.keys = (unsigned long)text;
    op->u.debug_keys.nr_keys = 2;
    assert_int_equal(call(XEN_SYSCTL_debug_keys), 0);
    assert_string_equal(keys, "qr");
    op->u.debug_keys.nr_keys = 1000;
    assert_int_equal(call(XEN_SYSCTL_debug_keys), -E2BIG);
    op->u.debug_keys.nr_keys = 3;
    assert_int_equal(call(XEN_SYSCTL_debug_keys), -EFAULT);
}

static void idle_time_is_that_of_the_idle_vcpus(void **state)
{
    struct xen_sysctl_cpuinfo *info = fake_guest_alloc(2 * sizeof(*info));

    (void)state;
    idle_domain = fake_domain(DOMID_IDLE, FAKE_NR_CPUS);
    idle_domain->vcpu[1]->runstate.time[RUNSTATE_running] = 5;
    op->u.getcpuinfo.max_cpus = 2;
    op->u.getcpuinfo.info = (unsigned long)info;
    assert_int_equal(call(XEN_SYSCTL_getcpuinfo), 0);
    assert_int_equal(op->u.getcpuinfo.nr_cpus, 2);
    assert_int_equal(info[1].idletime, 5);
}

static void free_memory_is_told_in_bytes(void **state)
{
    (void)state;
    op->u.availheap.node = -1;
    assert_int_equal(call(XEN_SYSCTL_availheap), 0);
    assert_true(op->u.availheap.avail_bytes > 0);
    assert_int_equal(op->u.availheap.avail_bytes % PAGE_SIZE, 0);
    op->u.availheap.node = 1;
    assert_int_equal(call(XEN_SYSCTL_availheap), -EINVAL);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(another_version_is_eacces),
        TEST(memory_that_is_not_there_is_efault),
        TEST(unknown_operations_are_enosys),
        TEST(absent_features_have_their_own_errors),
        TEST(pci_devices_have_no_node),
        TEST(what_failed_is_told_too),
        TEST(readconsole_gives_text_and_the_next_index),
        TEST(readconsole_clears_when_asked),
        TEST(readconsole_that_faults_clears_nothing),
        TEST(domain_list_has_all_from_the_first_on),
        TEST(domain_list_stops_when_it_is_full),
        TEST(domain_info_tells_why_it_stopped),
        TEST(physinfo_counts_cpus_and_pages),
        TEST(topology_without_array_only_counts),
        TEST(there_is_one_node),
        TEST(debug_keys_are_pressed_in_order),
        TEST(idle_time_is_that_of_the_idle_vcpus),
        TEST(free_memory_is_told_in_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
