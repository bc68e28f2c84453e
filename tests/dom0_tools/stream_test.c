/* SPDX-License-Identifier: MIT */
/*
 * xl save and restore as a whole: a guest that comes back is the same, what is
 * written has the documented form, a failure anywhere leaves the host as it
 * was, and no wrong stream does harm.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/error.h"
#include "public/sched.h"
#include "public/xen.h"

#include "fake_dom0.h"
#include "fake_state.h"
#include "kernel_setup.h"
#include "saved_setup.h"
#include "xl_setup.h"

#define ok(words)          assert_int_equal(xl(words), 0)
#define fails(words, code) assert_int_equal(xl(words), error_exit_status(code))
#define complains(text)    assert_string_equal(xl_err, text)

/* Where things are in its file: fixed by the formats. */
#define XL_HEADER    48
#define LIBXL_HEADER 16

/* The file of a saved guest, and how long it is. */
static uint8_t *saved;
static size_t saved_size;

static int host_end(void **state)
{
    free(saved);
    saved = NULL;
    unlink("saved");
    return xl_free(state);
}

static void saved_read(void)
{
    FILE *f = fopen("saved", "r");
    struct stat st;

    assert_non_null(f);
    assert_int_equal(fstat(fileno(f), &st), 0);
    free(saved);
    saved_size = (size_t)st.st_size;
    saved = malloc(saved_size);
    assert_int_equal(fread(saved, 1, saved_size, f), saved_size);
    fclose(f);
}

static void saved_write(const void *data, size_t size)
{
    FILE *f = fopen("saved", "w");

    assert_int_equal(fwrite(data, 1, size, f), size);
    fclose(f);
}

static uint32_t word(size_t at)
{
    uint32_t value;

    assert_true(at + sizeof(value) <= saved_size);
    memcpy(&value, saved + at, sizeof(value));
    return value;
}

/* All of the guest that no move may change, page for page. */
static void guest_copy(uint64_t (*page)[512])
{
    uint64_t pfn, i;

    for (pfn = 0; pfn < NR_PAGES; pfn++) {
        uint64_t mfn = mfn_of(guest(), pfn);

        memcpy(page[pfn], fake_frame(mfn), PAGE);
        if (fake_table_level(guest(), mfn))
            for (i = 0; i < 512; i++)
                if (page[pfn][i] & 1)
                    page[pfn][i] = (page[pfn][i] & ~FRAME) |
                                   pfn_of(guest(), (page[pfn][i] & FRAME) >> 12)
                                       << 12;
    }
}

static void a_guest_comes_back_as_it_was(void **state)
{
    uint64_t(*before)[512] = calloc(NR_PAGES, PAGE);
    uint64_t(*after)[512] = calloc(NR_PAGES, PAGE);
    uint64_t start_pfn, pfn, differ = 0, frames = fake_free_frames();
    struct vcpu_guest_context *c = &guest()->vcpu[0].context;
    struct start_info *start;
    struct shared_info *info;

    (void)state;
    guest_copy(before);
    start_pfn = pfn_of(guest(), c->user_regs.rdx);
    ok("save vm saved");
    assert_string_equal(xl_out, "Saving to saved\n");
    assert_false(guest()->exists);
    assert_int_equal(fake_store_count("/local/domain/1"), 0);
    ok("restore -e saved");
    assert_true(guest()->exists);
    assert_int_equal(guest()->paused, 0);
    assert_int_equal(fake_free_frames(), frames);
    assert_int_equal(guest()->info.tot_pages, NR_PAGES);
    assert_string_equal(fake_store_get("/local/domain/1/name"), "vm");
    guest_copy(after);
    for (pfn = 0; pfn < NR_PAGES; pfn++)
        differ += memcmp(before[pfn], after[pfn], PAGE) != 0;
    /* The four pages of the p2m, and start_info. */
    assert_int_equal(differ, 5);
    assert_int_equal(pfn_of(guest(), c->user_regs.rdx), start_pfn);
    assert_int_equal(pfn_of(guest(), c->ctrlreg[3] >> 12),
                     pfn_of(guest(), guest()->pinned));
    assert_int_equal(pfn_of(guest(), c->gdt_frames[0]), 3);
    start = fake_frame(c->user_regs.rdx);
    assert_int_equal(start->shared_info, guest()->shared_info_mfn << 12);
    assert_int_equal(start->store_evtchn, 1);
    assert_int_equal(fake_frame_owner(start->store_mfn), 1);
    assert_int_equal(start->flags, SIF_VIRT_P2M_4TOOLS);
    info = fake_frame(guest()->shared_info_mfn);
    assert_int_equal(info->evtchn_pending[0], 0);
    assert_int_equal(info->evtchn_mask[0], ~0UL);
    assert_int_equal(info->vcpu_info[0].arch.cr2, 0x77);
    assert_int_equal(info->arch.p2m_cr3, 0);
    free(before);
    free(after);
}

