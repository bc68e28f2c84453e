/* SPDX-License-Identifier: MIT */
/*
 * Disks and network interfaces of a guest as a whole: what the store and the
 * host have of them, what is refused, and that nothing is left of one that
 * fails.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xenstore.h>
#include <cmocka.h>

#include "public/sched.h"

#include "lib/cancel.h"
#include "lib/error.h"

#include "fake_dom0.h"
#include "vm_setup.h"
#include "xl_setup.h"

#define ok(words)          assert_int_equal(xl(words), 0)
#define fails(words, code) assert_int_equal(xl(words), error_exit_status(code))
#define prints(text)       assert_string_equal(xl_out, text)
#define complains(text)    assert_string_equal(xl_err, text)
#define grumbles(text)     assert_non_null(strstr(xl_err, text))

#define VBD                "/local/domain/0/backend/vbd/1/"
#define VIF                "/local/domain/0/backend/vif/1/"
#define QDISK              "/local/domain/0/backend/qdisk/1/"
#define QNIC               "/local/domain/0/backend/qnic/1/"

/* A configuration with devices; `@` stands for the test's folder. */
static void devices_write(const char *lines)
{
    char text[2048];
    size_t used = 0;

    for (; *lines && used < sizeof(text) - 64; lines++)
        if (*lines == '@')
            used += (size_t)sprintf(text + used, "%s", vm_folder);
        else
            text[used++] = *lines;
    text[used] = 0;
    vm_config_write(text);
}

/* The same for a command. */
static int xl_in(const char *words)
{
    char text[512];
    const char *at = strchr(words, '@');

    if (!at)
        return xl(words);
    snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - words), words,
             vm_folder, at + 1);
    return xl(text);
}

static const char some[] =
    "disk = ['@/ramdisk,,xvda,w']\n"
    "vif = ['mac=00:16:3e:00:00:01', 'bridge=br0,vifname=web']\n";

/* An image whose first bytes say that it is qcow2, and a script. */
static void files_write(void)
{
    FILE *f = fopen("image", "w");

    fwrite("QFI\xfb\0\0\0\3 and so on", 1, 18, f);
    fclose(f);
    f = fopen("script", "w");
    fputs("#!/bin/false\n", f);
    fclose(f);
    chmod("script", 0755);
}

static void devices_come_with_the_domain(void **state)
{
    (void)state;
    devices_write(some);
    ok("create vm.cfg");
    assert_int_equal(fake_host.loops, 1);
    assert_string_equal(fake_host.port, "web");
    assert_string_equal(fake_store_perms(VBD "51712"), "n0,r1");
    assert_string_equal(vm_node(VBD "51712/physical-device"), "1:3");
    assert_string_equal(vm_node(VBD "51712/mode"), "w");
    assert_string_equal(vm_node(VBD "51712/script"), "/etc/xen/scripts/block");
    assert_string_equal(vm_node("/local/domain/1/device/vbd/51712/backend"),
                        VBD "51712");
    assert_string_equal(vm_node("/local/domain/1/device/vbd/51712/trusted"),
                        "1");
    assert_string_equal(fake_store_perms("/local/domain/1/device/vbd/51712"),
                        "n1,r0");
    assert_string_equal(fake_store_perms("/local/domain/1/device/vif/0/mtu"),
                        "n0,r1");
    assert_string_equal(vm_node("/libxl/1/device/vbd/51712/backend"),
                        VBD "51712");
    assert_string_equal(vm_node("/local/domain/1/device/vif/0/mac"),
                        "00:16:3e:00:00:01");
    assert_string_equal(vm_node(VIF "1/hotplug-status"), "connected");
    assert_string_equal(vm_node(VIF "0/bridge"), "br0");
    assert_memory_equal(vm_node(VIF "1/mac"), "00:16:3e", 8);
    ok("destroy vm");
    assert_int_equal(fake_host.loops, 0);
    assert_int_equal(fake_store_count("/local/domain/0/backend/vbd/1"), 0);
    assert_int_equal(fake_store_count("/local/domain/0/backend/vif/1"), 0);
}

