/* SPDX-License-Identifier: MIT */
/*
 * Frames of other domains in the control domain's tables: what can be mapped,
 * what a mapping forbids the owner, and what it keeps when the owner is gone.
 */
#include "domain.h"

#define NO_DOMAIN 0x1234
#define MFN       0 /* mailbox->word[] */
#define RESULT    1
#define L1_MFN    2
#define PAGE_VA   3

static struct domain guest, other;

/* Of a page that the guest has in its pool, mapped writable. */
static uint64_t data_mfn(void)
{
    return guest.mfn[guest.nr_pfns - 8];
}

static void check_map(const char *name, domid_t domid, uint64_t mfn,
                      uint64_t flags, long result)
{
    void *page = page_alloc();

    CHECK_EQ(name, map_foreign_at(page, domid, mfn, flags), result);
    page_free(page);
}

static void test_mapping(void)
{
    uint64_t far = 0x7fffffffffUL;

    check_map("map_writable", guest.id, data_mfn(), PTE_PAGE_RW, 0);
    check_map("map_readonly", guest.id, data_mfn(), PTE_PAGE_RO, 0);
    check_map("map_a_table_readonly", guest.id, guest.l4, PTE_PAGE_RO, 0);
    check_map("map_a_table_writable", guest.id, guest.l4, PTE_PAGE_RW,
              -XEN_EBUSY);
    check_map("map_an_l1_writable", guest.id, guest.l1, PTE_PAGE_RW,
              -XEN_EBUSY);
    check_map("map_shared_info", guest.id, guest.shared_info_mfn, PTE_PAGE_RW,
              0);
    check_map("map_as_its_own", DOMID_SELF, data_mfn(), PTE_PAGE_RW,
              -XEN_EBUSY);
    check_map("map_its_own_as_foreign", guest.id, va_to_mfn(boot_l4()),
              PTE_PAGE_RO, -XEN_EBUSY);
    check_map("map_a_frame_of_the_wrong_domain", other.id, data_mfn(),
              PTE_PAGE_RO, -XEN_EBUSY);
    check_map("map_of_nobody", NO_DOMAIN, data_mfn(), PTE_PAGE_RO, -XEN_ESRCH);
    check_map("map_a_frame_beyond_memory", guest.id, far, PTE_PAGE_RO,
              -XEN_EPERM);
    check_map("map_a_hypervisor_frame", guest.id, 0x200, PTE_PAGE_RO,
              -XEN_EBUSY);
    check_map("map_uncached", guest.id, data_mfn(), PTE_PAGE_RW | PTE_PCD, 0);
}

/* The machine-to-physical table belongs to DOMID_XEN: for reading only. */
static void test_machine_to_physical(void)
{
    uint64_t frame = 0;
    struct xen_machphys_mfn_list list = {.max_extents = 1,
                                         .extent_start = (uint64_t)&frame};
    uint64_t *page;

    CHECK_EQ("machphys_mfn_list", memory_op(XENMEM_machphys_mfn_list, &list),
             0);
    CHECK_EQ("machphys_mfn_list_has_one", list.nr_extents, 1);
    page = map_foreign(DOMID_XEN, frame, PTE_PAGE_RO);
    REQUIRE("map_machine_to_physical", page);
    CHECK_EQ("it_is_the_table", page[300], mfn_to_pfn(300));
    page_free(page);
    check_map("map_machine_to_physical_writable", DOMID_XEN, frame, PTE_PAGE_RW,
              -XEN_EBUSY);
    check_map("map_a_guests_frame_as_the_hypervisors", DOMID_XEN, data_mfn(),
              PTE_PAGE_RO, -XEN_EBUSY);
}

/* ---- what the owner cannot do meanwhile -------------------------------- */

static void make_a_table(void)
{
    uint64_t *page = page_alloc();

    page_set_readonly(page);
    mailbox->word[MFN] = va_to_mfn(page);
    mailbox->word[PAGE_VA] = (uint64_t)page;
}

static void try_to_pin(void)
{
    mailbox->word[RESULT] =
        (uint64_t)mmuext(MMUEXT_PIN_L1_TABLE, mailbox->word[MFN]);
}

