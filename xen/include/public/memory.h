/* SPDX-License-Identifier: MIT */
/* memory_op: what memory a domain has, and what the machine has. */
#ifndef XEN_PUBLIC_MEMORY_H
#define XEN_PUBLIC_MEMORY_H

#include "public/physdev.h"
#include "public/xen.h"

#define XENMEM_increase_reservation       0 /* struct xen_memory_reservation */
#define XENMEM_decrease_reservation       1 /* struct xen_memory_reservation */
#define XENMEM_maximum_ram_page           2 /* returns the highest mfn + 1 */
#define XENMEM_current_reservation        3 /* struct xen_memory_domain */
#define XENMEM_maximum_reservation        4 /* struct xen_memory_domain */
#define XENMEM_machphys_mfn_list          5
#define XENMEM_populate_physmap           6 /* struct xen_memory_reservation */
#define XENMEM_add_to_physmap             7
#define XENMEM_memory_map                 9 /* own; struct xen_memory_map */
#define XENMEM_machine_memory_map         10 /* the host's; struct xen_memory_map */
#define XENMEM_exchange                   11
#define XENMEM_machphys_mapping           12
#define XENMEM_set_memory_map             13 /* struct xen_foreign_memory_map */
#define XENMEM_maximum_gpfn               14 /* struct xen_memory_domain */
#define XENMEM_remove_from_physmap        15
#define XENMEM_set_pod_target             16 /* struct xen_pod_target */
#define XENMEM_get_pod_target             17 /* struct xen_pod_target */
#define XENMEM_get_sharing_freed_pages    18
#define XENMEM_get_sharing_shared_pages   19
#define XENMEM_paging_op                  20
#define XENMEM_access_op                  21
#define XENMEM_sharing_op                 22
#define XENMEM_add_to_physmap_batch       23
#define XENMEM_claim_pages                24 /* struct xen_memory_reservation */
#define XENMEM_machphys_compat_mfn_list   25
#define XENMEM_get_vnumainfo              26 /* struct xen_vnuma_topology_info */
#define XENMEM_reserved_device_memory_map 27
#define XENMEM_acquire_resource           28

/* xen_memory_reservation.mem_flags: the low byte limits the address bits, the
 * next one is a node + 1. */
#define XENMEMF_address_bits(x)     (x)
#define XENMEMF_get_address_bits(x) ((x)&0xffU)
#define XENMEMF_node(x)             (((x) + 1) << 8)
#define XENMEMF_get_node(x)         ((((x) >> 8) - 1) & 0xffU)
#define XENMEMF_populate_on_demand  (1 << 16)
#define XENMEMF_exact_node_request  (1 << 17)
#define XENMEMF_exact_node(n)       (XENMEMF_node(n) | XENMEMF_exact_node_request)
#define XENMEMF_vnode               (1 << 18)

/* xen_add_to_physmap.space; with grant_table a bit of idx. */
#define XENMAPSPACE_shared_info      0
#define XENMAPSPACE_grant_table      1
#define XENMAPSPACE_gmfn             2
#define XENMAPSPACE_gmfn_range       3
#define XENMAPSPACE_gmfn_foreign     4
#define XENMAPSPACE_dev_mmio         5
#define XENMAPIDX_grant_table_status 0x80000000U

/* xen_reserved_device_memory_map.flags. */
#define XENMEM_RDM_ALL 1

/* xen_mem_acquire_resource.type, and id of grant tables. */
#define XENMEM_resource_ioreq_server          0
#define XENMEM_resource_grant_table           1
#define XENMEM_resource_vmtrace_buf           2
#define XENMEM_resource_grant_table_id_shared 0
#define XENMEM_resource_grant_table_id_status 1

/* Extents of 2^extent_order frames each. */
struct xen_memory_reservation {
    xen_guest_ptr_t extent_start; /* xen_pfn_t[]: the first frame of each */
    xen_ulong_t nr_extents;
    uint32_t extent_order;
    uint32_t mem_flags; /* XENMEMF_* */
    domid_t domid;
};

