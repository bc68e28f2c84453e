/* SPDX-License-Identifier: MIT */
/*
 * Pages for tests to play with: a pool in the kernel's image, mapped from the
 * start, 4 KiB each.
 */
#include "domain.h"
#include "internal.h"

#define POOL_PAGES 320
#define GUEST_POOL_PAGES                                                       \
    64 /* of them, in a domain that domain_build() built                       \
        */

/* guest.lds puts it at the end of the image. */
static uint8_t pool[POOL_PAGES][PAGE_SIZE]
    __attribute__((aligned(4096), section(".bss.pool")));
static bool in_use[POOL_PAGES];

void *pool_end_of_guest(void)
{
    return pool[GUEST_POOL_PAGES];
}

void *page_alloc(void)
{
    unsigned int nr = mailbox ? GUEST_POOL_PAGES : POOL_PAGES;

    for (unsigned int i = 0; i < nr; i++) {
        if (in_use[i])
            continue;
        in_use[i] = true;
        memset(pool[i], 0, PAGE_SIZE);
        return pool[i];
    }
    REQUIRE("the_page_pool_is_large_enough", false);
}

void page_free(void *page)
{
    long rc = page_set_writable(page);

    if (rc)
        CHECK_EQ("a_freed_page_is_writable_again", rc, 0);
    else
        in_use[((uint8_t *)page - pool[0]) / PAGE_SIZE] = false;
}
