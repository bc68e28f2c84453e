/* SPDX-License-Identifier: MIT */
/*
 * The host for unit tests, in place of the files of dom0-tools/lib that change
 * it: its devices, its network, its processes.
 */
#include "fake_dom0.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/background.h"
#include "lib/dnsmasq.h"
#include "lib/firewall.h"
#include "lib/lock.h"
#include "lib/loop.h"
#include "lib/nbd_server.h"
#include "lib/netdev.h"
#include "lib/netroute.h"
#include "lib/process.h"
#include "lib/run_file.h"
#include "lib/service.h"
#include "lib/worker.h"

#define NAT "xenia0"

struct fake_host fake_host;
char fake_log[128];
bool fake_background;

static unsigned int steps, fail_at;

/* Texts that are kept. */
static struct {
    char name[32];
    char text[64];
} run_files[4];

void fake_host_reset(void)
{
    fake_host = (struct fake_host){.bridge = "br0"};
    fake_log[0] = 0;
    memset(run_files, 0, sizeof(run_files));
    fake_background = false;
    steps = fail_at = 0;
}

void fake_host_fail(unsigned int n)
{
    fail_at = steps + n;
}

unsigned int fake_host_steps(void)
{
    return steps;
}

/* One change; fails where it is told to. */
static int step(const char *what, struct error **err_out)
{
    return ++steps == fail_at
               ? error_set(err_out, ERROR_DEVICE, -EIO, "%s fails", what)
               : 0;
}

int loop_attach(const char *path, bool read_only, bool direct, char *device_out,
                struct error **err_out)
{
    int rc = step("loop", err_out);

    (void)path, (void)read_only, (void)direct;
    if (rc)
        return rc;
    fake_host.loops++;
    snprintf(device_out, LOOP_NAME_SIZE, "/dev/null");
    return 0;
}

int loop_detach(const char *device, struct error **err_out)
{
    if (strcmp(device, "/dev/null") || !fake_host.loops)
        return error_set(err_out, ERROR_DEVICE, -ENODEV, "no such loop");
    fake_host.loops--;
    return 0;
}

int nbd_check(struct error **err_out)
{
    return fake_host.no_nbds
               ? error_set(err_out, ERROR_DEVICE, -ENODEV, "no nbd devices")
               : 0;
}

int nbd_attach(const struct nbd_image *image, char *device_out,
               struct error **err_out)
{
    int rc = step("nbd", err_out);

    if (rc)
        return rc;
    fake_host.nbds++;
    snprintf(fake_host.nbd_format, sizeof(fake_host.nbd_format), "%s",
             image->format);
    snprintf(device_out, NBD_NAME_SIZE, "/dev/zero");
    return 0;
}

int nbd_detach(const char *device, struct error **err_out)
{
    if (strcmp(device, "/dev/zero") || !fake_host.nbds)
        return error_set(err_out, ERROR_DEVICE, -ENODEV, "no such nbd");
    fake_host.nbds--;
    return 0;
}

int nbd_server_check(struct error **err_out)
{
    (void)err_out;
    return 0;
}

int nbd_server_start(const struct nbd_image *image, const char *name,
                     struct error **err_out)
{
    int rc = step("nbd server", err_out);

    if (rc)
        return rc;
    snprintf(fake_host.nbd_server, sizeof(fake_host.nbd_server), "%s %s", name,
             image->format);
    return 0;
}

int nbd_server_stop(const char *name, struct error **err_out)
{
    (void)name, (void)err_out;
    fake_host.nbd_server[0] = 0;
    return 0;
}

bool nbd_servers_exist(void)
{
    return fake_host.nbd_server[0];
}

bool nbd_servers_look_after(void (*tell)(const char *name, struct error *err),
                            unsigned int pause)
{
    (void)pause;
    fake_host.nbd_looks++;
    tell("disk", NULL);
    if (fake_host.nbd_looks == 3)
        fake_host.nbd_server[0] = 0;
    return true;
}

