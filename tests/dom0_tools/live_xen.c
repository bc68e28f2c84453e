/* SPDX-License-Identifier: MIT */
/*
 * A host without a hypervisor, for whole programs: what Linux's devices would
 * do is done by files of the folder $LIVE_XEN. In place of
 * dom0-tools/lib/privcmd.c, evtchn_dev.c and gntdev.c.
 *
 *   domains          a line `<domid> <flags, hexadecimal>` for each guest
 *   <domid>.page     the page of its console
 *   <domid>.up       FIFO with a byte for each event that it sends
 *   <domid>.down     likewise, for those it gets
 *
 * A further console of a guest has files of its own: for <domid> the number
 * that its port and its grant reference have, from FIRST_FURTHER on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "public/domctl.h"
#include "public/sysctl.h"
#include "public/xen.h"

#include "lib/evtchn_dev.h"
#include "lib/gntdev.h"
#include "lib/privcmd.h"

#define MAX_GUESTS    64
#define FIRST_FURTHER 32

static int folder_fd = -1;

/* Opened while files may be: the daemon gives that up later. */
static int folder(void)
{
    const char *path = getenv("LIVE_XEN");

    if (folder_fd < 0 && path)
        folder_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder_fd;
}

static int file_open(unsigned int domid, const char *what, int flags)
{
    char name[32];
    int fd;

    snprintf(name, sizeof(name), "%u.%s", domid, what);
    fd = openat(folder(), name, flags | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Which files a guest's port or grant reference is about. */
static unsigned int files_of(unsigned int domid, uint32_t number)
{
    return number < FIRST_FURTHER ? domid : number;
}

/* Event channels: the port of a guest is its id. */

static struct {
    int up, down;
} ports[MAX_GUESTS];

int evtchn_dev_open(void)
{
    return folder() < 0 ? -ENOENT : epoll_create1(EPOLL_CLOEXEC);
}

int evtchn_dev_bind_interdomain(int fd, uint16_t domid, uint32_t remote_port)
{
    unsigned int n = files_of(domid, remote_port);
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT,
                                .data.u32 = n};

    if (n >= MAX_GUESTS)
        return -ENOSPC;
    ports[n].up = file_open(n, "up", O_RDWR | O_NONBLOCK);
    ports[n].down = file_open(n, "down", O_RDWR | O_NONBLOCK);
    if (ports[n].up < 0 || ports[n].down < 0)
        return -ENOENT;
    epoll_ctl(fd, EPOLL_CTL_ADD, ports[n].up, &event);
    /* As the hypervisor does: one event is pending at once. */
    return write(ports[n].up, "", 1) == 1 ? (int)n : -EIO;
}

int evtchn_dev_bind_virq(int fd, uint32_t virq)
{
    (void)fd, (void)virq;
    return -ENOSYS;
}

int evtchn_dev_unbind(int fd, uint32_t port)
{
    (void)fd;
    close(ports[port].up);
    close(ports[port].down);
    return 0;
}

int evtchn_dev_notify(int fd, uint32_t port)
{
    (void)fd;
    return write(ports[port].down, "", 1) == 1 || errno == EAGAIN ? 0 : -errno;
}

int evtchn_dev_pending(int fd, uint32_t *list, unsigned int max)
{
    struct epoll_event events[16];
    int nr = epoll_wait(fd, events, max < 16 ? (int)max : 16, 0), i;

    for (i = 0; i < nr; i++) {
        char bytes[4096];

        list[i] = events[i].data.u32;
        if (read(ports[list[i]].up, bytes, sizeof(bytes)) < 0)
            return -errno;
    }
    return nr;
}

int evtchn_dev_unmask(int fd, uint32_t port)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT,
                                .data.u32 = port};

    return epoll_ctl(fd, EPOLL_CTL_MOD, ports[port].up, &event) ? -errno : 0;
}

/* Grants. */

int gntdev_open(void)
{
    return dup(folder());
}

int gntdev_map(int fd, uint16_t domid, const uint32_t *refs, size_t nr,
               bool writable, void **address_out)
{
    int page = file_open(files_of(domid, refs[0]), "page", O_RDWR);

    (void)fd, (void)nr, (void)writable;
    if (page < 0)
        return page;
    *address_out =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);
    close(page);
    return *address_out == MAP_FAILED ? -errno : 0;
}

