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
#include "vm_setup.h"
#include "xl_setup.h"

#define ok(words)          assert_int_equal(xl(words), 0)
#define fails(words, code) assert_int_equal(xl(words), error_exit_status(code))
#define prints(text)       assert_string_equal(xl_out, text)
#define complains(text)    assert_string_equal(xl_err, text)

static void a_domain_comes_of_a_configuration(void **state)
{
    (void)state;
    vm_config_write("cpus='1'\ncpu_weight=77\nmaxmem=12");
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
    assert_string_equal(vm_node("/local/domain/1/vm"), "/vm/" VM_UUID);
    assert_string_equal(vm_node("/vm/" VM_UUID "/name"), "vm");
    assert_string_equal(vm_node("/vm/" VM_UUID "/image/ramdisk"), "ramdisk");
    assert_string_equal(vm_node("/local/domain/1/memory/target"), "8192");
    assert_string_equal(vm_node("/local/domain/1/cpu/0/availability"),
                        "online");
    assert_string_equal(vm_node("/local/domain/1/cpu/1/availability"),
                        "offline");
    assert_string_equal(vm_node("/local/domain/1/store/port"), "1");
    assert_string_equal(vm_node("/local/domain/1/console/port"), "2");
    assert_string_equal(vm_node("/local/domain/1/console/type"), "xenconsoled");
    assert_string_equal(vm_node("/local/domain/0/backend/console/1/0/frontend"),
                        "/local/domain/1/console");
    assert_string_equal(vm_node("/libxl/1/type"), "pv");
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
    assert_int_equal(fake_store_count("/vm/" VM_UUID), 0);
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
    assert_string_equal(vm_node("/local/domain/1/name"), "other");
    assert_string_equal(vm_node("/local/domain/1/memory/target"), "9216");
    ok("create -q -f vm.cfg name=\"third\"");
    assert_string_equal(vm_node("/local/domain/2/name"), "third");
    fails("create", ERROR_USAGE);
    fails("create vm.cfg name=", ERROR_CONFIG);
    complains("xl: create: command line:1: unexpected end of file, expecting a "
              "number or a text or '['\n");
}

