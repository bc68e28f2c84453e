/* SPDX-License-Identifier: MIT */
/* Each half of the block driver. The input writes to its ring, and to the page
 * that its requests may name. */
#include "fake_disk.h"
#include "pv/blk_ring.h"
#include "pv/blkfront.h"
#include "pv/text.h"
#include "pv_fuzz.h"

#define FRONT "/local/domain/5/device/vbd/51712"
#define BACK  "/local/domain/0/backend/qdisk/5/51712"

static struct fake_disk disk;
static struct blkfront *front;

/* ---- A back-end, and a front-end of the input's ----------------------- */

static grant_ref_t refs[2];

static void ignore(void *arg)
{
    (void)arg;
}

static void begin_back(void)
{
    static struct blkback_options options;

    fake_disk_init(&disk);
    if (fake_random(2))
        fake_disk_use_pages(&disk);
    must(!blkback_create("backend/qdisk/5/51712", &options, &disk.disk,
                         &disk.back),
         "no back-end");
    fake_enter(FAKE_FRONT);
    for (int i = 0; i < 2; i++) {
        fuzz.memory[i] = os_pages_alloc(1);
        os_grant(FAKE_BACK, fuzz.memory[i], false, &refs[i]);
    }
    os_event_alloc(FAKE_BACK, ignore, NULL, &fuzz.port);
    fake_store_set_number(FRONT "/ring-ref", refs[0]);
    fake_store_set_number(FRONT "/event-channel", fuzz.port);
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
    os_event_close(fuzz.port);
    for (int i = 0; i < 2; i++) {
        must(!os_grant_end(refs[i]), "a page is still mapped");
        os_pages_free(fuzz.memory[i], 1);
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
    fuzz.removed = true;
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

    fuzz.memory[0] = NULL;
    if (!text_to_u64(fake_store_get(FRONT "/ring-ref"), &number))
        fuzz.memory[0] = fake_grant_memory(FAKE_FRONT, (grant_ref_t)number);
    if (!text_to_u64(fake_store_get(FRONT "/event-channel"), &number))
        fuzz.port = (evtchn_port_t)number;
}

static void begin_front(void)
{
    static const struct blkfront_ops ops = {.connected = on_connected,
                                            .removed = on_removed};

    fuzz.memory[1] = NULL;
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
    for (int i = 0; i < 10000 && !fuzz.removed; i++)
        fake_step();
    must(fuzz.removed, "the device does not end");
    must(!nr_left, "I/O is lost");
    blkfront_destroy(front);
}

const struct fuzz_target fuzz_blkback = {
    .name = "pv_blkback",
    .front = FRONT,
    .back = BACK,
    .begin = begin_back,
    .end = end_back,
};

const struct fuzz_target fuzz_blkfront = {
    .name = "pv_blkfront",
    .front = FRONT,
    .back = BACK,
    .is_front = true,
    .begin = begin_front,
    .find = find_ring,
    .end = end_front,
};
