/* SPDX-License-Identifier: MIT */
/* Specifications of disks and network interfaces. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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
        "vdev=xvda,/dev/vg/lv,raw,w",
        "format=,vdev=xvda,/dev/vg/lv",
        "phy:/dev/vg/lv,xvda,w",
        "phy:vg/lv,xvda,w",
        "phy:vg/lv,xvda:disk,w",
        "raw:/dev/vg/lv,xvda,w",
        "tap:aio:/dev/vg/lv,xvda,w",
        "vg/lv,,xvda",
        ",,xvda,target=vg/lv",
        "vdev=xvda,backendtype=phy,script=block,/dev/vg/lv",
        "/dev/vg/lv,,xvda,specification=xen,trusted,discard",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        takes(same[i]);
        assert_string_equal(disk.target, "/dev/vg/lv");
        assert_string_equal(disk.vdev, "xvda");
        assert_int_equal(disk.number, 51712);
        assert_int_equal(disk.format, DISK_RAW);
        assert_null(disk.script);
        assert_null(disk.backend);
        assert_false(disk.read_only || disk.shared || disk.cdrom ||
                     disk.no_discard || disk.direct || disk.untrusted);
    }
    takes("file:/a.img,xvdb,r");
    assert_true(disk.read_only);
    assert_string_equal(disk.target, "/a.img");
    takes("vdev=xvda,target=/odd,name=x ");
    assert_string_equal(disk.target, "/odd,name=x ");
}

static void what_a_disk_may_be_is_read(void **state)
{
    (void)state;
    takes("/a.iso,,xvdc,cdrom");
    assert_true(disk.read_only && disk.cdrom);
    takes("raw:/a.iso,hdc:cdrom,ro");
    assert_true(disk.read_only && disk.cdrom);
    assert_string_equal(disk.vdev, "hdc");
    takes("/a,,xvda,w,no-discard,direct-io-safe,untrusted");
    assert_true(disk.no_discard && disk.direct && disk.untrusted);
    takes("/a,,xvda,w!");
    assert_true(disk.shared && !disk.read_only);
    takes("/a,,xvda,backendtype=qdisk,backend=storage");
    assert_string_equal(disk.backend, "storage");
}

static void formats_and_scripts_are_read(void **state)
{
    (void)state;
    takes("/a,qcow2,xvda");
    assert_int_equal(disk.format, DISK_QCOW2);
    takes("tap:qcow2:/a,xvda,w");
    assert_int_equal(disk.format, DISK_QCOW2);
    assert_string_equal(disk.target, "/a");
    takes("format=vhd,vdev=xvda,target=/a");
    assert_string_equal(disk_format_qemu(disk.format), "vpc");
}

static void scripts_are_read(void **state)
{
    (void)state;
    takes("iqn.x,,xvda,script=block-iscsi");
    assert_string_equal(disk.script, "/etc/xen/scripts/block-iscsi");
    assert_string_equal(disk.target, "iqn.x");
    takes("vdev=xvda,script=/x/y,target=any,thing:at=all");
    assert_string_equal(disk.script, "/x/y");
    assert_string_equal(disk.target, "any,thing:at=all");
    takes("nbd:localhost:1234,xvda,w");
    assert_string_equal(disk.script, "/etc/xen/scripts/block-nbd");
    assert_string_equal(disk.target, "localhost:1234");
}

static void a_disk_can_be_written_down(void **state)
{
    static const char *const rows[] = {
        "format=raw,vdev=xvda,access=w,target=/a",
        "format=qcow2,vdev=xvdb,access=r,no-discard,direct-io-safe,untrusted,"
        "target=/a,b",
        "format=raw,vdev=hdc,access=r,cdrom,target=/a",
        "format=raw,vdev=xvda,access=w!,script=/s,backend=x,target=anything",
        "format=raw,vdev=xvda,access=w,backendtype=qdisk,iops=100,bps=4096,"
        "target=/a",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *text;

        takes(rows[i]);
        text = disk_config_text(&disk);
        assert_string_equal(text, rows[i]);
        free(text);
    }
}

/* Only what xen-blkd can serve is its own. */
static void a_daemon_serves_disks_of_this_host(void **state)
{
    (void)state;
    takes("/a,raw,xvda,w,backendtype=qdisk,iops=7");
    assert_true(disk.daemon);
    assert_int_equal(disk.iops, 7);
    takes("/a,qcow2,xvda,w,backendtype=qdisk,bps=7");
    assert_true(disk.daemon);
    takes("/a,qcow2,xvda,w");
    assert_false(disk.daemon);
    takes("/a,raw,xvda,w,backendtype=qdisk,backend=storage");
    assert_false(disk.daemon);
    takes("/a,raw,xvda,w,backendtype=phy");
    assert_false(disk.daemon);
    refuses("/a,raw,xvda,w,iops=7", "iops= and bps= are limits of xen-blkd");
    refuses("/a,qcow2,xvda,w,bps=7", "iops= and bps= are limits of xen-blkd");
    refuses("/a,raw,xvda,w,backendtype=qdisk,iops=4294967296",
            "a limit is a number per second, not '4294967296'");
    refuses("/a,raw,xvda,w,backendtype=qdisk,bps=-1",
            "a limit is a number per second, not '-1'");
}

