/* SPDX-License-Identifier: MIT */
/* What a toolstack gives to a domain besides memory and vcpus: rights to the
 * machine, virtual interrupts of the host, NMIs, a hypercall page; and what it
 * is told of features that are not there. */
#include "domain.h"

#define NO_DOMAIN    77
#define SERIAL_PORT  0x3f8 /* the hypervisor's console */
#define FREE_PORT    0xb8
#define ALL_ONES     ~0UL
#define SLOT         32
#define WALL_SECONDS 1000000

static struct domain guest;
static struct xen_domctl op;

static long ports(uint32_t first, uint32_t nr, bool allow)
{
    op.u.ioport_permission =
        (struct xen_domctl_ioport_permission){first, nr, allow};
    return domctl(XEN_DOMCTL_ioport_permission, guest.id, &op);
}

static long memory(uint64_t first, uint64_t nr, bool allow)
{
    op.u.iomem_permission =
        (struct xen_domctl_iomem_permission){first, nr, allow};
    return domctl(XEN_DOMCTL_iomem_permission, guest.id, &op);
}

static long map_memory(uint64_t first, uint64_t nr)
{
    op.u.memory_mapping =
        (struct xen_domctl_memory_mapping){first, first, nr, 1, 0};
    return domctl(XEN_DOMCTL_memory_mapping, guest.id, &op);
}

static void test_permissions(void)
{
    CHECK_EQ("ports", ports(FREE_PORT, 8, true), 0);
    CHECK_EQ("ports_taken_back", ports(FREE_PORT, 8, false), 0);
    CHECK_EQ("last_port", ports(0xffff, 1, true), 0);
    CHECK_EQ("port_past_the_last", ports(0x10000, 1, true), -XEN_EINVAL);
    CHECK_EQ("ports_past_the_last", ports(0xffff, 2, true), -XEN_EINVAL);
    CHECK_EQ("no_ports", ports(FREE_PORT, 0, true), -XEN_EINVAL);
    CHECK_EQ("ports_that_wrap", ports(5, ~0U, true), -XEN_EINVAL);
    CHECK_EQ("ports_that_are_not_dom0s", ports(SERIAL_PORT, 8, true),
             -XEN_EPERM);
    CHECK_EQ("memory", memory(0xfed00, 1, true), 0);
    CHECK_EQ("memory_taken_back", memory(0xfed00, 1, false), 0);
    CHECK_EQ("no_memory", memory(0x10000, 0, true), -XEN_EINVAL);
    CHECK_EQ("memory_that_wraps", memory(5, ALL_ONES, true), -XEN_EINVAL);
    CHECK_EQ("memory_past_the_last", memory(1UL << 52, 1, true), -XEN_EPERM);
    CHECK_EQ("map_memory", map_memory(0xb8, 1), 0);
    CHECK_EQ("map_no_memory", map_memory(0xb8, 0), -XEN_EINVAL);
    CHECK_EQ("map_memory_that_wraps", map_memory(5, ALL_ONES), -XEN_EINVAL);
    CHECK_EQ("map_memory_past_the_last", map_memory(1UL << 52, 1), -XEN_EINVAL);
    op.u.irq_permission =
        (struct xen_domctl_irq_permission){.pirq = 0xffff, .allow_access = 1};
    CHECK_EQ("line_past_the_last",
             domctl(XEN_DOMCTL_irq_permission, guest.id, &op), -XEN_EINVAL);
    op.u.irq_permission.pirq = 0;
    CHECK_EQ("line_that_is_not_dom0s",
             domctl(XEN_DOMCTL_irq_permission, guest.id, &op), -XEN_EPERM);
}

