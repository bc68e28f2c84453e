/* SPDX-License-Identifier: MIT */
/* Talking with another host through a command; see peer.h. */
#include "toolstack/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void pipe_close(const int *ends)
{
    close(ends[0]);
    close(ends[1]);
}

static int start_fail(struct error **err_out)
{
    int rc = -errno;

    return error_set(err_out, ERROR_INTERNAL, rc, "can't start a command: %s",
                     strerror(-rc));
}

static void command_run(const char *command, const int *to, const int *from)
{
    dup2(to[0], STDIN_FILENO);
    dup2(from[1], STDOUT_FILENO);
    signal(SIGPIPE, SIG_DFL);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

int peer_start(struct peer *peer, const char *command, struct error **err_out)
{
    int to[2], from[2];

    if (pipe2(to, O_CLOEXEC))
        return start_fail(err_out);
    if (pipe2(from, O_CLOEXEC)) {
        pipe_close(to);
        return start_fail(err_out);
    }
    peer->pid = fork();
    if (peer->pid == 0)
        command_run(command, to, from);
    close(to[0]);
    close(from[1]);
    peer->out = to[1];
    peer->in = from[0];
    if (peer->pid > 0)
        return 0;
    start_fail(err_out);
    close(peer->in);
    close(peer->out);
    return error_rc(err_out);
}

void peer_end(struct peer *peer)
{
    close(peer->out);
    close(peer->in);
    while (waitpid(peer->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* Until there is something to read, or the end. */
static int await(int fd, const struct cancel *cancel, struct error **err_out)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
                           {.fd = cancel_fd(cancel), .events = POLLIN}};

    while (poll(fds, 2, -1) < 0 && errno == EINTR)
        ;
    return fds[0].revents ? 0 : cancel_check(cancel, err_out);
}

int peer_read(int fd, void *data, size_t size, const struct cancel *cancel,
              struct error **err_out)
{
    char *to = data;

    while (size) {
        int rc = await(fd, cancel, err_out);
        ssize_t got;

        if (rc)
            return rc;
        got = read(fd, to, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return error_set(err_out, ERROR_MIGRATION, -ECONNRESET,
                             "the connection has ended%s%s", got ? ": " : "",
                             got ? strerror(errno) : "");
        to += got;
        size -= (size_t)got;
    }
    return 0;
}

int peer_write(int fd, const void *data, size_t size, struct error **err_out)
{
    ssize_t put;

    do
        put = write(fd, data, size);
    while (put < 0 && errno == EINTR);
    if (put == (ssize_t)size)
        return 0;
    return error_set(err_out, ERROR_MIGRATION, put < 0 ? -errno : -EIO,
                     "the connection has ended: %s",
                     put < 0 ? strerror(errno) : "it takes no more");
}
