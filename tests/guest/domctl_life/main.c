/* SPDX-License-Identifier: MIT */
/*
 * domctl: domains are created, paused, shut down, crash and are destroyed, and
 * the control domain is told. Who is not the control domain can do none of it.
 */
#include "public/platform.h"

#include "domain.h"

#define CHOSEN_ID 100
#define NO_DOMAIN 0x1234
#define COUNTER   0 /* mailbox->word[] */
#define RESUMED   1
#define REASON    2

static struct domain guest;
static evtchn_port_t dom_exc;

/* ---- creation ---------------------------------------------------------- */

static long create(domid_t wanted, const struct xen_domctl_createdomain *config,
                   domid_t *domid_out)
{
    struct xen_domctl op = {.u.createdomain = *config};
    long rc = domctl(XEN_DOMCTL_createdomain, wanted, &op);

    *domid_out = op.domain;
    return rc;
}

static void destroy(domid_t domid)
{
    CHECK_EQ("destroy", domctl_plain(XEN_DOMCTL_destroydomain, domid), 0);
    CHECK("destroyed_domain_is_gone", domain_wait_flags(domid, ~0U, 0));
}

static void check_config(const char *name,
                         const struct xen_domctl_createdomain *config)
{
    domid_t domid;
    long rc = create(DOMID_INVALID, config, &domid);

    CHECK(name, rc == -XEN_EINVAL || rc == -XEN_EOPNOTSUPP);
    if (rc == 0)
        destroy(domid);
}

static void test_bad_configs(void)
{
    struct xen_domctl_createdomain good, bad;

    domain_config(&good);
    bad = good;
    bad.flags = 1U << 31;
    check_config("unknown_flag", &bad);
    bad = good;
    bad.flags = XEN_DOMCTL_CDF_hap;
    check_config("hap_without_hvm", &bad);
    bad = good;
    bad.max_vcpus = 0;
    check_config("no_vcpus", &bad);
    bad.max_vcpus = 100000;
    check_config("too_many_vcpus", &bad);
    bad.max_vcpus = ~0U;
    check_config("huge_number_of_vcpus", &bad);
    bad = good;
    bad.iommu_opts = 1;
    check_config("iommu_options_without_iommu", &bad);
    bad = good;
    bad.arch.emulation_flags = XEN_X86_EMU_LAPIC;
    check_config("emulated_devices", &bad);
    bad = good;
    bad.arch.misc_flags = 1U << 31;
    check_config("unknown_flag_of_the_architecture", &bad);
    bad = good;
    bad.grant_opts = XEN_DOMCTL_GRANT_version(0);
    check_config("no_grant_version", &bad);
    bad.grant_opts = XEN_DOMCTL_GRANT_version(3);
    check_config("unknown_grant_version", &bad);
    bad.grant_opts = 1U << 31 | XEN_DOMCTL_GRANT_version(2);
    check_config("unknown_grant_option", &bad);
}

static void test_create(void)
{
    struct xen_domctl_getdomaininfo info;
    struct xen_domctl_createdomain config;
    domid_t chosen, first, second;

    domain_config(&config);
    config.max_vcpus = 2;
    config.handle[0] = 0xab;
    config.handle[15] = 0xcd;
    CHECK_EQ("create_with_a_chosen_id", create(CHOSEN_ID, &config, &chosen), 0);
    CHECK_EQ("chosen_id_is_given", chosen, CHOSEN_ID);
    CHECK_EQ("id_in_use", create(CHOSEN_ID, &config, &first), -XEN_EEXIST);
    CHECK_EQ("id_of_dom0_means_any", create(0, &config, &first), 0);
    CHECK("any_id_is_not_0", first != 0 && first < DOMID_FIRST_RESERVED);
    CHECK_EQ("id_0xffff_means_any", create(0xffff, &config, &second), 0);
    CHECK("ids_differ", first != second && second != CHOSEN_ID && second);

    REQUIRE("info", domain_info(chosen, &info));
    CHECK_EQ("new_domain_is_paused", info.flags & 0xffff, XEN_DOMINF_paused);
    CHECK_EQ("new_domain_has_no_pages", info.tot_pages, 0);
    CHECK_EQ("new_domain_has_no_vcpus", info.nr_online_vcpus, 0);
    CHECK_EQ("handle_first_byte", info.handle[0], 0xab);
    CHECK_EQ("handle_last_byte", info.handle[15], 0xcd);
    destroy(chosen);
    destroy(first);
    destroy(second);
    CHECK_EQ("a_free_id_can_be_chosen_again",
             create(CHOSEN_ID, &config, &chosen), 0);
    destroy(chosen);
}

