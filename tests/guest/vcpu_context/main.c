/* SPDX-License-Identifier: MIT */
/* The state of another domain's vcpus: set, checked, read back. */
#include "domain.h"

#define RFLAGS_IOPL_SHIFT 12
#define NON_CANONICAL     0x8000000000000000UL

static struct domain guest, other;
static struct vcpu_guest_context context, now;

/* Set the context with one thing changed, then change it back. */
#define CHECK_FIELD(name, field, value, result)                                \
    do {                                                                       \
        __typeof__(context.field) kept = context.field;                        \
                                                                               \
        context.field = (value);                                               \
        CHECK_EQ(name, domain_set_context(guest.id, 0, &context), (result));   \
        context.field = kept;                                                  \
    } while (0)

static void test_bad_arguments(void)
{
    struct xen_domctl op = {
        .u.vcpucontext = {.vcpu = 0, .ctxt = HYPERVISOR_VIRT_START}};

    CHECK_EQ("set_context_of_a_vcpu_that_is_not_there",
             domain_set_context(guest.id, 2, &context), -XEN_EINVAL);
    CHECK_EQ("set_context_of_a_huge_vcpu",
             domain_set_context(guest.id, ~0U, &context), -XEN_EINVAL);
    CHECK_EQ("get_context_of_a_vcpu_that_is_not_there",
             domain_get_context(guest.id, 2, &now), -XEN_EINVAL);
    CHECK_EQ("get_context_of_a_huge_vcpu",
             domain_get_context(guest.id, ~0U, &now), -XEN_EINVAL);
    CHECK_EQ("get_context_of_an_uninitialised_vcpu",
             domain_get_context(guest.id, 0, &now), -XEN_ENODATA);
    CHECK_EQ("get_context_of_itself", domain_get_context(0, 0, &now),
             -XEN_EINVAL);
    CHECK_EQ("set_context_of_itself", domain_set_context(0, 0, &context),
             -XEN_EINVAL);
    CHECK_EQ("context_in_the_hypervisor",
             domctl(XEN_DOMCTL_setvcpucontext, guest.id, &op), -XEN_EFAULT);
}

static void test_bad_tables(void)
{
    uint64_t page = guest.mfn[guest.nr_pfns - 8];

    CHECK_FIELD("cr3_is_a_page", ctrlreg[3], page << PAGE_SHIFT, -XEN_EINVAL);
    CHECK_FIELD("cr3_is_an_l1", ctrlreg[3], guest.l1 << PAGE_SHIFT,
                -XEN_EINVAL);
    CHECK_FIELD("cr3_is_0", ctrlreg[3], 0, -XEN_EINVAL);
    CHECK_FIELD("cr3_beyond_memory", ctrlreg[3], 0x7fffffffffUL << PAGE_SHIFT,
                -XEN_EINVAL);
    CHECK_FIELD("cr3_is_anothers_l4", ctrlreg[3], other.l4 << PAGE_SHIFT,
                -XEN_EINVAL);
    CHECK_FIELD("cr3_is_the_control_domains", ctrlreg[3],
                va_to_mfn(boot_l4()) << PAGE_SHIFT, -XEN_EINVAL);
    CHECK_FIELD("cr3_is_shared_info", ctrlreg[3],
                guest.shared_info_mfn << PAGE_SHIFT, -XEN_EINVAL);
    CHECK_FIELD("user_mode_without_user_cr3", flags, VGCF_online, -XEN_EINVAL);
}

/* The kernel's table is good, so that its reference must go again. (Stock Xen
 * 4.17 keeps it, and with it the domain.) */
static void test_bad_user_tables(void)
{
    uint64_t page = guest.mfn[guest.nr_pfns - 8];

    CHECK_FIELD("user_cr3_is_a_page", ctrlreg[1], page << PAGE_SHIFT,
                -XEN_EINVAL);
    CHECK_FIELD("user_cr3_is_anothers_l4", ctrlreg[1], other.l4 << PAGE_SHIFT,
                -XEN_EINVAL);
}

static void test_bad_addresses(void)
{
    CHECK_FIELD("non_canonical_event_callback", event_callback_eip,
                NON_CANONICAL, -XEN_EINVAL);
    CHECK_FIELD("non_canonical_failsafe_callback", failsafe_callback_eip,
                NON_CANONICAL, -XEN_EINVAL);
    CHECK_FIELD("non_canonical_syscall_callback", syscall_callback_eip,
                NON_CANONICAL, -XEN_EINVAL);
    context.ldt_ents = 1;
    CHECK_FIELD("non_canonical_ldt", ldt_base, NON_CANONICAL, -XEN_EINVAL);
    context.ldt_ents = 0;
    CHECK_FIELD("non_canonical_fs_base", fs_base, NON_CANONICAL, -XEN_EINVAL);
    CHECK_FIELD("non_canonical_gs_base", gs_base_kernel, NON_CANONICAL,
                -XEN_EINVAL);
    CHECK_FIELD("non_canonical_user_gs_base", gs_base_user, NON_CANONICAL,
                -XEN_EINVAL);
    context.trap_ctxt[3].cs = FLAT_KERNEL_CS;
    CHECK_FIELD("non_canonical_trap", trap_ctxt[3].address, NON_CANONICAL,
                -XEN_EINVAL);
    context.trap_ctxt[3].cs = 0;
}

