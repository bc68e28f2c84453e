/* SPDX-License-Identifier: MIT */
/*
 * Times a disk, without the page cache.
 *
 * usage: blkbench NAME DEVICE [MODULE]
 *
 * With a kernel module, first: how long from loading it until the first block
 * is read. Then sequential writes and reads of 256 KiB with four at a time, and
 * reads of 4 KiB at random places, one and eight at a time.
 */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/syscall.h>

#include "bench.h"

#define DISK_SIZE  (48U << 20) /* of it, what is used */
#define LARGE      (256U << 10)
#define SMALL      4096U
#define MAX_DEPTH  8U
#define NR_SMALL   4000U
#define RETRY_USEC 100

static const char *name;
static int fd;
static uint8_t *memory;
static aio_context_t context;

static void report(const char *row, double value, const char *unit)
{
    char text[128];

    snprintf(text, sizeof(text), "block.%s.%s", name, row);
    result(text, value, unit);
}

static void submit(unsigned int slot, int op, uint32_t size, uint64_t offset)
{
    struct iocb io = {.aio_data = slot,
                      .aio_lio_opcode = (uint16_t)op,
                      .aio_fildes = (uint32_t)fd,
                      .aio_buf = (uint64_t)(memory + slot * LARGE),
                      .aio_nbytes = size,
                      .aio_offset = (int64_t)offset};
    struct iocb *list = &io;

    if (syscall(SYS_io_submit, context, 1, &list) != 1)
        die("io_submit");
}

static unsigned int take(uint32_t size)
{
    struct io_event event;

    if (syscall(SYS_io_getevents, context, 1, 1, &event, NULL) != 1)
        die("io_getevents");
    if (event.res != (int64_t)size) {
        errno = event.res < 0 ? (int)-event.res : EIO;
        die("I/O");
    }
    return (unsigned int)event.data;
}

static uint64_t offset_of(unsigned int i, uint32_t size, int at_random)
{
    static uint32_t state = 1;

    if (!at_random)
        return (uint64_t)i * size % DISK_SIZE;
    state = state * 1664525U + 1013904223U;
    return (uint64_t)(state >> 8) % (DISK_SIZE / size) * size;
}

/* Nanoseconds for each of nr operations, so many of them at a time. */
static double run(int op, uint32_t size, unsigned int nr, unsigned int depth,
                  int at_random)
{
    uint64_t begin = now_ns();
    unsigned int begun = 0;

    for (; begun < depth; begun++)
        submit(begun, op, size, offset_of(begun, size, at_random));
    for (unsigned int done = 0; done < nr; done++) {
        unsigned int slot = take(size);

        if (begun < nr) {
            submit(slot, op, size, offset_of(begun, size, at_random));
            begun++;
        }
    }
    return (double)(now_ns() - begin) / nr;
}

static void load(const char *module)
{
    int file = open(module, O_RDONLY);

    if (file < 0 || syscall(SYS_finit_module, file, "", 0))
        die(module);
    close(file);
}

static void open_disk(const char *device)
{
    while ((fd = open(device, O_RDWR | O_DIRECT)) < 0)
        usleep(RETRY_USEC);
    if (pread(fd, memory, SMALL, 0) != SMALL)
        die(device);
}

static void sequential(const char *row, int op)
{
    unsigned int nr = DISK_SIZE / LARGE;

    run(op, LARGE, nr, 4, 0);
    report(row, run(op, LARGE, nr, 4, 0) * (1 << 20) / LARGE / 1000, "us/MiB");
}

int main(int argc, char **argv)
{
    uint64_t begin = now_ns();

    if (argc < 3)
        return 2;
    name = argv[1];
    if (posix_memalign((void **)&memory, SMALL, MAX_DEPTH * LARGE))
        die("memory");
    memset(memory, 1, MAX_DEPTH * LARGE);
    if (argc > 3)
        load(argv[3]);
    open_disk(argv[2]);
    if (argc > 3)
        report("first_read", (double)(now_ns() - begin) / 1e6, "ms");
    if (syscall(SYS_io_setup, MAX_DEPTH, &context))
        die("io_setup");
    sequential("write", IOCB_CMD_PWRITE);
    sequential("read", IOCB_CMD_PREAD);
    report("read_4k_depth_1", run(IOCB_CMD_PREAD, SMALL, NR_SMALL, 1, 1),
           "ns/op");
    report("read_4k_depth_8", run(IOCB_CMD_PREAD, SMALL, NR_SMALL, 8, 1),
           "ns/op");
    return 0;
}
