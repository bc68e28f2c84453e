/* SPDX-License-Identifier: MIT */
/*
 * The console daemon in one process with a guest: rings are pages of the test,
 * events are counted, files lie in a folder of their own.
 */
#ifndef CONSOLED_SETUP_H
#define CONSOLED_SETUP_H

#include "consoled/consoled.h"
#include "consoled/guest.h"

/* Of the guest that the next guest_begin() serves. */
extern struct xencons_interface fake_page;

extern unsigned int fake_notified; /* events sent to the guest */
extern unsigned int fake_unmasked; /* how often it was listened to again */
extern uint64_t fake_clock_ms;

/* Where the test's folders are. */
extern char fake_folder[];

/** cmocka's setup and teardown: a daemon with empty folders and pages. */
int consoled_setup(void **state);
int consoled_teardown(void **state);

/** The daemon. */
extern struct consoled fake_consoled;

/** A guest of that id and name, as guest_begin() leaves it. */
struct guest *fake_guest(unsigned int domid, const char *name);

/** A further console of such a guest, without a ring. */
struct guest *fake_channel(unsigned int domid, unsigned int number,
                           bool has_socket);

/** The guest writes; it does not look whether there is room. */
void fake_output(const char *text, size_t len);

/** What the guest is to read, taken out of its ring. */
size_t fake_input(char *text, size_t size);

#endif
