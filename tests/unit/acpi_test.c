/* SPDX-License-Identifier: MIT */
/* Parsers of ACPI tables, with whole and damaged ones. Tables lie in buffers
 * of just their length, so that the sanitizer sees a read past the end. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "asm/acpi.h"
#include "xen/errno.h"

static struct acpi_info info;

/* A table being made. */
static uint8_t bytes[4096];
static size_t len;

static int start(void **state)
{
    (void)state;
    memset(&info, 0, sizeof(info));
    memset(bytes, 0, sizeof(bytes));
    len = 0;
    return 0;
}

static void put8(uint8_t v)
{
    bytes[len++] = v;
}

static void put16(uint16_t v)
{
    memcpy(bytes + len, &v, sizeof(v));
    len += sizeof(v);
}

static void put32(uint32_t v)
{
    memcpy(bytes + len, &v, sizeof(v));
    len += sizeof(v);
}

static void put64(uint64_t v)
{
    memcpy(bytes + len, &v, sizeof(v));
    len += sizeof(v);
}

static int parse(int (*fn)(const void *, size_t, struct acpi_info *))
{
    uint8_t *copy = malloc(len ? len : 1);
    int rc;

    memcpy(copy, bytes, len);
    rc = fn(copy, len, &info);
    free(copy);
    return rc;
}

static void begin_madt(void)
{
    len = 36;
    put32(0xfee00000);
    put32(1);
}

static void put_lapic(uint8_t acpi_id, uint8_t apic_id, uint32_t flags)
{
    put8(0);
    put8(8);
    put8(acpi_id);
    put8(apic_id);
    put32(flags);
}

static void put_x2apic(uint32_t apic_id, uint32_t acpi_id)
{
    put8(9);
    put8(16);
    put16(0);
    put32(apic_id);
    put32(1);
    put32(acpi_id);
}

static void put_override(uint8_t bus, uint8_t irq, uint32_t gsi, uint16_t flags)
{
    put8(2);
    put8(10);
    put8(bus);
    put8(irq);
    put32(gsi);
    put16(flags);
}

static void madt_lists_enabled_cpus(void **state)
{
    (void)state;
    begin_madt();
    put_lapic(1, 0, 1);
    put_lapic(2, 4, 0);
    put_lapic(3, 6, 1);
    assert_int_equal(parse(acpi_parse_madt), 0);
    assert_true(info.has_madt);
    assert_int_equal(info.lapic_address, 0xfee00000);
    assert_int_equal(info.nr_cpus, 2);
    assert_int_equal(info.cpu[1].apic_id, 6);
    assert_int_equal(info.cpu[1].acpi_id, 3);
}

static void cpu_in_both_forms_counts_once(void **state)
{
    (void)state;
    begin_madt();
    put_lapic(0, 7, 1);
    put_x2apic(7, 0);
    put_x2apic(0x1234, 1);
    assert_int_equal(parse(acpi_parse_madt), 0);
    assert_int_equal(info.nr_cpus, 2);
    assert_int_equal(info.cpu[1].apic_id, 0x1234);
}

static void more_cpus_than_nr_cpus_are_left_out(void **state)
{
    (void)state;
    begin_madt();
    for (unsigned int i = 0; i < 240; i++)
        put_x2apic(0x1000 + i, i);
    assert_int_equal(parse(acpi_parse_madt), 0);
    len = 44;
    for (unsigned int i = 0; i < 240; i++)
        put_x2apic(0x2000 + i, i);
    assert_int_equal(parse(acpi_parse_madt), 0);
    assert_int_equal(info.nr_cpus, NR_CPUS);
}

static void madt_overrides_tell_trigger_and_polarity(void **state)
{
    (void)state;
    begin_madt();
    put_override(0, 0, 2, 0);
    put_override(0, 9, 9, 0xd);
    put_override(0, 10, 10, 0xf);
    put_override(1, 11, 11, 0xf);
    assert_int_equal(parse(acpi_parse_madt), 0);
    assert_int_equal(info.nr_overrides, 3);
    assert_int_equal(info.override[0].gsi, 2);
    assert_false(info.override[0].level);
    assert_true(info.override[1].level);
    assert_false(info.override[1].active_low);
    assert_true(info.override[2].active_low);
}

