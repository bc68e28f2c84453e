/* SPDX-License-Identifier: MIT */
/* Grant tables: pages that a domain lets others map or copy. */
#ifndef XEN_PUBLIC_GRANT_TABLE_H
#define XEN_PUBLIC_GRANT_TABLE_H

#include "public/xen.h"

/* Each takes an array of the struct of its name, and a count. */
#define GNTTABOP_map_grant_ref     0
#define GNTTABOP_unmap_grant_ref   1
#define GNTTABOP_setup_table       2
#define GNTTABOP_dump_table        3
#define GNTTABOP_transfer          4
#define GNTTABOP_copy              5
#define GNTTABOP_query_size        6
#define GNTTABOP_unmap_and_replace 7
#define GNTTABOP_set_version       8
#define GNTTABOP_get_status_frames 9
#define GNTTABOP_get_version       10
#define GNTTABOP_swap_grant_ref    11
#define GNTTABOP_cache_flush       12

/* Entries that a toolstack fills in for a new domain. */
#define GNTTAB_NR_RESERVED_ENTRIES 8
#define GNTTAB_RESERVED_CONSOLE    0
#define GNTTAB_RESERVED_XENSTORE   1

/* Flags of an entry: its kind. */
#define GTF_invalid         (0U << 0)
#define GTF_permit_access   (1U << 0)
#define GTF_accept_transfer (2U << 0)
#define GTF_transitive      (3U << 0)
#define GTF_type_mask       (3U << 0)

/* With access. Reading and writing mean "in use"; the hypervisor sets them, in
 * version 2 in the status array. */
#define GTF_readonly (1U << 2)
#define GTF_reading  (1U << 3)
#define GTF_writing  (1U << 4)
#define GTF_PWT      (1U << 5)
#define GTF_PCD      (1U << 6)
#define GTF_PAT      (1U << 7)
#define GTF_sub_page (1U << 8) /* version 2, copies only */

/* With accept_transfer: set by the hypervisor. */
#define GTF_transfer_committed (1U << 2)
#define GTF_transfer_completed (1U << 3)

/* gnttab_map_grant_ref.flags. */
#define GNTMAP_device_map       (1 << 0) /* wanted: dev_bus_addr */
#define GNTMAP_host_map         (1 << 1) /* wanted: a mapping at host_addr */
#define GNTMAP_readonly         (1 << 2)
#define GNTMAP_application_map  (1 << 3) /* for user mode too */
#define GNTMAP_contains_pte     (1 << 4) /* host_addr: of the entry itself */
#define _GNTMAP_guest_avail0    16       /* from here: bits 9-11 of the entry */
#define GNTMAP_guest_avail_mask (~0U << _GNTMAP_guest_avail0)

/* gnttab_copy.flags. */
#define GNTCOPY_source_gref (1 << 0)
#define GNTCOPY_dest_gref   (1 << 1)

/* gnttab_cache_flush.op. */
#define GNTTAB_CACHE_CLEAN       (1U << 0)
#define GNTTAB_CACHE_INVAL       (1U << 1)
#define GNTTAB_CACHE_SOURCE_GREF (1U << 31)

/* The `status` of each call. */
#define GNTST_okay              0
#define GNTST_general_error     (-1)
#define GNTST_bad_domain        (-2)
#define GNTST_bad_gntref        (-3)
#define GNTST_bad_handle        (-4)
#define GNTST_bad_virt_addr     (-5)
#define GNTST_bad_dev_addr      (-6)
#define GNTST_no_device_space   (-7)
#define GNTST_permission_denied (-8)
#define GNTST_bad_page          (-9)
#define GNTST_bad_copy_arg      (-10)
#define GNTST_address_too_big   (-11)
#define GNTST_eagain            (-12)
#define GNTST_no_space          (-13)

typedef uint32_t grant_ref_t;    /* index of an entry */
typedef uint32_t grant_handle_t; /* names a mapping to its owner */
typedef uint16_t grant_status_t; /* version 2: GTF_reading, GTF_writing */

/* Version 1. */
struct grant_entry_v1 {
    uint16_t flags; /* GTF_* */
    domid_t domid;  /* may use it */
    uint32_t frame;
};

/* Version 2. */
struct grant_entry_header {
    uint16_t flags;
    domid_t domid;
};

union grant_entry_v2 {
    struct grant_entry_header hdr;
    struct {
        struct grant_entry_header hdr;
        uint32_t pad0;
        uint64_t frame;
    } full_page;
    struct {
        struct grant_entry_header hdr;
        uint16_t page_off; /* bytes */
        uint16_t length;
        uint64_t frame;
    } sub_page;
    struct {
        struct grant_entry_header hdr;
        domid_t trans_domid; /* whose grant this passes on */
        uint16_t pad0;
        grant_ref_t gref;
    } transitive;
    uint32_t __spacer[4];
};

struct gnttab_map_grant_ref {
    uint64_t host_addr;
    uint32_t flags; /* GNTMAP_* */
    grant_ref_t ref;
    domid_t dom;           /* that granted */
    int16_t status;        /* out */
    grant_handle_t handle; /* out */
    uint64_t dev_bus_addr; /* out */
};

struct gnttab_unmap_grant_ref {
    uint64_t host_addr;
    uint64_t dev_bus_addr;
    grant_handle_t handle;
    int16_t status; /* out */
};

/* Grow the table to nr_frames; their numbers go to frame_list. */
struct gnttab_setup_table {
    domid_t dom;
    uint32_t nr_frames;
    int16_t status; /* out */
    xen_guest_ptr_t frame_list;
};

struct gnttab_dump_table {
    domid_t dom;
    int16_t status; /* out */
};

struct gnttab_transfer {
    xen_pfn_t mfn;
    domid_t domid;
    grant_ref_t ref;
    int16_t status; /* out */
};

/* An end of a copy. */
struct gnttab_copy_ptr {
    union {
        grant_ref_t ref;
        xen_pfn_t gmfn;
    } u;
    domid_t domid;
    uint16_t offset; /* bytes */
};

struct gnttab_copy {
    struct gnttab_copy_ptr source;
    struct gnttab_copy_ptr dest;
    uint16_t len;   /* bytes */
    uint16_t flags; /* GNTCOPY_* */
    int16_t status; /* out */
};

struct gnttab_query_size {
    domid_t dom;
    uint32_t nr_frames;     /* out */
    uint32_t max_nr_frames; /* out */
    int16_t status;         /* out */
};

/* Unmap, and move the entry that maps new_addr to host_addr. */
struct gnttab_unmap_and_replace {
    uint64_t host_addr;
    uint64_t new_addr;
    grant_handle_t handle;
    int16_t status; /* out */
};

struct gnttab_set_version {
    uint32_t version; /* in: wanted; out: in use */
};

/* Frames of the status array of version 2. */
struct gnttab_get_status_frames {
    uint32_t nr_frames;
    domid_t dom;
    int16_t status; /* out */
    xen_guest_ptr_t frame_list;
};

struct gnttab_get_version {
    domid_t dom;
    uint16_t pad;
    uint32_t version; /* out */
};

struct gnttab_swap_grant_ref {
    grant_ref_t ref_a;
    grant_ref_t ref_b;
    int16_t status; /* out */
};

struct gnttab_cache_flush {
    union {
        uint64_t dev_bus_addr;
        grant_ref_t ref;
    } a;
    uint16_t offset; /* bytes */
    uint16_t length;
    uint32_t op; /* GNTTAB_CACHE_* */
};

#endif
