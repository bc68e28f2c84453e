/* SPDX-License-Identifier: MIT */
/* State of a domain; see domctl_state.h. */
#include "lib/domctl_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hypercall.h"

/* What the hypervisor may say that there is, at most. */
#define MAX_BLOB   (1u << 20)
#define MAX_LEAVES 1024
#define MAX_MSRS   256

/* A copy of a hypercall buffer. */
static int blob_make(struct state_blob *blob, const void *data, size_t size,
                     struct error **err_out)
{
    blob->data = hypercall_copy(data, size, err_out);
    blob->size = blob->data ? size : 0;
    return blob->data ? 0 : -ENOMEM;
}

int domctl_frame_types(struct privcmd *p, domid_t domid, uint64_t *frames,
                       size_t nr, struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_getpageframeinfo3);
    size_t mark = privcmd_mark(p);
    uint64_t *copy = buffer_with(p, frames, nr * sizeof(*copy), err_out);
    int rc;

    if (!copy)
        return -ENOMEM;
    op.u.getpageframeinfo3.num = nr;
    op.u.getpageframeinfo3.array = (uintptr_t)copy;
    rc = domctl_call(p, &op, "domctl getpageframeinfo3", err_out);
    if (!rc)
        memcpy(frames, copy, nr * sizeof(*copy));
    privcmd_release(p, mark);
    return rc;
}

int domctl_get_context(struct privcmd *p, domid_t domid, unsigned int vcpu,
                       struct vcpu_guest_context *context_out,
                       struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_getvcpucontext);
    size_t mark = privcmd_mark(p);
    struct vcpu_guest_context *copy = privcmd_buffer(p, sizeof(*copy));
    int rc;

    if (!copy)
        return buffer_fail(err_out);
    op.u.vcpucontext.vcpu = vcpu;
    op.u.vcpucontext.ctxt = (uintptr_t)copy;
    rc = domctl_call(p, &op, "domctl getvcpucontext", err_out);
    if (!rc)
        *context_out = *copy;
    privcmd_release(p, mark);
    return rc;
}

int domctl_get_extended(struct privcmd *p, domid_t domid, unsigned int vcpu,
                        struct xen_domctl_ext_vcpucontext *extended_out,
                        struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_get_ext_vcpucontext);
    int rc;

    op.u.ext_vcpucontext.vcpu = vcpu;
    rc = domctl_call(p, &op, "domctl get_ext_vcpucontext", err_out);
    if (!rc)
        *extended_out = op.u.ext_vcpucontext;
    return rc;
}

int domctl_set_extended(struct privcmd *p, domid_t domid,
                        const struct xen_domctl_ext_vcpucontext *extended,
                        struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_set_ext_vcpucontext);

    op.u.ext_vcpucontext = *extended;
    return domctl_call(p, &op, "domctl set_ext_vcpucontext", err_out);
}

/* The size first, then as much. */
int domctl_get_xsave(struct privcmd *p, domid_t domid, unsigned int vcpu,
                     struct state_blob *blob_out, struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_getvcpuextstate);
    struct xen_domctl_vcpuextstate *get = &op.u.vcpuextstate;
    size_t mark = privcmd_mark(p), room;
    void *buffer;
    int rc;

    *blob_out = (struct state_blob){0};
    get->vcpu = vcpu;
    rc = domctl_call(p, &op, "domctl getvcpuextstate", err_out);
    if (rc || get->size == 0)
        return rc;
    room = get->size < MAX_BLOB ? get->size : MAX_BLOB;
    buffer = privcmd_buffer(p, room);
    if (!buffer)
        return buffer_fail(err_out);
    get->size = room;
    get->buffer = (uintptr_t)buffer;
    rc = domctl_call(p, &op, "domctl getvcpuextstate", err_out);
    if (!rc)
        rc = blob_make(blob_out, buffer, get->size < room ? get->size : room,
                       err_out);
    privcmd_release(p, mark);
    return rc;
}

int domctl_set_xsave(struct privcmd *p, domid_t domid, unsigned int vcpu,
                     const void *data, size_t size, struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_setvcpuextstate);
    size_t mark = privcmd_mark(p);
    void *buffer = buffer_with(p, data, size, err_out);
    int rc;

    if (!buffer)
        return -ENOMEM;
    op.u.vcpuextstate.vcpu = vcpu;
    op.u.vcpuextstate.size = size;
    op.u.vcpuextstate.buffer = (uintptr_t)buffer;
    rc = domctl_call(p, &op, "domctl setvcpuextstate", err_out);
    privcmd_release(p, mark);
    return rc;
}

int domctl_get_msrs(struct privcmd *p, domid_t domid, unsigned int vcpu,
                    struct state_blob *blob_out, struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_get_vcpu_msrs);
    struct xen_domctl_vcpu_msrs *get = &op.u.vcpu_msrs;
    const size_t size = sizeof(struct xen_domctl_vcpu_msr);
    size_t mark = privcmd_mark(p);
    void *buffer = privcmd_buffer(p, MAX_MSRS * size);
    int rc;

    *blob_out = (struct state_blob){0};
    if (!buffer)
        return buffer_fail(err_out);
    get->vcpu = vcpu;
    get->msr_count = MAX_MSRS;
    get->msrs = (uintptr_t)buffer;
    rc = domctl_call(p, &op, "domctl get_vcpu_msrs", err_out);
    if (!rc && get->msr_count <= MAX_MSRS)
        rc = blob_make(blob_out, buffer, get->msr_count * size, err_out);
    privcmd_release(p, mark);
    return rc;
}

