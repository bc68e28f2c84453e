/* SPDX-License-Identifier: MIT */
/*
 * Guests as they are built: what the first vcpu of a domain would see through
 * its own page tables, in a machine whose frames never lie side by side.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "public/grant_table.h"
#include "public/xen.h"

#include "build/build.h"
#include "build/pagetable.h"
#include "lib/domctl.h"

#include "fake_dom0.h"
#include "kernel_setup.h"

#define DOMID        3
#define NR_PAGES     2500 /* no multiple of anything */
#define RAMDISK_SIZE 5000

static char folder[] = "/tmp/build_test.XXXXXX";
static char kernel_path[64], ramdisk_path[64];

/* What one building made. */
static struct layout layout;
static struct build_result result;

static void build(const struct kernel_wish *wish, uint64_t ramdisk_size)
{
    struct file_data ramdisk = {0};
    struct kernel kernel;
    struct build_request request = {.domid = DOMID,
                                    .kernel = &kernel,
                                    .cmdline = "root=/dev/xvda quiet",
                                    .layout = &layout,
                                    .store_port = 1,
                                    .console_port = 2};
    struct privcmd *p;

    fake_dom0_reset();
    fake_domain_make(DOMID, "guest", 1, 0);
    fake_domain[DOMID].info.max_pages = NR_PAGES;
    kernel_write(kernel_path, wish);
    assert_int_equal(kernel_read(kernel_path, &kernel, NULL), 0);
    if (ramdisk_size) {
        bytes_write(ramdisk_path, ramdisk_size);
        assert_int_equal(
            file_data_open("ramdisk", ramdisk_path, &ramdisk, NULL), 0);
        request.ramdisk = &ramdisk;
    }
    assert_int_equal(
        layout_make(&kernel.image, ramdisk.size, NR_PAGES, &layout, NULL), 0);
    assert_int_equal(privcmd_open(&p, NULL), 0);
    assert_int_equal(build_domain(p, &request, &result, NULL), 0);
    privcmd_close(p);
    file_data_close(&ramdisk);
    kernel_free(&kernel);
}

/* Entry that maps an address in the domain's tables, 0 where none does. */
static uint64_t walk(uint64_t va)
{
    uint64_t entry = fake_domain[DOMID].pinned << PAGE_SHIFT;
    int level;

    for (level = 4; level; level--) {
        const uint64_t *table = fake_frame(entry >> PAGE_SHIFT);

        entry = table[va >> (PAGE_SHIFT + 9 * (level - 1)) & 511];
        if (!(entry & PTE_PRESENT))
            return 0;
        assert_int_equal(fake_frame_owner(entry >> PAGE_SHIFT), DOMID);
    }
    return entry;
}

static void *at(uint64_t va)
{
    uint64_t entry = walk(va);

    return entry ? (char *)fake_frame(entry >> PAGE_SHIFT) +
                       (va & (PAGE_SIZE - 1))
                 : NULL;
}

static const struct vcpu_guest_context *vcpu(void)
{
    return &fake_domain[DOMID].vcpu[0].context;
}

static const struct start_info *start_info(void)
{
    return at(vcpu()->user_regs.rsi);
}

static uint64_t p2m(uint64_t pfn)
{
    return *(uint64_t *)at(start_info()->mfn_list + 8 * pfn);
}

static const struct kernel_wish plain = {0};
static const struct kernel_wish linux_like = {.p2m_apart = true,
                                              .mod_start_pfn = true};

static void the_kernel_is_where_it_wants_to_be(void **state)
{
    uint64_t n;

    (void)state;
    build(&linux_like, 0);
    for (n = 0; n < KERNEL_TEXT; n++)
        assert_int_equal(*(uint8_t *)at(KERNEL_START + n), byte_of(n));
    for (; n < KERNEL_SIZE; n++)
        assert_int_equal(*(uint8_t *)at(KERNEL_START + n), 0);
    assert_int_equal(vcpu()->user_regs.rip, KERNEL_ENTRY);
    assert_true(walk(KERNEL_START) & PTE_RW);
}

