/* SPDX-License-Identifier: MIT */
/* Grant tables, version 1: a domain that grants pages to itself. */
#include "public/grant_table.h"

#include "guest.h"

#define NR_FRAMES   2
#define NR_ENTRIES  (NR_FRAMES * PAGE_SIZE / sizeof(struct grant_entry_v1))
#define UNUSED_REF  500
#define HUGE_HANDLE 0x7fffffff
#define ANY_ERROR   1 /* a status: the ABI does not say which one */

static volatile struct grant_entry_v1 *table;
static uint64_t *granted; /* page behind entry 8 */
static uint64_t *window;  /* address to map it at */

static long grant_op(unsigned int cmd, void *arg, unsigned int nr)
{
    return hypercall(__HYPERVISOR_grant_table_op, cmd, arg, nr);
}

static void set_entry(grant_ref_t ref, uint16_t flags, domid_t domid,
                      uint64_t mfn)
{
    table[ref].flags = 0;
    barrier();
    table[ref].domid = domid;
    table[ref].frame = (uint32_t)mfn;
    barrier();
    table[ref].flags = flags;
    barrier();
}

static void test_setup(void)
{
    static uint8_t pages[NR_FRAMES][PAGE_SIZE] __attribute__((aligned(4096)));
    uint64_t frames[NR_FRAMES] = {0, 0};
    struct gnttab_setup_table op = {.dom = DOMID_SELF,
                                    .nr_frames = NR_FRAMES,
                                    .frame_list = (uint64_t)frames};

    CHECK_EQ("setup_table", grant_op(GNTTABOP_setup_table, &op, 1), 0);
    CHECK_EQ("setup_table_status", op.status, GNTST_okay);
    for (unsigned int i = 0; i < NR_FRAMES; i++)
        CHECK_EQ("map_the_table",
                 update_va_mapping((uint64_t)pages[i],
                                   make_pte(frames[i], PTE_PAGE_RW),
                                   UVMF_INVLPG),
                 0);
    table = (volatile struct grant_entry_v1 *)pages;
    op.nr_frames = 100000;
    CHECK_EQ("setup_table_of_huge_size", grant_op(GNTTABOP_setup_table, &op, 1),
             0);
    CHECK_EQ("setup_table_of_huge_size_status", (int16_t)op.status,
             GNTST_general_error);
    op.nr_frames = 1;
    op.dom = 0x1234;
    grant_op(GNTTABOP_setup_table, &op, 1);
    CHECK_EQ("setup_table_of_nobody_status", (int16_t)op.status,
             GNTST_bad_domain);
    CHECK_EQ("setup_table_from_nowhere",
             grant_op(GNTTABOP_setup_table, (void *)0x10, 1), -XEN_EFAULT);
    CHECK_EQ("setup_table_of_two", grant_op(GNTTABOP_setup_table, &op, 2),
             -XEN_EINVAL);
}

static void test_query(void)
{
    struct gnttab_query_size size = {.dom = DOMID_SELF};
    struct gnttab_get_version version = {.dom = DOMID_SELF};

    CHECK_EQ("query_size", grant_op(GNTTABOP_query_size, &size, 1), 0);
    CHECK_EQ("query_size_status", size.status, GNTST_okay);
    CHECK("query_size_knows_the_frames", size.nr_frames >= NR_FRAMES);
    CHECK_EQ("query_size_maximum", size.max_nr_frames, 64);
    CHECK_EQ("get_version", grant_op(GNTTABOP_get_version, &version, 1), 0);
    CHECK_EQ("version_1_at_the_start", version.version, 1);
}

static void map_args(struct gnttab_map_grant_ref *op, uint64_t host_addr,
                     uint32_t flags, grant_ref_t ref)
{
    memset(op, 0, sizeof(*op));
    op->host_addr = host_addr;
    op->flags = flags;
    op->ref = ref;
    op->dom = 0;
    op->status = 99;
}

/* Map and return the status. */
static int map(struct gnttab_map_grant_ref *op)
{
    CHECK_EQ("map_call", grant_op(GNTTABOP_map_grant_ref, op, 1), 0);
    return op->status;
}

