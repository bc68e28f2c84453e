/* SPDX-License-Identifier: MIT */
/* Memory of the process, and grants of other domains through gntdev. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/gntdev.h"

static int fd = -1;

int port_grants_open(void)
{
    fd = gntdev_open();
    return fd < 0 ? fd : 0;
}

void *os_alloc(size_t size)
{
    return calloc(1, size);
}

void os_free(void *memory, size_t size)
{
    (void)size;
    free(memory);
}

void *os_pages_alloc(unsigned int nr)
{
    void *pages = aligned_alloc(OS_PAGE_SIZE, (size_t)nr * OS_PAGE_SIZE);

    if (pages)
        memset(pages, 0, (size_t)nr * OS_PAGE_SIZE);
    return pages;
}

void os_pages_free(void *pages, unsigned int nr)
{
    (void)nr;
    free(pages);
}

int os_grants_map(domid_t of, const grant_ref_t refs[], unsigned int nr,
                  bool readonly, void **pages_out)
{
    return gntdev_map(fd, of, refs, nr, !readonly, pages_out);
}

void os_grants_unmap(void *pages, unsigned int nr)
{
    int rc = gntdev_unmap(fd, pages, nr);

    if (rc)
        os_log("gntdev: unmap: %s", strerror(-rc));
}

int os_grants_copy(domid_t of, const struct os_copy copies[], unsigned int nr)
{
    int rc = 0;

    while (nr && !rc) {
        unsigned int some = nr < PORT_MAX_COPIES ? nr : PORT_MAX_COPIES;

        rc = port_grants_copy(fd, of, copies, some);
        copies += some;
        nr -= some;
    }
    return rc;
}
