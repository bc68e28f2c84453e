/* SPDX-License-Identifier: MIT */
/*
 * xl create and destroy as a whole: what comes of a configuration, what is said
 * about a wrong one, and that a create that fails leaves nothing behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <cmocka.h>

#include "public/sched.h"

#include "lib/cancel.h"
#include "lib/error.h"
#include "toolstack/watcher.h"

#include "fake_dom0.h"
#include "kernel_setup.h"
#include "xl_setup.h"

#define ok(words)          assert_int_equal(xl(words), 0)
#define fails(words, code) assert_int_equal(xl(words), error_exit_status(code))
#define prints(text)       assert_string_equal(xl_out, text)
#define complains(text)    assert_string_equal(xl_err, text)

#define UUID               "685283ac-83f2-4d23-b79a-87c63dfaca78"

static char folder[] = "/tmp/create_test.XXXXXX";

/* A configuration, and whatever one test adds to it. */
static void config_write(const char *more)
{
    FILE *f = fopen("vm.cfg", "w");

    fprintf(f,
            "name = 'vm'\nuuid = '" UUID "'\nkernel = 'kernel'\n"
            "ramdisk = 'ramdisk'\nmemory = 8\nvcpus = 1\nmaxvcpus = 2\n%s\n",
            more);
    fclose(f);
}

/* Backends that take each device at once, and let it go. */
static void backends(const char *path, const char *value)
{
    const char *name = strrchr(path, '/');

    if (strncmp(path, "/local/domain/0/backend/v", 25) || !name ||
        strcmp(name, "/state"))
        return;
    if (!strcmp(value, "1"))
        fake_store_set(path, "2");
    else if (!strcmp(value, "5"))
        fake_store_set(path, "6");
}

/* Configurations kept of domains that were never destroyed. */
static void saved_remove(void)
{
    char path[128];
    unsigned int domid;

    for (domid = 1; domid < FAKE_MAX_DOMAIN; domid++) {
        snprintf(path, sizeof(path), "userdata-d.%u." UUID ".libxl-json",
                 domid);
        unlink(path);
        snprintf(path, sizeof(path), "userdata-w.%u." UUID ".xl", domid);
        unlink(path);
    }
    unlink("xl-watch.lock");
}

static int host(void **state)
{
    xl_reset(state);
    saved_remove();
    fake_store_watcher(backends);
    config_write("");
    return 0;
}

static const char *node(const char *path)
{
    const char *value = fake_store_get(path);

    return value ? value : "(none)";
}

static void a_domain_comes_of_a_configuration(void **state)
{
    (void)state;
    config_write("cpus='1'\ncpu_weight=77\nmaxmem=12");
    ok("create -q vm.cfg");
    prints("");
    complains("");
    assert_true(fake_domain[1].exists);
    assert_int_equal(fake_domain[1].paused, 0);
    assert_int_equal(fake_domain[1].info.tot_pages, 8 << 8);
    assert_int_equal(fake_domain[1].info.max_pages, 9 << 8);
    assert_int_equal(fake_domain[1].map_bytes, 12 << 20);
    assert_int_equal(fake_domain[1].info.max_vcpu_id, 1);
    assert_true(fake_domain[1].vcpu[0].online);
    assert_false(fake_domain[1].vcpu[1].online);
    assert_int_equal(fake_domain[1].vcpu[1].hard, 2);
    assert_int_equal(fake_domain[1].sched.weight, 77);
    assert_int_equal(fake_domain[1].claimed, 0);
    assert_int_equal(fake_domain[1].info.handle[0], 0x68);
    ok("list vm");
}

static void the_store_knows_it(void **state)
{
    (void)state;
    ok("create -p vm.cfg");
    prints("Parsing config from vm.cfg\n");
    assert_int_equal(fake_domain[1].paused, 1);
    assert_string_equal(node("/local/domain/1/vm"), "/vm/" UUID);
    assert_string_equal(node("/vm/" UUID "/name"), "vm");
    assert_string_equal(node("/vm/" UUID "/image/ramdisk"), "ramdisk");
    assert_string_equal(node("/local/domain/1/memory/target"), "8192");
    assert_string_equal(node("/local/domain/1/cpu/0/availability"), "online");
    assert_string_equal(node("/local/domain/1/cpu/1/availability"), "offline");
    assert_string_equal(node("/local/domain/1/store/port"), "1");
    assert_string_equal(node("/local/domain/1/console/port"), "2");
    assert_string_equal(node("/local/domain/1/console/type"), "xenconsoled");
    assert_string_equal(node("/local/domain/0/backend/console/1/0/frontend"),
                        "/local/domain/1/console");
    assert_string_equal(node("/libxl/1/type"), "pv");
}

