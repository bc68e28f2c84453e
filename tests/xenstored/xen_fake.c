/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor as a folder, in place of xenstore/xen_dev.c: see stock_shim.c,
 * which does the same for Debian's daemon.
 */
#include "xen_dev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PORT_VIRQ  5
#define PORT_RINGS 100 /* + domid */

static int folder_fd = -1;
static int evtchn_fd = -1;

int xen_open(void)
{
    const char *folder = getenv("FAKEXEN");

    if (!folder)
        return -ENODEV;
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    evtchn_fd = openat(folder_fd, "evtchn", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    return evtchn_fd < 0 ? -errno : 0;
}

void xen_close(void)
{
    close(evtchn_fd);
    close(folder_fd);
}

int xen_evtchn_fd(void)
{
    return evtchn_fd;
}

unsigned int xen_evtchn_pending(uint32_t port[], unsigned int max)
{
    ssize_t n = read(evtchn_fd, port, max * sizeof(port[0]));

    return n < 0 ? 0 : n / sizeof(port[0]);
}

void xen_evtchn_unmask(uint32_t port)
{
    (void)port;
}

int xen_evtchn_bind(domid_t domid, uint32_t remote_port)
{
    (void)remote_port;
    return PORT_RINGS + domid;
}

int xen_evtchn_bind_virq(uint32_t virq)
{
    (void)virq;
    return PORT_VIRQ;
}

void xen_evtchn_unbind(uint32_t port)
{
    (void)port;
}

void xen_evtchn_notify(uint32_t port)
{
    (void)port;
}

struct xenstore_domain_interface *xen_map_ring(domid_t domid)
{
    char name[32];
    void *page;
    int fd;

    snprintf(name, sizeof(name), "ring-%u", domid);
    fd = openat(folder_fd, name, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return page == MAP_FAILED ? NULL : page;
}

struct xenstore_domain_interface *xen_map_own_ring(uint32_t *port_out)
{
    *port_out = 1;
    return xen_map_ring(0);
}

void xen_unmap_ring(struct xenstore_domain_interface *ring)
{
    munmap(ring, 4096);
}

int xen_domain_state(domid_t domid, struct xen_domain_state *out)
{
    char text[65536], want[16], *line, *end;
    ssize_t n;
    int fd;

    if (folder_fd < 0)
        return -ENODEV;
    fd = openat(folder_fd, "domains", O_RDONLY | O_CLOEXEC);
    n = read(fd, text + 1, sizeof(text) - 2);
    close(fd);
    if (n < 0)
        return -ESRCH;
    text[0] = '\n';
    text[n + 1] = '\0';
    snprintf(want, sizeof(want), "\n%u ", domid);
    line = strstr(text, want);
    if (!line)
        return -ESRCH;
    line += strlen(want);
    end = strchr(line, '\n');
    out->shutdown = memchr(line, 's', end - line) != NULL;
    out->dying = memchr(line, 'd', end - line) != NULL;
    return 0;
}
