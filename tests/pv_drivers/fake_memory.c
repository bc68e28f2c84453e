/* SPDX-License-Identifier: MIT */
/*
 * Memory and grants of the fake port. Pages lie in one file in memory, so that
 * a mapped grant is the same page at another address, and one that was unmapped
 * can't be touched.
 */
#include "fake_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_PAGES  65536U
#define MAX_GRANTS 16384U
#define FIRST_REF  8U

/* Memory of a domain, in a list. */
struct piece {
    struct piece *next;
    domid_t domid;
    size_t size;
    void *memory;
    unsigned int nr_pages; /* 0: from malloc() */
    unsigned int offset;   /* of the first page in the file */
    bool mapping;          /* of grants: pages lie anywhere */
    grant_ref_t *refs;     /* of the mapping */
    domid_t of;
};

struct grant {
    bool used;
    bool readonly;
    domid_t to;
    unsigned int offset;
    unsigned int nr_maps;
};

static struct piece *pieces;
static struct grant grants[8][MAX_GRANTS];
static uint8_t page_used[MAX_PAGES];
static unsigned int next_page;
static int file = -1;

static struct piece *piece_new(domid_t domid)
{
    struct piece *p = calloc(1, sizeof(*p));

    if (!p)
        abort();
    p->domid = domid;
    p->next = pieces;
    pieces = p;
    return p;
}

static struct piece **piece_find(const void *memory)
{
    struct piece **link = &pieces;

    while (*link && (*link)->memory != memory)
        link = &(*link)->next;
    return link;
}

static void piece_release(struct piece *p)
{
    if (p->mapping)
        for (unsigned int i = 0; i < p->nr_pages; i++)
            grants[p->of][p->refs[i]].nr_maps--;
    else if (p->nr_pages)
        for (unsigned int i = 0; i < p->nr_pages; i++)
            page_used[p->offset + i] = 0;
    if (p->nr_pages)
        munmap(p->memory, (size_t)p->nr_pages * OS_PAGE_SIZE);
    else
        free(p->memory);
    free(p->refs);
    free(p);
}

static void piece_drop(const void *memory, size_t size, bool mapping)
{
    struct piece **link = piece_find(memory), *p = *link;

    if (!p || p->size != size || p->mapping != mapping) {
        fprintf(stderr, "no such memory: %p, %zu bytes\n", memory, size);
        abort();
    }
    *link = p->next;
    piece_release(p);
}

void *os_alloc(size_t size)
{
    struct piece *p;

    fake_call();
    if (fake_fails())
        return NULL;
    p = piece_new(fake_current());
    p->size = size;
    p->memory = calloc(1, size ? size : 1);
    return p->memory;
}

void os_free(void *memory, size_t size)
{
    fake_call();
    if (memory)
        piece_drop(memory, size, false);
}

/* Free pages in a row, going round; the reuse of one is as late as can be. */
static unsigned int find_pages(unsigned int nr)
{
    for (unsigned int tries = 0; tries < MAX_PAGES; tries++) {
        unsigned int run = 0;

        if (next_page + nr > MAX_PAGES)
            next_page = 0;
        while (run < nr && !page_used[next_page + run])
            run++;
        if (run == nr)
            return next_page;
        next_page += run + 1;
    }
    abort();
}

void *os_pages_alloc(unsigned int nr)
{
    struct piece *p;

    fake_call();
    if (fake_fails())
        return NULL;
    p = piece_new(fake_current());
    p->nr_pages = nr;
    p->size = (size_t)nr * OS_PAGE_SIZE;
    p->offset = find_pages(nr);
    next_page = p->offset + nr;
    p->memory = mmap(NULL, p->size, PROT_READ | PROT_WRITE, MAP_SHARED, file,
                     (off_t)p->offset * OS_PAGE_SIZE);
    if (p->memory == MAP_FAILED)
        abort();
    for (unsigned int i = 0; i < nr; i++)
        page_used[p->offset + i] = 1;
    memset(p->memory, 0, p->size);
    return p->memory;
}

/* A page that the other domain may use is given to nobody else. */
static void check_not_granted(const struct piece *p)
{
    for (unsigned int ref = 0; ref < MAX_GRANTS; ref++) {
        const struct grant *g = &grants[p->domid][ref];

        if (g->used && g->offset - p->offset < p->nr_pages) {
            fprintf(stderr, "a granted page is freed\n");
            abort();
        }
    }
}

void os_pages_free(void *pages, unsigned int nr)
{
    fake_call();
    if (!pages)
        return;
    if (*piece_find(pages))
        check_not_granted(*piece_find(pages));
    piece_drop(pages, (size_t)nr * OS_PAGE_SIZE, false);
}

/* The page of the file at an address of a domain's own pages. */
static unsigned int offset_of(const void *page)
{
    for (struct piece *p = pieces; p; p = p->next) {
        size_t at = (size_t)((const uint8_t *)page - (uint8_t *)p->memory);

        if (p->nr_pages && !p->mapping && page >= p->memory && at < p->size)
            return p->offset + (unsigned int)(at / OS_PAGE_SIZE);
    }
    fprintf(stderr, "not a page: %p\n", page);
    abort();
}

int os_grant(domid_t to, void *page, bool readonly, grant_ref_t *ref_out)
{
    struct grant *table = grants[fake_current()];
    static grant_ref_t next = FIRST_REF;

    fake_call();
    if (fake_fails())
        return -XEN_ENOSPC;
    for (unsigned int i = 0; i < MAX_GRANTS; i++) {
        grant_ref_t ref = next;

        next = next + 1 < MAX_GRANTS ? next + 1 : FIRST_REF;
        if (table[ref].used)
            continue;
        table[ref] = (struct grant){.used = true,
                                    .to = to,
                                    .readonly = readonly,
                                    .offset = offset_of(page)};
        *ref_out = ref;
        return 0;
    }
    return -XEN_ENOSPC;
}

