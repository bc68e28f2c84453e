/* SPDX-License-Identifier: MIT */
/*
 * What dom0-tools/lib does to a Linux host: programs that are run, interfaces,
 * routes, the network of guests without a bridge. It is a host of the test's
 * own: namespaces of networks, users and mounts. Skipped where those may not be
 * made.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/dnsmasq.h"
#include "lib/lock.h"
#include "lib/nbd_server.h"
#include "lib/netdev.h"
#include "lib/netroute.h"
#include "lib/pid_file.h"
#include "lib/process.h"
#include "lib/run_file.h"
#include "lib/service.h"
#include "toolstack/nat.h"

static bool may;

#define need_host()                                                            \
    do {                                                                       \
        if (!may)                                                              \
            skip();                                                            \
    } while (0)

/* Without an error of its own. */
static void works(int rc, struct error **err)
{
    char *text = *err ? error_text(*err) : NULL;

    if (rc)
        fail_msg("%d: %s", rc, text ? text : "");
}

#define shell(command) assert_int_equal(system(command), 0)

static int text_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) > 0;

    if (fd >= 0)
        close(fd);
    return good ? 0 : -1;
}

/* A host with a loopback interface and empty folders for what is kept. */
static int host_make(void **state)
{
    char map[32];
    uid_t uid = geteuid();

    (void)state;
    snprintf(map, sizeof(map), "0 %u 1", uid);
    may =
        unshare(CLONE_NEWNET | CLONE_NEWNS | (uid ? CLONE_NEWUSER : 0)) == 0 &&
        (!uid || text_write("/proc/self/uid_map", map) == 0) &&
        mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
        mount("sysfs", "/sys", "sysfs", 0, NULL) == 0 &&
        mount("run", "/run", "tmpfs", 0, NULL) == 0 &&
        mount("log", "/var/log", "tmpfs", 0, NULL) == 0 &&
        mkdir("/var/log/xen", 0755) == 0 && mkdir("/run/netns", 0755) == 0 &&
        system("ip link set lo up") == 0;
    return 0;
}

static void fails_with(int rc, int expected, struct error **err,
                       const char *text)
{
    char *message = error_text(*err);

    assert_int_equal(rc, expected);
    assert_string_equal(message, text);
    free(message);
    error_clear(err);
}

static int sh(const char *script, const char *input, int timeout_ms,
              struct error **err_out)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    const char *env[] = {"EXTRA=more", "HOME=/elsewhere", NULL};
    const struct process p = {
        .argv = argv, .env = env, .input = input, .timeout_ms = timeout_ms};

    return process_run(&p, err_out);
}

static void a_program_is_run(void **state)
{
    struct error *err = NULL;

    (void)state;
    assert_int_equal(sh("[ $EXTRA$HOME = more/elsewhere ]", NULL, 5000, NULL),
                     0);
    assert_int_equal(sh("read x && [ $x = text ]", "text\n", 5000, NULL), 0);
    fails_with(
        sh("echo one; echo two >&2; printf '\\033x'; exit 7", NULL, 5000, &err),
        -EIO, &err, "sh ended with status 7: one;two; x");
    fails_with(sh("kill -9 $$", NULL, 5000, &err), -EIO, &err,
               "sh was ended by signal 9: it printed nothing");
}

static void a_program_may_print_without_end(void **state)
{
    struct error *err = NULL;
    char *text;

    (void)state;
    assert_int_equal(
        sh("head -c 1000000 /dev/zero | tr '\\0' x; echo end; exit 1", NULL,
           20000, &err),
        -EIO);
    text = error_text(err);
    assert_true(strlen(text) < 3000);
    assert_string_equal(text + strlen(text) - 4, "xend");
    free(text);
    error_free(err);
}

static void a_program_has_its_time(void **state)
{
    struct error *err = NULL;
    time_t before = time(NULL);

    (void)state;
    fails_with(sh("echo begun; sleep 60 & sleep 60", NULL, 300, &err),
               -ETIMEDOUT, &err, "sh did not end within 0 s: begun");
    /* What it leaves in the background is not waited for. */
    assert_int_equal(sh("sleep 60 &", NULL, 5000, NULL), 0);
    assert_true(time(NULL) - before < 30);
}

static void a_missing_program_is_told(void **state)
{
    const char *argv[] = {"no-such-program", NULL};
    const struct process p = {.argv = argv, .timeout_ms = 1000};
    struct error *err = NULL;

    (void)state;
    fails_with(process_run(&p, &err), -ENOENT, &err,
               "no-such-program: No such file or directory");
    assert_false(process_find("no-such-program"));
    assert_true(process_find("sh"));
}

