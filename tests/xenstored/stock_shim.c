/* SPDX-License-Identifier: MIT */
/*
 * LD_PRELOAD for Debian's xenstored and oxenstored: lets them run as plain
 * processes where there is no hypervisor. The folder $FAKEXEN stands for it,
 * with domains that a test plays; xen_fake.c does the same for our daemon:
 *
 *   ring-<domid>  the page that a domain shares with the daemon
 *   evtchn        a pipe; each u32 written to it is an event on that local port
 *   domains       a line for each domain that exists: its id and flags of
 *                 "s" (shut down) and "d" (dying)
 *
 * Port 5 is VIRQ_DOM_EXC; the ring of domain N has port 100 + N.
 *
 * Without $FAKEXEN every domain exists and runs, rings stay empty, and no event
 * comes: what remains of the daemon's work is what clients on its socket cause.
 *
 * oxenstored has one place for its socket; $XENSTORED_RUNDIR moves it.
 */
#include <dlfcn.h>
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

#define XC_WANT_COMPAT_MAP_FOREIGN_API
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#define STOCK_RUNDIR   "/var/run/xenstored"
#define FIRST_RESERVED 0x7ff0 /* domain ids from here on are special */
#define PORT_VIRQ      5
#define PORT_RINGS     100 /* + domid */
#define PAGE           4096

static char handle; /* what opaque handles point to */
static int event_fd = -1;

static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* A file of the hypervisor; -1 if a test plays none. */
static int open_in_folder(const char *name, int flags)
{
    int (*fn)(const char *, int, ...) = real("open");
    const char *folder = getenv("FAKEXEN");
    char path[4096];

    if (!folder)
        return -1;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return fn(path, flags, 0600);
}

/* A file in memory with this at its start. */
static int new_file(const void *data, size_t len)
{
    int fd = memfd_create("xenstored", MFD_CLOEXEC);

    if (fd < 0 || ftruncate(fd, PAGE) || pwrite(fd, data, len, 0) < 0)
        abort();
    return fd;
}

/* -1 if a test has not given the domain a ring. */
static int open_ring(unsigned int domid)
{
    char name[32];

    snprintf(name, sizeof(name), "ring-%u", domid);
    return getenv("FAKEXEN") ? open_in_folder(name, O_RDWR) : new_file("", 1);
}

static void *map_ring(unsigned int domid)
{
    int fd = open_ring(domid);
    void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    close(fd);
    return page == MAP_FAILED ? NULL : page;
}

/* ---- event channels ---- */

xenevtchn_handle *xenevtchn_open(xentoollog_logger *logger, unsigned int flags)
{
    (void)logger, (void)flags;
    event_fd = open_in_folder("evtchn", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (event_fd < 0)
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
    return 0;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
    (void)xce;
    return event_fd;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
    (void)xce, (void)port;
    return 0;
}

/* The event descriptor that nothing comes from refuses to be read so. */
xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
    uint32_t port;

    (void)xce;
    return read(event_fd, &port, sizeof(port)) == sizeof(port) ? (int)port : -1;
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
    return PORT_RINGS + domid;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce,
                                              unsigned int virq)
{
    (void)xce, (void)virq;
    return PORT_VIRQ;
}

/* ---- rings ---- */

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
    (void)xgt, (void)ref, (void)prot;
    return map_ring(domid);
}

int xengnttab_unmap(xengnttab_handle *xgt, void *start, uint32_t count)
{
    (void)xgt;
    return munmap(start, (size_t)count * PAGE);
}

void *xc_map_foreign_range(xc_interface *xch, uint32_t domid, int size,
                           int prot, unsigned long mfn)
{
    (void)xch, (void)size, (void)prot, (void)mfn;
    return map_ring(domid);
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

/* The first max domains from first on, as the real one. */
static int list_domains(FILE *f, uint32_t first, unsigned int max,
                        xc_dominfo_t *info)
{
    unsigned int nr = 0, domid;
    char flags[16], line[64];

    while (nr < max && fgets(line, sizeof(line), f)) {
        flags[0] = '\0';
        if (sscanf(line, "%u %15s", &domid, flags) < 1 || domid < first)
            continue;
        memset(&info[nr], 0, sizeof(info[nr]));
        info[nr].domid = domid;
        info[nr].shutdown = strchr(flags, 's') != NULL;
        info[nr].dying = strchr(flags, 'd') != NULL;
        nr++;
    }
    fclose(f);
    return (int)nr;
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first, unsigned int max,
                      xc_dominfo_t *info)
{
    int fd = open_in_folder("domains", O_RDONLY);

    (void)xch;
    if (fd >= 0)
        return list_domains(fdopen(fd, "r"), first, max, info);
    if (max == 0 || first >= FIRST_RESERVED)
        return 0;
    memset(info, 0, sizeof(*info));
    info->domid = first;
    info->running = 1;
    return 1;
}

/* What oxenstored asks, for which no test plays domains. */
int xc_domain_getinfolist(xc_interface *xch, uint32_t first, unsigned int max,
                          xc_domaininfo_t *info)
{
    (void)xch;
    if (max == 0 || first >= FIRST_RESERVED)
        return 0;
    memset(info, 0, sizeof(*info));
    info->domain = first;
    info->flags = XEN_DOMINF_running;
    return 1;
}

/* ---- files ---- */

/* A file of its own in place of one of /proc/xen; -1 if path names none. */
static int open_substitute(const char *path)
{
    if (strstr(path, "xsd_port")) {
        int fd = new_file("1", 1);

        return ftruncate(fd, 1) ? -1 : fd;
    }
    return strstr(path, "xsd_kva") || strstr(path, "xenbus_backend")
               ? open_ring(0)
               : -1;
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

static int open_real(const char *symbol, const char *path, int flags,
                     mode_t mode)
{
    int (*fn)(const char *, int, ...) = real(symbol);
    int fd = open_substitute(path);
    char buf[4096];

    return fd >= 0 ? fd : fn(moved(path, buf, sizeof(buf)), flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = va_arg(args, mode_t);
    va_end(args);
    return open_real("open", path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = va_arg(args, mode_t);
    va_end(args);
    return open_real("open64", path, flags, mode);
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
