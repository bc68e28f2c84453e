/* SPDX-License-Identifier: MIT */
/*
 * One frame, two vcpus that each want it to be something else: a table, a
 * writable page, a descriptor table, nobody's. Every pair of uses meets; the
 * control domain does it, and then an unprivileged one. Then: no entry that is
 * still in another vcpu's TLB may reach a frame that has got another use.
 */
#include "domain.h"

#define PAIR_MS 60
#define REF     20
#define WINDOW  0x300000000UL /* a tree of its own leads there */

static uint64_t *page, *spare;  /* the frame's page, and another */
static volatile uint64_t frame; /* that both want */
static uint64_t tables_va;      /* of an entry that maps it */
static volatile struct grant_entry_v1 *grants;

/* What each side has made of the frame: set while that is sure to hold. */
enum { AS_NOTHING, AS_TABLE, AS_WRITABLE };
static volatile unsigned int held[2];
static volatile unsigned int nr_violations, nr_held[2];

/* ---- uses -------------------------------------------------------------- */

/* The frame is ours as such now, and the other side cannot have it as what
 * excludes that. */
static void hold(unsigned int side, unsigned int what)
{
    unsigned int others;

    held[side] = what;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    others = held[!side];
    if (others != AS_NOTHING && others != what)
        __atomic_fetch_add(&nr_violations, 1, __ATOMIC_SEQ_CST);
    nr_held[side]++;
    barrier();
    held[side] = AS_NOTHING;
}

static void pin(unsigned int side, uint32_t cmd)
{
    uint64_t mfn = frame;

    if (mmuext(cmd, mfn))
        return;
    hold(side, AS_TABLE);
    mmuext(MMUEXT_UNPIN_TABLE, mfn);
}

static void use_l1(unsigned int side)
{
    pin(side, MMUEXT_PIN_L1_TABLE);
}

static void use_l3(unsigned int side)
{
    pin(side, MMUEXT_PIN_L3_TABLE);
}

static uint64_t own_slot(unsigned int side)
{
    return pte_maddr(tables_va + side * PAGE_SIZE, 1);
}

static void use_mapping(unsigned int side)
{
    if (mmu_update(own_slot(side), make_pte(frame, PTE_PAGE_RW)))
        return;
    hold(side, AS_WRITABLE);
    mmu_update(own_slot(side), 0);
}

/* Readonly first: the change of the bit takes the type. */
static void use_rw_bit(unsigned int side)
{
    uint64_t mfn = frame;

    if (mmu_update(own_slot(side), make_pte(mfn, PTE_PAGE_RO)))
        return;
    if (mmu_update(own_slot(side), make_pte(mfn, PTE_PAGE_RW)) == 0)
        hold(side, AS_WRITABLE);
    mmu_update(own_slot(side), 0);
}

static void use_grant(unsigned int side)
{
    struct gnttab_map_grant_ref map = {.host_addr =
                                           tables_va + side * PAGE_SIZE,
                                       .flags = GNTMAP_host_map,
                                       .ref = REF + side,
                                       .dom = mailbox ? mailbox->domid : 0};
    struct gnttab_unmap_grant_ref unmap = {.host_addr = map.host_addr};

    grants[REF + side].frame = (uint32_t)frame;
    grant_op(GNTTABOP_map_grant_ref, &map, 1);
    if (map.status != GNTST_okay)
        return;
    hold(side, AS_WRITABLE);
    unmap.handle = map.handle;
    grant_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
}

static void use_gdt(unsigned int side)
{
    static uint64_t frames[2];

    frames[side] = frame;
    if (hypercall(__HYPERVISOR_set_gdt, &frames[side], 512))
        return;
    hold(side, AS_TABLE);
    hypercall(__HYPERVISOR_set_gdt, &frames[side], 0);
}

static void use_clear(unsigned int side)
{
    if (mmuext(MMUEXT_CLEAR_PAGE, frame) == 0)
        nr_held[side]++;
}

/* What a side got last for the frame it gave away. */
static volatile uint64_t got[2];

/* The frame that was given away may have come back at once, and the other side
 * have given it away again and noted another one by now: that one counts. */