static void the_domain_may_write_only_what_is_its_own(void **state)
{
    (void)state;
    ok("create vm.cfg");
    assert_string_equal(fake_store_perms("/local/domain/1"), "n0,r1");
    assert_string_equal(fake_store_perms("/local/domain/1/name"), "n0,r1");
    assert_string_equal(fake_store_perms("/local/domain/1/console/ring-ref"),
                        "n0,r1");
    assert_string_equal(fake_store_perms("/local/domain/1/control"), "n0,r1");
    assert_string_equal(fake_store_perms("/local/domain/1/control/shutdown"),
                        "n1");
    assert_string_equal(fake_store_perms("/local/domain/1/data"), "n1");
    assert_string_equal(fake_store_perms("/libxl/1/type"), "n0");
    assert_string_equal(fake_store_perms("/local/domain/0/backend/console/1/0"),
                        "n0,r1");
}

static void destroy_leaves_nothing(void **state)
{
    uint64_t frames = fake_free_frames();
    unsigned int nodes;

    (void)state;
    ok("create vm.cfg");
    ok("destroy vm");
    assert_false(fake_domain[1].exists);
    assert_int_equal(fake_free_frames(), frames);
    assert_int_equal(fake_store_count("/vm/" UUID), 0);
    assert_int_equal(fake_store_count("/local/domain/1"), 0);
    assert_int_equal(fake_store_count("/libxl/1"), 0);
    assert_int_equal(fake_store_count("/local/domain/0/backend/console/1"), 0);
    nodes = fake_store_count("/local");
    ok("create vm.cfg");
    ok("destroy 1");
    assert_int_equal(fake_store_count("/local"), nodes);
    fails("destroy vm", ERROR_NO_DOMAIN);
}

static void the_control_domain_is_not_destroyed(void **state)
{
    (void)state;
    fails("destroy 0", ERROR_USAGE);
    complains("xl: destroy: domain 0 is the control domain: not destroyed (-f "
              "tries it nevertheless)\n");
    fails("destroy -f 0", ERROR_HYPERVISOR);
}

static void arguments_override_the_file(void **state)
{
    (void)state;
    ok("create -q vm.cfg name='other' memory=9");
    assert_string_equal(node("/local/domain/1/name"), "other");
    assert_string_equal(node("/local/domain/1/memory/target"), "9216");
    ok("create -q -f vm.cfg name=\"third\"");
    assert_string_equal(node("/local/domain/2/name"), "third");
    fails("create", ERROR_USAGE);
    fails("create vm.cfg name=", ERROR_CONFIG);
    complains("xl: create: command line:1: unexpected end of file, expecting a "
              "number or a text or '['\n");
}

static void a_plan_changes_nothing(void **state)
{
    uint64_t frames = fake_free_frames();

    (void)state;
    config_write("cmdline = 'quiet'");
    ok("create --plan vm.cfg");
    assert_non_null(strstr(xl_out, "domain 'vm', UUID " UUID "\n"));
    assert_non_null(strstr(xl_out, "  memory: 8 MiB of 127 MiB free on the "
                                   "host\n  vcpus: 1 of 2\n"));
    assert_non_null(strstr(xl_out, "  kernel: kernel (test ), 24 KiB"));
    assert_non_null(strstr(xl_out, "  command line: quiet\nEverything is "
                                   "there; nothing was done.\n"));
    assert_false(fake_domain[1].exists);
    assert_int_equal(fake_free_frames(), frames);
    ok("create --plan --json vm.cfg");
    assert_non_null(strstr(xl_out, "\"host_free_kib\": "));
    ok("create --json vm.cfg");
    assert_non_null(strstr(xl_out, "\"domid\": 1\n"));
}

/* Devices: the disk is a file in the test's folder. */

static char devices[256];