static void test_bad_segments(void)
{
    CHECK_FIELD("ldt_too_large", ldt_ents, 8193, -XEN_EINVAL);
    CHECK_FIELD("gdt_too_large", gdt_ents, 7169, -XEN_EINVAL);
    context.gdt_ents = 16;
    CHECK_FIELD("gdt_frame_is_anothers", gdt_frames[0], other.mfn[300],
                -XEN_EINVAL);
    CHECK_FIELD("gdt_frame_is_a_table", gdt_frames[0], guest.l4, -XEN_EINVAL);
    CHECK_FIELD("gdt_frame_beyond_memory", gdt_frames[0], 0x7fffffffff,
                -XEN_EINVAL);
    context.gdt_ents = 0;
}

/* What was set comes back. */
static void test_read_back(void)
{
    unsigned int trap = TRAP_BP;

    context.user_regs.rax = 0x1111;
    context.user_regs.r15 = 0x2222;
    context.user_regs.rflags = RFLAGS_IF | 1UL << RFLAGS_IOPL_SHIFT;
    context.fs_base = 0x123000;
    context.gs_base_user = 0x456000;
    context.trap_ctxt[trap].vector = (uint8_t)trap;
    context.trap_ctxt[trap].cs = FLAT_KERNEL_CS;
    context.trap_ctxt[trap].address = (uint64_t)vector_stubs;
    context.event_callback_eip = (uint64_t)event_entry;
    context.debugreg[0] = 0x789000;
    CHECK_EQ("set_context", domain_set_context(guest.id, 0, &context), 0);
    CHECK_EQ("get_context", domain_get_context(guest.id, 0, &now), 0);
    CHECK_EQ("rip", now.user_regs.rip, context.user_regs.rip);
    CHECK_EQ("rsp", now.user_regs.rsp, context.user_regs.rsp);
    CHECK_EQ("rsi", now.user_regs.rsi, context.user_regs.rsi);
    CHECK_EQ("rax", now.user_regs.rax, 0x1111);
    CHECK_EQ("r15", now.user_regs.r15, 0x2222);
    CHECK_EQ("cs", now.user_regs.cs, FLAT_KERNEL_CS);
    CHECK_EQ("ss", now.user_regs.ss, FLAT_KERNEL_SS);
    CHECK_EQ("iopl", now.user_regs.rflags >> RFLAGS_IOPL_SHIFT & 3, 1);
    CHECK("interrupts_are_on", now.user_regs.rflags & RFLAGS_IF);
    CHECK_EQ("cr3", now.ctrlreg[3], context.ctrlreg[3]);
    CHECK_EQ("no_user_cr3", now.ctrlreg[1], 0);
    CHECK("online", now.flags & VGCF_online);
    CHECK("in_kernel", now.flags & VGCF_in_kernel);
    CHECK_EQ("fs_base", now.fs_base, 0x123000);
    CHECK_EQ("gs_base_user", now.gs_base_user, 0x456000);
    CHECK_EQ("trap_address", now.trap_ctxt[trap].address,
             (uint64_t)vector_stubs);
    CHECK_EQ("trap_cs", now.trap_ctxt[trap].cs, FLAT_KERNEL_CS);
    CHECK_EQ("no_other_trap", now.trap_ctxt[trap + 1].address, 0);
    CHECK_EQ("event_callback", now.event_callback_eip, (uint64_t)event_entry);
    CHECK_EQ("kernel_sp", now.kernel_sp, context.kernel_sp);
    CHECK_EQ("debug_register", now.debugreg[0], 0x789000);
    CHECK_EQ("gdt_is_empty", now.gdt_ents, 0);
}

/* Once set, tables and descriptors stay; the rest can be set again. */
static void test_set_again(void)
{
    CHECK_EQ("set_the_same_again", domain_set_context(guest.id, 0, &context),
             0);
    CHECK_FIELD("another_cr3", ctrlreg[3], guest.l3 << PAGE_SHIFT,
                -XEN_EOPNOTSUPP);
    CHECK_FIELD("another_user_cr3", ctrlreg[1], guest.l4 << PAGE_SHIFT,
                -XEN_EOPNOTSUPP);
    CHECK_FIELD("another_ldt", ldt_ents, 4, -XEN_EOPNOTSUPP);
    CHECK_FIELD("another_gdt", gdt_ents, 16, -XEN_EOPNOTSUPP);
    context.user_regs.r15 = 0x3333;
    CHECK_EQ("set_other_registers", domain_set_context(guest.id, 0, &context),
             0);
    domain_get_context(guest.id, 0, &now);
    CHECK_EQ("they_are_set", now.user_regs.r15, 0x3333);
}

