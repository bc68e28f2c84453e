/* SPDX-License-Identifier: MIT */
/*
 * Grants between domains: the control domain maps and copies what a guest
 * grants and what it does not, the guest what the control domain grants; either
 * dies first; both at once on several vcpus.
 */
#include "domain.h"

#define NO_DOMAIN   0x1234
#define REF         20
#define OTHER_REF   21
#define FREE_REF    22
#define STORM_MS    1500
#define ANY_ERROR   1    /* a status: the ABI does not say which one */
#define MAX_HANDLES 1024 /* of 4 frames */

/* References to one page: an entry may limit how often it is mapped. */
#define FIRST_OF_MANY 40
#define NR_MANY       20

/* mailbox->word[] */
#define MFN    0
#define RESULT 1
#define FLAGS  2
#define STOP   3
#define ROUNDS 4

static struct domain guest, other;
static volatile struct grant_entry_v1 *guest_table, *own_table;

/* ---- grant tables ------------------------------------------------------ */

/* A frame of another domain's table, as a toolstack gets it. */
static long acquire(domid_t domid, uint32_t id, uint64_t frame,
                    uint64_t *mfn_out)
{
    struct xen_mem_acquire_resource op = {.domid = domid,
                                          .type = XENMEM_resource_grant_table,
                                          .id = id,
                                          .frame = frame,
                                          .nr_frames = 1,
                                          .frame_list = (uint64_t)mfn_out};

    return memory_op(XENMEM_acquire_resource, &op);
}

static void *map_table(domid_t domid, uint32_t id)
{
    uint64_t mfn = 0;
    void *table;

    REQUIRE("acquire_the_table", acquire(domid, id, 0, &mfn) == 0);
    table = map_foreign(domid, mfn, PTE_PAGE_RW);
    REQUIRE("map_the_table", table);
    return table;
}

static void seed(volatile struct grant_entry_v1 *table, grant_ref_t ref,
                 uint16_t flags, domid_t domid, uint64_t mfn)
{
    table[ref].flags = 0;
    barrier();
    table[ref].domid = domid;
    table[ref].frame = (uint32_t)mfn;
    barrier();
    table[ref].flags = flags;
    barrier();
}

static void setup_own_table(void)
{
    uint64_t frame = 0;
    struct gnttab_setup_table op = {
        .dom = DOMID_SELF, .nr_frames = 1, .frame_list = (uint64_t)&frame};
    void *page = page_alloc();

    REQUIRE("setup_table", grant_op(GNTTABOP_setup_table, &op, 1) == 0 &&
                               op.status == GNTST_okay);
    REQUIRE("map_own_table",
            update_va_mapping((uint64_t)page, make_pte(frame, PTE_PAGE_RW),
                              UVMF_INVLPG) == 0);
    own_table = page;
}

static void test_resource(void)
{
    uint64_t mfn = 0;
    struct xen_mem_acquire_resource op = {.domid = guest.id,
                                          .type = XENMEM_resource_grant_table};

    CHECK_EQ("how_many_frames", memory_op(XENMEM_acquire_resource, &op), 0);
    CHECK_EQ("frames_of_the_table", op.nr_frames, 4);
    CHECK_EQ("acquire_of_nobody", acquire(NO_DOMAIN, 0, 0, &mfn), -XEN_ESRCH);
    CHECK_EQ("acquire_beyond_the_limit", acquire(guest.id, 0, 4, &mfn),
             -XEN_EINVAL);
    CHECK_EQ("acquire_an_unknown_table", acquire(guest.id, 2, 0, &mfn),
             -XEN_EINVAL);
    CHECK_EQ("acquire_to_nowhere", acquire(guest.id, 0, 0, (uint64_t *)0x10),
             -XEN_EFAULT);
    op.type = 99;
    op.nr_frames = 1;
    op.frame_list = (uint64_t)&mfn;
    CHECK_EQ("acquire_an_unknown_resource",
             memory_op(XENMEM_acquire_resource, &op), -XEN_EOPNOTSUPP);
}

/* ---- map and unmap ----------------------------------------------------- */

static int map_at(void *page, domid_t domid, grant_ref_t ref, uint32_t flags,
                  grant_handle_t *handle_out)
{
    struct gnttab_map_grant_ref op = {.host_addr = (uint64_t)page,
                                      .flags = flags,
                                      .ref = ref,
                                      .dom = domid,
                                      .status = 99};
    long rc = grant_op(GNTTABOP_map_grant_ref, &op, 1);

    if (rc)
        CHECK_EQ("map_call", rc, 0);
    *handle_out = op.handle;
    return op.status;
}

