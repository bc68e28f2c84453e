/* SPDX-License-Identifier: MIT */
/* Saved configurations: nothing of what xl.cfg says is lost on the way through
 * the stock tools' JSON, and devices come into it and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "toolstack/config.h"
#include "toolstack/config_text.h"
#include "toolstack/saved_config.h"

#define UUID "685283ac-83f2-4d23-b79a-87c63dfaca78"

static void config_make(const char *text, struct vm_config *config)
{
    struct config_warnings warnings;
    struct config_file file = {0};

    assert_int_equal(
        config_file_parse("vm.cfg", text, strlen(text), &file, NULL), 0);
    assert_int_equal(vm_config_read(&file, config, &warnings, NULL), 0);
    config_warnings_free(&warnings);
    config_file_free(&file);
}

/* As xl.cfg says it; frees the configuration. */
static char *as_keys(struct vm_config *config)
{
    size_t size;
    char *text;
    FILE *out = open_memstream(&text, &size);

    config_text_write(out, config);
    fclose(out);
    vm_config_free(config);
    return text;
}

/* Of xl.cfg, through JSON and back; frees the JSON. */
static char *through_json(char *json)
{
    struct vm_config config;

    assert_int_equal(saved_config_parse(json, &config, NULL), 0);
    free(json);
    return as_keys(&config);
}

static char *json_of(const char *text)
{
    struct vm_config config;
    char *json;

    config_make(text, &config);
    assert_int_equal(saved_config_text(&config, &json, NULL), 0);
    vm_config_free(&config);
    return json;
}

static void stays(const char *text)
{
    char *before, *after;
    struct vm_config config;

    config_make(text, &config);
    before = as_keys(&config);
    after = through_json(json_of(text));
    assert_string_equal(before, after);
    free(before);
    free(after);
}

#define ALWAYS "name='vm'\nuuid='" UUID "'\nkernel='/k'\nmemory=64\n"

static void every_key_stays(void **state)
{
    (void)state;
    stays(ALWAYS "vif=['mac=00:16:3e:00:00:01,devid=0']");
    stays(ALWAYS "ramdisk='/r'\nroot='/dev/xvda'\nextra='\"quoted\" a=b'\n"
                 "vcpus=2\nmaxvcpus=4\nmaxmem=128\ncpu_weight=512\ncap=50\n"
                 "cpus=['0-1,^1', 'node:0']\ncpus_soft='all'\n"
                 "on_poweroff='preserve'\non_reboot='destroy'\n"
                 "on_crash='rename-restart'\non_watchdog='restart'\n"
                 "on_soft_reset='preserve'\npool='fast'\n"
                 "tsc_mode='native'\nlocaltime=1\nrtc_timeoffset='-3600'\n"
                 "nomigrate=1\nmax_grant_frames=40\nmax_maptrack_frames=0\n"
                 "max_grant_version=1\nmax_event_channels=4095\n"
                 "cpuid='host,avx=0'\n");
}

static void every_part_of_a_device_stays(void **state)
{
    (void)state;
    stays(ALWAYS
          "disk=['/dev/a,,xvda,w','/b.qcow2,qcow2,xvdb,r',"
          "'vdev=xvdc,access=w!,direct-io-safe,no-discard,untrusted,"
          "target=/c,with=comma','/d.iso,,hdc,cdrom',"
          "'vdev=xvde,script=/s,backend=disks,target=a:b',"
          "'/dev/b,,xvdf,w,backendtype=qdisk,iops=100,bps=99999999999']\n"
          "vif=['mac=00:16:3e:00:00:01,bridge=br0,ip=10.0.0.1,vifname=web,"
          "mtu=1400,devid=3,rate=10Mb/s@20ms,rate-in=5MB/s,untrusted',"
          "'mac=00:16:3e:00:00:02,devid=1,script=vif-nat',"
          "'mac=00:16:3e:00:00:03,devid=2,script=vif-route,gatewaydev=eth0,"
          "ip=10.0.0.2','mac=00:16:3e:00:00:04,devid=4,script=/s,"
          "backend=nets','mac=00:16:3e:00:00:05,devid=5,bridge=br0,"
          "backendtype=qnic,antispoof=1,rate-in=5MB/s']\n"
          "channel=['name=org.a,connection=pty',"
          "'name=org.b,connection=socket,path=/run/b']");
}

/* What the stock tools keep of a pinning. */
static void their_sets_of_cpus_are_read(void **state)
{
    char *text = strdup(
        "{\"c_info\":{\"name\":\"vm\",\"uuid\":\"" UUID "\"},\"b_info\":"
        "{\"max_memkb\":65536,\"max_vcpus\":2,\"max_grant_frames\":4294967295,"
        "\"vcpu_hard_affinity\":[[0,2],[]],\"vcpu_soft_affinity\":[[1]]}}");
    char *keys = through_json(text);

    (void)state;
    assert_non_null(strstr(keys, "cpus = [\"0,2\", \"all\"]"));
    assert_non_null(strstr(keys, "cpus_soft = [\"1\"]"));
    assert_null(strstr(keys, "max_grant_frames"));
    free(keys);
}

/* Edits a text, which is freed. */
static char *edited(char *text, const struct saved_config_device *d)
{
    char *after;

    assert_int_equal(saved_config_edit_device(text, d, &after, NULL), 0);
    free(text);
    return after;
}

