/* SPDX-License-Identifier: MIT */
/*
 * The worker: finds devices in the store, has their disks opened, and serves
 * them. It does not wait for the opener: a disk that takes long holds up no
 * other.
 */
#include "blkd/blkd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "blkd/disk.h"
#include "blkd/nbd.h"
#include "ports/linux_user/port.h"
#include "pv/xenbus.h"

#define SECOND_NS 1000000000UL
#define RETRY_NS  (SECOND_NS / 50)

struct device {
    struct disk disk; /* must stay first; disk.back is NULL until it is open */
    struct device *next;
    struct device *next_asked;
    bool asked; /* the opener has an answer to give */
    bool closed;
    char node[PV_PATH_MAX];
};

static const struct options *options;
static struct port_poller opener;
static struct device *devices;

/* Those that wait for an answer, in order. */
static struct device *asked, **asked_end = &asked;

static void try_again(void *arg);
static struct os_timer retry = {.fn = try_again};
static struct os_watch watch;
static char watched[PV_PATH_MAX];

/* ---- The opener ------------------------------------------------------- */

static int take_descriptors(struct msghdr *msg, int fds[2])
{
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);

    if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS ||
        cmsg->cmsg_len != CMSG_LEN(2 * sizeof(int)))
        return -EPROTO;
    memcpy(fds, CMSG_DATA(cmsg), 2 * sizeof(int));
    return 0;
}

static void send_request(enum request_kind kind, const char *node)
{
    struct request request = {.kind = kind};

    text_format(request.node, sizeof(request.node), "%s", node);
    if (send(opener.fd, &request, sizeof(request), MSG_NOSIGNAL) < 0) {
        os_log("the opener has gone");
        exit(1);
    }
}

static void ask_for_disk(struct device *d)
{
    send_request(REQUEST_OPEN, d->node);
    d->asked = true;
    d->next_asked = NULL;
    *asked_end = d;
    asked_end = &d->next_asked;
}

static struct device *next_asked(void)
{
    struct device *d = asked;

    asked = d->next_asked;
    if (!asked)
        asked_end = &asked;
    d->asked = false;
    return d;
}

/* ---- Devices ---------------------------------------------------------- */

static struct device *find(const char *node)
{
    struct device *d = devices;

    while (d && strcmp(d->node, node))
        d = d->next;
    return d;
}

static void forget(struct device *d)
{
    struct device **link = &devices;

    while (*link != d)
        link = &(*link)->next;
    *link = d->next;
    nbd_release(&d->disk);
    if (d->disk.disk.keep)
        munmap(d->disk.disk.keep, BLKBACK_KEEP_SIZE);
    if (d->disk.fd >= 0)
        close(d->disk.fd);
    free(d);
}

static void closed(struct blkback_disk *disk)
{
    ((struct device *)disk)->closed = true;
}

static void lost(struct disk *disk)
{
    os_log("%s: the server is lost", ((struct device *)disk)->node);
    os_timer_set(&retry, os_now_ns() + SECOND_NS);
}

/* Those that were removed; not from within a driver's function. */
static void reap(void)
{
    struct device *next;

    for (struct device *d = devices; d; d = next) {
        next = d->next;
        if (!d->closed || d->asked)
            continue;
        blkback_destroy(d->disk.back);
        send_request(REQUEST_FORGET, d->node);
        forget(d);
    }
}

static int map_notes(struct device *d, int fd)
{
    void *keep = mmap(NULL, BLKBACK_KEEP_SIZE, PROT_READ | PROT_WRITE,
                      MAP_SHARED, fd, 0);

    close(fd);
    if (keep == MAP_FAILED)
        return -errno;
    d->disk.disk.keep = keep;
    return 0;
}

static int use_disk(struct device *d, const struct answer *a, const int fds[2])
{
    struct blkback_disk *disk = &d->disk.disk;
    int rc = map_notes(d, fds[1]);

    d->disk.fd = fds[0];
    d->disk.is_device = a->is_device;
    d->disk.lost = lost;
    disk->closed = closed;
    disk->sectors = a->sectors;
    disk->sector_size = a->sector_size;
    disk->physical_size = a->physical_size;
    disk->discard_granularity = a->discard_granularity;
    disk->readonly = a->readonly;
    disk->cdrom = a->cdrom;
    disk->flush = a->flush;
    disk->discard = a->discard;
    if (!rc && a->is_socket)
        rc = nbd_init(&d->disk);
    else if (!rc)
        disk_init(&d->disk);
    return rc ? rc : blkback_create(d->node, NULL, disk, &d->disk.back);
}

/* One that has gone meanwhile must not come back by our writing to it. */
static int write_closed(void *arg, uint32_t transaction)
{
    char path[PV_PATH_MAX], state[8];
    int rc;

    if (!text_format(path, sizeof(path), "%s/state", (const char *)arg))
        return -ENAMETOOLONG;
    rc = os_store_read(transaction, path, state, sizeof(state));
    return rc ? rc
              : store_write_u64(transaction, arg, "state", XenbusStateClosed);
}

/* What can't be served is closed, so that nobody waits for it. */
static void refuse(char *node, int rc)
{
    char text[PV_PATH_MAX], path[PV_PATH_MAX];

    os_log("%s: %s", node, strerror(-rc));
    text_format(text, sizeof(text), "%u %s", (unsigned int)-rc, strerror(-rc));
    if (text_format(path, sizeof(path), "error/%s/error", node))
        os_store_write(OS_STORE_NONE, path, text);
    store_transact(write_closed, node);
}