static int unmap(void *page, grant_handle_t handle)
{
    struct gnttab_unmap_grant_ref op = {
        .host_addr = (uint64_t)page, .handle = handle, .status = 99};
    long rc = grant_op(GNTTABOP_unmap_grant_ref, &op, 1);

    if (rc)
        CHECK_EQ("unmap_call", rc, 0);
    return op.status;
}

static void check_status(const char *name, int status, int expected)
{
    if (expected == ANY_ERROR)
        CHECK(name, status < 0);
    else
        CHECK_EQ(name, (long)status, (long)expected);
}

/* Map, expect a status, undo it. */
static void check_map(const char *name, grant_ref_t ref, uint32_t flags,
                      int status)
{
    uint64_t *window = page_alloc();
    grant_handle_t handle;
    int got;

    page_unmap(window);
    got = map_at(window, guest.id, ref, flags, &handle);
    check_status(name, got, status);
    if (got == GNTST_okay)
        unmap(window, handle);
    page_free(window);
}

/* ---- guest side: its page ---------------------------------------------- */

static void make_page(void)
{
    uint64_t *page = page_alloc();

    page[5] = 0x1234;
    mailbox->word[MFN] = va_to_mfn(page);
}

static void read_page(void)
{
    uint64_t *page = mfn_to_va(mailbox->word[MFN]);

    mailbox->word[RESULT] = page[6];
}

static void unmap_anothers_handle(void)
{
    uint64_t *page = page_alloc();

    for (grant_handle_t handle = 0; handle < 8; handle++)
        CHECK_EQ("guest_does_not_unmap_anothers_handle",
                 (long)unmap(page, handle), (long)GNTST_bad_handle);
    page_free(page);
}

static void test_map(void)
{
    uint64_t *window = page_alloc(), mfn;
    grant_handle_t handle;

    domain_run(&guest, make_page);
    mfn = guest.mailbox->word[MFN];
    page_unmap(window);
    seed(guest_table, REF, GTF_permit_access, 0, mfn);
    CHECK_EQ("map", map_at(window, guest.id, REF, GNTMAP_host_map, &handle),
             GNTST_okay);
    CHECK_EQ("mapping_shows_the_page", READ_ONCE(window[5]), 0x1234);
    WRITE_ONCE(window[6], 0x66);
    domain_run(&guest, read_page);
    CHECK_EQ("guest_sees_what_was_written", guest.mailbox->word[RESULT], 0x66);
    CHECK_EQ("entry_is_in_use",
             guest_table[REF].flags & (GTF_reading | GTF_writing),
             GTF_reading | GTF_writing);
    domain_run(&guest, unmap_anothers_handle);
    CHECK_EQ("mapping_is_still_there", READ_ONCE(window[6]), 0x66);
    guest_table[REF].flags = 0;
    CHECK_EQ("mapping_survives_a_revocation", READ_ONCE(window[6]), 0x66);
    CHECK_EQ("unmap_after_a_revocation", unmap(window, handle), GNTST_okay);
    CHECK_EQ("unmap_twice", (long)unmap(window, handle),
             (long)GNTST_bad_handle);
    CHECK_EQ("window_is_empty", try_read((uint64_t)window), TRAP_PF);
    page_free(window);
}

static void test_bad_maps(void)
{
    uint64_t mfn = guest.mailbox->word[MFN];
    uint32_t rw = GNTMAP_host_map, ro = GNTMAP_host_map | GNTMAP_readonly;

    check_map("map_what_is_not_granted", FREE_REF, rw, GNTST_general_error);
    check_map("map_an_entry_behind_the_table", 100000, rw, GNTST_bad_gntref);
    seed(guest_table, REF, GTF_permit_access, other.id, mfn);
    check_map("map_what_is_granted_to_another", REF, rw, GNTST_general_error);
    seed(guest_table, REF, GTF_permit_access | GTF_readonly, 0, mfn);
    check_map("map_readonly_grant_writable", REF, rw, GNTST_general_error);
    check_map("map_readonly_grant_readonly", REF, ro, GNTST_okay);
    seed(guest_table, REF, GTF_accept_transfer, 0, mfn);
    check_map("map_a_transfer", REF, rw, GNTST_general_error);
    seed(guest_table, REF, GTF_permit_access, 0, va_to_mfn(boot_l4()));
    check_map("map_a_frame_of_the_mapper", REF, ro, ANY_ERROR);
    seed(guest_table, REF, GTF_permit_access, 0, other.mfn[300]);
    check_map("map_a_frame_of_a_third_domain", REF, rw, ANY_ERROR);
    seed(guest_table, REF, GTF_permit_access, 0, 0x200);
    check_map("map_a_hypervisor_frame", REF, ro, ANY_ERROR);
    seed(guest_table, REF, GTF_permit_access, 0, 0x7fffffff);
    check_map("map_a_frame_beyond_memory", REF, ro, ANY_ERROR);
    seed(guest_table, REF, GTF_permit_access, 0, 0xfee00);
    check_map("map_a_device", REF, ro, ANY_ERROR);
    seed(guest_table, REF, GTF_permit_access, 0, guest.l1);
    check_map("map_a_table_writable", REF, rw, ANY_ERROR);
    check_map("map_a_table_readonly", REF, ro, GNTST_okay);
    CHECK_EQ("no_bit_is_left",
             guest_table[REF].flags & (GTF_reading | GTF_writing), 0);
}