/* The network. */

bool netdev_exists(const char *name)
{
    return !strcmp(name, "eth0") || netdev_is_bridge(name) ||
           (fake_host.port[0] && !strcmp(name, fake_host.port));
}

bool netdev_is_bridge(const char *name)
{
    return *name && (!strcmp(name, fake_host.bridge) ||
                     (fake_host.nat_bridge && !strcmp(name, NAT)));
}

unsigned int netdev_bridges(const char *but, char *name_out)
{
    (void)but;
    strcpy(name_out, fake_host.bridge);
    return *name_out ? 1 : 0;
}

unsigned int netdev_mtu(const char *name)
{
    (void)name;
    return 1500;
}

int netdev_await(const char *name, struct error **err_out)
{
    (void)name, (void)err_out;
    return 0;
}

/* Only ports of the network without a bridge are waited for. */
void netdev_await_end(const char *name)
{
    (void)name;
    if (fake_host.nat_ports)
        fake_host.nat_ports--;
}

bool netdev_bridge_is_empty(const char *name)
{
    return strcmp(name, NAT) != 0 || !fake_host.nat_ports;
}

int netdev_setup(const char *name, const struct netdev_wish *wish,
                 struct error **err_out)
{
    int rc = step("netdev", err_out);

    if (rc)
        return rc;
    snprintf(fake_host.port, sizeof(fake_host.port), "%s",
             wish->new_name ? wish->new_name : name);
    if (wish->bridge && !strcmp(wish->bridge, NAT))
        fake_host.nat_ports++;
    return 0;
}

int netdev_limit(const char *name, uint64_t rate, struct error **err_out)
{
    int rc = step("limit", err_out);

    (void)name;
    if (!rc)
        fake_host.limit = rate;
    return rc;
}

int netdev_bridge_make(const char *name, struct error **err_out)
{
    int rc = step("bridge", err_out);

    (void)name;
    if (!rc)
        fake_host.nat_bridge = true;
    return rc;
}

int netdev_start(const char *name, struct error **err_out)
{
    (void)name;
    return step("start", err_out);
}

int netdev_delete(const char *name, struct error **err_out)
{
    (void)name, (void)err_out;
    fake_host.nat_bridge = false;
    return 0;
}

int netroute_address_add(const char *interface, const char *address,
                         struct error **err_out)
{
    (void)interface, (void)address;
    return step("address", err_out);
}

int netroute_host_add(const char *interface, const char *address,
                      const char *gateway, struct error **err_out)
{
    int rc = step("route", err_out);

    if (!rc)
        snprintf(fake_host.route, sizeof(fake_host.route), "%s %s %s",
                 interface, address, gateway ? gateway : "-");
    return rc;
}

int netroute_free_network(const char *const *networks, unsigned int nr,
                          unsigned int *which_out, struct error **err_out)
{
    (void)networks, (void)nr;
    *which_out = 0;
    return step("routes", err_out);
}

int netroute_sysctl_get(const char *path)
{
    (void)path;
    return fake_host.forward;
}

int netroute_sysctl_set(const char *path, int value, struct error **err_out)
{
    int rc = step("sysctl", err_out);

    if (!rc && !strcmp(path, "ipv4/ip_forward"))
        fake_host.forward = value;
    return rc;
}

int dnsmasq_check(struct error **err_out)
{
    (void)err_out;
    return 0;
}

int dnsmasq_start(const struct dnsmasq *d, struct error **err_out)
{
    int rc = step("dnsmasq", err_out);

    (void)d;
    if (!rc)
        fake_host.nat_server = true;
    return rc;
}

bool dnsmasq_runs(const char *bridge)
{
    (void)bridge;
    return fake_host.nat_server;
}

void dnsmasq_stop(const char *bridge)
{
    (void)bridge;
    fake_host.nat_server = false;
}

