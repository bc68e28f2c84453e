/* SPDX-License-Identifier: MIT */
/* Which measures against speculation a CPU needs: a table of reasons, no
 * hardware. SDM 4 2.1 IA32_ARCH_CAPABILITIES; APM 3 E.4 Fn8000_0008. */
#include "asm/spec_ctrl.h"

#include "xen/errno.h"
#include "xen/option.h"
#include "xen/string.h"

#define WORD_MAX 16

/* A word that names a choice of its own. */
struct choice_row {
    const char *name;
    enum spec_choice *choice;
};

#define MAX_ROWS 4

/* An option: rows, and words that set all of them. */
struct choice_list {
    const char *automatic; /* the word for "as the CPU needs" */
    bool all_yes;          /* a yes alone sets all, too */
    unsigned int nr;
    struct choice_row row[MAX_ROWS];
};

static void set_all(const struct choice_list *list, enum spec_choice choice)
{
    for (unsigned int i = 0; i < list->nr; i++)
        *list->row[i].choice = choice;
}

static int set_choice(const struct choice_list *list, const char *name,
                      enum spec_choice choice)
{
    for (unsigned int i = 0; i < list->nr; i++)
        if (strcmp(name, list->row[i].name) == 0) {
            *list->row[i].choice = choice;
            return 0;
        }
    return -EINVAL;
}

/* One of: a yes or no, the automatic word, NAME, NAME=yes, NAME=no and
 * NAME=automatic. */
static int parse_word(const struct choice_list *list, char *word)
{
    char *equals = strchr(word, '=');
    int yes = equals ? 1 : option_bool_value(word);

    if (!equals && strcmp(word, list->automatic) == 0) {
        set_all(list, SPEC_AUTO);
        return 0;
    }
    if (!equals && (yes == 0 || (yes == 1 && list->all_yes))) {
        set_all(list, yes ? SPEC_YES : SPEC_NO);
        return 0;
    }
    if (equals) {
        *equals = '\0';
        if (strcmp(equals + 1, list->automatic) == 0)
            return set_choice(list, word, SPEC_AUTO);
        yes = option_bool_value(equals + 1);
        if (yes < 0)
            return yes;
    }
    return set_choice(list, word, yes ? SPEC_YES : SPEC_NO);
}

static int parse_list(const struct choice_list *list, const char *value)
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
        rc = parse_word(list, word);
        if (rc)
            return rc;
        value += len + (comma != NULL);
    }
    return 0;
}

int spec_choices_parse(const char *value, struct spec_choices *c)
{
    const struct choice_list list = {.automatic = "auto",
                                     .nr = 4,
                                     .row = {{"ibpb", &c->ibpb},
                                             {"verw", &c->verw},
                                             {"rsb", &c->rsb},
                                             {"l1tf", &c->l1tf}}};

    return parse_list(&list, value);
}

int xpti_choices_parse(const char *value, struct spec_choices *c)
{
    const struct choice_list list = {
        .automatic = "default",
        .all_yes = true,
        .nr = 2,
        .row = {{"dom0", &c->xpti_dom0}, {"domu", &c->xpti_domu}}};

    return parse_list(&list, *value ? value : "yes");
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
    p.use_xpti_dom0 = choose(c->xpti_dom0, p.meltdown);
    p.use_xpti_domu = choose(c->xpti_domu, p.meltdown);
    return p;
}
