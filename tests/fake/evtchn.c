/* SPDX-License-Identifier: MIT */
/* Events that code outside of event channels sends are written down. */
#include "xen/evtchn.h"

#include "xen/sched.h"
#include "fake/fake.h"

struct fake_sent fake_sent[FAKE_MAX_SENT];
unsigned int fake_nr_sent;

static void note(const struct domain *d, const struct vcpu *v, int virq,
                 unsigned int port)
{
    if (fake_nr_sent < FAKE_MAX_SENT)
        fake_sent[fake_nr_sent++] = (struct fake_sent){d, v, virq, port};
}

long evtchn_send(struct domain *d, evtchn_port_t lport)
{
    note(d, NULL, -1, lport);
    return 0;
}

void send_guest_vcpu_virq(struct vcpu *v, unsigned int virq)
{
    note(v->domain, v, virq, 0);
}

void send_guest_global_virq(struct domain *d, unsigned int virq)
{
    note(d, NULL, virq, 0);
}

void send_global_virq(unsigned int virq)
{
    note(NULL, NULL, virq, 0);
}

int evtchn_set_virq_handler(struct domain *d, unsigned int virq)
{
    note(d, NULL, virq, 0);
    return 0;
}
