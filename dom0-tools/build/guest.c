/* SPDX-License-Identifier: MIT */
/* Writing into a guest; see guest.h. */
#include "build/guest.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "build/layout.h"
#include "lib/zeros.h"

#define WINDOW_PAGES 1024 /* mapped at a time */

/* Where bytes come from. */
struct source {
    const char *data; /* NULL: a file */
    int fd;
    uint64_t at; /* in the file */
};

/* Straight into the guest: nothing has them in between. */
static int file_read(char *to, size_t size, const struct source *from,
                     struct error **err_out)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got =
            pread(from->fd, to + done, size - done, (off_t)(from->at + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return error_set(err_out, ERROR_IMAGE, got ? -errno : -EIO,
                             "can't read its file: %s",
                             got ? strerror(errno) : "it has become shorter");
        done += (size_t)got;
    }
    return 0;
}

/* Within one window that is mapped. */
static int window_write(char *to, struct source *from, size_t size,
                        size_t total, struct error **err_out)
{
    int rc = 0;

    if (from->data) {
        memcpy(to, from->data, size);
        from->data += size;
    } else if (size) {
        rc = file_read(to, size, from, err_out);
        from->at += size;
    }
    memory_make_zero(to + size, total - size);
    return rc;
}

static int source_write(const struct guest *g, uint64_t offset,
                        struct source *from, size_t size, size_t total,
                        struct error **err_out)
{
    int rc = 0;

    if (offset > g->nr_pages << PAGE_SHIFT ||
        total > (g->nr_pages << PAGE_SHIFT) - offset || size > total)
        return error_set(err_out, ERROR_INTERNAL, -EINVAL,
                         "nothing of the guest lies there");
    while (total && !rc) {
        uint64_t pfn = offset >> PAGE_SHIFT;
        size_t skip = offset & (PAGE_SIZE - 1), pages, part, copied;
        char *window;

        pages = (skip + total + PAGE_SIZE - 1) >> PAGE_SHIFT;
        if (pages > WINDOW_PAGES)
            pages = WINDOW_PAGES;
        part = (pages << PAGE_SHIFT) - skip;
        part = part < total ? part : total;
        copied = size < part ? size : part;
        window =
            privcmd_map(g->p, g->domid, g->mfn + pfn, pages, true, err_out);
        if (!window)
            return error_rc(err_out);
        rc = window_write(window + skip, from, copied, part, err_out);
        privcmd_unmap(window, pages);
        size -= copied;
        total -= part;
        offset += part;
    }
    return rc;
}

int guest_write(const struct guest *g, uint64_t offset, const void *data,
                size_t size, size_t total, struct error **err_out)
{
    struct source from = {.data = data};

    return source_write(g, offset, &from, size, total, err_out);
}

int guest_write_file(const struct guest *g, uint64_t offset, int fd,
                     uint64_t at, size_t size, size_t total,
                     struct error **err_out)
{
    struct source from = {.fd = fd, .at = at};

    return source_write(g, offset, &from, size, total, err_out);
}
