/* SPDX-License-Identifier: MIT */
/*
 * Speculation: what the CPU's weaknesses need, switched on.
 *
 * Where one domain follows another on a CPU, what the first has taught the
 * predictors and left in buffers is thrown away: IBPB, the return stack buffer,
 * VERW. Between vcpus of one domain, and around the idle loop, nothing is done.
 * An entry of a page table that is not present must not name memory, or L1TF
 * reads it from the cache (asm/pv_mm.h, l1tf_unsafe()).
 *
 * On a CPU that Meltdown concerns, a guest can read all memory that is mapped:
 * there it runs on root tables without the hypervisor's mappings (xpti.c).
 */
#include "asm/spec_ctrl.h"

#include "xen/mm.h"
#include "xen/option.h"
#include "xen/printk.h"
#include "asm/processor.h"
#include "asm/pv_mm.h"
#include "asm/xpti.h"

#define LEAF7_EDX_MD_CLEAR  (1u << 10)
#define LEAF7_EDX_IBRS_IBPB (1u << 26)
#define LEAF7_EDX_ARCH_CAPS (1u << 29)
#define EXT8_EBX_IBPB       (1u << 12)
#define EXT8_EBX_BTC_NO     (1u << 29)
#define EXT21_EAX_SRSO_NO   (1u << 29)

#define MSR_PRED_CMD        0x00000049
#define PRED_CMD_IBPB       1
#define MSR_ARCH_CAPS       0x0000010a
#define ARCH_CAPS_RDCL_NO   (1u << 0)
#define ARCH_CAPS_MDS_NO    (1u << 5)

/* Entries of the largest return stack buffer. */
#define RSB_ENTRIES 32

static struct spec_choices choices;
static struct spec_plan plan;

static int parse_spec_ctrl(const char *value)
{
    return spec_choices_parse(value, &choices);
}
OPTION_CUSTOM("spec-ctrl", parse_spec_ctrl,
              "against speculation: no, or a list of ibpb, verw, rsb, l1tf, "
              "each =yes, =no or =auto");

static int parse_xpti(const char *value)
{
    return xpti_choices_parse(value, &choices);
}
OPTION_CUSTOM(
    "xpti", parse_xpti,
    "root tables without the hypervisor's mappings: yes, no, default, "
    "or a list of dom0=, domu=");

static struct spec_facts ask_cpu(void)
{
    struct spec_facts f = {.vendor = cpu_features.vendor,
                           .family = cpu_features.family};
    u32 a, b, c, d, max_leaf;
    u64 caps = 0;

    cpuid(0, 0, &max_leaf, &b, &c, &d);
    if (max_leaf >= 7) {
        cpuid(7, 0, &a, &b, &c, &d);
        f.md_clear = d & LEAF7_EDX_MD_CLEAR;
        f.ibpb = d & LEAF7_EDX_IBRS_IBPB;
        if ((d & LEAF7_EDX_ARCH_CAPS) && rdmsr_safe(MSR_ARCH_CAPS, &caps))
            caps = 0;
    }
    f.rdcl_no = caps & ARCH_CAPS_RDCL_NO;
    f.mds_no = caps & ARCH_CAPS_MDS_NO;

    cpuid(0x80000000, 0, &max_leaf, &b, &c, &d);
    if (max_leaf >= 0x80000008) {
        cpuid(0x80000008, 0, &a, &b, &c, &d);
        f.ibpb |= (b & EXT8_EBX_IBPB) != 0;
        f.btc_no = b & EXT8_EBX_BTC_NO;
    }
    if (max_leaf >= 0x80000021) {
        cpuid(0x80000021, 0, &a, &b, &c, &d);
        f.srso_no = a & EXT21_EAX_SRSO_NO;
    }
    return f;
}

void spec_ctrl_plan(void)
{
    struct spec_facts facts = ask_cpu();

    plan = spec_plan_make(&facts, &choices);
    xpti_decide(plan.use_xpti_dom0, plan.use_xpti_domu);
}

/* Guests that run with the hypervisor's memory mapped on a CPU that lets them
 * read it. */
static void warn_of_meltdown(void)
{
    const char *who = plan.use_xpti_domu ? "dom0" : "guests";

    if (plan.meltdown && !(plan.use_xpti_dom0 && plan.use_xpti_domu))
        printk(XENLOG_WARNING "Speculation: on this CPU %s can read all "
                              "memory, for xpti= says so\n",
               who);
}

void spec_ctrl_init(void)
{
    if (plan.use_l1tf) {
        /* The cache may look at fewer address bits than an entry has. */
        l1tf_mask = (1UL << cpu_features.phys_bits) - PAGE_SIZE;
        l1tf_limit = (paddr_t)max_page << PAGE_SHIFT;
    }

    printk("Speculation: the CPU has%s%s%s%s%s%s\n",
           plan.meltdown ? " Meltdown" : "", plan.l1tf ? " L1TF" : "",
           plan.mds ? " MDS" : "", plan.btc ? " BTC" : "",
           plan.srso ? " SRSO" : "",
           plan.meltdown || plan.btc || plan.srso ? "" : " no known weakness");
    printk("Speculation: between domains%s%s%s%s; entries%s; %s calls\n",
           plan.use_ibpb ? " IBPB" : "", plan.use_rsb ? " RSB" : "",
           plan.use_verw ? " VERW" : "",
           plan.use_ibpb || plan.use_rsb || plan.use_verw ? "" : " nothing",
           plan.use_l1tf ? " without addresses if not present" : " of any kind",
           CONFIG_RETPOLINE ? "retpolines for indirect" : "plain indirect");
    printk("Speculation: root tables without the hypervisor:%s%s%s\n",
           plan.use_xpti_dom0 ? " dom0" : "",
           plan.use_xpti_domu ? " guests" : "", xpti_enabled ? "" : " none");
    warn_of_meltdown();
}

/* Each call leaves a prediction that ends in a loop. */
static void overwrite_return_predictions(void)
{
    unsigned long count = RSB_ENTRIES / 2;

    __asm__ volatile("1: call 2f\n"
                     "3: pause; lfence; jmp 3b\n"
                     "2: call 4f\n"
                     "5: pause; lfence; jmp 5b\n"
                     "4: dec %0\n"
                     "   jnz 1b\n"
                     "   add %1, %%rsp\n"
                     : "+r"(count)
                     : "i"(RSB_ENTRIES * sizeof(unsigned long))
                     : "cc", "memory");
}

void spec_ctrl_switch_domain(void)
{
    static const u16 selector = HYPERVISOR_DS;

    if (plan.use_ibpb)
        wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
    if (plan.use_rsb)
        overwrite_return_predictions();
    if (plan.use_verw)
        __asm__ volatile("verw %0" ::"m"(selector) : "cc");
}
