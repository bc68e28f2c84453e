/* SPDX-License-Identifier: MIT */
/* A daemon with a script: fake_daemon.h. */
#include "fake_daemon.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static void *run_script(void *arg)
{
    struct fake_daemon *d = arg;

    if (d->listen_fd >= 0)
        __atomic_store_n(&d->fd, accept(d->listen_fd, NULL, NULL),
                         __ATOMIC_RELAXED);
    expect(d->fd >= 0);
    d->script(d);
    close(d->fd);
    return NULL;
}

struct xs_handle *fake_start(struct fake_daemon *d, fake_script *script,
                             void *arg, unsigned long flags)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct xs_handle *h;

    d->script = script;
    d->arg = arg;
    strcpy(d->dir, "/tmp/xenstore-test-XXXXXX");
    expect(mkdtemp(d->dir));
    snprintf(d->path, sizeof(d->path), "%s/socket", d->dir);
    strcpy(addr.sun_path, d->path);
    d->listen_fd = socket(AF_UNIX, SOCK_STREAM, 0);
    expect(bind(d->listen_fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
    expect(listen(d->listen_fd, 5) == 0);
    expect(pthread_create(&d->thread, NULL, run_script, d) == 0);
    setenv("XENSTORED_PATH", d->path, 1);
    h = xs_open(flags);
    expect(h);
    return h;
}

struct xs_handle *fake_start_device(struct fake_daemon *d, fake_script *script,
                                    void *arg)
{
    struct termios raw;
    struct xs_handle *h;

    d->script = script;
    d->arg = arg;
    d->dir[0] = '\0';
    d->listen_fd = -1;
    d->fd = posix_openpt(O_RDWR | O_NOCTTY);
    expect(d->fd >= 0 && grantpt(d->fd) == 0 && unlockpt(d->fd) == 0);
    setenv("XENSTORED_PATH", ptsname(d->fd), 1);
    expect(tcgetattr(d->fd, &raw) == 0);
    cfmakeraw(&raw);
    expect(tcsetattr(d->fd, TCSANOW, &raw) == 0);
    h = xs_open(0);
    expect(h);
    expect(pthread_create(&d->thread, NULL, run_script, d) == 0);
    return h;
}

void fake_stop(struct fake_daemon *d, struct xs_handle *h)
{
    xs_close(h);
    pthread_join(d->thread, NULL);
    if (!d->dir[0])
        return;
    close(d->listen_fd);
    unlink(d->path);
    rmdir(d->dir);
}

static bool read_all(int fd, void *buf, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t got = read(fd, (char *)buf + at, len - at);

        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return true;
}

bool fake_read(struct fake_daemon *d, struct fake_request *req)
{
    if (!read_all(d->fd, &req->msg, sizeof(req->msg)))
        return false;
    expect(req->msg.len <= XENSTORE_PAYLOAD_MAX);
    req->payload[req->msg.len] = '\0';
    return read_all(d->fd, req->payload, req->msg.len);
}

void fake_expect(struct fake_daemon *d, struct fake_request *req, uint32_t type,
                 const void *payload, size_t len)
{
    expect(fake_read(d, req));
    expect(req->msg.type == type);
    expect(req->msg.len == len);
    expect(memcmp(req->payload, payload, len) == 0);
}

void fake_send(struct fake_daemon *d, const void *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t put = write(d->fd, (const char *)bytes + at, len - at);

        expect(put > 0);
        at += (size_t)put;
    }
}

size_t fake_message(char *buf, uint32_t type, uint32_t req_id,
                    const void *payload, size_t len)
{
    struct xsd_sockmsg msg = {
        .type = type, .req_id = req_id, .len = (uint32_t)len};

    memcpy(buf, &msg, sizeof(msg));
    memcpy(buf + sizeof(msg), payload, len);
    return sizeof(msg) + len;
}

void fake_reply(struct fake_daemon *d, const struct fake_request *req,
                const void *payload, size_t len)
{
    char buf[sizeof(req->msg) + XENSTORE_PAYLOAD_MAX];

    fake_send(d, buf,
              fake_message(buf, req->msg.type, req->msg.req_id, payload, len));
}

void fake_error(struct fake_daemon *d, const struct fake_request *req,
                const char *name)
{
    char buf[sizeof(req->msg) + 64];

    fake_send(
        d, buf,
        fake_message(buf, XS_ERROR, req->msg.req_id, name, strlen(name) + 1));
}

void fake_event(struct fake_daemon *d, const char *path, const char *token)
{
    char payload[XENSTORE_PAYLOAD_MAX];
    char buf[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
    int len = snprintf(payload, sizeof(payload), "%s%c%s", path, 0, token) + 1;

    fake_send(d, buf,
              fake_message(buf, XS_WATCH_EVENT, 0, payload, (size_t)len));
}
