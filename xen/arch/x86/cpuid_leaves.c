/* SPDX-License-Identifier: MIT */
/* A CPUID policy as a toolstack gives and takes it: a list of leaves. */
#include "asm/cpuid.h"

#include "public/xen.h"
#include "xen/bitops.h"
#include "xen/compiler.h"

#define LEAF_HYPERVISOR  0x40000000
#define LEAF_HYPERVISOR2 0x40000100
#define LEAF_EXTENDED    0x80000000
#define CACHE_TYPE       0x1f
#define TOPOLOGY_TYPE    0xff00

static struct cpuid_leaf *pick(struct cpuid_leaf *array, unsigned int nr, u32 i)
{
    return i < nr ? &array[array_index_nospec(i, nr)] : NULL;
}

static struct cpuid_leaf *without_subleaf(struct cpuid_policy *p, u32 leaf)
{
    switch (leaf) {
    case LEAF_HYPERVISOR:
        return &p->hypervisor[0];
    case LEAF_HYPERVISOR2:
        return &p->hypervisor[1];
    default:
        if (leaf >= LEAF_EXTENDED)
            return pick(p->extended, CPUID_NR_EXTENDED, leaf - LEAF_EXTENDED);
        return pick(p->basic, CPUID_MAX_BASIC + 1, leaf);
    }
}

struct cpuid_leaf *cpuid_policy_leaf(struct cpuid_policy *p, u32 leaf,
                                     u32 subleaf)
{
    switch (leaf) {
    case 4:
        return pick(p->cache, CPUID_CACHE_LEAVES, subleaf);
    case 7:
        return pick(p->features, CPUID_FEATURE_LEAVES, subleaf);
    case 0xb:
        return pick(p->topology, CPUID_TOPOLOGY_LEAVES, subleaf);
    case 0xd:
        return pick(p->xstate, CPUID_XSTATE_LEAVES, subleaf);
    default:
        if (subleaf != XEN_CPUID_NO_SUBLEAF)
            return NULL;
        return without_subleaf(p, leaf);
    }
}

struct list {
    struct xen_cpuid_leaf *out;
    unsigned int nr;
};

static void add(struct list *list, u32 leaf, u32 subleaf,
                const struct cpuid_leaf *l)
{
    list->out[list->nr++] = (struct xen_cpuid_leaf){
        .leaf = leaf,
        .subleaf = subleaf,
        .a = l->a,
        .b = l->b,
        .c = l->c,
        .d = l->d,
    };
}

/* Caches and levels: up to and with the first that says that there are no
 * more. */
static void add_caches(struct list *list, const struct cpuid_policy *p)
{
    for (unsigned int i = 0; i < CPUID_CACHE_LEAVES; i++) {
        add(list, 4, i, &p->cache[i]);
        if (!(p->cache[i].a & CACHE_TYPE))
            return;
    }
}

static void add_topology(struct list *list, const struct cpuid_policy *p)
{
    for (unsigned int i = 0; i < CPUID_TOPOLOGY_LEAVES; i++) {
        add(list, 0xb, i, &p->topology[i]);
        if (!(p->topology[i].c & TOPOLOGY_TYPE))
            return;
    }
}

static void add_xstates(struct list *list, const struct cpuid_policy *p)
{
    add(list, 0xd, 0, &p->xstate[0]);
    add(list, 0xd, 1, &p->xstate[1]);
    for (unsigned int i = 2; i < CPUID_XSTATE_LEAVES; i++)
        if ((cpuid_xcr0_max(p) >> i) & 1)
            add(list, 0xd, i, &p->xstate[i]);
}

static void add_basic(struct list *list, const struct cpuid_policy *p)
{
    for (u32 leaf = 0; leaf <= min(p->basic[0].a, (u32)CPUID_MAX_BASIC); leaf++)
        switch (leaf) {
        case 4:
            add_caches(list, p);
            break;
        case 7:
            for (unsigned int i = 0;
                 i <= min(p->features[0].a, CPUID_FEATURE_LEAVES - 1u); i++)
                add(list, 7, i, &p->features[i]);
            break;
        case 0xb:
            add_topology(list, p);
            break;
        case 0xd:
            add_xstates(list, p);
            break;
        default:
            add(list, leaf, XEN_CPUID_NO_SUBLEAF, &p->basic[leaf]);
            break;
        }
}

unsigned int cpuid_policy_list(const struct cpuid_policy *p,
                               struct xen_cpuid_leaf *list_out)
{
    struct list list = {.out = list_out};
    u32 last = min(p->extended[0].a, (u32)CPUID_MAX_EXTENDED);

    add_basic(&list, p);
    add(&list, LEAF_HYPERVISOR, XEN_CPUID_NO_SUBLEAF, &p->hypervisor[0]);
    add(&list, LEAF_HYPERVISOR2, XEN_CPUID_NO_SUBLEAF, &p->hypervisor[1]);
    add(&list, LEAF_EXTENDED, XEN_CPUID_NO_SUBLEAF, &p->extended[0]);
    for (u32 leaf = LEAF_EXTENDED + 1; leaf <= last; leaf++)
        add(&list, leaf, XEN_CPUID_NO_SUBLEAF,
            &p->extended[leaf - LEAF_EXTENDED]);
    return list.nr;
}
