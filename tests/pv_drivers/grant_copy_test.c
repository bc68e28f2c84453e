/* SPDX-License-Identifier: MIT */
/* How xen-netd and xen-blkd ask gntdev for copies: by grants of their own pages
 * where they have such, else by addresses. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/gntdev.h"
#include "ports/linux_user/internal.h"

#include <xen/gntdev.h>

#define NR_PAGES  3U
#define FIRST_REF 100U
#define GUEST     7U

/* ---- The kernel -------------------------------------------------------- */

static bool has_gntalloc, refuses_self;
static struct gntdev_grant_copy_segment asked[4];
static unsigned int nr_asked, granted_to;

int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_ioctl(int fd, unsigned long request, ...)
{
    struct ioctl_gntdev_grant_copy *arg;
    va_list args;

    va_start(args, request);
    arg = va_arg(args, struct ioctl_gntdev_grant_copy *);
    va_end(args);
    (void)fd;
    assert_int_equal(request, IOCTL_GNTDEV_GRANT_COPY);
    assert_in_range(arg->count, 1, 4);
    nr_asked = arg->count;
    memcpy(asked, arg->segments, arg->count * sizeof(asked[0]));
    for (unsigned int i = 0; i < arg->count; i++)
        arg->segments[i].status =
            refuses_self ? GNTST_permission_denied : GNTST_okay;
    return 0;
}

int gntdev_open(void)
{
    return 3;
}

int gntdev_map(int fd, uint16_t domid, const uint32_t *list, size_t nr,
               bool writable, void **address_out)
{
    (void)fd, (void)domid, (void)list, (void)nr, (void)writable;
    (void)address_out;
    return -ENOSYS;
}

int gntdev_unmap(int fd, void *address, size_t nr)
{
    (void)fd, (void)address, (void)nr;
    return -ENOSYS;
}

int gntalloc_open(void)
{
    return has_gntalloc ? dup(1) : -ENOENT;
}

int gntalloc_map(int fd, uint16_t domid, size_t nr, bool writable,
                 uint32_t *refs_out, void **address_out)
{
    (void)fd;
    assert_true(writable);
    granted_to = domid;
    for (uint32_t i = 0; i < nr; i++)
        refs_out[i] = FIRST_REF + i;
    *address_out = os_pages_alloc((unsigned int)nr);
    return *address_out ? 0 : -ENOMEM;
}

int gntalloc_unmap(void *address, size_t nr)
{
    os_pages_free(address, (unsigned int)nr);
    return 0;
}

int os_store_read(uint32_t transaction, const char *path, char *value,
                  size_t size)
{
    assert_int_equal(transaction, OS_STORE_NONE);
    assert_string_equal(path, "domid");
    snprintf(value, size, "5");
    return 0;
}

void os_log(const char *fmt, ...)
{
    (void)fmt;
}

/* ---- Tests ------------------------------------------------------------- */

static const uint8_t *ours(void *pages, unsigned int page, unsigned int offset)
{
    return (uint8_t *)pages + page * OS_PAGE_SIZE + offset;
}

static void copy(const uint8_t *local, bool to_grant)
{
    const struct os_copy one = {.ref = 9,
                                .offset = 16,
                                .size = 32,
                                .to_grant = to_grant,
                                .local = (void *)local};

    assert_int_equal(os_grants_copy(GUEST, &one, 1), 0);
    assert_int_equal(nr_asked, 1);
    assert_int_equal(asked[0].len, 32);
}

static void without_gntalloc_by_address(void **state)
{
    uint8_t *pages;

    (void)state;
    has_gntalloc = false;
    pages = port_copy_pages(NR_PAGES);
    assert_non_null(pages);
    copy(ours(pages, 1, 8), true);
    assert_int_equal(asked[0].flags, GNTCOPY_dest_gref);
    assert_ptr_equal(asked[0].source.virt, ours(pages, 1, 8));
    os_pages_free(pages, NR_PAGES);
}

static void where_it_is_refused_by_address(void **state)
{
    uint8_t *pages;

    (void)state;
    has_gntalloc = refuses_self = true;
    pages = port_copy_pages(NR_PAGES);
    refuses_self = false;
    assert_non_null(pages);
    copy(ours(pages, 0, 0), false);
    assert_int_equal(asked[0].flags, GNTCOPY_source_gref);
    assert_ptr_equal(asked[0].dest.virt, ours(pages, 0, 0));
    os_pages_free(pages, NR_PAGES);
}

static void own_pages_by_grant(void **state)
{
    uint8_t *pages, other[64];

    (void)state;
    has_gntalloc = true;
    pages = port_copy_pages(NR_PAGES);
    assert_non_null(pages);
    assert_int_equal(granted_to, 5);

    copy(ours(pages, 2, 24), true);
    assert_int_equal(asked[0].flags, GNTCOPY_source_gref | GNTCOPY_dest_gref);
    assert_int_equal(asked[0].source.foreign.domid, DOMID_SELF);
    assert_int_equal(asked[0].source.foreign.ref, FIRST_REF + 2);
    assert_int_equal(asked[0].source.foreign.offset, 24);
    assert_int_equal(asked[0].dest.foreign.domid, GUEST);
    assert_int_equal(asked[0].dest.foreign.ref, 9);
    assert_int_equal(asked[0].dest.foreign.offset, 16);

    copy(ours(pages, 0, 4000), false);
    assert_int_equal(asked[0].flags, GNTCOPY_source_gref | GNTCOPY_dest_gref);
    assert_int_equal(asked[0].dest.foreign.ref, FIRST_REF);
    assert_int_equal(asked[0].dest.foreign.offset, 4000);
    assert_int_equal(asked[0].source.foreign.domid, GUEST);

    /* What is not among them. */
    copy(other, true);
    assert_int_equal(asked[0].flags, GNTCOPY_dest_gref);
    assert_ptr_equal(asked[0].source.virt, other);
    copy(ours(pages, NR_PAGES, 0), true);
    assert_int_equal(asked[0].flags, GNTCOPY_dest_gref);
    copy(ours(pages, 0, 0) - 1, true);
    assert_int_equal(asked[0].flags, GNTCOPY_dest_gref);
    os_pages_free(pages, NR_PAGES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_gntalloc_by_address),
        cmocka_unit_test(where_it_is_refused_by_address),
        cmocka_unit_test(own_pages_by_grant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
