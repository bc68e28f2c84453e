/* SPDX-License-Identifier: MIT */
/* Between an I/O's buffers and the pages that the back-end sees. */
#include "blk_internal.h"

#include "pv/copy.h"

static void copy(uint8_t *page, uint8_t *buffer, size_t size, bool to_page)
{
    if (to_page)
        pv_copy(page, buffer, size);
    else
        pv_copy(buffer, page, size);
}

void front_pages_copy(const struct blk_io *io, uint64_t sector,
                      struct front_page *list, uint32_t nr_sectors,
                      bool to_pages)
{
    const struct blk_buffer *buffer = io->buffers;
    size_t left = (size_t)nr_sectors * BLK_SECTOR_SIZE, in_page = 0;
    size_t skip = (size_t)sector * BLK_SECTOR_SIZE;

    for (; skip >= buffer->size; buffer++)
        skip -= buffer->size;
    while (left) {
        size_t size = OS_PAGE_SIZE - in_page;

        if (size > buffer->size - skip)
            size = buffer->size - skip;
        if (size > left)
            size = left;
        copy((uint8_t *)list->memory + in_page, (uint8_t *)buffer->base + skip,
             size, to_pages);
        left -= size;
        in_page += size;
        skip += size;
        if (in_page == OS_PAGE_SIZE) {
            list = list->next;
            in_page = 0;
        }
        if (skip == buffer->size) {
            buffer++;
            skip = 0;
        }
    }
}
