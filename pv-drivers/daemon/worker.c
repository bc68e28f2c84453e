/* SPDX-License-Identifier: MIT */
/*
 * The worker: finds devices in the store, has what they name opened, and serves
 * them. It does not wait for the opener: a device that takes long holds up no
 * other.
 */
#include "daemon/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ports/linux_user/port.h"
#include "pv/xenbus.h"

#define SECOND_NS 1000000000UL
#define RETRY_NS  (SECOND_NS / 50)

static const struct daemon_class *class;
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

static void ask(struct device *d)
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

/* What the opener has for it: kept if it was refused but is there still. */
static void forget(struct device *d, enum request_kind notes)
{
    struct device **link = &devices;

    while (*link != d)
        link = &(*link)->next;
    *link = d->next;
    class->destroy(d);
    if (d->keep)
        munmap(d->keep, class->keep_size);
    send_request(notes, d->node);
    free(d);
}

void daemon_lost(struct device *d)
{
    os_log("%s: the server is lost", d->node);
    d->lost = true;
    os_timer_set(&retry, os_now_ns() + SECOND_NS);
}

/* Those that were removed; not from within a driver's function. */
static void reap(void)
{
    struct device *next;

    for (struct device *d = devices; d; d = next) {
        next = d->next;
        if (d->closed && !d->asked)
            forget(d, REQUEST_FORGET);
    }
}

static int use(struct device *d, const struct answer *a, const int fds[2])
{
    void *keep = mmap(NULL, class->keep_size, PROT_READ | PROT_WRITE,
                      MAP_SHARED, fds[1], 0);
    int rc = -errno;

    close(fds[1]);
    if (keep == MAP_FAILED) {
        close(fds[0]);
        return rc;
    }
    d->keep = keep;
    d->served = true;
    return class->use(d, fds[0], a->info);
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
    d->lost = false;
    class->use_again(d, fds[0]);
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
    if (d->served) {
        use_again(d, rc, fds);
        return;
    }
    if (!rc)
        rc = use(d, &answer, fds);
    if (!rc)
        return;
    if (rc == -EAGAIN) {
        os_timer_set(&retry, os_now_ns() + RETRY_NS);
        return;
    }
    refuse(d->node, rc);
    forget(d, REQUEST_FORGET_GONE);
}

/* A node of a device that we don't serve: a new one, or one that has ended,
 * perhaps before we have seen it. */
static void consider(const char *node)
{
    uint64_t state = store_read_or(node, "state", XenbusStateUnknown);
    char frontend[PV_PATH_MAX];
    struct device *d;

    if (find(node) || state == XenbusStateClosed)
        return;
    if (state == XenbusStateUnknown ||
        store_read(node, "frontend", frontend, sizeof(frontend))) {
        send_request(REQUEST_FORGET_GONE, node);
        return;
    }
    if (state == XenbusStateClosing) {
        store_write_u64(OS_STORE_NONE, node, "state", XenbusStateClosed);
        return;
    }
    d = calloc(1, class->device_size);
    if (!d)
        return;
    text_format(d->node, sizeof(d->node), "%s", node);
    d->next = devices;
    devices = d;
    ask(d);
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

/* What others had open still, and what was lost. A device whose node has gone
 * meanwhile is refused by the opener. */
static void try_again(void *arg)
{
    (void)arg;
    for (struct device *d = devices; d; d = d->next)
        if ((!d->served || d->lost) && !d->asked && !d->closed)
            ask(d);
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

static void look_at_all(void *arg);
static struct os_timer look = {.fn = look_at_all};

static void look_at_all(void *arg)
{
    (void)arg;
    for (struct device *d = devices; d; d = d->next)
        if (d->served && !d->closed)
            class->look(d);
    os_timer_set(&look, os_now_ns() + SECOND_NS);
}

int worker_run(const struct daemon_class *c, const struct options *o,
               int opener_socket)
{
    int rc = port_open();

    class = c;
    options = o;
    opener = (struct port_poller){.fd = opener_socket, .ready = answered};
    if (!rc)
        rc = port_poll(&opener);
    if (!rc && class->start)
        rc = class->start();
    if (!rc && !o->no_sandbox)
        rc = sandbox_enter(class, o->uid);
    if (rc) {
        os_log("start: %s", strerror(-rc));
        return 1;
    }
    text_format(watched, sizeof(watched), "backend/%s", options->type);
    watch = (struct os_watch){.path = watched, .fn = changed};
    rc = os_store_watch(&watch);
    /* Of those that go from here on the watch tells. */
    send_request(REQUEST_FORGET_GONE, "");
    if (class->look)
        os_timer_set(&look, os_now_ns() + SECOND_NS);
    while (!rc) {
        rc = port_run();
        reap();
    }
    return 1;
}
