/* SPDX-License-Identifier: MIT */
/* Parsing and loading of ELF kernels, with files that are made up here. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <elf.h>
#include <setjmp.h>
#include <cmocka.h>

#include "xen/errno.h"
#include "xen/kimage.h"

#define VIRT_BASE  0xffffffff80000000u
#define NR_PHDRS   4
#define NOTES_OFF  (sizeof(Elf64_Ehdr) + NR_PHDRS * sizeof(Elf64_Phdr))
#define NOTES_MAX  1024
#define DATA_OFF   2048
#define DATA_SIZE  256
#define MAX_PLACES 8

/* Types of notes. */
enum {
    ENTRY = 1,
    HYPERCALL_PAGE = 2,
    VIRT_BASE_NOTE = 3,
    PADDR_OFFSET = 4,
    XEN_VERSION = 5,
    GUEST_OS = 6,
    GUEST_VERSION = 7,
    LOADER = 8,
    PAE_MODE = 9,
    FEATURES = 10,
    HV_START_LOW = 12,
    SUSPEND_CANCEL = 14,
    INIT_P2M = 15,
    MOD_START_PFN = 16,
    SUPPORTED_FEATURES = 17,
    PHYS32_ENTRY = 18,
};

/* The file under test: two loaded segments, one empty, and the notes. */
static struct {
    Elf64_Ehdr header;
    Elf64_Phdr phdr[NR_PHDRS];
    uint8_t notes[NOTES_MAX];
    uint8_t pad[DATA_OFF - NOTES_OFF - NOTES_MAX];
    uint8_t data[DATA_SIZE];
} file;

_Static_assert(sizeof(file) == DATA_OFF + DATA_SIZE, "wrong layout");

static struct kimage img;
static const char *why;

static Elf64_Phdr *const text = &file.phdr[0], *const percpu = &file.phdr[1];
static Elf64_Phdr *const empty = &file.phdr[2], *const notes = &file.phdr[3];

static void note_add(const char *name, uint32_t type, const void *value,
                     uint32_t size)
{
    uint32_t header[3] = {(uint32_t)strlen(name) + 1, size, type};
    uint8_t *p = file.notes + notes->p_filesz;

    assert_true(notes->p_filesz + 12 + 64 + size < NOTES_MAX);
    memcpy(p, header, sizeof(header));
    memcpy(p + 12, name, header[0]);
    p += 12 + (header[0] + 3) / 4 * 4;
    memcpy(p, value, size);
    p += (size + 3) / 4 * 4;
    notes->p_filesz = (size_t)(p - file.notes);
}

static void note_number(uint32_t type, uint64_t value)
{
    note_add("Xen", type, &value, sizeof(value));
}

static void note_text(uint32_t type, const char *text_value)
{
    note_add("Xen", type, text_value, (uint32_t)strlen(text_value) + 1);
}

static void phdr_set(Elf64_Phdr *ph, uint32_t type, uint64_t offset,
                     uint64_t paddr, uint64_t filesz, uint64_t memsz)
{
    *ph = (Elf64_Phdr){.p_type = type,
                       .p_offset = offset,
                       .p_paddr = paddr,
                       .p_filesz = filesz,
                       .p_memsz = memsz};
}

/* A kernel with the least of notes. */
static int kernel_make(void **state)
{
    (void)state;
    memset(&file, 0, sizeof(file));
    memcpy(file.header.e_ident, ELFMAG, SELFMAG);
    file.header.e_ident[EI_CLASS] = ELFCLASS64;
    file.header.e_ident[EI_DATA] = ELFDATA2LSB;
    file.header.e_type = ET_EXEC;
    file.header.e_machine = EM_X86_64;
    file.header.e_entry = VIRT_BASE + 0x1000010;
    file.header.e_phoff = sizeof(file.header);
    file.header.e_phentsize = sizeof(Elf64_Phdr);
    file.header.e_phnum = NR_PHDRS;
    phdr_set(text, PT_LOAD, DATA_OFF, 0x1000000, 100, 0x2000);
    phdr_set(percpu, PT_LOAD, DATA_OFF + 100, 0x1004000, 156, 156);
    phdr_set(empty, PT_LOAD, DATA_OFF, 0x7000000, 0, 0);
    phdr_set(notes, PT_NOTE, NOTES_OFF, 0, 0, 0);
    note_number(VIRT_BASE_NOTE, VIRT_BASE);
    memset(&img, 0xa5, sizeof(img));
    why = NULL;
    return 0;
}