#define CHANNEL "/local/domain/0/backend/console/1/"

static void channels_come_with_the_domain(void **state)
{
    char to[64] = "";

    (void)state;
    devices_write("channel = ['name=org.a,connection=pty', "
                  "'name=org.b,connection=socket,path=@/agent']\n");
    ok("create vm.cfg");
    assert_string_equal(vm_node(CHANNEL "1/connection"), "pty");
    assert_string_equal(vm_node(CHANNEL "2/connection"), "socket");
    assert_string_equal(fake_store_perms(CHANNEL "2"), "n0,r1");
    assert_string_equal(vm_node("/local/domain/1/device/console/1/name"),
                        "org.a");
    assert_string_equal(fake_store_perms("/local/domain/1/device/console/1"),
                        "n1,r0");
    assert_string_equal(
        fake_store_perms("/local/domain/1/device/console/1/tty"), "n0,r1");
    assert_true(readlink("agent", to, sizeof(to) - 1) > 0);
    assert_string_equal(to, "/run/xenconsoled/channel-1-2");
    fake_store_set("/local/domain/1/device/console/1/tty", "/dev/pts/9");
    fake_store_set("/local/domain/1/device/console/1/port", "11");
    fake_store_set("/local/domain/1/device/console/1/ring-ref", "8");
    ok("channel-list vm");
    assert_non_null(strstr(xl_out, "0   0  1     11     8        pty        "
                                   "/dev/pts/9 "));
    assert_non_null(
        strstr(xl_out, "1   0  1     -1     -1       socket     \n"));
    ok("--json channel-list vm");
    assert_non_null(strstr(xl_out, "\"console\": 2"));
    assert_non_null(strstr(xl_out, "/agent\""));
    ok("destroy vm");
    assert_int_equal(access("agent", F_OK), -1);
    assert_int_equal(readlink("agent", to, sizeof(to)), -1);
    assert_int_equal(fake_store_count("/local/domain/0/backend/console/1"), 0);
}

static void channels_that_cant_be_are_refused(void **state)
{
    (void)state;
    devices_write("channel = ['name=org.b,connection=socket,path=@/kernel']\n");
    fails("create vm.cfg", ERROR_DEVICE);
    grumbles("channel[0]: ");
    grumbles("kernel: is there already");
    assert_int_equal(access("kernel", F_OK), 0);
    devices_write("channel = ['name=org.b,connection=socket,path=@/no/b']\n");
    fails("create vm.cfg", ERROR_DEVICE);
    grumbles("no: no such folder");
    devices_write(
        "channel = ['name=a,connection=pty','name=a,connection=pty']");
    fails("create vm.cfg", ERROR_CONFIG);
    grumbles("there is another called 'a'");
    fails("console -n 1 Domain-0", ERROR_USAGE);
    /* Left behind where nothing is served any more. */
    assert_int_equal(symlink("/run/xenconsoled/channel-9-9", "agent"), 0);
    devices_write("channel = ['name=org.b,connection=socket,path=@/agent']\n");
    ok("create vm.cfg");
    fails("console -n 7 vm", ERROR_USAGE);
    grumbles("the guest has no console 7");
    fails("console -n 1 vm", ERROR_USAGE);
    grumbles("is served at the socket");
    ok("destroy vm");
}

static void devices_are_listed(void **state)
{
    (void)state;
    devices_write(some);
    ok("create vm.cfg");
    ok("block-list vm");
    prints(
        "Vdev  BE  handle state evt-ch ring-ref BE-path                       "
        "\n51712 0   1      1     -1     -1       "
        "/local/domain/0/backend/vbd/1/51712\n");
    ok("network-list vm");
    assert_non_null(
        strstr(xl_out,
               "Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref "
               "BE-path                       \n"
               "0   0  00:16:3e:00:00:01     0     1     -1    -1/-1          "
               "/local/domain/0/backend/vif/1/0\n"
               "1   0  "));
    ok("block-list --json vm");
}

