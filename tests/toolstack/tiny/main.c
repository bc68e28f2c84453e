/* SPDX-License-Identifier: MIT */
/*
 * A guest of a few KiB with one vcpu, for tests that need many guests or a
 * certain behaviour: the command line's first word says which. It writes
 * TINY-UP to its console first.
 *
 *   idle      nothing, for ever (what it does without a word)
 *   tick      write `TICK n` ten times a second
 *   count     write `COUNT n` some hundred times a second
 *   flood     write without end
 *   spin      compute
 *   work      the same again and again, and write how long it took: `WORK us`
 *   calls     hypercalls without end
 *   events    events to itself without end
 *   tables    changes of page tables without end
 *   fault     a trap with no handler's stack
 *   crash, poweroff, reboot   shut down with that reason, the last after 3 s
 *   suspend   suspend when it is asked to by the store, and write whether it
 * was restored or goes on: TINY-RESTORED, TINY-CANCELLED watchdog  ask for a
 * watchdog, and neglect it
 */
#include "guest.h"
#include "public/io/console.h"
#include "tiny.h"

static struct xencons_interface *ring;

static void console_write(const char *text)
{
    struct evtchn_send send = {.port = start_info->console.domU.evtchn};

    while (*text) {
        uint32_t prod = ring->out_prod;

        while (prod - READ_ONCE(ring->out_cons) == sizeof(ring->out))
            sleep_ms(1);
        ring->out[prod % sizeof(ring->out)] = *text++;
        barrier();
        WRITE_ONCE(ring->out_prod, prod + 1);
    }
    hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
}

/* To the right in a field of spaces, not zeros: BusyBox's awk takes 010 for 8.
 */
static void put_number(char *field, unsigned int width, uint64_t number)
{
    char *at = field + width;

    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number && at > field);
}

static void write_tick(unsigned int number)
{
    char line[] = "TICK     \n";

    put_number(line + 5, 4, number);
    console_write(line);
}

static bool word_is(const char *word)
{
    const int8_t *at = start_info->cmd_line;

    while (*word && *at == *word) {
        at++;
        word++;
    }
    return !*word && (!*at || *at == ' ');
}

static void run_idle(void)
{
    struct sched_poll poll = {.timeout = 0};

    hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
}

static void run_tick(void)
{
    for (unsigned int i = 0;; i++) {
        write_tick(i);
        sleep_ms(100);
    }
}

static void run_count(void)
{
    for (unsigned int i = 1;; i++) {
        char line[] = "COUNT        \n";

        put_number(line + 6, 7, i);
        console_write(line);
        if (i % 8 == 0)
            sleep_ms(10);
    }
}

static void run_flood(void)
{
    console_write("FLOOD FLOOD FLOOD FLOOD FLOOD FLOOD FLOOD FLOOD FLOOD\n");
}

static void run_spin(void)
{
    barrier();
}

static void run_calls(void)
{
    hypercall(__HYPERVISOR_xen_version, XENVER_version, NULL);
}

/* Eight million instructions, and hypercalls in between. */
static void run_work(void)
{
    char line[] = "WORK        \n";
    uint64_t start = time_ns();

    for (unsigned int i = 0; i < 2000; i++) {
        for (unsigned int j = 0; j < 2000; j++)
            barrier();
        run_calls();
    }
    put_number(line + 5, 7, (time_ns() - start) / 1000);
    console_write(line);
    sleep_ms(50);
}

/* Two ports of this domain, bound to each other. */
static void run_events(void)
{
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF,
                                         .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};
    struct evtchn_send send;

    hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &alloc);
    bind.remote_port = alloc.port;
    hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &bind);
    send.port = bind.local_port;
    event_unmask(alloc.port);
    event_enable();
    for (;;)
        hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
}

static void run_tables(void)
{
    static struct mmu_update batch[512];
    void *page = page_alloc();
    uint64_t pte = pte_maddr((uint64_t)page, 1);

    for (unsigned int i = 0; i < ARRAY_SIZE(batch); i++) {
        batch[i].ptr = pte;
        batch[i].val =
            make_pte(va_to_mfn(page), i & 1 ? PTE_PAGE_RW : PTE_PAGE_RO);
    }
    for (;;)
        hypercall(__HYPERVISOR_mmu_update, batch, ARRAY_SIZE(batch), NULL,
                  DOMID_SELF);
}

static void shutdown(unsigned int reason)
{
    struct sched_shutdown op = {.reason = reason};

    hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &op);
}

static void run_crash(void)
{
    shutdown(SHUTDOWN_crash);
}

static void run_poweroff(void)
{
    shutdown(SHUTDOWN_poweroff);
}

static void run_reboot(void)
{
    sleep_ms(3000);
    shutdown(SHUTDOWN_reboot);
}

/* No frame can be put on this stack. */
static void run_fault(void)
{
    __asm__ volatile("xorl %%esp, %%esp\n\tud2" ::: "memory");
}

static void run_watchdog(void)
{
    struct sched_watchdog op = {.timeout = 2};

    hypercall(__HYPERVISOR_sched_op, SCHEDOP_watchdog, &op);
    for (;;)
        barrier();
}

/* Where the console is, in a new home, too. */
static void ring_find(void)
{
    ring = mfn_to_va(start_info->console.domU.mfn);
}

static void run_suspend(void)
{
    bool restored;

    if (!suspend_asked()) {
        sleep_ms(20);
        return;
    }
    restored = suspend();
    ring_find();
    console_write(restored ? "TINY-RESTORED\n" : "TINY-CANCELLED\n");
}

static const struct behaviour {
    const char *word;
    void (*run)(void); /* again and again */
} behaviours[] = {
    {"tick", run_tick},       {"spin", run_spin},
    {"count", run_count},     {"flood", run_flood},
    {"calls", run_calls},     {"events", run_events},
    {"tables", run_tables},   {"fault", run_fault},
    {"crash", run_crash},     {"poweroff", run_poweroff},
    {"reboot", run_reboot},   {"watchdog", run_watchdog},
    {"suspend", run_suspend}, {"work", run_work},
};

void test_main(void)
{
    void (*run)(void) = run_idle;

    ring_find();
    console_write("TINY-UP\n");
    for (unsigned int i = 0; i < ARRAY_SIZE(behaviours); i++)
        if (word_is(behaviours[i].word))
            run = behaviours[i].run;
    for (;;)
        run();
}
