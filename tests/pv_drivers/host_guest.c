/* SPDX-License-Identifier: MIT */
/*
 * A guest that is a process: our block front-end on the port for processes,
 * with host_memory.c and host_xen.c below it. It writes and reads a disk for a
 * while, compares, reads all of it at the end, and says `done <number of
 * I/Os>`.
 *
 * usage: host_guest NODE SECONDS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ports/linux_user/port.h"
#include "pv/blkfront.h"

#define NR_LANES  16U
#define LANE      1024U /* sectors that a lane has for itself */
#define MAX_IO    256U
#define SECOND_NS 1000000000UL

/* ---- The load --------------------------------------------------------- */

struct lane {
    struct blk_io io; /* must stay first */
    struct blk_buffer buffer;
    uint8_t data[LANE * 512];
    uint8_t expected[LANE * 512];
};

static struct lane lanes[NR_LANES];
static struct blkfront *front;
static uint64_t end_ns;
static unsigned int nr_busy, nr_done, nr_connected, nr_last;
static bool checking;

static uint8_t *place(struct lane *l, uint8_t *data)
{
    return data + (l->io.sector - (uint64_t)(l - lanes) * LANE) * 512;
}

static void next(struct lane *l);

static void io_done(struct blk_io *io, int rc)
{
    struct lane *l = (struct lane *)io;

    if (rc || (io->op == BLK_READ &&
               memcmp(l->data, place(l, l->expected), io->nr_sectors * 512))) {
        printf("FAIL I/O %d at sector %lu: %d\n", (int)io->op, io->sector, rc);
        exit(1);
    }
    nr_done++;
    nr_busy--;
    next(l);
}

static void choose(struct lane *l)
{
    unsigned int kind = (unsigned int)rand() % 16;
    uint64_t first = (uint64_t)(l - lanes) * LANE;

    l->io = (struct blk_io){.op = BLK_FLUSH, .done = io_done};
    if (checking) {
        l->io.op = BLK_READ;
        l->io.sector = first;
        l->io.nr_sectors = LANE;
    } else if (kind) {
        l->io.op = kind < 6 ? BLK_READ : BLK_WRITE;
        l->io.fua = kind == 15;
        l->io.nr_sectors = 1 + (unsigned int)rand() % MAX_IO;
        l->io.sector =
            first + (unsigned int)rand() % (LANE - l->io.nr_sectors + 1);
    }
}

static void next(struct lane *l)
{
    if (checking ? nr_last == NR_LANES : os_now_ns() >= end_ns)
        return;
    nr_last += checking;
    choose(l);
    l->buffer = (struct blk_buffer){l->data, l->io.nr_sectors * 512};
    l->io.buffers = &l->buffer;
    l->io.nr_buffers = 1;
    if (l->io.op == BLK_WRITE) {
        for (uint64_t i = 0; i < l->io.nr_sectors * 512; i += 4) {
            uint32_t word = (uint32_t)rand();

            memcpy(l->data + i, &word, sizeof(word));
        }
        memcpy(place(l, l->expected), l->data, l->io.nr_sectors * 512);
    }
    nr_busy++;
    blkfront_submit(front, &l->io);
}

static void on_connected(void *arg, const struct blkfront_info *info)
{
    (void)arg;
    if (info->sectors < NR_LANES * LANE)
        exit(1);
    nr_connected++;
}

static void run(void)
{
    for (unsigned int i = 0; i < NR_LANES; i++)
        next(&lanes[i]);
    while (nr_busy)
        if (port_run())
            exit(1);
}

static void none_is_left(void *arg)
{
    (void)arg;
    exit(0);
}

int main(int argc, char **argv)
{
    static const struct blkfront_ops ops = {.connected = on_connected,
                                            .removed = none_is_left};
    static const struct blkfront_options options = {.ring_order = 1};

    if (argc != 3 || port_open() ||
        blkfront_create(argv[1], &options, &ops, NULL, &front))
        return 1;
    while (!nr_connected)
        port_run();
    end_ns = os_now_ns() + strtoul(argv[2], NULL, 10) * SECOND_NS;
    run();
    checking = true;
    run();
    printf("done %u, connected %u times\n", nr_done, nr_connected);
    fflush(stdout);
    blkfront_shutdown(front);
    for (;;)
        port_run();
}