static void a_plan_changes_nothing(void **state)
{
    uint64_t frames = fake_free_frames();

    (void)state;
    vm_config_write("cmdline = 'quiet'");
    ok("create --plan vm.cfg");
    assert_non_null(strstr(xl_out, "domain 'vm', UUID " VM_UUID "\n"));
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

/* So that the guest has it again when it is restored. */
static void a_later_pin_is_kept(void **state)
{
    (void)state;
    vm_config_write("");
    ok("create -q vm.cfg");
    ok("vcpu-pin vm 1 0 0-1");
    ok("list -l 1");
    assert_non_null(strstr(xl_out, "                \"xenia_cpus\": [\n"
                                   "                    \"all\",\n"
                                   "                    \"0\"\n"
                                   "                ],\n"
                                   "                \"xenia_cpus_soft\": [\n"
                                   "                    \"all\",\n"
                                   "                    \"0-1\"\n"
                                   "                ],\n"));
    ok("vcpu-pin 0 0 0");
}

static void list_l_shows_the_configuration(void **state)
{
    (void)state;
    vm_config_write("maxmem = 12\nextra = 'quiet'\non_poweroff = 'preserve'");
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
           "                \"uuid\": \"" VM_UUID "\",\n"
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
    vm_config_write(more);
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
    assert_int_equal(fake_store_count("/vm/" VM_UUID), 0);
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
    assert_string_equal(vm_node("/local/domain/1/name"), "vm-1");
    assert_string_equal(vm_node("/local/domain/2/name"), "vm-2");
    assert_false(fake_domain[3].exists);
}

static bool is_watched(unsigned int domid)
{
    char path[128];

    snprintf(path, sizeof(path), "userdata-w.%u." VM_UUID ".xl", domid);
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

/* Some of its pages are still mapped, and nobody tells when that ends. */
static void a_dying_domain_is_not_waited_for(void **state)
{
    (void)state;
    ok("create -p vm.cfg");
    fake_domain[1].info.flags |= XEN_DOMINF_dying;
    fake_background = true;
    ok("list");
    assert_false(is_watched(1));
    assert_true(fake_domain[1].exists);
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

/* It comes again with the memory that was set meanwhile. */
static void the_next_life_has_the_updated_configuration(void **state)
{
    (void)state;
    ok("create -p vm.cfg");
    ok("config-update vm vm.cfg memory=12 on_poweroff='preserve'");
    complains("setting dom1 configuration\n");
    ok("list -l vm");
    assert_non_null(strstr(xl_out, "\"on_poweroff\": \"preserve\""));
    fake_domain[1].info.flags |=
        XEN_DOMINF_shutdown | SHUTDOWN_reboot << XEN_DOMINF_shutdownshift;
    live_shortly(poweroff, "");
    ok("list");
    assert_string_equal(fake_store_get("/local/domain/1/memory/target"),
                        "12288");
    ok("list vm");
    assert_non_null(strstr(xl_out, " ---s-- "));
    fails("config-update vm", ERROR_USAGE);
    fails("config-update nobody vm.cfg", ERROR_NO_DOMAIN);
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
    vm_config_write("on_crash='coredump-destroy'");
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
    vm_config_write("pool='slow'\nrtc_timeoffset='-7'\ntsc_mode='native'\n"
                    "nomigrate=1\nlocaltime=0");
    ok("create -p vm.cfg");
    assert_int_equal(fake_domain[1].info.cpupool, 2);
    assert_int_equal(fake_domain[1].time_offset, -7);
    assert_int_equal(fake_domain[1].tsc_mode, 2);
    ok("list -l vm");
    assert_non_null(strstr(xl_out, "\"pool_name\": \"slow\""));
    assert_non_null(strstr(xl_out, "\"tsc_mode\": \"native\""));
    assert_non_null(strstr(xl_out, "\"disable_migrate\": \"True\""));
    vm_config_write("pool='fast'");
    fails("create vm.cfg name='other'", ERROR_USAGE);
    complains("xl: create: other: pool: fast: no such pool (`xl cpupool-list` "
              "shows all of them)\n");
    vm_config_write("tsc_mode='5'");
    fails("create vm.cfg", ERROR_CONFIG);
}

static void keys_without_effect_are_told(void **state)
{
    (void)state;
    vm_config_write("seclabel='a:b:c'\nvfb=[]\nusb=0\nvnc='0'\ncpu='1'");
    ok("create -q -p vm.cfg");
    complains("xl: create: warning: vm.cfg:8: 'seclabel' has no effect: the "
              "hypervisor has no security module\n"
              "xl: create: warning: vm.cfg:12: 'cpu' is read as 'cpus'\n");
    vm_config_write("vfb=['vnc=1']");
    fails("create vm.cfg name='other'", ERROR_CONFIG);
    assert_non_null(strstr(xl_err, "vfb: no guest has a screen here"));
}

static void a_misspelt_key_is_told(void **state)
{
    (void)state;
    vm_config_write("memroy = 12");
    fails("create vm.cfg", ERROR_CONFIG);
    complains("xl: create: vm.cfg:8: memroy: no such key (did you mean "
              "`memory`?)\n");
}

static void a_missing_file_is_told(void **state)
{
    (void)state;
    fails("create none.cfg", ERROR_CONFIG);
    complains("xl: create: none.cfg: No such file or directory\n");
    vm_config_write("kernel = 'none'");
    fails("create vm.cfg", ERROR_IMAGE);
    complains("xl: create: vm: kernel: none: No such file or directory\n");
    vm_config_write("ramdisk = '.'");
    fails("create vm.cfg", ERROR_IMAGE);
    complains("xl: create: vm: ramdisk: .: Is a directory\n");
}

static void a_kernel_that_is_none_is_told(void **state)
{
    (void)state;
    vm_config_write("kernel = 'ramdisk'");
    fails("create vm.cfg", ERROR_IMAGE);
    assert_non_null(strstr(xl_err, "xl: create: vm: kernel: ramdisk: "));
    vm_config_write("kernel = 'native'");
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
    vm_config_write("memory = 500");
    fails("create vm.cfg", ERROR_HOST_MEMORY);
    complains("xl: create: vm: memory = 500 MiB, but only 127 MiB are free on "
              "this host (lower it, or take memory from others by `xl "
              "mem-set`)\n");
    vm_config_write("memory = 1");
    fails("create vm.cfg", ERROR_CONFIG);
    assert_non_null(strstr(xl_err, "(give it at least "));
}

static void a_cpu_that_is_not_there_is_told(void **state)
{
    (void)state;
    vm_config_write("cpus = '0,5'");
    fails("create vm.cfg", ERROR_USAGE);
    complains("xl: create: vm: cpus: '0,5': the host has CPUs 0 to 1 only\n");
}

static void a_step_that_fails_is_named(void **state)
{
    (void)state;
    fake_store_request_fail(7, ENOSPC);
    fails("create vm.cfg", ERROR_STORE);
    complains("xl: create: vm: entering it in xenstore: xenstore: can't write "
              "/vm/" VM_UUID "/image/ostype: No space left on device\n");
}

#define test(f) cmocka_unit_test_setup_teardown(f, vm_host, xl_free)

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
        test(a_later_pin_is_kept),
        test(list_l_shows_the_configuration),
        test(a_domain_that_powers_off_is_destroyed),
        test(a_domain_may_be_kept),
        test(a_domain_that_reboots_is_made_anew),
        test(a_killed_watcher_is_started_again),
        test(there_is_one_watcher),
        test(a_record_goes_with_its_domain),
        test(a_dying_domain_is_not_waited_for),
        test(a_suspended_domain_is_left_alone),
        test(the_next_life_has_the_updated_configuration),
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
    };

    return cmocka_run_group_tests(tests, vm_folder_make, vm_folder_remove);
}
