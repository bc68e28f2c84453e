/* SPDX-License-Identifier: MIT */
/* Giving the CPU away, and ending a domain. */
#ifndef XEN_PUBLIC_SCHED_H
#define XEN_PUBLIC_SCHED_H

#include "public/event_channel.h"

#define SCHEDOP_yield           0 /* no argument */
#define SCHEDOP_block           1 /* no argument; takes events again */
#define SCHEDOP_shutdown        2 /* struct sched_shutdown */
#define SCHEDOP_poll            3 /* struct sched_poll */
#define SCHEDOP_remote_shutdown 4 /* struct sched_remote_shutdown */
#define SCHEDOP_shutdown_code   5 /* struct sched_shutdown: name it only */
#define SCHEDOP_watchdog        6 /* struct sched_watchdog */
#define SCHEDOP_pin_override    7 /* struct sched_pin_override */

/* Reasons. A suspend gives the frame of start_info in the third argument. */
#define SHUTDOWN_poweroff   0
#define SHUTDOWN_reboot     1
#define SHUTDOWN_suspend    2
#define SHUTDOWN_crash      3
#define SHUTDOWN_watchdog   4
#define SHUTDOWN_soft_reset 5
#define SHUTDOWN_MAX        5

struct sched_shutdown {
    uint32_t reason; /* SHUTDOWN_* */
};

/* Wait until one of the ports is pending, masked or not. */
struct sched_poll {
    xen_guest_ptr_t ports; /* evtchn_port_t[] */
    uint32_t nr_ports;
    uint64_t timeout; /* system time; 0: none */
};

struct sched_remote_shutdown {
    domid_t domain_id;
    uint32_t reason; /* SHUTDOWN_* */
};

struct sched_watchdog {
    uint32_t id;      /* 0: a new one, its id is returned */
    uint32_t timeout; /* seconds; 0: stop it */
};

struct sched_pin_override {
    int32_t pcpu; /* negative: no longer */
};

#endif
