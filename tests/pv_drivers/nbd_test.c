/* SPDX-License-Identifier: MIT */
/*
 * xen-blkd's NBD client against qemu-nbd with a qcow2 image: data compared, and
 * a server that is killed and started again in the middle.
 */
#include "blkd/nbd.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "ports/linux_user/internal.h"

#define SECTORS  32768U /* 16 MiB */
#define NR_IOS   32U
#define MAX_SIZE (256U * 1024)

static const char *format;
static char folder[32];
static char params[128], socket_path[64], image[64];
static pid_t server;
static struct disk disk;
static struct disk_info info;
static unsigned int nr_lost, nr_busy, nr_left, nr_go_on, errors;

static struct io {
    struct blkback_io io; /* must stay first */
    struct blkback_iov iov[3];
    uint8_t memory[MAX_SIZE];
} ios[NR_IOS];

static uint8_t expected[SECTORS * 512];
static bool in_use[SECTORS];

/* The parts of the port that talk to the hypervisor are not there. */
int port_events_open(void)
{
    return -ENODEV;
}

int port_grants_open(void)
{
    return -ENODEV;
}

int port_store_open(void)
{
    return -ENODEV;
}

static void start_server(void)
{
    server = fork();
    if (!server) {
        execlp("qemu-nbd", "qemu-nbd", "-f", format, "-t", "-e", "4", "-x",
               "disk", "--discard=unmap", "-k", socket_path, image,
               (char *)NULL);
        _exit(127);
    }
}

static void kill_server(void)
{
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}

static int connect_again(void)
{
    int fd = -1;

    for (int i = 0; i < 500 && fd < 0; i++) {
        fd = nbd_connect(params, &info);
        if (fd < 0)
            usleep(20000);
    }
    return fd;
}

static void lost(struct disk *d)
{
    assert_int_equal(d->fd, -1);
    nr_lost++;
}

void blkback_go_on(struct blkback *back)
{
    (void)back;
    nr_go_on++;
}

static void next_io(struct io *io);

static void check(struct io *io, int rc)
{
    const uint8_t *at = expected + io->io.sector * 512;

    errors += rc != 0;
    if (io->io.op == BLKBACK_READ)
        errors += memcmp(io->memory, at, io->io.nr_sectors * 512) != 0;
    for (uint64_t s = 0; s < io->io.nr_sectors; s++)
        in_use[io->io.sector + s] = false;
}

void blkback_done(struct blkback_io *io, int rc)
{
    check((struct io *)io, rc);
    nr_busy--;
    next_io((struct io *)io);
}

static bool range_is_free(const struct blkback_io *io)
{
    for (uint64_t s = 0; s < io->nr_sectors; s++)
        if (in_use[io->sector + s])
            return false;
    return true;
}

static void choose_range(struct blkback_io *io)
{
    do {
        io->nr_sectors = 1 + (unsigned int)rand() % (MAX_SIZE / 512);
        io->sector = (unsigned int)rand() % (SECTORS - io->nr_sectors + 1);
    } while (!range_is_free(io));
    for (uint64_t s = 0; s < io->nr_sectors; s++)
        in_use[io->sector + s] = true;
}

/* Three buffers, where there are three sectors. */
static void cut(struct io *io)
{
    size_t size = io->io.nr_sectors * 512, first = size / 1024 / 3 * 512;

    io->io.nr_iov = 0;
    io->io.iov = io->iov;
    if (first)
        io->iov[io->io.nr_iov++] = (struct blkback_iov){io->memory, first};
    if (first)
        io->iov[io->io.nr_iov++] =
            (struct blkback_iov){io->memory + first, first};
    io->iov[io->io.nr_iov++] =
        (struct blkback_iov){io->memory + 2 * first, size - 2 * first};
}

