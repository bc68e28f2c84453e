/* SPDX-License-Identifier: MIT */
/*
 * Where the data of a request lies:
 *
 *   pages of the front-end      disk has a buffer        data
 *   stay mapped                 no                       where it is
 *   stay mapped                 yes                      copied by us
 *   not mapped                  yes, or else we have     copied by grant
 *
 * In a buffer, each segment has a page.
 */
#include "blk_internal.h"

#include "pv/copy.h"

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
        int rc = os_grants_copy(b->life.bus.other_id, &copy, 1);

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

static bool find_pages(struct back_request *r, void *pages_out[])
{
    grant_ref_t refs[BLK_MAX_SEGMENTS];

    for (unsigned int i = 0; i < r->nr_segments; i++)
        refs[i] = r->segments[i].gref;
    return grants_find(r->queue->back, refs, r->nr_segments, pages_out);
}

static uint8_t *in_page(void *page, const struct blkif_request_segment *s)
{
    return (uint8_t *)page + s->first_sect * BLK_SECTOR_SIZE;
}

static void use_pages(struct back_request *r, void *const pages[])
{
    for (unsigned int i = 0; i < r->nr_segments; i++)
        add_part(r, in_page(pages[i], &r->segments[i]),
                 segment_size(&r->segments[i]));
}

static void use_buffer(struct back_request *r)
{
    for (unsigned int i = 0; i < r->nr_segments; i++)
        add_part(r, r->buffer + i * OS_PAGE_SIZE,
                 segment_size(&r->segments[i]));
}

/* ---- Copies ----------------------------------------------------------- */

static void copy_pages(struct back_request *r, void *const pages[],
                       bool to_front)
{
    for (unsigned int i = 0; i < r->nr_segments; i++) {
        const struct blkif_request_segment *s = &r->segments[i];
        uint8_t *front = in_page(pages[i], s);
        uint8_t *ours = r->buffer + i * OS_PAGE_SIZE;

        pv_copy(to_front ? front : ours, to_front ? ours : front,
                segment_size(s));
    }
}

/* One segment after the other; none crosses a page's end on either side. */
static int copy_grants(struct back_request *r, bool to_front)
{
    struct os_copy copies[BLK_MAX_SEGMENTS];
    unsigned int nr = 0;

    for (unsigned int i = 0; i < r->nr_segments; i++) {
        const struct blkif_request_segment *s = &r->segments[i];

        copies[nr++] = (struct os_copy){
            .ref = s->gref,
            .offset = (uint16_t)(s->first_sect * BLK_SECTOR_SIZE),
            .size = (uint16_t)segment_size(s),
            .to_grant = to_front,
            .local = r->buffer + i * OS_PAGE_SIZE,
        };
    }
    return os_grants_copy(r->queue->back->life.bus.other_id, copies, nr);
}

static int copy_data(struct back_request *r, void *const pages[], bool to_front)
{
    if (!r->mapped)
        return copy_grants(r, to_front);
    copy_pages(r, pages, to_front);
    return 0;
}

/* ---- Buffers ---------------------------------------------------------- */

static void take_disks_buffer(struct back_request *r)
{
    struct blkback_disk *disk = r->queue->back->disk;

    r->buffer =
        disk->take_pages ? disk->take_pages(disk, r->nr_segments) : NULL;
    r->buffer_is_disks = r->buffer;
}

static int take_any_buffer(struct back_request *r)
{
    take_disks_buffer(r);
    if (!r->buffer)
        r->buffer = os_pages_alloc(r->nr_segments);
    return r->buffer ? 0 : -XEN_ENOMEM;
}

static void free_buffer(struct back_request *r)
{
    struct blkback_disk *disk = r->queue->back->disk;

    if (r->buffer_is_disks)
        disk->give_pages(disk, r->buffer, r->nr_segments);
    else
        os_pages_free(r->buffer, r->nr_segments);
    r->buffer = NULL;
}

/* ---- Beginning and end ------------------------------------------------ */

int data_begin(struct back_request *r)
{
    void *pages[BLK_MAX_SEGMENTS];
    int rc = 0;

    r->io.iov = r->iov;
    r->io.nr_iov = 0;
    r->mapped = r->queue->back->persistent && find_pages(r, pages);
    if (r->mapped)
        take_disks_buffer(r);
    else
        rc = take_any_buffer(r);
    if (rc)
        return rc;
    if (!r->buffer) {
        use_pages(r, pages);
        return 0;
    }
    use_buffer(r);
    if (r->operation != BLKIF_OP_READ)
        rc = copy_data(r, pages, false);
    if (rc)
        free_buffer(r);
    return rc;
}

/* Pages are mapped as long as anything is in flight, so they are found. */
static int copy_to_front(struct back_request *r)
{
    void *pages[BLK_MAX_SEGMENTS];

    if (r->mapped && !find_pages(r, pages))
        return -XEN_EIO;
    return copy_data(r, pages, true);
}

int data_end(struct back_request *r, int rc)
{
    if (!r->buffer)
        return rc;
    if (!rc && r->operation == BLKIF_OP_READ)
        rc = copy_to_front(r);
    free_buffer(r);
    return rc;
}
