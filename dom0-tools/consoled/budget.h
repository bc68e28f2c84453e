/* SPDX-License-Identifier: MIT */
/*
 * How much of the daemon one guest may use: bytes of output, and events, each
 * of which counts as BUDGET_EVENT bytes. A guest that has used up what it had
 * is not listened to until it has some again; meanwhile it costs nothing, and
 * its output waits in its own ring.
 */
#ifndef CONSOLED_BUDGET_H
#define CONSOLED_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_EVENT 256u

struct budget {
    int64_t left;
    uint64_t at_ms; /* when it was last filled up */
};

/* Full. */
void budget_init(struct budget *b, uint32_t rate, uint64_t now_ms);

/**
 * Add what time has brought.
 *
 * @rate  in bytes per second; the most that is saved up is a quarter of that
 *
 * Returns whether there is something left.
 */
bool budget_fill(struct budget *b, uint32_t rate, uint64_t now_ms);

/* Use some; it may go into debt. Returns whether there is something left. */
bool budget_use(struct budget *b, uint32_t amount);

#endif