int os_grant_end(grant_ref_t ref)
{
    struct grant *g;

    fake_call();
    g = &grants[fake_current()][ref];
    if (!g->used)
        abort();
    if (g->nr_maps)
        return -XEN_EBUSY;
    *g = (struct grant){.used = false};
    return 0;
}

static struct grant *grant_find(domid_t of, grant_ref_t ref)
{
    struct grant *g = of < 8 && ref < MAX_GRANTS ? &grants[of][ref] : NULL;

    return g && g->used && g->to == fake_current() ? g : NULL;
}

int os_grants_map(domid_t of, const grant_ref_t refs[], unsigned int nr,
                  bool readonly, void **pages_out)
{
    int access = readonly ? PROT_READ : PROT_READ | PROT_WRITE;
    struct piece *p;
    uint8_t *at;

    fake_call();
    if (fake_fails())
        return -XEN_ENOMEM;
    for (unsigned int i = 0; i < nr; i++) {
        const struct grant *g = grant_find(of, refs[i]);

        if (!g || (g->readonly && !readonly))
            return -XEN_EACCES;
    }
    at = mmap(NULL, (size_t)nr * OS_PAGE_SIZE, PROT_NONE,
              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    p = piece_new(fake_current());
    p->memory = at;
    p->nr_pages = nr;
    p->size = (size_t)nr * OS_PAGE_SIZE;
    p->mapping = true;
    p->of = of;
    p->refs = calloc(nr, sizeof(*p->refs));
    for (unsigned int i = 0; i < nr; i++) {
        p->refs[i] = refs[i];
        grants[of][refs[i]].nr_maps++;
        if (mmap(at + (size_t)i * OS_PAGE_SIZE, OS_PAGE_SIZE, access,
                 MAP_SHARED | MAP_FIXED, file,
                 (off_t)grants[of][refs[i]].offset * OS_PAGE_SIZE) ==
            MAP_FAILED)
            abort();
    }
    *pages_out = at;
    return 0;
}

void os_grants_unmap(void *pages, unsigned int nr)
{
    fake_call();
    piece_drop(pages, (size_t)nr * OS_PAGE_SIZE, true);
}

static int copy_one(domid_t of, const struct os_copy *c)
{
    const struct grant *g = grant_find(of, c->ref);
    off_t at;
    ssize_t done;

    if (!g || (g->readonly && c->to_grant) ||
        c->offset + c->size > (int)OS_PAGE_SIZE ||
        ((uintptr_t)c->local % OS_PAGE_SIZE) + c->size > OS_PAGE_SIZE)
        return -XEN_EIO;
    at = (off_t)g->offset * OS_PAGE_SIZE + c->offset;
    done = c->to_grant ? pwrite(file, c->local, c->size, at)
                       : pread(file, c->local, c->size, at);
    return done == c->size ? 0 : -XEN_EIO;
}

int os_grants_copy(domid_t of, const struct os_copy copies[], unsigned int nr)
{
    int rc = 0;

    fake_call();
    for (unsigned int i = 0; i < nr; i++)
        if (copy_one(of, &copies[i]))
            rc = -XEN_EIO;
    return rc;
}

void *fake_grant_memory(domid_t of, grant_ref_t ref)
{
    if (of >= 8 || ref >= MAX_GRANTS || !grants[of][ref].used)
        return NULL;
    for (struct piece *p = pieces; p; p = p->next)
        if (p->nr_pages && !p->mapping &&
            grants[of][ref].offset - p->offset < p->nr_pages)
            return (uint8_t *)p->memory +
                   (size_t)(grants[of][ref].offset - p->offset) * OS_PAGE_SIZE;
    return NULL;
}

unsigned int fake_nr_grants(domid_t of)
{
    unsigned int nr = 0;

    for (unsigned int ref = 0; ref < MAX_GRANTS; ref++)
        nr += grants[of][ref].used;
    return nr;
}

void fake_memory_begin(void)
{
    if (file < 0) {
        file = memfd_create("pages", MFD_CLOEXEC);
        if (file < 0 || ftruncate(file, (off_t)MAX_PAGES * OS_PAGE_SIZE))
            abort();
    }
}

/* Mappings go first: they count on grants. */
static void drop_all(domid_t domid, bool mappings)
{
    struct piece **link = &pieces;

    while (*link) {
        struct piece *p = *link;

        if (p->domid != domid || p->mapping != mappings) {
            link = &p->next;
            continue;
        }
        *link = p->next;
        piece_release(p);
    }
}

void fake_memory_kill(domid_t domid)
{
    drop_all(domid, true);
    drop_all(domid, false);
    for (unsigned int ref = 0; ref < MAX_GRANTS; ref++)
        grants[domid][ref].used = false;
}

bool fake_memory_end(void)
{
    bool good = !pieces;

    if (!good)
        fprintf(stderr, "domain %u has left %zu bytes%s\n", pieces->domid,
                pieces->size, pieces->mapping ? " mapped" : "");
    for (domid_t d = 0; d < 8; d++) {
        if (fake_nr_grants(d)) {
            fprintf(stderr, "domain %u has left %u grants\n", d,
                    fake_nr_grants(d));
            good = false;
        }
        fake_memory_kill(d);
    }
    return good;
}
