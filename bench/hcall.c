/* SPDX-License-Identifier: MIT */
/*
 * Times hypercalls and event channels from a process in the control domain.
 *
 * Each figure has the kernel's path of one ioctl in it; ioctl_null is that path
 * without a hypercall.
 */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "bench.h"

#define NR_CALLS  20000
#define NR_EVENTS 5000

/* Linux's /dev/xen/privcmd and /dev/xen/evtchn. */
struct privcmd_call {
    uint64_t op, arg[5];
};
struct bind_interdomain {
    unsigned int dom, port;
};

#define PRIVCMD_CALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_call))
#define EVTCHN_INTERDOMAIN                                                     \
    _IOC(_IOC_NONE, 'E', 1, sizeof(struct bind_interdomain))
#define EVTCHN_UNBOUND _IOC(_IOC_NONE, 'E', 2, sizeof(unsigned int))
#define EVTCHN_NOTIFY  _IOC(_IOC_NONE, 'E', 4, sizeof(unsigned int))

static int open_device(const char *path)
{
    int fd = open(path, O_RDWR);

    if (fd < 0)
        die(path);
    return fd;
}

static void time_ioctl(const char *name, int fd, unsigned long request,
                       void *arg)
{
    uint64_t start = now_ns();

    for (int i = 0; i < NR_CALLS; i++)
        ioctl(fd, request, arg);
    result(name, (double)(now_ns() - start) / NR_CALLS, "ns/op");
}

static void time_calls(void)
{
    struct privcmd_call version = {17, {0}}, none = {63, {0}},
                        yield = {29, {0}};
    int fd = open_device("/dev/xen/privcmd");

    time_ioctl("hcall.ioctl_null", fd, 0, NULL);
    time_ioctl("hcall.ioctl_xen_version", fd, PRIVCMD_CALL, &version);
    time_ioctl("hcall.ioctl_enosys", fd, PRIVCMD_CALL, &none);
    time_ioctl("hcall.ioctl_sched_yield", fd, PRIVCMD_CALL, &yield);
    close(fd);
}

/* Two ports of this domain, bound to each other: send, receive, unmask. */
static void time_events(void)
{
    int fd = open_device("/dev/xen/evtchn");
    unsigned int self = 0, got;
    int first = ioctl(fd, EVTCHN_UNBOUND, &self);
    struct bind_interdomain bind = {0, (unsigned int)first};
    int second = ioctl(fd, EVTCHN_INTERDOMAIN, &bind);
    uint64_t start = now_ns();

    if (first < 0 || second < 0)
        die("evtchn bind");
    for (int i = 0; i < NR_EVENTS; i++) {
        unsigned int port = (unsigned int)(i & 1 ? first : second);

        if (ioctl(fd, EVTCHN_NOTIFY, &port) ||
            read(fd, &got, sizeof(got)) != sizeof(got) ||
            write(fd, &got, sizeof(got)) != sizeof(got))
            die("evtchn loop");
    }
    result("hcall.evtchn_loopback", (double)(now_ns() - start) / NR_EVENTS,
           "ns/op");
    close(fd);
}

int main(void)
{
    time_calls();
    time_events();
    return 0;
}