static int parse(void)
{
    /* The exact size lets the sanitizer see a read past the end. */
    static void *copy;
    int rc;

    free(copy);
    copy = malloc(sizeof(file));
    memcpy(copy, &file, sizeof(file));
    rc = kimage_parse(copy, sizeof(file), &img, &why);
    if (rc == 0)
        img.elf = &file;
    free(copy);
    copy = NULL;
    return rc;
}

static void assert_refused(int rc, const char *message)
{
    struct kimage before;

    memset(&img, 0x5a, sizeof(img));
    before = img;
    assert_int_equal(parse(), rc);
    assert_string_equal(why, message);
    assert_memory_equal(&img, &before, sizeof(img));
}

static void image_lies_where_physical_addresses_say(void **state)
{
    (void)state;
    assert_int_equal(parse(), 0);
    assert_int_equal(img.virt_base, VIRT_BASE);
    assert_int_equal(img.virt_start, VIRT_BASE + 0x1000000);
    assert_int_equal(img.virt_end, VIRT_BASE + 0x1004000 + 156);
    assert_int_equal(img.entry, VIRT_BASE + 0x1000010);
}

static void absent_notes_have_defaults(void **state)
{
    (void)state;
    assert_int_equal(parse(), 0);
    assert_int_equal(img.paddr_offset, 0);
    assert_true(img.hypercall_page == KIMAGE_NO_ADDR);
    assert_true(img.init_p2m == KIMAGE_NO_ADDR && !img.has_init_p2m);
    assert_true(img.hv_start_low == KIMAGE_NO_ADDR);
    assert_true(img.phys32_entry == KIMAGE_NO_ADDR);
    assert_true(img.features == 0 && img.features_required == 0);
    assert_false(img.pae || img.mod_start_pfn || img.suspend_cancel);
    assert_string_equal(img.guest_os, "");
}

static void notes_are_read(void **state)
{
    uint32_t supported = 0x8801, one = 1;

    (void)state;
    note_number(ENTRY, VIRT_BASE + 0x1004000);
    note_number(HYPERCALL_PAGE, VIRT_BASE + 0x1001000);
    note_number(HV_START_LOW, 0xffff800000000000);
    note_number(INIT_P2M, 0x8000000000);
    note_number(PHYS32_ENTRY, 0x1000850);
    note_text(XEN_VERSION, "xen-3.0");
    note_text(GUEST_OS, "linux");
    note_text(GUEST_VERSION, "2.6");
    note_text(LOADER, "generic");
    note_text(PAE_MODE, "yes");
    note_text(FEATURES, "!writable_page_tables|pae_pgdir_above_4gb|else");
    note_add("Xen", SUPPORTED_FEATURES, &supported, 4);
    note_add("Xen", MOD_START_PFN, &one, 4);
    note_add("Xen", SUSPEND_CANCEL, &one, 4);
    assert_int_equal(parse(), 0);
    assert_int_equal(img.entry, VIRT_BASE + 0x1004000);
    assert_int_equal(img.hypercall_page, VIRT_BASE + 0x1001000);
    assert_int_equal(img.hv_start_low, 0xffff800000000000);
    assert_true(img.has_init_p2m);
    assert_int_equal(img.init_p2m, 0x8000000000);
    assert_int_equal(img.phys32_entry, 0x1000850);
    assert_string_equal(img.xen_version, "xen-3.0");
    assert_string_equal(img.guest_os, "linux");
    assert_string_equal(img.guest_version, "2.6");
    assert_string_equal(img.loader, "generic");
    assert_true(img.pae && img.mod_start_pfn && img.suspend_cancel);
    assert_int_equal(img.features, 0x8811);
    assert_int_equal(img.features_required, 1);
}

static void paddr_offset_is_taken_off(void **state)
{
    (void)state;
    note_number(PADDR_OFFSET, 0x1000000);
    file.header.e_entry = VIRT_BASE;
    assert_int_equal(parse(), 0);
    assert_int_equal(img.virt_start, VIRT_BASE);
}