static int unmap(uint64_t host_addr, grant_handle_t handle)
{
    struct gnttab_unmap_grant_ref op = {
        .host_addr = host_addr, .handle = handle, .status = 99};

    CHECK_EQ("unmap_call", grant_op(GNTTABOP_unmap_grant_ref, &op, 1), 0);
    return op.status;
}

static void test_map(void)
{
    struct gnttab_map_grant_ref op;

    uint64_t *other = page_alloc();

    page_unmap(window);
    set_entry(8, GTF_permit_access, 0, va_to_mfn(granted));
    granted[5] = 0x1234;
    map_args(&op, (uint64_t)window, GNTMAP_host_map, 8);
    CHECK_EQ("map", map(&op), GNTST_okay);
    CHECK_EQ("mapping_shows_the_page", READ_ONCE(window[5]), 0x1234);
    WRITE_ONCE(window[6], 77);
    CHECK_EQ("mapping_is_writable", READ_ONCE(granted[6]), 77);
    CHECK_EQ("entry_says_reading_and_writing",
             table[8].flags & (GTF_reading | GTF_writing),
             GTF_reading | GTF_writing);
    CHECK_EQ("unmap_of_another_address", unmap((uint64_t)other, op.handle),
             GNTST_general_error);
    CHECK_EQ("mapping_survives_that", READ_ONCE(window[5]), 0x1234);
    CHECK_EQ("unmap", unmap((uint64_t)window, op.handle), GNTST_okay);
    CHECK_EQ("page_is_gone", try_read((uint64_t)window), TRAP_PF);
    CHECK_EQ("entry_is_idle", table[8].flags & (GTF_reading | GTF_writing), 0);
    CHECK_EQ("unmap_twice", unmap((uint64_t)window, op.handle),
             GNTST_bad_handle);
    CHECK_EQ("unmap_of_a_huge_handle", unmap((uint64_t)window, HUGE_HANDLE),
             GNTST_bad_handle);
    CHECK_EQ("unmap_of_handle_minus_one", unmap((uint64_t)window, ~0U),
             GNTST_bad_handle);
    page_free(other);
}

static void test_readonly(void)
{
    struct gnttab_map_grant_ref op;

    set_entry(9, GTF_permit_access | GTF_readonly, 0, va_to_mfn(granted));
    map_args(&op, (uint64_t)window, GNTMAP_host_map, 9);
    CHECK("readonly_grant_is_not_mapped_writable", map(&op) < 0);
    map_args(&op, (uint64_t)window, GNTMAP_host_map | GNTMAP_readonly, 9);
    CHECK_EQ("map_readonly", map(&op), GNTST_okay);
    CHECK_EQ("readonly_mapping_is_readonly", try_write((uint64_t)window, 1),
             TRAP_PF);
    CHECK_EQ("entry_says_reading", table[9].flags & (GTF_reading | GTF_writing),
             GTF_reading);
    CHECK_EQ("unmap_readonly", unmap((uint64_t)window, op.handle), GNTST_okay);
}

static void check_map(const char *name, uint64_t host_addr, uint32_t flags,
                      grant_ref_t ref, int status)
{
    struct gnttab_map_grant_ref op;

    map_args(&op, host_addr, flags, ref);
    if (status == ANY_ERROR)
        CHECK(name, map(&op) < 0);
    else
        CHECK_EQ(name, (long)map(&op), (long)status);
}