static void registers_are_those_of_the_boot_protocol(void **state)
{
    const struct vcpu_guest_context *c = vcpu();

    (void)state;
    build(&linux_like, 0);
    assert_int_equal(c->flags, VGCF_in_kernel | VGCF_online);
    assert_int_equal(c->user_regs.cs, 0xe033);
    assert_int_equal(c->user_regs.ss, 0xe02b);
    assert_int_equal(c->ctrlreg[3], fake_domain[DOMID].pinned << PAGE_SHIFT);
    assert_int_equal(c->user_regs.rsp & (PAGE_SIZE - 1), 0);
    assert_true(walk(c->user_regs.rsp - 8) & PTE_RW);
    /* At least 512 KiB are mapped behind the stack, up to 4 MiB. */
    assert_non_null(at(c->user_regs.rsp + (512 << 10) - 8));
    assert_int_equal(layout.mapped_pages % 1024, 0);
    assert_int_equal(walk(KERNEL_BASE + (layout.mapped_pages << PAGE_SHIFT)),
                     0);
}

static void start_info_tells_all(void **state)
{
    const struct start_info *info;

    (void)state;
    build(&linux_like, RAMDISK_SIZE);
    info = start_info();
    assert_string_equal(info->magic, "xen-3.0-x86_64");
    assert_int_equal(info->nr_pages, NR_PAGES);
    assert_int_equal(info->shared_info,
                     fake_domain[DOMID].shared_info_mfn << PAGE_SHIFT);
    assert_int_equal(info->flags, SIF_VIRT_P2M_4TOOLS | SIF_MOD_START_PFN);
    assert_int_equal(info->store_mfn, result.store_mfn);
    assert_int_equal(info->store_evtchn, 1);
    assert_int_equal(info->console.domU.mfn, result.console_mfn);
    assert_int_equal(info->console.domU.evtchn, 2);
    assert_int_equal(info->mod_len, RAMDISK_SIZE);
    assert_string_equal((const char *)info->cmd_line, "root=/dev/xvda quiet");
    assert_int_equal(info->mfn_list, KERNEL_P2M);
    assert_int_equal(*(uint64_t *)at(info->pt_base),
                     *(uint64_t *)fake_frame(fake_domain[DOMID].pinned));
}

static void the_p2m_has_every_frame_once(void **state)
{
    static uint8_t seen[FAKE_NR_FRAMES];
    uint64_t pfn;

    (void)state;
    build(&linux_like, 0);
    memset(seen, 0, sizeof(seen));
    for (pfn = 0; pfn < NR_PAGES; pfn++) {
        assert_int_equal(fake_frame_owner(p2m(pfn)), DOMID);
        assert_int_equal(seen[p2m(pfn)]++, 0);
    }
    for (; pfn % 512; pfn++)
        assert_int_equal(p2m(pfn), ~0UL);
    assert_int_equal(p2m(layout.store_pfn), result.store_mfn);
}

static void the_p2m_lies_apart_where_it_is_wanted(void **state)
{
    const struct start_info *info;

    (void)state;
    build(&linux_like, 0);
    info = start_info();
    /* The list takes five pages; an L1, an L2 and an L3 map it. */
    assert_int_equal(info->nr_p2m_frames, 5 + 3);
    assert_int_equal(info->first_p2m_pfn, layout.mapped_pages);
    assert_true(walk(KERNEL_P2M) & PTE_RW);
    assert_non_null(at(KERNEL_P2M + 4 * PAGE_SIZE));
    assert_null(at(KERNEL_P2M + 5 * PAGE_SIZE));
}

static void without_an_address_the_p2m_is_behind_the_kernel(void **state)
{
    (void)state;
    build(&plain, 0);
    assert_int_equal(start_info()->mfn_list, KERNEL_START + KERNEL_SIZE);
    assert_int_equal(start_info()->nr_p2m_frames, 0);
    assert_int_equal(p2m(layout.console_pfn), result.console_mfn);
    assert_int_equal(p2m(NR_PAGES), ~0UL);
}

