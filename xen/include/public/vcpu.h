/* SPDX-License-Identifier: MIT */
/* Virtual CPUs: start, stop, time accounting, timers. */
#ifndef XEN_PUBLIC_VCPU_H
#define XEN_PUBLIC_VCPU_H

#include "public/xen.h"

#define VCPUOP_initialise                     0 /* struct vcpu_guest_context */
#define VCPUOP_up                             1
#define VCPUOP_down                           2
#define VCPUOP_is_up                          3
#define VCPUOP_get_runstate_info              4
#define VCPUOP_register_runstate_memory_area  5
#define VCPUOP_set_periodic_timer             6
#define VCPUOP_stop_periodic_timer            7
#define VCPUOP_set_singleshot_timer           8
#define VCPUOP_stop_singleshot_timer          9
#define VCPUOP_register_vcpu_info             10
#define VCPUOP_send_nmi                       11
#define VCPUOP_get_physid                     12
#define VCPUOP_register_vcpu_time_memory_area 13

/* vcpu_runstate_info.state. */
#define RUNSTATE_running  0 /* on a CPU */
#define RUNSTATE_runnable 1 /* waits for one */
#define RUNSTATE_blocked  2 /* waits for an event */
#define RUNSTATE_offline  3 /* paused or down */

/* In state_entry_time: the hypervisor is writing; with the VM assist. */
#define XEN_RUNSTATE_UPDATE (1ULL << 63)

/* vcpu_set_singleshot_timer.flags: -ETIME for a moment that is past. */
#define VCPU_SSHOTTMR_future (1U << 0)

struct vcpu_runstate_info {
    int32_t state;             /* RUNSTATE_* */
    uint64_t state_entry_time; /* system time */
    uint64_t time[4];          /* ns spent in each state */
};

/* The hypervisor keeps a struct vcpu_runstate_info up to date there. */
struct vcpu_register_runstate_memory_area {
    union {
        xen_guest_ptr_t h;
        xen_guest_ptr_t v;
        uint64_t p;
    } addr;
};

/* The same for a struct vcpu_time_info. */
struct vcpu_register_time_memory_area {
    union {
        xen_guest_ptr_t h;
        xen_guest_ptr_t v;
        uint64_t p;
    } addr;
};

struct vcpu_set_periodic_timer {
    uint64_t period_ns;
};

struct vcpu_set_singleshot_timer {
    uint64_t timeout_abs_ns; /* system time */
    uint32_t flags;          /* VCPU_SSHOTTMR_future */
};

/* Moves the vcpu's struct vcpu_info out of shared_info; once. */
struct vcpu_register_vcpu_info {
    uint64_t mfn;
    uint32_t offset; /* bytes */
    uint32_t rsvd;
};

struct vcpu_get_physid {
    uint64_t phys_id; /* out: APIC id, ACPI id << 32 */
};

#endif
