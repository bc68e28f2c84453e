/* SPDX-License-Identifier: MIT */
/* GDT and LDT: frames, descriptors, limits. */
#include "guest.h"

/* Flat segments of ring 3 and of ring 0. */
#define CODE64   0x00affb000000ffffUL
#define DATA     0x00cff3000000ffffUL
#define CODE64_0 0x00af9b000000ffffUL
#define DATA_0   0x00cf93000000ffffUL
#define DPL_MASK (3UL << 45)

static long set_gdt(const uint64_t *frames, unsigned int entries)
{
    return hypercall(__HYPERVISOR_set_gdt, frames, entries);
}

static long update_descriptor(uint64_t *at, uint64_t value)
{
    return hypercall(__HYPERVISOR_update_descriptor,
                     (va_to_mfn(at) << PAGE_SHIFT) +
                         ((uint64_t)at & (PAGE_SIZE - 1)),
                     value);
}

static bool selector_loads(uint16_t selector)
{
    uint64_t vector = TRAP_OF_INSN("movw %0, %%es",
                                   :
                                   : "r"(selector)
                                   : "memory");

    __asm__ volatile("movw %0, %%es" : : "r"((uint16_t)0));
    return vector == TRAP_NONE;
}

static void test_set_gdt(uint64_t *gdt)
{
    uint64_t frame = va_to_mfn(gdt), frames[14];

    gdt[2] = DATA;
    CHECK_EQ("gdt_in_a_writable_page", set_gdt(&frame, 512), -XEN_EINVAL);
    page_set_readonly(gdt);
    CHECK_EQ("gdt", set_gdt(&frame, 16), 0);
    CHECK("selector_of_the_gdt", selector_loads(0x13));
    CHECK("empty_selector", !selector_loads(0x23));
    CHECK_EQ("gdt_stays_readonly", page_set_writable(gdt), -XEN_EBUSY);
    CHECK_EQ("gdt_cannot_be_a_table", mmuext(MMUEXT_PIN_L1_TABLE, frame),
             -XEN_EINVAL);
    CHECK_EQ("gdt_with_too_many_entries", set_gdt(&frame, 7169), -XEN_EINVAL);
    CHECK_EQ("gdt_with_a_huge_count", set_gdt(&frame, ~0U), -XEN_EINVAL);
    CHECK_EQ("gdt_frames_from_nowhere", set_gdt((void *)0x10, 16), -XEN_EFAULT);
    for (unsigned int i = 0; i < ARRAY_SIZE(frames); i++)
        frames[i] = frame;
    CHECK_EQ("gdt_of_14_frames", set_gdt(frames, 7168), 0);
    CHECK("selector_of_the_last_frame", selector_loads(13 * 4096 + 0x13));
    frames[13] = 0x7fffffffff;
    CHECK_EQ("gdt_with_one_bad_frame", set_gdt(frames, 7168), -XEN_EINVAL);
    CHECK("gdt_before_it_stays", selector_loads(13 * 4096 + 0x13));
    frames[0] = 0x200;
    CHECK_EQ("gdt_in_the_hypervisor", set_gdt(frames, 16), -XEN_EINVAL);
    CHECK_EQ("gdt_of_one_frame_again", set_gdt(&frame, 16), 0);
    CHECK("selector_behind_the_gdt", !selector_loads(4096 + 0x13));
    CHECK("selector_of_the_hypervisors_part", selector_loads(FLAT_KERNEL_DS));
    CHECK("selector_of_the_hypervisors_own_segments",
          !selector_loads(0xe010 | 3));
}

