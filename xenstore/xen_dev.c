/* SPDX-License-Identifier: MIT */
/*
 * Event channels, grants and the state of domains, through Linux's devices:
 * /dev/xen/evtchn, /dev/xen/gntdev, /dev/xen/privcmd, and xenfs for the own
 * ring.
 */
#include "xen_dev.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/evtchn.h>

#include "public/domctl.h"
#include "public/xen.h"

/* Linux, include/uapi/xen/gntdev.h; that header needs others that no package
 * has. */
struct gntdev_map {
    uint32_t count;
    uint32_t pad;
    uint64_t index; /* out: offset to mmap() */
    uint32_t domid;
    uint32_t ref;
};

struct gntdev_offset {
    uint64_t vaddr;
    uint64_t offset;
    uint32_t count;
    uint32_t pad;
};

struct gntdev_unmap {
    uint64_t index;
    uint32_t count;
    uint32_t pad;
};

#define GNTDEV_MAP_GRANT_REF _IOC(_IOC_NONE, 'G', 0, sizeof(struct gntdev_map))
#define GNTDEV_UNMAP_GRANT_REF                                                 \
    _IOC(_IOC_NONE, 'G', 1, sizeof(struct gntdev_unmap))
#define GNTDEV_GET_OFFSET_FOR_VADDR                                            \
    _IOC(_IOC_NONE, 'G', 2, sizeof(struct gntdev_offset))

/* Linux, include/uapi/xen/privcmd.h. */
struct privcmd_call {
    uint64_t op;
    uint64_t arg[5];
};

#define PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_call))

/* Where a builder puts the grant of the ring page. */
#define GNTTAB_REF_XENSTORE 1

static int evtchn_fd = -1;
static int gntdev_fd = -1;
static int privcmd_fd = -1;
static struct xenstore_domain_interface *own_ring;

/* A page that the hypervisor may write while a call runs. */
static struct xen_domctl *domctl;

int xen_open(void)
{
    int fd;

    evtchn_fd = open("/dev/xen/evtchn", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    gntdev_fd = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);
    privcmd_fd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    if (evtchn_fd < 0 || gntdev_fd < 0 || privcmd_fd < 0) {
        int rc = -errno;

        xen_close();
        return rc;
    }
    /* Pages of this device stay where they are; otherwise locked memory does,
     * as long as nobody forks. */
    fd = open("/dev/xen/hypercall", O_RDWR | O_CLOEXEC);
    domctl =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE,
             MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS | MAP_LOCKED : 0), fd, 0);
    if (fd >= 0)
        close(fd);
    if (domctl == MAP_FAILED) {
        xen_close();
        return -ENOMEM;
    }
    memset(domctl, 0, 4096);
    return 0;
}

void xen_close(void)
{
    int *fds[] = {&evtchn_fd, &gntdev_fd, &privcmd_fd};

    for (int i = 0; i < 3; i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
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
    if (write(evtchn_fd, &port, sizeof(port)) != sizeof(port))
        return; /* the port is gone, and so are its events */
}

int xen_evtchn_bind(domid_t domid, uint32_t remote_port)
{
    struct ioctl_evtchn_bind_interdomain bind = {
        .remote_domain = domid,
        .remote_port = remote_port,
    };
    int port = ioctl(evtchn_fd, IOCTL_EVTCHN_BIND_INTERDOMAIN, &bind);

    return port < 0 ? -errno : port;
}

int xen_evtchn_bind_virq(uint32_t virq)
{
    struct ioctl_evtchn_bind_virq bind = {.virq = virq};
    int port = ioctl(evtchn_fd, IOCTL_EVTCHN_BIND_VIRQ, &bind);

    return port < 0 ? -errno : port;
}

void xen_evtchn_unbind(uint32_t port)
{
    struct ioctl_evtchn_unbind unbind = {.port = port};

    ioctl(evtchn_fd, IOCTL_EVTCHN_UNBIND, &unbind);
}

void xen_evtchn_notify(uint32_t port)
{
    struct ioctl_evtchn_notify notify = {.port = port};

    ioctl(evtchn_fd, IOCTL_EVTCHN_NOTIFY, &notify);
}

struct xenstore_domain_interface *xen_map_ring(domid_t domid)
{
    struct gntdev_map map = {
        .count = 1,
        .domid = domid,
        .ref = GNTTAB_REF_XENSTORE,
    };
    struct gntdev_unmap unmap = {.count = 1};
    void *page;

    if (ioctl(gntdev_fd, GNTDEV_MAP_GRANT_REF, &map))
        return NULL;
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, gntdev_fd,
                map.index);
    if (page != MAP_FAILED)
        return page;
    unmap.index = map.index;
    ioctl(gntdev_fd, GNTDEV_UNMAP_GRANT_REF, &unmap);
    return NULL;
}

void xen_unmap_ring(struct xenstore_domain_interface *ring)
{
    struct gntdev_offset where = {.vaddr = (uintptr_t)ring};
    struct gntdev_unmap unmap;
    bool own = ring == own_ring;

    if (own || ioctl(gntdev_fd, GNTDEV_GET_OFFSET_FOR_VADDR, &where))
        where.count = 0;
    munmap(ring, 4096);
    if (!where.count)
        return;
    unmap = (struct gntdev_unmap){.index = where.offset, .count = where.count};
    ioctl(gntdev_fd, GNTDEV_UNMAP_GRANT_REF, &unmap);
}

struct xenstore_domain_interface *xen_map_own_ring(uint32_t *port_out)
{
    FILE *f = fopen("/proc/xen/xsd_port", "re");
    bool found = f && fscanf(f, "%u", port_out) == 1;
    void *page;
    int fd;

    if (f)
        fclose(f);
    fd = found ? open("/proc/xen/xsd_kva", O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return NULL;
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (page == MAP_FAILED)
        return NULL;
    own_ring = page;
    return page;
}

int xen_domain_state(domid_t domid, struct xen_domain_state *out)
{
    struct privcmd_call call = {
        .op = __HYPERVISOR_domctl,
        .arg = {(uintptr_t)domctl},
    };
    uint32_t flags;

    if (privcmd_fd < 0)
        return -ENODEV;
    domctl->cmd = XEN_DOMCTL_getdomaininfo;
    domctl->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    domctl->domain = domid;
    if (ioctl(privcmd_fd, PRIVCMD_HYPERCALL, &call) < 0)
        return -errno;
    /* The call finds the next domain where there is none of this id. */
    if (domctl->u.getdomaininfo.domain != domid)
        return -ESRCH;
    flags = domctl->u.getdomaininfo.flags;
    out->dying = flags & XEN_DOMINF_dying;
    out->shutdown = flags & XEN_DOMINF_shutdown;
    return 0;
}