static void test_bad_maps(void)
{
    uint64_t va = (uint64_t)window;
    struct gnttab_map_grant_ref op;

    check_map("map_of_an_unused_entry", va, GNTMAP_host_map, UNUSED_REF,
              GNTST_general_error);
    check_map("map_of_an_entry_behind_the_table", va, GNTMAP_host_map,
              NR_ENTRIES * 100, GNTST_bad_gntref);
    check_map("map_of_a_huge_entry", va, GNTMAP_host_map, ~0U,
              GNTST_bad_gntref);
    check_map("map_of_nothing", va, 0, 8, GNTST_bad_gntref);
    map_args(&op, va + 8, GNTMAP_host_map, 8);
    if (map(&op) == GNTST_okay)
        CHECK_EQ("unmap_of_an_odd_address", unmap(va, op.handle), GNTST_okay);

    check_map("map_in_the_hypervisor", HYPERVISOR_VIRT_START, GNTMAP_host_map,
              8, ANY_ERROR);
    check_map("map_where_there_is_no_table", 0x555500000000, GNTMAP_host_map, 8,
              ANY_ERROR);
    set_entry(10, GTF_permit_access, 0x1234, va_to_mfn(granted));
    check_map("map_of_a_grant_for_another_domain", va, GNTMAP_host_map, 10,
              GNTST_general_error);
    set_entry(11, GTF_permit_access, 0, 0x7fffffff);
    check_map("map_of_a_frame_beyond_memory", va, GNTMAP_host_map, 11,
              ANY_ERROR);
    set_entry(11, GTF_permit_access, 0, 0x200);
    check_map("map_of_a_hypervisor_frame", va, GNTMAP_host_map, 11, ANY_ERROR);
    set_entry(11, GTF_permit_access, 0, va_to_mfn(boot_l4()));
    check_map("map_of_a_table_in_use", va, GNTMAP_host_map, 11, ANY_ERROR);
    map_args(&op, va, GNTMAP_host_map, 8);
    op.dom = 0x1234;
    CHECK_EQ("map_of_nobodys_grant", (long)map(&op), (long)GNTST_bad_domain);
    CHECK_EQ("map_from_nowhere",
             grant_op(GNTTABOP_map_grant_ref, (void *)0x10, 1), -XEN_EFAULT);
    CHECK("map_of_a_huge_count",
          grant_op(GNTTABOP_map_grant_ref, (void *)HYPERVISOR_VIRT_START, ~0U) <
              0);
}

/* The entry of a table is named instead of an address. */
static void test_contains_pte(void)
{
    uint64_t at = pte_maddr((uint64_t)window, 1);
    uint32_t flags = GNTMAP_host_map | GNTMAP_contains_pte;
    struct gnttab_map_grant_ref op;

    page_unmap(window);
    map_args(&op, at, flags, 8);
    CHECK_EQ("map_by_entry", map(&op), GNTST_okay);
    mmuext(MMUEXT_INVLPG_LOCAL, (uint64_t)window);
    CHECK_EQ("mapping_by_entry_shows_the_page", READ_ONCE(window[5]), 0x1234);
    CHECK_EQ("unmap_by_another_entry", unmap(at + 8, op.handle),
             GNTST_general_error);
    CHECK_EQ("unmap_by_entry", unmap(at, op.handle), GNTST_okay);
    check_map("map_by_an_odd_entry", at + 4, flags, 8, GNTST_general_error);
    check_map("map_by_an_entry_that_is_no_table",
              va_to_mfn(granted) << PAGE_SHIFT, flags, 8, GNTST_general_error);
    check_map("map_by_an_entry_of_the_l4", va_to_mfn(boot_l4()) << PAGE_SHIFT,
              flags, 8, GNTST_general_error);
    check_map("map_by_an_entry_in_the_hypervisor", 0x200000, flags, 8,
              GNTST_general_error);
    check_map("map_by_an_entry_beyond_memory", 0x7fffffffff000, flags, 8,
              GNTST_general_error);
}

/* The guest overwrites the entry that a grant was mapped by. */
static void test_replaced_entry(void)
{
    struct gnttab_map_grant_ref op;
    uint64_t va = (uint64_t)window;

    map_args(&op, va, GNTMAP_host_map, 8);
    CHECK_EQ("map_to_be_replaced", map(&op), GNTST_okay);
    CHECK_EQ("replace_the_mapping", page_set_writable(window), 0);
    CHECK_EQ("unmap_of_a_replaced_mapping", unmap(va, op.handle),
             GNTST_general_error);
}

