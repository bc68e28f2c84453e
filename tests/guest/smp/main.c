/* SPDX-License-Identifier: MIT */
/*
 * Two vcpus at once: events between them, flushes of the other's TLB, and races
 * about one frame. A frame that is a table must never be writable.
 */
#include "guest.h"

#define ROUNDS  2000
#define RACE_MS 3000
#define KICKS   5000

/* What the second vcpu is to do; 0: nothing. It answers by setting it to 0. */
#define DO_SEND   1
#define DO_TOUCH  2
#define DO_RACE   3
#define DO_UPDATE 4
#define DO_KICK   5

static volatile unsigned int job;
static volatile unsigned int stop;
static evtchn_port_t port;
static uint64_t *page, *other; /* that both work on */
static volatile uint64_t touched;
static struct table_tree tree;
static volatile unsigned int mapped, pinned;
static evtchn_port_t kick_port[2]; /* of each vcpu, masked */
static volatile unsigned int turn;

static void do_send(void)
{
    struct evtchn_send op = {.port = port};

    hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &op);
}

/* Keep writing through the TLB until it faults. */
static void do_touch(void)
{
    touched = 1;
    while (!stop)
        if (try_write((uint64_t)page, 0) != TRAP_NONE)
            break;
    touched = 2;
}

static uint64_t spare_entry(unsigned int i)
{
    return (va_to_mfn(tree.l1) << PAGE_SHIFT) + (100 + i) * 8;
}

/* Map the frame writable over and over, while the other pins it. */
static void do_race(void)
{
    uint64_t pte = make_pte(va_to_mfn(page), PTE_PAGE_RW);

    while (!stop) {
        if (mmu_update(spare_entry(1), pte))
            continue;
        mapped++;
        mmu_update(spare_entry(1), 0);
    }
}

/* Change one entry of a table that the other changes, too. */
static void do_update(void)
{
    uint64_t pte = make_pte(va_to_mfn(other), PTE_PAGE_RO);

    while (!stop) {
        mmu_update(spare_entry(2), pte);
        mmu_update(spare_entry(2), 0);
        mmu_update(spare_entry(2), pte | PTE_RW);
    }
}

/* Take turns with the other vcpu, and sleep while it has its turn, as kernels
 * do for a lock: a kick that is lost stops both for ever. */
static void kick_and_wait(unsigned int self)
{
    struct evtchn_send send = {.port = kick_port[!self]};
    struct sched_poll poll = {.ports = (uint64_t)&kick_port[self],
                              .nr_ports = 1};

    for (unsigned int mine = self; mine < KICKS; mine += 2) {
        while (turn != mine) {
            event_clear_pending(kick_port[self]);
            if (turn != mine)
                hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
        }
        turn = mine + 1;
        hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
    }
}

static void do_kick(void)
{
    kick_and_wait(1);
}

static void second_vcpu(void)
{
    static void (*const jobs[])(void) = {NULL,    do_send,   do_touch,
                                         do_race, do_update, do_kick};

    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_stop_periodic_timer, 1, NULL);
    for (;;) {
        if (!job) {
            hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
            continue;
        }
        jobs[job]();
        job = 0;
    }
}

static void start_job(unsigned int which)
{
    stop = 0;
    barrier();
    job = which;
}

static void end_job(const char *name)
{
    stop = 1;
    CHECK(name, wait_until(&job, 0, 10000));
}

static void test_ipi(void)
{
    struct evtchn_bind_ipi op = {.vcpu = 0};

    CHECK_EQ("bind_ipi",
             hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &op),
             0);
    port = op.port;
    event_clear();
    event_unmask(port);
    event_enable();
    start_job(DO_SEND);
    CHECK("event_from_another_vcpu", event_wait(port, 5000));
    end_job("sender_has_ended");
    event_disable();
    event_mask(port);
}

static void test_kicks(void)
{
    for (unsigned int i = 0; i < 2; i++) {
        struct evtchn_bind_ipi op = {.vcpu = i};

        CHECK_EQ(
            "bind_port_to_kick",
            hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, &op),
            0);
        kick_port[i] = op.port;
        event_mask(op.port);
    }
    turn = 0;
    start_job(DO_KICK);
    kick_and_wait(0);
    end_job("no_kick_is_lost");
}

static void start_toucher(void)
{
    touched = 0;
    start_job(DO_TOUCH);
    for (unsigned int i = 0; i < 1000 && !touched; i++)
        sleep_ms(1);
}

static bool toucher_has_faulted(void)
{
    for (unsigned int i = 0; i < 1000 && touched != 2; i++)
        sleep_ms(1);
    return touched == 2;
}