static void a_program_may_be_cancelled(void **state)
{
    const char *argv[] = {"sleep", "60", NULL};
    struct process p = {.argv = argv, .timeout_ms = 60000};
    struct error *err = NULL;
    struct cancel *token;

    (void)state;
    assert_int_equal(cancel_new(&token, NULL), 0);
    p.cancel = token;
    cancel_request(token);
    fails_with(process_run(&p, &err), -ECANCELED, &err, "cancelled");
    cancel_free(token);
}

static void an_interface_joins_a_bridge(void **state)
{
    const struct netdev_wish wish = {.new_name = "web", .bridge = "br0"};
    char name[NETDEV_NAME_SIZE];

    (void)state;
    need_host();
    assert_int_equal(netdev_bridges("xenia0", name), 0);
    assert_int_equal(netdev_bridge_make("br0", NULL), 0);
    assert_int_equal(netdev_bridge_make("br0", NULL), 0);
    assert_true(netdev_is_bridge("br0"));
    assert_int_equal(netdev_bridges("xenia0", name), 1);
    assert_string_equal(name, "br0");
    assert_true(netdev_bridge_is_empty("br0"));
    shell("ip link set br0 mtu 1400; ip link add vif1.0 type veth peer peer0");
    assert_int_equal(netdev_setup("vif1.0", &wish, NULL), 0);
    assert_false(netdev_exists("vif1.0"));
    assert_false(netdev_bridge_is_empty("br0"));
    assert_int_equal(netdev_mtu("web"), 1400);
    shell("ip link show web | grep -q 'UP.* master br0'");
    shell("ip link show web | grep -q 'fe:ff:ff:ff:ff:ff'");
    assert_int_equal(netdev_limit("web", 1000000, NULL), 0);
    shell("tc qdisc show dev web | grep -q 'tbf .* rate 8Mbit'");
    assert_int_equal(netdev_delete("web", NULL), 0);
    assert_int_equal(netdev_delete("br0", NULL), 0);
    assert_int_equal(netdev_delete("br0", NULL), 0);
    assert_false(netdev_exists("br0"));
}

static void routes_are_made(void **state)
{
    static const char *const networks[] = {"10.1.0.0/16", "10.2.0.0/16"};
    struct error *err = NULL;
    unsigned int which = 9;

    (void)state;
    need_host();
    shell("ip link add gw0 type bridge && ip link set gw0 up && "
          "ip link add vif2.0 type veth peer peer2 && ip link set vif2.0 up");
    assert_int_equal(netroute_address_add("gw0", "10.1.2.3/24", NULL), 0);
    assert_int_equal(netroute_address_add("gw0", "10.1.2.3/24", NULL), 0);
    works(netroute_host_add("vif2.0", "10.3.0.7", "gw0", &err), &err);
    shell("ip route show 10.3.0.7 | grep -q 'dev vif2.0 .*src 10.1.2.3'");
    works(netroute_host_add("vif2.0", "2001:db8::7", "gw0", &err), &err);
    shell("ip -6 route show 2001:db8::7 | grep -q 'dev vif2.0'");
    assert_int_equal(netroute_free_network(networks, 2, &which, NULL), 0);
    assert_int_equal(which, 1);
    assert_int_equal(netroute_free_network(networks, 1, &which, NULL),
                     -EADDRINUSE);
    shell("ip link del gw0; ip link del vif2.0");
}

/* A guest, as far as the network sees it: a namespace at a port. */
static void guest_make(const char *name, unsigned int number)
{
    const struct netdev_wish wish = {.bridge = NAT_BRIDGE, .isolated = true};
    char command[512], port[NETDEV_NAME_SIZE];

    snprintf(port, sizeof(port), "vif%u.0", number);
    snprintf(command, sizeof(command),
             "ip netns add %s && ip link add %s type veth peer eth0 netns %s "
             "&& ip -n %s link set eth0 up && ip -n %s link set lo up",
             name, port, name, name, name);
    shell(command);
    assert_int_equal(netdev_setup(port, &wish, NULL), 0);
}

/* Its address by DHCP; the script of the client does what guests do. */
static void guest_address(const char *name)
{
    char command[256];
    FILE *f = fopen("/run/dhcp", "w");

    fputs("#!/bin/sh\n[ $1 = bound ] || exit 0\n"
          "ip addr add $ip/$mask dev eth0; ip route add default via $router\n",
          f);
    fclose(f);
    chmod("/run/dhcp", 0755);
    snprintf(command, sizeof(command),
             "ip netns exec %s busybox udhcpc -q -f -n -t 20 -T 1 -i eth0 "
             "-s /run/dhcp > /run/udhcpc.log 2>&1",
             name);
    shell(command);
}

