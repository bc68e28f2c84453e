/* SPDX-License-Identifier: MIT */
/* The page-table base is remembered, not loaded; the rest is the machine's. */
#ifndef FAKE_ASM_PROCESSOR_H
#define FAKE_ASM_PROCESSOR_H

#define write_cr3(v) asm_write_cr3(v)
#include_next "asm/processor.h"
#undef write_cr3

extern unsigned long fake_cr3;

static inline void write_cr3(unsigned long v)
{
    fake_cr3 = v;
}

#endif
