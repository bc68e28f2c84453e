/* SPDX-License-Identifier: MIT */
/* Writing into a guest; see guest.h. */
#include "build/guest.h"

#include <errno.h>
#include <string.h>

#include "build/layout.h"

#define WINDOW_PAGES 1024 /* mapped at a time */

/* Within one window that is mapped. */
static void window_write(char *to, const char *data, size_t size, size_t total)
{
    memcpy(to, data, size);
    memset(to + size, 0, total - size);
}

int guest_write(const struct guest *g, uint64_t offset, const void *data,
                size_t size, size_t total, struct error **err_out)
{
    const char *from = data;

    if (offset > g->nr_pages << PAGE_SHIFT ||
        total > (g->nr_pages << PAGE_SHIFT) - offset || size > total)
        return error_set(err_out, ERROR_INTERNAL, -EINVAL,
                         "nothing of the guest lies there");
    while (total) {
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
        window_write(window + skip, from, copied, part);
        privcmd_unmap(window, pages);
        from += copied;
        size -= copied;
        total -= part;
        offset += part;
    }
    return 0;
}