static void the_network_without_a_bridge_works(void **state)
{
    struct error *err = NULL;
    int hold;

    (void)state;
    need_host();
    shell("ip netns add far && ip link add near0 type veth peer far0 netns far "
          "&& ip addr add 10.77.0.1/24 dev near0 && ip link set near0 up && "
          "ip -n far addr add 10.77.0.2/24 dev far0 && "
          "ip -n far link set far0 up && ip -n far link set lo up");
    works(nat_check(&err), &err);
    works(nat_enter(&hold, &err), &err);
    guest_make("one", 1);
    /* Held by whoever comes, though nobody were there. */
    assert_int_equal(nat_leave(NULL), 0);
    nat_release(hold);
    assert_int_equal(nat_enter(&hold, NULL), 0);
    guest_make("two", 2);
    nat_release(hold);
    guest_address("one");
    guest_address("two");
    shell("ip netns exec one ip addr show eth0 | grep -q 'inet 10.213.'");
    shell(
        "ip netns exec one busybox ping -c 1 -W 5 -q 10.213.16.1 > /dev/null");
    shell("ip netns exec one busybox ping -c 1 -W 5 -q 10.77.0.2 > /dev/null");
    /* Guests see each other by the host alone. */
    shell("ip netns exec two busybox ping -c 1 -W 5 -q $(ip -n one -4 -br addr "
          "show "
          "eth0 | sed 's/.* \\(10[0-9.]*\\).*/\\1/') > /dev/null");
    shell("ip -n two neigh | grep -v 10.213.16.1 | "
          "grep -q 'lladdr 02:16:3e:00:00:01'");
    /* The far side has no way to a guest, and would not be let in. */
    shell("ip -n far route add 10.213.0.0/16 via 10.77.0.1");
    shell("! ip netns exec far busybox ping -c 1 -W 1 -q $(ip -n one -4 -br "
          "addr show "
          "eth0 | sed 's/.* \\(10[0-9.]*\\).*/\\1/') > /dev/null");
    shell("busybox nc -ll -p 7001 -e echo HOST > /dev/null 2>&1 & "
          "echo $! > /run/nc.pid; sleep 0.3; "
          "busybox nc 127.0.0.1 7001 | grep -q HOST && "
          "! ip netns exec one timeout 2 busybox nc 10.213.16.1 7001 | "
          "grep -q HOST");
    shell("kill $(cat /run/nc.pid)");
}

static void the_network_is_mended_and_ends(void **state)
{
    char text[64];
    int hold;

    (void)state;
    need_host();
    assert_true(dnsmasq_runs(NAT_BRIDGE));
    dnsmasq_stop(NAT_BRIDGE);
    assert_false(dnsmasq_runs(NAT_BRIDGE));
    assert_int_equal(nat_enter(&hold, NULL), 0);
    nat_release(hold);
    assert_true(dnsmasq_runs(NAT_BRIDGE));
    assert_int_equal(nat_leave(NULL), 0);
    assert_true(netdev_is_bridge(NAT_BRIDGE));
    shell("ip netns del one; ip netns del two; sleep 0.3");
    assert_int_equal(nat_leave(NULL), 0);
    assert_false(netdev_is_bridge(NAT_BRIDGE));
    assert_false(dnsmasq_runs(NAT_BRIDGE));
    assert_false(run_file_read("xenia0.state", text, sizeof(text)));
    shell("[ -z \"$(nft list tables)\" ]");
    assert_int_equal(netroute_sysctl_get("ipv4/ip_forward"), 0);
}

/* Something that takes the lock of a daemon and goes to the background. */
static void a_daemon_is_started(void **state)
{
    char path[4096];

    (void)state;
    need_host();
    shell("mkdir /run/bin && printf '%s\\n' '#!/bin/sh' "
          "'mkdir -p /run/xen-test' "
          "'flock -n /run/xen-test/lock sleep 1000 > /dev/null 2>&1 &' "
          "> /run/bin/xen-test && chmod 755 /run/bin/xen-test");
    snprintf(path, sizeof(path), "/run/bin:%s", getenv("PATH"));
    assert_int_equal(setenv("PATH", path, 1), 0);
    assert_false(service_runs("xen-test"));
    service_await_end("xen-test");
    assert_false(service_manager_starts("xen-test"));
    assert_int_equal(service_start("xen-test", NULL), 0);
    assert_true(service_runs("xen-test"));
    shell("(sleep 0.3; kill $(pgrep -f 'sleep 100[0]$')) &");
    service_await_end("xen-test");
    assert_false(service_runs("xen-test"));
    assert_int_equal(service_start("xen-nothing", NULL), -ENOENT);
}

