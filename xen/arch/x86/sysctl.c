/* SPDX-License-Identifier: MIT */
/* Topology and features of the CPUs, as CPUID tells them. */
#include "xen/sysctl.h"

#include "asm/processor.h"
#include "asm/smp.h"

#define CPUID_BASIC         0x0
#define CPUID_FEATURES      0x1
#define CPUID_STRUCTURED    0x7
#define CPUID_TOPOLOGY      0xb
#define CPUID_XSTATE        0xd
#define CPUID_EXTENDED      0x80000000
#define CPUID_EXT_FEATURES  0x80000001
#define CPUID_EXT_POWER     0x80000007
#define TOPOLOGY_SHIFT_MASK 0x1f

static u32 max_leaf(u32 base)
{
    u32 a, b, c, d;

    cpuid(base, 0, &a, &b, &c, &d);
    return a;
}

/*
 * How many low bits of an APIC id number the threads of a core (level 0) or of
 * a package (level 1); 0 without the leaf: each CPU is a package of its own.
 * Source: SDM 2A CPUID, leaf 0xb.
 */
static unsigned int apicid_shift(unsigned int level)
{
    u32 a, b, c, d;

    if (max_leaf(CPUID_BASIC) < CPUID_TOPOLOGY)
        return 0;
    cpuid(CPUID_TOPOLOGY, level, &a, &b, &c, &d);
    return b != 0 ? a & TOPOLOGY_SHIFT_MASK : 0;
}

void arch_cpu_topology(unsigned int cpu, struct xen_sysctl_cputopo *topo_out)
{
    unsigned int core = apicid_shift(0), package = apicid_shift(1);
    u32 id = cpu_apicid[cpu];

    if (package < core)
        package = core;
    topo_out->core = (id & ((1u << package) - 1)) >> core;
    topo_out->socket = id >> package;
}

/* The order of the words is part of the ABI. */
void arch_hw_capabilities(u32 caps_out[8])
{
    u32 a, unused;

    for (unsigned int i = 0; i < 8; i++)
        caps_out[i] = 0;
    cpuid(CPUID_FEATURES, 0, &a, &unused, &caps_out[1], &caps_out[0]);
    if (max_leaf(CPUID_EXTENDED) >= CPUID_EXT_FEATURES)
        cpuid(CPUID_EXT_FEATURES, 0, &a, &unused, &caps_out[3], &caps_out[2]);
    if (max_leaf(CPUID_BASIC) >= CPUID_XSTATE)
        cpuid(CPUID_XSTATE, 1, &caps_out[4], &unused, &unused, &unused);
    if (max_leaf(CPUID_BASIC) >= CPUID_STRUCTURED)
        cpuid(CPUID_STRUCTURED, 0, &a, &caps_out[5], &caps_out[6], &unused);
    if (max_leaf(CPUID_EXTENDED) >= CPUID_EXT_POWER)
        cpuid(CPUID_EXT_POWER, 0, &a, &unused, &unused, &caps_out[7]);
}
