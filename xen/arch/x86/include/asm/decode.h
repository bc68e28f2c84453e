/* SPDX-License-Identifier: MIT */
/*
 * Instructions that are carried out for a guest: bytes in, description out.
 *
 * Two kinds matter: privileged ones, and stores into page tables. Everything
 * else is INSN_UNKNOWN. Nothing here touches guest memory or this CPU; the
 * same code is tested on the host. 64-bit mode only.
 */
#ifndef ASM_DECODE_H
#define ASM_DECODE_H

#include "xen/compiler.h"
#include "asm/regs.h"

#define INSN_MAX_BYTES 15 /* SDM 2A 2.3.11 */

enum insn_kind {
    INSN_UNKNOWN,

    /* Privileged, or sensitive. */
    INSN_CLI,
    INSN_STI,
    INSN_HLT,
    INSN_IN,
    INSN_OUT,
    INSN_INS,
    INSN_OUTS,
    INSN_RDMSR,
    INSN_WRMSR,
    INSN_RDTSC,
    INSN_RDTSCP,
    INSN_RDPMC,
    INSN_CPUID,
    INSN_XSETBV,
    INSN_INVD,
    INSN_WBINVD,
    INSN_CLTS,
    INSN_MOV_FROM_CR,
    INSN_MOV_TO_CR,
    INSN_MOV_FROM_DR,
    INSN_MOV_TO_DR,
    INSN_LMSW,
    INSN_SMSW,
    INSN_INVLPG,
    INSN_SWAPGS,
    INSN_SYSRET,
    INSN_LGDT,
    INSN_LIDT,
    INSN_LLDT,
    INSN_LTR,
    INSN_INT,

    /* Stores to memory. */
    INSN_MOV,
    INSN_MOVNTI,
    INSN_STOS,
    INSN_MOVS,
    /* Those that read what they change, and may have a LOCK prefix. */
    INSN_XCHG,
    INSN_CMPXCHG,
    INSN_CMPXCHG8B,
    INSN_XADD,
    INSN_ADD,
    INSN_OR,
    INSN_ADC,
    INSN_SBB,
    INSN_AND,
    INSN_SUB,
    INSN_XOR,
    INSN_INC,
    INSN_DEC,
    INSN_NOT,
    INSN_NEG,
    INSN_BTS,
    INSN_BTR,
    INSN_BTC,
};

/* What addresses are computed from. */
struct insn_context {
    const struct cpu_regs *regs;
    u64 fs_base, gs_base;
};

struct insn {
    enum insn_kind kind;
    u8 len; /* bytes; 0 for INSN_UNKNOWN */

    /* Prefixes. */
    bool lock, rep, repne;
    bool opsize, addrsize;
    u8 seg; /* 0, or the override 0x64 (fs), 0x65 (gs) */
    u8 rex; /* 0: none */

    u8 map; /* 0: one-byte opcodes, 1: those after 0f */
    u8 opcode;
    u8 op_bytes; /* operand size: 1, 2, 4 or 8 */

    /* modrm, with the bits that REX adds; 0 where there is none. */
    u8 mod, reg, rm;

    bool has_imm;
    u64 imm; /* sign-extended; port numbers and vectors zero-extended */

    bool has_mem;
    u64 addr;     /* linear address of the (written) memory operand */
    u64 src_addr; /* of what INSN_MOVS and INSN_OUTS read */
};

/**
 * Decode one instruction.
 *
 * @bytes  nr bytes at regs->rip; none is read beyond them
 *
 * Returns 0, with kind INSN_UNKNOWN for what is not listed above;
 *         -ENODATA if the instruction goes on behind the bytes;
 *         -EINVAL if it is longer than 15 bytes or LOCK is not allowed.
 * Source: SDM 2A 2.1 and 2.2, SDM 2D A.
 */
int __must_check insn_decode(const u8 *bytes, unsigned int nr,
                             const struct insn_context *ctx,
                             struct insn *insn_out);

static inline bool insn_is_store(const struct insn *insn)
{
    return insn->kind >= INSN_MOV;
}

/** The instruction's result depends on what is in memory. */
static inline bool insn_reads_memory(const struct insn *insn)
{
    return insn->kind >= INSN_XCHG;
}

/** The general register that an instruction encodes as idx (0..15). */
u64 insn_reg(const struct cpu_regs *regs, unsigned int idx);
/** Write all 64 bits of one. */
void insn_reg_write(struct cpu_regs *regs, unsigned int idx, u64 value);

/* What a store does, computed before anything is changed. */
struct insn_effect {
    u64 value; /* to be stored: op_bytes of it; equal to the old value where a
                * CMPXCHG found another one than expected */
    u64 rflags;
    unsigned int nr_regs;
    struct {
        u8 idx;
        u64 value;
    } reg[2]; /* registers that change */
};

/**
 * Compute what a store does.
 *
 * @insn    of a kind for which insn_is_store()
 * @old     op_bytes at insn->addr (ignored unless insn_reads_memory())
 * @source  op_bytes at insn->src_addr, for INSN_MOVS only
 *
 * Returns 0; -EINVAL if insn is no store.
 */
int __must_check insn_store_result(const struct insn *insn,
                                   const struct cpu_regs *regs, u64 old,
                                   u64 source, struct insn_effect *effect_out);

/** The store was done: change registers and flags, and move rip on. */
void insn_complete(const struct insn *insn, const struct insn_effect *effect,
                   struct cpu_regs *regs);

#endif
