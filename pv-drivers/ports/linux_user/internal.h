/* SPDX-License-Identifier: MIT */
/* What the files of the port share. */
#ifndef LINUX_USER_INTERNAL_H
#define LINUX_USER_INTERNAL_H

#include "port.h"

int port_grants_open(void);

#define PORT_MAX_COPIES 256U

/** The grant of one of port_copy_pages() to ourselves. False: it is none. */
bool port_own_grant(const void *at, grant_ref_t *ref_out);

/** Make so many copies at most. As os_grants_copy(). */
int port_grants_copy(int fd, domid_t of, const struct os_copy copies[],
                     unsigned int nr);

int port_events_open(void);
int port_store_open(void);

#endif