static void test_absent(void)
{
    static const struct {
        const char *name;
        unsigned int cmd;
        long rc;
    } rows[] = {
        {"hvm_context", XEN_DOMCTL_gethvmcontext, -XEN_EINVAL},
        {"set_hvm_context", XEN_DOMCTL_sethvmcontext, -XEN_EINVAL},
        {"assign_device", XEN_DOMCTL_assign_device, -XEN_EOPNOTSUPP},
        {"bind_irq", XEN_DOMCTL_bind_pt_irq, -XEN_EINVAL},
        {"ioport_mapping", XEN_DOMCTL_ioport_mapping, -XEN_EOPNOTSUPP},
        {"test_assign_device", XEN_DOMCTL_test_assign_device, -XEN_EOPNOTSUPP},
        {"deassign_device", XEN_DOMCTL_deassign_device, -XEN_EOPNOTSUPP},
        {"unbind_irq", XEN_DOMCTL_unbind_pt_irq, -XEN_EINVAL},
        {"device_group", XEN_DOMCTL_get_device_group, -XEN_EOPNOTSUPP},
        {"psr_monitoring", XEN_DOMCTL_psr_cmt_op, -XEN_ENODEV},
        {"psr_allocation", XEN_DOMCTL_psr_alloc, -XEN_ENODEV},
        {"monitor", XEN_DOMCTL_monitor_op, -XEN_EOPNOTSUPP},
        {"soft_reset", XEN_DOMCTL_soft_reset, -XEN_EINVAL},
        {"paging_pool", XEN_DOMCTL_get_paging_mempool_size, -XEN_EOPNOTSUPP},
        {"set_paging_pool", XEN_DOMCTL_set_paging_mempool_size,
         -XEN_EOPNOTSUPP},
        {"uart", XEN_DOMCTL_vuart_op, -XEN_ENOSYS},
        {"unknown_operation", 99, -XEN_ENOSYS},
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
        CHECK_EQ(rows[i].name, domctl_plain(rows[i].cmd, guest.id), rows[i].rc);
    CHECK_EQ("unknown_operation_on_no_domain", domctl_plain(99, NO_DOMAIN),
             -XEN_ESRCH);
    CHECK_EQ("debugging_off", domctl_plain(XEN_DOMCTL_setdebugging, guest.id),
             0);
    CHECK_EQ("own_debugging", domctl_plain(XEN_DOMCTL_setdebugging, 0),
             -XEN_EINVAL);
}

static long trigger(uint32_t what, uint32_t vcpu)
{
    op.u.sendtrigger = (struct xen_domctl_sendtrigger){what, vcpu};
    return domctl(XEN_DOMCTL_sendtrigger, guest.id, &op);
}

static void test_triggers(void)
{
    CHECK_EQ("power_button", trigger(XEN_DOMCTL_SENDTRIGGER_POWER, 0),
             -XEN_EINVAL);
    CHECK_EQ("sleep_button", trigger(XEN_DOMCTL_SENDTRIGGER_SLEEP, 0),
             -XEN_EINVAL);
    CHECK_EQ("reset_trigger", trigger(XEN_DOMCTL_SENDTRIGGER_RESET, 0),
             -XEN_ENOSYS);
    CHECK_EQ("unknown_trigger", trigger(99, 0), -XEN_ENOSYS);
    CHECK_EQ("nmi_of_no_vcpu", trigger(XEN_DOMCTL_SENDTRIGGER_NMI, 9),
             -XEN_ESRCH);
}

static long set_handler(domid_t domid, uint32_t virq)
{
    op.u.set_virq_handler.virq = virq;
    return domctl(XEN_DOMCTL_set_virq_handler, domid, &op);
}

static void test_bad_handlers(void)
{
    CHECK_EQ("handler_of_the_timer", set_handler(guest.id, VIRQ_TIMER),
             -XEN_EINVAL);
    CHECK_EQ("handler_of_virq_24", set_handler(guest.id, 24), -XEN_EINVAL);
    CHECK_EQ("handler_in_no_domain", set_handler(NO_DOMAIN, VIRQ_DOM_EXC),
             -XEN_ESRCH);
}

/* ---- in the guest ---------------------------------------------------------
 */

/* A page of its own for hypercalls; word 0: its frame. */
static uint8_t code[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static void bind_virq(void)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_DOM_EXC, .vcpu = 0};

    CHECK_EQ("guest_binds_a_virq_of_the_host",
             evtchn_op(EVTCHNOP_bind_virq, &bind), 0);
    event_unmask(bind.port);
    mailbox->word[0] = bind.port;
    memset(code, 0, sizeof(code));
    mailbox->word[1] = va_to_mfn(code);
    mailbox->word[2] =
        (uint64_t)shared_info->wc_sec_hi << 32 | shared_info->wc_sec;
}

static bool nmi_seen(struct regs *regs)
{
    if (regs->vector != TRAP_NMI)
        return false;
    mailbox->word[0]++;
    return true;
}