static void test_next_higher(void)
{
    struct xen_domctl op = {.cmd = 0};
    struct xen_domctl_createdomain config;
    domid_t domid;

    domain_config(&config);
    create(CHOSEN_ID, &config, &domid);
    CHECK_EQ("info_of_a_gap", domctl(XEN_DOMCTL_getdomaininfo, 50, &op), 0);
    CHECK_EQ("info_of_a_gap_is_of_the_next", op.domain, CHOSEN_ID);
    CHECK_EQ("info_names_the_next", op.u.getdomaininfo.domain, CHOSEN_ID);
    CHECK_EQ("info_behind_the_last",
             domctl(XEN_DOMCTL_getdomaininfo, CHOSEN_ID + 1, &op), -XEN_ESRCH);
    destroy(domid);
}

static long max_vcpus(domid_t domid, uint32_t max)
{
    struct xen_domctl op = {.u.max_vcpus.max = max};

    return domctl(XEN_DOMCTL_max_vcpus, domid, &op);
}

static void test_max_vcpus(void)
{
    struct xen_domctl_getdomaininfo info;
    struct xen_domctl_createdomain config;
    domid_t domid;

    domain_config(&config);
    config.max_vcpus = 3;
    create(DOMID_INVALID, &config, &domid);
    CHECK_EQ("max_vcpus_of_0", max_vcpus(domid, 0), -XEN_EINVAL);
    CHECK_EQ("max_vcpus_below_the_limit", max_vcpus(domid, 2), -XEN_EINVAL);
    CHECK_EQ("max_vcpus_above_the_limit", max_vcpus(domid, 4), -XEN_EINVAL);
    CHECK_EQ("max_vcpus_huge", max_vcpus(domid, ~0U), -XEN_EINVAL);
    CHECK_EQ("max_vcpus_of_itself", max_vcpus(0, 1), -XEN_EINVAL);
    CHECK_EQ("max_vcpus", max_vcpus(domid, 3), 0);
    CHECK_EQ("max_vcpus_twice", max_vcpus(domid, 3), 0);
    domain_info(domid, &info);
    CHECK_EQ("vcpus_are_there", info.max_vcpu_id, 2);
    CHECK_EQ("vcpus_are_not_online", info.nr_online_vcpus, 0);
    CHECK_EQ("unpause_without_a_context",
             domctl_plain(XEN_DOMCTL_unpausedomain, domid), 0);
    destroy(domid);
}

static void test_bad_calls(void)
{
    static const uint32_t cmds[] = {
        XEN_DOMCTL_destroydomain,    XEN_DOMCTL_pausedomain,
        XEN_DOMCTL_unpausedomain,    XEN_DOMCTL_resumedomain,
        XEN_DOMCTL_max_mem,          XEN_DOMCTL_setvcpucontext,
        XEN_DOMCTL_getvcpucontext,   XEN_DOMCTL_max_vcpus,
        XEN_DOMCTL_set_address_size, XEN_DOMCTL_getpageframeinfo3,
        XEN_DOMCTL_setdomainhandle,
    };
    struct xen_domctl op = {.cmd = XEN_DOMCTL_pausedomain,
                            .interface_version =
                                XEN_DOMCTL_INTERFACE_VERSION + 1};

    for (unsigned int i = 0; i < ARRAY_SIZE(cmds); i++)
        CHECK_EQ("operation_on_nobody", domctl_plain(cmds[i], NO_DOMAIN),
                 -XEN_ESRCH);
    CHECK_EQ("operation_on_an_impossible_id",
             domctl_plain(XEN_DOMCTL_pausedomain, DOMID_XEN), -XEN_ESRCH);
    CHECK_EQ("unknown_operation", domctl_plain(9999, 0), -XEN_ENOSYS);
    CHECK_EQ("another_version", hypercall(__HYPERVISOR_domctl, &op),
             -XEN_EACCES);
    CHECK_EQ("argument_from_nowhere", hypercall(__HYPERVISOR_domctl, 0x10),
             -XEN_EFAULT);
    CHECK_EQ("argument_in_the_hypervisor",
             hypercall(__HYPERVISOR_domctl, HYPERVISOR_VIRT_START),
             -XEN_EFAULT);
    CHECK_EQ("destroy_itself", domctl_plain(XEN_DOMCTL_destroydomain, 0),
             -XEN_EINVAL);
    CHECK_EQ("pause_itself", domctl_plain(XEN_DOMCTL_pausedomain, 0),
             -XEN_EINVAL);
    CHECK_EQ("resume_itself", domctl_plain(XEN_DOMCTL_resumedomain, 0),
             -XEN_EINVAL);
}