static void madt_ioapic_and_nmi(void **state)
{
    (void)state;
    begin_madt();
    put8(1);
    put8(12);
    put16(5);
    put32(0xfec00000);
    put32(24);
    put8(4);
    put8(6);
    put8(0xff);
    put16(0);
    put8(1);
    assert_int_equal(parse(acpi_parse_madt), 0);
    assert_int_equal(info.nr_ioapics, 1);
    assert_int_equal(info.ioapic[0].id, 5);
    assert_int_equal(info.ioapic[0].gsi_base, 24);
    assert_int_equal(info.nmi_lints, 2);
}

static void madt_record_of_length_zero_is_einval(void **state)
{
    (void)state;
    begin_madt();
    put_lapic(0, 0, 1);
    put16(0);
    put_lapic(1, 1, 1);
    assert_int_equal(parse(acpi_parse_madt), -EINVAL);
    assert_int_equal(info.nr_cpus, 1);
}

static void madt_cut_anywhere_is_never_read_past(void **state)
{
    size_t whole;

    (void)state;
    begin_madt();
    put_lapic(0, 0, 1);
    put_override(0, 9, 9, 0xd);
    put_x2apic(300, 1);
    whole = len;
    for (len = 0; len < whole; len++)
        (void)!parse(acpi_parse_madt);
    assert_int_equal(info.nr_cpus, 1);
}

static void short_record_of_known_type_is_skipped(void **state)
{
    (void)state;
    begin_madt();
    put8(0);
    put8(4);
    put16(0);
    put_lapic(1, 1, 1);
    assert_int_equal(parse(acpi_parse_madt), 0);
    assert_int_equal(info.nr_cpus, 1);
}

static void begin_fadt(size_t size)
{
    bytes[46] = 9;
    bytes[65] = 6;
    bytes[64] = 4;
    bytes[76] = 8;
    bytes[77] = 6;
    bytes[91] = 4;
    len = size;
}

static void old_fadt_has_no_reset_register(void **state)
{
    (void)state;
    begin_fadt(116);
    bytes[113] = 4; /* reset supported */
    assert_int_equal(parse(acpi_parse_fadt), 0);
    assert_int_equal(info.sci, 9);
    assert_int_equal(info.pm1a_control, 0x604);
    assert_int_equal(info.pm_timer, 0x608);
    assert_false(info.has_reset);
}

static void fadt_reset_register_is_read(void **state)
{
    (void)state;
    begin_fadt(244);
    bytes[113] = 4;
    bytes[116] = ACPI_SPACE_IO;
    bytes[120] = 0xf9;
    bytes[121] = 0x0c;
    bytes[128] = 0xf;
    assert_int_equal(parse(acpi_parse_fadt), 0);
    assert_true(info.has_reset);
    assert_int_equal(info.reset.address, 0xcf9);
    assert_int_equal(info.reset_value, 0xf);
}

static void fadt_extended_address_wins(void **state)
{
    (void)state;
    begin_fadt(244);
    bytes[172] = ACPI_SPACE_IO;
    bytes[176] = 0x04;
    bytes[177] = 0x18;
    assert_int_equal(parse(acpi_parse_fadt), 0);
    assert_int_equal(info.pm1a_control, 0x1804);
}

static void fadt_cut_anywhere_is_never_read_past(void **state)
{
    (void)state;
    begin_fadt(244);
    bytes[113] = 4;
    for (len = 0; len < 244; len++)
        assert_int_equal(parse(acpi_parse_fadt), len < 116 ? -EINVAL : 0);
}

static void hpet_address_is_read(void **state)
{
    (void)state;
    len = 40;
    put32(0);
    put64(0xfed00000);
    len = 56;
    assert_int_equal(parse(acpi_parse_hpet), 0);
    assert_int_equal(info.hpet_address, 0xfed00000);
    len = 55;
    assert_int_equal(parse(acpi_parse_hpet), -EINVAL);
}

static void put_window(uint64_t base, uint8_t first, uint8_t last)
{
    put64(base);
    put16(0);
    put8(first);
    put8(last);
    put32(0);
}

