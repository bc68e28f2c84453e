/* SPDX-License-Identifier: MIT */
/* Waiting for events of the main loop, with a look around before sleeping. */
#ifndef XENSTORE_SPIN_H
#define XENSTORE_SPIN_H

#include <sys/epoll.h>

/** As epoll_wait(). */
int spin_wait(int epoll_fd, struct epoll_event *events, int max, int timeout);

#endif
