/* SPDX-License-Identifier: MIT */
/*
 * Kernels as 64-bit ELF files: check them, read what they want, load them.
 *
 * A PV kernel is loaded by physical address, not by p_vaddr (which is 0 for
 * Linux's per-CPU segment): p_paddr + VIRT_BASE - PADDR_OFFSET is the virtual
 * address of a segment in the mapping that the kernel starts with.
 */
#include "xen/kimage.h"
#include "xen/errno.h"
#include "xen/string.h"

#include "kimage_internal.h"

#define PAGE_MASK_4K 0xfffu

struct elf_header {
    uint8_t ident[16];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t phoff;
    uint64_t shoff;
    uint32_t flags;
    uint16_t ehsize;
    uint16_t phentsize;
    uint16_t phnum;
    uint16_t shentsize;
    uint16_t shnum;
    uint16_t shstrndx;
};

struct elf_phdr {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t vaddr;
    uint64_t paddr;
    uint64_t filesz;
    uint64_t memsz;
    uint64_t align;
};

enum {
    ELF_CLASS = 4, /* index in ident[] */
    ELF_CLASS_64 = 2,
    ELF_DATA = 5, /* index in ident[] */
    ELF_DATA_LE = 1,
    ELF_TYPE_EXEC = 2,
    ELF_TYPE_DYN = 3,
    ELF_MACHINE_X86_64 = 62,
    PHDR_LOAD = 1,
    PHDR_NOTE = 4,
};

static const uint8_t elf_magic[4] = {0x7f, 'E', 'L', 'F'};

/* The headers of a file, copied out of it. */
struct elf {
    const uint8_t *file;
    size_t size;
    struct elf_header header;
};

/* Check the file header and that all program headers are in the file. */
static int elf_open(struct elf *elf, const void *file, size_t size,
                    const char **why_out)
{
    struct elf_header *h = &elf->header;

    if (size < sizeof(*h) || memcmp(file, elf_magic, sizeof(elf_magic)))
        return parse_fail(why_out, -ENOEXEC, "not a kernel: not an ELF file");
    memcpy(h, file, sizeof(*h));
    if (h->ident[ELF_CLASS] != ELF_CLASS_64)
        return parse_fail(why_out, -ENOEXEC,
                          "32-bit kernel is not supported: use a 64-bit one");
    if (h->ident[ELF_DATA] != ELF_DATA_LE || h->machine != ELF_MACHINE_X86_64)
        return parse_fail(why_out, -ENOEXEC,
                          "kernel is for another CPU: use one for x86-64");
    if (h->type != ELF_TYPE_EXEC && h->type != ELF_TYPE_DYN)
        return parse_fail(why_out, -ENOEXEC,
                          "not a kernel: ELF file is not an executable");
    if (h->phentsize != sizeof(struct elf_phdr) || h->phoff > size ||
        h->phnum > (size - h->phoff) / sizeof(struct elf_phdr))
        return parse_fail(why_out, -EINVAL,
                          "damaged kernel: wrong ELF program headers");
    elf->file = file;
    elf->size = size;
    return 0;
}

/* Copy program header i; its bytes, if it has any, are inside the file. */
static int phdr_read(const struct elf *elf, unsigned int i, struct elf_phdr *ph,
                     const char **why_out)
{
    memcpy(ph, elf->file + elf->header.phoff + i * sizeof(*ph), sizeof(*ph));
    if (ph->type != PHDR_LOAD && ph->type != PHDR_NOTE)
        return 0;
    if (ph->offset > elf->size || ph->filesz > elf->size - ph->offset)
        return parse_fail(why_out, -EINVAL,
                          "damaged kernel: ELF segment is cut off");
    if (ph->type == PHDR_LOAD && ph->filesz > ph->memsz)
        return parse_fail(why_out, -EINVAL,
                          "damaged kernel: ELF segment has too much data");
    return 0;
}

static void kimage_init(struct kimage *img, const struct elf *elf)
{
    *img = (struct kimage){
        .elf = elf->file,
        .elf_size = elf->size,
        .virt_base = KIMAGE_NO_ADDR,
        .entry = KIMAGE_NO_ADDR,
        .hypercall_page = KIMAGE_NO_ADDR,
        .init_p2m = KIMAGE_NO_ADDR,
        .hv_start_low = KIMAGE_NO_ADDR,
        .phys32_entry = KIMAGE_NO_ADDR,
    };
}

static int all_notes_read(const struct elf *elf, struct kimage *img,
                          const char **why_out)
{
    struct elf_phdr ph;
    unsigned int i;
    int rc;

    for (i = 0; i < elf->header.phnum; i++) {
        rc = phdr_read(elf, i, &ph, why_out);
        if (!rc && ph.type == PHDR_NOTE)
            rc = notes_read(elf->file + ph.offset, ph.filesz, img, why_out);
        if (rc)
            return rc;
    }
    if (img->virt_base == KIMAGE_NO_ADDR && img->entry == KIMAGE_NO_ADDR)
        return parse_fail(why_out, -ENOEXEC,
                          "kernel has no Xen PV notes: use a kernel built with "
                          "CONFIG_XEN_PV");
    if (img->virt_base == KIMAGE_NO_ADDR)
        img->virt_base = 0;
    if (img->entry == KIMAGE_NO_ADDR)
        img->entry = elf->header.entry;
    return 0;
}

