/* SPDX-License-Identifier: MIT */
/*
 * What no xenstore daemon that sleeps between requests can be quicker than:
 * takes a request, does nothing, answers. What it takes is the client's part
 * and the kernel's, two messages and two wake-ups. There is one watch, of
 * everything, by whoever asked for one last.
 *
 * usage: floor SOCKET
 */
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <xen/io/xs_wire.h>

static int epoll_fd;
static int watcher = -1;

static void poll_for(int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        err(1, "poll");
}

static void send_event(void)
{
    static const char data[] = "/bench\0t";
    const struct xsd_sockmsg head = {
        .type = XS_WATCH_EVENT,
        .len = sizeof(data),
    };
    char event[sizeof(head) + sizeof(data)];

    if (watcher < 0)
        return;
    memcpy(event, &head, sizeof(head));
    memcpy(event + sizeof(head), data, sizeof(data));
    if (send(watcher, event, sizeof(event), MSG_NOSIGNAL) != sizeof(event))
        err(1, "event");
}

static void set_watch(int fd, uint32_t type)
{
    if (type == XS_UNWATCH)
        watcher = -1;
    if (type == XS_WATCH)
        watcher = fd;
    if (type == XS_WATCH || type == XS_WRITE)
        send_event();
}

/* Answer all requests that are there with "1", which may be the number of a
 * transaction, too. False at the end. */
static bool answer(int fd)
{
    static char in[65536], out[sizeof(in)];
    struct xsd_sockmsg head;
    ssize_t len = recv(fd, in, sizeof(in), MSG_DONTWAIT);
    size_t from = 0, to = 0;

    for (; len - (ssize_t)from >= (ssize_t)sizeof(head);) {
        memcpy(&head, in + from, sizeof(head));
        from += sizeof(head) + head.len;
        set_watch(fd, head.type);
        head.len = 1;
        memcpy(out + to, &head, sizeof(head));
        out[to + sizeof(head)] = '1';
        to += sizeof(head) + 1;
    }
    if (len > 0 && from != (size_t)len)
        errx(1, "half a request");
    return len > 0 && send(fd, out, to, MSG_NOSIGNAL) == (ssize_t)to;
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    struct epoll_event event;

    if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path))
        errx(1, "usage: floor SOCKET");
    strcpy(address.sun_path, argv[1]);
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(listener, 8) < 0)
        err(1, "%s", argv[1]);
    epoll_fd = epoll_create1(0);
    poll_for(listener);
    while (epoll_wait(epoll_fd, &event, 1, -1) == 1) {
        if (event.data.fd == listener)
            poll_for(accept(listener, NULL, NULL));
        else if (!answer(event.data.fd)) {
            if (watcher == event.data.fd)
                watcher = -1;
            close(event.data.fd);
        }
    }
    return 0;
}
