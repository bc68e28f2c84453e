/* SPDX-License-Identifier: MIT */
/* What only the library's own files call. */
#ifndef GUEST_INTERNAL_H
#define GUEST_INTERNAL_H

#include "guest.h"

/** Every entry but the first, from head.S. */
void trap_dispatch(struct regs *regs);

/** Count the events that are pending. */
void event_upcall(void);

/** In a domain that domain_build() built: run what the mailbox says. */
void guest_main(void) __attribute__((noreturn));

/** Hand output to the control domain. */
void mailbox_write(const char *text, size_t size);

/** Count a line that a guest wrote, if it is a check's. */
void check_count_line(const char *line);

/** Behind the pages of the pool that such a domain has. */
void *pool_end_of_guest(void);

/* In head.S: the kernel's entry point. */
extern uint8_t guest_entry[];

/** In head.S: make a hypercall, iret or what holds one, with the stack pointer
 * at the frame; comes back by user_leave(). */
void user_enter(const struct iret_context *frame, uint64_t nr, const void *arg0,
                uint64_t arg1);
void user_leave(void) __attribute__((noreturn));

#endif
