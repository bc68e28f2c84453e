/* SPDX-License-Identifier: MIT */
/* Both ends of a block device, and a load; see blk_setup.h. */
#include "blk_setup.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

struct pair pair;

void make_nodes(void)
{
    fake_store_set(FRONT_NODE "/backend", BACK_NODE);
    fake_store_set(FRONT_NODE "/backend-id", "0");
    fake_store_set(FRONT_NODE "/state", "1");
    fake_store_set(BACK_NODE "/frontend", FRONT_NODE);
    fake_store_set(BACK_NODE "/frontend-id", "5");
    fake_store_set(BACK_NODE "/online", "1");
    fake_store_set(BACK_NODE "/state", "1");
}

static void on_connected(void *arg, const struct blkfront_info *info)
{
    struct pair *p = arg;

    p->nr_connected++;
    p->info = *info;
}

static void on_resized(void *arg, const struct blkfront_info *info)
{
    struct pair *p = arg;

    p->nr_resized++;
    p->info = *info;
}

static void on_removed(void *arg)
{
    ((struct pair *)arg)->nr_removed++;
}

static const struct blkfront_ops front_ops = {
    .connected = on_connected,
    .resized = on_resized,
    .removed = on_removed,
};

bool connected(void *arg)
{
    (void)arg;
    return pair.nr_connected;
}

void start_back(void)
{
    domid_t before = fake_enter(FAKE_BACK);

    assert_int_equal(blkback_create("backend/qdisk/5/51712", &pair.back_options,
                                    &pair.disk.disk, &pair.disk.back),
                     0);
    fake_enter(before);
}

void start_front(void)
{
    domid_t before = fake_enter(FAKE_FRONT);

    fake_forbid_store_in_events();
    assert_int_equal(blkfront_create("device/vbd/51712", &pair.front_options,
                                     &front_ops, &pair, &pair.front),
                     0);
    fake_enter(before);
}

void start_pair(void)
{
    make_nodes();
    start_back();
    start_front();
    fake_enter(FAKE_FRONT);
    assert_true(fake_run_until(connected, NULL));
}

bool back_closed(void *arg)
{
    (void)arg;
    return pair.disk.nr_closed;
}

static bool front_removed(void *arg)
{
    (void)arg;
    return pair.nr_removed;
}

void stop_front(void)
{
    domid_t before = fake_enter(FAKE_FRONT);

    blkfront_shutdown(pair.front);
    assert_true(fake_run_until(front_removed, NULL));
    blkfront_destroy(pair.front);
    fake_enter(before);
}

void stop_pair(void)
{
    stop_front();
    fake_store_set(FRONT_NODE, NULL);
    fake_store_set(BACK_NODE, NULL);
    assert_true(fake_run_until(back_closed, NULL));
    fake_enter(FAKE_BACK);
    blkback_destroy(pair.disk.back);
    assert_true(fake_end());
}

/* ---- One I/O ---------------------------------------------------------- */

static void one_done(struct blk_io *io, int rc)
{
    *(int *)io->arg = rc;
}

static bool is_done(void *arg)
{
    return *(int *)arg <= 0;
}

int do_io(enum blk_op op, uint64_t sector, void *memory, uint64_t nr_sectors,
          bool fua)
{
    struct blk_buffer buffer = {memory, nr_sectors * 512};
    int rc = 1;
    struct blk_io io = {.op = op,
                        .fua = fua,
                        .sector = sector,
                        .nr_sectors = nr_sectors,
                        .buffers = &buffer,
                        .nr_buffers = 1,
                        .done = one_done,
                        .arg = &rc};

    fake_enter(FAKE_FRONT);
    blkfront_submit(pair.front, &io);
    assert_true(fake_run_until(is_done, &rc));
    return rc;
}

/* ---- The load --------------------------------------------------------- */

#define MAX_BUFFERS 6U
#define MAX_SECTORS 640U

struct load_io {
    struct blk_io io;
    struct blk_buffer buffers[MAX_BUFFERS];
    uint32_t version; /* of what is written */
    uint8_t *memory;  /* MAX_SECTORS, and some bytes to be unaligned */
};

static struct load_io ios[64];
static unsigned int nr_busy, nr_to_start, errors;
static uint32_t versions[FAKE_DISK_SECTORS]; /* 0: never written */
static bool in_use[FAKE_DISK_SECTORS];
static uint32_t next_version;

/* A sector's content, by its number and version. */
static void fill(uint8_t *sector, uint64_t number, uint32_t version)
{
    uint64_t words[64];

    memset(words, 0, sizeof(words));
    for (unsigned int i = 0; version && i < 64; i++)
        words[i] =
            (number << 40 | (uint64_t)version << 8 | i) * 0x9e3779b97f4a7c15;
    memcpy(sector, words, sizeof(words));
}

