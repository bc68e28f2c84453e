/* SPDX-License-Identifier: MIT */
/* For `xl -T`: where the time of a command goes, step by step. */
#ifndef XL_TIMING_H
#define XL_TIMING_H

#include <stdint.h>
#include <stdio.h>

#include "lib/steps.h"

#define TIMING_MAX_STEPS 32

struct timing {
    unsigned int nr;
    struct {
        const char *doing;
        int64_t begin_ns;
    } step[TIMING_MAX_STEPS];
};

/* The first step begins. */
void timing_begin(struct timing *t, const char *doing);

/* For the library: what to tell of further ones. */
struct steps timing_steps(struct timing *t);

/* A line for each step: milliseconds, and what was done. */
void timing_print(const struct timing *t, FILE *out);

#endif
