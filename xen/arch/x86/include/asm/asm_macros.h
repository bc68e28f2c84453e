/* SPDX-License-Identifier: MIT */
/* What assembly files and inline assembly share: the exception table, and the
 * places where SMAP is switched. */
#ifndef ASM_ASM_MACROS_H
#define ASM_ASM_MACROS_H

/*
 * A fault at `insn` continues at `fixup`. Both are stored relative to their
 * own entry, so the table needs no relocation.
 *
 * SMAP sites are three-byte nops, which become stac or clac once the CPU is
 * known to have SMAP (smap_patch()).
 */
#ifdef __ASSEMBLY__
/* clang-format off */

.macro EXTABLE insn, fixup
    .pushsection .ex_table, "a"
    .balign 4
    .long \insn - .
    .long \fixup - .
    .popsection
.endm

.macro SMAP_SITE last_byte
0:  .byte 0x0f, 0x1f, 0x00
    .pushsection .smap_sites, "a"
    .balign 4
    .long 0b - .
    .long \last_byte
    .popsection
.endm
#define ASM_STAC SMAP_SITE 0xcb
#define ASM_CLAC SMAP_SITE 0xca

/* Without a register that the target is not in, and from any mapping. */
.macro RETPOLINE_JUMP reg
    call  1f
2:  pause
    lfence
    jmp   2b
1:  mov   \reg, (%rsp)
    ret
.endm

.macro INDIRECT_JUMP reg
#if CONFIG_RETPOLINE
    RETPOLINE_JUMP \reg
#else
    jmp   *\reg
#endif
.endm

/* clang-format on */
#else

#define EXTABLE(insn, fixup)                                                   \
    ".pushsection .ex_table, \"a\"\n"                                          \
    ".balign 4\n"                                                              \
    ".long " insn " - .\n"                                                     \
    ".long " fixup " - .\n"                                                    \
    ".popsection\n"

#define SMAP_SITE(last_byte)                                                   \
    "991: .byte 0x0f, 0x1f, 0x00\n"                                            \
    ".pushsection .smap_sites, \"a\"\n"                                        \
    ".balign 4\n"                                                              \
    ".long 991b - .\n"                                                         \
    ".long " last_byte "\n"                                                    \
    ".popsection\n"

/* Guest memory may be touched from here on. */
static inline void stac(void)
{
    __asm__ volatile(SMAP_SITE("0xcb")::: "memory");
}

/* ...and no longer. */
static inline void clac(void)
{
    __asm__ volatile(SMAP_SITE("0xca")::: "memory");
}

#endif
#endif