int firewall_check(struct error **err_out)
{
    (void)err_out;
    return 0;
}

int firewall_set(const char *bridge, const char *network,
                 struct error **err_out)
{
    int rc = step("firewall", err_out);

    (void)bridge, (void)network;
    if (!rc)
        fake_host.nat_rules = true;
    return rc;
}

void firewall_clear(const char *bridge)
{
    (void)bridge;
    fake_host.nat_rules = false;
}

/* Its place, or a free one. */
static char *run_text(const char *name)
{
    size_t i = 0;

    while (run_files[i].name[0] && strcmp(run_files[i].name, name) != 0)
        i++;
    snprintf(run_files[i].name, sizeof(run_files[i].name), "%s", name);
    return run_files[i].text;
}

int run_file_write(const char *name, const char *text, struct error **err_out)
{
    int rc = step("file", err_out);

    if (!rc)
        snprintf(run_text(name), sizeof(run_files[0].text), "%s", text);
    return rc;
}

bool run_file_read(const char *name, char *text, size_t size)
{
    snprintf(text, size, "%s", run_text(name));
    return *text;
}

void run_file_remove(const char *name)
{
    *run_text(name) = 0;
}

/* Daemons. */

bool service_manager_starts(const char *name)
{
    (void)name;
    return false;
}

bool service_runs(const char *name)
{
    return fake_host.service && !strcmp(fake_host.service, name);
}

int service_start(const char *name, struct error **err_out)
{
    (void)err_out;
    fake_host.service = name;
    fake_host.service_starts++;
    return 0;
}

void service_await_end(const char *name)
{
    fake_host.service = NULL;
    fake_host.service_ended(name);
}

/* Processes. */

int lock_take(const char *name, int *fd_out, struct error **err_out)
{
    (void)name;
    *fd_out = -1;
    return step("lock", err_out);
}

int lock_try(const char *name, int *fd_out, struct error **err_out)
{
    (void)name, (void)err_out;
    *fd_out = -1;
    return 0;
}

void lock_share(int fd)
{
    (void)fd;
}

void lock_drop(int fd)
{
    (void)fd;
}

static const char *env_of(const struct process *p, const char *name)
{
    size_t i;

    for (i = 0; p->env && p->env[i]; i++)
        if (!strncmp(p->env[i], name, strlen(name)))
            return p->env[i] + strlen(name);
    return "-";
}

/* A script: says what it was told. */
int process_run(const struct process *process, struct error **err_out)
{
    size_t used = strlen(fake_host.scripts);
    int rc = step("process", err_out);

    snprintf(fake_host.scripts + used, sizeof(fake_host.scripts) - used,
             "%s %s %s %s;", process->argv[0], process->argv[1],
             env_of(process, "XENBUS_PATH="), env_of(process, "vif="));
    if (!rc && fake_host.script_status)
        rc = error_set(err_out, ERROR_DEVICE, -EIO,
                       "%s ended with status %d: its words", process->argv[0],
                       fake_host.script_status);
    return rc;
}

bool process_find(const char *name)
{
    (void)name;
    return true;
}

int background_start(int (*run)(void *ctx), void *ctx, const char *log,
                     bool ends, struct error **err_out)
{
    (void)ends, (void)err_out;
    snprintf(fake_log, sizeof(fake_log), "%s", log);
    if (fake_background)
        run(ctx);
    return 0;
}

int worker_run(int (*run)(void *ctx, struct error **err_out), void *ctx,
               const struct cancel *cancel, struct error **err_out)
{
    int rc = cancel_check(cancel, err_out);
    unsigned int mappings = fake_mappings();

    if (rc)
        return rc;
    rc = run(ctx, err_out);
    fake_unmap(mappings);
    return rc;
}

void *worker_shared(size_t size)
{
    return calloc(1, size);
}

void worker_shared_free(void *memory, size_t size)
{
    (void)size;
    free(memory);
}
