/* SPDX-License-Identifier: MIT */
/*
 * Each half of the block driver with a peer that the input makes up. The name
 * of the program picks one:
 *
 *   pv_blkback   the input writes to the front-end's ring and data page
 *   pv_blkfront  the input writes to the ring as its back-end sees it
 *
 * Input: bytes of one-byte commands with their arguments; see command().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_disk.h"
#include "pv/blk_ring.h"
#include "pv/blkfront.h"
#include "pv/text.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRONT "/local/domain/5/device/vbd/51712"
#define BACK  "/local/domain/0/backend/qdisk/5/51712"

static bool fuzz_front;
static struct fake_disk disk;
static struct blkfront *front;
static uint8_t *memory[2]; /* that the input writes: ring, data */
static evtchn_port_t port;
static bool removed;

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void make_nodes(void)
{
    fake_store_set(FRONT "/backend", BACK);
    fake_store_set(FRONT "/backend-id", "0");
    fake_store_set(FRONT "/state", "1");
    fake_store_set(BACK "/frontend", FRONT);
    fake_store_set(BACK "/frontend-id", "5");
    fake_store_set(BACK "/online", "1");
    fake_store_set(BACK "/state", "1");
}

/* ---- A back-end, and a front-end of the input's ----------------------- */

static grant_ref_t refs[2];

static void ignore(void *arg)
{
    (void)arg;
}

static void begin_back(void)
{
    static struct blkback_options options;

    must(!blkback_create("backend/qdisk/5/51712", &options, &disk.disk,
                         &disk.back),
         "no back-end");
    fake_enter(FAKE_FRONT);
    for (int i = 0; i < 2; i++) {
        memory[i] = os_pages_alloc(1);
        os_grant(FAKE_BACK, memory[i], false, &refs[i]);
    }
    os_event_alloc(FAKE_BACK, ignore, NULL, &port);
    fake_store_set_number(FRONT "/ring-ref", refs[0]);
    fake_store_set_number(FRONT "/event-channel", port);
    fake_store_set(FRONT "/feature-persistent", "1");
    fake_store_set(FRONT "/state", "3");
    fake_settle();
}

static void end_back(void)
{
    fake_store_set(BACK, NULL);
    for (int i = 0; i < 10000 && !disk.nr_closed; i++)
        fake_step();
    must(disk.nr_closed == 1, "the device does not end");
    fake_enter(FAKE_BACK);
    blkback_destroy(disk.back);
    fake_enter(FAKE_FRONT);
    os_event_close(port);
    for (int i = 0; i < 2; i++) {
        must(!os_grant_end(refs[i]), "a page is still mapped");
        os_pages_free(memory[i], 1);
    }
}

/* ---- A front-end, and a back-end of the input's ----------------------- */

#define NR_IOS 8

static struct blk_io ios[NR_IOS];
static uint8_t data[NR_IOS][64 * 512];
static struct blk_buffer buffers[NR_IOS];
static unsigned int nr_left;

static void io_done(struct blk_io *io, int rc)
{
    (void)io, (void)rc;
    nr_left--;
}

static void on_connected(void *arg, const struct blkfront_info *info)
{
    (void)arg, (void)info;
}

static void on_removed(void *arg)
{
    (void)arg;
    removed = true;
}

static void submit_all(void)
{
    for (unsigned int i = 0; i < NR_IOS; i++) {
        buffers[i] = (struct blk_buffer){data[i], sizeof(data[i])};
        ios[i] = (struct blk_io){.op = (enum blk_op)(i % 4),
                                 .fua = i & 1,
                                 .sector = i * 64,
                                 .nr_sectors = 64,
                                 .buffers = &buffers[i],
                                 .nr_buffers = 1,
                                 .done = io_done};
        nr_left++;
        blkfront_submit(front, &ios[i]);
    }
}

/* The ring is where the front-end says, which changes with each connection. */
static void find_ring(void)
{
    uint64_t number;

    memory[0] = NULL;
    if (!text_to_u64(fake_store_get(FRONT "/ring-ref"), &number))
        memory[0] = fake_grant_memory(FAKE_FRONT, (grant_ref_t)number);
    if (!text_to_u64(fake_store_get(FRONT "/event-channel"), &number))
        port = (evtchn_port_t)number;
}

static void begin_front(void)
{
    static const struct blkfront_ops ops = {.connected = on_connected,
                                            .removed = on_removed};

    memory[1] = NULL;
    fake_enter(FAKE_FRONT);
    must(!blkfront_create("device/vbd/51712", NULL, &ops, NULL, &front),
         "no front-end");
    fake_store_set(BACK "/sectors", "8192");
    fake_store_set(BACK "/feature-flush-cache", "1");
    fake_store_set(BACK "/feature-discard", "1");
    fake_store_set(BACK "/feature-persistent", "1");
    fake_store_set(BACK "/feature-max-indirect-segments", "32");
    fake_store_set(BACK "/state", "2");
    fake_settle();
    fake_store_set(BACK "/state", "4");
    fake_settle();
    nr_left = 0;
    submit_all();
}

static void end_front(void)
{
    fake_enter(FAKE_FRONT);
    blkfront_shutdown(front);
    for (int i = 0; i < 10000 && !removed; i++)
        fake_step();
    must(removed, "the device does not end");
    must(!nr_left, "I/O is lost");
    blkfront_destroy(front);
}

/* ---- The input -------------------------------------------------------- */

static uint8_t take(const uint8_t **at, const uint8_t *end)
{
    return *at < end ? *(*at)++ : 0;
}

/* Bytes to a place in one of the pages. */
static void write_memory(const uint8_t **at, const uint8_t *end, uint8_t *page)
{
    unsigned int offset = take(at, end), size;

    offset = (offset | (unsigned int)take(at, end) << 8) % OS_PAGE_SIZE;
    size = take(at, end) % 128;
    while (size-- && offset < OS_PAGE_SIZE) {
        uint8_t byte = take(at, end);

        if (page)
            page[offset] = byte;
        offset++;
    }
}

static void command(const uint8_t **at, const uint8_t *end)
{
    switch (take(at, end) % 5) {
    case 0:
        write_memory(at, end, memory[0]);
        break;
    case 1:
        write_memory(at, end, memory[1]);
        break;
    case 2:
        fake_event_inject(fuzz_front ? FAKE_FRONT : FAKE_BACK,
                          fuzz_front ? port : port + 1);
        break;
    case 3:
        for (unsigned int i = take(at, end) % 64; i--;)
            fake_step();
        break;
    case 4:
        fake_store_set_number(fuzz_front ? BACK "/state" : FRONT "/state",
                              take(at, end) % 9);
        break;
    }
    if (fuzz_front)
        find_ring();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    fuzz_front = strstr((*argv)[0], "pv_blkfront");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    const uint8_t *at = input, *end = input + size;

    fake_begin(size ? input[0] : 0);
    fake_disk_init(&disk);
    removed = false;
    make_nodes();
    fake_enter(FAKE_BACK);
    if (fuzz_front)
        begin_front();
    else
        begin_back();
    while (at < end)
        command(&at, end);
    if (fuzz_front)
        end_front();
    else
        end_back();
    must(fake_end(), "something is left");
    return 0;
}
