/* SPDX-License-Identifier: MIT */
/* This CPU's interrupt flag. */
#ifndef ASM_IRQFLAGS_H
#define ASM_IRQFLAGS_H

#include "xen/types.h"

#define X86_EFLAGS_IF 0x00000200UL

static inline unsigned long local_save_flags(void)
{
    unsigned long flags;

    __asm__ volatile("pushf; pop %0" : "=rm"(flags)::"memory");
    return flags;
}

static inline void local_irq_disable(void)
{
    __asm__ volatile("cli" ::: "memory");
}

static inline void local_irq_enable(void)
{
    __asm__ volatile("sti" ::: "memory");
}

static inline unsigned long local_irq_save(void)
{
    unsigned long flags = local_save_flags();

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
    return local_save_flags() & X86_EFLAGS_IF;
}

#endif
