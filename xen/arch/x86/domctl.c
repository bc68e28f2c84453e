/* SPDX-License-Identifier: MIT */
/* domctl: the operations that are about this architecture. */
#include "asm/domctl.h"

#include "public/domctl.h"
#include "xen/bitops.h"
#include "xen/domctl.h"
#include "xen/errno.h"

static const domctl_fn arch_domctl_ops[] = {
    [XEN_DOMCTL_shadow_op] = domctl_shadow_op,
    [XEN_DOMCTL_irq_permission] = domctl_irq_permission,
    [XEN_DOMCTL_iomem_permission] = domctl_iomem_permission,
    [XEN_DOMCTL_ioport_permission] = domctl_ioport_permission,
    [XEN_DOMCTL_memory_mapping] = domctl_memory_mapping,
    [XEN_DOMCTL_set_ext_vcpucontext] = domctl_set_ext_vcpucontext,
    [XEN_DOMCTL_get_ext_vcpucontext] = domctl_get_ext_vcpucontext,
    [XEN_DOMCTL_gettscinfo] = domctl_gettscinfo,
    [XEN_DOMCTL_settscinfo] = domctl_settscinfo,
    [XEN_DOMCTL_hypercall_init] = domctl_hypercall_init,
    [XEN_DOMCTL_getpageframeinfo3] = domctl_getpageframeinfo3,
    [XEN_DOMCTL_setvcpuextstate] = domctl_setvcpuextstate,
    [XEN_DOMCTL_getvcpuextstate] = domctl_getvcpuextstate,
    [XEN_DOMCTL_get_vcpu_msrs] = domctl_get_vcpu_msrs,
    [XEN_DOMCTL_set_vcpu_msrs] = domctl_set_vcpu_msrs,
    [XEN_DOMCTL_get_cpu_policy] = domctl_get_cpu_policy,
    [XEN_DOMCTL_set_cpu_policy] = domctl_set_cpu_policy,
};

domctl_fn arch_domctl_find(unsigned int cmd)
{
    if (cmd >= ARRAY_SIZE(arch_domctl_ops))
        return NULL;
    return arch_domctl_ops[array_index_nospec(cmd,
                                              ARRAY_SIZE(arch_domctl_ops))];
}
