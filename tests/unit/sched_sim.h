/* SPDX-License-Identifier: MIT */
/*
 * A simulated machine for tests of the scheduler: CPUs that switch between
 * vcpus, vcpus that compute and sleep, and time that passes.
 */
#ifndef TESTS_SCHED_SIM_H
#define TESTS_SCHED_SIM_H

#include "xen/sched.h"
#include "fake/fake.h"

/** Once for all tests. */
void sim_init(void);
/** A machine with nr idle CPUs and no domains. */
void sim_start(unsigned int nr);
/** Remove all domains. */
void sim_end(void);

/** A domain with `nr` vcpus that do not run yet. */
struct domain *sim_domain(unsigned int nr, u16 weight, u16 cap);
/**
 * Let v compute for `burst` ns, sleep for `pause` ns, and so on; a burst of
 * STIME_MAX never ends. It becomes runnable now.
 */
void sim_run(struct vcpu *v, s_time_t burst, s_time_t pause);
/** v has CPU time to use for one burst of this length; it wakes up now. */
void sim_wake(struct vcpu *v);

/** Let this much time pass. */
void sim_pass(s_time_t ns);
/** Let the CPUs do what is pending, in no time. */
void sim_settle(void);
/** Let the CPU that v runs on be the one that makes the next calls. */
void sim_enter(const struct vcpu *v);

/** CPU time that v has had. */
s_time_t sim_ran(const struct vcpu *v);
/** Longest time between waking up and running since sim_run(). */
s_time_t sim_latency(const struct vcpu *v);
/** The vcpu that CPU `cpu` runs; its idle vcpu if none. */
struct vcpu *sim_current(unsigned int cpu);
/** Does cpu run no guest? */
bool sim_idle(unsigned int cpu);
/** If set: called on each switch before the state of `prev` is saved. */
extern void (*sim_while_saving)(struct vcpu *prev);
/** Number of switches to another vcpu so far. */
extern unsigned long sim_switches;
/** Reason of the last domain_shutdown(); -1: none. */
extern int sim_shutdown_reason;
/** Event channels 0..63 that evtchn_port_poll() finds pending. */
extern u64 sim_pending_ports;

#endif