static char *disk_comes(char *text, const char *spec)
{
    struct disk_config disk;
    struct saved_config_device d = {.class = "vbd", .disk = &disk};

    assert_int_equal(disk_config_parse(spec, &disk, NULL), 0);
    d.number = disk.number;
    text = edited(text, &d);
    disk_config_free(&disk);
    return text;
}

static char *vif_comes(char *text, const char *spec, unsigned int devid)
{
    struct vif_config vif;
    struct saved_config_device d = {
        .class = "vif", .number = devid, .vif = &vif};

    assert_int_equal(vif_config_parse(spec, &vif, NULL), 0);
    vif.devid = (long)devid;
    text = edited(text, &d);
    vif_config_free(&vif);
    return text;
}

static char *goes(char *text, const char *class, unsigned int number)
{
    const struct saved_config_device d = {.class = class, .number = number};

    return edited(text, &d);
}

/* The text is that of another xl.cfg. */
static void is_of(const char *text, const char *keys)
{
    char *expected = json_of(keys);

    assert_string_equal(text, expected);
    free(expected);
}

#define DISK "disk=['/a,,xvda,w'"
#define VIF  "vif=['mac=00:16:3e:00:00:01,devid=0'"

static void devices_come_and_go(void **state)
{
    char *text = json_of(ALWAYS);

    (void)state;
    text = vif_comes(text, "mac=00:16:3e:00:00:01", 0);
    is_of(text, ALWAYS VIF "]");
    text = disk_comes(text, "/a,,xvda,w");
    is_of(text, ALWAYS DISK "]\n" VIF "]");
    text = disk_comes(text, "/b,qcow2,xvdb,r");
    text = vif_comes(text, "mac=00:16:3e:00:00:02,rate-in=1MB/s", 5);
    is_of(text, ALWAYS DISK ",'/b,qcow2,xvdb,r']\n" VIF
                            ",'mac=00:16:3e:00:00:02,devid=5,rate-in=1MB/s']");
    /* In place of one that is there. */
    text = disk_comes(text, "/c,,xvdb,r");
    is_of(text, ALWAYS DISK ",'/c,,xvdb,r']\n" VIF
                            ",'mac=00:16:3e:00:00:02,devid=5,rate-in=1MB/s']");
    text = goes(text, "vif", 0);
    text = goes(text, "vbd", disk_number("xvda"));
    is_of(text, ALWAYS "disk=['/c,,xvdb,r']\n"
                       "vif=['mac=00:16:3e:00:00:02,devid=5,rate-in=1MB/s']");
    text = goes(text, "vif", 5);
    text = goes(text, "vif", 9);
    text = goes(text, "vbd", disk_number("xvdb"));
    is_of(text, ALWAYS);
    free(text);
}

static char *pinned(char *text, const struct saved_config_pins *pins)
{
    char *after;

    assert_int_equal(saved_config_edit_pins(text, pins, &after, NULL), 0);
    free(text);
    return after;
}

/* The other vcpus keep what was said of all. */
static void pins_change(void **state)
{
    const struct saved_config_pins hard = {1, 1, 3, "2-3", NULL},
                                   soft = {0, 2, 3, NULL, "1"},
                                   gone = {7, 9, 3, "0", NULL};
    char *text = json_of(ALWAYS "maxvcpus=3\ncpus='0-1'");

    (void)state;
    text = pinned(text, &hard);
    is_of(text, ALWAYS "maxvcpus=3\ncpus=['0-1','2-3','0-1']");
    text = pinned(text, &soft);
    text = pinned(text, &gone);
    is_of(text, ALWAYS "maxvcpus=3\ncpus=['0-1','2-3','0-1']\n"
                       "cpus_soft=['1','1','1']");
    free(text);
}

/* A set that was not there, beside numbers that the stock tools keep. */
static void pins_change_in_their_configurations(void **state)
{
    const struct saved_config_pins pins = {1, 1, 2, "0", "0"};
    char *text =
        pinned(strdup("{\"c_info\":{\"name\":\"vm\",\"uuid\":\"" UUID "\"},"
                      "\"b_info\":{\"max_memkb\":65536,\"max_vcpus\":2,"
                      "\"vcpu_hard_affinity\":[[1],[1]]}}"),
               &pins);
    char *keys = through_json(text);

    (void)state;
    assert_non_null(strstr(keys, "cpus = [\"1\", \"0\"]"));
    assert_non_null(strstr(keys, "cpus_soft = [\"all\", \"0\"]"));
    free(keys);
}

static void what_is_no_object_is_refused(void **state)
{
    const struct saved_config_device d = {.class = "vbd"};
    const struct saved_config_pins pins = {0, 0, 1, "0", NULL};
    struct error *err = NULL;
    char *text;

    (void)state;
    assert_true(saved_config_edit_device("[]", &d, &text, &err) < 0);
    assert_int_equal(error_code(err), ERROR_CONFIG);
    error_clear(&err);
    assert_true(saved_config_edit_pins("{\"b_info\":1}", &pins, &text, &err) <
                0);
    assert_int_equal(error_code(err), ERROR_CONFIG);
    error_free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_stays),
        cmocka_unit_test(every_part_of_a_device_stays),
        cmocka_unit_test(their_sets_of_cpus_are_read),
        cmocka_unit_test(devices_come_and_go),
        cmocka_unit_test(pins_change),
        cmocka_unit_test(pins_change_in_their_configurations),
        cmocka_unit_test(what_is_no_object_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
