/* SPDX-License-Identifier: MIT */
/* What this hypervisor is, for those who ask (xen_version). The ABI is Xen
 * 4.17's; the text fields are ours. */
#include "public/version.h"

#include "public/features.h"
#include "public/xen.h"
#include "xen/boot_info.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/hypercall.h"
#include "xen/string.h"
#include "xen/vcpu.h"

#define ABI_MAJOR 4
#define ABI_MINOR 17

#define SUBMAP_FEATURES                                                        \
    ((1u << XENFEAT_mmu_pt_update_preserve_ad) |                               \
     (1u << XENFEAT_highmem_assist) | (1u << XENFEAT_gnttab_map_avail_bits) |  \
     (1u << XENFEAT_memory_op_vnode_supported) |                               \
     (1u << XENFEAT_direct_mapped))

static long copy_text(u64 arg, const char *text, size_t size)
{
    char buf[1024] = "";

    strlcpy(buf, text, min(size, sizeof(buf)));
    return copy_to_guest(arg, buf, size);
}

static long get_compile_info(u64 arg)
{
    struct xen_compile_info info;

    memset(&info, 0, sizeof(info));
    strlcpy((char *)info.compiler, __VERSION__, sizeof(info.compiler));
    strlcpy((char *)info.compile_by, "xenia", sizeof(info.compile_by));
    return copy_to_guest(arg, &info, sizeof(info));
}

static long get_features(u64 arg)
{
    const struct domain *d = current->domain;
    struct xen_feature_info info;

    if (copy_from_guest(&info, arg, sizeof(info)))
        return -EFAULT;

    info.submap = 0;
    if (info.submap_idx == 0) {
        info.submap = SUBMAP_FEATURES;
        if (d->vm_assist & (1UL << VMASST_TYPE_pae_extended_cr3))
            info.submap |= 1u << XENFEAT_pae_pgdir_above_4gb;
        if (d->is_hardware)
            info.submap |= 1u << XENFEAT_dom0;
    } else if (info.submap_idx >= XENFEAT_NR_SUBMAPS) {
        return -EINVAL;
    }
    return copy_to_guest(arg, &info, sizeof(info));
}

static __noinline long answer(unsigned long cmd, unsigned long arg)
{
    struct xen_platform_parameters params = {.virt_start =
                                                 HYPERVISOR_VIRT_START};

    switch (cmd) {
    case XENVER_extraversion:
        return copy_text(arg, ".0-xenia", sizeof(xen_extraversion_t));
    case XENVER_compile_info:
        return get_compile_info(arg);
    case XENVER_capabilities:
        return copy_text(arg, "xen-3.0-x86_64 ",
                         sizeof(xen_capabilities_info_t));
    case XENVER_changeset:
        return copy_text(arg, XENIA_VERSION, sizeof(xen_changeset_info_t));
    case XENVER_platform_parameters:
        return copy_to_guest(arg, &params, sizeof(params));
    case XENVER_get_features:
        return get_features(arg);
    case XENVER_pagesize:
        return arg ? -EINVAL : (long)PAGE_SIZE;
    case XENVER_guest_handle:
        return copy_to_guest(arg, current->domain->handle,
                             sizeof(current->domain->handle));
    case XENVER_commandline:
        return copy_text(arg,
                         current->domain->is_control ? boot_info.cmdline : "",
                         sizeof(xen_commandline_t));
    case XENVER_build_id:
        return -ENODATA;
    default:
        return -ENOSYS;
    }
}

/* Guests ask for the version when they only want to enter the hypervisor. */
long do_xen_version(unsigned long cmd, unsigned long arg, unsigned long a2,
                    unsigned long a3, unsigned long a4)
{
    (void)a2, (void)a3, (void)a4;

    if (cmd == XENVER_version)
        return (ABI_MAJOR << 16) | ABI_MINOR;
    return answer(cmd, arg);
}