static void the_file_has_the_documented_form(void **state)
{
    static const uint8_t libxl[] = {'L', 'i', 'b', 'x', 'l', 'F', 'm', 't',
                                    0,   0,   0,   2,   0,   0,   0,   0,
                                    1,   0,   0,   0,   0,   0,   0,   0};
    static const uint8_t libxc[] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'X', 'E',
        'N',  'F',  0,    0,    0,    3,    0,    0,    0,   0,
        0,    0,    0,    0,    1,    0,    0,    0,    12,  0,
        0,    0,    4,    0,    0,    0,    17,   0,    0,   0, /* PV_INFO */
        2,    0,    0,    0,    8,    0,    0,    0,    8,   4,
        0,    0,    0,    0,    0,    0};
    static const uint32_t types[] = {0x11, 0x12, 0x10, 0x3, 0x1, 0x1,
                                     0x8,  0x7,  0x4,  0x5, 0x6, 0x0};
    static const uint32_t sizes[] = {
        FAKE_LEAVES * 24,      16, 0,    8 + 4 * 8, 8 + 1024 * (8 + 4096),
        8 + 1024 * (8 + 4096), 24, 4096, 8 + 5168,  8 + 64,
        8 + FAKE_XSAVE,        0};
    size_t at, i;

    (void)state;
    ok("save vm saved");
    saved_read();
    assert_memory_equal(saved, "Xen saved domain, xl format\n \0 \r", 32);
    assert_int_equal(word(32), 0x01020304);
    assert_int_equal(word(36), 3);
    assert_int_equal(word(40), 0);
    assert_int_equal(word(XL_HEADER) + 4, word(44));
    assert_int_equal(saved[XL_HEADER + 4], '{');
    at = XL_HEADER + word(44);
    assert_memory_equal(saved + at, libxl, sizeof(libxl));
    at += sizeof(libxl);
    assert_memory_equal(saved + at, libxc, sizeof(libxc));
    at += sizeof(libxc);
    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        assert_int_equal(word(at), types[i]);
        assert_int_equal(word(at + 4), sizes[i]);
        at += 8 + (sizes[i] + 7) / 8 * 8;
    }
    /* libxl's END. */
    assert_int_equal(word(at), 0);
    assert_int_equal(saved_size, at + 8);
}

static void a_snapshot_lets_the_guest_go_on(void **state)
{
    (void)state;
    ok("save -c vm saved");
    assert_true(guest()->exists);
    assert_int_equal(guest()->info.flags, 0);
    assert_int_equal(guest()->paused, 0);
    assert_int_equal(guest()->vcpu[0].context.user_regs.rax, 1);
    ok("save -p vm saved");
    assert_int_equal(guest()->info.flags, 0);
    assert_int_equal(guest()->paused, 1);
    fails("restore saved", ERROR_NAME_IN_USE);
    ok("rename vm other");
    ok("restore -e -p saved");
    assert_int_equal(fake_domain[2].paused, 1);
}

static void an_id_may_be_kept(void **state)
{
    (void)state;
    fake_domain_make(5, "five", 1, 4);
    ok("save -D vm saved");
    fake_domain_make(1, "one", 1, 4);
    fails("restore -e saved", ERROR_HYPERVISOR);
    fake_domain[1].exists = false;
    ok("restore -e --json saved");
    assert_non_null(strstr(xl_out, "\"domid\": 1"));
}

