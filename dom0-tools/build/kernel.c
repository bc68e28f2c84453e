/* SPDX-License-Identifier: MIT */
/* Reading kernels; see kernel.h. */
#include "build/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
        ssize_t got = read(fd, data + done, size - done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got ? -errno : -EIO;
        done += (size_t)got;
    }
    return 0;
}

static int fd_read(int fd, struct file_data *file)
{
    struct stat st;
    int rc;

    if (fstat(fd, &st))
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    if (st.st_size > KIMAGE_MAX_SIZE)
        return -EFBIG;
    if (st.st_size == 0)
        return -ENODATA;
    file->data = malloc((size_t)st.st_size);
    file->size = (size_t)st.st_size;
    if (!file->data)
        return -ENOMEM;
    rc = bytes_read(fd, file->data, file->size);
    if (rc)
        file_data_free(file);
    return rc;
}

int file_data_read(const char *what, const char *path, struct file_data *file,
                   struct error **err_out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

    *file = (struct file_data){0};
    if (fd < 0)
        return file_fail(err_out, what, path, -errno);
    rc = fd_read(fd, file);
    close(fd);
    return rc ? file_fail(err_out, what, path, rc) : 0;
}

void file_data_free(struct file_data *file)
{
    free(file->data);
    *file = (struct file_data){0};
}

/* The ELF file: in place, or unpacked. */
static int elf_get(struct kernel *k, const void **elf, size_t *size,
                   const char **why)
{
    struct kimage_payload payload;
    void *work;
    int rc = kimage_payload(k->file.data, k->file.size, &payload, why);

    if (rc)
        return rc;
    if (payload.format == KIMAGE_RAW) {
        *elf = payload.data;
        *size = payload.size;
        return 0;
    }
    work = malloc(KIMAGE_WORK_SIZE);
    k->unpacked = malloc(payload.unpacked_size);
    *why = "out of memory";
    rc = -ENOMEM;
    if (work && k->unpacked)
        rc = kimage_unpack(&payload, k->unpacked, payload.unpacked_size, work,
                           size, why);
    free(work);
    *elf = k->unpacked;
    return rc;
}

int kernel_read(const char *path, struct kernel *kernel, struct error **err_out)
{
    const char *why = "";
    const void *elf;
    size_t size;
    int rc;

    *kernel = (struct kernel){0};
    rc = file_data_read("kernel", path, &kernel->file, err_out);
    if (rc)
        return rc;
    rc = elf_get(kernel, &elf, &size, &why);
    if (!rc)
        rc = kimage_parse(elf, size, &kernel->image, &why);
    if (rc) {
        kernel_free(kernel);
        error_set(err_out, ERROR_IMAGE, rc, "kernel: %s: %s", path, why);
    }
    return rc;
}

void kernel_free(struct kernel *kernel)
{
    file_data_free(&kernel->file);
    free(kernel->unpacked);
    *kernel = (struct kernel){0};
}
