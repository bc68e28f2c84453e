/* SPDX-License-Identifier: MIT */
/*
 * The privileged part: opens what a device's node names, and starts the worker
 * again when it has ended.
 *
 * A disk is locked while it is open, for this worker alone if it may be
 * written. The kernel gives the lock back when the last I/O of a worker that
 * was killed is over: so no old write comes after those of the next worker.
 */
#include "blkd/blkd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

#include "blkd/nbd.h"
#include "pv/blkback.h"
#include "ports/linux_user/port.h"

/* ---- What the node says ----------------------------------------------- */

static int read_node(struct xs_handle *xs, const char *node, const char *name,
                     char *value, size_t size)
{
    char path[PV_PATH_MAX + 32];
    unsigned int length;
    char *text;
    int rc = 0;

    snprintf(path, sizeof(path), "%s/%s", node, name);
    text = xs_read(xs, XBT_NULL, path, &length);
    if (!text)
        return -errno;
    if (length < size)
        memcpy(value, text, length + 1);
    else
        rc = -E2BIG;
    free(text);
    return rc;
}

/* "backend/<type>/<domid>/<number>", and nothing else. */
static bool node_is_ours(const struct options *o, const char *node)
{
    unsigned int domid, number;
    char form[PV_PATH_MAX], again[PV_PATH_MAX];

    if (!memchr(node, 0, PV_PATH_MAX))
        return false;
    snprintf(form, sizeof(form), "backend/%s/%%u/%%u", o->type);
    /* cppcheck-suppress wrongPrintfScanfArgNum ; the form has two */
    if (sscanf(node, form, &domid, &number) != 2)
        return false;
    snprintf(again, sizeof(again), "backend/%s/%u/%u", o->type, domid, number);
    return !strcmp(node, again);
}

/* A path, perhaps behind the name of its format: all of these are raw. */
static const char *path_of(const char *params)
{
    static const char *const formats[] = {"aio:", "raw:", "phy:", "file:"};

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (!strncmp(params, formats[i], strlen(formats[i])))
            params += strlen(formats[i]);
    return *params == '/' ? params : NULL;
}

/* ---- Disks ------------------------------------------------------------ */

static int look_at_device(int fd, struct answer *a)
{
    uint64_t bytes;
    int logical;
    unsigned int physical;

    if (ioctl(fd, BLKGETSIZE64, &bytes) || ioctl(fd, BLKSSZGET, &logical) ||
        ioctl(fd, BLKPBSZGET, &physical))
        return -errno;
    a->is_device = true;
    a->flush = true;
    a->discard = !a->readonly;
    a->sectors = bytes / 512;
    a->sector_size = (uint32_t)logical;
    a->physical_size = physical;
    a->discard_granularity = physical;
    return 0;
}

static int look_at_file(const struct stat *st, struct answer *a)
{
    if (!S_ISREG(st->st_mode))
        return -EINVAL;
    a->sectors = (uint64_t)st->st_size / 512;
    a->flush = true;
    a->discard = !a->readonly;
    a->sector_size = 512;
    a->physical_size = 4096;
    a->discard_granularity = 4096;
    return 0;
}

static int look_at(int fd, struct answer *a)
{
    struct stat st;

    if (fstat(fd, &st))
        return -errno;
    return S_ISBLK(st.st_mode) ? look_at_device(fd, a) : look_at_file(&st, a);
}