static void what_is_kept_of_it_comes_along(void **state)
{
    (void)state;
    ok("mem-max vm 16");
    ok("rename vm web");
    ok("save web saved");
    ok("restore -e saved");
    assert_string_equal(fake_store_get("/local/domain/1/name"), "web");
    assert_string_equal(fake_store_get("/local/domain/1/memory/static-max"),
                        "16384");
    ok("list -l web");
    assert_non_null(strstr(xl_out, "\"on_crash\": \"preserve\""));
    assert_non_null(strstr(xl_out, "\"on_reboot\": \"restart_rename\""));
    assert_non_null(strstr(xl_out, "\"ramdisk\": \"ramdisk\""));
}

static void another_configuration_may_be_named(void **state)
{
    FILE *f = fopen("other.cfg", "w");

    (void)state;
    fprintf(f, "name='other'\nkernel='kernel'\nmemory=8\nmaxvcpus=2\n");
    fclose(f);
    ok("save vm saved other.cfg");
    ok("restore -e -q saved");
    assert_string_equal(fake_store_get("/local/domain/1/name"), "vm");
    ok("destroy vm");
    ok("restore -e other.cfg saved");
    assert_string_equal(fake_store_get("/local/domain/1/name"), "other");
    unlink("other.cfg");
}

static void a_guest_that_is_to_stay_is_not_saved(void **state)
{
    (void)state;
    ok("config-update vm vm.cfg nomigrate=1");
    fails("save vm saved", ERROR_CONFIG);
    complains(
        "xl: save: vm: it may be neither saved nor migrated (nomigrate=1) "
        "(change that by `xl config-update`)\n");
    fails("migrate -s false vm there", ERROR_CONFIG);
    assert_int_equal(guest()->info.flags, 0);
    assert_int_equal(access("saved", F_OK), -1);
    ok("config-update vm vm.cfg");
    ok("save vm saved");
}

static void who_can_not_be_saved_is_told(void **state)
{
    (void)state;
    fails("save nobody saved", ERROR_NO_DOMAIN);
    fails("save 0 saved", ERROR_CONFIG);
    ok("pause vm");
    fails("save vm saved", ERROR_USAGE);
    complains("xl: save: vm: it is paused and can't suspend itself (unpause it "
              "first)\n");
    ok("unpause vm");
    fails("save vm /nonexistent/saved", ERROR_STREAM);
    fails("restore /nonexistent/saved", ERROR_STREAM);
    memset(fake_frame(guest()->shared_info_mfn), 0, PAGE);
    fails("save vm saved", ERROR_STREAM);
    complains("xl: save: vm: the guest does not tell how it uses its memory "
              "(its kernel can't be saved, or has not started)\n");
    assert_int_equal(access("saved", F_OK), -1);
    assert_int_equal(guest()->info.flags, 0);
}

static void a_save_that_fails_lets_the_guest_run(void **state)
{
    unsigned int calls, requests, n, succeeded = 0;

    calls = fake_calls();
    requests = fake_store_requests();
    ok("save vm saved");
    calls = fake_calls() - calls;
    requests = fake_store_requests() - requests;
    assert_true(calls > 20 && requests > 10);
    for (n = 1; n <= calls + requests; n++) {
        host_end(state);
        saved_host(state);
        if (n <= calls)
            fake_call_fail(n, EIO);
        else
            fake_store_request_fail(n - calls, EIO);
        if (xl("save vm saved") == 0) {
            succeeded++;
            continue;
        }
        /* Either it runs on and there is no file, or it is in the file. */
        if (guest()->exists && guest()->info.flags == 0)
            assert_int_equal(access("saved", F_OK), -1);
        else
            assert_int_equal(access("saved", F_OK), 0);
        assert_int_equal(access("saved.partial", F_OK), -1);
    }
    assert_true(succeeded < 4);
}

/* Nothing of the guest: frames, store, loop devices. */
static bool something_is_left(uint64_t frames, unsigned int nodes)
{
    return fake_free_frames() != frames || fake_store_count("/") != nodes ||
           fake_domain[1].exists;
}

