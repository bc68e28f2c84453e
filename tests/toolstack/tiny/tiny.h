/* SPDX-License-Identifier: MIT */
/* What the files of the tiny guest share. */
#ifndef TINY_H
#define TINY_H

#include <stdbool.h>

/** The store asks this guest to suspend itself; the request is taken. */
bool suspend_asked(void);

/** Suspend. True where the guest is in a new home afterwards. */
bool suspend(void);

#endif
