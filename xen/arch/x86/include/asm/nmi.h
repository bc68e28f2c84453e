/* SPDX-License-Identifier: MIT */
/* Non-maskable interrupts; nmi_report() is declared in asm/traps.h. */
#ifndef ASM_NMI_H
#define ASM_NMI_H

/** Let dom0 be told of NMIs. After irq_init(). */
void nmi_init(void);

#endif