/* Devices without the page cache, as other back-ends do; files with it. */
static int open_disk(const char *path, struct answer *a)
{
    int mode = (a->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY;
    struct stat st;
    int fd = -1, rc;

    if (stat(path, &st))
        return -errno;
    if (S_ISBLK(st.st_mode))
        fd = open(path, mode | O_DIRECT);
    if (fd < 0)
        fd = open(path, mode);
    if (fd < 0)
        return -errno;
    rc = look_at(fd, a);
    if (!rc && flock(fd, (a->readonly ? LOCK_SH : LOCK_EX) | LOCK_NB))
        rc = errno == EWOULDBLOCK ? -EAGAIN : -errno;
    if (!rc)
        return fd;
    close(fd);
    return rc;
}

static void notes_path(const struct options *o, const char *node, char *out,
                       size_t size)
{
    char *at;

    snprintf(out, size, "%s/%s", o->folder, node);
    for (at = out + strlen(o->folder) + 1; *at; at++)
        if (*at == '/')
            *at = '-';
}

static int open_notes(const struct options *o, const char *node)
{
    char path[2 * PV_PATH_MAX];
    int fd, rc;

    notes_path(o, node, path, sizeof(path));
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    /* All of it now: a store to it must not fail for want of space. */
    rc = posix_fallocate(fd, 0, BLKBACK_KEEP_SIZE);
    if (!rc)
        return fd;
    close(fd);
    return -rc;
}

/* ---- Requests --------------------------------------------------------- */

static int open_for(const struct options *o, struct xs_handle *xs,
                    const char *node, struct answer *a, int fds[2])
{
    char params[1024], mode[8] = "r", type[16] = "disk";
    const char *path;
    int rc = read_node(xs, node, "params", params, sizeof(params));

    if (rc)
        return rc;
    read_node(xs, node, "mode", mode, sizeof(mode));
    read_node(xs, node, "device-type", type, sizeof(type));
    a->readonly = mode[0] != 'w';
    a->cdrom = !strcmp(type, "cdrom");
    path = path_of(params);
    if (!strncmp(params, "nbd:", 4))
        fds[0] = nbd_connect(params, a);
    else
        fds[0] = path ? open_disk(path, a) : -EINVAL;
    if (fds[0] < 0)
        return fds[0];
    fds[1] = open_notes(o, node);
    if (fds[1] >= 0)
        return 0;
    close(fds[0]);
    return fds[1];
}

static void send_answer(int socket, const struct answer *a, const int fds[2])
{
    char control[CMSG_SPACE(2 * sizeof(int))] = {0};
    struct iovec iov = {(void *)a, sizeof(*a)};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

    if (!a->rc) {
        struct cmsghdr *cmsg;

        msg.msg_control = control;
        msg.msg_controllen = sizeof(control);
        cmsg = CMSG_FIRSTHDR(&msg);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(2 * sizeof(int));
        memcpy(CMSG_DATA(cmsg), fds, 2 * sizeof(int));
    }
    sendmsg(socket, &msg, MSG_NOSIGNAL);
}

static void forget(const struct options *o, const char *node)
{
    char notes[2 * PV_PATH_MAX];

    notes_path(o, node, notes, sizeof(notes));
    unlink(notes);
}

static void serve(const struct options *o, struct xs_handle *xs, int socket,
                  const struct request *request)
{
    struct answer answer = {.rc = -EINVAL};
    bool ours = node_is_ours(o, request->node);
    int fds[2];

    if (request->kind == REQUEST_FORGET) {
        if (ours)
            forget(o, request->node);
        return;
    }
    if (ours)
        answer.rc = open_for(o, xs, request->node, &answer, fds);
    send_answer(socket, &answer, fds);
    if (answer.rc)
        return;
    close(fds[0]);
    close(fds[1]);
}

/* Until the worker has ended. */
static void serve_worker(const struct options *o, struct xs_handle *xs,
                         int socket)
{
    struct request request;

    while (recv(socket, &request, sizeof(request), 0) == sizeof(request))
        serve(o, xs, socket, &request);
}

static pid_t start_worker(const struct options *o, int *socket_out)
{
    int pair[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return -1;
    pid = fork();
    if (!pid) {
        close(pair[0]);
        _exit(worker_run(o, pair[1]));
    }
    close(pair[1]);
    *socket_out = pair[0];
    return pid;
}

int opener_run(const struct options *o)
{
    const struct timespec pause = {.tv_nsec = 50000000};

    for (;;) {
        int socket, status;
        struct xs_handle *xs;
        pid_t pid = start_worker(o, &socket);

        if (pid < 0) {
            os_log("worker: %s", strerror(errno));
            return 1;
        }
        xs = xs_open(0);
        if (xs)
            serve_worker(o, xs, socket);
        xs_close(xs);
        close(socket);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        os_log("the worker has ended (%d): another one goes on", status);
        nanosleep(&pause, NULL);
    }
}
