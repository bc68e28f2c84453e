/* SPDX-License-Identifier: MIT */
/* Per-CPU variables: DEFINE_PER_CPU(), this_cpu(), per_cpu(). */
#ifndef XEN_PERCPU_H
#define XEN_PERCPU_H

#include "asm/percpu.h"

#endif
