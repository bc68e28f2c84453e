/* SPDX-License-Identifier: MIT */
/*
 * LD_PRELOAD for Debian's xenstored: lets it run on a plain host, with domains
 * that a test plays. The folder $FAKEXEN stands for the hypervisor; xen_fake.c
 * does the same for ours:
 *
 *   ring-<domid>  the page that a domain shares with the daemon
 *   evtchn        a pipe; each u32 written to it is an event on that local port
 *   domains       a line for each domain that exists: its id and flags of
 *                 "s" (shut down) and "d" (dying)
 *
 * Port 5 is VIRQ_DOM_EXC; the ring of domain N has port 100 + N.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

static int evtchn_fd = -1;
static int handle;

static int open_in_folder(const char *name, int flags)
{
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
    const char *folder = getenv("FAKEXEN");
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s", folder ? folder : ".", name);
    return real(path, flags, 0600);
}

static int open_ring(unsigned int domid)
{
    char name[32];

    snprintf(name, sizeof(name), "ring-%u", domid);
    return open_in_folder(name, O_RDWR);
}

xenevtchn_handle *xenevtchn_open(xentoollog_logger *logger, unsigned int flags)
{
    (void)logger, (void)flags;
    evtchn_fd = open_in_folder("evtchn", O_RDWR | O_NONBLOCK);
    return (void *)&handle;
}

xenevtchn_handle *xenevtchn_fdopen(xentoollog_logger *logger, int fd,
                                   unsigned int flags)
{
    (void)logger, (void)flags;
    evtchn_fd = fd;
    return (void *)&handle;
}

int xenevtchn_close(xenevtchn_handle *xce)
{
    (void)xce;
    return 0;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
    (void)xce;
    return evtchn_fd;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce, (void)port;
    return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
    uint32_t port;

    (void)xce;
    return read(evtchn_fd, &port, sizeof(port)) == sizeof(port) ? (int)port
                                                                : -1;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce, (void)port;
    return 0;
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce, (void)port;
    return 0;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce,
                                                     uint32_t domid,
                                                     evtchn_port_t remote_port)
{
    (void)xce, (void)remote_port;
    return 100 + domid;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce,
                                              unsigned int virq)
{
    (void)xce, (void)virq;
    return 5;
}

xengnttab_handle *xengnttab_open(xentoollog_logger *logger,
                                 unsigned int open_flags)
{
    (void)logger, (void)open_flags;
    return (void *)&handle;
}

int xengnttab_close(xengnttab_handle *xgt)
{
    (void)xgt;
    return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t nr_grants)
{
    (void)xgt, (void)nr_grants;
    return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid,
                              uint32_t ref, int prot)
{
    int fd = open_ring(domid);
    void *page;

    (void)xgt, (void)ref, (void)prot;
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return page == MAP_FAILED ? NULL : page;
}

int xengnttab_unmap(xengnttab_handle *xgt, void *start, uint32_t count)
{
    (void)xgt;
    return munmap(start, 4096UL * count);
}

xc_interface *xc_interface_open(xentoollog_logger *logger,
                                xentoollog_logger *dombuild_logger,
                                unsigned int open_flags)
{
    (void)logger, (void)dombuild_logger, (void)open_flags;
    return (void *)&handle;
}

int xc_interface_close(xc_interface *xch)
{
    (void)xch;
    return 0;
}

/* The first max domains from first on, as the real one. */
int xc_domain_getinfo(xc_interface *xch, uint32_t first, unsigned int max,
                      xc_dominfo_t *info)
{
    int fd = open_in_folder("domains", O_RDONLY);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
    unsigned int nr = 0, domid;
    char flags[16], line[64];

    (void)xch;
    while (f && nr < max && fgets(line, sizeof(line), f)) {
        flags[0] = '\0';
        if (sscanf(line, "%u %15s", &domid, flags) < 1 || domid < first)
            continue;
        memset(&info[nr], 0, sizeof(info[nr]));
        info[nr].domid = domid;
        info[nr].shutdown = strchr(flags, 's') != NULL;
        info[nr].dying = strchr(flags, 'd') != NULL;
        nr++;
    }
    if (f)
        fclose(f);
    return nr;
}

static int open_real(const char *symbol, const char *path, int flags, int mode)
{
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, symbol);
    int fd;

    if (strstr(path, "xsd_kva") || strstr(path, "xenbus_backend"))
        return open_ring(0);
    if (strstr(path, "xsd_port")) {
        fd = memfd_create("port", 0);
        if (write(fd, "1", 1) == 1)
            lseek(fd, 0, SEEK_SET);
        return fd;
    }
    return real(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list args;
    int mode;

    va_start(args, flags);
    mode = va_arg(args, int);
    va_end(args);
    return open_real("open", path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    int mode;

    va_start(args, flags);
    mode = va_arg(args, int);
    va_end(args);
    return open_real("open64", path, flags, mode);
}

int setrlimit(__rlimit_resource_t resource, const struct rlimit *limits)
{
    (void)resource, (void)limits;
    return 0;
}

int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limits)
{
    (void)resource, (void)limits;
    return 0;
}