/* ---- copy -------------------------------------------------------------- */

static int copy(struct gnttab_copy op)
{
    long rc;

    op.status = 99;
    rc = grant_op(GNTTABOP_copy, &op, 1);
    if (rc)
        CHECK_EQ("copy_call", rc, 0);
    return op.status;
}

static void test_copy(void)
{
    uint64_t *page = page_alloc();
    uint64_t mfn = guest.mailbox->word[MFN];
    struct gnttab_copy from = {
        .source = {.u.ref = REF, .domid = guest.id, .offset = 40},
        .dest = {.u.gmfn = va_to_mfn(page), .domid = DOMID_SELF, .offset = 80},
        .len = 8,
        .flags = GNTCOPY_source_gref};
    struct gnttab_copy to = {
        .source = {.u.gmfn = va_to_mfn(page), .domid = DOMID_SELF},
        .dest = {.u.ref = REF, .domid = guest.id, .offset = 48},
        .len = 8,
        .flags = GNTCOPY_dest_gref};
    struct gnttab_copy both, bad;

    seed(guest_table, REF, GTF_permit_access, 0, mfn);
    CHECK_EQ("copy_from_a_guest", copy(from), GNTST_okay);
    CHECK_EQ("copied", READ_ONCE(page[10]), 0x1234);
    page[0] = 0x4321;
    CHECK_EQ("copy_to_a_guest", copy(to), GNTST_okay);
    domain_run(&guest, read_page);
    CHECK_EQ("guest_has_it", guest.mailbox->word[RESULT], 0x4321);
    seed(guest_table, OTHER_REF, GTF_permit_access, 0, guest.mfn[300]);
    both = to;
    both.source = from.source;
    both.flags = GNTCOPY_source_gref | GNTCOPY_dest_gref;
    both.dest.u.ref = OTHER_REF;
    seed(guest_table, OTHER_REF, GTF_permit_access | GTF_readonly, 0,
         guest.mfn[guest.nr_pfns - 9]);
    CHECK_EQ("copy_to_a_readonly_grant", (long)copy(both),
             (long)GNTST_general_error);
    seed(guest_table, OTHER_REF, GTF_permit_access, 0,
         guest.mfn[guest.nr_pfns - 9]);
    CHECK_EQ("copy_from_grant_to_grant", copy(both), GNTST_okay);

    bad = from;
    bad.source.u.ref = FREE_REF;
    check_status("copy_what_is_not_granted", copy(bad), GNTST_general_error);
    bad.source.u.ref = 100000;
    check_status("copy_from_behind_the_table", copy(bad), GNTST_bad_gntref);
    bad = from;
    bad.source.domid = other.id;
    check_status("copy_of_anothers_reference", copy(bad), ANY_ERROR);
    bad = from;
    bad.source.offset = 4092;
    check_status("copy_over_the_end_of_the_source", copy(bad),
                 GNTST_bad_copy_arg);
    bad = from;
    bad.dest.offset = 4092;
    check_status("copy_over_the_end_of_the_destination", copy(bad),
                 GNTST_bad_copy_arg);
    bad = from;
    bad.flags = 0;
    bad.source.u.gmfn = mfn;
    check_status("copy_of_a_foreign_frame_without_a_grant", copy(bad),
                 GNTST_permission_denied);
    bad = to;
    bad.flags = 0;
    bad.dest.u.gmfn = mfn;
    check_status("copy_to_a_foreign_frame_without_a_grant", copy(bad),
                 GNTST_permission_denied);
    seed(guest_table, REF, GTF_permit_access, 0, guest.l1);
    check_status("copy_to_a_foreign_table", copy(to), ANY_ERROR);
    check_status("copy_from_a_foreign_table", copy(from), GNTST_okay);
    CHECK_EQ("no_bit_is_left_by_copies",
             guest_table[REF].flags & (GTF_reading | GTF_writing), 0);
    page_free(page);
}

