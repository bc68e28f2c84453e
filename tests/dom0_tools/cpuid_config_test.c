/* SPDX-License-Identifier: MIT */
/* The key cpuid: both forms, what they change, what is wrong with others. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "toolstack/cpuid_config.h"

#define X8  "xxxxxxxx"
#define X31 X8 X8 X8 "xxxxxxx"

static struct xen_cpuid_leaf leaf[3];

static void apply(const char *text)
{
    leaf[0] = (struct xen_cpuid_leaf){.leaf = 1, .subleaf = 0xffffffff};
    leaf[0].c = leaf[0].d = 0xf0f0f0f0;
    leaf[1] = (struct xen_cpuid_leaf){.leaf = 7, .b = 0xff, .c = 0xff};
    leaf[2] = (struct xen_cpuid_leaf){.leaf = 0x80000001, .subleaf = 0};
    leaf[2].d = 0xffffffff;
    assert_int_equal(cpuid_config_check(text, NULL), 0);
    assert_int_equal(cpuid_config_apply(text, leaf, 3, NULL), 0);
}

static void features_have_names(void **state)
{
    (void)state;
    apply("host");
    assert_int_equal(leaf[0].c, 0xf0f0f0f0);
    /* Bits 31, 28, 0 of ecx; 0 and 4 of edx; 3 of ebx. */
    apply("host,hypervisor=0,avx=0,sse3=1,fpu=1,tsc=0,bmi1=0,nx=0");
    assert_int_equal(leaf[0].c, 0x60f0f0f1);
    assert_int_equal(leaf[0].d, 0xf0f0f0e1);
    assert_int_equal(leaf[1].b, 0xf7);
    assert_int_equal(leaf[2].d, 0xffffffff & ~(1u << 20));
    apply("host,avx=x,sse3=k,aesni=s,3dnow=0");
    assert_int_equal(leaf[0].c, 0xf0f0f0f0);
    assert_int_equal(leaf[2].d, 0x7fffffff);
}

static void numbers_have_fields(void **state)
{
    (void)state;
    apply("host,family=6,model=0x5e,stepping=3");
    assert_int_equal(leaf[0].a, 0x506e3);
    apply("host,family=25,model=1");
    assert_int_equal(leaf[0].a, 0x0a00f10);
    apply("host,family=0,model=0,proccount=255,clflush=8");
    assert_int_equal(leaf[0].a, 0);
    assert_int_equal(leaf[0].b, 0xff0800);
}

/* They are there as they are said, or it is an error. */
static void numbers_are_compared(void **state)
{
    struct error *err = NULL;

    (void)state;
    apply("host,model=0x5e");
    assert_int_equal(cpuid_config_compare("host,model=0x5e", leaf, 3, NULL), 0);
    assert_int_equal(cpuid_config_compare("host,model=0x4e", leaf, 3, &err),
                     -EINVAL);
    assert_int_equal(error_code(err), ERROR_CONFIG);
    error_free(err);
}

static void registers_have_bits(void **state)
{
    (void)state;
    apply("1:ecx=" X31 "1,edx=0" X31 ";7,0:ebx=" X31 "0");
    assert_int_equal(leaf[0].c, 0xf0f0f0f1);
    assert_int_equal(leaf[0].d, 0x70f0f0f0);
    assert_int_equal(leaf[1].b, 0xfe);
    apply("0x80000001:edx=00000000000000000000000000000000");
    assert_int_equal(leaf[2].d, 0);
}

/* A leaf that is not there has nothing to switch off. */
static void leaves_may_be_missing(void **state)
{
    struct error *err = NULL;

    (void)state;
    apply("host,xsaves=0");
    assert_true(cpuid_config_apply("host,xsaves=1", leaf, 3, &err) < 0);
    assert_int_equal(error_code(err), ERROR_CONFIG);
    error_free(err);
}

static void what_can_not_be_had_is_told(void **state)
{
    struct error *err = NULL;
    char *text;

    (void)state;
    apply("host");
    assert_int_equal(cpuid_config_compare("host,sse3=0,tsc=x", leaf, 3, NULL),
                     0);
    assert_true(cpuid_config_compare("host,sse3=1", leaf, 3, &err) < 0);
    text = error_text(err);
    assert_string_equal(text, "leaf 0x1,0, ecx: the host can't give a guest "
                              "what is forced to 1 there");
    free(text);
    error_free(err);
}

static void refuses(const char *wrong, const char *why)
{
    struct error *err = NULL;
    char *text;

    assert_true(cpuid_config_check(wrong, &err) < 0);
    text = error_text(err);
    assert_string_equal(text, why);
    free(text);
    error_free(err);
}

static void what_is_wrong_is_refused(void **state)
{
    (void)state;
    refuses("host,axv=0", "no such feature: 'axv'");
    refuses("host,avx", "wants feature=value, not 'avx'");
    refuses("host,avx=2", "a feature is 0, 1, x, k or s, not '2'");
    refuses("host,avx=", "a feature is 0, 1, x, k or s, not ''");
    refuses("host,family=271", "family is a number from 0 to 270, not '271'");
    refuses("host,model=x", "model is a number from 0 to 255, not 'x'");
    refuses("host,stepping=", "stepping is a number from 0 to 15, not ''");
    refuses("avx=0", "wants leaf:register=bits, not 'avx=0'");
    refuses("x:ecx=" X31 "0", "no leaf of CPUID is 'x:ecx=" X31 "0'");
    refuses("1:ecx=0", "wants a register with 32 bits, as ecx=xx..0, not "
                       "'ecx=0'");
    refuses("1:exx=" X31 "0", "wants a register with 32 bits, as ecx=xx..0, "
                              "not 'exx=" X31 "0'");
    refuses("1:ecx=" X31 "y",
            "a bit is 0, 1, x, k or s, not in 'ecx=" X31 "y'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_have_names),
        cmocka_unit_test(numbers_have_fields),
        cmocka_unit_test(numbers_are_compared),
        cmocka_unit_test(registers_have_bits),
        cmocka_unit_test(leaves_may_be_missing),
        cmocka_unit_test(what_can_not_be_had_is_told),
        cmocka_unit_test(what_is_wrong_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