static void note_frame(unsigned int side, uint64_t before, uint64_t now)
{
    got[side] = now;
    __atomic_compare_exchange_n(&frame, &before, now, false, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
}

static void use_exchange(unsigned int side)
{
    static uint64_t in[2], out[2];
    struct xen_memory_exchange op = {
        .in = {.extent_start = (uint64_t)&in[side],
               .nr_extents = 1,
               .domid = DOMID_SELF},
        .out = {.extent_start = (uint64_t)&out[side],
                .nr_extents = 1,
                .domid = DOMID_SELF}};

    in[side] = frame;
    out[side] = va_to_pfn(page);
    if (memory_op(XENMEM_exchange, &op) || op.nr_exchanged != 1)
        return;
    note_frame(side, in[side], out[side]);
    nr_held[side]++;
}

static void use_balloon(unsigned int side)
{
    static uint64_t list[2];
    uint64_t before = frame;

    list[side] = before;
    if (reserve(XENMEM_decrease_reservation, DOMID_SELF, &list[side], 1, 0) !=
        1)
        return;
    list[side] = va_to_pfn(page);
    if (reserve(XENMEM_populate_physmap, DOMID_SELF, &list[side], 1, 0) == 1)
        note_frame(side, before, list[side]);
    nr_held[side]++;
}

static const struct {
    const char *name;
    void (*use)(unsigned int side);
} uses[] = {
    {"l1", use_l1},           {"l3", use_l3},
    {"mapping", use_mapping}, {"rw_bit", use_rw_bit},
    {"grant", use_grant},     {"gdt", use_gdt},
    {"clear", use_clear},     {"exchange", use_exchange},
    {"balloon", use_balloon},
};

/* ---- the second vcpu --------------------------------------------------- */

#define JOB_USE   1
#define JOB_TOUCH 2

static volatile unsigned int job, job_arg, stop, touched;
static uint64_t *volatile target;

static void do_use(void)
{
    while (!stop)
        uses[job_arg].use(1);
}

/* Keep writing through the TLB until it faults. */
static void do_touch(void)
{
    uint64_t count = 1;

    while (!stop && try_write((uint64_t)target, count++) == TRAP_NONE)
        touched = 1;
    touched = 2;
}

static void second_vcpu(void)
{
    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_stop_periodic_timer, 1, NULL);
    for (;;) {
        if (job == JOB_USE)
            do_use();
        else if (job == JOB_TOUCH)
            do_touch();
        job = 0;
        while (!job)
            hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
    }
}

static void start_job(unsigned int which, unsigned int arg)
{
    stop = touched = 0;
    job_arg = arg;
    barrier();
    job = which;
}

static void end_job(void)
{
    stop = 1;
    if (!wait_until(&job, 0, 10000))
        CHECK("second_vcpu_stops", false);
}

/* ---- pairs ------------------------------------------------------------- */

static void run_pair(unsigned int left, unsigned int right)
{
    uint64_t end = time_ns() + PAIR_MS * MS;

    start_job(JOB_USE, right);
    while (time_ns() < end)
        uses[left].use(0);
    end_job();
}

/* Whatever was, the frame can be a table now, and then a page. */
static bool is_free(uint64_t mfn)
{
    if (mmuext(MMUEXT_PIN_L2_TABLE, mfn))
        return false;
    mmuext(MMUEXT_UNPIN_TABLE, mfn);
    return mmu_update(own_slot(0), make_pte(mfn, PTE_PAGE_RW)) == 0 &&
           mmu_update(own_slot(0), 0) == 0;
}

/*
 * A side that is late may give away a frame that the other one just got and has
 * not noted yet; then neither is left with the one that is noted. Of all that
 * either got, the last is the domain's.
 */
static bool is_free_now(void)
{
    for (unsigned int side = 0; side < 2 && !is_free(frame); side++)
        if (got[side])
            frame = got[side];
    return is_free(frame);
}

static void test_pairs(void)
{
    unsigned int stuck = 0, idle = 0;

    nr_violations = 0;
    for (unsigned int i = 0; i < ARRAY_SIZE(uses); i++)
        for (unsigned int j = i; j < ARRAY_SIZE(uses); j++) {
            nr_held[0] = nr_held[1] = 0;
            got[0] = got[1] = 0;
            run_pair(i, j);
            if (nr_held[0] + nr_held[1] == 0) {
                printf("note: %s against %s: none got it\n", uses[i].name,
                       uses[j].name);
                idle++;
            }
            if (is_free_now())
                continue;
            printf("note: %s against %s: %lx is stuck\n", uses[i].name,
                   uses[j].name, frame);
            stuck++;
        }
    CHECK_EQ("a_frame_never_has_two_uses_that_exclude_each_other",
             nr_violations, 0);
    CHECK_EQ("a_frame_is_free_after_each_race", stuck, 0);
    CHECK_EQ("each_race_was_won_by_some", idle, 0);
}

/* ---- entries that are still in a TLB ----------------------------------- */

static void start_toucher(uint64_t *va)
{
    target = va;
    start_job(JOB_TOUCH, 0);
    for (unsigned int i = 0; i < 1000 && !touched; i++)
        sleep_ms(1);
}

static bool toucher_has_faulted(void)
{
    for (unsigned int i = 0; i < 1000 && touched != 2; i++)
        sleep_ms(1);
    return touched == 2;
}

static void map_quietly(uint64_t entry)
{
    update_va_mapping(tables_va, entry, UVMF_NONE);
}

static void set_up_window(void)
{
    update_va_mapping(tables_va, make_pte(frame, PTE_PAGE_RW),
                      UVMF_TLB_FLUSH | UVMF_ALL);
}

/* Without a flush of ours the other vcpu may go on; the hypervisor's must come
 * before the frame is something else. */
static void test_stale_gdt(void)
{
    uint64_t list = frame;

    set_up_window();
    *(volatile uint64_t *)tables_va = 0;
    start_toucher((uint64_t *)tables_va);
    map_quietly(0);
    CHECK_EQ("gdt_of_a_page_in_a_tlb",
             hypercall(__HYPERVISOR_set_gdt, &list, 512), 0);
    CHECK("gdt_reaches_the_other_vcpu", toucher_has_faulted());
    end_job();
    hypercall(__HYPERVISOR_set_gdt, &list, 0);
}

