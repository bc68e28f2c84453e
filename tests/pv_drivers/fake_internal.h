/* SPDX-License-Identifier: MIT */
/* What the files of the fake port share. */
#ifndef FAKE_INTERNAL_H
#define FAKE_INTERNAL_H

#include "fake_port.h"

/** At the start of each function of the port: the process may end here. */
void fake_call(void);

/** The same for the store. */
void fake_store_call(void);

/** Should this allocation fail? */
bool fake_fails(void);

/** Something of the other files is due: how many things, and do one. */
unsigned int fake_events_due(void);
void fake_events_do(unsigned int which);
unsigned int fake_watches_due(void);
void fake_watches_do(unsigned int which);

void fake_memory_begin(void);
bool fake_memory_end(void);
void fake_memory_kill(domid_t domid);
void fake_events_begin(void);
bool fake_events_end(void);
void fake_events_kill(domid_t domid);
void fake_store_begin(void);
bool fake_store_end(void);
void fake_store_kill(domid_t domid);

#endif
