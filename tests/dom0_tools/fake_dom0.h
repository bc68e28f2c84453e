/* SPDX-License-Identifier: MIT */
/*
 * What is under the control domain's tools in unit tests: a hypervisor
 * (fake_hypervisor.c, in place of dom0-tools/lib/privcmd.c) and a store
 * (xenstore.c, in place of libxenstore). Both keep their state in variables of
 * the test program, which fake_dom0_reset() puts back to the start: a host of
 * two CPUs and one domain, Domain-0.
 */
#ifndef FAKE_DOM0_H
#define FAKE_DOM0_H

#include <stdbool.h>
#include <stdint.h>

#include "public/domctl.h"
#include "public/xen.h"

/* Memory of the host, in frames, and room of its lists. */
#define FAKE_NR_FRAMES  32768
#define FAKE_MAX_DOMAIN 16
#define FAKE_MAX_VCPUS  8

struct fake_vcpu {
    bool exists;
    bool online;
    uint8_t hard, soft; /* maps of CPUs */
    struct vcpu_guest_context context;
};

struct fake_domain {
    bool exists;
    unsigned int paused;
    struct xen_domctl_getdomaininfo info;
    struct xen_domctl_sched_credit2 sched;
    struct fake_vcpu vcpu[FAKE_MAX_VCPUS];
    unsigned int nr_ports;
    uint64_t pinned;    /* mfn of its L4 table, 0: none */
    uint64_t claimed;   /* pages */
    uint64_t map_bytes; /* size of the RAM in its memory map */
    uint64_t shared_info_mfn;
    uint64_t grant_mfn;
    int64_t time_offset;
    uint32_t tsc_mode;
};

extern struct fake_domain fake_domain[FAKE_MAX_DOMAIN];

/* Pools of CPUs; all CPUs are in the first one. */
#define FAKE_MAX_POOLS 4
struct fake_pool {
    bool exists;
    uint8_t cpus;
};
extern struct fake_pool fake_pool[FAKE_MAX_POOLS];

/* Of the scheduler. */
extern uint32_t fake_ratelimit_us;

/* The machine's log, and the debug keys that were pressed. */
extern char fake_console[4096];
extern char fake_keys[32];

/** Everything as at start. */
void fake_dom0_reset(void);

/** A domain with vcpus and a name in the store. */
struct fake_domain *fake_domain_make(domid_t domid, const char *name,
                                     unsigned int nr_vcpus, unsigned int mib);

/** Memory of a frame. */
void *fake_frame(uint64_t mfn);
/** Owner of a frame, DOMID_INVALID where it is free. */
domid_t fake_frame_owner(uint64_t mfn);
/** Frames of the host that are free. */
uint64_t fake_free_frames(void);

/** No hypervisor: opening fails with this errno; 0: there is one. */
void fake_privcmd_fail(int error);

/** The n-th hypercall or mapping from now, 1 or more, fails with -error. */
void fake_call_fail(unsigned int n, int error);
/** Hypercalls and mappings since the reset. */
unsigned int fake_calls(void);

/** Mappings of frames that there are, and the end of all but the first nr. */
unsigned int fake_mappings(void);
void fake_unmap(unsigned int nr);

/** Opening the store fails with this errno; 0: it answers. */
void fake_store_fail(int error);
/** The n-th request from now fails with this errno. */
void fake_store_request_fail(unsigned int n, int error);
/** Requests since the reset. */
unsigned int fake_store_requests(void);

/*
 * What tools have made of the host. Its loop devices are /dev/null, its nbd
 * devices /dev/zero, so that each has a number.
 */
struct fake_host {
    unsigned int loops, nbds; /* in use */
    char nbd_format[16];      /* of the last one */
    bool no_nbds;             /* the host has none of these devices */
    char nbd_server[48];      /* by a socket: its name, format */
    unsigned int nbd_looks;   /* after servers; after three there is none */
    char bridge[16];          /* its only bridge, `br0`; empty: none */
    char port[32];            /* the last interface that was set up */
    char route[64];           /* the last one: interface, address, gateway */
    uint64_t limit;           /* of what goes to a guest, bytes a second */
    /* Of the network for guests without a bridge: */
    bool nat_bridge, nat_rules, nat_server, forward;
    unsigned int nat_ports;
    /* Scripts that were run, `name action interface;` each, and the status
     * that the next ones end with. */
    char scripts[1024];
    int script_status;
    /* The daemon that runs, or NULL. It runs until it is waited for: then it
     * has ended. */
    const char *service;
    unsigned int service_starts;
    void (*service_ended)(const char *name);
};
extern struct fake_host fake_host;

/** The n-th change of the host from now, 1 or more, fails. */
void fake_host_fail(unsigned int n);
/** Changes of the host since the reset. */
unsigned int fake_host_steps(void);
/** The host as it is in the beginning. */
void fake_host_reset(void);

/* Log of the last background process, which runs only where it is told to:
 * then at once, in this process. */
extern char fake_log[128];
extern bool fake_background;

/** Set a node, as somebody else would. */
void fake_store_set(const char *path, const char *value);
/** Value of a node, NULL where there is none. */
const char *fake_store_get(const char *path);
/** All nodes at or below a path: how many. */
unsigned int fake_store_count(const char *path);
/** Permissions of a node as text, as `n0,r1`. */
const char *fake_store_perms(const char *path);
/** Call back after each write, as a daemon or guest that watches would be. */
void fake_store_watcher(void (*fn)(const char *path, const char *value));

#endif
