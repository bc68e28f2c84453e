/* SPDX-License-Identifier: MIT */
/* Running dnsmasq; see dnsmasq.h. */
#include "lib/dnsmasq.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/pid_file.h"
#include "lib/process.h"

#define PROGRAM  "dnsmasq"
#define START_MS 30000
#define STOP_MS  5000

/* Options that are not the same for all. */
struct options {
    char interface[64];
    char range[160];
    char pid_file[64];
    char leases[64];
    char log[64];
};

static void options_make(const struct dnsmasq *d, struct options *o)
{
    snprintf(o->interface, sizeof(o->interface), "--interface=%s", d->bridge);
    snprintf(o->range, sizeof(o->range), "--dhcp-range=%s,%s,%s,1h", d->first,
             d->last, d->mask);
    snprintf(o->pid_file, sizeof(o->pid_file), "--pid-file=/run/xen/%s.pid",
             d->bridge);
    snprintf(o->leases, sizeof(o->leases),
             "--dhcp-leasefile=/run/xen/%s.leases", d->bridge);
    snprintf(o->log, sizeof(o->log), "--log-facility=/var/log/xen/%s.log",
             d->bridge);
}

int dnsmasq_check(struct error **err_out)
{
    if (process_find(PROGRAM))
        return 0;
    error_set(err_out, ERROR_DEVICE, -ENOENT, "there is no program %s",
              PROGRAM);
    return error_hint(err_out, "install dnsmasq-base");
}

int dnsmasq_start(const struct dnsmasq *d, struct error **err_out)
{
    struct options o = {0};
    /* No files of the host's own dnsmasq; no ping before an address is given,
     * which would take seconds. */
    const char *argv[] = {
        PROGRAM,        "--conf-file=/dev/null",
        "--no-hosts",   "--bind-interfaces",
        o.interface,    "--except-interface=lo",
        o.range,        "--dhcp-lease-max=5000",
        "--no-ping",    "--dhcp-authoritative",
        "--bogus-priv", "--domain-needed",
        o.pid_file,     o.leases,
        o.log,          NULL,
    };
    const struct process process = {.argv = argv, .timeout_ms = START_MS};

    options_make(d, &o);
    return process_run(&process, err_out);
}

bool dnsmasq_runs(const char *bridge)
{
    int fd = pid_file_open(bridge, PROGRAM);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

void dnsmasq_stop(const char *bridge)
{
    pid_file_stop(bridge, PROGRAM, STOP_MS);
}