static void try_to_unpin(void)
{
    mailbox->word[RESULT] =
        (uint64_t)mmuext(MMUEXT_UNPIN_TABLE, mailbox->word[MFN]);
}

static void try_to_give_back(void)
{
    uint64_t frame = mailbox->word[MFN];

    page_unmap((void *)mailbox->word[PAGE_VA]);
    mailbox->word[RESULT] = (uint64_t)reserve(XENMEM_decrease_reservation,
                                              DOMID_SELF, &frame, 1, 0);
}

static long run(void (*function)(void))
{
    domain_run(&guest, function);
    return (long)guest.mailbox->word[RESULT];
}

static void test_tables(void)
{
    uint64_t mfn, *page;

    domain_run(&guest, make_a_table);
    mfn = guest.mailbox->word[MFN];
    page = map_foreign(guest.id, mfn, PTE_PAGE_RW);
    REQUIRE("map_a_page_to_be_a_table", page);
    CHECK_EQ("pin_while_mapped_writable_elsewhere", run(try_to_pin),
             -XEN_EINVAL);
    CHECK_EQ("pin_by_the_control_domain_meanwhile",
             mmuext_foreign(MMUEXT_PIN_L1_TABLE, mfn, guest.id), -XEN_EINVAL);
    CHECK_EQ("map_it_readonly",
             map_foreign_at(page, guest.id, mfn, PTE_PAGE_RO), 0);
    CHECK_EQ("pin_while_mapped_readonly_elsewhere", run(try_to_pin), 0);
    CHECK_EQ("map_a_pinned_table_writable",
             map_foreign_at(page, guest.id, mfn, PTE_PAGE_RW), -XEN_EBUSY);
    CHECK_EQ("the_table_can_be_read", page[0], 0);
    CHECK_EQ("unpin", run(try_to_unpin), 0);
    CHECK_EQ("map_it_writable_again",
             map_foreign_at(page, guest.id, mfn, PTE_PAGE_RW), 0);
    CHECK_EQ("give_back_while_mapped_elsewhere", run(try_to_give_back), 1);
    WRITE_ONCE(page[3], 0x5555);
    CHECK_EQ("the_frame_stays_until_the_mapping_goes", READ_ONCE(page[3]),
             0x5555);
    page_free(page);
}

/* Tables of others are changed by their owner, or by who has the right to. */
static void test_entries_of_others(void)
{
    struct mmu_update req = {.ptr = guest.l1 << PAGE_SHIFT, .val = 0};
    uint64_t table = (uint64_t)(guest.id + 1) << 16;

    CHECK_EQ("entry_of_anothers_table_as_its_own",
             hypercall(__HYPERVISOR_mmu_update, &req, 1, NULL, DOMID_SELF),
             -XEN_EINVAL);
    CHECK_EQ("entry_of_anothers_table_for_its_frames",
             hypercall(__HYPERVISOR_mmu_update, &req, 1, NULL, guest.id),
             -XEN_EINVAL);
    req.val = make_pte(guest.mfn[300], PTE_PAGE_RO);
    CHECK_EQ(
        "entry_of_anothers_table_by_its_name",
        hypercall(__HYPERVISOR_mmu_update, &req, 1, NULL, table | guest.id), 0);
    req.val = make_pte(guest.l1, PTE_PAGE_RW);
    CHECK_EQ(
        "bad_entry_of_anothers_table",
        hypercall(__HYPERVISOR_mmu_update, &req, 1, NULL, table | guest.id),
        -XEN_EBUSY);
    req.val = 0;
    CHECK_EQ(
        "entry_is_removed",
        hypercall(__HYPERVISOR_mmu_update, &req, 1, NULL, table | guest.id), 0);
    req.ptr = guest.mfn[300] << PAGE_SHIFT | MMU_MACHPHYS_UPDATE;
    req.val = 300;
    CHECK_EQ("machine_to_physical_of_another",
             hypercall(__HYPERVISOR_mmu_update, &req, 1, NULL, guest.id), 0);
    CHECK_EQ("machine_to_physical_of_another_as_its_own",
             hypercall(__HYPERVISOR_mmu_update, &req, 1, NULL, DOMID_SELF),
             -XEN_EINVAL);
}

static void check_foreign_op(const char *name, uint32_t cmd, uint64_t mfn,
                             long result)
{
    CHECK_EQ(name, mmuext_foreign(cmd, mfn, guest.id), result);
}

