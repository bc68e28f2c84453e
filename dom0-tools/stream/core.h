/* SPDX-License-Identifier: MIT */
/* A PV guest's memory and registers as an ELF core file for debuggers. */
#ifndef STREAM_CORE_H
#define STREAM_CORE_H

#include "public/types.h"

#include "lib/privcmd.h"
#include "stream/io.h"

/**
 * Write a domain that does not run.
 *
 * Returns 0; -errno (STREAM, HYPERVISOR).
 * Source: xen dump-core format, version 0.1, in Debian's package xen-doc.
 */
int core_write(struct privcmd *p, domid_t domid, struct stream *s,
               struct error **err_out);

#endif