/* ---- guest side: as the one that maps ---------------------------------- */

static void guest_maps(void)
{
    uint64_t *window = page_alloc(), *page = page_alloc();
    grant_handle_t handle;
    struct xen_mem_acquire_resource op = {.domid = 0,
                                          .type = XENMEM_resource_grant_table};
    struct gnttab_copy steal = {
        .source = {.u.gmfn = mailbox->word[MFN], .domid = 0},
        .dest = {.u.gmfn = va_to_mfn(page), .domid = DOMID_SELF},
        .len = 8};
    struct gnttab_setup_table setup = {.dom = 0, .nr_frames = 1};
    struct gnttab_query_size size = {.dom = 0};

    page_unmap(window);
    CHECK_EQ("guest_maps", map_at(window, 0, REF, GNTMAP_host_map, &handle),
             GNTST_okay);
    CHECK_EQ("guest_sees_the_page", READ_ONCE(window[1]), 0x8888);
    CHECK_EQ("guest_unmaps", unmap(window, handle), GNTST_okay);
    CHECK_EQ("guest_does_not_map_what_another_may",
             (long)map_at(window, 0, OTHER_REF, GNTMAP_host_map, &handle),
             (long)GNTST_general_error);
    CHECK_EQ("guest_does_not_map_what_nobody_may",
             (long)map_at(window, 0, FREE_REF, GNTMAP_host_map, &handle),
             (long)GNTST_general_error);
    CHECK_EQ("guest_does_not_map_of_nobody",
             (long)map_at(window, NO_DOMAIN, REF, GNTMAP_host_map, &handle),
             (long)GNTST_bad_domain);
    CHECK_EQ("guest_does_not_copy_a_foreign_frame", (long)copy(steal),
             (long)GNTST_permission_denied);
    CHECK_EQ("guest_acquires_no_resource",
             memory_op(XENMEM_acquire_resource, &op), -XEN_EPERM);
    grant_op(GNTTABOP_setup_table, &setup, 1);
    CHECK("guest_sets_up_no_other_table", setup.status < 0);
    grant_op(GNTTABOP_query_size, &size, 1);
    CHECK("guest_asks_of_no_other_table", size.status < 0);
    page_free(window);
    page_free(page);
}

/* It is destroyed with this mapping. */
static void guest_keeps_a_mapping(void)
{
    uint64_t *window = page_alloc();
    grant_handle_t handle;

    page_unmap(window);
    CHECK_EQ("guest_maps_and_keeps_it",
             map_at(window, 0, REF, GNTMAP_host_map, &handle), GNTST_okay);
}

static void test_guest_maps(void)
{
    uint64_t *page = page_alloc();

    page[1] = 0x8888;
    seed(own_table, REF, GTF_permit_access, guest.id, va_to_mfn(page));
    seed(own_table, OTHER_REF, GTF_permit_access, other.id, va_to_mfn(page));
    own_table[FREE_REF].flags = 0;
    guest.mailbox->word[MFN] = va_to_mfn(page);
    domain_run(&guest, guest_maps);
    domain_run(&guest, guest_keeps_a_mapping);
    CHECK_EQ("mapping_of_the_guest_is_seen",
             own_table[REF].flags & (GTF_reading | GTF_writing),
             GTF_reading | GTF_writing);
}

/* ---- handles ----------------------------------------------------------- */

/* One grant over and over at the same address, where each mapping is lost to
 * the next one but keeps its handle. */
static void use_up_handles(void)
{
    uint64_t *window = page_alloc();
    grant_handle_t handle;
    unsigned int nr = 0;
    int status;

    do {
        status = map_at(window, 0, FIRST_OF_MANY + nr % NR_MANY,
                        GNTMAP_host_map, &handle);
    } while (status == GNTST_okay && ++nr < 100000);
    CHECK_EQ("no_handle_is_left", (long)status, (long)GNTST_no_space);
    CHECK("many_handles", nr >= MAX_HANDLES / 2 && nr <= MAX_HANDLES);
    printf("note: %u handles\n", nr);
}

/* ---- deaths ------------------------------------------------------------ */

