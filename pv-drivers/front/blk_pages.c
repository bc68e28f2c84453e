/* SPDX-License-Identifier: MIT */
/*
 * Pages that the front-end lends to its back-end.
 *
 * There are at most max_pages of them, made when first needed. Where grants are
 * persistent, a page keeps its reference from use to use. A page whose right
 * can't be taken back, since the other domain still uses it, lies in limbo: it
 * is not used for anything until it can. So does a ring of a connection that
 * has ended.
 */
#include "blk_internal.h"

/* With so many rings in limbo there is no new connection. */
#define MAX_LIMBO_RINGS (2 * BLK_MAX_QUEUES)

static struct front_page *page_new(struct blkfront *f)
{
    struct front_page *page;

    if (f->nr_pages == f->options.max_pages)
        return NULL;
    page = os_alloc(sizeof(*page));
    if (!page)
        return NULL;
    page->memory = os_pages_alloc(1);
    if (!page->memory) {
        os_free(page, sizeof(*page));
        return NULL;
    }
    f->nr_pages++;
    return page;
}

static void page_free(struct blkfront *f, struct front_page *page)
{
    os_pages_free(page->memory, 1);
    os_free(page, sizeof(*page));
    f->nr_pages--;
}

/* Those with a grant stand first. */
static struct front_page *page_take(struct blkfront *f)
{
    struct front_page *page = f->pages;

    if (page)
        f->pages = page->next;
    else
        page = page_new(f);
    if (!page)
        return NULL;
    page->next = NULL;
    if (!page->granted &&
        os_grant(f->bus.other_id, page->memory, false, &page->ref)) {
        page->next = f->pages;
        f->pages = page;
        return NULL;
    }
    page->granted = true;
    return page;
}

struct front_page *front_pages_take(struct blkfront *f, unsigned int nr)
{
    struct front_page *list = NULL;

    while (nr--) {
        struct front_page *page = page_take(f);

        if (!page) {
            front_pages_give(f, list);
            return NULL;
        }
        page->next = list;
        list = page;
    }
    return list;
}

/* False: it is in limbo now. */
static bool page_revoke(struct blkfront *f, struct front_page *page)
{
    if (!page->granted)
        return true;
    if (!os_grant_end(page->ref)) {
        page->granted = false;
        return true;
    }
    page->next = f->limbo;
    f->limbo = page;
    return false;
}

void front_pages_give(struct blkfront *f, struct front_page *list)
{
    while (list) {
        struct front_page *page = list;

        list = page->next;
        if (!f->persistent && !page_revoke(f, page))
            continue;
        page->next = f->pages;
        f->pages = page;
    }
}

void front_pages_revoke(struct blkfront *f)
{
    struct front_page *list = f->pages;

    f->pages = NULL;
    while (list) {
        struct front_page *page = list;

        list = page->next;
        if (!page_revoke(f, page))
            continue;
        page->next = f->pages;
        f->pages = page;
    }
}

/* All of its grants, or as many as go. */
static bool ring_revoke(struct front_ring *ring)
{
    unsigned int left = 0;

    for (unsigned int i = 0; i < ring->nr_refs; i++)
        if (os_grant_end(ring->refs[i]))
            ring->refs[left++] = ring->refs[i];
    ring->nr_refs = left;
    return !left;
}

static void ring_free(struct front_ring *ring)
{
    os_pages_free(ring->pages, ring->nr_pages);
    os_free(ring, sizeof(*ring));
}

void front_ring_end(struct blkfront *f, struct front_ring *ring)
{
    if (ring_revoke(ring)) {
        ring_free(ring);
        return;
    }
    ring->next = f->limbo_rings;
    f->limbo_rings = ring;
}

static unsigned int nr_limbo_rings(const struct blkfront *f)
{
    unsigned int nr = 0;

    for (const struct front_ring *r = f->limbo_rings; r; r = r->next)
        nr++;
    return nr;
}

struct front_ring *front_ring_new(struct blkfront *f, unsigned int nr_pages)
{
    struct front_ring *ring;

    if (nr_limbo_rings(f) >= MAX_LIMBO_RINGS)
        return NULL;
    ring = os_alloc(sizeof(*ring));
    if (!ring)
        return NULL;
    ring->nr_pages = nr_pages;
    ring->pages = os_pages_alloc(nr_pages);
    if (!ring->pages) {
        os_free(ring, sizeof(*ring));
        return NULL;
    }
    for (; ring->nr_refs < nr_pages; ring->nr_refs++) {
        uint8_t *page = ring->pages;

        page += ring->nr_refs * OS_PAGE_SIZE;
        if (os_grant(f->bus.other_id, page, false,
                     &ring->refs[ring->nr_refs])) {
            front_ring_end(f, ring);
            return NULL;
        }
    }
    return ring;
}

static void sweep_rings(struct blkfront *f)
{
    struct front_ring **link = &f->limbo_rings;

    while (*link) {
        struct front_ring *ring = *link;

        if (!ring_revoke(ring)) {
            link = &ring->next;
            continue;
        }
        *link = ring->next;
        ring_free(ring);
    }
}

void front_pages_sweep(struct blkfront *f)
{
    struct front_page **link = &f->limbo;

    sweep_rings(f);

    while (*link) {
        struct front_page *page = *link;

        if (os_grant_end(page->ref)) {
            link = &page->next;
            continue;
        }
        *link = page->next;
        page->granted = false;
        page->next = f->pages;
        f->pages = page;
    }
}

void front_pages_free(struct blkfront *f)
{
    while (f->pages) {
        struct front_page *page = f->pages;

        f->pages = page->next;
        page_free(f, page);
    }
}

static void copy(uint8_t *page, uint8_t *buffer, size_t size, bool to_page)
{
    if (to_page)
        memcpy(page, buffer, size);
    else
        memcpy(buffer, page, size);
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