static void a_disk_in_use_is_not_given_twice(void **state)
{
    (void)state;
    devices_write(some);
    ok("create vm.cfg");
    fails("create vm.cfg name='two'", ERROR_DEVICE);
    grumbles("ramdisk': domain 1 uses it (two guests can share a disk only if "
             "both just read it; access `w!` lets them write)");
    assert_int_equal(fake_host.loops, 1);
    devices_write("disk = ['@/ramdisk,,xvda,r']");
    fails("create vm.cfg name='two'", ERROR_DEVICE);
    devices_write("disk = ['@/ramdisk,,xvda,w!']");
    ok("create vm.cfg name='two'");
    devices_write("disk = ['@/ramdisk,,xvda,r','@/ramdisk,,xvdb,w']");
    ok("destroy vm");
    ok("destroy two");
    fails("create vm.cfg", ERROR_DEVICE);
    grumbles("ramdisk': is xvda, too (access `w!` lets both write)");
    devices_write("disk = ['@/ramdisk,,xvda,r','@/ramdisk,,xvdb,r']");
    ok("create vm.cfg");
    ok("create vm.cfg name='two'");
}

static void images_are_served_by_nbd(void **state)
{
    (void)state;
    files_write();
    devices_write("disk = ['@/image,qcow2,xvda,w']");
    ok("create vm.cfg");
    assert_int_equal(fake_host.nbds, 1);
    assert_string_equal(fake_host.nbd_format, "qcow2");
    assert_string_equal(vm_node(VBD "51712/physical-device"), "1:5");
    assert_string_equal(vm_node(VBD "51712/type"), "phy");
    ok("destroy vm");
    assert_int_equal(fake_host.nbds, 0);
    devices_write("disk = ['@/ramdisk,qcow2,xvda,w']");
    fails("create vm.cfg", ERROR_DEVICE);
    grumbles("ramdisk': is no qcow2 image (is it raw?)");
    devices_write("disk = ['@/image,vdi,xvda,w']");
    fails("create vm.cfg", ERROR_DEVICE);
    grumbles("image': is no vdi image (it looks like qcow2)");
}

static void daemons_serve_what_asks_for_them(void **state)
{
    (void)state;
    devices_write("disk = ['@/ramdisk,raw,xvda,w,backendtype=qdisk,iops=50']\n"
                  "vif = ['bridge=br0,vifname=web,backendtype=qnic,"
                  "antispoof=1,ip=10.0.0.1,rate-in=1MB/s']");
    ok("create vm.cfg");
    assert_int_equal(fake_host.loops, 0);
    assert_string_equal(vm_node(QDISK "51712/iops"), "50");
    assert_string_equal(vm_node(QDISK "51712/mode"), "w");
    assert_string_equal(vm_node(QDISK "51712/script"), "(none)");
    assert_string_equal(vm_node("/local/domain/1/device/vbd/51712/backend"),
                        QDISK "51712");
    assert_string_equal(vm_node(QNIC "0/antispoof"), "1");
    assert_string_equal(vm_node(QNIC "0/ip"), "10.0.0.1");
    assert_string_equal(vm_node(QNIC "0/rate-in"), "1000000");
    assert_string_equal(vm_node("/local/domain/1/device/vif/0/backend"),
                        QNIC "0");
    assert_string_equal(fake_host.port, "web");
    assert_int_equal(fake_host.limit, 0);
    fails("create vm.cfg name='two'", ERROR_DEVICE);
    grumbles("ramdisk': domain 1 uses it");
    ok("block-list vm");
    assert_non_null(strstr(xl_out, QDISK "51712"));
    ok("block-detach vm xvda");
    assert_int_equal(fake_store_count(QDISK "51712"), 0);
    ok("destroy vm");
    assert_int_equal(fake_store_count("/local/domain/0/backend/qdisk/1"), 0);
    assert_int_equal(fake_store_count("/local/domain/0/backend/qnic/1"), 0);
}