/* ---- running ----------------------------------------------------------- */

static void count_up(void)
{
    while (!mailbox->word[REASON])
        mailbox->word[COUNTER]++;
}

static bool counts(void)
{
    uint64_t before = guest.mailbox->word[COUNTER];

    sleep_ms(30);
    return guest.mailbox->word[COUNTER] != before;
}

static uint32_t is_paused(void)
{
    return domain_flags(guest.id) & XEN_DOMINF_paused;
}

static void test_pause(void)
{
    uint64_t seen;

    CHECK_EQ("unpause_of_what_is_not_paused",
             domctl_plain(XEN_DOMCTL_unpausedomain, guest.id), -XEN_EINVAL);
    guest.mailbox->word[REASON] = 0;
    domain_start(&guest, count_up);
    CHECK("guest_runs", counts());
    CHECK_EQ("pause", domctl_plain(XEN_DOMCTL_pausedomain, guest.id), 0);
    seen = guest.mailbox->word[COUNTER];
    CHECK("paused", is_paused());
    CHECK("paused_guest_does_not_run", !counts());
    CHECK_EQ("nothing_ran_after_pause_returned", guest.mailbox->word[COUNTER],
             seen);
    CHECK_EQ("pause_again", domctl_plain(XEN_DOMCTL_pausedomain, guest.id), 0);
    CHECK_EQ("unpause_once", domctl_plain(XEN_DOMCTL_unpausedomain, guest.id),
             0);
    CHECK("paused_twice_unpaused_once_does_not_run", !counts());
    CHECK("still_paused", is_paused());
    CHECK_EQ("unpause_twice", domctl_plain(XEN_DOMCTL_unpausedomain, guest.id),
             0);
    CHECK("unpaused_guest_runs", counts());
    CHECK("not_paused", !is_paused());
    guest.mailbox->word[REASON] = 1;
    domain_finish(&guest);
}

static void do_shutdown(void)
{
    struct sched_shutdown op = {.reason = (uint32_t)mailbox->word[REASON]};
    long rc = hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &op, 0);

    mailbox->word[RESUMED] = (uint64_t)rc + 100;
}

static uint32_t shutdown_code(uint32_t flags)
{
    return flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
}

/* A guest shuts down; the control domain is told, and resumes it. */
static void test_shutdown_codes(void)
{
    CHECK_EQ("resume_of_what_runs",
             domctl_plain(XEN_DOMCTL_resumedomain, guest.id), 0);
    for (uint32_t reason = 0; reason <= SHUTDOWN_watchdog; reason++) {
        event_clear();
        guest.mailbox->word[REASON] = reason;
        guest.mailbox->word[RESUMED] = 0;
        domain_start(&guest, do_shutdown);
        CHECK("guest_shuts_down",
              domain_wait_flags(guest.id, XEN_DOMINF_shutdown,
                                XEN_DOMINF_shutdown));
        CHECK_EQ("shutdown_code", shutdown_code(domain_flags(guest.id)),
                 reason);
        CHECK("virq_dom_exc_on_shutdown", event_wait(dom_exc, 1000));
        CHECK_EQ("nothing_runs_after_a_shutdown", guest.mailbox->word[RESUMED],
                 0);
        CHECK_EQ("resume", domctl_plain(XEN_DOMCTL_resumedomain, guest.id), 0);
        domain_finish(&guest);
        CHECK_EQ("shutdown_returns_0_after_resume",
                 guest.mailbox->word[RESUMED], 100);
        CHECK_EQ("no_longer_shut_down",
                 domain_flags(guest.id) & XEN_DOMINF_shutdown, 0);
    }
}

