/* SPDX-License-Identifier: MIT */
/*
 * Persistent grants: pages of the front-end that stay mapped, found by their
 * references. An open hash table, at most half full, from which nothing is
 * removed before all is.
 */
#include "blk_internal.h"

static struct back_grant *place_of(struct blkback *b, grant_ref_t ref)
{
    uint32_t at = ref * 2654435761U;

    for (;; at++) {
        struct back_grant *g = &b->grants[at % GRANT_TABLE_SIZE];

        if (!g->page || g->ref == ref)
            return g;
    }
}

/* Those of refs that are not mapped, each once. */
static unsigned int find_new(struct blkback *b, const grant_ref_t refs[],
                             unsigned int nr, grant_ref_t new[])
{
    unsigned int nr_new = 0;

    for (unsigned int i = 0; i < nr; i++) {
        unsigned int n = 0;

        if (place_of(b, refs[i])->page)
            continue;
        while (n < nr_new && new[n] != refs[i])
            n++;
        if (n == nr_new)
            new[nr_new++] = refs[i];
    }
    return nr_new;
}

static bool map_new(struct blkback *b, const grant_ref_t refs[],
                    unsigned int nr)
{
    struct back_chunk *chunk;

    if (b->nr_grants + nr > MAX_GRANTS)
        return false;
    chunk = os_alloc(sizeof(*chunk));
    if (!chunk)
        return false;
    if (os_grants_map(b->life.bus.other_id, refs, nr, false, &chunk->pages)) {
        os_free(chunk, sizeof(*chunk));
        return false;
    }
    chunk->nr = nr;
    chunk->next = b->chunks;
    b->chunks = chunk;
    for (unsigned int i = 0; i < nr; i++)
        *place_of(b, refs[i]) = (struct back_grant){
            .ref = refs[i],
            .page = (uint8_t *)chunk->pages + i * OS_PAGE_SIZE,
        };
    b->nr_grants += nr;
    return true;
}

/* Those that are mapped already. Returns whether that is all of them. */
static bool look_up(struct blkback *b, const grant_ref_t refs[],
                    unsigned int nr, void *pages_out[])
{
    for (unsigned int i = 0; i < nr; i++) {
        pages_out[i] = place_of(b, refs[i])->page;
        if (!pages_out[i])
            return false;
    }
    return true;
}

bool grants_find(struct blkback *b, const grant_ref_t refs[], unsigned int nr,
                 void *pages_out[])
{
    grant_ref_t new[BLK_MAX_SEGMENTS];

    if (!b->grants)
        b->grants = os_alloc(GRANT_TABLE_SIZE * sizeof(*b->grants));
    if (!b->grants)
        return false;
    if (look_up(b, refs, nr, pages_out))
        return true;
    return map_new(b, new, find_new(b, refs, nr, new)) &&
           look_up(b, refs, nr, pages_out);
}

void grants_drop(struct blkback *b)
{
    while (b->chunks) {
        struct back_chunk *chunk = b->chunks;

        b->chunks = chunk->next;
        os_grants_unmap(chunk->pages, chunk->nr);
        os_free(chunk, sizeof(*chunk));
    }
    os_free(b->grants, GRANT_TABLE_SIZE * sizeof(*b->grants));
    b->grants = NULL;
    b->nr_grants = 0;
}