static void every_page_table_is_mapped_read_only(void **state)
{
    static bool table[FAKE_NR_FRAMES];
    const uint64_t *entries[5];
    unsigned int i[5], tables = 0;
    uint64_t pfn;

    (void)state;
    build(&linux_like, RAMDISK_SIZE);
    memset(table, 0, sizeof(table));
    entries[4] = fake_frame(fake_domain[DOMID].pinned);
    table[fake_domain[DOMID].pinned] = true;
    for (i[4] = 0; i[4] < 512; i[4]++) {
        if (!entries[4][i[4]])
            continue;
        table[entries[4][i[4]] >> PAGE_SHIFT] = true;
        entries[3] = fake_frame(entries[4][i[4]] >> PAGE_SHIFT);
        for (i[3] = 0; i[3] < 512; i[3]++) {
            if (!entries[3][i[3]])
                continue;
            table[entries[3][i[3]] >> PAGE_SHIFT] = true;
            entries[2] = fake_frame(entries[3][i[3]] >> PAGE_SHIFT);
            for (i[2] = 0; i[2] < 512; i[2]++)
                if (entries[2][i[2]])
                    table[entries[2][i[2]] >> PAGE_SHIFT] = true;
        }
    }
    for (pfn = 0; pfn < FAKE_NR_FRAMES; pfn++)
        tables += table[pfn];
    assert_int_equal(tables, layout.nr_tables + layout.nr_p2m_tables);
    assert_int_equal(start_info()->nr_pt_frames, layout.nr_tables);
    for (pfn = 0; pfn < layout.mapped_pages; pfn++) {
        uint64_t entry = walk(KERNEL_BASE + (pfn << PAGE_SHIFT));

        assert_int_equal(entry >> PAGE_SHIFT, p2m(pfn));
        assert_int_equal(!(entry & PTE_RW), table[p2m(pfn)]);
    }
}

static void the_ram_disk_may_stay_unmapped(void **state)
{
    uint64_t n, first;

    (void)state;
    build(&linux_like, RAMDISK_SIZE);
    first = start_info()->mod_start;
    assert_int_equal(first, layout.mapped_pages);
    for (n = 0; n < 8192; n++) {
        const uint8_t *page = fake_frame(p2m(first + (n >> PAGE_SHIFT)));

        assert_int_equal(page[n % PAGE_SIZE],
                         n < RAMDISK_SIZE ? byte_of(n) : 0);
    }
}

static void an_older_kernel_gets_its_ram_disk_mapped(void **state)
{
    uint64_t n;

    (void)state;
    build(&plain, RAMDISK_SIZE);
    assert_int_equal(start_info()->flags & SIF_MOD_START_PFN, 0);
    assert_int_equal(start_info()->mod_start, KERNEL_START + KERNEL_SIZE);
    for (n = 0; n < RAMDISK_SIZE; n++)
        assert_int_equal(*(uint8_t *)at(start_info()->mod_start + n),
                         byte_of(n));
}

static void a_hypercall_page_is_filled_in(void **state)
{
    const struct kernel_wish wish = {.hypercall_page = true};

    (void)state;
    build(&wish, 0);
    assert_int_equal(*(uint8_t *)at(KERNEL_HYPERCALLS), 0xcc);
    assert_int_equal(*(uint8_t *)at(KERNEL_HYPERCALLS - 1), 0);
}

static void daemons_get_their_pages(void **state)
{
    const struct grant_entry_v1 *table;
    const uint8_t *page;
    size_t i;

    (void)state;
    build(&linux_like, 0);
    table = fake_frame(fake_domain[DOMID].grant_mfn);
    assert_int_equal(table[GNTTAB_RESERVED_CONSOLE].flags, GTF_permit_access);
    assert_int_equal(table[GNTTAB_RESERVED_CONSOLE].domid, 0);
    assert_int_equal(table[GNTTAB_RESERVED_CONSOLE].frame, result.console_mfn);
    assert_int_equal(table[GNTTAB_RESERVED_XENSTORE].frame, result.store_mfn);
    page = fake_frame(result.console_mfn);
    for (i = 0; i < PAGE_SIZE; i++)
        assert_int_equal(page[i], 0);
}

