/* SPDX-License-Identifier: MIT */
/* Connections with consoles; see console.h. */
#include "toolstack/console.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "consoled/history.h"
#include "consoled/protocol.h"
#include "lib/domctl.h"
#include "toolstack/domain.h"

#define RETRY_MS 50

struct console {
    struct privcmd *p;
    struct store *s;
    const struct cancel *cancel;
    domid_t domid;
    unsigned int number;
    int fd;                       /* -1: broken */
    bool is_socket;               /* of our daemon, not a terminal */
    char file[HISTORY_FILE_SIZE]; /* the history; "" until it is known */
    uint64_t pos;                 /* behind the last byte that came */
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Our daemon. */

static int socket_connect(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX,
                                  .sun_path =
                                      CONSOLED_RUN_FOLDER "/" CONSOLED_SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
        rc = -errno;
        close(fd);
        return rc;
    }
    return fd;
}

static bool request_send(const struct console *c, int fd)
{
    char line[CONSOLED_LINE_SIZE], which[24];
    int len;

    if (c->number == CONSOLE_PRIMARY)
        snprintf(which, sizeof(which), "%u", c->domid);
    else
        snprintf(which, sizeof(which), "%u/%u", c->domid, c->number);
    if (*c->file)
        len = snprintf(line, sizeof(line), "attach %s %s %" PRIu64 "\n", which,
                       c->file, c->pos);
    else
        len = snprintf(line, sizeof(line), "attach %s - -\n", which);
    return send(fd, line, (size_t)len, MSG_NOSIGNAL) == len;
}

/* The answer, byte by byte: what follows it is the guest's. */
static bool answer_read(const struct console *c, int fd, char *line,
                        int64_t deadline)
{
    size_t used = 0;

    while (used < CONSOLED_LINE_SIZE - 1) {
        struct pollfd fds[] = {
            {.fd = fd, .events = POLLIN},
            {.fd = cancel_fd(c->cancel), .events = POLLIN},
        };
        int64_t left = deadline - now_ms();

        if (poll(fds, 2, left > 0 ? (int)left : 0) <= 0 || fds[1].revents ||
            read(fd, line + used, 1) != 1)
            return false;
        if (line[used++] == '\n') {
            line[used - 1] = 0;
            return true;
        }
    }
    return false;
}

/* Returns a descriptor; -errno. */
static int socket_attach(struct console *c, int64_t deadline)
{
    char line[CONSOLED_LINE_SIZE], file[HISTORY_FILE_SIZE];
    int fd = socket_connect();
    uint64_t pos;

    if (fd < 0)
        return fd;
    if (!request_send(c, fd) || !answer_read(c, fd, line, deadline) ||
        sscanf(line, "ok %79s %" SCNu64, file, &pos) != 2) {
        close(fd);
        return -ETIMEDOUT;
    }
    memcpy(c->file, file, sizeof(file));
    c->pos = pos;
    return fd;
}

/* A terminal. */

/* Returns a descriptor; -errno, -ENOENT where no daemon has named one. */
static int terminal_attach(struct console *c)
{
    char *tty = NULL, path[64];
    struct termios raw;
    int fd;

    if (c->number == CONSOLE_PRIMARY)
        snprintf(path, sizeof(path), "/local/domain/%u/console/tty", c->domid);
    else
        snprintf(path, sizeof(path), "/local/domain/%u/device/console/%u/tty",
                 c->domid, c->number);
    if (store_read(c->s, &tty, NULL, "%s", path) || !tty || !*tty) {
        free(tty);
        return -ENOENT;
    }
    fd = open(tty, O_RDWR | O_NOCTTY | O_CLOEXEC);
    free(tty);
    if (fd < 0)
        return -errno;
    if (tcgetattr(fd, &raw)) {
        close(fd);
        return -ENOTTY;
    }
    cfmakeraw(&raw);
    tcsetattr(fd, TCSANOW, &raw);
    return fd;
}

/* Both. */

static bool attach_once(struct console *c, int64_t deadline)
{
    int fd = socket_attach(c, deadline);

    c->is_socket = fd >= 0;
    /* A daemon that is ours, but slow, is asked again. */
    if (fd < 0 && fd != -ETIMEDOUT)
        fd = terminal_attach(c);
    if (fd < 0)
        return false;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    c->fd = fd;
    return true;
}

