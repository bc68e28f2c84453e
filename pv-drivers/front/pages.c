/* SPDX-License-Identifier: MIT */
/* Pages that a front-end lends to its back-end; see pages.h. */
#include "pages.h"

/* With so many rings in limbo there is no new connection. */
#define MAX_LIMBO_RINGS 32U

static struct front_page *page_new(struct front_pages *p)
{
    struct front_page *page;

    if (p->nr == p->max)
        return NULL;
    page = os_alloc(sizeof(*page));
    if (!page)
        return NULL;
    page->memory = os_pages_alloc(1);
    if (!page->memory) {
        os_free(page, sizeof(*page));
        return NULL;
    }
    p->nr++;
    return page;
}

static void page_free(struct front_pages *p, struct front_page *page)
{
    os_pages_free(page->memory, 1);
    os_free(page, sizeof(*page));
    p->nr--;
}

/* Those with a grant stand first. */
static struct front_page *page_take(struct front_pages *p)
{
    struct front_page *page = p->free;

    if (page)
        p->free = page->next;
    else
        page = page_new(p);
    if (!page)
        return NULL;
    page->next = NULL;
    if (!page->granted && os_grant(p->to, page->memory, false, &page->ref)) {
        page->next = p->free;
        p->free = page;
        return NULL;
    }
    page->granted = true;
    return page;
}

struct front_page *front_pages_take(struct front_pages *p, unsigned int nr)
{
    struct front_page *list = NULL;

    while (nr--) {
        struct front_page *page = page_take(p);

        if (!page) {
            front_pages_give(p, list);
            return NULL;
        }
        page->next = list;
        list = page;
    }
    return list;
}

/* False: it is in limbo now. */
static bool page_revoke(struct front_pages *p, struct front_page *page)
{
    if (!page->granted)
        return true;
    if (!os_grant_end(page->ref)) {
        page->granted = false;
        return true;
    }
    page->next = p->limbo;
    p->limbo = page;
    return false;
}

void front_pages_give(struct front_pages *p, struct front_page *list)
{
    while (list) {
        struct front_page *page = list;

        list = page->next;
        if (!p->keep && !page_revoke(p, page))
            continue;
        page->next = p->free;
        p->free = page;
    }
}

void front_pages_revoke(struct front_pages *p)
{
    struct front_page *list = p->free;

    p->free = NULL;
    while (list) {
        struct front_page *page = list;

        list = page->next;
        if (!page_revoke(p, page))
            continue;
        page->next = p->free;
        p->free = page;
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

void front_ring_end(struct front_pages *p, struct front_ring *ring)
{
    if (ring_revoke(ring)) {
        ring_free(ring);
        return;
    }
    ring->next = p->limbo_rings;
    p->limbo_rings = ring;
}

static unsigned int nr_limbo_rings(const struct front_pages *p)
{
    unsigned int nr = 0;

    for (const struct front_ring *r = p->limbo_rings; r; r = r->next)
        nr++;
    return nr;
}

struct front_ring *front_ring_new(struct front_pages *p, unsigned int nr_pages)
{
    struct front_ring *ring;

    if (nr_limbo_rings(p) >= MAX_LIMBO_RINGS)
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
        if (os_grant(p->to, page, false, &ring->refs[ring->nr_refs])) {
            front_ring_end(p, ring);
            return NULL;
        }
    }
    return ring;
}

static void sweep_rings(struct front_pages *p)
{
    struct front_ring **link = &p->limbo_rings;

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

void front_pages_sweep(struct front_pages *p)
{
    struct front_page **link = &p->limbo;

    sweep_rings(p);
    while (*link) {
        struct front_page *page = *link;

        if (os_grant_end(page->ref)) {
            link = &page->next;
            continue;
        }
        *link = page->next;
        page->granted = false;
        page->next = p->free;
        p->free = page;
    }
}

void front_pages_free(struct front_pages *p)
{
    while (p->free) {
        struct front_page *page = p->free;

        p->free = page->next;
        page_free(p, page);
    }
}
