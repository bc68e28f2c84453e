/* SPDX-License-Identifier: MIT */
/*
 * Fuzz the kernel image loader: whole files, each decoder, the ELF parser.
 *
 * One program; the word behind the last '_' of its file name picks the target:
 * kimage_xz, kimage_file. Checksums are all 0 here, so that the
 * fuzzer gets past them; crc.c and xxh64.c are not linked. A decoder's input
 * begins with the two bytes of the unpacked size.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xen/kimage.h"

#include "../../xen/lib/kimage/kimage_internal.h"

#define UNPACKED_MAX 0x100000

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef void fuzz_fn(const uint8_t *data, size_t size, int arg);

void crc32_init(struct crc32_table *table)
{
    (void)table;
}

void crc64_init(struct crc64_table *table)
{
    (void)table;
}

uint32_t crc32_sum(const struct crc32_table *table, const void *data,
                   size_t len)
{
    (void)table, (void)data, (void)len;
    return 0;
}

uint64_t crc64_sum(const struct crc64_table *table, const void *data,
                   size_t len)
{
    (void)table, (void)data, (void)len;
    return 0;
}

uint64_t xxh64_sum(const void *data, size_t len)
{
    (void)data, (void)len;
    return 0;
}

/* Read each byte that a segment promises, inside the bounds promised. */
static int place(void *ctx, uint64_t vaddr, const void *data, size_t filesz,
                 size_t memsz)
{
    const struct kimage *img = ctx;
    const volatile uint8_t *p = data;
    size_t i;

    if (vaddr < img->virt_start || memsz > img->virt_end - vaddr ||
        filesz > memsz)
        abort();
    for (i = 0; i < filesz; i += 61)
        (void)p[i];
    if (filesz)
        (void)p[filesz - 1];
    return 0;
}

static void fuzz_parse(const uint8_t *data, size_t size, int arg)
{
    struct kimage img;
    const char *why = NULL;

    (void)arg;
    if (kimage_parse(data, size, &img, &why)) {
        if (!why)
            abort();
        return;
    }
    if (img.entry < img.virt_start || img.entry >= img.virt_end)
        abort();
    if (kimage_load(&img, place, &img))
        abort();
}

/* Unpack into a buffer of exactly the right size; the rest is up to ASan. */
static void unpack(const struct kimage_payload *p)
{
    uint8_t *out = malloc(p->unpacked_size);
    void *work = malloc(KIMAGE_WORK_SIZE);
    const char *why = NULL;
    size_t len;

    memset(work, 0xa5, KIMAGE_WORK_SIZE);
    if (!kimage_unpack(p, out, p->unpacked_size, work, &len, &why))
        fuzz_parse(out, len, 0);
    else if (!why || !*why)
        abort();
    free(work);
    free(out);
}

static void fuzz_decoder(const uint8_t *data, size_t size, int format)
{
    struct kimage_payload p = {.format = (enum kimage_format)format};

    if (size < 2)
        return;
    p.unpacked_size = load_le16(data) + 1;
    p.data = data + 2;
    p.size = size - 2;
    unpack(&p);
}

static void fuzz_file(const uint8_t *data, size_t size, int arg)
{
    struct kimage_payload p;
    const char *why = NULL;

    (void)arg;
    if (kimage_payload(data, size, &p, &why)) {
        if (!why)
            abort();
        return;
    }
    if (p.unpacked_size <= UNPACKED_MAX)
        unpack(&p);
}

/* clang-format off */
static const struct {
    const char *name;
    fuzz_fn *fn;
    int arg;
} targets[] = {
    {"file",   fuzz_file,    0},
    {"parse",  fuzz_parse,   0},
    {"raw",    fuzz_decoder, KIMAGE_RAW},
    {"gzip",   fuzz_decoder, KIMAGE_GZIP},
    {"xz",     fuzz_decoder, KIMAGE_XZ},
    {"lz4",    fuzz_decoder, KIMAGE_LZ4},
    {"legacy", fuzz_decoder, KIMAGE_LZ4_LEGACY},
    {"zstd",   fuzz_decoder, KIMAGE_ZSTD},
};
/* clang-format on */

static size_t target;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = strrchr((*argv)[0], '_');

    (void)argc;
    for (target = 0; target < ARRAY_SIZE(targets); target++)
        if (name && !strcmp(name + 1, targets[target].name))
            return 0;
    fprintf(stderr, "no such target: %s\n", (*argv)[0]);
    exit(1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    targets[target].fn(data, size, targets[target].arg);
    return 0;
}