static void other_owners_notes_are_passed_over(void **state)
{
    uint32_t x = 0;

    (void)state;
    note_add("GNU", ENTRY, &x, 4);
    note_add("", ENTRY, &x, 3);
    note_number(MOD_START_PFN, 1);
    assert_int_equal(parse(), 0);
    assert_true(img.mod_start_pfn);
    assert_int_equal(img.entry, file.header.e_entry);
}

static void long_or_odd_text_is_made_fit(void **state)
{
    (void)state;
    note_text(GUEST_OS, "a\033very long name of an operating system");
    assert_int_equal(parse(), 0);
    assert_string_equal(img.guest_os, "a?very long name of an operatin");
}

static void other_files_are_refused(void **state)
{
    (void)state;
    assert_int_equal(kimage_parse("\x7f"
                                  "ELF",
                                  4, &img, &why),
                     -ENOEXEC);
    file.header.e_type = ET_REL;
    assert_refused(-ENOEXEC, "not a kernel: ELF file is not an executable");
    file.header.e_machine = EM_AARCH64;
    assert_refused(-ENOEXEC, "kernel is for another CPU: use one for x86-64");
    file.header.e_ident[EI_CLASS] = ELFCLASS32;
    assert_refused(-ENOEXEC,
                   "32-bit kernel is not supported: use a 64-bit one");
    file.header.e_ident[0] = 0;
    assert_refused(-ENOEXEC, "not a kernel: not an ELF file");
}

static void kernel_without_pv_notes_is_refused(void **state)
{
    (void)state;
    notes->p_filesz = 0;
    note_number(PHYS32_ENTRY, 0x1000000);
    assert_refused(-ENOEXEC, "kernel has no Xen PV notes: use a kernel built "
                             "with CONFIG_XEN_PV");
}

static void unknown_required_feature_is_refused(void **state)
{
    (void)state;
    note_text(FEATURES, "dom0|!flying");
    assert_refused(-ENOEXEC,
                   "kernel requires a Xen feature of an unknown name");
}

static void wrong_program_headers_are_refused(void **state)
{
    const char *message = "damaged kernel: wrong ELF program headers";

    (void)state;
    file.header.e_phnum = 60;
    assert_refused(-EINVAL, message);
    file.header.e_phnum = NR_PHDRS;
    file.header.e_phoff = UINT64_MAX - 10;
    assert_refused(-EINVAL, message);
    file.header.e_phoff = sizeof(file.header);
    file.header.e_phentsize = 32;
    assert_refused(-EINVAL, message);
}

static void wrong_segments_are_refused(void **state)
{
    (void)state;
    text->p_filesz = 0x2001;
    assert_refused(-EINVAL, "damaged kernel: ELF segment is cut off");
    text->p_offset = UINT64_MAX - 10;
    assert_refused(-EINVAL, "damaged kernel: ELF segment is cut off");
    kernel_make(NULL);
    text->p_memsz = 99;
    assert_refused(-EINVAL, "damaged kernel: ELF segment has too much data");
    kernel_make(NULL);
    text->p_paddr = 0x50000000;
    assert_refused(-EINVAL, "kernel loads beyond the first GiB of its memory");
    text->p_paddr = 0;
    text->p_memsz = UINT64_MAX;
    assert_refused(-EINVAL, "kernel loads beyond the first GiB of its memory");
    kernel_make(NULL);
    note_number(PADDR_OFFSET, 0x2000000);
    assert_refused(-EINVAL, "damaged kernel: ELF segment below PADDR_OFFSET");
    kernel_make(NULL);
    note_number(VIRT_BASE_NOTE, 0x800000000000);
    assert_refused(-EINVAL, "damaged kernel: ELF segment has a wrong address");
    note_number(VIRT_BASE_NOTE, 0xfffffffffffff000);
    assert_refused(-EINVAL, "damaged kernel: ELF segment has a wrong address");
    kernel_make(NULL);
    text->p_type = percpu->p_type = PT_NULL;
    assert_refused(-EINVAL, "damaged kernel: nothing to load in ELF file");
}

