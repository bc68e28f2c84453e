/* SPDX-License-Identifier: MIT */
/* A disk, a back-end and a front-end, joined by the fake port; and a load. */
#ifndef BLK_SETUP_H
#define BLK_SETUP_H

#include "fake_disk.h"
#include "pv/blkfront.h"

#define FRONT_NODE "/local/domain/5/device/vbd/51712"
#define BACK_NODE  "/local/domain/0/backend/qdisk/5/51712"

struct pair {
    struct fake_disk disk;
    struct blkfront *front;
    struct blkfront_options front_options;
    struct blkback_options back_options;
    struct blkfront_info info; /* as the front-end was told last */
    unsigned int nr_connected, nr_resized, nr_removed;
};

extern struct pair pair;

/** All is as new; each test's setup. */
int pair_setup(void **state);

/** Nodes as a toolstack makes them. */
void make_nodes(void);

/** All of it: nodes, disk, both ends; returns when they are connected. */
void start_pair(void);

/** Either end alone; the disk is not touched. */
void start_back(void);
void start_front(void);
bool connected(void *arg);
bool back_closed(void *arg);
void stop_front(void);

/** Stop both, and look that nothing is left. */
void stop_pair(void);

/** One I/O on contiguous memory; returns its result. */
int do_io(enum blk_op op, uint64_t sector, void *memory, uint64_t nr_sectors,
          bool fua);

/* Random reads and writes of all sizes, many at a time, all compared with what
 * was written. */

/** Begin nr of them; they go on by themselves as steps are made. */
void load_start(unsigned int nr_at_once, unsigned int nr_in_all);

/** All of that, with what must hold in the end. */
void run_load(unsigned int nr_at_once, unsigned int nr_in_all);

/** All of the load is done. */
bool load_done(void *arg);

/** What is not as it should be. */
unsigned int load_errors(void);

/** Compare the whole disk with what the load has written. */
bool load_matches(void);

#endif
