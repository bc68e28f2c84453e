/* SPDX-License-Identifier: MIT */
/*
 * A port of the PV drivers in which both ends live in one process, for tests.
 *
 * Each piece of memory, port, watch and timer belongs to the domain that made
 * it; fake_enter() says which one runs. Nothing happens by itself: fake_step()
 * picks one of all the things that are due, by chance or in order, and calls
 * it. So events come late, in any order, twice, or (if told so) never.
 */
#ifndef FAKE_PORT_H
#define FAKE_PORT_H

#include "pv/os.h"

#define FAKE_BACK  0 /* domain ids */
#define FAKE_FRONT 5

/* What may happen to events: chances in 1/256. */
struct fake_chances {
    uint8_t lost;
    uint8_t doubled;
    uint8_t disk_error;
};

/** Forget all; with what is left of memory it must be none: see fake_end(). */
void fake_begin(uint32_t seed);

/** Give all back. Returns false, and says what, if a domain has left some. */
bool fake_end(void);

void fake_set_chances(struct fake_chances chances);

/** A number by chance, below limit. */
uint32_t fake_random(uint32_t limit);

/** Code of this domain runs from here. Returns the one before. */
domid_t fake_enter(domid_t domid);
domid_t fake_current(void);

/** Do one thing that is due. False: there is none, not even a timer. */
bool fake_step(void);

/** Do all that is due, without waiting for timers. */
void fake_settle(void);

/** Do things until condition() holds; false after very many steps. */
bool fake_run_until(bool (*condition)(void *arg), void *arg);

/** The clock; timers that are due then are called by steps. */
void fake_advance(uint64_t ns);

/** A domain's process ends: all it had is gone, and none of its code runs. */
void fake_kill(domid_t domid);

/**
 * Kill a domain's process at its nr-th call of the port from now on, in the
 * middle of what it does; 0: not any more. See fake_was_killed().
 */
void fake_kill_after(domid_t domid, unsigned int nr_calls);
bool fake_was_killed(void);

/** Let the nr-th allocation or grant from now on fail; 0: none. */
void fake_fail_after(unsigned int nr);
bool fake_has_failed(void);

/** A front-end's event functions may not call the store: that ends the test. */
void fake_forbid_store_in_events(void);

/** The last line of the log, and how many there were. */
const char *fake_last_log(void);
unsigned int fake_nr_logs(void);

/* ---- The store, from the outside -------------------------------------- */

/** Read: "" if the node is not there. Write NULL: remove. */
const char *fake_store_get(const char *path);
void fake_store_set(const char *path, const char *value);
void fake_store_set_number(const char *path, uint64_t value);

/** The next nr ends of transactions are -EAGAIN. */
void fake_store_interfere(unsigned int nr);

/* ---- The other side, by hand ------------------------------------------ */

/** Memory behind a grant of a domain; NULL if there is no such grant. */
void *fake_grant_memory(domid_t of, grant_ref_t ref);

/** The ports that a domain has allocated and the other end is yet to bind. */
void fake_event_inject(domid_t to, evtchn_port_t port);

/** Grants that a domain has given and not taken back. */
unsigned int fake_nr_grants(domid_t of);

/** Something that is due, once; a disk's work. */
void fake_work(domid_t domid, void (*fn)(void *arg), void *arg);

#endif