/* A frame that comes back is one that nobody writes to any more. */
static void test_stale_balloon(void)
{
    unsigned int bad = 0, same = 0;

    for (unsigned int i = 0; i < 20; i++) {
        uint64_t list = frame, *look = spare;

        set_up_window();
        start_toucher((uint64_t *)tables_va);
        map_quietly(0);
        if (reserve(XENMEM_decrease_reservation, DOMID_SELF, &list, 1, 0) != 1)
            break;
        list = va_to_pfn(page);
        if (reserve(XENMEM_populate_physmap, DOMID_SELF, &list, 1, 0) != 1)
            break;
        same += list == frame;
        frame = list;
        update_va_mapping((uint64_t)look, make_pte(frame, PTE_PAGE_RO),
                          UVMF_INVLPG);
        sleep_ms(2);
        bad += READ_ONCE(look[0]) != 0;
        end_job();
        page_unmap(look);
    }
    printf("note: %u of 20 frames came back at once\n", same);
    CHECK_EQ("no_write_reaches_a_frame_that_was_given_back", bad, 0);
    CHECK("some_frames_came_back", same > 0);
}

static void test_stale_grant(void)
{
    struct gnttab_map_grant_ref map = {.host_addr = tables_va,
                                       .flags = GNTMAP_host_map,
                                       .ref = REF,
                                       .dom = mailbox ? mailbox->domid : 0};
    struct gnttab_unmap_grant_ref unmap = {.host_addr = tables_va};

    grants[REF].frame = (uint32_t)frame;
    grant_op(GNTTABOP_map_grant_ref, &map, 1);
    CHECK_EQ("map_a_grant", map.status, GNTST_okay);
    start_toucher((uint64_t *)tables_va);
    unmap.handle = map.handle;
    grant_op(GNTTABOP_unmap_grant_ref, &unmap, 1);
    CHECK_EQ("unmap_a_grant_in_a_tlb", unmap.status, GNTST_okay);
    CHECK("unmap_reaches_the_other_vcpu", toucher_has_faulted());
    end_job();
}

/* The walk through an upper entry may be cached, too. */
static void test_stale_upper_entry(void)
{
    uint64_t slot = pte_maddr(tables_va, 2), entry = *pte_of(tables_va, 2);

    set_up_window();
    start_toucher((uint64_t *)tables_va);
    CHECK_EQ("upper_entry_off", mmu_update(slot, 0), 0);
    CHECK("upper_entry_reaches_the_other_vcpu", toucher_has_faulted());
    end_job();
    CHECK_EQ("upper_entry_on", mmu_update(slot, entry), 0);
}

/* ---- either domain ----------------------------------------------------- */

/* Two entries of a table of its own, below the kernel's L4. */
static void build_window(void)
{
    static struct table_tree tree;
    unsigned int slot = WINDOW >> 39 & 511;

    tree_build(&tree, WINDOW);
    page_set_writable(tree.l1);
    tree.l1[0] = 0;
    page_set_readonly(tree.l1);
    REQUIRE("window_is_there",
            mmu_update((va_to_mfn(boot_l4()) << PAGE_SHIFT) + slot * 8,
                       make_pte(va_to_mfn(tree.l3), PTE_TABLE)) == 0);
    tables_va = WINDOW;
}

static void set_up_grants(void)
{
    uint64_t mfn = 0;
    struct gnttab_setup_table op = {
        .dom = DOMID_SELF, .nr_frames = 1, .frame_list = (uint64_t)&mfn};
    void *table = page_alloc();

    REQUIRE("setup_table", grant_op(GNTTABOP_setup_table, &op, 1) == 0 &&
                               op.status == GNTST_okay);
    REQUIRE("map_own_table",
            update_va_mapping((uint64_t)table, make_pte(mfn, PTE_PAGE_RW),
                              UVMF_INVLPG) == 0);
    grants = table;
    for (unsigned int side = 0; side < 2; side++) {
        grants[REF + side].domid = mailbox ? mailbox->domid : 0;
        grants[REF + side].frame = (uint32_t)frame;
        barrier();
        grants[REF + side].flags = GTF_permit_access;
    }
}

static void test_all(void)
{
    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL);
    page = page_alloc();
    spare = page_alloc();
    frame = va_to_mfn(page);
    page_unmap(page);
    build_window();
    set_up_grants();
    REQUIRE("second_vcpu", vcpu_start(1, second_vcpu) == 0);
    test_pairs();
    test_stale_gdt();
    test_stale_balloon();
    test_stale_grant();
    test_stale_upper_entry();
}

void test_main(void)
{
    static struct domain guest;
    struct xen_domctl_createdomain config;
    struct host_count before;

    test_all();
    host_warm_up();
    host_count(&before);
    domain_config(&config);
    config.max_vcpus = 2;
    domain_build(&guest, &config);
    domain_run(&guest, test_all);
    domain_destroy(&guest);
    host_check("all_comes_back", &before);
}
