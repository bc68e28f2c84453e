/* SPDX-License-Identifier: MIT */
/* Which measures against speculation a CPU needs: a table of reasons, no
 * hardware. SDM 4 2.1 IA32_ARCH_CAPABILITIES; APM 3 E.4 Fn8000_0008. */
#include "asm/spec_ctrl.h"

#include "xen/errno.h"
#include "xen/option.h"
#include "xen/string.h"

#define WORD_MAX 16

static int set_choice(const char *name, enum spec_choice choice,
                      struct spec_choices *c)
{
    const struct {
        const char *name;
        enum spec_choice *choice;
    } row[] = {
        {"ibpb", &c->ibpb},
        {"verw", &c->verw},
        {"rsb", &c->rsb},
        {"l1tf", &c->l1tf},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(row); i++)
        if (strcmp(name, row[i].name) == 0) {
            *row[i].choice = choice;
            return 0;
        }
    return -EINVAL;
}

/* One of: no, auto, NAME, NAME=yes, NAME=no, NAME=auto. */
static int parse_word(char *word, struct spec_choices *c)
{
    char *equals = strchr(word, '=');
    int yes = 1;

    if (!equals && strcmp(word, "auto") == 0) {
        *c = (struct spec_choices){SPEC_AUTO, SPEC_AUTO, SPEC_AUTO, SPEC_AUTO};
        return 0;
    }
    if (!equals && option_bool_value(word) == 0) {
        *c = (struct spec_choices){SPEC_NO, SPEC_NO, SPEC_NO, SPEC_NO};
        return 0;
    }
    if (equals) {
        *equals = '\0';
        if (strcmp(equals + 1, "auto") == 0)
            return set_choice(word, SPEC_AUTO, c);
        yes = option_bool_value(equals + 1);
        if (yes < 0)
            return yes;
    }
    return set_choice(word, yes ? SPEC_YES : SPEC_NO, c);
}

int spec_choices_parse(const char *value, struct spec_choices *choices)
{
    char word[WORD_MAX];

    while (*value) {
        const char *comma = strchr(value, ',');
        size_t len = comma ? (size_t)(comma - value) : strlen(value);
        int rc;

        if (len >= sizeof(word))
            return -EINVAL;
        memcpy(word, value, len);
        word[len] = '\0';
        rc = parse_word(word, choices);
        if (rc)
            return rc;
        value += len + (comma != NULL);
    }
    return 0;
}

static bool choose(enum spec_choice choice, bool needed)
{
    return choice == SPEC_YES || (choice == SPEC_AUTO && needed);
}

struct spec_plan spec_plan_make(const struct spec_facts *f,
                                const struct spec_choices *c)
{
    bool intel = f->vendor == VENDOR_INTEL, amd = f->vendor == VENDOR_AMD;
    struct spec_plan p = {
        .meltdown = intel && !f->rdcl_no,
        .l1tf = intel && !f->rdcl_no,
        .mds = intel && !f->mds_no,
        .btc = amd && f->family >= 0x15 && f->family <= 0x17 && !f->btc_no,
        .srso = amd && f->family >= 0x17 && f->family <= 0x19 && !f->srso_no,
    };

    /* All CPUs predict branches. The barrier does nothing where the CPU does
     * not have it: then even asking for it is not to fault. */
    p.use_ibpb = f->ibpb && choose(c->ibpb, true);
    p.use_rsb = choose(c->rsb, true);
    /* Without MD_CLEAR the instruction is slow and clears nothing. */
    p.use_verw = choose(c->verw, p.mds && f->md_clear);
    p.use_l1tf = choose(c->l1tf, p.l1tf);
    return p;
}