static void test_mapper_dies(void)
{
    for (grant_ref_t ref = FIRST_OF_MANY; ref < FIRST_OF_MANY + NR_MANY; ref++)
        seed(own_table, ref, GTF_permit_access, guest.id,
             guest.mailbox->word[MFN]);
    domain_run(&guest, use_up_handles);
    page_free((void *)guest_table);
    domain_destroy(&guest);
    CHECK_EQ("mappings_of_a_dead_domain_are_gone",
             own_table[REF].flags & (GTF_reading | GTF_writing), 0);
}

static void test_granter_dies(void)
{
    uint64_t *window = page_alloc(), *page = page_alloc(), mfn;
    grant_handle_t handle;
    struct gnttab_copy from = {
        .source = {.u.ref = OTHER_REF, .domid = other.id, .offset = 40},
        .dest = {.u.gmfn = va_to_mfn(page), .domid = DOMID_SELF},
        .len = 8,
        .flags = GNTCOPY_source_gref};
    volatile struct grant_entry_v1 *table = map_table(other.id, 0);

    domain_run(&other, make_page);
    mfn = other.mailbox->word[MFN];
    seed(table, REF, GTF_permit_access, 0, mfn);
    seed(table, OTHER_REF, GTF_permit_access, 0, mfn);
    page_free((void *)table);
    page_unmap(window);
    CHECK_EQ("map_of_one_who_will_die",
             map_at(window, other.id, REF, GNTMAP_host_map, &handle),
             GNTST_okay);
    domain_unmap(&other);
    CHECK_EQ("destroy", domctl_plain(XEN_DOMCTL_destroydomain, other.id), 0);
    CHECK_EQ("granter_is_dying", domain_flags(other.id) & XEN_DOMINF_dying,
             XEN_DOMINF_dying);
    CHECK_EQ("page_of_a_dead_granter_is_there", READ_ONCE(window[5]), 0x1234);
    WRITE_ONCE(window[5], 1);
    CHECK("copy_from_a_dead_granter_is_answered", copy(from) <= 0);
    CHECK_EQ("unmap_of_a_dead_granter", unmap(window, handle), GNTST_okay);
    CHECK("granter_goes_with_the_last_mapping",
          domain_wait_flags(other.id, ~0U, 0));
    page_free(window);
    page_free(page);
}

/* ---- version 2 --------------------------------------------------------- */

static void set_version(uint32_t version, long rc)
{
    struct gnttab_set_version op = {.version = version};

    CHECK_EQ("set_version", grant_op(GNTTABOP_set_version, &op, 1), rc);
}

static void use_version_2(void)
{
    set_version(3, -XEN_EINVAL);
    set_version(2, 0);
}

static void use_version_1(void)
{
    set_version(1, 0);
}

static void version_is_busy(void)
{
    set_version(1, -XEN_EBUSY);
}

static void test_version_2(void)
{
    volatile union grant_entry_v2 *table;
    volatile grant_status_t *status;
    uint64_t *window = page_alloc(), *page = page_alloc(), mfn;
    grant_handle_t handle;
    struct gnttab_copy from = {
        .source = {.u.ref = REF, .domid = other.id, .offset = 40},
        .dest = {.u.gmfn = va_to_mfn(page), .domid = DOMID_SELF},
        .len = 8,
        .flags = GNTCOPY_source_gref};

    domain_run(&other, make_page);
    mfn = other.mailbox->word[MFN];
    domain_run(&other, use_version_2);
    table = map_table(other.id, XENMEM_resource_grant_table_id_shared);
    status = map_table(other.id, XENMEM_resource_grant_table_id_status);
    page_unmap(window);

    table[REF].full_page.frame = mfn;
    table[REF].hdr.domid = 0;
    barrier();
    table[REF].hdr.flags = GTF_permit_access;
    CHECK_EQ("map_version_2",
             map_at(window, other.id, REF, GNTMAP_host_map, &handle),
             GNTST_okay);
    CHECK_EQ("status_says_so", status[REF], GTF_reading | GTF_writing);
    domain_run(&other, version_is_busy);
    CHECK_EQ("unmap_version_2", unmap(window, handle), GNTST_okay);
    CHECK_EQ("status_is_idle", status[REF], 0);

    table[REF].hdr.flags = 0;
    table[REF].sub_page.page_off = 32;
    table[REF].sub_page.length = 16;
    barrier();
    table[REF].hdr.flags = GTF_permit_access | GTF_sub_page;
    check_status("map_a_part_of_a_page",
                 map_at(window, other.id, REF, GNTMAP_host_map, &handle),
                 ANY_ERROR);
    check_status("copy_the_part", copy(from), GNTST_okay);
    CHECK_EQ("copied_the_part", READ_ONCE(page[0]), 0x1234);
    from.source.offset = 48;
    check_status("copy_behind_the_part", copy(from), GNTST_general_error);
    from.source.offset = 24;
    check_status("copy_before_the_part", copy(from), GNTST_general_error);
    CHECK_EQ("status_is_idle_after_copies", status[REF], 0);
    table[REF].hdr.flags = 0;
    page_free((void *)table);
    page_free((void *)status);
    domain_run(&other, use_version_1);
    page_free(window);
    page_free(page);
}