/* A server that was lost is there again, or not yet. */
static void use_again(struct device *d, int rc, const int fds[2])
{
    if (rc) {
        os_timer_set(&retry, os_now_ns() + SECOND_NS);
        return;
    }
    close(fds[1]);
    nbd_reconnected(&d->disk, fds[0]);
}

static void answered(void *arg)
{
    char control[CMSG_SPACE(2 * sizeof(int))];
    struct answer answer;
    struct iovec iov = {&answer, sizeof(answer)};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control,
                         .msg_controllen = sizeof(control)};
    struct device *d;
    int fds[2] = {-1, -1}, rc;

    (void)arg;
    if (recvmsg(opener.fd, &msg, MSG_CMSG_CLOEXEC) != sizeof(answer) ||
        !asked) {
        os_log("the opener has gone");
        exit(1);
    }
    d = next_asked();
    rc = answer.rc ? answer.rc : take_descriptors(&msg, fds);
    if (d->disk.back) {
        use_again(d, rc, fds);
        return;
    }
    if (!rc)
        rc = use_disk(d, &answer, fds);
    if (!rc)
        return;
    if (rc == -EAGAIN) {
        os_timer_set(&retry, os_now_ns() + RETRY_NS);
        return;
    }
    refuse(d->node, rc);
    forget(d);
}

/* A node of a device that we don't serve: a new one, or one that has ended. */
static void consider(const char *node)
{
    uint64_t state = store_read_or(node, "state", XenbusStateUnknown);
    char frontend[PV_PATH_MAX];
    struct device *d;

    if (find(node) || state == XenbusStateUnknown ||
        state == XenbusStateClosed ||
        store_read(node, "frontend", frontend, sizeof(frontend)))
        return;
    if (state == XenbusStateClosing) {
        store_write_u64(OS_STORE_NONE, node, "state", XenbusStateClosed);
        return;
    }
    d = calloc(1, sizeof(*d));
    if (!d)
        return;
    d->disk.fd = -1;
    text_format(d->node, sizeof(d->node), "%s", node);
    d->next = devices;
    devices = d;
    ask_for_disk(d);
}

/* ---- Finding them ----------------------------------------------------- */

/* Call consider() for each device of a domain. */
static void consider_domain(const char *domain)
{
    char path[PV_PATH_MAX], names[4096], *name = names;
    int nr;

    text_format(path, sizeof(path), "%s/%s", watched, domain);
    nr = os_store_list(path, names, sizeof(names));
    for (; nr > 0; nr--, name += strlen(name) + 1) {
        char node[PV_PATH_MAX];

        if (text_format(node, sizeof(node), "%s/%s", path, name))
            consider(node);
    }
}

static void consider_all(void)
{
    static char names[65536];
    char *name = names;
    int nr = os_store_list(watched, names, sizeof(names));

    for (; nr > 0; nr--, name += strlen(name) + 1)
        consider_domain(name);
}

/* Disks that others had open still, and servers that were lost. A device whose
 * node has gone meanwhile is refused by the opener. */
static void try_again(void *arg)
{
    (void)arg;
    for (struct device *d = devices; d; d = d->next)
        if (d->disk.fd < 0 && !d->asked && !d->closed)
            ask_for_disk(d);
}

/* The device that a path belongs to: four parts. False: it has fewer. */
static bool device_of(const char *path, char *node, size_t size)
{
    unsigned int slashes = 0;
    size_t length = 0;

    while (path[length] && !(path[length] == '/' && ++slashes == 4))
        length++;
    if (slashes < 3 || length >= size)
        return false;
    memcpy(node, path, length);
    node[length] = '\0';
    return true;
}

static void changed(void *arg, const char *path)
{
    char node[PV_PATH_MAX];

    (void)arg;
    if (device_of(path, node, sizeof(node))) {
        if (!find(node))
            consider(node);
    } else {
        consider_all();
    }
}

static void look_at_sizes(void *arg);
static struct os_timer sizes = {.fn = look_at_sizes};

static void look_at_sizes(void *arg)
{
    (void)arg;
    for (struct device *d = devices; d; d = d->next)
        if (d->disk.back && !d->closed)
            disk_look_at_size(&d->disk);
    os_timer_set(&sizes, os_now_ns() + SECOND_NS);
}

int worker_run(const struct options *o, int opener_socket)
{
    int rc = port_open();

    options = o;
    opener = (struct port_poller){.fd = opener_socket, .ready = answered};
    if (!rc)
        rc = port_poll(&opener);
    if (!rc)
        rc = disk_ring_open();
    if (!rc && !o->no_sandbox)
        rc = sandbox_enter(o->uid);
    if (rc) {
        os_log("start: %s", strerror(-rc));
        return 1;
    }
    text_format(watched, sizeof(watched), "backend/%s", options->type);
    watch = (struct os_watch){.path = watched, .fn = changed};
    rc = os_store_watch(&watch);
    os_timer_set(&sizes, os_now_ns() + SECOND_NS);
    while (!rc) {
        rc = port_run();
        reap();
    }
    return 1;
}
