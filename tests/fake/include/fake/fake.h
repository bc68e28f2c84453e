/* SPDX-License-Identifier: MIT */
/*
 * What unit tests do to the machine under the code they test. Each group is a
 * file in tests/fake/, which is linked only where no real source defines the
 * same functions.
 */
#ifndef FAKE_FAKE_H
#define FAKE_FAKE_H

#include <setjmp.h>

#include "xen/cpumask.h"
#include "xen/domain.h"
#include "xen/percpu.h"
#include "xen/vcpu.h"

/* RAM: ram.c. Frames 0 .. FAKE_NR_FRAMES-1 exist, all zero at start. */
#define FAKE_NR_FRAMES 16384
/* The last ones are for the fakes themselves: never give them away. */
#define FAKE_FRAMES_RESERVED 1024
#define FAKE_RAM_END                                                           \
    ((paddr_t)(FAKE_NR_FRAMES - FAKE_FRAMES_RESERVED) << PAGE_SHIFT)

/** All RAM, the frame table and the M2P as they were at start. */
void fake_ram_reset(void);
/** A zeroed, page-aligned frame with a valid direct-map address. */
void *fake_frame_alloc(void);
/** Give all of them back; fake_domains_free() does so. */
void fake_frames_free(void);

/* CPUs: cpu.c. */

/** Run as this CPU from now on, 0 .. FAKE_NR_CPUS-1. */
void fake_set_cpu(unsigned int cpu);
/** The vcpu that runs on this CPU. */
void fake_set_current(struct vcpu *v);

/* Domains: domain.c. */

/** A domain with nr_vcpus vcpus, found by domain_get(); freed by
 * fake_domains_free(). Its subsystem pointers (evtchn, gnttab, ..) are NULL,
 * max_pages is without limit. */
struct domain *fake_domain(domid_t domid, unsigned int nr_vcpus);
void fake_domains_free(void);
/** Free one of them. */
void fake_domain_free(struct domain *d);
/** How often domain_crash() was called for it. */
unsigned int fake_domain_crashes(const struct domain *d);

/* Guest memory: guest_access.c. A guest virtual address is a host pointer. */

/** Zeroed memory that the guest has; freed by fake_guest_free(). */
void *fake_guest_alloc(size_t size);
/** Let the guest have [p, p + size) too. */
void fake_guest_add(const void *p, size_t size);
void fake_guest_free(void);

/* Heap: heap.c. */

/** The n-th allocation from now fails, once; 0: none. */
void fake_heap_fail(unsigned int n);
/** Allocations not freed yet. */
unsigned int fake_heap_in_use(void);

/* Hypercalls: hypercall.c, softirq.c. */

/** Arguments of the last hypercall_continue(). */
extern unsigned long fake_continue_args[5];
/** Should long calls stop? Each of them must get on all the same. */
void fake_set_preempt(bool wanted);

/* Preemption at one point: preempt.c. */

/** The n-th look at pending work from now finds some, once; 0: none does. */
void fake_preempt_at(unsigned int n);
extern unsigned int fake_nr_preempt_checks; /* looks so far */

/* Time: time.c and timer.c. */
extern s_time_t fake_now;
/* Argument of the last reprogram_timer() on each CPU. */
extern s_time_t fake_programmed[FAKE_NR_CPUS];
/** Let time go on to `until`, firing what is due in order of deadline. */
void fake_run_timers(s_time_t until);

/* Other CPUs and TLBs: smp.c. */
extern struct cpumask fake_event_checks; /* CPUs that were interrupted */
extern unsigned int fake_nr_flushes;     /* calls of flush_cpus() */
extern struct cpumask fake_last_flush;   /* mask of the last one */
extern u32 fake_tlb_clock;
extern unsigned int fake_roots_forgotten; /* calls of xpti_forget_roots() */
/* What another CPU does when this one waits for it; NULL: nothing. */
extern void (*fake_while_waiting)(void);
/** This CPU has just flushed all of its TLB. */
void fake_cpu_flushed(unsigned int cpu);

/* Events: evtchn.c. */
#define FAKE_MAX_SENT 64
struct fake_sent {
    const struct domain *d;
    const struct vcpu *v; /* NULL: not a vcpu's */
    int virq;             /* -1: not a virq */
    unsigned int port;    /* 0: a virq */
};
extern struct fake_sent fake_sent[FAKE_MAX_SENT];
extern unsigned int fake_nr_sent;

/* Scheduling: vcpu.c. Calls so far. */
extern unsigned int fake_nr_wakes, fake_nr_sleeps, fake_nr_kicks;

/* Messages: printk.c. All since fake_log_clear(), without level marks. */
const char *fake_log(void);
void fake_log_clear(void);

/* Ends: bug.c. */
extern jmp_buf fake_bug_jmp;
extern bool fake_bug_armed;

/* The statement must reach bug() or panic(). Needs cmocka.h before. */
#define expect_bug(statement)                                                  \
    do {                                                                       \
        fake_bug_armed = true;                                                 \
        if (setjmp(fake_bug_jmp) == 0) {                                       \
            statement;                                                         \
            fake_bug_armed = false;                                            \
            fail_msg("did not reach bug(): %s", #statement);                   \
        }                                                                      \
    } while (0)

#endif