static void next_io(struct io *io)
{
    unsigned int kind = (unsigned int)rand() % 16;

    if (!nr_left)
        return;
    nr_left--;
    nr_busy++;
    io->io = (struct blkback_io){.op = BLKBACK_FLUSH, .disk = &disk};
    if (kind) {
        io->io.op = kind < 8 ? BLKBACK_READ : BLKBACK_WRITE;
        choose_range(&io->io);
        cut(io);
    }
    if (io->io.op == BLKBACK_WRITE) {
        memset(io->memory, rand(), io->io.nr_sectors * 512);
        memcpy(io->memory, &nr_left, sizeof(nr_left));
        memcpy(expected + io->io.sector * 512, io->memory,
               io->io.nr_sectors * 512);
    }
    disk.disk.submit(&disk.disk, &io->io);
}

/* Returns how often the connection was lost. */
static unsigned int run_load(unsigned int nr, unsigned int nr_kills)
{
    unsigned int before = nr_lost;

    errors = 0;
    nr_left = nr;
    for (unsigned int i = 0; i < NR_IOS; i++)
        next_io(&ios[i]);
    while (nr_busy) {
        disk.disk.commit(&disk.disk);
        if (disk.fd >= 0)
            assert_int_equal(port_run(), 0);
        if (nr_kills && nr_left < nr * nr_kills / (nr_kills + 1)) {
            nr_kills--;
            kill_server();
            start_server();
        }
        if (disk.fd < 0)
            nbd_reconnected(&disk, connect_again());
    }
    assert_int_equal(errors, 0);
    return nr_lost - before;
}

static int setup(const char *of_image)
{
    char command[256];

    format = of_image;
    memset(expected, 0, sizeof(expected));
    strcpy(folder, "/tmp/nbd_test.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(socket_path, sizeof(socket_path), "%s/socket", folder);
    snprintf(image, sizeof(image), "%s/image", folder);
    snprintf(params, sizeof(params), "nbd:unix:%s:exportname=disk",
             socket_path);
    snprintf(command, sizeof(command),
             "qemu-img create -q -f %s %s %u > /dev/null", format, image,
             SECTORS * 512);
    if (system(command) || port_loop_open())
        return -1;
    start_server();
    disk = (struct disk){.lost = lost, .fd = connect_again()};
    disk.disk.sectors = info.sectors;
    disk.disk.flush = info.flush;
    return disk.fd < 0 ? -1 : nbd_init(&disk);
}

static int setup_qcow2(void **state)
{
    (void)state;
    return setup("qcow2");
}

static int setup_raw(void **state)
{
    (void)state;
    return setup("raw");
}

static int teardown(void **state)
{
    char command[64];

    (void)state;
    nbd_release(&disk);
    kill_server();
    snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command);
}

static void export_is_described(void **state)
{
    (void)state;
    assert_int_equal(info.sectors, SECTORS);
    assert_true(info.flush);
    assert_true(info.discard);
    assert_true(info.is_socket);
}

static void other_exports_are_refused(void **state)
{
    struct disk_info other = {0};
    char wrong[160];

    (void)state;
    snprintf(wrong, sizeof(wrong), "nbd:unix:%s:exportname=none", socket_path);
    assert_int_equal(nbd_connect(wrong, &other), -ENOENT);
    assert_int_equal(nbd_connect("nbd:unix:/nonexistent", &other), -ENOENT);
    assert_int_equal(nbd_connect("nbd:nonsense", &other), -EINVAL);
}

static void data_is_as_written(void **state)
{
    (void)state;
    assert_int_equal(run_load(500, 0), 0);
    assert_true(nr_go_on > 0);
}

/* What had no reply is sent to the next server; and what had one, since a
 * server that is killed loses what of a qcow2 image was not flushed. */
static void server_is_killed_under_load(void **state)
{
    (void)state;
    assert_in_range(run_load(1000, 5), 3, 5);
}