/* Give `in` for `out`: the same amount in another grain. */
struct xen_memory_exchange {
    struct xen_memory_reservation in;
    struct xen_memory_reservation out;
    xen_ulong_t nr_exchanged; /* in: 0; out: extents of `in` done */
};

struct xen_memory_domain {
    domid_t domid;
};

/* Frames of the machine-to-physical table, one for each 2 MiB. */
struct xen_machphys_mfn_list {
    uint32_t max_extents;
    xen_guest_ptr_t extent_start; /* xen_pfn_t[] */
    uint32_t nr_extents;          /* out */
};

/* Where it is mapped for the caller. */
struct xen_machphys_mapping {
    xen_ulong_t v_start;
    xen_ulong_t v_end;
    xen_ulong_t max_mfn;
};

struct xen_add_to_physmap {
    domid_t domid;
    uint16_t size;  /* frames, with XENMAPSPACE_gmfn_range */
    uint32_t space; /* XENMAPSPACE_* */
    xen_ulong_t idx;
    xen_pfn_t gpfn;
};

struct xen_add_to_physmap_batch {
    domid_t domid;
    uint16_t space; /* XENMAPSPACE_* */
    uint16_t size;
    union {
        domid_t foreign_domid;
        uint16_t res0;
    } u;
    xen_guest_ptr_t idxs;  /* xen_ulong_t[] */
    xen_guest_ptr_t gpfns; /* xen_pfn_t[] */
    xen_guest_ptr_t errs;  /* out: int32_t[] */
};

struct xen_remove_from_physmap {
    domid_t domid;
    xen_pfn_t gpfn;
};

/* E820 entries: 64-bit address and size, 32-bit type, packed. */
struct xen_memory_map {
    uint32_t nr_entries; /* in: room; out */
    xen_guest_ptr_t buffer;
};

struct xen_foreign_memory_map {
    domid_t domid;
    struct xen_memory_map map;
};

struct xen_pod_target {
    uint64_t target_pages;    /* in */
    uint64_t tot_pages;       /* out */
    uint64_t pod_cache_pages; /* out */
    uint64_t pod_entries;     /* out */
    domid_t domid;
};

/* Memory that devices are told of by firmware. */
struct xen_reserved_device_memory {
    xen_pfn_t start_pfn;
    xen_ulong_t nr_pages;
};

struct xen_reserved_device_memory_map {
    uint32_t flags;         /* XENMEM_RDM_ALL */
    uint32_t nr_entries;    /* in: room; out */
    xen_guest_ptr_t buffer; /* struct xen_reserved_device_memory[] */
    union {
        struct physdev_pci_device pci;
    } dev;
};

/* Frames that belong to a domain's grant table and the like. */
struct xen_mem_acquire_resource {
    domid_t domid;
    uint16_t type; /* XENMEM_resource_* */
    uint32_t id;
    uint32_t nr_frames; /* 0 with no list: out, how many there are */
    uint32_t pad;
    uint64_t frame;             /* first wanted */
    xen_guest_ptr_t frame_list; /* xen_pfn_t[] */
};

struct xen_vmemrange {
    uint64_t start;
    uint64_t end;
    uint32_t flags;
    uint32_t nid;
};

struct xen_vnuma_topology_info {
    domid_t domid;
    uint16_t pad;
    uint32_t nr_vnodes;     /* in: room; out */
    uint32_t nr_vcpus;      /* in: room; out */
    uint32_t nr_vmemranges; /* in: room; out */
    union {
        xen_guest_ptr_t h; /* uint32_t[] */
        uint64_t pad;
    } vdistance;
    union {
        xen_guest_ptr_t h; /* uint32_t[] */
        uint64_t pad;
    } vcpu_to_vnode;
    union {
        xen_guest_ptr_t h; /* struct xen_vmemrange[] */
        uint64_t pad;
    } vmemrange;
};

#endif
