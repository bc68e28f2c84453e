/* SPDX-License-Identifier: MIT */
/*
 * What a guest has written to its console: the last part of it, in a file that
 * is mapped while the daemon serves the guest and stays when both are gone.
 *
 *   struct history_head, padded to HISTORY_DATA   who, and how far
 *   data                                          a ring of head.size bytes
 *
 * A position counts the bytes that were ever appended; that of byte n is n. The
 * daemon may be killed between any two instructions: bytes count as appended
 * once `end` is stored, and the index of the guest's ring up to which they were
 * taken is base + end. So its successor neither loses nor doubles any.
 */
#ifndef CONSOLED_HISTORY_H
#define CONSOLED_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_FOLDER "/var/lib/xen/console"

#define HISTORY_MAGIC  "XenHist1"
#define HISTORY_DATA   4096u /* where the data begins */

/* Sizes of the ring of data: powers of 2. */
#define HISTORY_MIN_SIZE (16u << 10)
#define HISTORY_MAX_SIZE (64u << 20)

/* At most this is appended at once; readers keep so far from the oldest byte.
 */
#define HISTORY_CHUNK 2048u

/* Why a guest ended, besides SHUTDOWN_*. */
#define HISTORY_DESTROYED (-1)

#define HISTORY_NAME_SIZE 256
#define HISTORY_FILE_SIZE 80

/* How far a log file has got: up to `pos`, when it had `size` bytes. */
struct history_log {
    uint64_t pos;
    uint64_t size;
    uint64_t inode;
};

struct history_head {
    char magic[8]; /* written last of all */
    uint32_t size;
    uint32_t domid;
    char uuid[40];
    char boot[40]; /* id of the control domain's boot */
    char name[HISTORY_NAME_SIZE];
    int64_t started; /* seconds since 1970 */
    int64_t ended;   /* 0 while it runs */
    int32_t reason;  /* SHUTDOWN_* or HISTORY_DESTROYED */
    uint32_t base;
    uint64_t end;
    uint64_t shown;  /* up to here somebody has been shown it */
    uint32_t log_of; /* which of these counts */
    uint32_t number; /* of the guest's consoles, from 0 */
    struct history_log log[2];
};

/* Whose history. */
struct history_owner {
    unsigned int domid;
    unsigned int number; /* of its consoles */
    char uuid[37];
    char boot[37];
    char name[HISTORY_NAME_SIZE];
};

/* A history that is being written. */
struct history {
    struct history_head *head;
    char *data;
    char file[HISTORY_FILE_SIZE]; /* its name in the folder */
};

/**
 * Go on with a guest's history, or begin it.
 *
 * @dir   descriptor of the folder
 * @size  of the ring; a history that is there keeps its own
 * @new_out  it has just begun
 *
 * Returns 0; -ENOSPC where the disk is full; -errno.
 */
int history_open(int dir, const struct history_owner *owner, uint32_t size,
                 struct history *h, bool *new_out);

/* End the mapping. */
void history_close(struct history *h);

/* Append up to HISTORY_CHUNK bytes. */
void history_append(struct history *h, const char *data, uint32_t len);

/* Position behind the last byte, and of the oldest one. */
uint64_t history_end(const struct history *h);
uint64_t history_oldest(const struct history *h);

/**
 * Bytes from a position on, as far as they lie side by side.
 *
 * @pos  moved to the oldest byte where it is before that
 *
 * Returns how many, *data_out where.
 */
size_t history_at(const struct history *h, uint64_t *pos,
                  const char **data_out);

/* How far the log has got; history_log_set() is one step, or none. */
struct history_log history_log(const struct history *h);
void history_log_set(struct history *h, const struct history_log *log);

/* For those who read: */

/* One history in the folder. */
struct history_info {
    struct history_head head;
    char file[HISTORY_FILE_SIZE];
};

/**
 * All histories of a folder, oldest first.
 *
 * @list_out  array that the caller frees
 *
 * Returns 0; -ENOENT where there is no folder; -errno.
 */
int history_list(int dir, struct history_info **list_out, size_t *nr_out);

/* The header of one file. Returns 0; -errno, -EINVAL if it is none. */
int history_info_read(int dir, const char *file, struct history_info *info_out);

/**
 * Copy what a file has from a position on, while it may be written.
 *
 * @pos   from where; afterwards, where the text ends
 * @text_out  that the caller frees, with a NUL behind it
 *
 * Returns 0; -errno.
 */
int history_text(int dir, const char *file, uint64_t *pos, char **text_out,
                 size_t *len_out);

/* The same of an open file. */
int history_text_of(int fd, uint64_t *pos, char **text_out, size_t *len_out);

/**
 * Where more than `max` files are of guests that have ended, or that ran before
 * this boot of the control domain, remove the oldest until an eighth less are
 * left, so that not each guest that ends has all files looked at. Returns how
 * many are left; max, if the folder can't be read.
 */
size_t history_prune(int dir, const char *boot, size_t max);

#endif
