/* SPDX-License-Identifier: MIT */
/* xen_version, the feature bits, and hypercalls that do not exist. */
#include "guest.h"

#define BAD_POINTER 0x10UL /* nothing is mapped there */

static long version(int cmd, void *arg)
{
    return hypercall(__HYPERVISOR_xen_version, cmd, arg);
}

/* Is there a NUL within size bytes, after at least one other character? */
static bool is_text(const char *text, size_t size)
{
    size_t length = 0;

    while (length < size && text[length])
        length++;
    return length > 0 && length < size;
}

static bool contains(const char *text, const char *word, size_t size)
{
    size_t length = 0;

    while (word[length])
        length++;
    for (size_t i = 0; i + length <= size; i++)
        if (!memcmp(text + i, word, length))
            return true;
    return false;
}

static void test_texts(void)
{
    static xen_capabilities_info_t capabilities;
    static xen_commandline_t command_line;
    static struct xen_compile_info info;
    static xen_extraversion_t extra;
    static xen_changeset_info_t changeset;
    static xen_domain_handle_t handle;

    memset(handle, 0x5a, sizeof(handle));
    CHECK_EQ("extraversion", version(XENVER_extraversion, extra), 0);
    CHECK("extraversion_ends", is_text(extra, sizeof(extra)));
    CHECK_EQ("compile_info", version(XENVER_compile_info, &info), 0);
    CHECK("compiler_is_named", is_text(info.compiler, sizeof(info.compiler)));
    CHECK_EQ("capabilities", version(XENVER_capabilities, capabilities), 0);
    CHECK("capabilities_offer_64_bit_pv",
          contains(capabilities, "xen-3.0-x86_64 ", sizeof(capabilities)));
    CHECK_EQ("changeset", version(XENVER_changeset, changeset), 0);
    CHECK_EQ("commandline", version(XENVER_commandline, command_line), 0);
    CHECK("commandline_is_the_hypervisors",
          contains(command_line, "com1", sizeof(command_line)));
    CHECK_EQ("guest_handle", version(XENVER_guest_handle, handle), 0);
    CHECK_EQ("first_domain_has_handle_zero", handle[0] | handle[15], 0);
}

static void test_numbers(void)
{
    struct xen_platform_parameters parameters = {0};

    CHECK_EQ("version", version(XENVER_version, NULL), 4 << 16 | 17);
    CHECK_EQ("pagesize", version(XENVER_pagesize, NULL), PAGE_SIZE);
    CHECK_EQ("platform_parameters",
             version(XENVER_platform_parameters, &parameters), 0);
    CHECK_EQ("hypervisor_begins_at_slot_256", parameters.virt_start,
             HYPERVISOR_VIRT_START);
}

static void test_features(void)
{
    struct xen_feature_info features = {.submap_idx = 0};
    uint32_t never = 1U << XENFEAT_writable_page_tables |
                     1U << XENFEAT_writable_descriptor_tables |
                     1U << XENFEAT_auto_translated_physmap |
                     1U << XENFEAT_supervisor_mode_kernel;
    uint32_t always = 1U << XENFEAT_mmu_pt_update_preserve_ad |
                      1U << XENFEAT_gnttab_map_avail_bits | 1U << XENFEAT_dom0 |
                      1U << XENFEAT_highmem_assist |
                      1U << XENFEAT_direct_mapped |
                      1U << XENFEAT_memory_op_vnode_supported;

    CHECK_EQ("features", version(XENVER_get_features, &features), 0);
    CHECK_EQ("features_that_pv_must_not_have", features.submap & never, 0);
    CHECK_EQ("features_of_the_first_domain", features.submap & always, always);
    features.submap_idx = 1;
    CHECK_EQ("features_of_an_unknown_word",
             version(XENVER_get_features, &features), -XEN_EINVAL);
}

static void test_vm_assist_feature(void)
{
    struct xen_feature_info features = {.submap_idx = 0};

    hypercall(__HYPERVISOR_vm_assist, VMASST_CMD_enable,
              VMASST_TYPE_pae_extended_cr3);
    version(XENVER_get_features, &features);
    CHECK_EQ("pgdir_above_4gb_follows_vm_assist",
             features.submap >> XENFEAT_pae_pgdir_above_4gb & 1, 1);
}

