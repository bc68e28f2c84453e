/* SPDX-License-Identifier: MIT */
/*
 * Memory of a guest out of a stream; see restore_internal.h. A worker gives the
 * domain memory as pages come, maps a batch and lets the kernel read right into
 * it, but for zeros, which new memory has already.
 */
#include "stream/restore_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "build/layout.h"
#include "lib/memory.h"
#include "lib/worker.h"

#define WINDOW_PAGES (1ULL << 18) /* that one worker maps: 1 GiB */
#define BIG_ORDER    9            /* 2 MiB */
#define BIG_PAGES    (1u << BIG_ORDER)

/* One PAGE_DATA record. */
struct batch {
    uint32_t nr;
    uint64_t pfn[BATCH_PAGES];
    uint8_t type[BATCH_PAGES];
    size_t nr_data;
    uint64_t data_mfn[BATCH_PAGES];
    size_t nr_singles;
    uint64_t single_pfn[BATCH_PAGES];
    uint64_t frames[BATCH_PAGES];
};

static bool type_is_known(unsigned int type)
{
    unsigned int level = type & PAGE_LEVEL_MASK;

    return type >= PAGE_BROKEN || (level <= 4 && type != PAGE_PINNED);
}

static bool has_memory(unsigned int type)
{
    return type != PAGE_BROKEN && type != PAGE_NONE;
}

static bool has_data(unsigned int type)
{
    return has_memory(type) && type != PAGE_ALLOC;
}

/* The record up to its pages; its length must be right. */
static int batch_read(struct restorer *r, struct batch *b,
                      struct error **err_out)
{
    uint32_t size = r->shared->next.size, i;
    struct page_data header;
    size_t nr_data = 0;
    int rc;

    if (size < sizeof(header))
        return stream_bad(err_out, "a record of pages is too short");
    rc = stream_read(r->s, &header, sizeof(header), err_out);
    if (rc)
        return rc;
    if (header.count == 0 || header.count > BATCH_PAGES)
        return stream_bad(err_out, "a record has %u pages", header.count);
    if (size - sizeof(header) < header.count * sizeof(b->pfn[0]))
        return stream_bad(err_out, "a record of pages is too short");
    b->nr = header.count;
    rc = stream_read(r->s, b->pfn, b->nr * sizeof(b->pfn[0]), err_out);
    for (i = 0; i < b->nr && !rc; i++) {
        uint64_t entry = b->pfn[i], pfn = entry & PFN_MASK;

        b->type[i] = (uint8_t)(entry >> PFN_TYPE_SHIFT);
        b->pfn[i] = pfn;
        if (!type_is_known(b->type[i]) || pfn >= r->nr_pfns)
            rc = stream_bad(err_out,
                            "a page is of no known kind or place: %#llx",
                            (unsigned long long)entry);
        nr_data += has_data(b->type[i]);
    }
    if (!rc && size != sizeof(header) + b->nr * sizeof(b->pfn[0]) +
                           (nr_data << PAGE_SHIFT))
        rc = stream_bad(err_out, "a record of pages has the wrong length");
    b->nr_data = nr_data;
    return rc;
}

/* Pages from i on that make up one big block, none of which has memory. */
static bool block_begins(const struct restorer *r, const struct batch *b,
                         uint32_t i)
{
    uint64_t first = b->pfn[i];
    uint32_t j;

    if (first % BIG_PAGES || b->nr - i < BIG_PAGES)
        return false;
    for (j = 0; j < BIG_PAGES; j++)
        if (b->pfn[i + j] != first + j || !has_memory(b->type[i + j]) ||
            r->mfn[first + j])
            return false;
    return true;
}

static int memory_fail(const struct restorer *r, int64_t got,
                       struct error **err_out)
{
    return error_set(err_out, ERROR_HOST_MEMORY, got < 0 ? (int)got : -ENOMEM,
                     "the guest's memory could not be had: after %llu MiB the "
                     "host, or what its configuration grants, has no more",
                     (unsigned long long)r->shared->nr_done >> 8);
}

