/* SPDX-License-Identifier: MIT */
/*
 * I/O ports of guests. A domain reaches the ports in its ioport_caps; some that
 * the hypervisor shares or keeps are answered for it; all others read as ones
 * and swallow writes, as an empty bus does.
 */
#ifndef ASM_IOPORT_H
#define ASM_IOPORT_H

#include "xen/types.h"

/**
 * May the vcpu, in its present mode, execute I/O instructions on
 * port..port+bytes-1? By its virtual IOPL or its I/O bitmap.
 */
bool ioport_enabled(struct vcpu *v, u16 port, unsigned int bytes);

/** The virtual IOPL permits I/O, CLI and STI in the present mode. */
bool ioport_iopl_ok(const struct vcpu *v);

/**
 * One access of 1, 2 or 4 bytes, for a vcpu for which the port is enabled.
 * Locks: LOCK_DOMAIN, LOCK_TIME, LOCK_PCI, LOCK_PCI_CONF.
 */
u32 ioport_read(struct vcpu *v, u16 port, unsigned int bytes);
void ioport_write(struct vcpu *v, u16 port, unsigned int bytes, u32 value);

#endif
