/* SPDX-License-Identifier: MIT */
/*
 * What survives the daemon: files in its folder, on a file system in memory.
 *
 *   tree.N     the store as it was when journal.N began
 *   journal.N  domains, watches and messages at that time, then all that has
 *              happened since
 *
 * A journal grows by batches; one batch is what the daemon does between two
 * looks at its clients, and is there as a whole or not at all. The file is
 * mapped, so that a batch is in it, and outlives the process, once its last
 * word is stored. When a journal gets long, the next one begins; then the tree,
 * as a snapshot, is written bit by bit between other work, and after that the
 * older files go. A successor reads the last tree that is complete and all
 * journals from that number on.
 *
 * Clients by socket end with the daemon; only what they did to the store stays.
 */
#ifndef XENSTORE_JOURNAL_H
#define XENSTORE_JOURNAL_H

#include "change.h"
#include "conn.h"
#include "domain.h"

/**
 * Read what a predecessor left in a folder into the store, which is new.
 *
 * Returns 1 if there was something, 0 if not, or -errno if the folder cannot be
 *         used.
 */
int journal_open(const char *folder);

/** Begin a journal of our own: from now on its files are what counts. */
void journal_begin(void);

/** Add to the batch; see the functions' names. */
void journal_change(const struct change *c);
void journal_special(const char *name, const struct perms *perms);
void journal_quota(const char *name, unsigned int limit);
void journal_domain(const struct domain *d);
void journal_domain_gone(const struct domain *d);
void journal_watch(const struct watch *w, bool add);
void journal_transaction(const struct conn *c, uint32_t id, bool start);
void journal_reset(const struct conn *c);
/** How far a ring is, what waits in it, and out_new more bytes for it. */
void journal_ring(const struct conn *c, size_t out_new);

/** Make the batch last. */
void journal_commit(void);

/** Is there a snapshot to be written? */
bool journal_busy(void);

/** Write a part of it, if one is due, or nobody has anything to do. */
void journal_work(bool idle);

/** Commit and close; the files stay. */
void journal_close(void);

#endif
