/* SPDX-License-Identifier: MIT */
/*
 * Recognise a kernel file: plain ELF, gzip-ed ELF, or Linux's bzImage, whose
 * setup header says where the packed ELF file is.
 *
 *   | boot sector and setup code           | protected-mode code         |
 *   | setup header at 0x1f1                | unpacker | payload | ...    |
 *   0                    (setup_sects + 1) * 512     + payload_offset
 */
#include "xen/kimage.h"
#include "xen/errno.h"
#include "xen/string.h"

#include "kimage_internal.h"

/* Fields of the setup header, as offsets in the file. */
#define SETUP_SECTS         0x1f1
#define BOOT_FLAG           0x1fe
#define HEADER              0x202
#define VERSION             0x206
#define PAYLOAD_OFFSET      0x248
#define PAYLOAD_LENGTH      0x24c
#define HEADER_END          0x250

#define BOOT_FLAG_MAGIC     0xaa55
#define HEADER_MAGIC        0x53726448 /* "HdrS" */
#define VERSION_PAYLOAD     0x0208     /* first with payload_offset */
#define SETUP_SECTS_DEFAULT 4
#define SECTOR_SIZE         512

#define ELF_HEADER_SIZE     64
#define SIZE_FIELD          4 /* the unpacked size, behind a packed payload */

struct magic {
    const char *bytes;
    size_t size;
    int format; /* enum kimage_format, or UNSUPPORTED */
    const char *why;
};

#define UNSUPPORTED (-1)

/* clang-format off */
static const struct magic magics[] = {
    {"\x7f" "ELF",      4, KIMAGE_RAW,        NULL},
    {"\x1f\x8b",        2, KIMAGE_GZIP,       NULL},
    {"\xfd" "7zXZ\0",   6, KIMAGE_XZ,         NULL},
    {"\x04\x22\x4d\x18", 4, KIMAGE_LZ4,       NULL},
    {"\x02\x21\x4c\x18", 4, KIMAGE_LZ4_LEGACY, NULL},
    {"\x28\xb5\x2f\xfd", 4, KIMAGE_ZSTD,      NULL},
    {"BZh",             3, UNSUPPORTED,
     "kernel is packed with bzip2: use gzip, xz, lz4 or zstd"},
    {"\x5d\0\0",        3, UNSUPPORTED,
     "kernel is packed with lzma: use gzip, xz, lz4 or zstd"},
    {"\x89LZO",         4, UNSUPPORTED,
     "kernel is packed with lzo: use gzip, xz, lz4 or zstd"},
};
/* clang-format on */

static const struct magic *magic_find(const uint8_t *data, size_t size)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(magics); i++)
        if (size >= magics[i].size &&
            !memcmp(data, magics[i].bytes, magics[i].size))
            return &magics[i];
    return NULL;
}

/* Fill in a payload whose last bytes are its unpacked size. */
static int packed_payload(const uint8_t *data, size_t size, int format,
                          struct kimage_payload *out, const char **why_out)
{
    uint32_t unpacked;

    if (size < 2 * SIZE_FIELD) {
        *why_out = "damaged kernel: payload is too short";
        return -EIO;
    }
    unpacked = load_le32(data + size - SIZE_FIELD);
    if (unpacked < ELF_HEADER_SIZE || unpacked > KIMAGE_MAX_SIZE) {
        *why_out = "damaged kernel: unlikely unpacked size, is it cut off?";
        return -EIO;
    }
    /* In gzip this field is part of the format, else Linux's addition. */
    if (format != KIMAGE_GZIP)
        size -= SIZE_FIELD;
    *out = (struct kimage_payload){
        .format = (enum kimage_format)format,
        .data = data,
        .size = size,
        .unpacked_size = unpacked,
    };
    return 0;
}

static int raw_payload(const uint8_t *data, size_t size,
                       struct kimage_payload *out, const char **why_out)
{
    if (size < ELF_HEADER_SIZE) {
        *why_out = "damaged kernel: ELF file is cut off";
        return -EIO;
    }
    if (size > KIMAGE_MAX_SIZE) {
        *why_out = "kernel file is larger than 1 GiB";
        return -ENOEXEC;
    }
    *out = (struct kimage_payload){
        .format = KIMAGE_RAW,
        .data = data,
        .size = size,
        .unpacked_size = size,
    };
    return 0;
}

static bool is_bzimage(const uint8_t *file, size_t size)
{
    return size >= HEADER_END &&
           load_le16(file + BOOT_FLAG) == BOOT_FLAG_MAGIC &&
           load_le32(file + HEADER) == HEADER_MAGIC;
}

static int bzimage_payload(const uint8_t *file, size_t size,
                           struct kimage_payload *out, const char **why_out)
{
    uint64_t sects =
        file[SETUP_SECTS] ? file[SETUP_SECTS] : SETUP_SECTS_DEFAULT;
    uint64_t offset, length;
    const struct magic *magic;

    if (load_le16(file + VERSION) < VERSION_PAYLOAD) {
        *why_out = "kernel is too old: bzImage of boot protocol before 2.08";
        return -ENOEXEC;
    }
    offset = (sects + 1) * SECTOR_SIZE + load_le32(file + PAYLOAD_OFFSET);
    length = load_le32(file + PAYLOAD_LENGTH);
    if (offset > size || length > size - offset) {
        *why_out = "damaged kernel: bzImage is cut off";
        return -EIO;
    }
    magic = magic_find(file + offset, length);
    if (!magic) {
        *why_out = "bzImage payload is of an unknown kind: "
                   "use gzip, xz, lz4 or zstd";
        return -ENOEXEC;
    }
    if (magic->format == UNSUPPORTED) {
        *why_out = magic->why;
        return -ENOEXEC;
    }
    if (magic->format == KIMAGE_RAW)
        return raw_payload(file + offset, length, out, why_out);
    return packed_payload(file + offset, length, magic->format, out, why_out);
}

int kimage_payload(const void *file, size_t size, struct kimage_payload *out,
                   const char **why_out)
{
    const struct magic *magic;

    if (is_bzimage(file, size))
        return bzimage_payload(file, size, out, why_out);
    magic = magic_find(file, size);
    if (magic && magic->format == KIMAGE_RAW)
        return raw_payload(file, size, out, why_out);
    if (magic && magic->format == KIMAGE_GZIP)
        return packed_payload(file, size, KIMAGE_GZIP, out, why_out);
    *why_out = "not a kernel: neither ELF nor bzImage";
    return -ENOEXEC;
}
