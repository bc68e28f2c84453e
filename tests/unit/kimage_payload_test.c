/* SPDX-License-Identifier: MIT */
/* Which files are kernels, where their payload is, and what is said of others.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "xen/errno.h"
#include "xen/kimage.h"

#define SETUP_SIZE 1024 /* of the bzImages here: boot sector and one more */

struct buffer {
    uint8_t *data;
    size_t size;
};

static const char *why;

static struct buffer buffer_new(size_t size)
{
    struct buffer b = {malloc(size ? size : 1), size};

    assert_non_null(b.data);
    return b;
}

/* A bzImage around a payload; Linux appends the size unless it is gzip's. */
static struct buffer bzimage_make(struct buffer payload, size_t unpacked,
                                  bool append)
{
    struct buffer b = buffer_new(SETUP_SIZE + payload.size + (append ? 4 : 0));
    uint32_t length = (uint32_t)(b.size - SETUP_SIZE);
    uint32_t size = (uint32_t)unpacked;

    memset(b.data, 0, SETUP_SIZE);
    b.data[0x1f1] = 1;
    memcpy(b.data + 0x1fe, "\x55\xaaxxHdrS\x0f\x02", 10);
    memcpy(b.data + 0x24c, &length, 4);
    memcpy(b.data + SETUP_SIZE, payload.data, payload.size);
    if (append)
        memcpy(b.data + b.size - 4, &size, 4);
    return b;
}

/* Just long enough to be taken for an ELF file. */
static struct buffer elf_short(void)
{
    struct buffer b = buffer_new(64);

    memset(b.data, 'x', b.size);
    memcpy(b.data, "\x7f\x45\x4c\x46", 4);
    return b;
}

static void unpacked_payload_is_used_in_place(void **state)
{
    struct buffer elf = elf_short(), file;
    struct kimage_payload p;
    uint8_t out[64];
    size_t len;

    (void)state;
    file = bzimage_make(elf, 0, false);
    assert_int_equal(kimage_payload(file.data, file.size, &p, &why), 0);
    assert_int_equal(p.format, KIMAGE_RAW);
    assert_ptr_equal(p.data, file.data + SETUP_SIZE);
    assert_int_equal(p.size, elf.size);
    assert_int_equal(kimage_unpack(&p, out, 64, NULL, &len, &why), 0);
    assert_int_equal(len, 64);
    assert_memory_equal(out, elf.data, elf.size);
    assert_int_equal(kimage_payload(elf.data, elf.size, &p, &why), 0);
    assert_ptr_equal(p.data, elf.data);
    free(file.data);
    free(elf.data);
}

static void too_small_buffer_is_enospc(void **state)
{
    uint8_t in[64] = {0}, out[64];
    struct kimage_payload p = {KIMAGE_RAW, in, 64, 64};
    size_t len = 7;

    (void)state;
    assert_int_equal(kimage_unpack(&p, out, 63, NULL, &len, &why), -ENOSPC);
    assert_string_equal(why, "buffer for the kernel is too small");
    assert_int_equal(len, 7);
}

static void unknown_format_is_einval(void **state)
{
    struct kimage_payload p = {(enum kimage_format)99, "", 0, 0};
    size_t len;

    (void)state;
    assert_int_equal(kimage_unpack(&p, NULL, 0, NULL, &len, &why), -EINVAL);
    assert_string_equal(why, "no such kernel payload format");
}

static void assert_no_payload(struct buffer file, int rc, const char *message)
{
    struct kimage_payload p;

    assert_int_equal(kimage_payload(file.data, file.size, &p, &why), rc);
    assert_string_equal(why, message);
}

static void other_files_are_no_kernels(void **state)
{
    struct buffer b = elf_short();

    (void)state;
    b.data[0] = 'x';
    assert_no_payload(b, -ENOEXEC, "not a kernel: neither ELF nor bzImage");
    b.data[0] = 0x7f;
    b.size = 0;
    assert_no_payload(b, -ENOEXEC, "not a kernel: neither ELF nor bzImage");
    b.size = 10;
    assert_no_payload(b, -EIO, "damaged kernel: ELF file is cut off");
    free(b.data);
}

static void assert_no_bzimage(const char *payload, int rc, const char *message)
{
    struct buffer b = {(uint8_t *)(uintptr_t)payload, strlen(payload)};
    struct buffer file = bzimage_make(b, 100, true);

    assert_no_payload(file, rc, message);
    free(file.data);
}

static void unknown_packing_is_named(void **state)
{
    (void)state;
    assert_no_bzimage("BZh91AY", -ENOEXEC,
                      "kernel is packed with bzip2: "
                      "use gzip, xz, lz4 or zstd");
    assert_no_bzimage("\x89LZO", -ENOEXEC,
                      "kernel is packed with lzo: use gzip, xz, lz4 or zstd");
    assert_no_bzimage("whatever", -ENOEXEC,
                      "bzImage payload is of an unknown kind: "
                      "use gzip, xz, lz4 or zstd");
    assert_no_bzimage("\x1f\x8b", -EIO, "damaged kernel: payload is too short");
}

static void wrong_bzimage_is_named(void **state)
{
    struct buffer b = {(uint8_t *)(uintptr_t) "\x28\xb5\x2f\xfd....", 8};
    struct buffer file = bzimage_make(b, 63, true);

    (void)state;
    assert_no_payload(file, -EIO,
                      "damaged kernel: unlikely unpacked size, is it cut off?");
    file.data[0x207] = 1;
    assert_no_payload(
        file, -ENOEXEC,
        "kernel is too old: bzImage of boot protocol before 2.08");
    file.data[0x207] = 2;
    file.size--;
    assert_no_payload(file, -EIO, "damaged kernel: bzImage is cut off");
    free(file.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unpacked_payload_is_used_in_place),
        cmocka_unit_test(too_small_buffer_is_enospc),
        cmocka_unit_test(unknown_format_is_einval),
        cmocka_unit_test(other_files_are_no_kernels),
        cmocka_unit_test(unknown_packing_is_named),
        cmocka_unit_test(wrong_bzimage_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