/* ---- all at once ------------------------------------------------------- */

/* Guest: grant and revoke, as fast as it goes. */
static void toggle(void)
{
    uint64_t frame = 0;
    struct gnttab_setup_table op = {
        .dom = DOMID_SELF, .nr_frames = 1, .frame_list = (uint64_t)&frame};
    uint64_t *page = page_alloc(), *data = page_alloc();
    volatile struct grant_entry_v1 *table = (void *)page;

    grant_op(GNTTABOP_setup_table, &op, 1);
    update_va_mapping((uint64_t)page, make_pte(frame, PTE_PAGE_RW),
                      UVMF_INVLPG);
    while (!mailbox->word[STOP]) {
        seed(table, REF, GTF_permit_access, 0, va_to_mfn(data));
        mailbox->word[ROUNDS]++;
        table[REF].flags = 0;
        seed(table, REF, GTF_permit_access | GTF_readonly, 0, va_to_mfn(data));
    }
    table[REF].flags = 0;
    page_free(page);
    page_free(data);
}

static volatile unsigned int stop, second_done;
static unsigned int nr_mapped, nr_copied;
static uint64_t *second_window;

static void map_storm(uint64_t *window)
{
    struct gnttab_copy from = {
        .source = {.u.ref = REF, .domid = other.id},
        .dest = {.u.gmfn = va_to_mfn(window), .domid = DOMID_SELF},
        .len = 64,
        .flags = GNTCOPY_source_gref};
    uint32_t flags = GNTMAP_host_map;
    grant_handle_t handle;

    if (map_at(window, other.id, REF, flags, &handle) == GNTST_okay) {
        __atomic_fetch_add(&nr_mapped, 1, __ATOMIC_RELAXED);
        WRITE_ONCE(window[9], 9);
        if (unmap(window, handle) != GNTST_okay)
            CHECK("unmap_in_a_storm", false);
    }
    if (copy(from) == GNTST_okay)
        __atomic_fetch_add(&nr_copied, 1, __ATOMIC_RELAXED);
}

static void second_vcpu(void)
{
    while (!stop)
        map_storm(second_window);
    second_done = 1;
}

static void test_storm(void)
{
    uint64_t *window = page_alloc(), end;

    second_window = page_alloc();
    page_unmap(window);
    page_unmap(second_window);
    other.mailbox->word[STOP] = 0;
    domain_start(&other, toggle);
    REQUIRE("start_the_second_vcpu", vcpu_start(1, second_vcpu) == 0);
    end = time_ns() + STORM_MS * MS;
    while (time_ns() < end)
        map_storm(window);
    stop = 1;
    CHECK("second_vcpu_ends", wait_until(&second_done, 1, 5000));
    other.mailbox->word[STOP] = 1;
    domain_finish(&other);
    printf("note: %u mapped, %u copied, %lu granted\n", nr_mapped, nr_copied,
           other.mailbox->word[ROUNDS]);
    CHECK("some_were_mapped_in_the_storm", nr_mapped > 0);
    CHECK("some_were_copied_in_the_storm", nr_copied > 0);
    page_free(window);
    page_free(second_window);
}

void test_main(void)
{
    struct host_count before;

    setup_own_table();
    host_warm_up();
    domain_build(&other, NULL);
    test_storm(); /* has the control domain's own tables grow */
    domain_destroy(&other);
    host_count(&before);
    domain_build(&guest, NULL);
    domain_build(&other, NULL);
    guest_table = map_table(guest.id, XENMEM_resource_grant_table_id_shared);
    test_resource();
    test_map();
    test_bad_maps();
    test_copy();
    test_guest_maps();
    test_version_2();
    test_mapper_dies();
    test_granter_dies();
    host_check("all_comes_back", &before);
}
