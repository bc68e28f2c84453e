/* SPDX-License-Identifier: MIT */
/* Telling the hypervisor what a guest sees of the CPU; see cpuid_config.h. */
#include "lib/domctl_state.h"
#include "toolstack/cpuid_config.h"

static size_t nr_leaves(const struct cpu_policy *policy)
{
    return policy->leaves.size / sizeof(struct xen_cpuid_leaf);
}

int cpuid_config_set(struct privcmd *p, domid_t domid, const char *text,
                     struct error **err_out)
{
    struct cpu_policy policy;
    int rc = domctl_get_policy(p, domid, &policy, err_out);

    if (rc)
        return rc;
    rc = cpuid_config_apply(text, policy.leaves.data, nr_leaves(&policy),
                            err_out);
    if (!rc)
        rc = domctl_set_policy(p, domid, &policy, err_out);
    cpu_policy_free(&policy);
    if (!rc)
        rc = domctl_get_policy(p, domid, &policy, err_out);
    if (rc)
        return rc;
    rc = cpuid_config_compare(text, policy.leaves.data, nr_leaves(&policy),
                              err_out);
    cpu_policy_free(&policy);
    return rc;
}
