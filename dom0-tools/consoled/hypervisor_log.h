/* SPDX-License-Identifier: MIT */
/* The hypervisor's own log, kept in a file as guests' output is. */
#ifndef CONSOLED_HYPERVISOR_LOG_H
#define CONSOLED_HYPERVISOR_LOG_H

#include "consoled/consoled.h"

/* Begin. Returns 0; -errno. */
int hypervisor_log_open(struct consoled *d);

/* Its port has had an event: false where the port is another one. */
bool hypervisor_log_event(struct consoled *d, uint32_t port);

/* Open the file anew. */
void hypervisor_log_reopen(struct consoled *d);

/* How often it is read without an event. */
#define HYPERVISOR_LOG_MS 1000

/* Read what is new, if it is time to look. */
void hypervisor_log_poll(struct consoled *d);

#endif
