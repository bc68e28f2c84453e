/* SPDX-License-Identifier: MIT */
/* /dev/xen/evtchn; see evtchn_dev.h. */
#include "lib/evtchn_dev.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "public/types.h"

#include <xen/evtchn.h>

int evtchn_dev_open(void)
{
    int fd = open("/dev/xen/evtchn", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

static int call(int fd, unsigned long request, void *arg)
{
    int rc = ioctl(fd, request, arg);

    return rc < 0 ? -errno : rc;
}

int evtchn_dev_bind_interdomain(int fd, uint16_t domid, uint32_t remote_port)
{
    struct ioctl_evtchn_bind_interdomain bind = {.remote_domain = domid,
                                                 .remote_port = remote_port};

    return call(fd, IOCTL_EVTCHN_BIND_INTERDOMAIN, &bind);
}

int evtchn_dev_bind_unbound(int fd, uint16_t remote_domid)
{
    struct ioctl_evtchn_bind_unbound_port bind = {.remote_domain =
                                                      remote_domid};

    return call(fd, IOCTL_EVTCHN_BIND_UNBOUND_PORT, &bind);
}

int evtchn_dev_bind_virq(int fd, uint32_t virq)
{
    struct ioctl_evtchn_bind_virq bind = {.virq = virq};

    return call(fd, IOCTL_EVTCHN_BIND_VIRQ, &bind);
}

int evtchn_dev_unbind(int fd, uint32_t port)
{
    struct ioctl_evtchn_unbind unbind = {.port = port};

    return call(fd, IOCTL_EVTCHN_UNBIND, &unbind);
}

int evtchn_dev_notify(int fd, uint32_t port)
{
    struct ioctl_evtchn_notify notify = {.port = port};

    return call(fd, IOCTL_EVTCHN_NOTIFY, &notify);
}

int evtchn_dev_pending(int fd, uint32_t *ports, unsigned int max)
{
    ssize_t n = read(fd, ports, max * sizeof(*ports));

    if (n < 0)
        return errno == EAGAIN ? 0 : -errno;
    return (int)((size_t)n / sizeof(*ports));
}

int evtchn_dev_unmask(int fd, uint32_t port)
{
    return write(fd, &port, sizeof(port)) == sizeof(port) ? 0 : -errno;
}

int evtchn_dev_restrict(int fd, uint16_t domid)
{
    struct ioctl_evtchn_restrict_domid restriction = {.domid = domid};

    return call(fd, IOCTL_EVTCHN_RESTRICT_DOMID, &restriction);
}
