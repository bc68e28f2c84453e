/* SPDX-License-Identifier: MIT */
/* The opener's part of NBD: a connection, and what the export is. */
#include "blkd/nbd.h"

#include <endian.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "blkd/nbd_protocol.h"

#define TIMEOUT_SECONDS 5
#define MAX_REPLIES     16

/* ---- The address ------------------------------------------------------ */

static int connect_to(int domain, const struct sockaddr *address,
                      socklen_t size)
{
    const struct timeval timeout = {.tv_sec = TIMEOUT_SECONDS};
    int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = 0;

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) ||
        connect(fd, address, size))
        rc = -errno;
    if (!rc)
        return fd;
    close(fd);
    return rc;
}

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    return connect_to(AF_UNIX, (struct sockaddr *)&address, sizeof(address));
}

static int connect_tcp(char *host_and_port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    char *colon = strrchr(host_and_port, ':');
    int fd = -EHOSTUNREACH;

    if (!colon)
        return -EINVAL;
    *colon = '\0';
    if (getaddrinfo(host_and_port, colon + 1, &hints, &list))
        return -EHOSTUNREACH;
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
        fd = connect_to(a->ai_family, a->ai_addr, a->ai_addrlen);
    freeaddrinfo(list);
    return fd;
}

/* ---- The handshake ---------------------------------------------------- */

static int receive(int fd, void *to, size_t size)
{
    /* A receive of nothing would wait for something. */
    ssize_t got = size ? recv(fd, to, size, MSG_WAITALL) : 0;

    if (got == (ssize_t)size)
        return 0;
    return got < 0 ? -errno : -ECONNRESET;
}

static int transmit(int fd, const void *from, size_t size)
{
    ssize_t sent = send(fd, from, size, MSG_NOSIGNAL);

    if (sent == (ssize_t)size)
        return 0;
    return sent < 0 ? -errno : -ECONNRESET;
}

static int greet(int fd)
{
    struct nbd_greeting greeting;
    uint32_t flags;
    int rc = receive(fd, &greeting, sizeof(greeting));

    if (rc)
        return rc;
    if (be64toh(greeting.magic) != NBD_MAGIC ||
        be64toh(greeting.option_magic) != NBD_OPTION_MAGIC ||
        !(be16toh(greeting.flags) & NBD_FIXED_NEWSTYLE))
        return -EPROTO;
    flags =
        htobe32(NBD_FIXED_NEWSTYLE | (be16toh(greeting.flags) & NBD_NO_ZEROES));
    return transmit(fd, &flags, sizeof(flags));
}

static int ask_for_export(int fd, const char *name)
{
    uint8_t message[sizeof(struct nbd_option) + 4 + 256 + 2] = {0};
    uint32_t length = (uint32_t)strlen(name), be_length = htobe32(length);
    struct nbd_option option = {
        .magic = htobe64(NBD_OPTION_MAGIC),
        .option = htobe32(NBD_OPT_GO),
        .length = htobe32(4 + length + 2),
    };

    if (length > 256)
        return -ENAMETOOLONG;
    memcpy(message, &option, sizeof(option));
    memcpy(message + sizeof(option), &be_length, 4);
    memcpy(message + sizeof(option) + 4, name, length);
    return transmit(fd, message, sizeof(option) + 4 + length + 2);
}

static void take_info(const uint8_t *data, uint32_t length, struct disk_info *a,
                      bool *found)
{
    struct nbd_info_export info;
    uint16_t flags;

    if (length != sizeof(info))
        return;
    memcpy(&info, data, sizeof(info));
    if (be16toh(info.type) != NBD_INFO_EXPORT)
        return;
    flags = be16toh(info.flags);
    a->sectors = be64toh(info.size) / 512;
    a->flush = flags & NBD_FLAG_SEND_FLUSH;
    a->discard = flags & NBD_FLAG_SEND_TRIM;
    if (flags & NBD_FLAG_READ_ONLY && !a->readonly)
        return;
    *found = true;
}

static int take_replies(int fd, struct disk_info *a)
{
    uint8_t data[NBD_MAX_OPTION_REPLY];
    struct nbd_option_reply reply;
    bool found = false;

    for (int i = 0; i < MAX_REPLIES; i++) {
        uint32_t length, type;
        int rc = receive(fd, &reply, sizeof(reply));

        length = be32toh(reply.length);
        type = be32toh(reply.type);
        if (!rc &&
            (be64toh(reply.magic) != NBD_REPLY_MAGIC || length > sizeof(data)))
            rc = -EPROTO;
        if (!rc)
            rc = receive(fd, data, length);
        if (rc)
            return rc;
        if (type & NBD_REP_ERROR)
            return -ENOENT;
        if (type == NBD_REP_ACK)
            return found ? 0 : -EROFS;
        if (type == NBD_REP_INFO)
            take_info(data, length, a, &found);
    }
    return -EPROTO;
}

int nbd_connect(const char *params, struct disk_info *a)
{
    char copy[1024], *name, *address = copy + strlen("nbd:");
    int fd, rc;

    if (strlen(params) >= sizeof(copy))
        return -ENAMETOOLONG;
    strcpy(copy, params);
    name = strstr(copy, ":exportname=");
    if (name) {
        *name = '\0';
        name += strlen(":exportname=");
    }
    fd = strncmp(address, "unix:", 5) ? connect_tcp(address)
                                      : connect_unix(address + 5);
    if (fd < 0)
        return fd;
    a->is_socket = true;
    a->sector_size = 512;
    a->physical_size = 4096;
    a->discard_granularity = 4096;
    rc = greet(fd);
    if (!rc)
        rc = ask_for_export(fd, name ? name : "");
    if (!rc)
        rc = take_replies(fd, a);
    if (!rc)
        return fd;
    close(fd);
    return rc;
}
