/* SPDX-License-Identifier: MIT */
/* Batches of hypercalls: results, order, bad entries, what may not be inside.
 */
#include "guest.h"

static struct multicall_entry batch[64];

static long multicall(void *entries, unsigned int nr)
{
    return hypercall(__HYPERVISOR_multicall, entries, nr);
}

static void set_entry(unsigned int i, uint64_t op, uint64_t a, uint64_t b)
{
    memset(&batch[i], 0, sizeof(batch[i]));
    batch[i].op = op;
    batch[i].args[0] = a;
    batch[i].args[1] = b;
    batch[i].result = 0x5a5a;
}

static void test_results(void)
{
    set_entry(0, __HYPERVISOR_xen_version, XENVER_version, 0);
    set_entry(1, 63, 0, 0);
    set_entry(2, __HYPERVISOR_xen_version, XENVER_pagesize, 0);
    CHECK_EQ("batch", multicall(batch, 3), 0);
    CHECK_EQ("result_of_the_first", batch[0].result, 4 << 16 | 17);
    CHECK_EQ("unknown_call_in_a_batch_is_enosys", batch[1].result, -XEN_ENOSYS);
    CHECK_EQ("a_failure_does_not_stop_the_batch", batch[2].result, PAGE_SIZE);
    CHECK_EQ("empty_batch", multicall(batch, 0), 0);
    CHECK_EQ("empty_batch_without_array", multicall(NULL, 0), 0);
}

static void test_nested(void)
{
    static struct multicall_entry inner;

    inner.op = __HYPERVISOR_xen_version;
    inner.args[0] = XENVER_version;
    inner.result = 0x5a5a;
    set_entry(0, __HYPERVISOR_multicall, (uint64_t)&inner, 1);
    CHECK_EQ("outer_batch", multicall(batch, 1), 0);
    CHECK_EQ("batch_in_a_batch_is_einval", batch[0].result, -XEN_EINVAL);
    CHECK_EQ("inner_batch_has_not_run", inner.result, 0x5a5a);
}

/* A breakpoint address may have any value, also that of an internal error
 * code, which means "call me again" inside of some hypervisors. */
#define LIKE_RESTART (-85L)

static void test_result_like_restart(void)
{
    CHECK_EQ("set_debugreg",
             hypercall(__HYPERVISOR_set_debugreg, 0, LIKE_RESTART), 0);
    set_entry(0, __HYPERVISOR_get_debugreg, 0, 0x77);
    CHECK_EQ("batch_with_an_odd_result", multicall(batch, 1), 0);
    CHECK_EQ("odd_result_is_handed_on", (long)batch[0].result, LIKE_RESTART);
    CHECK_EQ("arguments_stay_as_they_are", batch[0].args[1], 0x77);
    hypercall(__HYPERVISOR_set_debugreg, 0, 0);
}

static void test_bad_array(void)
{
    uint8_t *pages = page_alloc(), *next = page_alloc();
    struct multicall_entry *last =
        (struct multicall_entry *)(pages + PAGE_SIZE) - 1;

    CHECK_EQ("array_at_null", multicall(NULL, 1), -XEN_EFAULT);
    CHECK_EQ("array_in_the_hypervisor",
             multicall((void *)HYPERVISOR_VIRT_START, 1), -XEN_EFAULT);
    CHECK_EQ("array_that_reaches_into_the_hypervisor",
             multicall((void *)(HYPERVISOR_VIRT_START - 32), 1), -XEN_EFAULT);
    CHECK_EQ("array_at_the_end_of_the_address_space",
             multicall((void *)-64UL, 4), -XEN_EFAULT);
    CHECK_EQ("huge_count", multicall((void *)HYPERVISOR_VIRT_START, ~0U),
             -XEN_EFAULT);
    REQUIRE("pages_are_adjacent", next == pages + PAGE_SIZE);
    page_unmap(next);
    last->op = __HYPERVISOR_xen_version;
    last->args[0] = XENVER_pagesize;
    CHECK_EQ("array_that_runs_off_its_page", multicall(last, 2), -XEN_EFAULT);
    CHECK_EQ("entries_before_the_fault_have_run", last->result, PAGE_SIZE);
    page_free(next);
    page_free(pages);
}

static void test_readonly_array(void)
{
    struct multicall_entry *page = page_alloc();

    page->op = __HYPERVISOR_xen_version;
    page->args[0] = XENVER_pagesize;
    page->result = 0x5a5a;
    page_set_readonly(page);
    CHECK_EQ("results_cannot_be_written", multicall(page, 1), -XEN_EFAULT);
    CHECK_EQ("readonly_page_is_unchanged", page->result, 0x5a5a);
    page_free(page);
}

static void test_order(void)
{
    void *page = page_alloc();
    uint64_t va = (uint64_t)page, mfn = va_to_mfn(page);

    set_entry(0, __HYPERVISOR_update_va_mapping, va,
              make_pte(mfn, PTE_PAGE_RO));
    batch[0].args[2] = UVMF_INVLPG;
    set_entry(1, __HYPERVISOR_update_va_mapping, va,
              make_pte(mfn, PTE_PAGE_RW));
    batch[1].args[2] = UVMF_INVLPG;
    CHECK_EQ("batch_of_mappings", multicall(batch, 2), 0);
    CHECK_EQ("first_mapping", batch[0].result, 0);
    CHECK_EQ("second_mapping", batch[1].result, 0);
    CHECK_EQ("the_last_mapping_holds", try_write(va, 1), TRAP_NONE);
    page_free(page);
}

/* Events stay out until the batch is over. */
static void test_long_batch(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(batch); i++)
        set_entry(i, __HYPERVISOR_xen_version, XENVER_pagesize, 0);
    CHECK_EQ("long_batch", multicall(batch, ARRAY_SIZE(batch)), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(batch); i++)
        if (batch[i].result != PAGE_SIZE) {
            CHECK_EQ("each_entry_of_a_long_batch", batch[i].result, PAGE_SIZE);
            return;
        }
    CHECK("each_entry_of_a_long_batch", true);
}

/* The stack for traps from user mode may be set in a batch. */
static void test_stack_switch(void)
{
    set_entry(0, __HYPERVISOR_stack_switch, FLAT_KERNEL_SS,
              vcpu_stack_end(0) - 8192);
    CHECK_EQ("stack_switch_in_a_batch", multicall(batch, 1), 0);
    CHECK_EQ("stack_switch_result", batch[0].result, 0);
}

void test_main(void)
{
    test_results();
    test_nested();
    test_result_like_restart();
    test_bad_array();
    test_readonly_array();
    test_order();
    test_long_batch();
    test_stack_switch();
}
