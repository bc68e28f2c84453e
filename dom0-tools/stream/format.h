/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a saved guest, one format inside of the other:
 *
 *   struct xl_header, configuration      xl: only in files and to other hosts
 *   struct libxl_header                  libxl: what is around the domain
 *   record LIBXC_CONTEXT
 *     struct image_header, domain_header   libxc: the domain itself
 *     records PV_INFO .. END
 *   record END
 *
 * Numbers are little-endian but where a name says be32, be64: big-endian.
 * Source: libxl and libxc Domain Image Format, revisions 2 and 3, in Debian's
 * package xen-doc; the first header: observed.
 */
#ifndef STREAM_FORMAT_H
#define STREAM_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define XL_MAGIC       "Xen saved domain, xl format\n \0 \r"
#define XL_BYTE_ORDER  0x01020304u
#define XL_FLAG_JSON   (1u << 0) /* the configuration is libxl's JSON */
#define XL_FLAG_STREAM (1u << 1) /* a libxl stream follows */

struct xl_header {
    char magic[32];
    uint32_t byte_order;
    uint32_t mandatory;
    uint32_t optional;
    uint32_t optional_size; /* bytes that follow: size of the text, text */
};

#define LIBXL_IDENT   0x4c6962786c466d74ULL /* "LibxlFmt" */
#define LIBXL_VERSION 2u

struct libxl_header {
    uint64_t be64_ident;
    uint32_t be32_version;
    uint32_t be32_options; /* bit 0: big-endian, bit 1: converted */
};

/* Types of records around the libxc stream. */
#define LIBXL_END                    0u
#define LIBXL_LIBXC_CONTEXT          1u
#define LIBXL_EMULATOR_XENSTORE_DATA 2u
#define LIBXL_EMULATOR_CONTEXT       3u

#define IMAGE_MARKER                 (~0ULL)
#define IMAGE_ID                     0x58454e46u /* "XENF" */
#define IMAGE_VERSION                3u

struct image_header {
    uint64_t marker;
    uint32_t be32_id;
    uint32_t be32_version;
    uint16_t be16_options; /* bit 0: big-endian */
    uint16_t reserved[3];
};

#define DOMAIN_X86_PV 1u

struct domain_header {
    uint32_t type;
    uint16_t page_shift;
    uint16_t reserved;
    uint32_t xen_major;
    uint32_t xen_minor;
};

/* In front of each record, whose body is padded to a multiple of 8 bytes. */
struct record_header {
    uint32_t type;
    uint32_t size;
};

#define RECORD_OPTIONAL (1u << 31) /* may be passed over */

#define MAX_RECORD      (8u << 20)

/* Types of records in the libxc stream. */
enum record_type {
    RECORD_END = 0x0,
    RECORD_PAGE_DATA = 0x1,
    RECORD_PV_INFO = 0x2,
    RECORD_P2M_FRAMES = 0x3,
    RECORD_VCPU_BASIC = 0x4,
    RECORD_VCPU_EXTENDED = 0x5,
    RECORD_VCPU_XSAVE = 0x6,
    RECORD_SHARED_INFO = 0x7,
    RECORD_TSC_INFO = 0x8,
    RECORD_VCPU_MSRS = 0xc,
    RECORD_VERIFY = 0xd,
    RECORD_STATIC_DATA_END = 0x10,
    RECORD_CPUID_POLICY = 0x11,
    RECORD_MSR_POLICY = 0x12,
};

struct pv_info {
    uint8_t width;  /* of the guest's words, in bytes */
    uint8_t levels; /* of its page tables */
    uint8_t reserved[6];
};

struct p2m_range {
    uint32_t first; /* pfns; then a pfn for each page of the p2m between */
    uint32_t last;
};

/* Then `count` pfns with the type in the top four bits, then the pages. */
struct page_data {
    uint32_t count;
    uint32_t reserved;
};

#define PFN_TYPE_SHIFT 60
#define PFN_MASK       ((1ULL << 52) - 1)

/* Types of pages: XEN_DOMCTL_PFINFO_* in four bits. */
#define PAGE_NORMAL     0x0u
#define PAGE_L4         0x4u
#define PAGE_PINNED     0x8u /* beside a level */
#define PAGE_LEVEL_MASK 0x7u
#define PAGE_BROKEN     0xdu
#define PAGE_ALLOC      0xeu /* memory without contents */
#define PAGE_NONE       0xfu

/* In front of the body of each vcpu's record. */
struct vcpu_record {
    uint32_t vcpu;
    uint32_t reserved;
};

struct tsc_record {
    uint32_t mode;
    uint32_t khz;
    uint64_t nsec;
    uint32_t incarnation;
    uint32_t reserved;
};

/* Pages that one PAGE_DATA record describes here. */
#define BATCH_PAGES 1024u

/* Pfns that a guest may use: some 64 GiB, or four times its memory. */
#define MIN_PFN_LIMIT (1ULL << 24)

static inline uint64_t pfn_limit(uint64_t nr_pages)
{
    return nr_pages > MIN_PFN_LIMIT / 4 ? nr_pages * 4 : MIN_PFN_LIMIT;
}

/* Bytes that follow a body to the next record. */
static inline size_t record_padding(size_t size)
{
    return -size & 7;
}

#endif