static void need_servers(void)
{
    need_host();
    if (nbd_server_check(NULL))
        skip();
}

/* Make an image of 8 MiB, and serve it. */
static void serve_new(const struct nbd_image *image, const char *name)
{
    char command[128];
    struct error *err = NULL;

    snprintf(command, sizeof(command), "qemu-img create -q -f %s '%s' 8M",
             image->format, image->path);
    shell(command);
    works(nbd_server_start(image, name, &err), &err);
}

static void an_image_is_served_at_a_socket(void **state)
{
    const struct nbd_image image = {.path = "/run/image.qcow2",
                                    .format = "qcow2"};
    int fd;

    (void)state;
    need_servers();
    serve_new(&image, "disk-1-51712");
    shell("[ $(qemu-img info nbd:unix:/run/xen/disk-1-51712.sock | "
          "grep -c '8 MiB') = 1 ]");
    /* The next client is served, too. */
    shell("qemu-io -f raw -c 'write -P 7 0 64k' "
          "nbd:unix:/run/xen/disk-1-51712.sock > /dev/null");
    fd = pid_file_open("disk-1-51712", "qemu-nbd");
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(pid_file_open("disk-1-51712", "dnsmasq"), -1);
    assert_int_equal(nbd_server_stop("disk-1-51712", NULL), 0);
    assert_int_equal(pid_file_open("disk-1-51712", "qemu-nbd"), -1);
    shell("[ ! -e /run/xen/disk-1-51712.sock ] && "
          "qemu-io -f qcow2 -c 'read -P 7 0 64k' /run/image.qcow2 "
          "> /dev/null");
    /* What is no image is refused, and nothing is left. */
    shell("echo nothing > /run/image.qcow2");
    assert_int_equal(nbd_server_start(&image, "disk-1-51712", NULL), -EIO);
    assert_int_equal(pid_file_open("disk-1-51712", "qemu-nbd"), -1);
}

static void heard_why_not(const char *name, struct error *err)
{
    assert_string_equal(name, "disk-1-51712");
    assert_non_null(err);
    shell("echo why >> /run/why");
}

/* The server of disk-1-51712 is killed, a while after its start. */
static void kill_server(void)
{
    shell("pid=$(cat /run/xen/disk-1-51712.pid); kill -9 $pid; "
          "while readlink /proc/$pid/exe; do sleep 0.1; done > /dev/null; "
          "touch -d '1 min ago' /run/xen/disk-1-51712.pid");
}

/* Its image goes, and then itself. */
static void serve_gone(const struct nbd_image *image)
{
    serve_new(image, "disk-1-51712");
    unlink(image->path);
    kill_server();
}

static void a_server_that_can_not_be_started_is_told(void **state)
{
    const struct nbd_image image = {.path = "/run/gone.qcow2",
                                    .format = "qcow2"};

    (void)state;
    need_servers();
    serve_gone(&image);
    assert_false(nbd_servers_look_after(heard_why_not, 0));
    assert_false(nbd_servers_look_after(heard_why_not, 0));
    shell("[ $(grep -c . /run/why) = 2 ]");
    assert_int_equal(nbd_server_stop("disk-1-51712", NULL), 0);
    assert_true(nbd_servers_look_after(heard_why_not, 0));
    shell("[ $(grep -c . /run/why) = 2 ] && rm /run/why");
}

/* Then the pause would be some minutes. */
static void others_do_not_wait_for_one_that_can_not_be_started(void **state)
{
    const struct nbd_image gone = {.path = "/run/gone.qcow2",
                                   .format = "qcow2"};
    const struct nbd_image image = {.path = "/run/other.qcow2",
                                    .format = "qcow2"};
    time_t begin = time(NULL);

    (void)state;
    need_servers();
    serve_gone(&gone);
    serve_new(&image, "disk-2-51712");
    shell("(until [ -s /run/why ]; do sleep 0.1; done; sleep 1; "
          "kill -9 $(cat /run/xen/disk-2-51712.pid)) &");
    assert_false(nbd_servers_look_after(heard_why_not, 300));
    assert_true(time(NULL) - begin < 300);
    shell("[ $(grep -c . /run/why) = 1 ]");
    nbd_server_stop("disk-1-51712", NULL);
    nbd_server_stop("disk-2-51712", NULL);
}

