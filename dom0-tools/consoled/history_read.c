/* SPDX-License-Identifier: MIT */
/*
 * Histories as others read them; see history.h. Files are copied, not mapped:
 * one that gets shorter must not end the reader.
 */
#include "consoled/history.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder may have this many files; what is beyond is not looked at. */
#define MAX_FILES 65536

static bool head_is_valid(const struct history_head *head, off_t file_size)
{
    uint32_t size = head->size;

    return !memcmp(head->magic, HISTORY_MAGIC, sizeof(head->magic)) &&
           size >= HISTORY_MIN_SIZE && size <= HISTORY_MAX_SIZE &&
           !(size & (size - 1)) && file_size == HISTORY_DATA + (off_t)size;
}

static int head_read(int fd, struct history_head *head)
{
    struct stat st;

    if (fstat(fd, &st))
        return -errno;
    if (!S_ISREG(st.st_mode) ||
        pread(fd, head, sizeof(*head), 0) != sizeof(*head) ||
        !head_is_valid(head, st.st_size))
        return -EINVAL;
    head->uuid[sizeof(head->uuid) - 1] = 0;
    head->boot[sizeof(head->boot) - 1] = 0;
    head->name[sizeof(head->name) - 1] = 0;
    return 0;
}

int history_info_read(int dir, const char *file, struct history_info *info_out)
{
    int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int rc;

    if (fd < 0)
        return -errno;
    rc = head_read(fd, &info_out->head);
    close(fd);
    strncpy(info_out->file, file, sizeof(info_out->file) - 1);
    info_out->file[sizeof(info_out->file) - 1] = 0;
    return rc;
}

static int by_start(const void *a, const void *b)
{
    const struct history_info *x = a, *y = b;

    if (x->head.started != y->head.started)
        return x->head.started < y->head.started ? -1 : 1;
    return x->head.domid < y->head.domid ? -1 : x->head.domid > y->head.domid;
}

/* One more entry. Returns 0, also where the file is no history; -ENOMEM. */
static int list_add(int dir, const char *file, struct history_info **list,
                    size_t *nr)
{
    struct history_info info, *longer;

    if (strlen(file) >= sizeof(info.file) ||
        history_info_read(dir, file, &info))
        return 0;
    if (!(*nr & (*nr - 1))) {
        longer = realloc(*list, (*nr ? 2 * *nr : 1) * sizeof(**list));
        if (!longer)
            return -ENOMEM;
        *list = longer;
    }
    (*list)[(*nr)++] = info;
    return 0;
}

int history_list(int dir, struct history_info **list_out, size_t *nr_out)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
    struct dirent *entry;
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);

    *list_out = NULL;
    *nr_out = 0;
    if (!folder)
        return -errno;
    while (!rc && *nr_out < MAX_FILES && (entry = readdir(folder)))
        rc = list_add(dir, entry->d_name, list_out, nr_out);
    closedir(folder);
    if (rc) {
        free(*list_out);
        return rc;
    }
    if (*nr_out)
        qsort(*list_out, *nr_out, sizeof(**list_out), by_start);
    return 0;
}

/* From pos to the end as head says, which is at most one ring. */
static int data_read(int fd, const struct history_head *head, uint64_t pos,
                     char *to)
{
    size_t left = (size_t)(head->end - pos);

    while (left) {
        uint32_t at = (uint32_t)(pos & (head->size - 1));
        size_t len = head->size - at < left ? head->size - at : left;

        if (pread(fd, to, len, HISTORY_DATA + (off_t)at) != (ssize_t)len)
            return -EIO;
        to += len;
        pos += len;
        left -= len;
    }
    return 0;
}

static uint64_t oldest(const struct history_head *head)
{
    uint64_t room = head->size - HISTORY_CHUNK;

    return head->end > room ? head->end - room : 0;
}

int history_text_of(int fd, uint64_t *pos, char **text_out, size_t *len_out)
{
    struct history_head head, after;
    size_t gone;
    char *text;
    int rc = head_read(fd, &head);

    if (rc)
        return rc;
    if (*pos < oldest(&head) || *pos > head.end)
        *pos = oldest(&head);
    *len_out = (size_t)(head.end - *pos);
    text = malloc(*len_out + 1);
    if (!text)
        return -ENOMEM;
    rc = data_read(fd, &head, *pos, text);
    if (!rc)
        rc = head_read(fd, &after);
    if (rc) {
        free(text);
        return rc;
    }
    /* What was written over meanwhile is no longer what it was. */
    gone = oldest(&after) > *pos ? (size_t)(oldest(&after) - *pos) : 0;
    gone = gone < *len_out ? gone : *len_out;
    *len_out -= gone;
    memmove(text, text + gone, *len_out);
    text[*len_out] = 0;
    *text_out = text;
    *pos = head.end;
    return 0;
}

int history_text(int dir, const char *file, uint64_t *pos, char **text_out,
                 size_t *len_out)
{
    int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc;

    if (fd < 0)
        return -errno;
    rc = history_text_of(fd, pos, text_out, len_out);
    close(fd);
    return rc;
}

static bool is_over(const struct history_info *info, const char *boot)
{
    return info->head.ended || strcmp(info->head.boot, boot) != 0;
}

size_t history_prune(int dir, const char *boot, size_t max)
{
    struct history_info *list;
    size_t nr, i, ended = 0, keep = max;

    if (history_list(dir, &list, &nr))
        return max;
    for (i = 0; i < nr; i++)
        ended += is_over(&list[i], boot);
    if (ended > max)
        keep -= max / 8;
    for (i = 0; i < nr && ended > keep; i++) {
        if (!is_over(&list[i], boot))
            continue;
        unlinkat(dir, list[i].file, 0);
        ended--;
    }
    free(list);
    return ended;
}