static void devices_come_with_the_domain(void **state)
{
    const char *back = "/local/domain/0/backend/vbd/1/51712";
    char path[128];

    (void)state;
    config_write(devices);
    ok("create vm.cfg");
    assert_int_equal(fake_loops, 1);
    assert_string_equal(fake_port, "web");
    assert_string_equal(fake_store_perms(back), "n0,r1");
    snprintf(path, sizeof(path), "%s/physical-device", back);
    assert_string_equal(node(path), "1:3");
    snprintf(path, sizeof(path), "%s/mode", back);
    assert_string_equal(node(path), "w");
    assert_string_equal(node("/local/domain/1/device/vbd/51712/backend"), back);
    assert_string_equal(fake_store_perms("/local/domain/1/device/vbd/51712"),
                        "n1,r0");
    assert_string_equal(node("/libxl/1/device/vbd/51712/backend"), back);
    assert_string_equal(node("/local/domain/1/device/vif/0/mac"),
                        "00:16:3e:00:00:01");
    assert_string_equal(node("/local/domain/0/backend/vif/1/1/hotplug-status"),
                        "connected");
    assert_memory_equal(node("/local/domain/0/backend/vif/1/1/mac"), "00:16:3e",
                        8);
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
    ok("destroy vm");
    assert_int_equal(fake_loops, 0);
    assert_int_equal(fake_store_count("/local/domain/0/backend/vbd/1"), 0);
    assert_int_equal(fake_store_count("/local/domain/0/backend/vif/1"), 0);
}

static void a_disk_in_use_is_not_given_twice(void **state)
{
    (void)state;
    config_write(devices);
    ok("create vm.cfg");
    fails("create vm.cfg name='two'", ERROR_DEVICE);
    assert_non_null(strstr(xl_err, "ramdisk': domain 1 uses it (two guests can "
                                   "share a disk only if both just read it)"));
}

static void devices_come_and_go(void **state)
{
    char command[128];

    (void)state;
    ok("create vm.cfg");
    snprintf(command, sizeof(command), "block-attach vm %s/ramdisk,raw xvdb r",
             folder);
    ok(command);
    assert_string_equal(node("/local/domain/0/backend/vbd/1/51728/mode"), "r");
    fails("block-detach vm xvdc", ERROR_DEVICE);
    complains("xl: block-detach: xvdc: no such device\n");
    ok("block-detach vm xvdb");
    assert_int_equal(fake_loops, 0);
    assert_int_equal(fake_store_count("/libxl/1/device/vbd/51728"), 0);
    ok("network-attach vm");
    ok("network-attach vm mac=00:16:3e:0a:0b:0c bridge=br0");
    assert_string_equal(node("/local/domain/1/device/vif/1/mac"),
                        "00:16:3e:0a:0b:0c");
    ok("network-detach vm 0");
    ok("network-attach vm");
    assert_string_equal(fake_port, "vif1.0");
    ok("network-detach --force vm 00:16:3E:0a:0b:0c");
    assert_int_equal(fake_store_count("/local/domain/1/device/vif/1"), 0);
    fails("network-detach vm 00:16:3e:0a:0b:0c", ERROR_DEVICE);
    fails("network-attach vm bridge=br1", ERROR_DEVICE);
}

static void a_missing_device_is_told(void **state)
{
    (void)state;
    config_write("disk = ['/dev/nonexistent,,xvda']");
    fails("create vm.cfg", ERROR_DEVICE);
    complains("xl: create: vm: disk[0]: '/dev/nonexistent': no such device or "
              "file\n");
    config_write("disk = ['/tmp,,xvda']");
    fails("create vm.cfg", ERROR_DEVICE);
    config_write("vif = ['', 'bridge=br7']");
    fails("create vm.cfg", ERROR_DEVICE);
    complains("xl: create: vm: vif[1]: bridge 'br7': no such bridge (make it "
              "by `ip link add br7 type bridge`)\n");
    config_write("disk = ['/a,,xvda', '/b,,d0']");
    fails("create vm.cfg", ERROR_CONFIG);
    complains("xl: create: vm.cfg:8: disk: [1]: there is another 'd0'\n");
}

