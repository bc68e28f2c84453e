/* SPDX-License-Identifier: MIT */
/* What is done so that speculation tells one domain nothing of another. */
#ifndef ASM_SPEC_CTRL_H
#define ASM_SPEC_CTRL_H

#include "xen/types.h"
#include "asm/cpufeature.h"

/* What the CPU says of itself, as far as it matters here. */
struct spec_facts {
    enum cpu_vendor vendor;
    u8 family;
    bool ibpb;                             /* MSR_PRED_CMD exists */
    bool md_clear;                         /* VERW overwrites buffers */
    bool rdcl_no, mds_no, btc_no, srso_no; /* it does not have the weakness */
};

enum spec_choice { SPEC_AUTO, SPEC_NO, SPEC_YES };

/* The command line's word on each measure. */
struct spec_choices {
    enum spec_choice ibpb, verw, rsb, l1tf;
    enum spec_choice xpti_dom0, xpti_domu;
};

struct spec_plan {
    /* Weaknesses: */
    bool meltdown, l1tf, mds, btc, srso;
    /* What is done about them: */
    bool use_ibpb; /* forget branch predictions between domains */
    bool use_verw; /* overwrite buffers between domains */
    bool use_rsb;  /* overwrite return predictions between domains */
    bool use_l1tf; /* refuse entries that are not present, with an address */
    /* Root tables without the hypervisor's mappings, for dom0 and the others:
     */
    bool use_xpti_dom0, use_xpti_domu;
};

/** Put a list such as "ibpb=no,verw" or "no" into *choices. Returns 0, or
 * -EINVAL for a word that is none; words before it count. */
int spec_choices_parse(const char *value, struct spec_choices *choices);

/** The same with a list of: yes, no, default, dom0=yes, domu=no and such. */
int xpti_choices_parse(const char *value, struct spec_choices *choices);

struct spec_plan spec_plan_make(const struct spec_facts *facts,
                                const struct spec_choices *choices);

/** Ask the boot CPU and decide; xpti_enabled is right from here on. */
void spec_ctrl_plan(void);
/** Switch on the rest, tell the log. */
void spec_ctrl_init(void);

/** This CPU is about to run another domain than before. */
void spec_ctrl_switch_domain(void);

#endif
