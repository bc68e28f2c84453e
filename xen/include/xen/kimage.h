/* SPDX-License-Identifier: MIT */
/*
 * Kernel images: find the ELF file in a kernel file, unpack it, read what it
 * asks of a PV builder, and hand out its segments.
 *
 * One source for the hypervisor (dom0) and the toolstack (domU). No state, no
 * allocation, no output. A caller goes through it in this order:
 *
 *   kimage_payload()  file bytes -> where the payload is, how it is packed
 *   kimage_unpack()   payload -> ELF bytes in one buffer of the caller's
 *   kimage_parse()    ELF bytes -> struct kimage
 *   kimage_load()     struct kimage -> one call of place() per segment
 *
 * All input is untrusted; nothing outside of the given buffers is touched.
 * The input must not change while a call runs.
 *
 * Every function that fails stores a one-line reason for a human in *why_out,
 * a constant string that says what is wrong and, if known, what to change.
 */
#ifndef XEN_KIMAGE_H
#define XEN_KIMAGE_H

#include "xen/types.h"

/* Scratch memory for kimage_unpack(), in bytes; 8-byte aligned. */
#define KIMAGE_WORK_SIZE 0x24000

/* Largest ELF file and largest loaded image that are accepted, in bytes. */
#define KIMAGE_MAX_SIZE 0x40000000

/* Value of an address in struct kimage that the kernel does not give. */
#define KIMAGE_NO_ADDR (~(uint64_t)0)

/* Room for the text of a string note, with its NUL; longer ones are cut. */
#define KIMAGE_TEXT_SIZE 32

/* How a payload is packed. */
enum kimage_format {
    KIMAGE_RAW, /* an ELF file as it is; may be used in place */
    KIMAGE_GZIP,
    KIMAGE_XZ,
    KIMAGE_LZ4,
    KIMAGE_LZ4_LEGACY,
    KIMAGE_ZSTD,
};

struct kimage_payload {
    enum kimage_format format;
    const void *data;     /* into the caller's file */
    size_t size;          /* without the size field that Linux appends */
    size_t unpacked_size; /* as the file says; 64..KIMAGE_MAX_SIZE */
};

/* What a parsed kernel wants. Addresses are the guest's virtual ones. */
struct kimage {
    const void *elf; /* the caller's ELF bytes */
    size_t elf_size;

    uint64_t virt_base;      /* pfn 0 is mapped here */
    uint64_t paddr_offset;   /* p_paddr of pfn 0 */
    uint64_t virt_start;     /* first byte of the loaded image */
    uint64_t virt_end;       /* behind its last byte */
    uint64_t entry;          /* first instruction */
    uint64_t hypercall_page; /* KIMAGE_NO_ADDR: not wanted */
    uint64_t init_p2m;       /* KIMAGE_NO_ADDR: right behind the image */
    uint64_t hv_start_low;   /* lowest hypervisor address borne, or NO_ADDR */
    uint64_t phys32_entry;   /* PVH entry, or KIMAGE_NO_ADDR; not for PV */

    uint64_t features;          /* XENFEAT_x bits the kernel can use */
    uint64_t features_required; /* of these, the ones marked '!' */
    bool has_init_p2m;
    bool pae;            /* "yes" or "bimodal" page tables above 4 GiB */
    bool mod_start_pfn;  /* initrd may stay unmapped */
    bool suspend_cancel; /* a suspend may return as cancelled */

    char guest_os[KIMAGE_TEXT_SIZE]; /* "" where the note is absent */
    char guest_version[KIMAGE_TEXT_SIZE];
    char xen_version[KIMAGE_TEXT_SIZE];
    char loader[KIMAGE_TEXT_SIZE];
};

/**
 * Find the payload of a kernel file and tell how it is packed.
 *
 * @file  a 64-bit ELF file, the same gzip-ed, or a bzImage
 * @size  of the file in bytes
 *
 * Returns 0;
 *         -ENOEXEC if this is no kernel, or one of an unknown or too old kind;
 *         -EIO if sizes or offsets in it can't be right (cut-off file).
 * Locks:  none. Touches only its arguments.
 * Source: Linux Documentation/arch/x86/boot.rst, payload_offset.
 */
int kimage_payload(const void *file, size_t size, struct kimage_payload *out,
                   const char **why_out);

/**
 * Unpack a payload into one contiguous buffer.
 *
 * @p         from kimage_payload()
 * @out       room for the ELF file; bytes behind it, up to out_size, may be
 *            overwritten; must overlap neither the payload nor work
 * @out_size  in bytes, at least p->unpacked_size
 * @work      KIMAGE_WORK_SIZE bytes, 8-byte aligned, contents don't matter
 * @len_out   bytes that were unpacked: always p->unpacked_size
 *
 * Returns 0;
 *         -EIO if the payload is damaged, or unpacks to another size;
 *         -ENOEXEC if it uses a feature of its format that is not supported;
 *         -ENOSPC if out_size is too small;
 *         -EINVAL if p->format is none of enum kimage_format.
 * Locks:  none. Time is linear in the sizes of input and output.
 * Source: RFC 1952, RFC 1951 (gzip), RFC 8878 (zstd), the xz file format 1.1,
 *         the lz4 block and frame formats.
 */
int kimage_unpack(const struct kimage_payload *p, void *out, size_t out_size,
                  void *work, size_t *len_out, const char **why_out);

/**
 * Read program headers and Xen notes of an ELF file.
 *
 * @elf   the file; img keeps the pointer
 * @size  of the file in bytes
 * @img   filled in; untouched on error
 *
 * Returns 0;
 *         -ENOEXEC if it is not a 64-bit x86 ELF file, not a PV kernel, or
 *         needs what is not known here;
 *         -EINVAL if headers or notes contradict each other or the file.
 * Locks:  none.
 * Source: ELF-64 object file format; public/elfnote.h.
 */
int kimage_parse(const void *elf, size_t size, struct kimage *img,
                 const char **why_out);

/*
 * Put one segment into place: filesz bytes of data at vaddr, then zeros up to
 * memsz. [vaddr, vaddr + memsz) is within img->virt_start and img->virt_end.
 * Returns 0 or a negative error, which ends the loading.
 */
typedef int kimage_place_fn(void *ctx, uint64_t vaddr, const void *data,
                            size_t filesz, size_t memsz);

/**
 * Call place() for each loadable segment, in the order of the file.
 *
 * Returns 0, the first error of place(), or -EINVAL if the ELF file is not
 * the one that was parsed (the caller changed it meanwhile).
 * Locks:  none of its own.
 * Source: ELF-64 object file format, PT_LOAD.
 */
int kimage_load(const struct kimage *img, kimage_place_fn *place, void *ctx);

#endif /* XEN_KIMAGE_H */