int domctl_set_msrs(struct privcmd *p, domid_t domid, unsigned int vcpu,
                    const void *data, size_t size, struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_set_vcpu_msrs);
    size_t mark = privcmd_mark(p);
    void *buffer = buffer_with(p, data, size, err_out);
    int rc;

    if (!buffer)
        return -ENOMEM;
    op.u.vcpu_msrs.vcpu = vcpu;
    op.u.vcpu_msrs.msr_count =
        (uint32_t)(size / sizeof(struct xen_domctl_vcpu_msr));
    op.u.vcpu_msrs.msrs = (uintptr_t)buffer;
    rc = domctl_call(p, &op, "domctl set_vcpu_msrs", err_out);
    privcmd_release(p, mark);
    return rc;
}

int domctl_get_tsc(struct privcmd *p, domid_t domid,
                   struct xen_domctl_tsc_info *tsc_out, struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_gettscinfo);
    int rc = domctl_call(p, &op, "domctl gettscinfo", err_out);

    if (!rc)
        *tsc_out = op.u.tsc_info;
    return rc;
}

int domctl_set_tsc(struct privcmd *p, domid_t domid,
                   const struct xen_domctl_tsc_info *tsc,
                   struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_settscinfo);

    op.u.tsc_info = *tsc;
    return domctl_call(p, &op, "domctl settscinfo", err_out);
}

int domctl_get_policy(struct privcmd *p, domid_t domid,
                      struct cpu_policy *policy_out, struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_get_cpu_policy);
    struct xen_domctl_cpu_policy *get = &op.u.cpu_policy;
    size_t mark = privcmd_mark(p);
    void *leaves =
        privcmd_buffer(p, MAX_LEAVES * sizeof(struct xen_cpuid_leaf));
    void *msrs = privcmd_buffer(p, MAX_MSRS * sizeof(struct xen_msr_entry));
    int rc;

    *policy_out = (struct cpu_policy){0};
    if (!leaves || !msrs) {
        privcmd_release(p, mark);
        return buffer_fail(err_out);
    }
    *get = (struct xen_domctl_cpu_policy){.nr_leaves = MAX_LEAVES,
                                          .nr_msrs = MAX_MSRS,
                                          .leaves = (uintptr_t)leaves,
                                          .msrs = (uintptr_t)msrs};
    rc = domctl_call(p, &op, "domctl get_cpu_policy", err_out);
    if (!rc && get->nr_leaves <= MAX_LEAVES && get->nr_msrs <= MAX_MSRS) {
        rc = blob_make(&policy_out->leaves, leaves,
                       get->nr_leaves * sizeof(struct xen_cpuid_leaf), err_out);
        if (!rc)
            rc =
                blob_make(&policy_out->msrs, msrs,
                          get->nr_msrs * sizeof(struct xen_msr_entry), err_out);
        if (rc)
            cpu_policy_free(policy_out);
    }
    privcmd_release(p, mark);
    return rc;
}

/* What the hypervisor does not let a domain see. */
static void policy_hint(const struct xen_domctl_cpu_policy *set, int rc,
                        struct error **err_out)
{
    if (rc == -EPERM || rc == -ENOSYS || rc == -ESRCH)
        return;
    if (set->err_leaf != ~0u)
        error_wrap(err_out, "CPUID leaf %#x", set->err_leaf);
    else if (set->err_msr != ~0u)
        error_wrap(err_out, "MSR %#x", set->err_msr);
    error_wrap(err_out, "this host's CPU lacks what the guest saw of its "
                        "former one");
}

int domctl_set_policy(struct privcmd *p, domid_t domid,
                      const struct cpu_policy *policy, struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_set_cpu_policy);
    struct xen_domctl_cpu_policy *set = &op.u.cpu_policy;
    size_t mark = privcmd_mark(p);
    void *leaves = privcmd_buffer(p, policy->leaves.size + 1);
    void *msrs = privcmd_buffer(p, policy->msrs.size + 1);
    int rc;

    if (!leaves || !msrs) {
        privcmd_release(p, mark);
        return buffer_fail(err_out);
    }
    if (policy->leaves.size)
        memcpy(leaves, policy->leaves.data, policy->leaves.size);
    if (policy->msrs.size)
        memcpy(msrs, policy->msrs.data, policy->msrs.size);
    *set = (struct xen_domctl_cpu_policy){
        .nr_leaves =
            (uint32_t)(policy->leaves.size / sizeof(struct xen_cpuid_leaf)),
        .nr_msrs = (uint32_t)(policy->msrs.size / sizeof(struct xen_msr_entry)),
        .leaves = (uintptr_t)leaves,
        .msrs = (uintptr_t)msrs,
        .err_leaf = ~0u,
        .err_subleaf = ~0u,
        .err_msr = ~0u,
    };
    rc = domctl_call(p, &op, "domctl set_cpu_policy", err_out);
    if (rc)
        policy_hint(set, rc, err_out);
    privcmd_release(p, mark);
    return rc;
}

void cpu_policy_free(struct cpu_policy *policy)
{
    free(policy->leaves.data);
    free(policy->msrs.data);
    *policy = (struct cpu_policy){0};
}

int domctl_resume(struct privcmd *p, domid_t domid, struct error **err_out)
{
    struct xen_domctl op = op_for(domid, XEN_DOMCTL_resumedomain);

    return domctl_call(p, &op, "domctl resumedomain", err_out);
}
