/* SPDX-License-Identifier: MIT */
/*
 * The console: a ring of the last messages, the devices that show them, and
 * the keyboard, which is either dom0's or that of the debug keys.
 */
#ifndef XEN_CONSOLE_H
#define XEN_CONSOLE_H

#include "xen/types.h"

/* A device that shows text. */
struct console_device {
    const char *name; /* as in console= */
    /* Returns false if the device is not there. */
    bool (*init)(void);
    /* All of it, at once; '\n' is the end of a line. */
    void (*write)(const char *text, size_t len);
};

extern const struct console_device ns16550_console;
extern const struct console_device vga_console;

/** Switch on what console= names. Needs no memory, no interrupts. */
void console_init_early(void);
/** Keyboard and debug keys: needs timers and interrupts. */
void console_init_input(void);
/** The serial port's part of it. */
void ns16550_init_input(void);
/** The I/O ports that the console's serial port takes: `first` to `last`, which
 * no guest may touch. Returns false if it is not in use. */
bool ns16550_ports(u16 *first_out, u16 *last_out);
/** dom0 takes the screen: it is no longer written to. */
void console_release_screen(void);

/**
 * Show text and keep it in the ring.
 * Locks: the console lock is held, except in a dying machine.
 */
void console_write_locked(const char *text, size_t len);

/** The same for what dom0 writes: it is not kept in the ring. */
void console_write_guest_locked(const char *text, size_t len);

/** Nothing has been written since the last end of a line. */
bool console_at_line_start_locked(void);

/* LOCK_CONSOLE; a CPU that has it already (NMI, panic) gets it again. */
unsigned long __must_check console_lock_irqsave(void);
void console_unlock_irqrestore(unsigned long flags);
/** Break the lock: the machine is about to stop. */
void console_force_unlock(void);

/** A character came in. Any context; interrupts may be off. */
void console_receive(char c);

/**
 * Copy up to `len` bytes of the ring from *index on, and move *index behind
 * them; an index that is no longer in the ring means its start.
 *
 * Returns the number of bytes.
 */
size_t console_ring_read(u32 *index, char *buf, size_t len);
/** Forget what is in the ring. */
void console_ring_clear(void);

#endif