static void test_mmuext(void)
{
    struct mmuext_op copy = {.cmd = MMUEXT_COPY_PAGE,
                             .arg1.mfn = data_mfn(),
                             .arg2.src_mfn = guest.mfn[300]};

    check_foreign_op("clear_a_foreign_page", MMUEXT_CLEAR_PAGE, data_mfn(), 0);
    check_foreign_op("clear_a_foreign_table", MMUEXT_CLEAR_PAGE, guest.l1,
                     -XEN_EINVAL);
    check_foreign_op("clear_anothers_page", MMUEXT_CLEAR_PAGE, other.mfn[300],
                     -XEN_EINVAL);
    CHECK_EQ("copy_a_foreign_page",
             hypercall(__HYPERVISOR_mmuext_op, &copy, 1, NULL, guest.id), 0);
    copy.arg1.mfn = guest.l1;
    CHECK_EQ("copy_to_a_foreign_table",
             hypercall(__HYPERVISOR_mmuext_op, &copy, 1, NULL, guest.id),
             -XEN_EINVAL);
    check_foreign_op("unpin_what_is_not_pinned", MMUEXT_UNPIN_TABLE, guest.l1,
                     -XEN_EINVAL);
    check_foreign_op("pin_again", MMUEXT_PIN_L4_TABLE, guest.l4, -XEN_EINVAL);
    check_foreign_op("pin_a_page", MMUEXT_PIN_L4_TABLE, data_mfn(),
                     -XEN_EINVAL);
    check_foreign_op("base_pointer_of_another", MMUEXT_NEW_BASEPTR, guest.l4,
                     -XEN_EPERM);
    check_foreign_op("user_base_pointer_of_another", MMUEXT_NEW_USER_BASEPTR,
                     guest.l4, -XEN_EPERM);
    CHECK_EQ("mmuext_of_nobody",
             mmuext_foreign(MMUEXT_PIN_L4_TABLE, guest.l4, NO_DOMAIN),
             -XEN_ESRCH);
}

/* ---- getpageframeinfo3 ------------------------------------------------- */

static long frame_info(uint64_t *frames, uint64_t nr)
{
    struct xen_domctl op = {
        .u.getpageframeinfo3 = {.num = nr, .array = (uint64_t)frames}};

    return domctl(XEN_DOMCTL_getpageframeinfo3, guest.id, &op);
}

static void test_frame_info(void)
{
    uint64_t frames[] = {guest.l4,
                         guest.l3,
                         guest.l2,
                         guest.l1,
                         data_mfn(),
                         other.mfn[300],
                         va_to_mfn(boot_l4()),
                         0x7fffffffffUL};
    static const uint32_t expected[] = {XEN_DOMCTL_PFINFO_L4TAB |
                                            XEN_DOMCTL_PFINFO_LPINTAB,
                                        XEN_DOMCTL_PFINFO_L3TAB,
                                        XEN_DOMCTL_PFINFO_L2TAB,
                                        XEN_DOMCTL_PFINFO_L1TAB,
                                        XEN_DOMCTL_PFINFO_NOTAB,
                                        XEN_DOMCTL_PFINFO_XTAB,
                                        XEN_DOMCTL_PFINFO_XTAB,
                                        XEN_DOMCTL_PFINFO_XTAB,
                                        XEN_DOMCTL_PFINFO_NOTAB};

    CHECK_EQ("frame_info", frame_info(frames, ARRAY_SIZE(frames)), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(frames); i++)
        CHECK_EQ("frame_info_of_a_frame", frames[i], expected[i]);
    CHECK_EQ("frame_info_of_too_many", frame_info(frames, 1025), -XEN_E2BIG);
    CHECK_EQ("frame_info_of_none", frame_info(frames, 0), 0);
    CHECK_EQ("frame_info_from_nowhere", frame_info((uint64_t *)0x10, 1),
             -XEN_EFAULT);
}

/* ---- guests have no such right ----------------------------------------- */

