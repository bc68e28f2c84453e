/* SPDX-License-Identifier: MIT */
/* Histories that are written; see history.h. */
#include "consoled/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(struct history_head) <= HISTORY_DATA, "no room");

static void file_name(const struct history_owner *owner, char *file)
{
    int len = snprintf(file, HISTORY_FILE_SIZE, "%u-%.36s-%.8s", owner->domid,
                       owner->uuid, owner->boot);

    if (owner->number)
        snprintf(file + len, HISTORY_FILE_SIZE - (size_t)len, "-%u",
                 owner->number);
}

/* Whether the file is this guest's, and not that of one with the same id. */
static bool is_of(const struct history_info *info,
                  const struct history_owner *owner)
{
    return info->head.domid == owner->domid &&
           info->head.number == owner->number && !info->head.ended &&
           !strcmp(info->head.uuid, owner->uuid) &&
           !strcmp(info->head.boot, owner->boot);
}

static int file_map(int fd, uint32_t size, struct history *h)
{
    void *base = mmap(NULL, HISTORY_DATA + (size_t)size, PROT_READ | PROT_WRITE,
                      MAP_SHARED, fd, 0);

    if (base == MAP_FAILED)
        return -errno;
    h->head = base;
    h->data = (char *)base + HISTORY_DATA;
    return 0;
}

static void head_fill(struct history_head *head,
                      const struct history_owner *owner, uint32_t size)
{
    head->size = size;
    head->domid = owner->domid;
    head->number = owner->number;
    head->started = time(NULL);
    head->reason = HISTORY_DESTROYED;
    snprintf(head->uuid, sizeof(head->uuid), "%s", owner->uuid);
    snprintf(head->boot, sizeof(head->boot), "%s", owner->boot);
    snprintf(head->name, sizeof(head->name), "%s", owner->name);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    memcpy(head->magic, HISTORY_MAGIC, sizeof(head->magic));
}

static int file_begin(int dir, const struct history_owner *owner, uint32_t size,
                      struct history *h)
{
    int fd, rc;

    unlinkat(dir, h->file, 0);
    fd = openat(dir, h->file,
                O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    /* All blocks at once: a mapping has no way to say that the disk is full. */
    rc = -posix_fallocate(fd, 0, HISTORY_DATA + (off_t)size);
    if (!rc)
        rc = file_map(fd, size, h);
    close(fd);
    if (rc)
        unlinkat(dir, h->file, 0);
    else
        head_fill(h->head, owner, size);
    return rc;
}

static int file_go_on(int dir, uint32_t size, struct history *h)
{
    int fd = openat(dir, h->file, O_RDWR | O_CLOEXEC | O_NOFOLLOW), rc;

    if (fd < 0)
        return -errno;
    rc = file_map(fd, size, h);
    close(fd);
    return rc;
}

int history_open(int dir, const struct history_owner *owner, uint32_t size,
                 struct history *h, bool *new_out)
{
    struct history_info info;

    file_name(owner, h->file);
    *new_out = history_info_read(dir, h->file, &info) || !is_of(&info, owner);
    return *new_out ? file_begin(dir, owner, size, h)
                    : file_go_on(dir, info.head.size, h);
}

void history_close(struct history *h)
{
    if (h->head)
        munmap(h->head, HISTORY_DATA + (size_t)h->head->size);
    h->head = NULL;
}

void history_append(struct history *h, const char *data, uint32_t len)
{
    uint32_t size = h->head->size, at = (uint32_t)(h->head->end & (size - 1));
    uint32_t first = size - at;

    first = len < first ? len : first;
    memcpy(h->data + at, data, first);
    memcpy(h->data, data + first, len - first);
    __atomic_store_n(&h->head->end, h->head->end + len, __ATOMIC_RELEASE);
}

uint64_t history_end(const struct history *h)
{
    return h->head->end;
}

uint64_t history_oldest(const struct history *h)
{
    uint64_t room = h->head->size - HISTORY_CHUNK;

    return h->head->end > room ? h->head->end - room : 0;
}

size_t history_at(const struct history *h, uint64_t *pos, const char **data_out)
{
    uint32_t size = h->head->size, at;
    uint64_t len;

    if (*pos < history_oldest(h) || *pos > h->head->end)
        *pos = history_oldest(h);
    at = (uint32_t)(*pos & (size - 1));
    len = h->head->end - *pos;
    *data_out = h->data + at;
    return len < size - at ? (size_t)len : size - at;
}

struct history_log history_log(const struct history *h)
{
    return h->head->log[h->head->log_of & 1];
}

void history_log_set(struct history *h, const struct history_log *log)
{
    uint32_t other = ~h->head->log_of & 1;

    h->head->log[other] = *log;
    __atomic_store_n(&h->head->log_of, other, __ATOMIC_RELEASE);
}