static void a_daemon_serves_images_by_nbd(void **state)
{
    (void)state;
    files_write();
    devices_write("disk = ['@/image,qcow2,xvda,w,backendtype=qdisk']");
    ok("create vm.cfg");
    assert_int_equal(fake_host.nbds, 0);
    assert_string_equal(fake_host.nbd_server, "disk-1-51712 qcow2");
    assert_string_equal(vm_node(QDISK "51712/params"),
                        "nbd:unix:/run/xen/disk-1-51712.sock");
    fails("create vm.cfg name='two'", ERROR_DEVICE);
    grumbles("image': domain 1 uses it");
    ok("block-detach vm xvda");
    assert_string_equal(fake_host.nbd_server, "");
    devices_write("disk = ['@/ramdisk,qcow2,xvda,w,backendtype=qdisk']");
    fails("create vm.cfg name='two'", ERROR_DEVICE);
    grumbles("ramdisk': is no qcow2 image (is it raw?)");
    ok("destroy vm");
    /* The same where the kernel can't. */
    fake_host.no_nbds = true;
    devices_write("disk = ['@/image,qcow2,xvda,w']");
    ok("create vm.cfg");
    assert_string_equal(fake_host.nbd_server, "disk-1-51712 qcow2");
    assert_int_equal(fake_host.nbds, 0);
    ok("destroy vm");
    assert_string_equal(fake_host.nbd_server, "");
}

/* What happens to it: it dies, and dies, then there are no devices any more. */
static void service_dies(const char *name)
{
    struct xs_handle *xs = xs_open(0);

    assert_string_equal(name, "xen-blkd");
    if (fake_host.service_starts == 3)
        assert_true(xs_rm(xs, XBT_NULL, QDISK "51712"));
    xs_close(xs);
}

static void a_daemon_is_kept_while_there_are_devices(void **state)
{
    (void)state;
    fake_host.service_ended = service_dies;
    devices_write("disk = ['@/ramdisk,raw,xvda,w,backendtype=qdisk']");
    ok("create -e vm.cfg");
    assert_string_equal(fake_log, "/var/log/xen/xl-keep.log");
    assert_int_equal(fake_host.service_starts, 0);
    /* Whoever kept it was killed: any command does. */
    fake_background = true;
    ok("domid vm");
    assert_int_equal(fake_host.service_starts, 3);
    assert_null(fake_host.service);
    ok("domid vm");
    assert_int_equal(fake_host.service_starts, 3);
    fake_background = false;
    ok("destroy vm");
}

/* Whoever kept it was killed: any command does, as long as it is there. */
static void a_server_of_an_image_is_kept(void **state)
{
    (void)state;
    fake_host.service_ended = service_dies;
    files_write();
    devices_write("disk = ['@/image,qcow2,xvda,w,backendtype=qdisk']");
    ok("create -e vm.cfg");
    assert_int_equal(fake_host.nbd_looks, 0);
    fake_background = true;
    ok("domid vm");
    assert_int_equal(fake_host.nbd_looks, 3);
    ok("domid vm");
    assert_int_equal(fake_host.nbd_looks, 3);
    fake_background = false;
    ok("destroy vm");
}

static void a_script_serves_a_disk(void **state)
{
    (void)state;
    files_write();
    devices_write("disk = ['any thing,,xvda,script=@/script']");
    ok("create vm.cfg");
    assert_non_null(
        strstr(fake_host.scripts, "/script add backend/vbd/1/51712 -;"));
    assert_string_equal(vm_node(VBD "51712/params"), "any thing");
    assert_string_equal(vm_node(VBD "51712/physical-device"), "(none)");
    ok("destroy vm");
    assert_non_null(
        strstr(fake_host.scripts, "/script remove backend/vbd/1/51712 -;"));
    fake_host.script_status = 3;
    fails("create vm.cfg", ERROR_DEVICE);
    grumbles("xl: create: vm: attaching its devices: disk[0]: script: ");
    grumbles("/script ended with status 3: its words\n");
    devices_write("disk = ['x,,xvda,script=/nonexistent']");
    fails("create vm.cfg", ERROR_DEVICE);
    complains("xl: create: vm: disk[0]: script /nonexistent: No such file or "
              "directory\n");
}

