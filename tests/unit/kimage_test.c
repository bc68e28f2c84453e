/* SPDX-License-Identifier: MIT */
/*
 * Payloads of kernel files: what the real tools pack must unpack to the same
 * bytes, and what is damaged must be refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

#include "xen/errno.h"
#include "xen/kimage.h"

#define SETUP_SIZE 1024 /* of the bzImages here: boot sector and one more */

struct buffer {
    uint8_t *data;
    size_t size;
};

/* A way to pack, and whether the result has a checksum of the data. */
struct packer {
    const char *command;
    enum kimage_format format;
    bool checked;
};

/* clang-format off */
static const struct packer packers[] = {
    {"gzip -n1",                                      KIMAGE_GZIP, true},
    {"gzip -n9",                                      KIMAGE_GZIP, true},
    {"xz --check=crc32 --x86 --lzma2=dict=32MiB",     KIMAGE_XZ, true},
    {"xz --check=crc64 -1",                           KIMAGE_XZ, true},
    {"xz --check=crc32 --lzma2=lc=1,lp=3,pb=1",       KIMAGE_XZ, true},
    {"xz --check=crc32 --x86=start=4096 --lzma2=lc=0,lp=0,pb=0",
                                                      KIMAGE_XZ, true},
    {"xz --check=crc32 --block-size=5000 --x86 --lzma2", KIMAGE_XZ, true},
    {"xz --check=none -0",                            KIMAGE_XZ, false},
    {"lz4 -l -9 -c",                                  KIMAGE_LZ4_LEGACY, false},
    {"lz4 -9 -c",                                     KIMAGE_LZ4, false},
    {"lz4 -q -1 -BD -BX -B4 -c",                         KIMAGE_LZ4, false},
    {"zstd -q -c -1",                                 KIMAGE_ZSTD, true},
    {"zstd -q -c -3 --no-check",                      KIMAGE_ZSTD, false},
    {"zstd -q -c -9 --single-thread",                 KIMAGE_ZSTD, true},
    {"zstd -q -c -19",                                KIMAGE_ZSTD, true},
    {"zstd -q -c --ultra -22",                        KIMAGE_ZSTD, true},
};
/* clang-format on */

static char folder[] = "/tmp/kimage_test.XXXXXX";
static uint64_t random_state = 1;

static uint32_t random_next(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33);
}

static struct buffer buffer_new(size_t size)
{
    struct buffer b = {malloc(size ? size : 1), size};

    assert_non_null(b.data);
    return b;
}

static bool file_read(const char *path, struct buffer *out)
{
    FILE *f = fopen(path, "rb");
    size_t room = 1 << 16;

    if (!f)
        return false;
    *out = (struct buffer){NULL, 0};
    do {
        room *= 2;
        out->data = realloc(out->data, room);
        assert_non_null(out->data);
        out->size += fread(out->data + out->size, 1, room - out->size, f);
    } while (out->size == room);
    fclose(f);
    /* The exact size lets the sanitizer see a read past the end. */
    out->data = realloc(out->data, out->size ? out->size : 1);
    return true;
}

static void file_write(const char *path, struct buffer b)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(b.data, 1, b.size, f), b.size);
    assert_int_equal(fclose(f), 0);
}

static struct buffer pack(const char *command, struct buffer plain)
{
    struct buffer packed;
    char in[64], out[64], line[256];

    snprintf(in, sizeof(in), "%s/in", folder);
    snprintf(out, sizeof(out), "%s/out", folder);
    file_write(in, plain);
    snprintf(line, sizeof(line), "(%s) < %s > %s", command, in, out);
    assert_int_equal(system(line), 0);
    assert_true(file_read(out, &packed));
    return packed;
}

/* The kinds of data that decoders take different paths for. */
static struct buffer plain_zeros(void)
{
    struct buffer b = buffer_new(300000);

    memset(b.data, 0, b.size);
    return b;
}

static struct buffer plain_random(void)
{
    struct buffer b = buffer_new(150000);
    size_t i;

    for (i = 0; i < b.size; i++)
        b.data[i] = (uint8_t)random_next();
    return b;
}

static struct buffer plain_periods(void)
{
    struct buffer b = buffer_new(60000);
    size_t i, left = 0, period = 1;

    for (i = 0; i < b.size; i++) {
        if (!left--) {
            left = random_next() % 200;
            period = 1 + random_next() % 40;
        }
        b.data[i] = i < period || left > 180 ? (uint8_t)random_next() % 7
                                             : b.data[i - period];
    }
    return b;
}

/* Dense with what the x86 filter looks at. */
static struct buffer plain_branches(void)
{
    static const uint8_t bytes[] = {0xe8, 0xe9, 0x00, 0xff,
                                    0x00, 0xff, 1,    0xfe};
    struct buffer b = buffer_new(100000);
    size_t i;