static void test_bad_pointers(void)
{
    static const struct {
        const char *name;
        int cmd;
    } rows[] = {
        {"extraversion_to_nowhere", XENVER_extraversion},
        {"compile_info_to_nowhere", XENVER_compile_info},
        {"capabilities_to_nowhere", XENVER_capabilities},
        {"changeset_to_nowhere", XENVER_changeset},
        {"platform_parameters_to_nowhere", XENVER_platform_parameters},
        {"features_to_nowhere", XENVER_get_features},
        {"guest_handle_to_nowhere", XENVER_guest_handle},
        {"commandline_to_nowhere", XENVER_commandline},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
        long rc = version(rows[i].cmd, (void *)BAD_POINTER);

        CHECK_EQ(rows[i].name, rc, -XEN_EFAULT);
    }
    CHECK_EQ("features_to_the_hypervisor",
             version(XENVER_get_features, (void *)HYPERVISOR_VIRT_START),
             -XEN_EFAULT);
}

static void test_unknown(void)
{
    static const unsigned int numbers[] = {11, 43, 47, 56, 63, 64, 1000};
    uint64_t wrapping = 1UL << 32 | __HYPERVISOR_xen_version;

    for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++)
        CHECK_EQ("unknown_hypercall_is_enosys", hypercall(numbers[i]),
                 -XEN_ENOSYS);
    CHECK_EQ("hypercall_minus_one_is_enosys", hypercall(~0UL), -XEN_ENOSYS);
    printf("note: number 2^32 + 17 gives %ld\n", hypercall(wrapping, 0, 0));
    CHECK_EQ("unknown_version_command_is_enosys", version(99, NULL),
             -XEN_ENOSYS);
    CHECK_EQ("negative_version_command_is_enosys", version(-1, NULL),
             -XEN_ENOSYS);
    CHECK_EQ("hvm_op_is_not_for_pv", hypercall(__HYPERVISOR_hvm_op, 99, 0),
             -XEN_ENOSYS);
    CHECK_EQ(
        "update_va_mapping_of_a_domain_that_is_not_there",
        hypercall(__HYPERVISOR_update_va_mapping_otherdomain, 0, 0, 0, 0x1234),
        -XEN_ESRCH);
}

/* All registers but rax, rcx, r11 and the arguments survive a hypercall. */
static void test_registers(void)
{
    uint64_t values[6] = {1, 2, 3, 4, 5, 6}, sum = 0;

    __asm__ volatile("movq (%0), %%rbx\n"
                     "movq 8(%0), %%r9\n"
                     "movq 16(%0), %%r12\n"
                     "movq 24(%0), %%r13\n"
                     "movq 32(%0), %%r14\n"
                     "movq 40(%0), %%r15\n"
                     "pushq %0\n"
                     "movl %1, %%eax\n"
                     "xorl %%edi, %%edi\n"
                     "xorl %%esi, %%esi\n"
                     "syscall\n"
                     "popq %0\n"
                     "movq %%rbx, 40(%0)\n"
                     "movq %%r9, 32(%0)\n"
                     "movq %%r12, 24(%0)\n"
                     "movq %%r13, 16(%0)\n"
                     "movq %%r14, 8(%0)\n"
                     "movq %%r15, (%0)\n"
                     :
                     : "d"(values), "i"(__HYPERVISOR_xen_version)
                     : "rax", "rbx", "rcx", "rdi", "rsi", "r8", "r9", "r10",
                       "r11", "r12", "r13", "r14", "r15", "memory");
    for (unsigned int i = 0; i < ARRAY_SIZE(values); i++)
        sum = sum << 4 | values[i];
    CHECK_EQ("hypercall_keeps_other_registers", sum, 0x654321);
}

void test_main(void)
{
    test_numbers();
    test_texts();
    test_features();
    test_vm_assist_feature();
    test_bad_pointers();
    test_unknown();
    test_registers();
}
