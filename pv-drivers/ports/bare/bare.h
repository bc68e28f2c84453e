/* SPDX-License-Identifier: MIT */
/*
 * The port to no kernel at all: one vcpu, one stack, no interrupts. Events are
 * seen in the bitmap of shared_info; SCHEDOP_poll waits for them. The boot
 * library is that of the test guests.
 */
#ifndef PV_BARE_H
#define PV_BARE_H

#include "pv/os.h"

/** Before all else. */
void bare_open(void);

/** A port that the domain was started with; fn is called as for others. */
void bare_event_use(evtchn_port_t port, os_event_fn *fn, void *arg);

/** Wait until something has happened, and call what it is for. */
void bare_run(void);

/** Wait until the port has had an event, and call nothing. */
void bare_wait(evtchn_port_t port);

/** Pages that are free. */
unsigned int bare_free_pages(void);

/** The end, for a reason of SCHEDOP_shutdown. */
void bare_end(unsigned int reason) __attribute__((noreturn));

/* ---- net.c ------------------------------------------------------------ */

/** Serve the first interface that the store lists. */
void net_open(void);

/** Show it; where the text is an address, it has that from now on. */
void net_show(const char *text);

/* ---- shell.c ---------------------------------------------------------- */

/** Say hello. */
void shell_open(void);

/** A character was typed. Not while the shell is busy. */
void shell_type(char c);

/** A command is not done yet. */
bool shell_is_busy(void);

#endif
