/* SPDX-License-Identifier: MIT */
/* The machine's address space in tests: RAM, frame table, M2P and the range of
 * vmap() are host memory (ram.c); all else is as it is on the machine. */
#ifndef FAKE_ASM_CONFIG_H
#define FAKE_ASM_CONFIG_H

#include_next "asm/config.h"

#undef DIRECTMAP_VIRT_START
#undef DIRECTMAP_VIRT_END
#undef DIRECTMAP_SIZE
#undef FRAMETABLE_VIRT_START
#undef FRAMETABLE_VIRT_END
#undef M2P_VIRT_START
#undef M2P_VIRT_END
#undef VMAP_VIRT_START
#undef VMAP_VIRT_END

#define DIRECTMAP_VIRT_START  fake_directmap
#define DIRECTMAP_SIZE        (5UL << 40)
#define DIRECTMAP_VIRT_END    (DIRECTMAP_VIRT_START + DIRECTMAP_SIZE)
#define FRAMETABLE_VIRT_START fake_frametable
#define FRAMETABLE_VIRT_END   (FRAMETABLE_VIRT_START + (128UL << 30))
#define M2P_VIRT_START        fake_m2p
#define M2P_VIRT_END          (M2P_VIRT_START + (256UL << 30))
#define VMAP_VIRT_START       fake_vmap
#define VMAP_VIRT_END         (VMAP_VIRT_START + FAKE_VMAP_SIZE)

#define FAKE_VMAP_SIZE        (64UL << 20)

extern unsigned long fake_directmap;
extern unsigned long fake_frametable;
extern unsigned long fake_m2p;
extern unsigned long fake_vmap;

#endif