static void wrong_disks_are_refused(void **state)
{
    char text[2048] = "";

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "vdev=xvda,target=/", 18);
    refuses(text, "the target is too long");
    refuses("", "no vdev is given: how the guest calls the disk");
    refuses("/a,raw,xvda,w,more", "one part too many: 'more'");
    refuses("/a,raw,vda", "no such virtual disk: 'vda'");
    refuses("/a,qcow3,xvda", "no such format: 'qcow3'");
    refuses("/a,,xvda,x", "access is r, w or w!, not 'x'");
    refuses("/a,vdve=xvda", "no such key: 'vdve'");
    refuses(",,xvda", "no target is given: a block device or file");
    refuses("/a,,xvda,script=x/y",
            "a script is a name in /etc/xen/scripts or an absolute path, not "
            "'x/y'");
    refuses("/a,,xvda,backendtype=standalone",
            "backendtype is phy or qdisk, not 'standalone'");
    refuses("/a,,xvda,devtype=lun", "devtype is disk or cdrom, not 'lun'");
    refuses("/a,,xvda,specification=virtio",
            "a PV guest's disk is xen, not 'virtio'");
    refuses("/a,,xvda,w,access=r", "given twice: 'access'");
    refuses("/a,,xvda,w,cdrom", "a cdrom can only be read: access=r");
    refuses("/a,qcow2,xvda,script=x", "a script's disk is raw, not qcow2");
    refuses(",hdc:cdrom,r", "a PV guest's drive can't be empty");
    refuses(",,xvdc,cdrom", "a PV guest's drive can't be empty");
    refuses("/a,,xvda,colo,colo-port=1",
            "replication of disks is not supported: 'colo'");
}

static void takes_vif(const char *text)
{
    struct error *err = NULL;

    vif_config_free(&vif);
    if (vif_config_parse(text, &vif, &err))
        fail_msg("%s: %s", text, error_text(err));
}