/* Wait for the NMI. */
static void wait_nmi(void)
{
    mailbox->word[0] = 0;
    trap_set_hook(nmi_seen);
    mailbox->word[1] = 1;
    for (unsigned int i = 0; i < 1000 && mailbox->word[0] == 0; i++)
        sleep_ms(5);
    trap_set_hook(NULL);
}

static void use_hypercall_page(void)
{
    uint64_t rax = 0;

    CHECK_EQ("slot_17_begins_with_pushes", code[17 * SLOT], 0x51);
    CHECK_EQ("slot_17_has_its_number", code[17 * SLOT + 4], 17);
    CHECK_EQ("iret_is_jumped_to", code[23 * SLOT + 3], 0x50);
    CHECK_EQ("last_slot_has_its_number", code[127 * SLOT + 4], 127);
    CHECK_EQ("behind_a_call_is_int3", code[17 * SLOT + 14], 0xcc);
    __asm__ volatile("call *%2"
                     : "=a"(rax)
                     : "D"(XENVER_version), "r"(code + 17 * SLOT), "S"(0)
                     : "rdx", "r8", "r9", "r10", "memory");
    CHECK_EQ("call_through_the_page", rax, 4 << 16 | 17);
    mailbox->word[0] = event_pending(mailbox->word[5]);
    mailbox->word[1] =
        (uint64_t)shared_info->wc_sec_hi << 32 | shared_info->wc_sec;
}

static long hypercall_page(domid_t domid, uint64_t mfn)
{
    op.u.hypercall_init.gmfn = mfn;
    return domctl(XEN_DOMCTL_hypercall_init, domid, &op);
}

/* A domain that ends: VIRQ_DOM_EXC. */
static void make_an_exit(void)
{
    static struct domain short_lived;

    REQUIRE("create_another", domain_create(&short_lived, NULL) == 0);
    domain_destroy(&short_lived);
}

static void test_running(void)
{
    uint64_t port, mfn, seconds;

    domain_build(&guest, NULL);
    domain_run(&guest, bind_virq);
    port = guest.mailbox->word[0];
    mfn = guest.mailbox->word[1];
    seconds = guest.mailbox->word[2];

    CHECK_EQ("guest_handles_ends_of_domains",
             set_handler(guest.id, VIRQ_DOM_EXC), 0);
    make_an_exit();
    CHECK_EQ("dom0_handles_them_again", set_handler(0, VIRQ_DOM_EXC), 0);

    CHECK_EQ("hypercall_page", hypercall_page(guest.id, mfn), 0);
    CHECK_EQ("hypercall_page_in_a_table", hypercall_page(guest.id, guest.l1),
             -XEN_EPERM);
    CHECK_EQ("hypercall_page_of_another_domain",
             hypercall_page(guest.id, va_to_mfn(code)), -XEN_EINVAL);
    CHECK_EQ("hypercall_page_past_memory", hypercall_page(guest.id, 1UL << 40),
             -XEN_EINVAL);
    op.u.settimeoffset.time_offset_seconds = WALL_SECONDS;
    CHECK_EQ("time_offset", domctl(XEN_DOMCTL_settimeoffset, guest.id, &op), 0);

    guest.mailbox->word[5] = port;
    domain_run(&guest, use_hypercall_page);
    CHECK_EQ("guest_was_told_of_an_end", guest.mailbox->word[0], 1);
    CHECK("wall_clock_follows_the_offset",
          guest.mailbox->word[1] - seconds >= WALL_SECONDS &&
              guest.mailbox->word[1] - seconds < WALL_SECONDS + 1000);

    domain_start(&guest, wait_nmi);
    while (guest.mailbox->word[1] != 1)
        sleep_ms(1);
    CHECK_EQ("nmi", trigger(XEN_DOMCTL_SENDTRIGGER_NMI, 0), 0);
    domain_finish(&guest);
    CHECK_EQ("guest_gets_one_nmi", guest.mailbox->word[0], 1);
    CHECK_EQ("guest_handles_them_to_its_end",
             set_handler(guest.id, VIRQ_DOM_EXC), 0);
    domain_destroy(&guest);
}

void test_main(void)
{
    REQUIRE("create", domain_create(&guest, NULL) == 0);
    test_permissions();
    test_absent();
    test_triggers();
    test_bad_handlers();
    domain_destroy(&guest);
    test_running();
}