static void a_script_sets_an_interface_up(void **state)
{
    (void)state;
    files_write();
    devices_write("vif = ['script=@/script,bridge=any,vifname=web']");
    ok("create vm.cfg");
    assert_non_null(
        strstr(fake_host.scripts, "/script online backend/vif/1/0 vif1.0;"));
    assert_string_equal(fake_host.port, "");
    assert_string_equal(vm_node(VIF "0/bridge"), "any");
    ok("destroy vm");
    assert_non_null(
        strstr(fake_host.scripts, "/script offline backend/vif/1/0 web;"));
}

static void an_interface_may_be_routed(void **state)
{
    (void)state;
    devices_write("vif = ['gatewaydev=eth0,ip=10.0.0.7']");
    ok("create --plan vm.cfg");
    assert_non_null(strstr(xl_out, "  network 0: routes to 10.0.0.7\n"));
    ok("create vm.cfg");
    assert_string_equal(fake_host.route, "vif1.0 10.0.0.7 eth0");
    assert_true(fake_host.forward);
    assert_string_equal(vm_node(VIF "0/script"), "/etc/xen/scripts/vif-route");
    assert_string_equal(vm_node(VIF "0/bridge"), "(none)");
    devices_write("vif = ['gatewaydev=eth9,ip=10.0.0.8']");
    fails("create vm.cfg name='two'", ERROR_DEVICE);
    complains("xl: create: two: vif[0]: gatewaydev 'eth9': no such "
              "gatewaydev\n");
}

static void rates_are_limited(void **state)
{
    (void)state;
    vm_config_write("vif = ['rate=1MB/s@20ms,rate-in=2MB/s']");
    ok("create vm.cfg");
    assert_string_equal(vm_node(VIF "0/rate"), "20000,20000");
    assert_int_equal(fake_host.limit, 2000000);
}

static bool nat_is_there(void)
{
    return fake_host.nat_bridge && fake_host.nat_rules &&
           fake_host.nat_server && fake_host.forward;
}

static bool nat_is_gone(void)
{
    return !fake_host.nat_bridge && !fake_host.nat_rules &&
           !fake_host.nat_server && !fake_host.forward;
}

static void without_a_bridge_there_is_a_network(void **state)
{
    (void)state;
    fake_host.bridge[0] = 0;
    vm_config_write("vif = ['']");
    ok("create --plan vm.cfg");
    assert_non_null(strstr(xl_out, "  network 0: NAT by xenia0\n"));
    assert_true(nat_is_gone());
    ok("create vm.cfg");
    assert_true(nat_is_there());
    assert_string_equal(vm_node(VIF "0/bridge"), "xenia0");
    ok("create vm.cfg name='two'");
    ok("destroy vm");
    assert_true(nat_is_there());
    ok("destroy two");
    assert_true(nat_is_gone());
    /* A host that forwards goes on to do so. */
    fake_host.forward = true;
    ok("create vm.cfg");
    ok("destroy vm");
    assert_true(fake_host.forward && !fake_host.nat_bridge);
}

static void the_network_may_be_asked_for(void **state)
{
    (void)state;
    vm_config_write("vif = ['script=vif-nat']");
    ok("create vm.cfg");
    assert_true(nat_is_there());
    ok("network-detach --force vm 0");
    assert_true(nat_is_gone());
}

static void another_domain_may_serve(void **state)
{
    (void)state;
    fake_domain_make(5, "storage", 1, 8);
    devices_write("disk = ['there,,xvda,backend=storage']\n"
                  "vif = ['bridge=theirs,backend=5']");
    ok("create vm.cfg");
    assert_string_equal(vm_node("/local/domain/5/backend/vbd/1/51712/params"),
                        "/dev/there");
    assert_string_equal(fake_store_perms("/local/domain/5/backend/vbd/1/51712"),
                        "n5,r1");
    assert_string_equal(vm_node("/local/domain/1/device/vif/0/backend-id"),
                        "5");
    assert_string_equal(fake_host.port, "");
    ok("destroy vm");
    assert_int_equal(fake_store_count("/local/domain/5/backend/vbd/1/51712"),
                     0);
    devices_write("disk = ['there,,xvda,backend=nobody']");
    fails("create vm.cfg", ERROR_NO_DOMAIN);
    complains("xl: create: vm: disk[0]: backend 'nobody': no such domain\n");
}