static void interfaces_are_read(void **state)
{
    uint8_t mac[6];

    (void)state;
    takes_vif("");
    assert_int_equal(vif.kind, VIF_DEFAULT);
    assert_memory_equal(vif.mac, "\0\x16\x3e", 3);
    assert_null(vif.bridge);
    assert_int_equal(vif.devid, -1);
    memcpy(mac, vif.mac, 6);
    takes_vif("");
    assert_memory_not_equal(vif.mac, mac, 6);
    takes_vif("mac=00:16:3e:01:02:FF, bridge=xenbr0,ip=10.0.0.1,"
              "script=vif-bridge,vifname=web0,mtu=9000,devid=3,backend=net,"
              "untrusted");
    assert_int_equal(vif.kind, VIF_BRIDGE);
    assert_int_equal(vif.mac[5], 0xff);
    assert_string_equal(vif.bridge, "xenbr0");
    assert_string_equal(vif.ip, "10.0.0.1");
    assert_string_equal(vif.name, "web0");
    assert_int_equal(vif.mtu, 9000);
    assert_int_equal(vif.devid, 3);
    assert_string_equal(vif.backend, "net");
    assert_true(vif.untrusted);
}

static void kinds_of_interfaces_are_read(void **state)
{
    (void)state;
    takes_vif("script=vif-nat");
    assert_int_equal(vif.kind, VIF_NAT);
    takes_vif("script=vif-route,ip=10.0.0.1 2001:db8::1");
    assert_int_equal(vif.kind, VIF_ROUTE);
    takes_vif("gatewaydev=eth0,ip=10.0.0.1");
    assert_int_equal(vif.kind, VIF_ROUTE);
    takes_vif("netdev=eth0,ip=10.0.0.1,bridge=br1");
    assert_int_equal(vif.kind, VIF_BRIDGE);
    assert_string_equal(vif.gateway, "eth0");
    takes_vif("script=vif-openvswitch,bridge=ovs");
    assert_int_equal(vif.kind, VIF_SCRIPT);
    assert_string_equal(vif.script, "/etc/xen/scripts/vif-openvswitch");
    takes_vif("script=/etc/xen/scripts/vif-bridge");
    assert_int_equal(vif.kind, VIF_SCRIPT);
}

static void rates_are_read(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
        uint32_t interval_us;
    } rows[] = {
        {"10Mb/s", 62500, 50000},     {"250KB/s", 12500, 50000},
        {"1MB/s@20ms", 20000, 20000}, {"1GB/s@1s", 1000000000, 1000000},
        {"800b/s@10ms", 1, 10000},    {"1B/s@4000s", 4000, 4000000000u},
        {"2KB/s@500us", 1, 500},
    };
    char text[64];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(text, sizeof(text), "rate=%s", rows[i].text);
        takes_vif(text);
        assert_int_equal(vif.rate_bytes, rows[i].bytes);
        assert_int_equal(vif.rate_interval_us, rows[i].interval_us);
    }
    takes_vif("rate-in=8Mb/s");
    assert_int_equal(vif.rate_in, 1000000);
    assert_int_equal(vif.rate_bytes, 0);
}

