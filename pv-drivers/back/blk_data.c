/* SPDX-License-Identifier: MIT */
/*
 * Where the data of a request lies: in pages of the front-end that stay mapped,
 * or else in a buffer of ours, with copies to or from the front-end.
 */
#include "blk_internal.h"

static size_t segment_size(const struct blkif_request_segment *s)
{
    return (size_t)(s->last_sect - s->first_sect + 1) * BLK_SECTOR_SIZE;
}

/* ---- Indirect requests ------------------------------------------------ */

static int copy_list(struct blkback *b, grant_ref_t ref,
                     struct blkif_request_segment *segments, unsigned int nr)
{
    size_t size = nr * sizeof(*segments);
    void *page;

    if (b->persistent && grants_find(b, &ref, 1, &page)) {
        memcpy(segments, page, size);
        return 0;
    }
    page = os_pages_alloc(1);
    if (!page)
        return -XEN_ENOMEM;
    {
        struct os_copy copy = {
            .ref = ref, .size = (uint16_t)size, .local = page};
        int rc = os_grants_copy(b->bus.other_id, &copy, 1);

        if (!rc)
            memcpy(segments, page, size);
        os_pages_free(page, 1);
        return rc;
    }
}

int data_read_segments(struct back_request *r,
                       const struct blkif_request_indirect *req)
{
    unsigned int done = 0;

    for (unsigned int i = 0; done < r->nr_segments; i++) {
        unsigned int nr = r->nr_segments - done;
        int rc;

        if (nr > BLK_SEGMENTS_PER_PAGE)
            nr = BLK_SEGMENTS_PER_PAGE;
        rc = copy_list(r->queue->back, req->indirect_grefs[i],
                       r->segments + done, nr);
        if (rc)
            return rc;
        done += nr;
    }
    return 0;
}

/* ---- Memory ----------------------------------------------------------- */

/* A part that follows the last one directly makes that longer. */
static void add_part(struct back_request *r, uint8_t *base, size_t size)
{
    struct blkback_iov *last = r->iov + r->io.nr_iov;

    if (r->io.nr_iov && (uint8_t *)last[-1].base + last[-1].size == base)
        last[-1].size += size;
    else
        r->iov[r->io.nr_iov++] = (struct blkback_iov){base, size};
}

static bool use_mapped(struct back_request *r)
{
    grant_ref_t refs[BLK_MAX_SEGMENTS];
    void *pages[BLK_MAX_SEGMENTS];

    for (unsigned int i = 0; i < r->nr_segments; i++)
        refs[i] = r->segments[i].gref;
    if (!grants_find(r->queue->back, refs, r->nr_segments, pages))
        return false;
    for (unsigned int i = 0; i < r->nr_segments; i++)
        add_part(r,
                 (uint8_t *)pages[i] +
                     r->segments[i].first_sect * BLK_SECTOR_SIZE,
                 segment_size(&r->segments[i]));
    r->mapped = true;
    return true;
}

/* One segment after the other; none crosses a page's end on either side. */
static int copy_segments(struct back_request *r, bool to_grant)
{
    struct os_copy copies[BLK_MAX_SEGMENTS];
    unsigned int nr = 0;

    for (unsigned int i = 0; i < r->nr_segments; i++) {
        const struct blkif_request_segment *s = &r->segments[i];

        copies[nr++] = (struct os_copy){
            .ref = s->gref,
            .offset = (uint16_t)(s->first_sect * BLK_SECTOR_SIZE),
            .size = (uint16_t)segment_size(s),
            .to_grant = to_grant,
            .local = r->buffer + i * OS_PAGE_SIZE,
        };
    }
    return os_grants_copy(r->queue->back->bus.other_id, copies, nr);
}

static void free_buffer(struct back_request *r)
{
    os_pages_free(r->buffer, r->nr_buffer_pages);
    r->buffer = NULL;
    r->nr_buffer_pages = 0;
}

int data_begin(struct back_request *r)
{
    int rc = 0;

    r->io.iov = r->iov;
    r->io.nr_iov = 0;
    r->mapped = false;
    if (r->queue->back->persistent && use_mapped(r))
        return 0;
    r->buffer = os_pages_alloc(r->nr_segments);
    if (!r->buffer)
        return -XEN_ENOMEM;
    r->nr_buffer_pages = r->nr_segments;
    for (unsigned int i = 0; i < r->nr_segments; i++)
        add_part(r, r->buffer + i * OS_PAGE_SIZE,
                 segment_size(&r->segments[i]));
    if (r->operation != BLKIF_OP_READ)
        rc = copy_segments(r, false);
    if (rc)
        free_buffer(r);
    return rc;
}

int data_end(struct back_request *r, int rc)
{
    if (!r->buffer)
        return rc;
    if (!rc && r->operation == BLKIF_OP_READ)
        rc = copy_segments(r, true);
    free_buffer(r);
    return rc;
}