    for (i = 0; i < b.size; i++)
        b.data[i] = bytes[random_next() % sizeof(bytes)];
    return b;
}

static struct buffer plain_program(void)
{
    struct buffer b;

    assert_true(file_read("/proc/self/exe", &b));
    if (b.size > 400000)
        b.size = 400000;
    return b;
}

static struct buffer plain_short(void)
{
    struct buffer b = buffer_new(64);

    memset(b.data, 'x', b.size);
    b.data[40] = 'y';
    return b;
}

static struct buffer (*const plains[])(void) = {
    plain_zeros,    plain_random,  plain_periods,
    plain_branches, plain_program, plain_short,
};

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

static struct buffer bzimage_pack(const struct packer *packer,
                                  struct buffer plain)
{
    struct buffer packed = pack(packer->command, plain);
    struct buffer b =
        bzimage_make(packed, plain.size, packer->format != KIMAGE_GZIP);

    free(packed.data);
    return b;
}

static const char *why;

/* Unpack into a buffer of just the promised size. */
static int unpack(const struct kimage_payload *p, struct buffer *out)
{
    void *work = malloc(KIMAGE_WORK_SIZE);
    size_t len = 0;
    int rc;

    *out = buffer_new(p->unpacked_size);
    memset(work, 0xa5, KIMAGE_WORK_SIZE);
    why = NULL;
    rc = kimage_unpack(p, out->data, out->size, work, &len, &why);
    free(work);
    if (rc)
        assert_non_null(why);
    else
        assert_int_equal(len, p->unpacked_size);
    return rc;
}

static void round_trip(const struct packer *packer, struct buffer plain)
{
    struct buffer file = bzimage_pack(packer, plain), out;
    struct kimage_payload p;

    assert_int_equal(kimage_payload(file.data, file.size, &p, &why), 0);
    assert_int_equal(p.format, packer->format);
    assert_int_equal(p.unpacked_size, plain.size);
    if (unpack(&p, &out))
        fail_msg("%s: %s", packer->command, why);
    assert_memory_equal(out.data, plain.data, plain.size);
    free(out.data);
    free(file.data);
}

static void what_the_tools_pack_unpacks_to_the_same(void **state)
{
    size_t i, n;

    (void)state;
    for (n = 0; n < ARRAY_SIZE(plains); n++) {
        struct buffer plain = plains[n]();

        for (i = 0; i < ARRAY_SIZE(packers); i++)
            round_trip(&packers[i], plain);
        free(plain.data);
    }
}

static void gzip_file_is_a_kernel(void **state)
{
    struct buffer plain = plain_periods(), file = pack("gzip -9", plain), out;
    struct kimage_payload p;

    (void)state;
    assert_int_equal(kimage_payload(file.data, file.size, &p, &why), 0);
    assert_int_equal(p.unpacked_size, plain.size);
    assert_int_equal(unpack(&p, &out), 0);
    assert_memory_equal(out.data, plain.data, plain.size);
    free(out.data);
    free(file.data);
    free(plain.data);
}

/* Every short cut, and some long ones. */
static void cut_off(const struct packer *packer, struct buffer plain)
{
    struct buffer packed = pack(packer->command, plain), cut, out;
    size_t size, step = packed.size / 100 + 1;

    for (size = 0; size < packed.size; size += size < 200 ? 1 : step) {
        struct kimage_payload p = {
            .format = packer->format,
            .size = size,
            .unpacked_size = plain.size,
        };

        cut = buffer_new(size);
        memcpy(cut.data, packed.data, size);
        p.data = cut.data;
        assert_int_equal(unpack(&p, &out), -EIO);
        free(out.data);
        free(cut.data);
    }
    free(packed.data);
}

static void cut_off_payload_is_eio(void **state)
{
    struct buffer plain = plain_periods();
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_SIZE(packers); i++)
        cut_off(&packers[i], plain);
    free(plain.data);
}

static void bits_flip(const struct packer *packer, struct buffer plain)
{
    struct buffer packed = pack(packer->command, plain), out;
    struct kimage_payload p = {
        .format = packer->format,
        .data = packed.data,
        .size = packed.size,
        .unpacked_size = plain.size,
    };
    unsigned int i;

    for (i = 0; i < 200; i++) {
        size_t pos = i < 100 ? i : random_next() % packed.size;
        uint8_t bit = (uint8_t)(1 << random_next() % 8);
        int rc;

        if (pos >= packed.size)
            continue;
        packed.data[pos] ^= bit;
        rc = unpack(&p, &out);
        packed.data[pos] ^= bit;
        assert_true(rc == 0 || rc == -EIO || rc == -ENOEXEC || rc == -ENOSPC);
        if (rc == 0 && packer->checked)
            assert_memory_equal(out.data, plain.data, plain.size);
        free(out.data);
    }
    free(packed.data);
}

