/* SPDX-License-Identifier: MIT */
/*
 * Event channels and grants between two processes of a plain host, in place of
 * dom0-tools/lib/evtchn_dev.c and gntdev.c: so that the daemons themselves can
 * be tested, with a guest that is a process.
 *
 * In the folder $HOST_XEN: `pages`, a guest's memory, in which a grant's
 * reference is the page's number; `back` and `front`, sockets on which each
 * side ($HOST_SIDE) takes the numbers of ports that have an event.
 */
#include "lib/evtchn_dev.h"
#include "lib/gntdev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ports/linux_user/internal.h"

#define PAGE      4096UL
#define MAX_PAGES 4096U

static struct sockaddr_un own, other;

static void set_address(struct sockaddr_un *address, const char *side)
{
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s",
             getenv("HOST_XEN"), side);
}

int evtchn_dev_open(void)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    set_address(&own, getenv("HOST_SIDE"));
    set_address(&other, strcmp(getenv("HOST_SIDE"), "back") ? "back" : "front");
    unlink(own.sun_path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)) ||
        chmod(own.sun_path, 0666))
        return -errno;
    return fd;
}

static void tell(int fd, const struct sockaddr_un *whom, uint32_t port)
{
    /* Nobody there, or too much to take: events get lost. */
    if (sendto(fd, &port, sizeof(port), 0, (const struct sockaddr *)whom,
               sizeof(*whom)) < 0)
        return;
}

int evtchn_dev_bind_interdomain(int fd, uint16_t domid, uint32_t remote_port)
{
    (void)domid;
    tell(fd, &own, remote_port);
    return (int)remote_port;
}

int evtchn_dev_bind_unbound(int fd, uint16_t remote_domid)
{
    static int next = 1;

    (void)fd, (void)remote_domid;
    return next++;
}

int evtchn_dev_unbind(int fd, uint32_t port)
{
    (void)fd, (void)port;
    return 0;
}

int evtchn_dev_notify(int fd, uint32_t port)
{
    tell(fd, &other, port);
    return 0;
}

int evtchn_dev_pending(int fd, uint32_t *ports, unsigned int max)
{
    unsigned int nr = 0;

    while (nr < max &&
           recv(fd, &ports[nr], sizeof(*ports), 0) == sizeof(*ports))
        nr++;
    return (int)nr;
}

int evtchn_dev_unmask(int fd, uint32_t port)
{
    (void)fd, (void)port;
    return 0;
}

int gntdev_open(void)
{
    char path[128];
    int fd;

    snprintf(path, sizeof(path), "%s/pages", getenv("HOST_XEN"));
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return fd < 0 ? -errno : fd;
}

/* Pages of one's own are copied by memcpy(): no need of grants. */
int gntalloc_open(void)
{
    return -ENOENT;
}

int gntalloc_map(int fd, uint16_t domid, size_t nr, bool writable,
                 uint32_t *refs_out, void **address_out)
{
    (void)fd, (void)domid, (void)nr, (void)writable, (void)refs_out;
    (void)address_out;
    return -ENOSYS;
}

int gntalloc_unmap(void *address, size_t nr)
{
    (void)address, (void)nr;
    return -ENOSYS;
}

int gntdev_map(int fd, uint16_t domid, const uint32_t *refs, size_t nr,
               bool writable, void **address_out)
{
    int access = PROT_READ | (writable ? PROT_WRITE : 0);
    uint8_t *at =
        mmap(NULL, nr * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)domid;
    for (size_t i = 0; i < nr; i++)
        if (mmap(at + i * PAGE, PAGE, access, MAP_SHARED | MAP_FIXED, fd,
                 (off_t)(refs[i] * PAGE)) == MAP_FAILED)
            return -errno;
    *address_out = at;
    return 0;
}

int gntdev_unmap(int fd, void *address, size_t nr)
{
    (void)fd;
    return munmap(address, nr * PAGE) ? -errno : 0;
}

/* All of the guest's memory; it may be made larger than it is by now. */
static uint8_t *memory_of_guest(int fd)
{
    static uint8_t *memory;

    if (!memory)
        memory = mmap(NULL, MAX_PAGES * PAGE, PROT_READ | PROT_WRITE,
                      MAP_SHARED, fd, 0);
    return memory;
}

int port_grants_copy(int fd, domid_t of, const struct os_copy copies[],
                     unsigned int nr)
{
    uint8_t *memory = memory_of_guest(fd);

    (void)of;
    if (memory == MAP_FAILED)
        return -ENOMEM;
    for (unsigned int i = 0; i < nr; i++) {
        const struct os_copy *c = &copies[i];
        uint8_t *at = memory + c->ref * PAGE + c->offset;

        if (c->ref >= MAX_PAGES)
            return -EIO;
        memcpy(c->to_grant ? at : c->local, c->to_grant ? c->local : at,
               c->size);
    }
    return 0;
}
