/* SPDX-License-Identifier: MIT */
/* Keeping unpacked kernels; see kernel_cache.h. */
#include "build/kernel_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <nettle/sha2.h>

#define LINK_PREFIX "file."
#define MAX_ENTRIES 4096
/* A file that changes again within a tick of the clock looks the same. */
#define REST_SECONDS 2

/* The folder, if it is one to be trusted; -1. */
static int folder_open(bool make)
{
    const char *path = getenv("XENIA_KERNEL_CACHE");
    struct stat st;
    int fd;

    if (!path) {
        path = KERNEL_CACHE_FOLDER;
        if (make) {
            mkdir("/var/cache", 0755);
            mkdir("/var/cache/xen", 0755);
        }
    }
    if (make)
        mkdir(path, 0700);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (!fstat(fd, &st) && st.st_uid == geteuid() && !(st.st_mode & 022))
        return fd;
    close(fd);
    return -1;
}

/* An entry, by its name or by a link to it; its time says that it was used. */
static int entry_open(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return -1;
    if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
        !(st.st_mode & 022) && st.st_size > 0) {
        futimens(fd, NULL);
        return fd;
    }
    close(fd);
    return -1;
}

static void link_name(const struct stat *st, char *name, size_t size)
{
    snprintf(name, size, LINK_PREFIX "%llx.%llx.%llx.%llx.%lx.%llx.%lx",
             (unsigned long long)st->st_dev, (unsigned long long)st->st_ino,
             (unsigned long long)st->st_size,
             (unsigned long long)st->st_mtim.tv_sec,
             (unsigned long)st->st_mtim.tv_nsec,
             (unsigned long long)st->st_ctim.tv_sec,
             (unsigned long)st->st_ctim.tv_nsec);
}

int kernel_cache_find_file(const struct stat *st)
{
    int folder = folder_open(false), fd;
    char name[160];

    if (folder < 0)
        return -1;
    link_name(st, name, sizeof(name));
    fd = entry_open(folder, name);
    close(folder);
    return fd;
}

static void key_make(const void *packed, size_t size, char *key)
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct sha256_ctx ctx;
    size_t i;

    sha256_init(&ctx);
    sha256_update(&ctx, size, packed);
    sha256_digest(&ctx, sizeof(digest), digest);
    for (i = 0; i < sizeof(digest); i++)
        sprintf(key + 2 * i, "%02x", digest[i]);
    strcpy(key + 2 * i, ".elf");
}

/* Remember which entry a file is, if it has been at rest for a while. */
static void link_make(int folder, const struct stat *st, const char *key)
{
    struct timespec now;
    char name[160];

    if (clock_gettime(CLOCK_REALTIME, &now) ||
        now.tv_sec - st->st_ctim.tv_sec <= REST_SECONDS)
        return;
    link_name(st, name, sizeof(name));
    unlinkat(folder, name, 0);
    if (symlinkat(key, folder, name))
        return;
}

int kernel_cache_find(const struct stat *st, const void *packed, size_t size,
                      char *key_out)
{
    int folder = folder_open(false), fd;

    key_make(packed, size, key_out);
    if (folder < 0)
        return -1;
    fd = entry_open(folder, key_out);
    if (fd >= 0)
        link_make(folder, st, key_out);
    close(folder);
    return fd;
}

struct entry {
    char name[KERNEL_CACHE_KEY_SIZE];
    struct timespec used;
    uint64_t size;
};

static int longer_ago(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    return x->used.tv_nsec < y->used.tv_nsec
               ? -1
               : x->used.tv_nsec > y->used.tv_nsec;
}

/* Entries, and what nobody finished; links to nothing go. */
static size_t entries_list(int folder, DIR *dir, struct entry *entry)
{
    struct dirent *d;
    size_t nr = 0;

    while (nr < MAX_ENTRIES && (d = readdir(dir))) {
        struct stat st;

        if (d->d_name[0] == '.' ||
            fstatat(folder, d->d_name, &st, AT_SYMLINK_NOFOLLOW))
            continue;
        if (S_ISLNK(st.st_mode) && faccessat(folder, d->d_name, F_OK, 0))
            unlinkat(folder, d->d_name, 0);
        if (!S_ISREG(st.st_mode) || strlen(d->d_name) >= sizeof(entry->name))
            continue;
        strcpy(entry[nr].name, d->d_name);
        entry[nr].used = st.st_mtim;
        entry[nr++].size = (uint64_t)st.st_size;
    }
    return nr;
}

/* Make room. The newest entry stays in any case. */
static void evict(int folder)
{
    struct entry *entry = calloc(MAX_ENTRIES, sizeof(*entry));
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    uint64_t total = 0;
    size_t nr = 0, i;

    if (entry && dir)
        nr = entries_list(folder, dir, entry);
    for (i = 0; i < nr; i++)
        total += entry[i].size;
    if (nr)
        qsort(entry, nr, sizeof(*entry), longer_ago);
    for (i = 0; i + 1 < nr && total > KERNEL_CACHE_MAX; i++)
        if (!unlinkat(folder, entry[i].name, 0))
            total -= entry[i].size;
    if (dir)
        closedir(dir);
    else if (copy >= 0)
        close(copy);
    free(entry);
}

static bool write_all(int fd, const char *data, size_t size)
{
    while (size) {
        ssize_t done = write(fd, data, size);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        data += done;
        size -= (size_t)done;
    }
    return true;
}

void kernel_cache_keep(const struct stat *st, const char *key, const void *elf,
                       size_t size)
{
    int folder = folder_open(true), fd;
    char new[64];
    bool good;

    if (folder < 0)
        return;
    snprintf(new, sizeof(new), "new.%ld", (long)getpid());
    unlinkat(folder, new, 0);
    fd = openat(folder, new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    good = fd >= 0 && write_all(fd, elf, size) && !fdatasync(fd);
    if (fd >= 0)
        close(fd);
    if (good && !renameat(folder, new, folder, key)) {
        link_make(folder, st, key);
        evict(folder);
    } else {
        unlinkat(folder, new, 0);
    }
    close(folder);
}