static void a_restore_that_fails_leaves_nothing(void **state)
{
    unsigned int calls, requests, nodes, n, succeeded = 0;
    uint64_t frames;

    (void)state;
    ok("save vm saved");
    frames = fake_free_frames();
    nodes = fake_store_count("/");
    calls = fake_calls();
    requests = fake_store_requests();
    ok("restore -e -p saved");
    calls = fake_calls() - calls;
    requests = fake_store_requests() - requests;
    assert_true(calls > 20 && requests > 50);
    ok("destroy vm");
    for (n = 1; n <= calls + requests; n++) {
        if (n <= calls)
            fake_call_fail(n, EIO);
        else
            fake_store_request_fail(n - calls, EIO);
        if (xl("restore -e -p saved") == 0) {
            succeeded++;
            ok("destroy vm");
        }
        fake_call_fail(0, 0);
        if (something_is_left(frames, nodes))
            fail_msg("left by step %u of %u + %u: %s", n, calls, requests,
                     xl_err);
    }
    /* Where there is no block of memory, single pages do. */
    assert_true(succeeded < 8);
}

/* The saved guest's file, of which the pages are only looked at in passing. */
static bool is_of_interest(size_t at, size_t pages, size_t behind)
{
    return at < pages + 64 || at >= behind - 64 || at % 65521 == 0;
}

static void a_stream_that_ends_leaves_nothing(void **state)
{
    unsigned int nodes;
    uint64_t frames;
    uint8_t *whole;
    size_t at, size;

    (void)state;
    ok("save vm saved");
    saved_read();
    whole = saved;
    size = saved_size;
    saved = NULL;
    frames = fake_free_frames();
    nodes = fake_store_count("/");
    for (at = 0; at < size; at += at < 2000 || at + 6000 > size ? 37 : 77777) {
        saved_write(whole, at);
        fails("restore -e -p saved", ERROR_STREAM);
        if (something_is_left(frames, nodes))
            fail_msg("left by a stream that ends at %zu of %zu", at, size);
    }
    free(whole);
}

/* Each byte of heads and records wrong once, in two ways. */
static void a_stream_that_is_wrong_does_no_harm(void **state)
{
    static const uint8_t flips[] = {0xff, 0x01};
    size_t at, pages, behind, i;
    unsigned int nodes;
    uint64_t frames;

    (void)state;
    ok("save vm saved");
    saved_read();
    frames = fake_free_frames();
    nodes = fake_store_count("/");
    behind = saved_size - (8 + 24 + 8 + 4096 + 3 * 8 + 5176 + 72 + 856 + 16);
    pages = behind - 2 * (16 + 1024 * (8 + 4096UL));
    for (i = 0; i < sizeof(flips); i++)
        for (at = XL_HEADER; at < saved_size; at++) {
            if (!is_of_interest(at, pages, behind) ||
                (at > behind + 200 && at % 53))
                continue;
            saved[at] ^= flips[i];
            saved_write(saved, saved_size);
            saved[at] ^= flips[i];
            if (xl("restore -e -p saved") == 0) {
                ok("destroy 1");
            }
            if (something_is_left(frames, nodes))
                fail_msg("left by byte %zu of %zu: %s", at, saved_size, xl_err);
        }
}

/* Put a number into the stream, restore, and hear why not. */
static void wrong_number(size_t at, uint64_t value, size_t size,
                         const char *why)
{
    uint64_t was = 0;

    memcpy(&was, saved + at, size);
    memcpy(saved + at, &value, size);
    saved_write(saved, saved_size);
    memcpy(saved + at, &was, size);
    assert_int_not_equal(xl("restore -e saved"), 0);
    if (!strstr(xl_err, why))
        fail_msg("expected '%s', got '%s'", why, xl_err);
}