static void test_update_descriptor(uint64_t *gdt)
{
    CHECK_EQ("descriptor", update_descriptor(&gdt[5], DATA), 0);
    CHECK_EQ("descriptor_is_written", gdt[5] | 1UL << 40, DATA | 1UL << 40);
    CHECK("descriptor_loads", selector_loads(5 * 8 + 3));
    CHECK_EQ("descriptor_of_ring_0", update_descriptor(&gdt[6], DATA_0), 0);
    CHECK_EQ("descriptor_of_ring_0_becomes_ring_3", gdt[6] & DPL_MASK,
             DPL_MASK);
    CHECK_EQ("code_of_ring_0", update_descriptor(&gdt[6], CODE64_0), 0);
    CHECK_EQ("code_of_ring_0_becomes_ring_3", gdt[6] & DPL_MASK, DPL_MASK);
    CHECK_EQ("task_segment", update_descriptor(&gdt[7], 0x0000890000000067),
             -XEN_EINVAL);
    CHECK_EQ("ldt_descriptor", update_descriptor(&gdt[7], 0x0000820000000067),
             -XEN_EINVAL);
    CHECK_EQ("interrupt_gate", update_descriptor(&gdt[7], 0x00008e0000100000),
             -XEN_EINVAL);
    CHECK_EQ("call_gate_to_the_hypervisor",
             update_descriptor(&gdt[7], 0x0000ec00e0080000), -XEN_EINVAL);
    CHECK_EQ("a_refused_descriptor_is_not_written", gdt[7], 0);
    CHECK_EQ("call_gate_to_the_guest",
             update_descriptor(&gdt[8], 0x0000ec00e0330000), 0);
    CHECK_EQ("call_gate_becomes_one_of_ring_0", gdt[8] & DPL_MASK, 0);
    CHECK_EQ("descriptor_that_is_not_present",
             update_descriptor(&gdt[7], 0x1234), 0);
    CHECK_EQ("descriptor_at_an_odd_address",
             hypercall(__HYPERVISOR_update_descriptor,
                       (va_to_mfn(gdt) << PAGE_SHIFT) + 4, 0),
             -XEN_EINVAL);
    CHECK_EQ("descriptor_beyond_memory",
             hypercall(__HYPERVISOR_update_descriptor, 0x7fffffffff000, 0),
             -XEN_EINVAL);
    CHECK_EQ("descriptor_in_the_hypervisor",
             hypercall(__HYPERVISOR_update_descriptor, 0x200000, 0),
             -XEN_EINVAL);
    CHECK_EQ("descriptor_in_a_table", update_descriptor(boot_l4(), 0),
             -XEN_EINVAL);
}

/* A page whose last descriptor is not acceptable is no GDT. */
static void test_contents(void)
{
    uint64_t *page = page_alloc(), frame = va_to_mfn(page);

    page[511] = 0x0000890000000067;
    page_set_readonly(page);
    CHECK_EQ("gdt_with_a_task_segment", set_gdt(&frame, 16), -XEN_EINVAL);
    page_set_writable(page);
    page[511] = DATA_0;
    page_set_readonly(page);
    CHECK_EQ("gdt_with_ring_0", set_gdt(&frame, 16), 0);
    CHECK_EQ("ring_0_in_a_gdt_becomes_ring_3", page[511] & DPL_MASK, DPL_MASK);
    CHECK_EQ("gdt_off", set_gdt(&frame, 0), 0);
    CHECK_EQ("page_is_writable_again", page_set_writable(page), 0);
    page_free(page);
}

static void test_ldt(void)
{
    uint64_t *ldt = page_alloc();
    uint64_t va = (uint64_t)ldt;

    ldt[3] = DATA;
    CHECK_EQ("ldt_at_an_odd_address", mmuext2(MMUEXT_SET_LDT, va + 8, 512),
             -XEN_EINVAL);
    CHECK_EQ("ldt_in_the_hypervisor",
             mmuext2(MMUEXT_SET_LDT, HYPERVISOR_VIRT_START, 512), -XEN_EINVAL);
    CHECK_EQ("ldt_with_too_many_entries", mmuext2(MMUEXT_SET_LDT, va, 8193),
             -XEN_EINVAL);
    CHECK_EQ("ldt_in_a_writable_page", mmuext2(MMUEXT_SET_LDT, va, 512), 0);
    CHECK("selector_of_a_writable_ldt", !selector_loads(3 * 8 + 7));
    CHECK_EQ("ldt_off", mmuext2(MMUEXT_SET_LDT, 0, 0), 0);
    page_set_readonly(ldt);
    CHECK_EQ("ldt", mmuext2(MMUEXT_SET_LDT, va, 512), 0);
    CHECK("selector_of_the_ldt", selector_loads(3 * 8 + 7));
    CHECK("empty_selector_of_the_ldt", !selector_loads(4 * 8 + 7));
    CHECK("selector_behind_the_ldt", !selector_loads(600 * 8 + 7));
    CHECK_EQ("ldt_stays_readonly", page_set_writable(ldt), -XEN_EBUSY);
    CHECK_EQ("ldt_update", update_descriptor(&ldt[4], DATA), 0);
    CHECK("updated_selector_of_the_ldt", selector_loads(4 * 8 + 7));
    CHECK_EQ("ldt_off_again", mmuext2(MMUEXT_SET_LDT, 0, 0), 0);
    CHECK("selector_of_no_ldt", !selector_loads(3 * 8 + 7));
    CHECK_EQ("ldt_page_is_writable_again", page_set_writable(ldt), 0);
    page_free(ldt);
}

void test_main(void)
{
    uint64_t *gdt = page_alloc();

    test_set_gdt(gdt);
    test_update_descriptor(gdt);
    test_contents();
    test_ldt();
    CHECK_EQ("gdt_of_no_entries", set_gdt(NULL, 0), 0);
    page_free(gdt);
}
