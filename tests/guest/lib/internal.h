/* SPDX-License-Identifier: MIT */
/* What only the library's own files call. */
#ifndef GUEST_INTERNAL_H
#define GUEST_INTERNAL_H

#include "guest.h"

/** Every entry but the first, from head.S. */
void trap_dispatch(struct regs *regs);

/** Count the events that are pending. */
void event_upcall(void);

/** In head.S: make a hypercall, iret or what holds one, with the stack pointer
 * at the frame; comes back by user_leave(). */
void user_enter(const struct iret_context *frame, uint64_t nr, const void *arg0,
                uint64_t arg1);
void user_leave(void) __attribute__((noreturn));

#endif
