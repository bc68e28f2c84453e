/* SPDX-License-Identifier: MIT */
/* Root tables without the hypervisor's mappings: what is in them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "asm/xpti.h"

#define M2P_ENTRY  0x1111000UL
#define AREA_ENTRY 0x2222000UL

static u64 guest[PT_ENTRIES], root[PT_ENTRIES];

/* A table as guests' are: their entries, and the hypervisor's. */
static int make(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < PT_ENTRIES; i++) {
        guest[i] = (0x100000UL + i) << PAGE_SHIFT | PTE_PRESENT;
        root[i] = ~0UL; /* whatever another guest left there */
    }
    xpti_make_root(root, guest, M2P_ENTRY, AREA_ENTRY);
    return 0;
}

static bool is_hypervisors(unsigned int slot)
{
    return slot >= HYPERVISOR_FIRST_SLOT && slot <= HYPERVISOR_LAST_SLOT;
}

static void guest_finds_all_of_its_entries(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < PT_ENTRIES; i++)
        if (!is_hypervisors(i))
            assert_int_equal(root[i], guest[i]);
}

static void nothing_of_the_hypervisor_is_there(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < PT_ENTRIES; i++) {
        if (!is_hypervisors(i))
            continue;
        if (i == HYPERVISOR_FIRST_SLOT)
            assert_int_equal(root[i], M2P_ENTRY);
        else if (i == pt_index(CPU_AREA_START, 4))
            assert_int_equal(root[i], AREA_ENTRY);
        else
            assert_int_equal(root[i], 0);
    }
}

/* One L1 table for each CPU: no root leads to the area of another one. */
static void areas_share_no_table(void **state)
{
    (void)state;
    for (unsigned int cpu = 1; cpu < NR_CPUS; cpu++) {
        unsigned long a = cpu_area(cpu - 1), b = cpu_area(cpu);

        assert_true(pt_index(a, 2) != pt_index(b, 2) ||
                    pt_index(a, 3) != pt_index(b, 3));
        assert_int_equal(pt_index(b, 1), 0);
    }
    assert_true(cpu_area(NR_CPUS) <= XEN_VIRT_START);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(guest_finds_all_of_its_entries, make),
        cmocka_unit_test_setup(nothing_of_the_hypervisor_is_there, make),
        cmocka_unit_test(areas_share_no_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
