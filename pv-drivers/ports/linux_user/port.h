/* SPDX-License-Identifier: MIT */
/*
 * The port for back-ends that are processes of a Linux domain: pv/os.h over
 * /dev/xen/evtchn, /dev/xen/gntdev and libxenstore, and the loop that calls
 * events, watches and timers one after the other.
 */
#ifndef LINUX_USER_PORT_H
#define LINUX_USER_PORT_H

#include "pv/os.h"

/** Begin with a loop that has no devices yet. Returns 0; -errno. */
int port_loop_open(void);

/**
 * Open the devices and connect to the store, while there is the right to.
 *
 * Returns 0; -errno, with a line in the log.
 */
int port_open(void);

/** Send the log to syslog, too. */
void port_log_to_syslog(const char *name);

struct port_poller {
    int fd;
    void (*ready)(void *arg);
    void *arg;
    bool writable; /* the loop's own */
};

/** Call ready() when the descriptor is readable. Returns 0; -errno. */
int port_poll(struct port_poller *poller);
void port_unpoll(struct port_poller *poller);

/** Call ready() also when it is writable, or no more. */
void port_poll_writable(struct port_poller *poller, bool wanted);

/**
 * Memory for as long as the process lives, copied from and to grants at less
 * cost: its pages are granted to this domain itself, and so the kernel does not
 * look them up for each copy. Where the kernel can't do that, any memory. Once,
 * while there is the right to open the device.
 *
 * @nr  2 to 1024
 *
 * Returns pages side by side, zeroed; NULL: there are none.
 */
void *port_copy_pages(unsigned int nr);

/* ---- For a daemon that sleeps in a way of its own, as in io_uring ------ */

/**
 * Wait by this function in place of the loop's own way, until something has
 * come or a time has (by os_now_ns(); TIMERS_NONE: never), and then run the
 * timers: who knows that it has not come need not ask for the time. Returns 0;
 * -errno.
 */
void port_wait_by(int (*wait)(uint64_t until_ns));

/** Readable when one of the loop's descriptors is: then call port_ready(). */
int port_loop_fd(void);
void port_ready(void);

/**
 * The descriptor of event channels, not among the loop's own any more: numbers
 * of ports are read from it. Those are given to port_events(), and then written
 * to it, to let their next event come.
 */
int port_events_fd(void);
void port_events(const uint32_t ports[], unsigned int nr);

/* ----------------------------------------------------------------------- */

/** Wait once, and call all that is due. Returns 0; -errno. */
int port_run(void);

#endif
