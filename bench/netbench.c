/* SPDX-License-Identifier: MIT */
/*
 * Times TCP between two ends.
 *
 * usage: netbench serve
 *        netbench NAME ADDRESS
 *
 * The second is the client of the first, which serves one at a time: data to it
 * and from it, then a byte there and back, again and again.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "bench.h"

#define PORT        5010
#define CHUNK       (256U << 10)
#define DATA        (64U << 20)
#define FIRST_DATA  (8U << 20) /* until windows have grown */
#define NR_TRIPS    4000U
#define NR_FIRST    100U
#define CONNECT_US  10000
#define NR_CONNECTS 3000U

/* What a connection is for: its first bytes. */
struct order {
    uint32_t what;
    uint32_t nr; /* bytes */
};

enum { TO_SERVER, FROM_SERVER, THERE_AND_BACK };

static uint8_t memory[CHUNK];

/* ---- Both ends -------------------------------------------------------- */

static void write_all(int fd, const void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t rc = write(fd, (const uint8_t *)data + done, size - done);

        if (rc <= 0)
            die("write");
        done += (size_t)rc;
    }
}

static void read_all(int fd, void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t rc = read(fd, (uint8_t *)data + done, size - done);

        if (rc <= 0)
            die("read");
        done += (size_t)rc;
    }
}

static void send_data(int fd, uint32_t size)
{
    for (uint32_t done = 0; done < size; done += CHUNK)
        write_all(fd, memory, CHUNK);
}

static void take_data(int fd, uint32_t size)
{
    for (uint32_t done = 0; done < size; done += CHUNK)
        read_all(fd, memory, CHUNK);
}

static int new_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
        die("socket");
    return fd;
}

/* ---- The server ------------------------------------------------------- */

/* Until the client has what it wanted, and goes. */
static void serve_one(int fd)
{
    struct order order;

    while (read(fd, &order, sizeof(order)) == sizeof(order)) {
        if (order.what == FROM_SERVER) {
            send_data(fd, order.nr);
            continue;
        }
        if (order.what == TO_SERVER)
            take_data(fd, order.nr);
        write_all(fd, memory, 1);
    }
}

static void serve(void)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int listener = new_socket(), fd;

    if (bind(listener, (struct sockaddr *)&here, sizeof(here)) ||
        listen(listener, 1))
        die("listen");
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        serve_one(fd);
        close(fd);
    }
    die("accept");
}

/* ---- The client ------------------------------------------------------- */

static int connect_to(const char *address)
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(PORT)};

    inet_pton(AF_INET, address, &there.sin_addr);
    for (unsigned int i = 0; i < NR_CONNECTS; i++) {
        int fd = new_socket();

        if (!connect(fd, (struct sockaddr *)&there, sizeof(there)))
            return fd;
        close(fd);
        usleep(CONNECT_US);
    }
    die("connect");
}

/* Nanoseconds until it is done, at the other end too. */
static double order(int fd, uint32_t what, uint32_t nr)
{
    struct order order = {what, nr};
    uint64_t begin = now_ns();

    write_all(fd, &order, sizeof(order));
    if (what == FROM_SERVER) {
        take_data(fd, nr);
    } else {
        if (what == TO_SERVER)
            send_data(fd, nr);
        read_all(fd, memory, 1);
    }
    return (double)(now_ns() - begin);
}

static void report(const char *name, const char *row, double value,
                   const char *unit)
{
    char text[128];

    snprintf(text, sizeof(text), "net.%s.%s", name, row);
    result(text, value, unit);
}

static void carry(int fd, const char *name, const char *row, uint32_t what)
{
    order(fd, what, FIRST_DATA);
    report(name, row, order(fd, what, DATA) / 1000 / (DATA >> 20), "us/MiB");
}

static void go_there_and_back(int fd, const char *name)
{
    double ns = 0;

    for (unsigned int i = 0; i < NR_FIRST; i++)
        order(fd, THERE_AND_BACK, 0);
    for (unsigned int i = 0; i < NR_TRIPS; i++)
        ns += order(fd, THERE_AND_BACK, 0);
    report(name, "round_trip", ns / NR_TRIPS, "ns/op");
}

int main(int argc, char **argv)
{
    int fd;

    if (argc == 2 && !strcmp(argv[1], "serve"))
        serve();
    if (argc != 3)
        return 2;
    fd = connect_to(argv[2]);
    carry(fd, argv[1], "tcp_out", TO_SERVER);
    carry(fd, argv[1], "tcp_in", FROM_SERVER);
    go_there_and_back(fd, argv[1]);
    return 0;
}
