/* SPDX-License-Identifier: MIT */
/* Memory that a guest that is a process can grant: pages of the file that
 * host_xen.c speaks of. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/gntdev.h"
#include "ports/linux_user/internal.h"

#define NR_PAGES 4096U

static uint8_t *memory;
static bool used[NR_PAGES];

int port_grants_open(void)
{
    int fd = gntdev_open();

    if (fd < 0 || ftruncate(fd, (off_t)NR_PAGES * OS_PAGE_SIZE))
        return -1;
    memory = mmap(NULL, (size_t)NR_PAGES * OS_PAGE_SIZE, PROT_READ | PROT_WRITE,
                  MAP_SHARED, fd, 0);
    return memory == MAP_FAILED ? -1 : 0;
}

void *os_alloc(size_t size)
{
    return calloc(1, size);
}

void os_free(void *at, size_t size)
{
    (void)size;
    free(at);
}

void *os_pages_alloc(unsigned int nr)
{
    for (unsigned int page = 0; page + nr <= NR_PAGES; page++) {
        unsigned int run = 0;

        while (run < nr && !used[page + run])
            run++;
        if (run < nr)
            continue;
        memset(used + page, 1, nr);
        memset(memory + (size_t)page * OS_PAGE_SIZE, 0,
               (size_t)nr * OS_PAGE_SIZE);
        return memory + (size_t)page * OS_PAGE_SIZE;
    }
    return NULL;
}

void os_pages_free(void *pages, unsigned int nr)
{
    memset(used + ((uint8_t *)pages - memory) / OS_PAGE_SIZE, 0, nr);
}

int os_grant(domid_t to, void *page, bool readonly, grant_ref_t *ref_out)
{
    (void)to, (void)readonly;
    *ref_out = (grant_ref_t)(((uint8_t *)page - memory) / OS_PAGE_SIZE);
    return 0;
}

int os_grant_end(grant_ref_t ref)
{
    (void)ref;
    return 0;
}
