/* SPDX-License-Identifier: MIT */
/* The mailbox: functions to run in a guest, and what its checks say. */
#include "domain.h"
#include "internal.h"

#define FINISH_MS 20000

struct mailbox *mailbox;

/* ---- guest side ------------------------------------------------------- */

void guest_main(void)
{
    void (*function)(void);

    for (;;) {
        function = READ_ONCE(mailbox->function);
        if (!function) {
            sleep_ms(1);
            continue;
        }
        function();
        barrier();
        WRITE_ONCE(mailbox->function, NULL);
    }
}

static void put_byte(char c)
{
    while (mailbox->written - mailbox->read == MAILBOX_LOG)
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
    mailbox->log[mailbox->written % MAILBOX_LOG] = c;
    barrier();
    mailbox->written++;
}

void mailbox_write(const char *text, size_t size)
{
    while (__atomic_exchange_n(&mailbox->lock, 1, __ATOMIC_ACQUIRE))
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
    for (size_t i = 0; i < size; i++)
        put_byte(text[i]);
    __atomic_store_n(&mailbox->lock, 0, __ATOMIC_RELEASE);
}

/* ---- control side ----------------------------------------------------- */

/* Print a whole line of the log, if there is one; it may be a check. */
static bool take_line(struct mailbox *box)
{
    uint32_t size = box->written - box->read, at = 0;
    char line[256];

    while (at < size && at < sizeof(line) - 1) {
        line[at] = box->log[(box->read + at) % MAILBOX_LOG];
        if (line[at++] == '\n')
            break;
    }
    if (at == 0 || (line[at - 1] != '\n' && at < sizeof(line) - 1))
        return false;
    line[at] = '\0';
    box->read += at;
    printf("%s", line);
    check_count_line(line);
    return true;
}

void domain_drain(struct domain *d)
{
    for (unsigned int i = 0; i < MAILBOX_LOG && take_line(d->mailbox);)
        i++;
}

void domain_start(struct domain *d, void (*function)(void))
{
    REQUIRE("the_domain_is_idle", !READ_ONCE(d->mailbox->function));
    barrier();
    WRITE_ONCE(d->mailbox->function, function);
}

void domain_finish(struct domain *d)
{
    uint64_t end = time_ns() + FINISH_MS * MS;
    bool alive = true;

    while (READ_ONCE(d->mailbox->function) && alive && time_ns() < end) {
        domain_drain(d);
        sleep_ms(1);
        alive =
            !(domain_flags(d->id) & (XEN_DOMINF_shutdown | XEN_DOMINF_dying));
    }
    domain_drain(d);
    REQUIRE("the_function_in_the_domain_returns",
            !READ_ONCE(d->mailbox->function));
}

void domain_run(struct domain *d, void (*function)(void))
{
    domain_start(d, function);
    domain_finish(d);
}
