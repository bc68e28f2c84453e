/* SPDX-License-Identifier: MIT */
/*
 * Lets a stock xenstored run as a plain process where there is no hypervisor:
 * a library for LD_PRELOAD. It stands in for event channels, grant maps and
 * domain information, so that what remains of the daemon's work is what clients
 * on its socket cause.
 *
 * - Every domain with an id of 1 to 0x7fef exists, runs, and never dies.
 * - A domain's ring is a page of zeros, and no event ever comes.
 * - Files of /proc/xen are one page or the text "1".
 * - oxenstored has one place for its socket; $XENSTORED_RUNDIR moves it.
 *
 * Where a test wants to play domains, tests/xenstored/stock_shim.c does that.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#define STOCK_RUNDIR   "/var/run/xenstored"
#define FIRST_RESERVED 0x7ff0 /* domain ids from here on are special */
#define RING_SIZE      4096

static char handle; /* what opaque handles point to */
static int event_fd = -1;

static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* ---- event channels: ports are handed out, nothing is ever pending ---- */

xenevtchn_handle *xenevtchn_open(xentoollog_logger *logger, unsigned int flags)
{
    (void)logger, (void)flags;
    event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return (void *)&handle;
}

xenevtchn_handle *xenevtchn_fdopen(xentoollog_logger *logger, int fd,
                                   unsigned int flags)
{
    (void)logger, (void)flags;
    event_fd = fd;
    return (void *)&handle;
}

int xenevtchn_close(xenevtchn_handle *xce)
{
    (void)xce;
    return close(event_fd);
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
    (void)xce;
    return event_fd;
}

static xenevtchn_port_or_error_t next_port(void)
{
    static int port = 1;

    return port++;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce,
                                                     uint32_t domid,
                                                     evtchn_port_t port)
{
    (void)xce, (void)domid, (void)port;
    return next_port();
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce,
                                              unsigned int virq)
{
    (void)xce, (void)virq;
    return next_port();
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce, (void)port;
    return 0;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce, (void)port;
    return 0;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce, (void)port;
    return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
    (void)xce;
    errno = EAGAIN;
    return -1;
}

/* ---- rings ---- */

static void *new_ring(void)
{
    void *page = mmap(NULL, RING_SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page == MAP_FAILED ? NULL : page;
}

xengnttab_handle *xengnttab_open(xentoollog_logger *logger, unsigned int flags)
{
    (void)logger, (void)flags;
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
    (void)xgt, (void)domid, (void)ref, (void)prot;
    return new_ring();
}

int xengnttab_unmap(xengnttab_handle *xgt, void *start, uint32_t count)
{
    (void)xgt;
    return munmap(start, (size_t)count * RING_SIZE);
}

void *xc_map_foreign_range(xc_interface *xch, uint32_t domid, int size,
                           int prot, unsigned long mfn)
{
    (void)xch, (void)domid, (void)size, (void)prot, (void)mfn;
    return new_ring();
}

/* ---- domains ---- */

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

int xc_domain_getinfo(xc_interface *xch, uint32_t first_domid,
                      unsigned int max_doms, xc_dominfo_t *info)
{
    (void)xch;
    if (max_doms == 0 || first_domid >= FIRST_RESERVED)
        return 0;
    memset(info, 0, sizeof(*info));
    info->domid = first_domid;
    info->running = 1;
    return 1;
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first_domain,
                          unsigned int max_domains, xc_domaininfo_t *info)
{
    (void)xch;
    if (max_domains == 0 || first_domain >= FIRST_RESERVED)
        return 0;
    memset(info, 0, sizeof(*info));
    info->domain = first_domain;
    info->flags = XEN_DOMINF_running;
    return 1;
}

/* ---- files ---- */

/* A file of its own in place of one of /proc/xen; -1 if path names none. */
static int open_substitute(const char *path)
{
    static const char port[] = "1";
    bool is_port = strstr(path, "xsd_port") != NULL;
    int fd;

    if (!is_port && !strstr(path, "xsd_kva"))
        return -1;
    fd = memfd_create("xenstored", MFD_CLOEXEC);
    if (fd >= 0 && is_port && pwrite(fd, port, 1, 0) == 1)
        return fd;
    if (fd >= 0 && !is_port && ftruncate(fd, RING_SIZE) == 0)
        return fd;
    abort();
}

static const char *moved(const char *path, char *buf, size_t size)
{
    const char *rundir = getenv("XENSTORED_RUNDIR");
    size_t len = strlen(STOCK_RUNDIR);

    if (!rundir || strncmp(path, STOCK_RUNDIR, len) != 0)
        return path;
    snprintf(buf, size, "%s%s", rundir, path + len);
    return buf;
}

int open(const char *path, int flags, ...)
{
    int (*fn)(const char *, int, ...) = real("open");
    int fd = open_substitute(path);
    char buf[4096];
    mode_t mode = 0;
    va_list args;

    if (flags & O_CREAT) {
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    return fd >= 0 ? fd : fn(moved(path, buf, sizeof(buf)), flags, mode);
}

int mkdir(const char *path, mode_t mode)
{
    char buf[4096];

    return ((int (*)(const char *, mode_t))real("mkdir"))(
        moved(path, buf, sizeof(buf)), mode);
}

int unlink(const char *path)
{
    char buf[4096];

    return ((int (*)(const char *))real("unlink"))(
        moved(path, buf, sizeof(buf)));
}

int chmod(const char *path, mode_t mode)
{
    char buf[4096];

    return ((int (*)(const char *, mode_t))real("chmod"))(
        moved(path, buf, sizeof(buf)), mode);
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    char path[sizeof(un.sun_path) + 1] = "";
    char buf[4096];
    const char *to;

    if (addr->sa_family == AF_UNIX && len <= sizeof(un)) {
        memcpy(path, ((const struct sockaddr_un *)addr)->sun_path,
               len - offsetof(struct sockaddr_un, sun_path));
        to = moved(path, buf, sizeof(buf));
        if (to != path && strlen(to) < sizeof(un.sun_path)) {
            strcpy(un.sun_path, to);
            addr = (const struct sockaddr *)&un;
            len = sizeof(un);
        }
    }
    return ((int (*)(int, const struct sockaddr *, socklen_t))real("bind"))(
        fd, addr, len);
}

/* Both daemons raise their limits, which takes a right that tests lack. */
int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
    (void)resource, (void)limit;
    return 0;
}

int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit)
{
    (void)resource, (void)limit;
    return 0;
}
