/* SPDX-License-Identifier: MIT */
/*
 * Pages that are granted to this domain itself, through gntalloc. gntdev looks
 * up the frame of any other page for each copy, which in a paravirtualized
 * kernel takes some three times what the copy itself does.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/gntdev.h"
#include "pv/text.h"

static uint8_t *granted;
static unsigned int nr_granted;
static grant_ref_t *refs;

static domid_t own_domid(void)
{
    uint64_t domid = 0;
    char text[24];

    if (!os_store_read(OS_STORE_NONE, "domid", text, sizeof(text)))
        text_to_u64(text, &domid);
    return (domid_t)domid;
}

/* Whether a domain may copy by grants to itself is the hypervisor's to say. */
static int try_copy(void)
{
    const struct os_copy copy = {
        .ref = refs[0], .size = 8, .local = granted + OS_PAGE_SIZE};

    return os_grants_copy(DOMID_SELF, &copy, 1);
}

/* The mapping keeps the pages, and the grants with them. */
static int grant_pages(unsigned int nr, void **pages_out)
{
    int fd = gntalloc_open(), rc;

    if (fd < 0)
        return fd;
    rc = gntalloc_map(fd, own_domid(), nr, true, refs, pages_out);
    close(fd);
    if (rc)
        return rc;
    granted = *pages_out;
    nr_granted = nr;
    rc = try_copy();
    if (rc) {
        gntalloc_unmap(granted, nr);
        nr_granted = 0;
    }
    return rc;
}

void *port_copy_pages(unsigned int nr)
{
    void *pages;
    int rc;

    refs = calloc(nr, sizeof(*refs));
    if (!refs)
        return NULL;
    rc = grant_pages(nr, &pages);
    if (!rc)
        return pages;
    os_log("no pages with grants (%s): copies take longer", strerror(-rc));
    free(refs);
    return os_pages_alloc(nr);
}

bool port_own_grant(const void *at, grant_ref_t *ref_out)
{
    size_t page = ((uintptr_t)at - (uintptr_t)granted) / OS_PAGE_SIZE;

    if (page >= nr_granted)
        return false;
    *ref_out = refs[page];
    return true;
}
