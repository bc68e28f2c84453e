/* SPDX-License-Identifier: MIT */
/* The mailbox, inside of a guest: functions to run, and what checks say. */
#include "domain.h"
#include "internal.h"

struct mailbox *mailbox;

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
