/* SPDX-License-Identifier: MIT */
/*
 * Pages of the kernel's image, small pieces of such pages, and grants of them.
 * What is freed is kept for the next of its size.
 */
#include "public/memory.h"

#include "bare.h"
#include "guest.h"

#define NR_PAGES 64U /* of the 256 that a guest of 1 MiB has */

static uint8_t pages[NR_PAGES][PAGE_SIZE] __attribute__((aligned(4096)));

static enum { PAGE_FREE, PAGE_USED, PAGE_GIVEN } page_state[NR_PAGES];

/* ---- Pages ------------------------------------------------------------ */

static bool is_free(unsigned int first, unsigned int nr)
{
    for (unsigned int i = first; i < first + nr; i++)
        if (page_state[i] != PAGE_FREE)
            return false;
    return true;
}

static void set_state(const void *memory, unsigned int nr, int state)
{
    size_t first = (size_t)((const uint8_t *)memory - pages[0]) / PAGE_SIZE;

    for (size_t i = first; i < first + nr; i++)
        page_state[i] = state;
}

void *os_pages_alloc(unsigned int nr)
{
    for (unsigned int i = 0; i + nr <= NR_PAGES; i++) {
        if (!is_free(i, nr))
            continue;
        set_state(pages[i], nr, PAGE_USED);
        return memset(pages[i], 0, nr * PAGE_SIZE);
    }
    return NULL;
}

void os_pages_free(void *memory, unsigned int nr)
{
    if (memory)
        set_state(memory, nr, PAGE_FREE);
}

unsigned int bare_free_pages(void)
{
    unsigned int nr = 0;

    for (unsigned int i = 0; i < NR_PAGES; i++)
        nr += page_state[i] == PAGE_FREE;
    return nr;
}

/* ---- Small pieces ----------------------------------------------------- */

#define SMALLEST 32U
#define LARGEST  2048U
#define NR_SIZES 7U

struct piece {
    struct piece *next;
};

static struct piece *pieces[NR_SIZES];

static unsigned int size_index(size_t size)
{
    unsigned int i = 0;

    while ((size_t)SMALLEST << i < size)
        i++;
    return i;
}

static unsigned int nr_pages_of(size_t size)
{
    return (unsigned int)((size + PAGE_SIZE - 1) / PAGE_SIZE);
}

/* Cut a page into pieces. */
static void cut(unsigned int index)
{
    size_t size = (size_t)SMALLEST << index;
    uint8_t *page = os_pages_alloc(1);

    for (size_t at = 0; page && at < PAGE_SIZE; at += size) {
        struct piece *piece = (void *)(page + at);

        piece->next = pieces[index];
        pieces[index] = piece;
    }
}

void *os_alloc(size_t size)
{
    unsigned int index;
    struct piece *piece;

    if (size > LARGEST)
        return os_pages_alloc(nr_pages_of(size));
    index = size_index(size);
    if (!pieces[index])
        cut(index);
    piece = pieces[index];
    if (!piece)
        return NULL;
    pieces[index] = piece->next;
    return memset(piece, 0, size);
}

void os_free(void *memory, size_t size)
{
    struct piece *piece = memory;
    unsigned int index;

    if (!memory)
        return;
    if (size > LARGEST) {
        os_pages_free(memory, nr_pages_of(size));
        return;
    }
    index = size_index(size);
    piece->next = pieces[index];
    pieces[index] = piece;
}

/* ---- The balloon ------------------------------------------------------ */

static long reservation(unsigned int op, uint64_t *frame)
{
    struct xen_memory_reservation extent = {
        .extent_start = (uint64_t)frame, .nr_extents = 1, .domid = DOMID_SELF};

    return hypercall(__HYPERVISOR_memory_op, op, &extent);
}

static bool page_give(unsigned int i)
{
    uint64_t mfn = va_to_mfn(pages[i]);

    if (page_state[i] != PAGE_FREE || page_unmap(pages[i]))
        return false;
    if (reservation(XENMEM_decrease_reservation, &mfn) != 1) {
        page_set_writable(pages[i]);
        return false;
    }
    page_state[i] = PAGE_GIVEN;
    return true;
}

/* Its frame is another one than before. */
static bool page_take(unsigned int i)
{
    uint64_t pfn = va_to_pfn(pages[i]), frame = pfn;

    if (page_state[i] != PAGE_GIVEN ||
        reservation(XENMEM_populate_physmap, &frame) != 1)
        return false;
    set_p2m(pfn, frame);
    if (page_set_writable(pages[i]))
        return false;
    page_state[i] = PAGE_FREE;
    return true;
}

static unsigned int each_page(bool (*fn)(unsigned int i), unsigned int nr)
{
    unsigned int done = 0;

    for (unsigned int i = NR_PAGES; i-- && done < nr;)
        done += fn(i);
    return done;
}

unsigned int os_balloon_give(unsigned int nr)
{
    return each_page(page_give, nr);
}

unsigned int os_balloon_take(unsigned int nr)
{
    return each_page(page_take, nr);
}

/* ---- Grants ----------------------------------------------------------- */

#define NR_GRANTS (PAGE_SIZE / sizeof(struct grant_entry_v1))

static struct grant_entry_v1 grants[NR_GRANTS] __attribute__((aligned(4096)));

/* The grant table's one frame comes in place of a page of ours. */
void bare_open(void)
{
    uint64_t frame = 0;
    struct gnttab_setup_table setup = {
        .dom = DOMID_SELF, .nr_frames = 1, .frame_list = (uint64_t)&frame};
    long rc;

    rc =
        hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, &setup, 1);
    REQUIRE("the_grant_table_is_there", !rc && setup.status == GNTST_okay);
    rc = update_va_mapping((uint64_t)grants, make_pte(frame, PTE_PAGE_RW),
                           UVMF_INVLPG);
    REQUIRE("the_grant_table_is_mapped", rc == 0);
}

int os_grant(domid_t to, void *page, bool readonly, grant_ref_t *ref_out)
{
    for (grant_ref_t ref = GNTTAB_NR_RESERVED_ENTRIES; ref < NR_GRANTS; ref++) {
        if (READ_ONCE(grants[ref].flags))
            continue;
        grants[ref].domid = to;
        grants[ref].frame = (uint32_t)va_to_mfn(page);
        __atomic_store_n(
            &grants[ref].flags,
            (uint16_t)(GTF_permit_access | (readonly ? GTF_readonly : 0)),
            __ATOMIC_RELEASE);
        *ref_out = ref;
        return 0;
    }
    return -XEN_ENOSPC;
}

int os_grant_end(grant_ref_t ref)
{
    uint16_t flags = READ_ONCE(grants[ref].flags);

    do
        if (flags & (GTF_reading | GTF_writing))
            return -XEN_EBUSY;
    while (!__atomic_compare_exchange_n(&grants[ref].flags, &flags, 0, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    return 0;
}
