/* SPDX-License-Identifier: MIT */
/* What the tests of event channels share: domains, and calls that they make. */
#ifndef EVTCHN_SETUP_H
#define EVTCHN_SETUP_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "public/event_channel.h"
#include "xen/errno.h"
#include "xen/evtchn.h"
#include "fake/fake.h"

/* The hardware domain with 2 vcpus, and two others with 3 and 1. */
extern struct domain *d0, *d1, *d2;

int evtchn_set_up_once(void **state);
int evtchn_set_up(void **state);
/* Audits, closes, and looks for what was not given back. */
int evtchn_tear_down(void **state);

#define EVTCHN_TEST(name)                                                      \
    cmocka_unit_test_setup_teardown(name, evtchn_set_up, evtchn_tear_down)

/* The next calls are made by this vcpu. */
void run_as(struct domain *d, unsigned int vcpu_id);

/* The hypercall, with `arg` copied to guest memory and back. */
long evtchn_call(unsigned int cmd, void *arg, size_t size);
#define CALL(cmd, arg) evtchn_call((cmd), (arg), sizeof(*(arg)))

/* Each returns the new port or an error. */
long alloc_unbound(domid_t dom, domid_t remote);
long bind_interdomain(domid_t remote, evtchn_port_t remote_port);
long bind_virq(unsigned int virq, unsigned int vcpu);
long bind_ipi(unsigned int vcpu);
long bind_pirq(unsigned int pirq);

long close_port(evtchn_port_t port);
long send_port(evtchn_port_t port);
long unmask_port(evtchn_port_t port);
long bind_vcpu(evtchn_port_t port, unsigned int vcpu);
long reset_domain(domid_t dom);
/* Of a port of the caller; all ones on error. */
struct evtchn_status port_status(evtchn_port_t port);

/* A connection: a port of `a`, and the one of `b` that it leads to. */
void connect_domains(struct domain *a, struct domain *b, evtchn_port_t *pa,
                     evtchn_port_t *pb);

bool is_pending_2l(const struct domain *d, evtchn_port_t port);
bool is_selected_2l(const struct vcpu *v, evtchn_port_t port);
/* As if nothing had happened to it. */
void forget_upcall(struct vcpu *v);

/* PIRQs: hardware domain only, this many. */
#define NR_PIRQS 4
extern unsigned int pirq_ports[NR_PIRQS];
extern int pirq_bind_result;
extern unsigned int nr_pirq_unbinds, nr_pirq_unmasks;
extern const struct vcpu *pirq_vcpu; /* last affinity */
extern void (*debug_key_e)(void);
extern unsigned int nr_frames_seen; /* by the audit, with a type */

#endif