static void no_vcpu_takes_events_yet(void **state)
{
    const struct shared_info *info;
    int i;

    (void)state;
    build(&linux_like, 0);
    info = fake_frame(fake_domain[DOMID].shared_info_mfn);
    for (i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
        assert_int_equal(info->vcpu_info[i].evtchn_upcall_mask, 1);
}

/* Layouts alone. */

static void a_layout_has_no_overlaps(void **state)
{
    struct kimage image = {.virt_base = KERNEL_BASE,
                           .virt_start = KERNEL_START,
                           .virt_end = KERNEL_BASE + 0x4a00000,
                           .has_init_p2m = true,
                           .init_p2m = KERNEL_P2M,
                           .mod_start_pfn = true};
    struct layout l;

    (void)state;
    /* Debian's kernel in 256 MiB, as the stock builder lays it out. */
    assert_int_equal(layout_make(&image, 0, 65536, &l, NULL), 0);
    assert_int_equal(l.start_info_pfn, 0x4a00);
    assert_int_equal(l.store_pfn, 0x4a01);
    assert_int_equal(l.console_pfn, 0x4a02);
    assert_int_equal(l.tables_pfn, 0x4a03);
    assert_int_equal(l.nr_tables, 0x29);
    assert_int_equal(l.stack_pfn, 0x4a2c);
    assert_int_equal(l.mapped_pages, 0x4c00);
    assert_int_equal(l.p2m_pfn, 0x4c00);
    assert_int_equal(l.nr_p2m, 128);
    assert_int_equal(l.nr_p2m_tables, 3);
    /* 64 GiB: the list takes 128 MiB, 64 L1s. */
    assert_int_equal(layout_make(&image, 0, 64UL << 18, &l, NULL), 0);
    assert_int_equal(l.nr_p2m_tables, 66);
}

static void too_little_memory_says_how_much(void **state)
{
    struct kimage image = {.virt_base = KERNEL_BASE,
                           .virt_end = KERNEL_BASE + 0x4a00000,
                           .mod_start_pfn = true};
    struct error *err = NULL;
    struct layout l;

    (void)state;
    assert_int_equal(layout_make(&image, 8 << 20, 16 << 8, &l, &err), -ENOSPC);
    assert_int_equal(error_code(err), ERROR_CONFIG);
    assert_string_equal(error_first_hint(err), "give it at least 83 MiB");
    error_clear(&err);
    assert_int_equal(layout_make(&image, 8 << 20, 83 << 8, &l, NULL), 0);
    assert_int_equal(layout_make(&image, 8 << 20, 82 << 8, &l, &err), -ENOSPC);
    error_clear(&err);
}

/* Less than the 4 MiB that are mapped otherwise, but never less slack. */
static void one_mib_is_enough_for_a_small_kernel(void **state)
{
    struct kimage image = {.virt_base = KERNEL_BASE,
                           .virt_end = KERNEL_BASE + 0x6a000,
                           .has_init_p2m = true,
                           .init_p2m = 0x8000000000};
    struct error *err = NULL;
    struct layout l;

    (void)state;
    assert_int_equal(layout_make(&image, 0, 256, &l, NULL), 0);
    assert_int_equal(l.stack_pfn, 0x6a + 3 + 4);
    assert_int_equal(l.mapped_pages, 252);
    assert_int_equal(l.p2m_pfn, 252);
    image.virt_end += 64 << PAGE_SHIFT;
    assert_int_equal(layout_make(&image, 0, 256, &l, &err), -ENOSPC);
    error_clear(&err);
}

static void an_impossible_p2m_address_is_refused(void **state)
{
    static const uint64_t wrong[] = {HYPERVISOR_VIRT_START,
                                     KERNEL_BASE - (1UL << 30), ~0UL << 12};
    struct kimage image = {.virt_base = KERNEL_BASE,
                           .virt_end = KERNEL_START,
                           .has_init_p2m = true};
    struct layout l;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        image.init_p2m = wrong[i];
        assert_int_equal(layout_make(&image, 0, 65536, &l, NULL), -EINVAL);
    }
}

static int folder_make(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(kernel_path, sizeof(kernel_path), "%s/kernel", folder);
    snprintf(ramdisk_path, sizeof(ramdisk_path), "%s/ramdisk", folder);
    return 0;
}

static int folder_remove(void **state)
{
    (void)state;
    unlink(kernel_path);
    unlink(ramdisk_path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernel_is_where_it_wants_to_be),
        cmocka_unit_test(registers_are_those_of_the_boot_protocol),
        cmocka_unit_test(start_info_tells_all),
        cmocka_unit_test(the_p2m_has_every_frame_once),
        cmocka_unit_test(the_p2m_lies_apart_where_it_is_wanted),
        cmocka_unit_test(without_an_address_the_p2m_is_behind_the_kernel),
        cmocka_unit_test(every_page_table_is_mapped_read_only),
        cmocka_unit_test(the_ram_disk_may_stay_unmapped),
        cmocka_unit_test(an_older_kernel_gets_its_ram_disk_mapped),
        cmocka_unit_test(a_hypercall_page_is_filled_in),
        cmocka_unit_test(daemons_get_their_pages),
        cmocka_unit_test(no_vcpu_takes_events_yet),
        cmocka_unit_test(a_layout_has_no_overlaps),
        cmocka_unit_test(too_little_memory_says_how_much),
        cmocka_unit_test(one_mib_is_enough_for_a_small_kernel),
        cmocka_unit_test(an_impossible_p2m_address_is_refused),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