static void mcfg_windows_are_read(void **state)
{
    (void)state;
    len = 44;
    put_window(0xb0000000, 0, 255);
    assert_int_equal(parse(acpi_parse_mcfg), 0);
    assert_int_equal(info.nr_mcfg, 1);
    assert_int_equal(info.mcfg[0].base, 0xb0000000);
    assert_int_equal(info.mcfg[0].end_bus, 255);
}

static void mcfg_with_buses_upside_down_is_einval(void **state)
{
    (void)state;
    len = 44;
    put_window(0xb0000000, 5, 4);
    assert_int_equal(parse(acpi_parse_mcfg), -EINVAL);
    assert_int_equal(info.nr_mcfg, 0);
}

static void mcfg_cut_in_a_window_is_einval(void **state)
{
    (void)state;
    len = 44;
    put_window(0xb0000000, 0, 255);
    len -= 3;
    assert_int_equal(parse(acpi_parse_mcfg), -EINVAL);
}

static void checksum(size_t at, size_t size)
{
    uint8_t sum = 0;

    bytes[at] = 0;
    for (size_t i = 0; i < size; i++)
        sum += bytes[i];
    bytes[at] = -sum;
}

static void make_rsdp(uint8_t revision)
{
    memcpy(bytes, "RSD PTR ", 8);
    bytes[15] = revision;
    bytes[16] = 0x10;
    bytes[20] = 36;
    bytes[24] = 0x20;
    checksum(8, 20);
    checksum(32, 36);
}

static void rsdp_of_revision_2_names_the_xsdt(void **state)
{
    paddr_t root = 0;
    bool wide = false;

    (void)state;
    make_rsdp(2);
    assert_true(acpi_rsdp_valid(bytes, 36, &root, &wide));
    assert_true(wide);
    assert_int_equal(root, 0x20);
}

static void rsdp_falls_back_to_the_rsdt(void **state)
{
    paddr_t root = 0;
    bool wide = true;

    (void)state;
    make_rsdp(2);
    bytes[33] ^= 1; /* the second checksum is wrong now */
    assert_true(acpi_rsdp_valid(bytes, 36, &root, &wide));
    assert_false(wide);
    assert_int_equal(root, 0x10);
    make_rsdp(0);
    assert_true(acpi_rsdp_valid(bytes, 20, &root, &wide));
    assert_false(wide);
}

static void damaged_rsdp_is_refused(void **state)
{
    paddr_t root;
    bool wide;

    (void)state;
    make_rsdp(2);
    assert_false(acpi_rsdp_valid(bytes, 19, &root, &wide));
    bytes[9] ^= 1;
    assert_false(acpi_rsdp_valid(bytes, 36, &root, &wide));
    make_rsdp(2);
    bytes[0] = 'r';
    assert_false(acpi_rsdp_valid(bytes, 36, &root, &wide));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(madt_lists_enabled_cpus, start),
        cmocka_unit_test_setup(cpu_in_both_forms_counts_once, start),
        cmocka_unit_test_setup(more_cpus_than_nr_cpus_are_left_out, start),
        cmocka_unit_test_setup(madt_overrides_tell_trigger_and_polarity, start),
        cmocka_unit_test_setup(madt_ioapic_and_nmi, start),
        cmocka_unit_test_setup(madt_record_of_length_zero_is_einval, start),
        cmocka_unit_test_setup(madt_cut_anywhere_is_never_read_past, start),
        cmocka_unit_test_setup(short_record_of_known_type_is_skipped, start),
        cmocka_unit_test_setup(old_fadt_has_no_reset_register, start),
        cmocka_unit_test_setup(fadt_reset_register_is_read, start),
        cmocka_unit_test_setup(fadt_extended_address_wins, start),
        cmocka_unit_test_setup(fadt_cut_anywhere_is_never_read_past, start),
        cmocka_unit_test_setup(hpet_address_is_read, start),
        cmocka_unit_test_setup(mcfg_windows_are_read, start),
        cmocka_unit_test_setup(mcfg_with_buses_upside_down_is_einval, start),
        cmocka_unit_test_setup(mcfg_cut_in_a_window_is_einval, start),
        cmocka_unit_test_setup(rsdp_of_revision_2_names_the_xsdt, start),
        cmocka_unit_test_setup(rsdp_falls_back_to_the_rsdt, start),
        cmocka_unit_test_setup(damaged_rsdp_is_refused, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