static bool is_canonical(uint64_t addr)
{
    return (uint64_t)((int64_t)(addr << 16) >> 16) == addr;
}

static bool is_loaded(const struct elf_phdr *ph)
{
    return ph->type == PHDR_LOAD && ph->memsz != 0;
}

/* Where a segment goes: the address of its first byte. */
static int segment_place(const struct kimage *img, const struct elf_phdr *ph,
                         uint64_t *start_out, const char **why_out)
{
    uint64_t pa = ph->paddr - img->paddr_offset;
    uint64_t start = img->virt_base + pa;
    uint64_t last = start + ph->memsz - 1;

    if (ph->paddr < img->paddr_offset)
        return parse_fail(why_out, -EINVAL,
                          "damaged kernel: ELF segment below PADDR_OFFSET");
    if (ph->memsz > KIMAGE_MAX_SIZE || pa > KIMAGE_MAX_SIZE)
        return parse_fail(why_out, -EINVAL,
                          "kernel loads beyond the first GiB of its memory");
    if (start < img->virt_base || last < start || last == KIMAGE_NO_ADDR ||
        !is_canonical(start) || !is_canonical(last) ||
        (int64_t)(start ^ last) < 0)
        return parse_fail(why_out, -EINVAL,
                          "damaged kernel: ELF segment has a wrong address");
    *start_out = start;
    return 0;
}

static int bounds_find(const struct elf *elf, struct kimage *img,
                       const char **why_out)
{
    struct elf_phdr ph;
    uint64_t start;
    unsigned int i;
    int rc;

    img->virt_start = KIMAGE_NO_ADDR;
    img->virt_end = 0;
    for (i = 0; i < elf->header.phnum; i++) {
        rc = phdr_read(elf, i, &ph, why_out);
        if (!rc && is_loaded(&ph)) {
            rc = segment_place(img, &ph, &start, why_out);
            if (!rc) {
                img->virt_start = min(img->virt_start, start);
                img->virt_end = max(img->virt_end, start + ph.memsz);
            }
        }
        if (rc)
            return rc;
    }
    if (img->virt_end == 0)
        return parse_fail(why_out, -EINVAL,
                          "damaged kernel: nothing to load in ELF file");
    return 0;
}

static bool is_inside(const struct kimage *img, uint64_t addr, uint64_t size)
{
    return addr >= img->virt_start && addr < img->virt_end &&
           size <= img->virt_end - addr;
}

/* Check addresses from the notes against the bounds of the image. */
static int addresses_check(const struct kimage *img, const char **why_out)
{
    if ((img->virt_base | img->paddr_offset) & PAGE_MASK_4K)
        return parse_fail(why_out, -EINVAL,
                          "damaged kernel: VIRT_BASE is not page aligned");
    if (!is_inside(img, img->entry, 1))
        return parse_fail(why_out, -EINVAL,
                          "damaged kernel: entry point is outside of it");
    if (img->hypercall_page != KIMAGE_NO_ADDR &&
        ((img->hypercall_page & PAGE_MASK_4K) ||
         !is_inside(img, img->hypercall_page, PAGE_MASK_4K + 1)))
        return parse_fail(why_out, -EINVAL,
                          "damaged kernel: hypercall page is outside of it");
    if (img->has_init_p2m &&
        ((img->init_p2m & PAGE_MASK_4K) || !is_canonical(img->init_p2m)))
        return parse_fail(why_out, -EINVAL,
                          "damaged kernel: INIT_P2M is not a page's address");
    return 0;
}

int kimage_parse(const void *elf_file, size_t size, struct kimage *img,
                 const char **why_out)
{
    struct elf elf;
    struct kimage found;
    int rc;

    rc = elf_open(&elf, elf_file, size, why_out);
    if (rc)
        return rc;
    kimage_init(&found, &elf);
    rc = all_notes_read(&elf, &found, why_out);
    if (!rc)
        rc = bounds_find(&elf, &found, why_out);
    if (!rc)
        rc = addresses_check(&found, why_out);
    if (!rc)
        *img = found;
    return rc;
}

int kimage_load(const struct kimage *img, kimage_place_fn *place, void *ctx)
{
    const char *why;
    struct elf elf;
    struct elf_phdr ph;
    uint64_t start;
    unsigned int i;
    int rc;

    rc = elf_open(&elf, img->elf, img->elf_size, &why);
    if (rc)
        return -EINVAL;
    for (i = 0; i < elf.header.phnum; i++) {
        rc = phdr_read(&elf, i, &ph, &why);
        if (rc)
            return rc;
        if (!is_loaded(&ph))
            continue;
        rc = segment_place(img, &ph, &start, &why);
        if (rc)
            return rc;
        if (!is_inside(img, start, ph.memsz))
            return -EINVAL;
        rc = place(ctx, start, elf.file + ph.offset, ph.filesz, ph.memsz);
        if (rc)
            return rc;
    }
    return 0;
}