static void wrong_addresses_in_notes_are_refused(void **state)
{
    (void)state;
    note_number(ENTRY, VIRT_BASE);
    assert_refused(-EINVAL, "damaged kernel: entry point is outside of it");
    kernel_make(NULL);
    note_number(HYPERCALL_PAGE, VIRT_BASE + 0x1004000);
    assert_refused(-EINVAL, "damaged kernel: hypercall page is outside of it");
    kernel_make(NULL);
    note_number(INIT_P2M, 0x8000000001);
    assert_refused(-EINVAL, "damaged kernel: INIT_P2M is not a page's address");
    kernel_make(NULL);
    note_number(VIRT_BASE_NOTE, VIRT_BASE + 1);
    assert_refused(-EINVAL, "damaged kernel: VIRT_BASE is not page aligned");
}

static void malformed_notes_are_refused(void **state)
{
    (void)state;
    note_add("Xen", ENTRY, "abc", 3);
    assert_refused(-EINVAL, "damaged kernel: Xen note is not a 32- or 64-bit "
                            "number");
    kernel_make(NULL);
    note_number(ENTRY, VIRT_BASE + 0x1000000);
    notes->p_filesz -= 4;
    assert_refused(-EINVAL, "damaged kernel: ELF note is cut off");
    kernel_make(NULL);
    file.notes[0] = file.notes[1] = file.notes[2] = file.notes[3] = 0xff;
    assert_refused(-EINVAL, "damaged kernel: ELF note is cut off");
}

static struct {
    uint64_t vaddr;
    const void *data;
    size_t filesz, memsz;
} places[MAX_PLACES];
static unsigned int nr_places;

static int place(void *ctx, uint64_t vaddr, const void *data, size_t filesz,
                 size_t memsz)
{
    assert_true(nr_places < MAX_PLACES);
    places[nr_places].vaddr = vaddr;
    places[nr_places].data = data;
    places[nr_places].filesz = filesz;
    places[nr_places++].memsz = memsz;
    return *(int *)ctx;
}

static void segments_are_placed_in_order(void **state)
{
    int rc = 0;

    (void)state;
    nr_places = 0;
    assert_int_equal(parse(), 0);
    assert_int_equal(kimage_load(&img, place, &rc), 0);
    assert_int_equal(nr_places, 2);
    assert_int_equal(places[0].vaddr, VIRT_BASE + 0x1000000);
    assert_ptr_equal(places[0].data, file.data);
    assert_int_equal(places[0].filesz, 100);
    assert_int_equal(places[0].memsz, 0x2000);
    assert_int_equal(places[1].vaddr, VIRT_BASE + 0x1004000);
    assert_ptr_equal(places[1].data, file.data + 100);
}

static void error_of_place_ends_the_loading(void **state)
{
    int rc = -ENOMEM;

    (void)state;
    nr_places = 0;
    assert_int_equal(parse(), 0);
    assert_int_equal(kimage_load(&img, place, &rc), -ENOMEM);
    assert_int_equal(nr_places, 1);
}

static void file_changed_after_parsing_is_einval(void **state)
{
    int rc = 0;

    (void)state;
    assert_int_equal(parse(), 0);
    percpu->p_memsz += 4096;
    assert_int_equal(kimage_load(&img, place, &rc), -EINVAL);
    text->p_offset = sizeof(file);
    assert_int_equal(kimage_load(&img, place, &rc), -EINVAL);
    file.header.e_ident[0] = 0;
    assert_int_equal(kimage_load(&img, place, &rc), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup(name, kernel_make)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(image_lies_where_physical_addresses_say),
        TEST(absent_notes_have_defaults),
        TEST(notes_are_read),
        TEST(paddr_offset_is_taken_off),
        TEST(other_owners_notes_are_passed_over),
        TEST(long_or_odd_text_is_made_fit),
        TEST(other_files_are_refused),
        TEST(kernel_without_pv_notes_is_refused),
        TEST(unknown_required_feature_is_refused),
        TEST(wrong_program_headers_are_refused),
        TEST(wrong_segments_are_refused),
        TEST(wrong_addresses_in_notes_are_refused),
        TEST(malformed_notes_are_refused),
        TEST(segments_are_placed_in_order),
        TEST(error_of_place_ends_the_loading),
        TEST(file_changed_after_parsing_is_einval),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
