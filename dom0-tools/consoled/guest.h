/* SPDX-License-Identifier: MIT */
/*
 * One console of a guest: what it writes goes from its ring to its history, and
 * from there to the log and to all that view it; what they type goes to the
 * ring.
 *
 *   ring ──▶ history ──▶ log file
 *    ▲          ├──────▶ viewer: the pty, whose path the store has
 *    │          └──────▶ viewers: clients at the daemon's socket, or at its own
 *    └────── input ◀──── all viewers
 *
 * The history holds what a viewer has not yet taken; one that is too slow for
 * it misses the oldest part, and nobody else waits.
 *
 * Console 0 has its ring as long as the guest lives; further ones (channel.h)
 * get theirs from the guest's driver, and keep what is typed until then.
 */
#ifndef CONSOLED_GUEST_H
#define CONSOLED_GUEST_H

#include "consoled/budget.h"
#include "consoled/consoled.h"
#include "consoled/poller.h"
#include "consoled/ring.h"

struct viewer {
    struct poller poller;
    struct guest *guest;
    struct viewer *next;
    uint64_t pos;    /* in the history: what it gets next */
    uint32_t events; /* that the poller looks for; 0: it does not look */
    /* The other end is gone. */
    void (*hung_up)(struct viewer *v);
};

/* A socket that one client at a time may connect to. */
struct channel_socket {
    struct poller listener; /* its fd is -1 where there is none */
    struct guest *guest;
    struct viewer *client;
};

struct guest {
    struct consoled *d;
    domid_t domid;
    unsigned int number; /* of the console, from 0 */
    uint32_t remote_port;
    uint32_t ref;    /* the grant of the page */
    uint64_t frame;  /* the page, for where it has not granted it; 0: none */
    uint32_t port;   /* of the control domain; 0: it has no ring */
    bool is_gone;    /* the domain is no more */
    bool is_foreign; /* the page is mapped by its frame, not by a grant */
    bool is_over;    /* it has shut down: no more output will come */
    bool is_broken;  /* it was said that it can't be served */
    bool is_new;     /* nobody has served it before */
    bool is_changed; /* a further console's nodes are to be looked at */
    bool is_held;    /* output waits until somebody sees what is there */
    bool is_throttled;
    struct guest *next_throttled;
    struct guest *next;
    struct ring ring;
    struct history history;
    struct log_file log;
    struct budget budget;
    struct viewer pty;            /* poller.fd is -1 where there is none */
    int watch;                    /* inotify's, for the pty */
    struct channel_socket socket; /* in place of the pty */
    struct viewer *clients;
};

/* A console that is served; NULL where it is not. */
struct guest *guest_find(const struct consoled *d, unsigned int domid,
                         unsigned int number);

/**
 * Begin with a console that has no ring yet.
 *
 * @owner       whose, and which one
 * @has_socket  it is served at a socket, not at a terminal
 *
 * Returns 0; -errno.
 */
int guest_make(struct consoled *d, const struct history_owner *owner,
               bool has_socket, struct guest **g_out);

/**
 * Give it its ring.
 *
 * @remote_port  the guest's end of the event channel
 * @ref          grant of the page
 * @goes_on      a predecessor has taken of it already
 *
 * Returns 0; -errno.
 */
int guest_connect(struct guest *g, uint32_t remote_port, uint32_t ref,
                  bool goes_on);

/* Take the last of what the ring has, and give it up. */
void guest_disconnect(struct guest *g);

/**
 * Begin to serve a guest's console 0.
 *
 * @owner        who it is
 * @remote_port  its end of the event channel
 * @frame        of the page, for where it has not granted it
 *
 * Returns 0; -errno.
 */
int guest_begin(struct consoled *d, const struct history_owner *owner,
                uint32_t remote_port, uint64_t frame, struct guest **g_out);

/* An event has come; its port is masked. */
void guest_event(struct guest *g);

/* Look again at those whose budget was used up. */
void guests_unthrottle(struct consoled *d);

/* It has shut down: take what is left, let its clients go once they have all.
 * @reason  SHUTDOWN_* or HISTORY_DESTROYED
 */
void guest_over(struct guest *g, int reason);

/* It is gone. It is freed once its clients are gone, too. */
void guest_end(struct guest *g, int reason);

/* Open its log anew. */
void guest_reopen_log(struct guest *g);

/* A client views it from now on. */
void guest_view(struct guest *g, struct viewer *v, uint64_t pos);

/* The client is no more. It frees the guest where it was the last thing. */
void guest_unview(struct viewer *v);

/* A descriptor of a viewer is ready. */
void viewer_ready(struct poller *p, uint32_t events);

#endif