static void list_l_shows_the_configuration(void **state)
{
    (void)state;
    config_write("maxmem = 12\nextra = 'quiet'\non_poweroff = 'preserve'");
    ok("create -q vm.cfg");
    ok("sched-credit2 -d vm -w 300");
    ok("mem-set vm 7");
    ok("rename vm other");
    ok("list -l 1");
    prints("[\n"
           "    {\n"
           "        \"domid\": 1,\n"
           "        \"config\": {\n"
           "            \"c_info\": {\n"
           "                \"type\": \"pv\",\n"
           "                \"name\": \"other\",\n"
           "                \"domid\": 4294967295,\n"
           "                \"uuid\": \"" UUID "\",\n"
           "                \"run_hotplug_scripts\": \"True\"\n"
           "            },\n"
           "            \"b_info\": {\n"
           "                \"max_vcpus\": 2,\n"
           "                \"avail_vcpus\": [\n"
           "                    0\n"
           "                ],\n"
           "                \"max_memkb\": 12288,\n"
           "                \"target_memkb\": 7168,\n"
           "                \"video_memkb\": 0,\n"
           "                \"sched_params\": {\n"
           "                    \"sched\": \"credit2\",\n"
           "                    \"weight\": 300,\n"
           "                    \"cap\": 0\n"
           "                },\n"
           "                \"claim_mode\": \"True\",\n"
           "                \"kernel\": \"kernel\",\n"
           "                \"cmdline\": \"quiet\",\n"
           "                \"ramdisk\": \"ramdisk\",\n"
           "                \"type.pv\": {\n\n"
           "                },\n"
           "                \"arch_arm\": {\n\n"
           "                },\n"
           "                \"arch_x86\": {\n"
           "                    \"msr_relaxed\": \"False\"\n"
           "                }\n"
           "            },\n"
           "            \"on_poweroff\": \"preserve\",\n"
           "            \"on_reboot\": \"restart\",\n"
           "            \"on_soft_reset\": \"soft_reset\"\n"
           "        }\n"
           "    }\n"
           "]\n\n");
    ok("list -l Domain-0");
    assert_non_null(strstr(xl_out, "\"name\": \"Domain-0\"\n"));
}

/* The end of a domain. */

/* Reasons for which the domains that are created next shut down, at once. */
static const unsigned int *next_reason;
static unsigned int nr_created;

/* The last node of its console is written just before it is unpaused. */
static void short_lived(const char *path, const char *value)
{
    unsigned int domid;
    int used = 0;

    (void)value;
    sscanf(path, "/libxl/%u/device/console/0/protocol%n", &domid, &used);
    if (!used || path[used])
        return;
    fake_domain[domid].info.flags |=
        XEN_DOMINF_shutdown | *next_reason++ << XEN_DOMINF_shutdownshift;
    nr_created++;
}

static void live_shortly(const unsigned int *reasons, const char *more)
{
    next_reason = reasons;
    nr_created = 0;
    fake_store_watcher(short_lived);
    fake_background = true;
    config_write(more);
}

static const unsigned int poweroff[] = {0}, crash[] = {3};
static const unsigned int reboots[] = {1, 1, 0};

static void a_domain_that_powers_off_is_destroyed(void **state)
{
    (void)state;
    live_shortly(poweroff, "");
    ok("create vm.cfg");
    assert_string_equal(fake_log, "/var/log/xen/xl-watch.log");
    assert_false(fake_domain[1].exists);
    assert_int_equal(fake_store_count("/vm/" UUID), 0);
}

static void a_domain_may_be_kept(void **state)
{
    (void)state;
    live_shortly(poweroff, "on_poweroff='preserve'");
    ok("create vm.cfg");
    ok("list vm");
    assert_non_null(strstr(xl_out, " ---s-- "));
    live_shortly(crash, "on_crash='preserve'\nname='other'");
    ok("create vm.cfg");
    ok("list other");
    assert_non_null(strstr(xl_out, " ---sc- "));
}

static void a_domain_that_reboots_is_made_anew(void **state)
{
    (void)state;
    live_shortly(reboots, "");
    ok("create vm.cfg");
    assert_int_equal(nr_created, 3);
    assert_false(fake_domain[1].exists);
    live_shortly(reboots, "on_reboot='rename-restart'");
    ok("create vm.cfg");
    assert_int_equal(nr_created, 3);
    assert_string_equal(node("/local/domain/1/name"), "vm-1");
    assert_string_equal(node("/local/domain/2/name"), "vm-2");
    assert_false(fake_domain[3].exists);
}