static void heard_of(const char *name, struct error *err)
{
    assert_string_equal(name, "disk-1-51712");
    assert_null(err);
    shell("echo again >> /run/heard");
}

static void a_server_that_dies_at_once_is_not_started_at_once(void **state)
{
    const struct nbd_image image = {.path = "/run/young.qcow2",
                                    .format = "qcow2"};

    (void)state;
    need_servers();
    serve_new(&image, "disk-1-51712");
    kill_server();
    shell("rm -f /run/heard; touch -d '0.9 sec' /run/xen/disk-1-51712.pid");
    assert_false(nbd_servers_look_after(heard_of, 0));
    shell("[ ! -e /run/heard ] && "
          "touch -d '1 min ago' /run/xen/disk-1-51712.pid");
    shell("(until [ -s /run/heard ]; do sleep 0.1; done; sleep 1; "
          "kill -9 $(cat /run/xen/disk-1-51712.pid)) &");
    assert_true(nbd_servers_look_after(heard_of, 0));
    shell("[ $(grep -c . /run/heard) = 1 ] && rm /run/heard");
    nbd_server_stop("disk-1-51712", NULL);
}

/* In a process of its own, until there is no server any more. */
static pid_t look_after_servers(void)
{
    pid_t pid = fork();

    if (pid)
        return pid;
    while (nbd_servers_exist())
        nbd_servers_look_after(heard_of, 1);
    _exit(0);
}

/* Whoever looks after them may be late, too. */
static void servers_that_die_are_started_again(void **state)
{
    const struct nbd_image image = {
        .path = "/run/a new\nimage.qcow2", .format = "qcow2", .direct = true};
    int status;
    pid_t pid;

    (void)state;
    need_servers();
    assert_false(nbd_servers_exist());
    serve_new(&image, "disk-1-51712");
    assert_true(nbd_servers_exist());
    shell("kill -9 $(cat /run/xen/disk-1-51712.pid)");
    pid = look_after_servers();
    shell("for i in 1 2 3; do until [ \"$(grep -c . /run/heard)\" = $i ]; do "
          "sleep 0.1; done; qemu-io -f raw -c 'write -P 7 0 64k' "
          "nbd:unix:/run/xen/disk-1-51712.sock > /dev/null || exit 1; "
          "new=$(cat /run/xen/disk-1-51712.pid); "
          "tr '\\0' ' ' < /proc/$new/cmdline | grep -q 'cache none' || exit 1; "
          "[ $i = 3 ] || kill -9 $new; done 2> /dev/null");
    assert_int_equal(nbd_server_stop("disk-1-51712", NULL), 0);
    assert_false(nbd_servers_exist());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(pid_file_open("disk-1-51712", "qemu-nbd"), -1);
    shell("[ $(grep -c . /run/heard) = 3 ]");
}

static void locks_exclude_others(void **state)
{
    int one, two;

    (void)state;
    need_host();
    assert_int_equal(lock_take("test", &one, NULL), 0);
    assert_int_equal(lock_try("test", &two, NULL), -EAGAIN);
    lock_share(one);
    assert_int_equal(lock_try("test", &two, NULL), -EAGAIN);
    lock_drop(one);
    assert_int_equal(lock_try("test", &two, NULL), 0);
    lock_drop(two);
    lock_drop(-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_is_run),
        cmocka_unit_test(a_program_may_print_without_end),
        cmocka_unit_test(a_program_has_its_time),
        cmocka_unit_test(a_missing_program_is_told),
        cmocka_unit_test(a_program_may_be_cancelled),
        cmocka_unit_test(an_interface_joins_a_bridge),
        cmocka_unit_test(routes_are_made),
        cmocka_unit_test(the_network_without_a_bridge_works),
        cmocka_unit_test(the_network_is_mended_and_ends),
        cmocka_unit_test(a_daemon_is_started),
        cmocka_unit_test(an_image_is_served_at_a_socket),
        cmocka_unit_test(servers_that_die_are_started_again),
        cmocka_unit_test(a_server_that_can_not_be_started_is_told),
        cmocka_unit_test(others_do_not_wait_for_one_that_can_not_be_started),
        cmocka_unit_test(a_server_that_dies_at_once_is_not_started_at_once),
        cmocka_unit_test(locks_exclude_others),
    };

    return cmocka_run_group_tests(tests, host_make, NULL);
}