static void what_is_wrong_is_told(void **state)
{
    size_t libxl, libxc, info, leaves, p2m, pages;

    (void)state;
    ok("save vm saved");
    saved_read();
    libxl = XL_HEADER + word(44);
    libxc = libxl + 24;
    info = libxc + 40;
    leaves = info + 16;
    p2m = leaves + 8 + FAKE_LEAVES * 24 + 8 + 16 + 8;
    pages = p2m + 8 + 8 + 32;
    wrong_number(0, 'x', 1, "this is no saved guest");
    wrong_number(36, 7, 4, "it needs a newer xl");
    wrong_number(44, 1U << 30, 4, "its configuration is too long");
    wrong_number(XL_HEADER, 1U << 30, 4, "longer than its room");
    wrong_number(XL_HEADER + 4, 0, 1, "no configuration");
    wrong_number(XL_HEADER + 4, 'x', 1, "no JSON object");
    wrong_number(libxl, 0, 4, "no saved guest behind");
    wrong_number(libxl + 16, 5, 4, "a record of unknown type 0x5");
    wrong_number(libxc, 0, 8, "no saved guest, or one of an old form");
    wrong_number(libxc + 24, 2, 4, "no PV guest");
    wrong_number(info + 8, 4, 1, "no 64-bit guest");
    wrong_number(leaves + 8, 9, 1, "this host's CPU lacks");
    wrong_number(leaves + 4, 1U << 30, 4, "has 1073741824 bytes");
    wrong_number(leaves, 0x13, 4, "a record of unknown type 0x13");
    wrong_number(p2m + 12, ~0U, 4, "too far for its size");
    wrong_number(p2m + 12, 9999, 4, "P2M_FRAMES has the wrong length");
    wrong_number(pages + 8, 0, 4, "a record has 0 pages");
    wrong_number(pages + 8, 99999, 4, "a record has 99999 pages");
    wrong_number(pages + 8, 1000, 4, "a record of pages has the wrong length");
    wrong_number(pages + 16, NR_PAGES, 8,
                 "a page is of no known kind or place");
    wrong_number(pages + 16, 5ULL << 60, 8, "a page is of no known kind");
    assert_int_equal(guest()->exists, 0);
}

/* A guest that lies about its memory. */
static void a_guest_that_lies_is_not_saved(void **state)
{
    struct shared_info *info = fake_frame(guest()->shared_info_mfn);
    struct arch_shared_info honest = info->arch;
    uint64_t *table = fake_frame(guest()->pinned), entry;

    (void)state;
    info->arch.max_pfn = 1UL << 60;
    fails("save vm saved", ERROR_STREAM);
    info->arch.max_pfn = 0;
    fails("save vm saved", ERROR_STREAM);
    info->arch = honest;
    info->arch.p2m_vaddr = ~0UL << 12;
    fails("save vm saved", ERROR_STREAM);
    info->arch.p2m_vaddr = 0x1000;
    fails("save vm saved", ERROR_STREAM);
    info->arch = honest;
    info->arch.p2m_cr3 = 1UL << 50;
    fails("save vm saved", ERROR_HYPERVISOR);
    info->arch = honest;
    info->arch.p2m_cr3 = 0;
    info->arch.pfn_to_mfn_frame_list_list = 1UL << 40;
    fails("save vm saved", ERROR_HYPERVISOR);
    info->arch = honest;
    entry = table[511];
    table[100] = (uint64_t)fake_domain[0].shared_info_mfn << 12 | 1;
    fails("save vm saved", ERROR_STREAM);
    assert_non_null(strstr(xl_err, "which is not its own"));
    table[100] = 0;
    assert_int_equal(table[511], entry);
    assert_int_equal(guest()->info.flags, 0);
    ok("save vm saved");
}

#define test(f) cmocka_unit_test_setup_teardown(f, saved_host, host_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_guest_comes_back_as_it_was),
        test(the_file_has_the_documented_form),
        test(a_snapshot_lets_the_guest_go_on),
        test(an_id_may_be_kept),
        test(what_is_kept_of_it_comes_along),
        test(another_configuration_may_be_named),
        test(a_guest_that_is_to_stay_is_not_saved),
        test(who_can_not_be_saved_is_told),
        test(a_save_that_fails_lets_the_guest_run),
        test(a_restore_that_fails_leaves_nothing),
        test(a_stream_that_ends_leaves_nothing),
        test(a_stream_that_is_wrong_does_no_harm),
        test(what_is_wrong_is_told),
        test(a_guest_that_lies_is_not_saved),
    };

    return cmocka_run_group_tests(tests, saved_folder_make,
                                  saved_folder_remove);
}