/* Memory for single pages. */
static int singles_get(struct restorer *r, struct batch *b,
                       struct error **err_out)
{
    int64_t got;
    size_t i;

    if (!b->nr_singles)
        return 0;
    for (i = 0; i < b->nr_singles; i++)
        b->frames[i] = b->single_pfn[i];
    got = memory_populate_blocks(r->p, r->request->domid, b->frames,
                                 b->nr_singles, 0);
    if (got != (int64_t)b->nr_singles)
        return memory_fail(r, got, err_out);
    for (i = 0; i < b->nr_singles; i++)
        r->mfn[b->single_pfn[i]] = b->frames[i];
    return 0;
}

/* Memory for a block; where there is none in one piece, for each page. */
static void block_get(struct restorer *r, struct batch *b, uint64_t first)
{
    uint64_t frame = first, i;
    bool got = memory_populate_blocks(r->p, r->request->domid, &frame, 1,
                                      BIG_ORDER) == 1;

    for (i = 0; i < BIG_PAGES; i++)
        if (got)
            r->mfn[first + i] = frame + i;
        else
            b->single_pfn[b->nr_singles++] = first + i;
}

static int batch_populate(struct restorer *r, struct batch *b,
                          struct error **err_out)
{
    uint32_t i = 0;

    b->nr_singles = 0;
    while (i < b->nr) {
        if (block_begins(r, b, i)) {
            block_get(r, b, b->pfn[i]);
            i += BIG_PAGES;
            continue;
        }
        if (has_memory(b->type[i]) && !r->mfn[b->pfn[i]])
            b->single_pfn[b->nr_singles++] = b->pfn[i];
        i++;
    }
    return singles_get(r, b, err_out);
}

/* Contents, right into the guest's memory. */
static int batch_fill(struct restorer *r, struct batch *b,
                      struct error **err_out)
{
    size_t nr = 0;
    uint32_t i;
    void *pages;

    for (i = 0; i < b->nr; i++) {
        r->type[b->pfn[i]] = b->type[i];
        if (has_data(b->type[i]))
            b->data_mfn[nr++] = r->mfn[b->pfn[i]];
    }
    if (!nr)
        return 0;
    pages =
        privcmd_map(r->p, r->request->domid, b->data_mfn, nr, true, err_out);
    return pages ? stream_read_sparse(r->s, pages, nr << PAGE_SHIFT, err_out)
                 : error_rc(err_out);
}

static int batch_restore(struct restorer *r, struct batch *b,
                         struct error **err_out)
{
    size_t padding = record_padding(r->shared->next.size);
    int rc = batch_read(r, b, err_out);

    if (!rc && r->shared->verifying)
        return stream_skip(r->s, (b->nr_data << PAGE_SHIFT) + padding, err_out);
    if (!rc)
        rc = batch_populate(r, b, err_out);
    if (!rc)
        rc = batch_fill(r, b, err_out);
    if (rc)
        return rc;
    r->shared->nr_done += b->nr;
    progress_tell(&r->s->progress, r->shared->nr_done << PAGE_SHIFT,
                  r->request->nr_pages << PAGE_SHIFT);
    return stream_skip(r->s, padding, err_out);
}

static int window_restore(void *ctx, struct error **err_out)
{
    struct restorer *r = ctx;
    struct batch *b = malloc(sizeof(*b));
    uint64_t nr = 0;
    int rc = 0;

    if (!b)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    while (!rc && nr < WINDOW_PAGES &&
           r->shared->next.type == RECORD_PAGE_DATA) {
        rc = batch_restore(r, b, err_out);
        nr += b->nr;
        if (!rc)
            rc = restore_next(r, err_out);
    }
    free(b);
    return rc;
}

int restore_pages(struct restorer *r)
{
    int rc = 0;

    if (!r->nr_pfns)
        return stream_bad(r->err_out, "pages come before it is told where "
                                      "they belong");
    while (!rc && r->shared->next.type == RECORD_PAGE_DATA)
        rc = worker_run(window_restore, r, r->s->cancel, r->err_out);
    return rc;
}