static void test_remote_shutdown(void)
{
    struct sched_remote_shutdown op = {.domain_id = guest.id,
                                       .reason = SHUTDOWN_reboot};
    struct sched_remote_shutdown nobody = {.domain_id = NO_DOMAIN};

    event_clear();
    CHECK_EQ("remote_shutdown",
             hypercall(__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &op), 0);
    CHECK_EQ("remote_shutdown_has_its_code",
             shutdown_code(domain_flags(guest.id)), SHUTDOWN_reboot);
    CHECK("virq_dom_exc_on_remote_shutdown", event_wait(dom_exc, 1000));
    CHECK_EQ("resume_from_it", domctl_plain(XEN_DOMCTL_resumedomain, guest.id),
             0);
    CHECK_EQ("remote_shutdown_of_nobody",
             hypercall(__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &nobody),
             -XEN_ESRCH);
}

/* ---- what a guest may not do ------------------------------------------- */

static void be_refused(void)
{
    static const uint32_t cmds[] = {
        XEN_DOMCTL_createdomain,     XEN_DOMCTL_destroydomain,
        XEN_DOMCTL_pausedomain,      XEN_DOMCTL_unpausedomain,
        XEN_DOMCTL_getdomaininfo,    XEN_DOMCTL_max_mem,
        XEN_DOMCTL_setvcpucontext,   XEN_DOMCTL_getvcpucontext,
        XEN_DOMCTL_max_vcpus,        XEN_DOMCTL_resumedomain,
        XEN_DOMCTL_setvcpuaffinity,  XEN_DOMCTL_scheduler_op,
        XEN_DOMCTL_set_address_size, XEN_DOMCTL_getpageframeinfo3,
    };
    struct sched_remote_shutdown remote = {.domain_id = 0};
    struct xen_sysctl info = {.cmd = 0};
    struct xen_platform_op platform = {
        .cmd = XENPF_settime64, .interface_version = XENPF_INTERFACE_VERSION};

    for (unsigned int i = 0; i < ARRAY_SIZE(cmds); i++) {
        CHECK_EQ("guest_has_no_domctl_on_dom0", domctl_plain(cmds[i], 0),
                 -XEN_EPERM);
        CHECK_EQ("guest_has_no_domctl_on_itself",
                 domctl_plain(cmds[i], mailbox->domid), -XEN_EPERM);
    }
    CHECK("guest_has_no_domctl_on_nobody",
          domctl_plain(XEN_DOMCTL_pausedomain, NO_DOMAIN) < 0);
    CHECK_EQ("guest_has_no_sysctl", sysctl(XEN_SYSCTL_physinfo, &info),
             -XEN_EPERM);
    CHECK_EQ("guest_has_no_debug_keys", sysctl(XEN_SYSCTL_debug_keys, &info),
             -XEN_EPERM);
    CHECK_EQ("guest_has_no_platform_op",
             hypercall(__HYPERVISOR_platform_op, &platform), -XEN_EPERM);
    CHECK_EQ("guest_has_no_remote_shutdown",
             hypercall(__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &remote),
             -XEN_EPERM);
}

/* ---- crashes ----------------------------------------------------------- */

/* A fault that nobody handles. */
static void crash_by_fault(void)
{
    hypercall(__HYPERVISOR_set_trap_table, NULL);
    *(volatile uint64_t *)0x123000 = 1;
}

/* The frame of an iret cannot be read. */
static void crash_by_iret(void)
{
    __asm__ volatile("movl $0x123000, %%esp\n"
                     "movl %0, %%eax\n"
                     "syscall\n"
                     :
                     : "i"(__HYPERVISOR_iret)
                     : "memory");
}

