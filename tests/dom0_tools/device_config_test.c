/* SPDX-License-Identifier: MIT */
/* Specifications of disks and network interfaces. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "toolstack/device_config.h"

static struct disk_config disk;
static struct vif_config vif;

static int forget(void **state)
{
    (void)state;
    disk_config_free(&disk);
    vif_config_free(&vif);
    return 0;
}

static void takes(const char *text)
{
    struct error *err = NULL;

    disk_config_free(&disk);
    if (disk_config_parse(text, &disk, &err))
        fail_msg("%s: %s", text, error_text(err));
}

static void check_error(struct error *err, const char *why)
{
    char *message = error_text(err);

    assert_string_equal(message, why);
    free(message);
    error_free(err);
}

static void refuses(const char *text, const char *why)
{
    struct error *err = NULL;

    assert_true(disk_config_parse(text, &disk, &err) < 0);
    check_error(err, why);
}

static void disks_are_numbered_as_guests_number_them(void **state)
{
    static const struct {
        const char *name;
        unsigned int number;
    } rows[] = {
        {"xvda", 51712},
        {"xvdb", 51728},
        {"xvda1", 51713},
        {"xvdp15", 51967},
        {"xvdq", 1 << 28 | 16 << 8},
        {"xvda16", 1 << 28 | 16},
        {"xvdaa", 1 << 28 | 26 << 8},
        {"hda", 768},
        {"hdb1", 833},
        {"hdc", 5632},
        {"sda", 2048},
        {"sdb3", 2067},
        {"d0", 51712},
        {"d2p1", 51745},
        {"d20p3", 1 << 28 | 20 << 8 | 3},
        {"xvd", 0},
        {"xvda0", 0},
        {"xvda01", 0},
        {"hde", 0},
        {"hda64", 0},
        {"sdq", 0},
        {"sda16", 0},
        {"vda", 0},
        {"xvdA", 0},
        {"xvda1x", 0},
        {"d", 0},
        {"d1p", 0},
        {"", 0},
        {"xvda256", 0},
        {"xvdzzzzzzzzzzzz", 0},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (disk_number(rows[i].name) != rows[i].number)
            fail_msg("%s: %u", rows[i].name, disk_number(rows[i].name));
}

static void all_forms_of_a_disk_are_read(void **state)
{
    static const char *const same[] = {
        "/dev/vg/lv,raw,xvda,rw",
        "/dev/vg/lv,,xvda",
        " /dev/vg/lv, , xvda, w",
        "format=raw, vdev=xvda, access=rw, target=/dev/vg/lv",
        "phy:/dev/vg/lv,xvda,w",
        "phy:vg/lv,xvda,w",
        "vg/lv,,xvda",
        "vdev=xvda,backendtype=phy,script=block,/dev/vg/lv",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        takes(same[i]);
        assert_string_equal(disk.target, "/dev/vg/lv");
        assert_string_equal(disk.vdev, "xvda");
        assert_int_equal(disk.number, 51712);
        assert_false(disk.read_only);
        assert_false(disk.cdrom);
    }
    takes("file:/a.img,xvdb,r");
    assert_true(disk.read_only);
    assert_string_equal(disk.target, "/a.img");
    takes("/a.iso,,xvdc,cdrom");
    assert_true(disk.read_only && disk.cdrom);
    takes("vdev=xvda,target=/odd,name=x ");
    assert_string_equal(disk.target, "/odd,name=x ");
    takes("/a,,xvda,w,no-discard");
    assert_true(disk.no_discard);
}

static void wrong_disks_are_refused(void **state)
{
    (void)state;
    refuses("", "no vdev is given: how the guest calls the disk");
    refuses("/a,raw,xvda,w,more", "one part too many: 'more'");
    refuses("/a,raw,vda", "no such virtual disk: 'vda'");
    refuses("/a,qcow2,xvda", "format 'qcow2' is not supported yet");
    refuses("/a,,xvda,x", "access is r or w, not 'x'");
    refuses("/a,vdve=xvda", "no such key: 'vdve'");
    refuses(",,xvda", "no target is given: a block device or file");
    refuses("/a,,xvda,script=/x", "scripts are not supported yet: '/x'");
    refuses("/a,,xvda,backendtype=qdisk", "backendtype is phy, not 'qdisk'");
    refuses("/a,,xvda,devtype=lun", "devtype is disk or cdrom, not 'lun'");
}

static void interfaces_are_read(void **state)
{
    struct error *err = NULL;

    (void)state;
    assert_int_equal(vif_config_parse("", &vif, NULL), 0);
    assert_false(vif.has_mac);
    assert_null(vif.bridge);
    assert_int_equal(
        vif_config_parse("mac=00:16:3e:01:02:FF, bridge=xenbr0,ip=10.0.0.1,"
                         "script=vif-bridge,vifname=web0,mtu=9000",
                         &vif, &err),
        0);
    assert_int_equal(vif.mac[5], 0xff);
    assert_string_equal(vif.bridge, "xenbr0");
    assert_string_equal(vif.ip, "10.0.0.1");
    assert_string_equal(vif.name, "web0");
    assert_int_equal(vif.mtu, 9000);
}

static void wrong_interfaces_are_refused(void **state)
{
    static const char *const rows[][2] = {
        {"bridge", "wants key=value, not 'bridge'"},
        {"brigde=a", "no such key: 'brigde'"},
        {"mac=1:2:3", "a MAC address is six pairs of digits, not '1:2:3'"},
        {"mac=01:16:3e:00:00:00",
         "this MAC address is a group's: '01:16:3e:00:00:00'"},
        {"vifname=abcdefghijklmnop",
         "no interface can be called 'abcdefghijklmnop'"},
        {"bridge=../x", "no interface can be called '../x'"},
        {"mtu=12", "mtu is from 68 to 65535, not '12'"},
        {"type=ioemu", "a PV guest's type is vif, not 'ioemu'"},
        {"script=/x", "scripts are not supported yet: '/x'"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error *err = NULL;

        assert_int_equal(vif_config_parse(rows[i][0], &vif, &err), -EINVAL);
        check_error(err, rows[i][1]);
    }
}

#define test(f) cmocka_unit_test_teardown(f, forget)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(disks_are_numbered_as_guests_number_them),
        test(all_forms_of_a_disk_are_read),
        test(wrong_disks_are_refused),
        test(interfaces_are_read),
        test(wrong_interfaces_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