static void test_online(void)
{
    struct xen_domctl_getdomaininfo info;

    domain_info(guest.id, &info);
    CHECK_EQ("one_vcpu_is_online", info.nr_online_vcpus, 1);
    context.flags &= ~(uint64_t)VGCF_online;
    CHECK_EQ("set_it_offline", domain_set_context(guest.id, 0, &context), 0);
    domain_info(guest.id, &info);
    CHECK_EQ("no_vcpu_is_online", info.nr_online_vcpus, 0);
    domain_get_context(guest.id, 0, &now);
    CHECK("context_says_offline", !(now.flags & VGCF_online));
    context.flags |= VGCF_online;
    CHECK_EQ("set_it_online", domain_set_context(guest.id, 0, &context), 0);
    domain_info(guest.id, &info);
    CHECK_EQ("it_is_online_again", info.nr_online_vcpus, 1);
}

/* ---- two vcpus --------------------------------------------------------- */

#define UP   0 /* mailbox->word[] */
#define STOP 1

static void second(void)
{
    while (!mailbox->word[STOP])
        mailbox->word[UP]++;
}

static void start_second(void)
{
    CHECK_EQ("guest_has_two_vcpus", vcpu_max(), 2);
    CHECK_EQ("start_the_second_vcpu", vcpu_start(1, second), 0);
}

static void stop_second(void)
{
    mailbox->word[STOP] = 1;
    for (unsigned int i = 0;
         i < 1000 && hypercall(__HYPERVISOR_vcpu_op, VCPUOP_is_up, 1, NULL) > 0;
         i++)
        sleep_ms(1);
    CHECK_EQ("second_vcpu_is_down",
             hypercall(__HYPERVISOR_vcpu_op, VCPUOP_is_up, 1, NULL), 0);
}

static unsigned int nr_online(void)
{
    struct xen_domctl_getdomaininfo info;

    domain_info(guest.id, &info);
    return info.nr_online_vcpus;
}

static void test_two_vcpus(void)
{
    uint64_t seen;

    CHECK_EQ("unpause", domctl_plain(XEN_DOMCTL_unpausedomain, guest.id), 0);
    CHECK_EQ("first_vcpu_alone", nr_online(), 1);
    CHECK_EQ("context_of_a_vcpu_never_started",
             domain_get_context(guest.id, 1, &now), -XEN_ENODATA);
    domain_run(&guest, start_second);
    CHECK_EQ("both_vcpus", nr_online(), 2);
    seen = guest.mailbox->word[UP];
    for (int i = 0; i < 300 && guest.mailbox->word[UP] == seen; i++)
        sleep_ms(30);
    CHECK("second_vcpu_runs", guest.mailbox->word[UP] != seen);
    CHECK_EQ("context_of_a_running_vcpu", domain_get_context(guest.id, 1, &now),
             0);
    CHECK_EQ("it_uses_the_same_table", now.ctrlreg[3] >> PAGE_SHIFT, guest.l4);
    CHECK("it_runs_in_the_image", now.user_regs.rip >= VIRT_BASE);
    CHECK_EQ("set_context_of_a_running_vcpu",
             domain_set_context(guest.id, 1, &now), 0);
    seen = guest.mailbox->word[UP];
    sleep_ms(30);
    CHECK("it_still_runs", guest.mailbox->word[UP] != seen);
    domain_run(&guest, stop_second);
    CHECK_EQ("first_vcpu_alone_again", nr_online(), 1);
}

static void create_two(struct domain *d)
{
    struct xen_domctl_createdomain config;

    domain_config(&config);
    config.max_vcpus = 2;
    REQUIRE("create", domain_create(d, &config) == 0);
    domain_load(d);
}

void test_main(void)
{
    struct host_count before;

    host_warm_up();
    host_count(&before);
    create_two(&guest);
    create_two(&other);
    REQUIRE("pin", domain_pin(&guest) == 0);
    REQUIRE("pin_the_other", domain_pin(&other) == 0);
    domain_context(&guest, &context);

    test_bad_arguments();
    test_bad_tables();
    test_bad_addresses();
    test_bad_segments();
    test_read_back();
    test_set_again();
    test_online();
    domain_context(&guest, &context);
    CHECK_EQ("set_context_at_last", domain_set_context(guest.id, 0, &context),
             0);
    test_two_vcpus();
    domain_destroy(&guest);
    domain_destroy(&other);
    host_check("all_comes_back", &before);

    create_two(&guest);
    create_two(&other);
    REQUIRE("pin_once_more", domain_pin(&guest) == 0);
    REQUIRE("pin_the_other_once_more", domain_pin(&other) == 0);
    domain_context(&guest, &context);
    test_bad_user_tables();
    domain_destroy(&other);
    domain_unmap(&guest);
    CHECK_EQ("destroy", domctl_plain(XEN_DOMCTL_destroydomain, guest.id), 0);
}