static void an_interface_can_be_written_down(void **state)
{
    static const char *const rows[] = {
        "mac=00:16:3e:00:00:01",
        "mac=00:16:3e:00:00:01,bridge=br0,ip=10.0.0.1,vifname=web,mtu=1400,"
        "devid=7,rate=1000000B/s@20000us,rate-in=1000000B/s,untrusted",
        "mac=00:16:3e:00:00:01,ip=10.0.0.1,script=vif-route,gatewaydev=eth0",
        "mac=00:16:3e:00:00:01,script=vif-nat",
        "mac=00:16:3e:00:00:01,script=/x/y,backend=net",
        "mac=00:16:3e:00:00:01,ip=10.0.0.1,backendtype=qnic,antispoof=1",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *text;

        takes_vif(rows[i]);
        text = vif_config_text(&vif);
        assert_string_equal(text, rows[i]);
        free(text);
    }
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
        {"devid=x", "devid is from 0 to 65535, not 'x'"},
        {"type=ioemu", "a PV guest's type is vif, not 'ioemu'"},
        {"model=e1000", "a PV guest's interface has no model: 'e1000'"},
        {"script=x/y", "a script is a name in /etc/xen/scripts or an absolute "
                       "path, not 'x/y'"},
        {"script=vif-route",
         "a routed interface wants ip=, the guest's address"},
        {"script=vif-route,ip=10.0.0.1 nonsense",
         "ip: no address is 'nonsense'"},
        {"rate=10", "a rate is like 10Mb/s, 250KB/s or 1MB/s@20ms, not '10'"},
        {"rate=0Mb/s",
         "a rate is like 10Mb/s, 250KB/s or 1MB/s@20ms, not '0Mb/s'"},
        {"rate=1MB/s@20",
         "a rate is like 10Mb/s, 250KB/s or 1MB/s@20ms, not '1MB/s@20'"},
        {"rate=99999999999999999999MB/s",
         "a rate is like 10Mb/s, 250KB/s or 1MB/s@20ms, not "
         "'99999999999999999999MB/s'"},
        {"rate=8b/s", "less than a byte in its interval: '8b/s'"},
        {"backendtype=tap", "backendtype is vif or qnic, not 'tap'"},
        {"backendtype=qnic,script=/s", "with a script, backendtype is vif"},
        {"backendtype=qnic,backend=x", "with backend=, backendtype is vif"},
        {"antispoof=1", "antispoof= wants backendtype=qnic"},
        {"antispoof=2", "antispoof is 0 or 1, not '2'"},
        {"backendtype=qnic,antispoof=1,ip=x", "ip: no address is 'x'"},
        {"rate-in=1MB/s@20ms",
         "this rate is like 10Mb/s or 250KB/s, below 2GB/s, not "
         "'1MB/s@20ms'"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error *err = NULL;

        assert_int_equal(vif_config_parse(rows[i][0], &vif, &err), -EINVAL);
        check_error(err, rows[i][1]);
    }
}

/* Channels. */

static void a_channel_can_be_written_down(void **state)
{
    static const char *const rows[][2] = {
        {"name=org.a,connection=pty", "name=org.a,connection=pty"},
        {" connection = SOCKET , name=org.b, path = /run/b ,backend=0",
         "name=org.b,connection=socket,path=/run/b"},
    };
    struct channel_config channel;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *text;

        assert_int_equal(channel_config_parse(rows[i][0], &channel, NULL), 0);
        text = channel_config_text(&channel);
        assert_string_equal(text, rows[i][1]);
        free(text);
        channel_config_free(&channel);
    }
}

static void wrong_channels_are_refused(void **state)
{
    static const char *const rows[][2] = {
        {"pty", "wants key=value, not 'pty'"},
        {"nmae=x", "no such key: 'nmae'"},
        {"connection=pty", "wants name=, by which the guest knows it"},
        {"name=", "no channel can be called ''"},
        {"name=a", "wants connection=pty or connection=socket,path=.."},
        {"name=a,connection=tcp", "connection is pty or socket, not 'tcp'"},
        {"name=a,connection=socket", "connection=socket wants path="},
        {"name=a,connection=pty,path=/b", "path= wants connection=socket"},
        {"path=b", "path wants an absolute path, not 'b'"},
        {"backend=net", "only the control domain serves channels, not 'net'"},
    };
    struct channel_config channel;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error *err = NULL;

        assert_int_equal(channel_config_parse(rows[i][0], &channel, &err),
                         -EINVAL);
        check_error(err, rows[i][1]);
    }
}

#define test(f) cmocka_unit_test_teardown(f, forget)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(disks_are_numbered_as_guests_number_them),
        test(all_forms_of_a_disk_are_read),
        test(what_a_disk_may_be_is_read),
        test(formats_and_scripts_are_read),
        test(scripts_are_read),
        test(a_disk_can_be_written_down),
        test(a_daemon_serves_disks_of_this_host),
        test(wrong_disks_are_refused),
        test(interfaces_are_read),
        test(kinds_of_interfaces_are_read),
        test(rates_are_read),
        test(an_interface_can_be_written_down),
        test(wrong_interfaces_are_refused),
        test(a_channel_can_be_written_down),
        test(wrong_channels_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
