/* SPDX-License-Identifier: MIT */
/* Writing a PV domain, memory and vcpus, as a libxc stream. */
#ifndef STREAM_SAVE_H
#define STREAM_SAVE_H

#include "public/types.h"

#include "lib/privcmd.h"
#include "stream/io.h"
#include "stream/p2m.h"

/**
 * Write a domain from its image header to its END record. It has suspended
 * itself; nothing of it is changed.
 *
 * Returns 0; -errno (STREAM, HYPERVISOR).
 * Source: libxc Domain Image Format, revision 3.
 */
int stream_save(struct privcmd *p, domid_t domid, struct stream *s,
                struct error **err_out);

/* Its part for the memory: PAGE_DATA records for all pages of a p2m. */
int save_pages(struct privcmd *p, domid_t domid, const struct guest_p2m *p2m,
               struct stream *s, struct error **err_out);

#endif
