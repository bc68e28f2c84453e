/* SPDX-License-Identifier: MIT */
/*
 * Who runs a guest that moves: what the two hosts tell each other around its
 * stream. It is what the stock tools say, so either end may be one of them.
 *
 *    from                                 to
 *     │ ◀───────────────────────── BANNER │
 *     │ suspends the guest                │
 *     │ stream ─────────────────────────▶ │ makes it, paused, as NAME--incoming
 *     │ ◀────────────────────────── READY │
 *     │ renames its own NAME--migratedaway│
 *     │ GO ─────────────────────────────▶ │ calls it NAME and lets it run
 *     │ ◀─────────────────── REPORT, rc=0 │
 *     │ destroys its own                  │
 *
 * Before GO the guest is the sender's, whatever happens: if it does not come
 * whole, the receiver destroys its copy. Once GO is sent, only the receiver
 * knows; a sender without a report asks it, by a connection of its own, until
 * it gets an answer. The store of the receiver holds the decision, so that
 * there is one whatever becomes of the process that has taken the guest: a
 * question that comes before GO forbids it.
 */
#ifndef TOOLSTACK_HANDSHAKE_H
#define TOOLSTACK_HANDSHAKE_H

#include <stdbool.h>

#include "toolstack/peer.h"
#include "toolstack/store.h"

/* Messages; all but the first with their NULs. */
extern const char handshake_banner[];
extern const char handshake_ready[];
extern const char handshake_go[];
extern const char handshake_report[];
extern const char handshake_back[];

/* Answers to a question for the outcome, with a newline each. */
extern const char handshake_runs[];
extern const char handshake_none[];

#define HANDSHAKE_INCOMING "--incoming"
#define HANDSHAKE_AWAY     "--migratedaway"

/* Send a message. Returns 0; -errno (MIGRATION). */
int handshake_send(int fd, const char *message, struct error **err_out);

/* Wait for a message. Returns 0; -EPROTO (MIGRATION) where another one comes;
 * as peer_read(). */
int handshake_await(int fd, const char *message, const struct cancel *cancel,
                    struct error **err_out);

/*
 * The receiver's decision about the guest of a UUID, in its store. "Open" until
 * somebody decides; whoever comes first does.
 */
enum handshake_decision {
    HANDSHAKE_OPEN,
    HANDSHAKE_STARTING, /* GO has come: it will run, or fail to */
    HANDSHAKE_RUNS,
    HANDSHAKE_NONE, /* it does not run here and never will */
};

/* Forget what was decided when it came the last time. */
int handshake_begin(struct store *s, const char *uuid, struct error **err_out);

/**
 * Decide, if it is open.
 *
 * @decision_inout  what is wanted; becomes what holds
 *
 * Returns 0; -errno (STORE).
 */
int handshake_decide(struct store *s, const char *uuid,
                     enum handshake_decision *decision_inout,
                     struct error **err_out);

/* Say what came of STARTING. */
int handshake_settle(struct store *s, const char *uuid,
                     enum handshake_decision decision, struct error **err_out);

/**
 * What became of a guest: decides for NONE where it is open, and waits where it
 * is just starting.
 *
 * Returns 0; -ETIMEDOUT (NO_ANSWER); -errno (STORE).
 */
int handshake_outcome(struct store *s, const char *uuid, bool *runs_out,
                      struct error **err_out);

#endif