/* An iret to user mode, which has no tables. */
static void crash_by_user_mode(void)
{
    static const struct iret_context frame = {
        .rip = 0x1000, .cs = FLAT_USER_CS | 3, .ss = FLAT_USER_SS | 3};

    __asm__ volatile("movq %0, %%rsp\n"
                     "movl %1, %%eax\n"
                     "syscall\n"
                     :
                     : "r"(&frame), "i"(__HYPERVISOR_iret)
                     : "memory");
}

/* It stays until it is destroyed, so that it can be looked at. */
static void look_at_the_dead(void)
{
    static struct vcpu_guest_context context;
    struct start_info *si;
    uint64_t rip;

    CHECK_EQ("context_of_a_crashed_vcpu",
             domain_get_context(guest.id, 0, &context), 0);
    rip = context.user_regs.rip;
    CHECK("crashed_vcpu_was_in_its_kernel", rip >= VIRT_BASE);
    CHECK_EQ("crashed_vcpu_has_its_table", context.ctrlreg[3] >> PAGE_SHIFT,
             guest.l4);
    si = map_foreign(guest.id,
                     guest.mfn[(guest.start_info_va - VIRT_BASE) >> PAGE_SHIFT],
                     PTE_PAGE_RO);
    REQUIRE("memory_of_a_crashed_domain", si);
    CHECK_EQ("memory_of_a_crashed_domain_is_there", si->nr_pages,
             guest.nr_pfns);
    page_free(si);
}

static void test_crash(const char *name, void (*crash)(void))
{
    domain_build(&guest, NULL);
    event_clear();
    domain_start(&guest, crash);
    CHECK(name, domain_wait_flags(guest.id, XEN_DOMINF_shutdown,
                                  XEN_DOMINF_shutdown));
    CHECK_EQ("crash_has_its_code", shutdown_code(domain_flags(guest.id)),
             SHUTDOWN_crash);
    CHECK("virq_dom_exc_on_crash", event_wait(dom_exc, 1000));
    look_at_the_dead();
    event_clear();
    domain_destroy(&guest);
    CHECK("virq_dom_exc_on_destroy", event_wait(dom_exc, 1000));
}

/* What a destroyed domain still allows while something holds it. */
static void test_dying(void)
{
    struct xen_domctl_createdomain config;
    uint64_t *page;
    domid_t domid;

    domain_build(&guest, NULL);
    page = map_foreign(guest.id, guest.mfn[guest.nr_pfns - 1], PTE_PAGE_RO);
    REQUIRE("map_a_page", page);
    domain_unmap(&guest);
    CHECK_EQ("destroy", domctl_plain(XEN_DOMCTL_destroydomain, guest.id), 0);
    CHECK_EQ("domain_is_dying", domain_flags(guest.id) & XEN_DOMINF_dying,
             XEN_DOMINF_dying);
    CHECK_EQ("destroy_of_what_is_dying",
             domctl_plain(XEN_DOMCTL_destroydomain, guest.id), 0);
    domain_config(&config);
    CHECK_EQ("id_of_a_dying_domain_is_in_use",
             create(guest.id, &config, &domid), -XEN_EEXIST);
    page_free(page);
    CHECK("it_goes_with_the_last_mapping", domain_wait_flags(guest.id, ~0U, 0));
}

static void bind_dom_exc(void)
{
    struct evtchn_bind_virq op = {.virq = VIRQ_DOM_EXC, .vcpu = 0};

    REQUIRE("bind_virq_dom_exc", evtchn_op(EVTCHNOP_bind_virq, &op) == 0);
    dom_exc = op.port;
    event_unmask(dom_exc);
    event_enable();
}

void test_main(void)
{
    struct host_count before;

    bind_dom_exc();
    host_warm_up();
    host_count(&before);

    test_bad_configs();
    test_create();
    test_next_higher();
    test_max_vcpus();
    test_bad_calls();
    host_check("domains_without_vcpus_leave_nothing", &before);

    domain_build(&guest, NULL);
    test_pause();
    test_shutdown_codes();
    test_remote_shutdown();
    domain_run(&guest, be_refused);
    domain_destroy(&guest);
    test_crash("a_fault_without_a_handler_crashes", crash_by_fault);
    test_crash("an_iret_without_a_frame_crashes", crash_by_iret);
    test_crash("user_mode_without_tables_crashes", crash_by_user_mode);
    test_dying();
    host_check("all_comes_back", &before);
}
