/* SPDX-License-Identifier: MIT */
/*
 * The privileged part: has opened what a device's node names, and starts the
 * worker again when it has ended.
 */
#include "daemon/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

#include "ports/linux_user/port.h"

/* ---- What the node says ----------------------------------------------- */

int daemon_read(struct xs_handle *xs, const char *node, const char *name,
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

/* ---- Notes ------------------------------------------------------------ */

static void notes_path(const struct options *o, const char *node, char *out,
                       size_t size)
{
    char *at;

    snprintf(out, size, "%s/%s", o->folder, node);
    for (at = out + strlen(o->folder) + 1; *at; at++)
        if (*at == '/')
            *at = '-';
}

static int open_notes(const struct options *o, const char *node, size_t size)
{
    char path[2 * PV_PATH_MAX];
    int fd, rc;

    notes_path(o, node, path, sizeof(path));
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    /* All of it now: a store to it must not fail for want of space. */
    rc = posix_fallocate(fd, 0, (off_t)size);
    if (!rc)
        return fd;
    close(fd);
    return -rc;
}

/* ---- Requests --------------------------------------------------------- */

static int open_for(const struct daemon_class *class, const struct options *o,
                    struct xs_handle *xs, const char *node, struct answer *a,
                    int fds[2])
{
    fds[0] = class->open(xs, node, a->info);
    if (fds[0] < 0)
        return fds[0];
    fds[1] = open_notes(o, node, class->keep_size);
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

static void forget(const struct daemon_class *class, const struct options *o,
                   const char *node)
{
    char notes[2 * PV_PATH_MAX];

    /* Notes last: while there are some, it is tried again. */
    if (class->forget)
        class->forget(node);
    notes_path(o, node, notes, sizeof(notes));
    unlink(notes);
}

/* A device that has ended while no worker served it. */
static void forget_if_gone(const struct daemon_class *class,
                           const struct options *o, struct xs_handle *xs,
                           const char *node)
{
    char notes[2 * PV_PATH_MAX], frontend[PV_PATH_MAX];

    notes_path(o, node, notes, sizeof(notes));
    if (!access(notes, F_OK) && daemon_read(xs, node, "frontend", frontend,
                                            sizeof(frontend)) == -ENOENT)
        forget(class, o, node);
}

static void forget_all_gone(const struct daemon_class *class,
                            const struct options *o, struct xs_handle *xs)
{
    DIR *folder = opendir(o->folder);
    const struct dirent *file;

    while (folder && (file = readdir(folder))) {
        char node[PV_PATH_MAX];

        snprintf(node, sizeof(node), "%s", file->d_name);
        for (char *at = node; *at; at++)
            if (*at == '-')
                *at = '/';
        if (node_is_ours(o, node))
            forget_if_gone(class, o, xs, node);
    }
    if (folder)
        closedir(folder);
}

static void serve(const struct daemon_class *class, const struct options *o,
                  struct xs_handle *xs, int socket,
                  const struct request *request)
{
    struct answer answer = {.rc = -EINVAL};
    bool ours = node_is_ours(o, request->node);
    int fds[2];

    if (request->kind == REQUEST_FORGET) {
        if (ours)
            forget(class, o, request->node);
        return;
    }
    if (request->kind == REQUEST_FORGET_GONE) {
        if (ours)
            forget_if_gone(class, o, xs, request->node);
        else if (!*request->node)
            forget_all_gone(class, o, xs);
        return;
    }
    if (ours)
        answer.rc = open_for(class, o, xs, request->node, &answer, fds);
    send_answer(socket, &answer, fds);
    if (answer.rc)
        return;
    close(fds[0]);
    close(fds[1]);
}

/* Until the worker has ended. */
static void serve_worker(const struct daemon_class *class,
                         const struct options *o, struct xs_handle *xs,
                         int socket)
{
    struct request request;

    while (recv(socket, &request, sizeof(request), 0) == sizeof(request))
        serve(class, o, xs, socket, &request);
}

static pid_t start_worker(const struct daemon_class *class,
                          const struct options *o, int *socket_out)
{
    int pair[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return -1;
    pid = fork();
    if (!pid) {
        close(pair[0]);
        _exit(worker_run(class, o, pair[1]));
    }
    close(pair[1]);
    *socket_out = pair[0];
    return pid;
}

int opener_run(const struct daemon_class *class, const struct options *o)
{
    const struct timespec pause = {.tv_nsec = 50000000};

    for (;;) {
        int socket, status;
        struct xs_handle *xs;
        pid_t pid = start_worker(class, o, &socket);

        if (pid < 0) {
            os_log("worker: %s", strerror(errno));
            return 1;
        }
        xs = xs_open(0);
        if (xs)
            serve_worker(class, o, xs, socket);
        xs_close(xs);
        close(socket);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        os_log("the worker has ended (%d): another one goes on", status);
        nanosleep(&pause, NULL);
    }
}