static void devices_come_and_go(void **state)
{
    (void)state;
    ok("create vm.cfg");
    assert_int_equal(xl_in("block-attach vm @/ramdisk,raw xvdb r"), 0);
    assert_string_equal(vm_node(VBD "51728/mode"), "r");
    assert_int_equal(xl_in("block-attach vm @/ramdisk,raw xvdb r"),
                     error_exit_status(ERROR_DEVICE));
    complains("xl: block-attach: the domain has this device\n");
    assert_int_equal(fake_host.loops, 1);
    fails("block-detach vm xvdc", ERROR_DEVICE);
    complains("xl: block-detach: xvdc: no such device\n");
    ok("block-detach vm xvdb");
    assert_int_equal(fake_host.loops, 0);
    assert_int_equal(fake_store_count("/libxl/1/device/vbd/51728"), 0);
    ok("network-attach vm");
    ok("network-attach vm mac=00:16:3e:0a:0b:0c bridge=br0");
    assert_string_equal(vm_node("/local/domain/1/device/vif/1/mac"),
                        "00:16:3e:0a:0b:0c");
    ok("network-attach vm devid=7");
    ok("network-detach vm 7");
    ok("network-detach vm 0");
    ok("network-attach vm");
    assert_string_equal(fake_host.port, "vif1.0");
    ok("network-detach --force vm 00:16:3E:0a:0b:0c");
    assert_int_equal(fake_store_count("/local/domain/1/device/vif/1"), 0);
    fails("network-detach vm 00:16:3e:0a:0b:0c", ERROR_DEVICE);
    fails("network-attach vm bridge=br1", ERROR_DEVICE);
}

/* What is listed, saved and moved is what is there now. */
static void the_configuration_follows(void **state)
{
    (void)state;
    ok("create vm.cfg");
    ok("block-attach vm /ramdisk-of-none,,xvdz,w,script=/bin/true");
    ok("network-attach vm mac=00:16:3e:0a:0b:0c bridge=br0");
    ok("list -l vm");
    assert_non_null(strstr(xl_out, "\"vdev\": \"xvdz\""));
    assert_non_null(strstr(xl_out, "\"mac\": \"00:16:3e:0a:0b:0c\""));
    ok("block-detach vm xvdz");
    ok("network-detach vm 00:16:3e:0a:0b:0c");
    ok("list -l vm");
    assert_null(strstr(xl_out, "xvdz"));
    assert_null(strstr(xl_out, "00:16:3e:0a:0b:0c"));
}

static void a_missing_device_is_told(void **state)
{
    (void)state;
    vm_config_write("disk = ['/dev/nonexistent,,xvda']");
    fails("create vm.cfg", ERROR_DEVICE);
    complains("xl: create: vm: disk[0]: '/dev/nonexistent': no such device or "
              "file\n");
    vm_config_write("disk = ['/dev/null,,xvda']");
    fails("create vm.cfg", ERROR_DEVICE);
    complains("xl: create: vm: disk[0]: '/dev/null': neither a block device "
              "nor a file\n");
    vm_config_write("vif = ['bridge=br7']");
    fails("create vm.cfg", ERROR_DEVICE);
    complains("xl: create: vm: vif[0]: bridge 'br7': no such bridge (make it "
              "by `ip link add br7 type bridge`)\n");
    vm_config_write("vif = ['vifname=eth0']");
    fails("create vm.cfg", ERROR_DEVICE);
    complains("xl: create: vm: vif[0]: vifname 'eth0': the host has an "
              "interface of this name (choose another one)\n");
}

/* Reboots. */

static unsigned int lives;

