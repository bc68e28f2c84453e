/* SPDX-License-Identifier: MIT */
/*
 * All that a port supplies. The drivers call nothing else: no libc, no OS.
 *
 * Context: a driver runs in one context at a time. The port calls event, watch
 * and timer functions one after the other, never from inside one of the
 * functions below, and lets nobody call into a driver meanwhile. With threads
 * that is one lock, or one thread; a loop over "what has happened" does as
 * well. So drivers have no locks.
 *
 * A block or network front-end's event functions, blkfront_submit(),
 * netfront_send() and netfront_poll() call no more than memory, grants,
 * os_event_send(), timers and the log: a kernel may call them where it can't
 * sleep, if its functions for these don't.
 *
 * Errors are negative XEN_E* of public/errno.h.
 */
#ifndef PV_OS_H
#define PV_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "public/errno.h"
#include "public/event_channel.h"
#include "public/grant_table.h"

#include "pv/string.h"

#define OS_PAGE_SIZE     4096U

#define OS_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* ---- Memory ----------------------------------------------------------- */

/** Zeroed memory, aligned to 16; NULL if there is none. */
void *os_alloc(size_t size);

/** Give it back; NULL is fine. The size is that of os_alloc(). */
void os_free(void *memory, size_t size);

/**
 * Zeroed pages, one behind the other, that may be granted; NULL if there are
 * none. In machine memory they may lie anywhere.
 */
void *os_pages_alloc(unsigned int nr);

/** Give them back; NULL is fine. No grant of them is in use. */
void os_pages_free(void *pages, unsigned int nr);

/**
 * Balloon only. Let go of at most nr pages that nobody uses: out of the tables,
 * then back to the hypervisor (XENMEM_decrease_reservation).
 *
 * Returns how many.
 */
unsigned int os_balloon_give(unsigned int nr);

/**
 * Balloon only. Have at most nr of those again (XENMEM_populate_physmap).
 *
 * Returns how many; fewer if the hypervisor has none to give just now.
 */
unsigned int os_balloon_take(unsigned int nr);

/* ---- Grants ----------------------------------------------------------- */

/* A part of a granted page to copy. */
struct os_copy {
    grant_ref_t ref;
    uint16_t offset; /* offset + size <= OS_PAGE_SIZE */
    uint16_t size;
    bool to_grant; /* else from it */
    void *local;   /* does not cross a page's end */
};

/**
 * Let domain `to` map or copy one page.
 *
 * Returns 0; -ENOSPC if the table is full.
 */
int os_grant(domid_t to, void *page, bool readonly, grant_ref_t *ref_out);

/**
 * Take the right back; the reference may then be handed out again.
 *
 * Returns 0; -EBUSY while the other domain uses the page: try later.
 */
int os_grant_end(grant_ref_t ref);

/**
 * Back-ends only. Map nr pages of a domain, one behind the other.
 *
 * Returns 0, or an error, after which nothing is mapped.
 */
int os_grants_map(domid_t of, const grant_ref_t refs[], unsigned int nr,
                  bool readonly, void **pages_out);

/** Undo one os_grants_map() as a whole. */
void os_grants_unmap(void *pages, unsigned int nr);

/**
 * Back-ends only. Make copies from and to pages of a domain.
 *
 * Returns 0; -EIO if one or more of them failed.
 */
int os_grants_copy(domid_t of, const struct os_copy copies[], unsigned int nr);

/* ---- Events ----------------------------------------------------------- */

typedef void os_event_fn(void *arg);

/**
 * A port that domain `remote` may bind to. Once its event has been seen, fn is
 * called; events that come before fn begins are one.
 */
int os_event_alloc(domid_t remote, os_event_fn *fn, void *arg,
                   evtchn_port_t *port_out);

/** Back-ends only. A port bound to a port that `remote` has allocated for us.
 */
int os_event_bind(domid_t remote, evtchn_port_t remote_port, os_event_fn *fn,
                  void *arg, evtchn_port_t *port_out);

/** Close it. fn is not called any more, even if an event is pending. */
void os_event_close(evtchn_port_t port);

/** Send an event to the other end; what was stored before is visible there. */
void os_event_send(evtchn_port_t port);

/* ---- The store -------------------------------------------------------- */

/*
 * A port without a client of its own links core/store_ring.c, which needs the
 * domain's page and port: see pv/store_ring.h.
 */

/* No transaction. */
#define OS_STORE_NONE 0

/**
 * A node's value as a string; zero bytes in it end it.
 *
 * Returns 0; -ENOENT; -E2BIG if it has size bytes or more; other errors of the
 *         store.
 */
int os_store_read(uint32_t transaction, const char *path, char *value,
                  size_t size);

/** Write a node; make it where it is missing. */
int os_store_write(uint32_t transaction, const char *path, const char *value);

/** Remove a node and all below it. Returns 0; -ENOENT. */
int os_store_remove(uint32_t transaction, const char *path);

/**
 * Names of a node's children, each with its NUL, one behind the other.
 *
 * Returns their number; -ENOENT; -E2BIG if they do not fit.
 */
int os_store_list(const char *path, char *names, size_t size);

/** Begin a transaction. */
int os_store_begin(uint32_t *transaction_out);

/**
 * End it.
 *
 * Returns 0; -EAGAIN: nothing was changed, begin again.
 */
int os_store_end(uint32_t transaction, bool abort);

struct os_watch {
    const char *path; /* stays where it is while the watch is set */
    void (*fn)(void *arg, const char *path);
    void *arg;
    void *port; /* the port's own */
};

/** Call fn when the node or one below it has changed, and once at the start. */
int os_store_watch(struct os_watch *watch);

/** Stop that, also for changes that have happened already. */
void os_store_unwatch(struct os_watch *watch);

/* ---- Time and messages ------------------------------------------------ */

/** Nanoseconds since some moment; never goes back. */
uint64_t os_now_ns(void);

struct os_timer {
    void (*fn)(void *arg);
    void *arg;
    uint64_t deadline_ns;  /* set by the port */
    struct os_timer *next; /* the port's own */
    bool set;              /* the port's own */
};

/** Call fn once, not before deadline_ns; a set timer is moved. */
void os_timer_set(struct os_timer *timer, uint64_t deadline_ns);

/** Not set: nothing happens. */
void os_timer_cancel(struct os_timer *timer);

/** One line for the log, in printf()'s manner: %s %d %u %lu. */
void os_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