/* The other vcpu has the page in its TLB; the flush must reach it. */
static void check_flush(const char *name, uint64_t flags)
{
    struct mmuext_op op = {.cmd = MMUEXT_TLB_FLUSH_MULTI};
    uint64_t mask = 3;

    op.arg2.vcpumask = (uint64_t)&mask;
    start_toucher();

    update_va_mapping((uint64_t)page, make_pte(va_to_mfn(page), PTE_PAGE_RO),
                      flags);
    if (!flags)
        hypercall(__HYPERVISOR_mmuext_op, &op, 1, NULL, DOMID_SELF);
    CHECK(name, toucher_has_faulted());
    end_job("toucher_has_ended");
    page_set_writable(page);
}

/* A writable entry in the other's TLB may not outlive the pin. (Of an L2 table:
 * stores to L1 tables are emulated.) */
static void test_pin_flushes(void)
{
    uint64_t mfn = va_to_mfn(page);

    start_toucher();
    update_va_mapping((uint64_t)page, make_pte(mfn, PTE_PAGE_RO), UVMF_NONE);
    CHECK_EQ("pin_of_a_page_in_a_tlb", mmuext(MMUEXT_PIN_L2_TABLE, mfn), 0);
    CHECK("pin_reaches_the_other_vcpu", toucher_has_faulted());
    end_job("toucher_has_ended_after_a_pin");
    mmuext(MMUEXT_UNPIN_TABLE, mfn);
    page_set_writable(page);
}

static void test_flushes(void)
{
    check_flush("invlpg_reaches_the_other_vcpu", UVMF_INVLPG | UVMF_ALL);
    check_flush("flush_reaches_the_other_vcpu", UVMF_TLB_FLUSH | UVMF_ALL);
    check_flush("flush_multi_reaches_the_other_vcpu", 0);
}

/* Pin the frame as a table while the other maps it writable. */
static void test_pin_race(void)
{
    uint64_t mfn = va_to_mfn(page), end = time_ns() + RACE_MS * MS;
    unsigned int odd = 0;
    long error = 0;

    page_set_readonly(page);
    start_job(DO_RACE);
    while (time_ns() < end && (pinned < ROUNDS || mapped < ROUNDS)) {
        uint64_t entry;
        long rc = mmuext(MMUEXT_PIN_L1_TABLE, mfn);

        if (rc) {
            if (rc != -XEN_EINVAL)
                error = rc;
            continue;
        }
        entry = READ_ONCE(tree.l1[101]);
        if ((entry & PTE_P) && (entry & PTE_RW) &&
            READ_ONCE(tree.l1[101]) == entry)
            odd++;
        pinned++;
        if (mmuext(MMUEXT_UNPIN_TABLE, mfn))
            odd++;
    }
    end_job("mapper_has_ended");
    printf("note: pinned %u times, mapped %u times\n", pinned, mapped);
    CHECK_EQ("a_pin_fails_with_einval_only", error, 0);
    CHECK_EQ("a_table_is_never_mapped_writable", odd, 0);
    CHECK_EQ("frame_is_a_page_again", page_set_writable(page), 0);
}

/* Both change the same entry; references must balance in the end. */
static void test_update_race(void)
{
    uint64_t pte = make_pte(va_to_mfn(other), PTE_PAGE_RW);
    unsigned int failed = 0;

    start_job(DO_UPDATE);
    for (unsigned int i = 0; i < ROUNDS; i++)
        if (mmu_update(spare_entry(2), i & 1 ? pte : 0) &&
            mmu_update(spare_entry(2), i & 1 ? pte : 0))
            failed++;
    end_job("updater_has_ended");
    printf("note: %u updates failed twice\n", failed);
    CHECK_EQ("last_update", mmu_update(spare_entry(2), 0), 0);
    page_set_readonly(other);
    CHECK_EQ("no_reference_is_left_behind",
             mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(other)), 0);
    mmuext(MMUEXT_UNPIN_TABLE, va_to_mfn(other));
    page_free(other);
}

/* The other vcpu runs on the table; it cannot become a page under it. */
static void test_shared_tables(void)
{
    CHECK_EQ("unpin_of_the_tables_of_both",
             mmuext(MMUEXT_UNPIN_TABLE, va_to_mfn(boot_l4())), 0);
    CHECK_EQ("tables_of_both_stay_tables", page_set_writable(boot_l4()),
             -XEN_EBUSY);
    CHECK_EQ("pin_of_the_tables_of_both",
             mmuext(MMUEXT_PIN_L4_TABLE, va_to_mfn(boot_l4())), 0);
}

void test_main(void)
{
    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_stop_periodic_timer, 0, NULL);
    page = page_alloc();
    other = page_alloc();
    tree_build(&tree, 0x200000000UL);
    REQUIRE("l1_is_pinned",
            mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(tree.l1)) == 0);
    REQUIRE("second_vcpu", vcpu_start(1, second_vcpu) == 0);
    test_ipi();
    test_kicks();
    test_flushes();
    test_pin_flushes();
    test_pin_race();
    test_update_race();
    test_shared_tables();
}
