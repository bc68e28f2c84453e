/* SPDX-License-Identifier: MIT */
/* xl.conf: what it fills in, what it is told about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "toolstack/host_config.h"

static char path[] = "/tmp/host_config_test.XXXXXX";
static struct host_config host;
static struct config_warnings warnings;

/* Reads a file of that text. */
static int host_of(const char *text, struct error **err_out)
{
    FILE *f = fopen(path, "w");

    fputs(text, f);
    fclose(f);
    host_config_free(&host);
    config_warnings_free(&warnings);
    return host_config_read(&host, &warnings, err_out);
}

static void takes(const char *text)
{
    assert_int_equal(host_of(text, NULL), 0);
}

/* What an interface is there, without its address. */
static void vif_is(const char *spec, const char *expected)
{
    struct vif_config vif;
    char *text;

    assert_int_equal(vif_config_parse(spec, &vif, NULL), 0);
    assert_int_equal(host_config_apply_vif(&host, &vif, NULL), 0);
    text = vif_config_text(&vif);
    assert_string_equal(text + strlen("mac=00:16:3e:00:00:01"), expected);
    free(text);
    vif_config_free(&vif);
}

static void interfaces_are_completed(void **state)
{
    (void)state;
    takes("");
    vif_is("", "");
    takes("vif.default.bridge = 'br7'\nvif.default.backend=\"net\"\n"
          "vif.default.gatewaydev='eth1'\n");
    vif_is("", ",bridge=br7,backend=net");
    vif_is("bridge=br1,backend=other", ",bridge=br1,backend=other");
    vif_is("script=vif-nat", ",script=vif-nat,backend=net");
    vif_is("script=vif-route,ip=10.0.0.1",
           ",ip=10.0.0.1,script=vif-route,gatewaydev=eth1,backend=net");
    takes("vif.default.script='vif-nat'\nvif.default.bridge='br7'\n"
          "vif.default.backend='0'");
    vif_is("", ",script=vif-nat");
    vif_is("bridge=br1", ",bridge=br1");
    takes("vif.default.script='vif-own'\nvif.default.gatewaydev='eth1'");
    vif_is("", ",script=/etc/xen/scripts/vif-own,gatewaydev=eth1");
}

static void an_address_is_missing(void **state)
{
    struct error *err = NULL;
    struct vif_config vif;
    char *text;

    (void)state;
    takes("vif.default.script='vif-route'");
    assert_int_equal(vif_config_parse("", &vif, NULL), 0);
    assert_true(host_config_apply_vif(&host, &vif, &err) < 0);
    text = error_text(err);
    assert_string_equal(text,
                        "a routed interface wants ip=, the guest's address");
    free(text);
    error_free(err);
    vif_config_free(&vif);
}

static void limits_and_cpus_are_filled_in(void **state)
{
    struct vm_config config;

    (void)state;
    takes("max_grant_frames=40\nmax_maptrack_frames=\"50\"\n"
          "vm.cpumask='0-3'\nvm.pv.cpumask='0-1'\nvm.hvm.cpumask='7'");
    vm_config_init(&config);
    assert_int_equal(host_config_apply(&host, &config, NULL), 0);
    assert_int_equal(config.max_grant_frames, 40);
    assert_int_equal(config.max_maptrack_frames, 50);
    assert_string_equal(config.cpus[0], "0-1");
    vm_config_free(&config);
    vm_config_init(&config);
    config.max_grant_frames = 7;
    config.nr_cpus = 1;
    config.cpus[0] = strdup("2");
    assert_int_equal(host_config_apply(&host, &config, NULL), 0);
    assert_int_equal(config.max_grant_frames, 7);
    assert_string_equal(config.cpus[0], "2");
    vm_config_free(&config);
}

static void what_is_so_anyhow_is_passed_over(void **state)
{
    (void)state;
    takes("autoballoon=\"auto\"\nlockfile='/run/xl'\noutput_format='json'\n"
          "blkdev_start='xvda'\nrun_hotplug_scripts=1\nclaim_mode=1\n"
          "domid_policy='xen'");
    assert_int_equal(warnings.nr, 0);
}

static void what_is_otherwise_is_told(void **state)
{
    (void)state;
    takes("autoballoon=\"on\"\noutput_format='sxp'\nvif.default.brigde='x'");
    assert_int_equal(warnings.nr, 3);
    assert_non_null(strstr(warnings.text[0],
                           ":1: autoballoon = 'on' has no effect: the control "
                           "domain keeps its memory"));
    assert_non_null(strstr(warnings.text[1], ":2: output_format = 'sxp'"));
    assert_non_null(strstr(warnings.text[2],
                           ":3: vif.default.brigde: no such key (did you mean "
                           "`vif.default.bridge`?)"));
}

static void what_is_wrong_is_refused(void **state)
{
    static const char *const texts[] = {"max_grant_frames=0",
                                        "max_grant_frames='many'",
                                        "vif.default.bridge=['a']", "a b"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct error *err = NULL;

        assert_true(host_of(texts[i], &err) < 0);
        assert_int_equal(error_code(err), ERROR_CONFIG);
        error_free(err);
    }
}

static void there_may_be_none(void **state)
{
    (void)state;
    unlink(path);
    assert_int_equal(host_config_read(&host, &warnings, NULL), 0);
    assert_int_equal(host.max_grant_frames, -1);
}

static int file_make(void **state)
{
    (void)state;
    close(mkstemp(path));
    return setenv("XENIA_XL_CONF", path, 1);
}

static int file_remove(void **state)
{
    (void)state;
    host_config_free(&host);
    config_warnings_free(&warnings);
    unlink(path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interfaces_are_completed),
        cmocka_unit_test(an_address_is_missing),
        cmocka_unit_test(limits_and_cpus_are_filled_in),
        cmocka_unit_test(what_is_so_anyhow_is_passed_over),
        cmocka_unit_test(what_is_otherwise_is_told),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(there_may_be_none),
    };

    return cmocka_run_group_tests(tests, file_make, file_remove);
}
