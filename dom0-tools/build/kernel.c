/* SPDX-License-Identifier: MIT */
/* Reading kernels; see kernel.h. */
#include "build/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build/kernel_cache.h"

static int file_fail(struct error **err_out, const char *what, const char *path,
                     int rc)
{
    return error_set(err_out, ERROR_IMAGE, rc, "%s: %s: %s", what, path,
                     strerror(-rc));
}

/* Read `size` bytes; a file that became shorter is an error. */
static int bytes_read(int fd, char *data, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = pread(fd, data + done, size - done, (off_t)done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got ? -errno : -EIO;
        done += (size_t)got;
    }
    return 0;
}

static int size_check(const struct stat *st)
{
    if (S_ISDIR(st->st_mode))
        return -EISDIR;
    if (st->st_size > KIMAGE_MAX_SIZE)
        return -EFBIG;
    return st->st_size ? 0 : -ENODATA;
}

static int file_open(const char *what, const char *path, struct file_data *file,
                     struct stat *st, struct error **err_out)
{
    int rc;

    *file = (struct file_data){.fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (file->fd < 0)
        return file_fail(err_out, what, path, -errno);
    file->is_open = true;
    rc = fstat(file->fd, st) ? -errno : size_check(st);
    if (!rc) {
        file->size = (size_t)st->st_size;
        return 0;
    }
    file_data_close(file);
    return file_fail(err_out, what, path, rc);
}

int file_data_open(const char *what, const char *path, struct file_data *file,
                   struct error **err_out)
{
    struct stat st;

    return file_open(what, path, file, &st, err_out);
}

void file_data_close(struct file_data *file)
{
    if (file->is_open)
        close(file->fd);
    *file = (struct file_data){0};
}

/*
 * Use what was kept: it is mapped to be parsed, and read to be placed. False if
 * it is no kernel any more: then it will be made again.
 */
static bool kept_use(struct kernel *k, int fd)
{
    void *elf = MAP_FAILED;
    const char *why;
    struct stat st;
    size_t size = 0;

    if (!fstat(fd, &st) && !size_check(&st)) {
        size = (size_t)st.st_size;
        elf = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (elf != MAP_FAILED && kimage_parse(elf, size, &k->image, &why)) {
        munmap(elf, size);
        elf = MAP_FAILED;
    }
    if (elf == MAP_FAILED) {
        close(fd);
        return false;
    }
    file_data_close(&k->file);
    k->file = (struct file_data){.is_open = true, .fd = fd, .size = size};
    k->mapped = elf;
    return true;
}

/* Unpack it, and keep what comes out. */
static int unpack(struct kernel *k, const struct kimage_payload *payload,
                  const struct stat *st, const char *key, const char **why)
{
    void *work = malloc(KIMAGE_WORK_SIZE);
    size_t size;
    int rc = -ENOMEM;

    k->unpacked = malloc(payload->unpacked_size);
    *why = "out of memory";
    if (work && k->unpacked)
        rc = kimage_unpack(payload, k->unpacked, payload->unpacked_size, work,
                           &size, why);
    free(work);
    if (!rc)
        rc = kimage_parse(k->unpacked, size, &k->image, why);
    if (!rc)
        kernel_cache_keep(st, key, k->unpacked, size);
    return rc;
}

/* One that has not been seen, or not as this file. */
static int file_parse(struct kernel *k, const struct stat *st, const char **why)
{
    char key[KERNEL_CACHE_KEY_SIZE];
    struct kimage_payload payload;
    int fd, rc;

    *why = "out of memory";
    k->packed = malloc(k->file.size);
    if (!k->packed)
        return -ENOMEM;
    *why = "it can't be read";
    rc = bytes_read(k->file.fd, k->packed, k->file.size);
    if (!rc)
        rc = kimage_payload(k->packed, k->file.size, &payload, why);
    if (rc)
        return rc;
    if (payload.format == KIMAGE_RAW) {
        file_data_close(&k->file);
        return kimage_parse(payload.data, payload.size, &k->image, why);
    }
    fd = kernel_cache_find(st, k->packed, k->file.size, key);
    if (fd >= 0 && kept_use(k, fd))
        return 0;
    rc = unpack(k, &payload, st, key, why);
    file_data_close(&k->file);
    return rc;
}

int kernel_read(const char *path, struct kernel *kernel, struct error **err_out)
{
    const char *why = "";
    struct stat st;
    int fd, rc;

    *kernel = (struct kernel){0};
    rc = file_open("kernel", path, &kernel->file, &st, err_out);
    if (rc)
        return rc;
    fd = kernel_cache_find_file(&st);
    if (fd >= 0 && kept_use(kernel, fd))
        return 0;
    rc = file_parse(kernel, &st, &why);
    if (rc) {
        kernel_free(kernel);
        error_set(err_out, ERROR_IMAGE, rc, "kernel: %s: %s", path, why);
    }
    return rc;
}

void kernel_free(struct kernel *kernel)
{
    if (kernel->mapped)
        munmap(kernel->mapped, kernel->file.size);
    file_data_close(&kernel->file);
    free(kernel->packed);
    free(kernel->unpacked);
    *kernel = (struct kernel){0};
}