/* Whether a guest has this console, and not for another program. */
static int further_check(struct store *s, domid_t domid, unsigned int number,
                         struct error **err_out)
{
    char *connection, *path = NULL, back[64];
    int rc;

    snprintf(back, sizeof(back), "/local/domain/0/backend/console/%u/%u", domid,
             number);
    rc = store_read(s, &connection, err_out, "%s/connection", back);
    if (rc)
        return rc;
    if (!connection)
        return error_set(err_out, ERROR_USAGE, -ENOENT,
                         "the guest has no console %u", number);
    rc = store_read(s, &path, err_out, "%s/path", back);
    if (!rc && !strcmp(connection, "socket"))
        rc = error_set(err_out, ERROR_USAGE, -EBUSY,
                       "console %u is served at the socket %s", number,
                       path ? path : "of another program");
    free(connection);
    free(path);
    return rc;
}

static int no_daemon(const struct console *c, struct error **err_out)
{
    error_set(err_out, ERROR_NO_ANSWER, -ETIMEDOUT,
              "no console daemon serves domain %u", c->domid);
    return error_hint(err_out, "start xenconsoled");
}

int console_attach(struct privcmd *p, struct store *s, domid_t domid,
                   unsigned int number, int timeout_ms,
                   const struct cancel *cancel, struct console **c_out,
                   struct error **err_out)
{
    const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};
    int64_t deadline = now_ms() + timeout_ms;
    struct console *c;
    int rc = number == CONSOLE_PRIMARY
                 ? 0
                 : further_check(s, domid, number, err_out);

    if (rc)
        return rc;
    c = calloc(1, sizeof(*c));
    if (!c)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    *c = (struct console){.p = p,
                          .s = s,
                          .cancel = cancel,
                          .domid = domid,
                          .number = number,
                          .fd = -1};
    while (!attach_once(c, deadline)) {
        rc = cancel_check(cancel, err_out);
        if (!rc && now_ms() >= deadline)
            rc = no_daemon(c, err_out);
        if (rc) {
            free(c);
            return rc;
        }
        nanosleep(&pause, NULL);
    }
    *c_out = c;
    return 0;
}

void console_close(struct console *c)
{
    if (!c)
        return;
    if (c->fd >= 0)
        close(c->fd);
    free(c);
}

int console_fd(const struct console *c)
{
    return c->fd;
}

ssize_t console_read(struct console *c, char *buffer, size_t size)
{
    ssize_t n = read(c->fd, buffer, size);

    if (n > 0) {
        c->pos += (uint64_t)n;
        return n;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return -EAGAIN;
    close(c->fd);
    c->fd = -1;
    return 0;
}

ssize_t console_write(struct console *c, const char *text, size_t len)
{
    ssize_t n = c->is_socket ? send(c->fd, text, len, MSG_NOSIGNAL)
                             : write(c->fd, text, len);

    /* Where the other end has gone, reading tells. */
    return n < 0 ? -EAGAIN : n;
}

/* What our daemon has noted of a guest that is gone. */
static int reason_noted(const struct console *c)
{
    struct history_info info;
    int dir = open(HISTORY_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int reason = HISTORY_DESTROYED;

    if (dir < 0)
        return reason;
    if (*c->file && !history_info_read(dir, c->file, &info))
        reason = info.head.reason;
    close(dir);
    return reason;
}

bool console_ended(struct console *c, int *reason_out)
{
    struct xen_domctl_getdomaininfo info;
    int rc = domctl_info(c->p, c->domid, &info, NULL);

    if (!rc && (domain_has_ended(&info) || info.flags & XEN_DOMINF_dying)) {
        *reason_out = info.flags & XEN_DOMINF_shutdown
                          ? (int)domain_shutdown_reason(&info)
                          : HISTORY_DESTROYED;
        return true;
    }
    if (rc == -ESRCH)
        *reason_out = reason_noted(c);
    return rc == -ESRCH;
}

bool console_retry(struct console *c)
{
    return attach_once(c, now_ms() + RETRY_MS);
}

void console_rest(struct console *c, char **text_out, size_t *len_out)
{
    int dir = -1;

    *text_out = NULL;
    *len_out = 0;
    if (*c->file)
        dir = open(HISTORY_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return;
    if (history_text(dir, c->file, &c->pos, text_out, len_out))
        *text_out = NULL;
    close(dir);
}
