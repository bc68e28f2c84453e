/* SPDX-License-Identifier: MIT */
/* The smallest test: the kernel starts as domain 0 and finds its memory. */
#include "guest.h"

void test_main(void)
{
    uint64_t pfn = va_to_pfn(test_main);

    printf("hello from %s with %lu pages\n", start_info->magic,
           start_info->nr_pages);
    CHECK("magic_names_the_abi",
          !memcmp(start_info->magic, "xen-3.0-x86_64", 14));
    CHECK("this_is_the_first_domain",
          (start_info->flags & (SIF_PRIVILEGED | SIF_INITDOMAIN)) ==
              (SIF_PRIVILEGED | SIF_INITDOMAIN));
    CHECK_EQ("m2p_is_the_inverse_of_p2m", mfn_to_pfn(pfn_to_mfn(pfn)), pfn);
    CHECK_EQ("version_is_4_17",
             hypercall(__HYPERVISOR_xen_version, XENVER_version, NULL),
             4 << 16 | 17);
}