/* The first one gets a disk and loses its interface before it reboots. */
static void changing(const char *path, const char *value)
{
    unsigned int domid, reason;
    char node[80], spec[128];
    int used = 0;

    vm_backends(path, value);
    sscanf(path, "/libxl/%u/device/console/0/protocol%n", &domid, &used);
    if (!used || path[used])
        return;
    reason = ++lives == 1 ? SHUTDOWN_reboot : SHUTDOWN_poweroff;
    fake_domain[domid].info.flags |=
        XEN_DOMINF_shutdown | reason << XEN_DOMINF_shutdownshift;
    if (lives > 1)
        return;
    snprintf(node, sizeof(node), "/libxl/%u/device/vbd/51728/spec", domid);
    snprintf(spec, sizeof(spec), "vdev=xvdb,access=r,target=%s/ramdisk",
             vm_folder);
    fake_store_set(node, spec);
}

static void attached_devices_are_there_after_a_reboot(void **state)
{
    (void)state;
    lives = 0;
    fake_store_watcher(changing);
    fake_background = true;
    devices_write("vif = ['']\non_poweroff='preserve'");
    ok("create vm.cfg");
    assert_int_equal(lives, 2);
    assert_string_equal(vm_node("/local/domain/0/backend/vbd/1/51728/mode"),
                        "r");
    assert_string_equal(vm_node("/local/domain/1/device/vif/0/handle"), "0");
}

static void an_address_stays_over_a_reboot(void **state)
{
    char mac[18];

    (void)state;
    lives = 0;
    fake_store_watcher(changing);
    fake_background = true;
    devices_write("vif = ['']\non_poweroff='preserve'\n"
                  "on_reboot='rename-restart'");
    ok("create vm.cfg");
    /* The old one has no devices any more. */
    assert_int_equal(fake_store_count("/libxl/1/device/vif/0"), 0);
    snprintf(mac, sizeof(mac), "%s",
             vm_node("/local/domain/2/device/vif/0/mac"));
    ok("list -l vm");
    assert_non_null(strstr(xl_out, mac));
}

/* Failures. */

static bool something_is_left(uint64_t frames)
{
    return access("userdata-d.1." VM_UUID ".libxl-json", F_OK) == 0 ||
           fake_domain[1].exists || fake_free_frames() != frames ||
           fake_store_count("/vm/" VM_UUID) || fake_store_count("/libxl/1") ||
           fake_store_count("/local/domain/1") ||
           fake_store_count("/local/domain/0/backend/console/1") ||
           fake_store_count("/local/domain/0/backend/vbd/1") ||
           fake_store_count("/local/domain/0/backend/vif/1") ||
           fake_host.loops || fake_host.nbds || !nat_is_gone();
}

static void all_kinds(void **state)
{
    vm_host(state);
    fake_host.bridge[0] = 0;
    devices_write("disk = ['@/ramdisk,,xvda,w','@/image,qcow2,xvdb,w',\n"
                  "        'any,,xvdc,w,script=@/script']\n"
                  "vif = ['rate-in=1MB/s', 'script=@/script']\n");
}

static void a_cancelled_create_leaves_nothing(void **state)
{
    uint64_t frames = fake_free_frames();
    struct cancel *token;

    (void)state;
    assert_int_equal(cancel_new(&token, NULL), 0);
    cancel_request(token);
    xl_cancel = token;
    fails("create vm.cfg", ERROR_CANCELLED);
    complains("xl: create: vm: making its vcpus: cancelled\n");
    assert_false(something_is_left(frames));
    cancel_free(token);
}

/*
 * Let each call, each request and each change of the host fail once: nothing
 * may be left. One call may fail without harm: where there are no large blocks
 * of memory, small ones do.
 */