static bool is_watched(unsigned int domid)
{
    char path[128];

    snprintf(path, sizeof(path), "userdata-w.%u." UUID ".xl", domid);
    return access(path, F_OK) == 0;
}

/* The watcher was killed before the domain ended: the next command starts it
 * again. */
static void a_killed_watcher_is_started_again(void **state)
{
    (void)state;
    live_shortly(reboots + 1, "extra=\"it's\"");
    fake_background = false;
    ok("create vm.cfg");
    assert_true(is_watched(1));
    fake_background = true;
    ok("list");
    assert_int_equal(nr_created, 2);
    assert_false(fake_domain[1].exists);
    assert_false(is_watched(1));
    assert_false(is_watched(2));
    assert_string_equal(fake_log, "/var/log/xen/xl-watch.log");
    fake_log[0] = 0;
    ok("list");
    assert_string_equal(fake_log, "");
}

/* While there is one, no other is started. */
static void there_is_one_watcher(void **state)
{
    int lock = open("xl-watch.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    (void)state;
    live_shortly(poweroff, "");
    fake_log[0] = 0;
    assert_int_equal(flock(lock, LOCK_EX), 0);
    ok("create vm.cfg");
    assert_string_equal(fake_log, "");
    assert_true(is_watched(1));
    close(lock);
    ok("list");
    assert_false(fake_domain[1].exists);
}

/* Somebody else has destroyed it, or it is being saved. */
static void a_record_goes_with_its_domain(void **state)
{
    (void)state;
    ok("create -p vm.cfg");
    assert_true(is_watched(1));
    ok("destroy vm");
    assert_false(is_watched(1));
    ok("create -p vm.cfg");
    fake_domain[1].exists = false;
    fake_background = true;
    ok("list");
    assert_false(is_watched(1));
}

static void nothing_is_told(const char *name, const char *text)
{
    fail_msg("%s: %s", name, text);
}

/* It looks once, and would then wait. */
static void a_suspended_domain_is_left_alone(void **state)
{
    struct cancel *token;
    struct privcmd *p;
    struct store *s;

    (void)state;
    ok("create -p vm.cfg");
    fake_domain[1].info.flags |=
        XEN_DOMINF_shutdown | SHUTDOWN_suspend << XEN_DOMINF_shutdownshift;
    assert_int_equal(privcmd_open(&p, NULL), 0);
    assert_int_equal(store_open(&s, NULL), 0);
    assert_int_equal(cancel_new(&token, NULL), 0);
    cancel_request(token);
    store_set_cancel(s, token);
    assert_int_equal(watcher_run(p, s, nothing_is_told, NULL), -ECANCELED);
    assert_true(fake_domain[1].exists);
    assert_true(is_watched(1));
    store_close(s);
    privcmd_close(p);
    cancel_free(token);
}

static void a_dry_run_shows_the_configuration(void **state)
{
    (void)state;
    ok("create -n vm.cfg");
    complains("Parsing config from vm.cfg\n");
    assert_non_null(strstr(xl_out, "\"max_memkb\": 8192,\n"));
    assert_false(fake_domain[1].exists);
    ok("-N create -q vm.cfg");
    complains("");
}

static void the_foreground_waits_for_the_end(void **state)
{
    (void)state;
    live_shortly(poweroff, "");
    ok("create -F vm.cfg");
    assert_false(fake_domain[1].exists);
    assert_string_equal(fake_log, "");
}

static void nobody_watches_with_e(void **state)
{
    (void)state;
    live_shortly(poweroff, "");
    ok("create -e vm.cfg");
    assert_true(fake_domain[1].exists);
    assert_string_equal(fake_log, "");
}

static void a_wrong_action_is_told(void **state)
{
    (void)state;
    config_write("on_crash='coredump-destroy'");
    fails("create vm.cfg", ERROR_CONFIG);
    complains("xl: create: vm.cfg:8: on_crash: wants destroy, restart, "
              "rename-restart or preserve; others are not supported yet\n");
}

/* Each cause has its words and its exit status. */

static void clocks_and_pool_are_set(void **state)
{
    (void)state;
    fake_pool[2] = (struct fake_pool){.exists = true};
    fake_store_set("/local/pool/2/name", "slow");
    config_write("pool='slow'\nrtc_timeoffset='-7'\ntsc_mode='native'\n"
                 "nomigrate=1\nlocaltime=0");
    ok("create -p vm.cfg");
    assert_int_equal(fake_domain[1].info.cpupool, 2);
    assert_int_equal(fake_domain[1].time_offset, -7);
    assert_int_equal(fake_domain[1].tsc_mode, 2);
    ok("list -l vm");
    assert_non_null(strstr(xl_out, "\"pool_name\": \"slow\""));
    assert_non_null(strstr(xl_out, "\"tsc_mode\": \"native\""));
    assert_non_null(strstr(xl_out, "\"disable_migrate\": \"True\""));
    config_write("pool='fast'");
    fails("create vm.cfg name='other'", ERROR_USAGE);
    complains("xl: create: other: pool: fast: no such pool (`xl cpupool-list` "
              "shows all of them)\n");
    config_write("tsc_mode='5'");
    fails("create vm.cfg", ERROR_CONFIG);
}

static void keys_without_effect_are_told(void **state)
{
    (void)state;
    config_write("seclabel='a:b:c'\nvfb=[]\nusb=0\nvnc='0'\ncpu='1'");
    ok("create -q -p vm.cfg");
    complains("xl: create: warning: vm.cfg:8: 'seclabel' has no effect: the "
              "hypervisor has no security module\n"
              "xl: create: warning: vm.cfg:12: 'cpu' is read as 'cpus'\n");
    config_write("vfb=['vnc=1']");
    fails("create vm.cfg name='other'", ERROR_CONFIG);
    assert_non_null(strstr(xl_err, "vfb: no guest has a screen here"));
}

static void a_misspelt_key_is_told(void **state)
{
    (void)state;
    config_write("memroy = 12");
    fails("create vm.cfg", ERROR_CONFIG);
    complains("xl: create: vm.cfg:8: memroy: no such key (did you mean "
              "`memory`?)\n");
}

static void a_missing_file_is_told(void **state)
{
    (void)state;
    fails("create none.cfg", ERROR_CONFIG);
    complains("xl: create: none.cfg: No such file or directory\n");
    config_write("kernel = 'none'");
    fails("create vm.cfg", ERROR_IMAGE);
    complains("xl: create: vm: kernel: none: No such file or directory\n");
    config_write("ramdisk = '.'");
    fails("create vm.cfg", ERROR_IMAGE);
    complains("xl: create: vm: ramdisk: .: Is a directory\n");
}

static void a_kernel_that_is_none_is_told(void **state)
{
    (void)state;
    config_write("kernel = 'ramdisk'");
    fails("create vm.cfg", ERROR_IMAGE);
    assert_non_null(strstr(xl_err, "xl: create: vm: kernel: ramdisk: "));
    config_write("kernel = 'native'");
    fails("create vm.cfg", ERROR_IMAGE);
    assert_non_null(strstr(xl_err, "xl: create: vm: kernel: native: "));
}

static void a_name_in_use_is_told(void **state)
{
    (void)state;
    ok("create vm.cfg");
    fails("create vm.cfg", ERROR_NAME_IN_USE);
    complains("xl: create: vm: vm: domain 1 has this name\n");
    fails("create vm.cfg name='1'", ERROR_USAGE);
}

static void too_little_memory_is_told(void **state)
{
    (void)state;
    config_write("memory = 500");
    fails("create vm.cfg", ERROR_HOST_MEMORY);
    complains("xl: create: vm: memory = 500 MiB, but only 127 MiB are free on "
              "this host (lower it, or take memory from others by `xl "
              "mem-set`)\n");
    config_write("memory = 1");
    fails("create vm.cfg", ERROR_CONFIG);
    assert_non_null(strstr(xl_err, "(give it at least "));
}

static void a_cpu_that_is_not_there_is_told(void **state)
{
    (void)state;
    config_write("cpus = '0,5'");
    fails("create vm.cfg", ERROR_USAGE);
    complains("xl: create: vm: cpus: '0,5': the host has CPUs 0 to 1 only\n");
}

static void a_step_that_fails_is_named(void **state)
{
    (void)state;
    fake_store_request_fail(7, ENOSPC);
    fails("create vm.cfg", ERROR_STORE);
    complains("xl: create: vm: entering it in xenstore: xenstore: can't write "
              "/vm/" UUID "/image/ostype: No space left on device\n");
}

static bool something_is_left(uint64_t frames)
{
    return access("userdata-d.1." UUID ".libxl-json", F_OK) == 0 ||
           fake_domain[1].exists || fake_free_frames() != frames ||
           fake_store_count("/vm/" UUID) || fake_store_count("/libxl/1") ||
           fake_store_count("/local/domain/1") ||
           fake_store_count("/local/domain/0/backend/console/1") ||
           fake_store_count("/local/domain/0/backend/vbd/1") ||
           fake_store_count("/local/domain/0/backend/vif/1") || fake_loops;
}

/*
 * Let each call and each request fail once: nothing may be left. One call may
 * fail without harm: where there are no large blocks of memory, small ones do.
 */
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

static void a_create_that_fails_leaves_nothing(void **state)
{
    unsigned int calls, requests, before, n, succeeded = 0;
    uint64_t frames;

    host(state);
    config_write(devices);
    frames = fake_free_frames();
    before = fake_calls();
    ok("create vm.cfg");
    calls = fake_calls() - before;
    requests = fake_store_requests();
    assert_true(calls > 30 && requests > 50);
    for (n = 1; n <= calls + requests; n++) {
        host(state);
        config_write(devices);
        if (n <= calls)
            fake_call_fail(n, EIO);
        else
            fake_store_request_fail(n - calls, EIO);
        if (xl("create vm.cfg") == 0) {
            succeeded++;
            ok("destroy vm");
        }
        if (something_is_left(frames))
            fail_msg("left by step %u of %u + %u", n, calls, requests);
    }
    assert_int_equal(succeeded, 1);
}

static int folder_make(void **state)
{
    const struct kernel_wish wish = {.p2m_apart = true, .mod_start_pfn = true};
    const struct kernel_wish native = {.no_notes = true};

    (void)state;
    if (!mkdtemp(folder) || chdir(folder))
        return -1;
    setenv("XENIA_SAVED_CONFIGS", folder, 1);
    kernel_write("kernel", &wish);
    kernel_write("native", &native);
    bytes_write("ramdisk", 5000);
    snprintf(devices, sizeof(devices),
             "disk = ['%s/ramdisk,,xvda,w']\n"
             "vif = ['mac=00:16:3e:00:00:01', 'bridge=br0,vifname=web']\n",
             folder);
    return 0;
}

static int folder_remove(void **state)
{
    (void)state;
    saved_remove();
    unlink("kernel");
    unlink("native");
    unlink("ramdisk");
    unlink("vm.cfg");
    return chdir("/") || rmdir(folder);
}

#define test(f) cmocka_unit_test_setup_teardown(f, host, xl_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_domain_comes_of_a_configuration),
        test(the_store_knows_it),
        test(the_domain_may_write_only_what_is_its_own),
        test(destroy_leaves_nothing),
        test(the_control_domain_is_not_destroyed),
        test(arguments_override_the_file),
        test(a_plan_changes_nothing),
        test(devices_come_with_the_domain),
        test(a_disk_in_use_is_not_given_twice),
        test(devices_come_and_go),
        test(a_missing_device_is_told),
        test(list_l_shows_the_configuration),
        test(a_domain_that_powers_off_is_destroyed),
        test(a_domain_may_be_kept),
        test(a_domain_that_reboots_is_made_anew),
        test(a_killed_watcher_is_started_again),
        test(there_is_one_watcher),
        test(a_record_goes_with_its_domain),
        test(a_suspended_domain_is_left_alone),
        test(a_dry_run_shows_the_configuration),
        test(the_foreground_waits_for_the_end),
        test(nobody_watches_with_e),
        test(a_wrong_action_is_told),
        test(clocks_and_pool_are_set),
        test(keys_without_effect_are_told),
        test(a_misspelt_key_is_told),
        test(a_missing_file_is_told),
        test(a_kernel_that_is_none_is_told),
        test(a_name_in_use_is_told),
        test(too_little_memory_is_told),
        test(a_cpu_that_is_not_there_is_told),
        test(a_step_that_fails_is_named),
        test(a_cancelled_create_leaves_nothing),
        test(a_create_that_fails_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