static void be_refused(void)
{
    uint64_t mfn = mailbox->word[MFN];
    uint64_t *page = page_alloc();
    uint64_t pte = make_pte(mfn, PTE_PAGE_RO);
    struct mmu_update req = {.ptr = mailbox->word[L1_MFN] << PAGE_SHIFT};

    CHECK_EQ("guest_does_not_map_the_control_domain",
             map_foreign_at(page, 0, mfn, PTE_PAGE_RO), -XEN_EPERM);
    CHECK("guest_does_not_map_the_hypervisor",
          map_foreign_at(page, DOMID_XEN, mfn, PTE_PAGE_RO) < 0);
    CHECK("guest_does_not_map_a_foreign_frame_as_its_own",
          map_foreign_at(page, DOMID_SELF, mfn, PTE_PAGE_RO) < 0);
    CHECK("guest_does_not_map_a_foreign_frame_as_a_device",
          map_foreign_at(page, DOMID_IO, mfn, PTE_PAGE_RO) < 0);
    CHECK("guest_does_not_map_devices",
          map_foreign_at(page, DOMID_IO, 0xfee00, PTE_PAGE_RO) < 0);
    CHECK("guest_does_not_map_nobody",
          map_foreign_at(page, NO_DOMAIN, mfn, PTE_PAGE_RO) < 0);
    CHECK("guest_has_no_update_va_mapping_otherdomain",
          hypercall(__HYPERVISOR_update_va_mapping_otherdomain, page, pte, 0,
                    0) < 0);
    CHECK_EQ("guest_pins_no_foreign_table",
             mmuext_foreign(MMUEXT_PIN_L4_TABLE, mfn, 0), -XEN_EPERM);
    CHECK_EQ("guest_clears_no_foreign_page",
             mmuext_foreign(MMUEXT_CLEAR_PAGE, mfn, 0), -XEN_EPERM);
    CHECK("guest_changes_no_foreign_table",
          hypercall(__HYPERVISOR_mmu_update, &req, 1, NULL,
                    1UL << 16 | DOMID_SELF) < 0);
    req.ptr = mfn << PAGE_SHIFT | MMU_MACHPHYS_UPDATE;
    CHECK("guest_changes_no_foreign_machine_to_physical",
          hypercall(__HYPERVISOR_mmu_update, &req, 1, NULL, DOMID_SELF) < 0);
    CHECK_EQ("guest_has_no_foreign_machine_to_physical",
             hypercall(__HYPERVISOR_mmu_update, &req, 1, NULL, 0), -XEN_EPERM);
    page_free(page);
}

static void test_guest_is_refused(void)
{
    uint64_t *page = page_alloc();

    guest.mailbox->word[MFN] = va_to_mfn(page);
    guest.mailbox->word[L1_MFN] =
        *pte_of((uint64_t)page, 2) >> PAGE_SHIFT & 0xffffffffff;
    domain_run(&guest, be_refused);
    page_free(page);
}

/* ---- the owner goes first ---------------------------------------------- */

static void test_death(void)
{
    uint64_t *page, mfn = data_mfn();

    domain_unmap(&guest);
    page = map_foreign(guest.id, mfn, PTE_PAGE_RW);
    REQUIRE("map_a_page_of_a_domain_to_be_destroyed", page);
    page[7] = 0x7777;
    CHECK_EQ("destroy", domctl_plain(XEN_DOMCTL_destroydomain, guest.id), 0);
    sleep_ms(20);
    CHECK_EQ("domain_is_dying", domain_flags(guest.id) & XEN_DOMINF_dying,
             XEN_DOMINF_dying);
    CHECK_EQ("page_of_a_dying_domain_is_there", READ_ONCE(page[7]), 0x7777);
    CHECK("populate_of_a_dying_domain",
          reserve(XENMEM_populate_physmap, guest.id, &mfn, 1, 0) != 1);
    page_free(page);
    CHECK("it_goes_with_the_last_mapping", domain_wait_flags(guest.id, ~0U, 0));
}

void test_main(void)
{
    struct host_count before;

    host_warm_up();
    host_count(&before);
    domain_build(&guest, NULL);
    domain_build(&other, NULL);
    test_mapping();
    test_machine_to_physical();
    test_tables();
    test_entries_of_others();
    test_mmuext();
    test_frame_info();
    test_guest_is_refused();
    test_death();
    domain_destroy(&other);
    host_check("all_comes_back", &before);
}