static void flipped_bit_is_noticed_where_there_is_a_checksum(void **state)
{
    struct buffer plain = plain_periods();
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_SIZE(packers); i++)
        bits_flip(&packers[i], plain);
    free(plain.data);
}

/* Unpack `plain`, packed, under a wrong promise of its size. */
static int unpack_promised(const struct packer *packer, struct buffer plain,
                           size_t promised)
{
    struct buffer packed = pack(packer->command, plain), out;
    struct kimage_payload p = {packer->format, packed.data, packed.size,
                               promised};
    int rc = unpack(&p, &out);

    free(out.data);
    free(packed.data);
    return rc;
}

static void more_than_promised_is_enospc(void **state)
{
    struct buffer plain = plain_program();
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_SIZE(packers); i++) {
        assert_int_equal(unpack_promised(&packers[i], plain, plain.size - 1),
                         -ENOSPC);
        assert_int_equal(unpack_promised(&packers[i], plain, 64), -ENOSPC);
    }
    free(plain.data);
}

static void less_than_promised_is_eio(void **state)
{
    struct buffer plain = plain_program();
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_SIZE(packers); i++)
        assert_int_equal(unpack_promised(&packers[i], plain, plain.size + 1),
                         -EIO);
    free(plain.data);
}

static void assert_unsupported(const char *command, enum kimage_format format,
                               const char *message)
{
    struct buffer plain = plain_short(), packed = pack(command, plain), out;
    struct kimage_payload p = {format, packed.data, packed.size, plain.size};

    assert_int_equal(unpack(&p, &out), -ENOEXEC);
    assert_string_equal(why, message);
    free(out.data);
    free(packed.data);
    free(plain.data);
}

static void unsupported_options_are_named(void **state)
{
    (void)state;
    assert_unsupported("xz --check=sha256", KIMAGE_XZ,
                       "unsupported xz check: pack with xz --check=crc32");
    assert_unsupported("xz --delta --lzma2", KIMAGE_XZ,
                       "unsupported xz filter: pack with xz --x86 --lzma2");
    assert_unsupported("xz --x86 --delta --lzma2", KIMAGE_XZ,
                       "unsupported xz filter: pack with xz --x86 --lzma2");
    assert_unsupported("zstd -q -c | LC_ALL=C sed 's/^\\(....\\)./\\1\\x21/'",
                       KIMAGE_ZSTD,
                       "unsupported zstd frame: pack without a dictionary");
}

static void damage_is_named(void **state)
{
    struct buffer plain = plain_periods(), out;
    struct buffer packed = pack("xz --check=crc32", plain);
    struct kimage_payload p = {KIMAGE_XZ, packed.data, packed.size, plain.size};
    size_t index;

    (void)state;
    /* The check stands right before the index, whose size is in the footer. */
    index = packed.size - 12 - 4 * (packed.data[packed.size - 8] + 1u);
    packed.data[index - 1] ^= 1;
    assert_int_equal(unpack(&p, &out), -EIO);
    assert_string_equal(why, "damaged xz data: CRC32 mismatch");
    free(out.data);
    free(packed.data);
    free(plain.data);
}

/* Debian's own, where `make run` has put it. */
static void debian_kernel_unpacks_and_parses(void **state)
{
    const char *path = getenv("XENIA_KERNEL");
    struct kimage_payload p;
    struct buffer file, out;
    struct kimage img;

    (void)state;
    if (!path)
        path = "build/cache/kernel/vmlinuz";
    if (!file_read(path, &file)) {
        print_message("skip: no kernel at %s\n", path);
        skip();
    }
    assert_int_equal(kimage_payload(file.data, file.size, &p, &why), 0);
    assert_int_equal(unpack(&p, &out), 0);
    assert_int_equal(kimage_parse(out.data, out.size, &img, &why), 0);
    assert_int_equal(img.virt_base, 0xffffffff80000000);
    assert_string_equal(img.guest_os, "linux");
    assert_true(img.has_init_p2m && img.mod_start_pfn && img.pae);
    free(out.data);
    free(file.data);
}

static int folder_make(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int folder_remove(void **state)
{
    char path[64];

    (void)state;
    snprintf(path, sizeof(path), "%s/in", folder);
    unlink(path);
    snprintf(path, sizeof(path), "%s/out", folder);
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_tools_pack_unpacks_to_the_same),
        cmocka_unit_test(gzip_file_is_a_kernel),
        cmocka_unit_test(cut_off_payload_is_eio),
        cmocka_unit_test(flipped_bit_is_noticed_where_there_is_a_checksum),
        cmocka_unit_test(more_than_promised_is_enospc),
        cmocka_unit_test(less_than_promised_is_eio),
        cmocka_unit_test(unsupported_options_are_named),
        cmocka_unit_test(damage_is_named),
        cmocka_unit_test(debian_kernel_unpacks_and_parses),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
