/* SPDX-License-Identifier: MIT */
/* The files of the journal: batches of records, and snapshots of the tree. */
#ifndef XENSTORE_JOURNAL_FILE_H
#define XENSTORE_JOURNAL_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "mem.h"
#include "public/types.h"

/** Comes before the data of each record. */
struct record_head {
    uint16_t type; /* 1 or more */
    domid_t domid;
    uint32_t len; /* of the data */
};

/** Told of each record; false if it is not sound. */
typedef bool record_fn(const struct record_head *head, const char *data);

/**
 * Read what a predecessor left: the tree into store_root, which is empty, the
 * records to fn.
 *
 * Returns 1, or 0 if there was nothing, or -errno.
 */
int journal_file_open(const char *folder, record_fn *fn);

/** Begin the next file with this batch, and a snapshot of the store. */
void journal_file_begin(struct buf *batch);

/** Append a batch, which becomes empty. */
void journal_file_append(struct buf *batch);

/** Is it time to begin the next file? */
bool journal_file_is_long(void);

/** Is the snapshot not complete? */
bool journal_file_busy(void);

/** Write about so many bytes of it. */
void journal_file_work(size_t bytes);

void journal_file_close(void);

#endif