static void discarded_sectors_are_zero(void **state)
{
    (void)state;
    memset(expected, 0, sizeof(expected));
    nr_busy = 1;
    ios[0].io = (struct blkback_io){
        .op = BLKBACK_DISCARD, .nr_sectors = SECTORS, .disk = &disk};
    memset(in_use, 1, sizeof(in_use));
    disk.disk.submit(&disk.disk, &ios[0].io);
    disk.disk.commit(&disk.disk);
    while (nr_busy)
        assert_int_equal(port_run(), 0);
    assert_int_equal(errors, 0);
    run_load(200, 0);
}

static void run_to_the_end(void)
{
    disk.disk.commit(&disk.disk);
    while (nr_busy) {
        assert_int_equal(port_run(), 0);
        disk.disk.commit(&disk.disk);
    }
    assert_int_equal(errors, 0);
}

/* All of the disk, one request after the other. */
static void pass_over(enum blkback_op op, uint64_t nr_sectors)
{
    struct io *io = &ios[0];

    nr_left = 0;
    for (uint64_t at = 0; at < nr_sectors; at += MAX_SIZE / 512) {
        io->io = (struct blkback_io){.op = op,
                                     .sector = at,
                                     .nr_sectors = MAX_SIZE / 512,
                                     .disk = &disk};
        cut(io);
        if (op == BLKBACK_WRITE)
            memset(io->memory, (int)(at >> 9) + 1, MAX_SIZE);
        memcpy(expected + at * 512, io->memory,
               op == BLKBACK_WRITE ? MAX_SIZE : 0);
        nr_busy++;
        disk.disk.submit(&disk.disk, &io->io);
        run_to_the_end();
    }
}

static void replace_server(void)
{
    kill_server();
    while (disk.fd >= 0)
        assert_int_equal(port_run(), 0);
    start_server();
    nbd_reconnected(&disk, connect_again());
}

/* Nobody has asked for a flush; and a server may die again at once. */
static void answered_writes_outlive_the_server(void **state)
{
    (void)state;
    pass_over(BLKBACK_WRITE, SECTORS / 4);
    replace_server();
    replace_server();
    pass_over(BLKBACK_READ, SECTORS);
}

/* What the one before it has written; nobody asks for anything. */
static void a_new_client_has_it_flushed(void **state)
{
    (void)state;
    pass_over(BLKBACK_WRITE, SECTORS / 2);
    nbd_release(&disk);
    close(disk.fd);
    disk.fd = connect_again();
    assert_int_equal(nbd_init(&disk), 0);
    /* It is sent, then answered. */
    assert_int_equal(port_run(), 0);
    assert_int_equal(port_run(), 0);
    replace_server();
    pass_over(BLKBACK_READ, SECTORS);
}

/* The same of a discard, whose range the first write of the log is in. */
static void answered_discards_outlive_the_server(void **state)
{
    (void)state;
    memset(expected, 0, SECTORS / 4 * 512);
    ios[0].io = (struct blkback_io){
        .op = BLKBACK_DISCARD, .nr_sectors = SECTORS / 4, .disk = &disk};
    nr_left = 0;
    nr_busy = 1;
    disk.disk.submit(&disk.disk, &ios[0].io);
    run_to_the_end();
    pass_over(BLKBACK_WRITE, MAX_SIZE / 512);
    replace_server();
    pass_over(BLKBACK_READ, SECTORS);
}

int main(void)
{
    const struct CMUnitTest qcow2[] = {
        cmocka_unit_test(export_is_described),
        cmocka_unit_test(other_exports_are_refused),
        cmocka_unit_test(data_is_as_written),
        cmocka_unit_test(discarded_sectors_are_zero),
    };
    const struct CMUnitTest killed[] = {
        cmocka_unit_test(answered_writes_outlive_the_server),
        cmocka_unit_test(a_new_client_has_it_flushed),
        cmocka_unit_test(answered_discards_outlive_the_server),
        cmocka_unit_test(server_is_killed_under_load),
    };
    int failed = cmocka_run_group_tests(qcow2, setup_qcow2, teardown);

    failed += cmocka_run_group_tests(killed, setup_qcow2, teardown);
    return failed + cmocka_run_group_tests(killed, setup_raw, teardown);
}
