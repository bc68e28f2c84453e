/* SPDX-License-Identifier: MIT */
/* Speculation: what each kind of CPU gets, and what the command line changes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>

#include "asm/spec_ctrl.h"

static const struct spec_facts old_intel = {
    .vendor = VENDOR_INTEL, .family = 6, .ibpb = true, .md_clear = true};
static const struct spec_facts new_intel = {.vendor = VENDOR_INTEL,
                                            .family = 6,
                                            .ibpb = true,
                                            .md_clear = true,
                                            .rdcl_no = true,
                                            .mds_no = true};
static const struct spec_facts zen2 = {
    .vendor = VENDOR_AMD, .family = 0x17, .ibpb = true};
static const struct spec_facts zen5 = {
    .vendor = VENDOR_AMD, .family = 0x1a, .ibpb = true, .srso_no = true};

static struct spec_plan plan(const struct spec_facts *facts, const char *option)
{
    struct spec_choices choices = {.ibpb = SPEC_AUTO};

    assert_int_equal(spec_choices_parse(option, &choices), 0);
    return spec_plan_make(facts, &choices);
}

static void old_intel_gets_all(void **state)
{
    struct spec_plan p = plan(&old_intel, "");

    (void)state;
    assert_true(p.meltdown && p.l1tf && p.mds);
    assert_false(p.btc || p.srso);
    assert_true(p.use_ibpb && p.use_verw && p.use_rsb && p.use_l1tf);
}

static void new_intel_gets_barriers_only(void **state)
{
    struct spec_plan p = plan(&new_intel, "");

    (void)state;
    assert_false(p.meltdown || p.l1tf || p.mds);
    assert_true(p.use_ibpb && p.use_rsb);
    assert_false(p.use_verw || p.use_l1tf);
}

static void amd_has_its_own_weaknesses(void **state)
{
    struct spec_plan p = plan(&zen2, "");
    struct spec_facts zen2_fixed = zen2;

    (void)state;
    assert_true(p.btc && p.srso);
    assert_false(p.meltdown || p.l1tf || p.mds);
    assert_true(p.use_ibpb && p.use_rsb);
    assert_false(p.use_verw || p.use_l1tf);

    zen2_fixed.btc_no = zen2_fixed.srso_no = true;
    p = plan(&zen2_fixed, "");
    assert_false(p.btc || p.srso);
    p = plan(&zen5, "");
    assert_false(p.btc || p.srso);
}

static void what_the_cpu_lacks_is_not_used(void **state)
{
    struct spec_facts without = old_intel;

    (void)state;
    without.ibpb = without.md_clear = false;
    assert_false(plan(&without, "").use_ibpb);
    assert_false(plan(&without, "ibpb").use_ibpb);
    assert_false(plan(&without, "").use_verw);
    /* The instruction exists everywhere: whoever asks for it gets it. */
    assert_true(plan(&without, "verw").use_verw);
}

static void command_line_decides(void **state)
{
    struct spec_plan p = plan(&old_intel, "no");

    (void)state;
    assert_false(p.use_ibpb || p.use_verw || p.use_rsb || p.use_l1tf);
    p = plan(&old_intel, "off,l1tf");
    assert_false(p.use_ibpb || p.use_verw || p.use_rsb);
    assert_true(p.use_l1tf);
    p = plan(&old_intel, "l1tf=no,verw=off,rsb=false");
    assert_false(p.use_verw || p.use_rsb || p.use_l1tf);
    assert_true(p.use_ibpb);
    p = plan(&new_intel, "l1tf,verw=yes");
    assert_true(p.use_l1tf && p.use_verw);
    p = plan(&new_intel, "no,rsb=auto");
    assert_true(p.use_rsb);
    assert_false(p.use_ibpb);
    p = plan(&new_intel, "no,auto");
    assert_true(p.use_rsb && p.use_ibpb);
}

static void words_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {
        "xpti",  "ibpb=maybe",          "ibpb,retpoline",         "yes", "=no",
        ",ibpb", "verw=no=yes",

        "no=no", "a_word_far_too_long", "rsb,a_word_far_too_long"};

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        struct spec_choices choices = {.ibpb = SPEC_AUTO};
        int rc = spec_choices_parse(bad[i], &choices);

        if (rc != -EINVAL)
            fail_msg("\"%s\" gives %d", bad[i], rc);
    }
}

/* 1: dom0, 2: the others. */
static unsigned int own_roots(const struct spec_facts *facts,
                              const char *option)
{
    struct spec_choices choices = {.ibpb = SPEC_AUTO};
    struct spec_plan p;

    if (option)
        assert_int_equal(xpti_choices_parse(option, &choices), 0);
    p = spec_plan_make(facts, &choices);
    return p.use_xpti_dom0 | p.use_xpti_domu << 1;
}

static void own_root_tables_are_for_meltdown(void **state)
{
    (void)state;
    assert_int_equal(own_roots(&old_intel, NULL), 3);
    assert_int_equal(own_roots(&new_intel, NULL), 0);
    assert_int_equal(own_roots(&zen2, NULL), 0);
    /* spec-ctrl=no is not about them. */
    assert_true(plan(&old_intel, "no").use_xpti_domu);
}

static void own_root_tables_as_the_command_line_says(void **state)
{
    static const char *const bad[] = {"maybe", "dom0=2", "domu=,x", "dom1",
                                      "l1tf"};

    (void)state;
    assert_int_equal(own_roots(&new_intel, ""), 3);
    assert_int_equal(own_roots(&zen2, "on"), 3);
    assert_int_equal(own_roots(&old_intel, "off"), 0);
    assert_int_equal(own_roots(&old_intel, "dom0=no"), 2);
    assert_int_equal(own_roots(&new_intel, "domu"), 2);
    assert_int_equal(own_roots(&new_intel, "dom0=yes,domu=no"), 1);
    assert_int_equal(own_roots(&old_intel, "no,domu=default"), 2);
    assert_int_equal(own_roots(&new_intel, "yes,default"), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        struct spec_choices choices = {.ibpb = SPEC_AUTO};

        assert_int_equal(xpti_choices_parse(bad[i], &choices), -EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_intel_gets_all),
        cmocka_unit_test(new_intel_gets_barriers_only),
        cmocka_unit_test(amd_has_its_own_weaknesses),
        cmocka_unit_test(what_the_cpu_lacks_is_not_used),
        cmocka_unit_test(command_line_decides),
        cmocka_unit_test(words_that_are_none_are_refused),
        cmocka_unit_test(own_root_tables_are_for_meltdown),
        cmocka_unit_test(own_root_tables_as_the_command_line_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