static int copy(struct gnttab_copy *op)
{
    op->status = 99;
    CHECK_EQ("copy_call", grant_op(GNTTABOP_copy, op, 1), 0);
    return op->status;
}

static void test_copy(void)
{
    uint64_t *to = page_alloc();
    struct gnttab_copy op = {
        .source = {.u.ref = 8, .domid = 0, .offset = 40},
        .dest = {.u.gmfn = va_to_mfn(to), .domid = DOMID_SELF, .offset = 80},
        .len = 8,
        .flags = GNTCOPY_source_gref,
    };

    CHECK_EQ("copy", copy(&op), GNTST_okay);
    CHECK_EQ("copied", READ_ONCE(to[10]), 0x1234);
    op.len = 4096;
    CHECK_EQ("copy_beyond_the_page", (long)copy(&op), (long)GNTST_bad_copy_arg);
    op.len = 8;
    op.source.offset = 4096;
    CHECK_EQ("copy_from_behind_the_page", (long)copy(&op),
             (long)GNTST_bad_copy_arg);
    op.source.offset = 65535;
    op.len = 65535;
    CHECK_EQ("copy_of_huge_size", (long)copy(&op), (long)GNTST_bad_copy_arg);
    op.source.offset = 0;
    op.len = 8;
    op.dest.u.gmfn = 0x7fffffffff;
    CHECK("copy_to_beyond_memory", copy(&op) < 0);
    op.dest.u.gmfn = 0x200;
    CHECK("copy_to_the_hypervisor", copy(&op) < 0);
    op.dest.u.gmfn = va_to_mfn(boot_l4());
    CHECK("copy_to_a_table_in_use", copy(&op) < 0);
    op.dest.u.gmfn = va_to_mfn(to);
    op.source.u.ref = UNUSED_REF;
    CHECK("copy_from_an_unused_entry", copy(&op) < 0);
    op.source.u.ref = ~0U;
    CHECK("copy_from_a_huge_entry", copy(&op) < 0);
    op.source.u.ref = 8;
    op.source.domid = 0x1234;
    CHECK_EQ("copy_from_nobody", (long)copy(&op), (long)GNTST_bad_domain);
    CHECK_EQ("copy_from_nowhere", grant_op(GNTTABOP_copy, (void *)0x10, 1),
             -XEN_EFAULT);
    page_free(to);
}

/* A page that is mapped by a grant cannot become a table. */
static void test_granted_page_as_table(void)
{
    struct gnttab_map_grant_ref op;

    map_args(&op, (uint64_t)window, GNTMAP_host_map, 8);
    CHECK_EQ("map_for_a_table", map(&op), GNTST_okay);
    page_set_readonly(granted);
    CHECK_EQ("pin_of_a_page_mapped_by_a_grant",
             mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(granted)), -XEN_EINVAL);
    CHECK_EQ("unmap_for_a_table", unmap((uint64_t)window, op.handle),
             GNTST_okay);
    page_set_writable(granted);
}

static void test_versions(void)
{
    struct gnttab_set_version op = {.version = 3};

    CHECK_EQ("version_3", grant_op(GNTTABOP_set_version, &op, 1), -XEN_EINVAL);
    op.version = 1;
    CHECK_EQ("version_1", grant_op(GNTTABOP_set_version, &op, 1), 0);
    CHECK_EQ("unknown_grant_operation", grant_op(99, &op, 1), -XEN_ENOSYS);
}

static void test_transfer(void)
{
    struct gnttab_transfer op = {
        .mfn = va_to_mfn(granted), .domid = 0x1234, .ref = 8, .status = 99};
    long rc = grant_op(GNTTABOP_transfer, &op, 1);

    CHECK("transfer_to_nobody_is_refused",
          rc == -XEN_ENOSYS || (rc == 0 && op.status < 0));
}

void test_main(void)
{
    granted = page_alloc();
    window = page_alloc();
    test_setup();
    test_query();
    test_map();
    test_readonly();
    test_bad_maps();
    test_contains_pte();
    test_copy();
    test_granted_page_as_table();
    test_versions();
    test_transfer();
    test_replaced_entry();
}