int gntdev_unmap(int fd, void *address, size_t nr)
{
    (void)fd, (void)nr;
    return munmap(address, 4096) ? -errno : 0;
}

/* Hypercalls: which domains there are. */

struct privcmd {
    char buffer[256 << 10];
    size_t used;
};

int privcmd_open(struct privcmd **p_out, struct error **err_out)
{
    *p_out = calloc(1, sizeof(**p_out));
    return *p_out && folder() >= 0 ? 0
                                   : error_set(err_out, ERROR_NO_HYPERVISOR,
                                               -ENOENT, "no LIVE_XEN");
}

void privcmd_close(struct privcmd *p)
{
    free(p);
}

size_t privcmd_mark(const struct privcmd *p)
{
    return p->used;
}

void *privcmd_buffer(struct privcmd *p, size_t size)
{
    void *buffer = p->buffer + p->used;

    size = (size + 63) & ~63ul;
    if (p->used + size > sizeof(p->buffer))
        return NULL;
    p->used += size;
    return memset(buffer, 0, size);
}

void privcmd_release(struct privcmd *p, size_t mark)
{
    p->used = mark;
}

/* All domains from an id on. */
static unsigned int domains_read(unsigned int first,
                                 struct xen_domctl_getdomaininfo *list,
                                 unsigned int max)
{
    int fd = openat(folder(), "domains", O_RDONLY | O_CLOEXEC);
    char text[4096], *line, *rest;
    ssize_t len = read(fd, text, sizeof(text) - 1);
    unsigned int nr = 0, domid, flags;

    close(fd);
    text[len < 0 ? 0 : len] = 0;
    for (line = strtok_r(text, "\n", &rest); line && nr < max;
         line = strtok_r(NULL, "\n", &rest)) {
        if (sscanf(line, "%u %x", &domid, &flags) != 2 || domid < first)
            continue;
        list[nr] = (struct xen_domctl_getdomaininfo){.domain = (domid_t)domid,
                                                     .flags = flags};
        list[nr].tot_pages = 256 * (domid + 1);
        list[nr].nr_online_vcpus = 1;
        list[nr++].handle[15] = (uint8_t)domid;
    }
    return nr;
}

static int64_t domctl(struct xen_domctl *op)
{
    struct xen_domctl_getdomaininfo info;

    if (op->cmd != XEN_DOMCTL_getdomaininfo)
        return -ENOSYS;
    if (!domains_read(op->domain, &info, 1))
        return -ESRCH;
    op->u.getdomaininfo = info;
    op->domain = info.domain;
    return 0;
}

static int64_t sysctl(struct xen_sysctl *op)
{
    if (op->cmd == XEN_SYSCTL_physinfo) {
        op->u.physinfo.nr_cpus = 2;
        op->u.physinfo.total_pages = 262144;
        op->u.physinfo.free_pages = 65536;
        return 0;
    }
    if (op->cmd != XEN_SYSCTL_getdomaininfolist)
        return -ENOSYS;
    op->u.getdomaininfolist.num_domains =
        domains_read(op->u.getdomaininfolist.first_domain,
                     (void *)(uintptr_t)op->u.getdomaininfolist.buffer,
                     op->u.getdomaininfolist.max_domains);
    return 0;
}

int64_t privcmd_call(struct privcmd *p, unsigned int nr, uint64_t a1,
                     uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)p, (void)a2, (void)a3, (void)a4, (void)a5;
    if (nr == __HYPERVISOR_domctl)
        return domctl((void *)(uintptr_t)a1);
    if (nr == __HYPERVISOR_sysctl)
        return sysctl((void *)(uintptr_t)a1);
    return -ENOSYS;
}

void *privcmd_map(struct privcmd *p, domid_t domid, const uint64_t *frames,
                  size_t nr, bool writable, struct error **err_out)
{
    (void)p, (void)domid, (void)frames, (void)nr, (void)writable;
    error_set(err_out, ERROR_HYPERVISOR, -ENOSYS, "no memory here");
    return NULL;
}

void *privcmd_map_resource(struct privcmd *p, domid_t domid, unsigned int type,
                           unsigned int id, uint64_t first, size_t nr,
                           struct error **err_out)
{
    (void)type, (void)id, (void)first;
    return privcmd_map(p, domid, NULL, nr, true, err_out);
}

void privcmd_unmap(void *address, size_t nr)
{
    (void)address, (void)nr;
}
