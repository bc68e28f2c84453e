/* SPDX-License-Identifier: MIT */
/* The interrupt flag of the simulated CPU that runs. */
#ifndef ASM_IRQFLAGS_H
#define ASM_IRQFLAGS_H

#include "xen/types.h"

#define X86_EFLAGS_IF 0x00000200UL

/* X86_EFLAGS_IF or 0. */
extern unsigned long fake_irqflags;

static inline unsigned long local_save_flags(void)
{
    return fake_irqflags;
}

static inline void local_irq_disable(void)
{
    fake_irqflags = 0;
}

static inline void local_irq_enable(void)
{
    fake_irqflags = X86_EFLAGS_IF;
}

static inline unsigned long local_irq_save(void)
{
    unsigned long flags = fake_irqflags;

    local_irq_disable();
    return flags;
}

static inline void local_irq_restore(unsigned long flags)
{
    if (flags & X86_EFLAGS_IF)
        local_irq_enable();
}

static inline bool local_irq_is_enabled(void)
{
    return fake_irqflags & X86_EFLAGS_IF;
}

#endif