static bool range_is_free(uint64_t sector, uint64_t nr)
{
    for (uint64_t s = sector; s < sector + nr; s++)
        if (in_use[s])
            return false;
    return true;
}

static void mark(const struct blk_io *io, bool used)
{
    for (uint64_t s = io->sector; s < io->sector + io->nr_sectors; s++)
        in_use[s] = used;
}

/* Cut the memory into buffers of any number of sectors. */
static void make_buffers(struct load_io *l, uint8_t *memory)
{
    uint64_t left = l->io.nr_sectors;

    l->io.nr_buffers = 0;
    l->io.buffers = l->buffers;
    while (left) {
        uint64_t nr = l->io.nr_buffers + 1 == MAX_BUFFERS
                          ? left
                          : 1 + fake_random((uint32_t)left);

        l->buffers[l->io.nr_buffers++] = (struct blk_buffer){memory, nr * 512};
        memory += nr * 512;
        left -= nr;
    }
}

static void load_next(struct load_io *l);

static void check_content(struct load_io *l)
{
    uint8_t *at = l->buffers[0].base, expected[512];

    for (uint64_t s = 0; s < l->io.nr_sectors; s++) {
        fill(expected, l->io.sector + s, versions[l->io.sector + s]);
        if (memcmp(expected, at + s * 512, 512)) {
            errors++;
            return;
        }
    }
}

static void load_io_done(struct blk_io *io, int rc)
{
    struct load_io *l = (struct load_io *)io;

    mark(io, false);
    if (rc)
        errors++;
    else if (io->op == BLK_READ)
        check_content(l);
    nr_busy--;
    load_next(l);
}

static void prepare_write(struct load_io *l)
{
    uint8_t *at = l->buffers[0].base;

    l->version = ++next_version;
    for (uint64_t s = 0; s < l->io.nr_sectors; s++) {
        fill(at + s * 512, l->io.sector + s, l->version);
        versions[l->io.sector + s] = l->version;
    }
}

static void choose_range(struct load_io *l)
{
    do {
        uint32_t most = fake_random(4) ? 24 : MAX_SECTORS;

        l->io.nr_sectors = 1 + fake_random(most);
        l->io.sector =
            fake_random(FAKE_DISK_SECTORS - (uint32_t)l->io.nr_sectors + 1);
    } while (!range_is_free(l->io.sector, l->io.nr_sectors));
}

static void load_next(struct load_io *l)
{
    uint32_t kind = fake_random(16);

    if (!nr_to_start)
        return;
    nr_to_start--;
    nr_busy++;
    memset(&l->io, 0, sizeof(l->io));
    l->io.done = load_io_done;
    if (!kind) {
        l->io.op = BLK_FLUSH;
    } else {
        choose_range(l);
        mark(&l->io, true);
        make_buffers(l, l->memory + fake_random(8));
        l->io.op = kind < 8 ? BLK_READ : BLK_WRITE;
        l->io.fua = kind == 15;
        if (l->io.op == BLK_WRITE)
            prepare_write(l);
    }
    blkfront_submit(pair.front, &l->io);
}

int pair_setup(void **state)
{
    (void)state;
    memset(&pair, 0, sizeof(pair));
    memset(versions, 0, sizeof(versions));
    memset(in_use, 0, sizeof(in_use));
    errors = 0;
    nr_busy = 0;
    nr_to_start = 0;
    fake_begin(1);
    fake_disk_init(&pair.disk);
    return 0;
}

void run_load(unsigned int nr_at_once, unsigned int nr)
{
    load_start(nr_at_once, nr);
    assert_true(fake_run_until(load_done, NULL));
    assert_int_equal(load_errors(), 0);
    assert_true(load_matches());
}

void load_start(unsigned int nr_at_once, unsigned int nr_in_all)
{
    nr_to_start = nr_in_all;
    fake_enter(FAKE_FRONT);
    for (unsigned int i = 0; i < nr_at_once; i++) {
        if (!ios[i].memory)
            ios[i].memory = malloc(MAX_SECTORS * 512 + 8);
        load_next(&ios[i]);
    }
}

bool load_done(void *arg)
{
    (void)arg;
    return !nr_busy && !nr_to_start;
}

unsigned int load_errors(void)
{
    return errors;
}

bool load_matches(void)
{
    uint8_t expected[512];

    for (uint64_t s = 0; s < FAKE_DISK_SECTORS; s++) {
        fill(expected, s, versions[s]);
        if (memcmp(expected, pair.disk.data + s * 512, 512))
            return false;
    }
    return true;
}
