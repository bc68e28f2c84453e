/* SPDX-License-Identifier: MIT */
/* What all unit tests of xenstored include. */
#ifndef TESTS_XENSTORED_SETUP_H
#define TESTS_XENSTORED_SETUP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A charge that is not looked at. */
static inline void no_charge_fn(void *arg, uint16_t owner, int nodes,
                                long bytes)
{
    (void)arg, (void)owner, (void)nodes, (void)bytes;
}

#endif