static void a_create_that_fails_leaves_nothing(void **state)
{
    unsigned int calls, requests, steps, before, n, succeeded = 0;
    uint64_t frames;

    files_write();
    all_kinds(state);
    frames = fake_free_frames();
    before = fake_calls();
    ok("create vm.cfg");
    calls = fake_calls() - before;
    requests = fake_store_requests();
    steps = fake_host_steps();
    assert_true(calls > 20 && requests > 100 && steps > 15);
    for (n = 1; n <= calls + requests + steps; n++) {
        all_kinds(state);
        if (n <= calls)
            fake_call_fail(n, EIO);
        else if (n <= calls + requests)
            fake_store_request_fail(n - calls, EIO);
        else
            fake_host_fail(n - calls - requests);
        if (xl("create vm.cfg") == 0) {
            succeeded++;
            ok("destroy vm");
        }
        if (something_is_left(frames))
            fail_msg("left by step %u of %u + %u + %u: %s", n, calls, requests,
                     steps, xl_err);
    }
    assert_int_equal(succeeded, 1);
}

/* The n-th change of the host fails; says whether the attach succeeds then. */
static bool attach_survives(void **state, const char *command, unsigned int n)
{
    vm_host(state);
    fake_host.bridge[0] = 0;
    ok("create vm.cfg");
    fake_host_fail(n);
    if (xl_in(command) == 0)
        return true;
    assert_int_equal(fake_store_count("/libxl/1/device/vbd/51712"), 0);
    assert_int_equal(fake_store_count("/libxl/1/device/vif/0"), 0);
    assert_true(!fake_host.loops && !fake_host.nbds && nat_is_gone());
    return false;
}

static void an_attach_that_fails_leaves_nothing(void **state)
{
    static const char *const commands[] = {
        "block-attach vm @/ramdisk raw xvda",
        "block-attach vm @/image,qcow2,xvda",
        "block-attach vm any,,xvda,script=@/script",
        "network-attach vm rate-in=1MB/s,script=vif-nat",
        "network-attach vm script=@/script",
    };
    unsigned int n;
    size_t i;

    files_write();
    for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        for (n = 1; n < 50 && !attach_survives(state, commands[i], n); n++)
            ;
        assert_true(n > 1 && n < 50);
    }
}

/* Backends that end when all three have been asked to. */
static void ending_together(const char *path, const char *value)
{
    static char asked[3][80];
    static unsigned int nr;
    unsigned int i;

    if (!strstr(path, "/backend/v") || strcmp(value, "5")) {
        vm_backends(path, value);
        return;
    }
    assert_true(nr < 3);
    snprintf(asked[nr++], sizeof(asked[0]), "%s", path);
    for (i = 0; nr == 3 && i < 3; i++)
        fake_store_set(asked[i], "6");
}

static void all_devices_end_at_the_same_time(void **state)
{
    (void)state;
    devices_write(some);
    ok("create vm.cfg");
    fake_store_watcher(ending_together);
    ok("destroy vm");
    assert_int_equal(fake_host.loops, 0);
    assert_int_equal(fake_store_count("/local/domain/0/backend/vif/1"), 0);
}

#define test(f) cmocka_unit_test_setup_teardown(f, vm_host, xl_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(devices_come_with_the_domain),
        test(channels_come_with_the_domain),
        test(channels_that_cant_be_are_refused),
        test(devices_are_listed),
        test(all_devices_end_at_the_same_time),
        test(a_disk_in_use_is_not_given_twice),
        test(images_are_served_by_nbd),
        test(daemons_serve_what_asks_for_them),
        test(a_daemon_serves_images_by_nbd),
        test(a_daemon_is_kept_while_there_are_devices),
        test(a_server_of_an_image_is_kept),
        test(a_script_serves_a_disk),
        test(a_script_sets_an_interface_up),
        test(an_interface_may_be_routed),
        test(rates_are_limited),
        test(without_a_bridge_there_is_a_network),
        test(the_network_may_be_asked_for),
        test(another_domain_may_serve),
        test(devices_come_and_go),
        test(the_configuration_follows),
        test(a_missing_device_is_told),
        test(attached_devices_are_there_after_a_reboot),
        test(an_address_stays_over_a_reboot),
        test(a_cancelled_create_leaves_nothing),
        test(a_create_that_fails_leaves_nothing),
        test(an_attach_that_fails_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, vm_folder_make, vm_folder_remove);
}
