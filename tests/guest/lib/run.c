/* SPDX-License-Identifier: MIT */
/* The mailbox of a guest, from outside: give it functions, print its log. */
#include "domain.h"
#include "internal.h"

#define FINISH_MS 20000

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
