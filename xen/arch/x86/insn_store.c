/* SPDX-License-Identifier: MIT */
/*
 * What a decoded store does to memory, registers and flags. Nothing is changed
 * before insn_complete(), so that a caller may try again when another CPU was
 * quicker.
 */
#include "asm/decode.h"

#include "xen/errno.h"

#define STATUS_FLAGS                                                           \
    (X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | X86_EFLAGS_ZF |           \
     X86_EFLAGS_SF | X86_EFLAGS_OF)

#define REG_RAX 0
#define REG_RCX 1
#define REG_RDX 2
#define REG_RBX 3
#define REG_RSI 6
#define REG_RDI 7

/* Where each register lies, in the order of their encoding. */
static const u8 reg_offset[16] = {
    offsetof(struct cpu_regs, rax), offsetof(struct cpu_regs, rcx),
    offsetof(struct cpu_regs, rdx), offsetof(struct cpu_regs, rbx),
    offsetof(struct cpu_regs, rsp), offsetof(struct cpu_regs, rbp),
    offsetof(struct cpu_regs, rsi), offsetof(struct cpu_regs, rdi),
    offsetof(struct cpu_regs, r8),  offsetof(struct cpu_regs, r9),
    offsetof(struct cpu_regs, r10), offsetof(struct cpu_regs, r11),
    offsetof(struct cpu_regs, r12), offsetof(struct cpu_regs, r13),
    offsetof(struct cpu_regs, r14), offsetof(struct cpu_regs, r15),
};

u64 insn_reg(const struct cpu_regs *regs, unsigned int idx)
{
    return *(const u64 *)((const char *)regs + reg_offset[idx & 15]);
}

void insn_reg_write(struct cpu_regs *regs, unsigned int idx, u64 value)
{
    *(u64 *)((char *)regs + reg_offset[idx & 15]) = value;
}

static u64 operand_mask(const struct insn *insn)
{
    return ~0ULL >> (64 - 8 * insn->op_bytes);
}

static u64 sign_bit(const struct insn *insn)
{
    return 1ULL << (8 * insn->op_bytes - 1);
}

/* Without REX, byte registers 4..7 are ah, ch, dh, bh. */
static bool is_high_byte(const struct insn *insn, unsigned int idx)
{
    return insn->op_bytes == 1 && !insn->rex && idx >= 4;
}

static u64 operand_reg(const struct insn *insn, const struct cpu_regs *regs,
                       unsigned int idx)
{
    if (is_high_byte(insn, idx))
        return (insn_reg(regs, idx - 4) >> 8) & 0xff;
    return insn_reg(regs, idx) & operand_mask(insn);
}

/* The second operand, cut to operand size. */
static u64 operand_source(const struct insn *insn, const struct cpu_regs *regs)
{
    if (insn->has_imm)
        return insn->imm & operand_mask(insn);
    return operand_reg(insn, regs, insn->reg);
}

static void effect_add_reg(struct insn_effect *effect, unsigned int idx,
                           u64 value)
{
    effect->reg[effect->nr_regs].idx = idx;
    effect->reg[effect->nr_regs].value = value;
    effect->nr_regs++;
}

/* A register of operand size gets a value: four bytes clear the upper half,
 * one or two leave the rest as it is. */
static void effect_set_operand(const struct insn *insn,
                               const struct cpu_regs *regs,
                               struct insn_effect *effect, unsigned int idx,
                               u64 value)
{
    u64 old;

    if (is_high_byte(insn, idx)) {
        old = insn_reg(regs, idx - 4);
        effect_add_reg(effect, idx - 4, (old & ~0xff00ULL) | (value << 8));
        return;
    }
    old = insn->op_bytes < 4 ? insn_reg(regs, idx) & ~operand_mask(insn) : 0;
    effect_add_reg(effect, idx, old | value);
}

static void set_flags(struct insn_effect *effect, u64 mask, u64 flags)
{
    effect->rflags = (effect->rflags & ~mask) | (flags & mask);
}

/* SF, ZF and PF of a result. */
static u64 result_flags(const struct insn *insn, u64 result)
{
    u64 flags = 0;

    if (result == 0)
        flags |= X86_EFLAGS_ZF;
    if (result & sign_bit(insn))
        flags |= X86_EFLAGS_SF;
    if (!__builtin_parity((u8)result))
        flags |= X86_EFLAGS_PF;
    return flags;
}

static u64 carry_flags(const struct insn *insn, u64 carries, u64 overflows,
                       u64 nibble)
{
    u64 flags = 0;

    if (carries & sign_bit(insn))
        flags |= X86_EFLAGS_CF;
    if (overflows & sign_bit(insn))
        flags |= X86_EFLAGS_OF;
    if (nibble & 0x10)
        flags |= X86_EFLAGS_AF;
    return flags;
}

static u64 add(const struct insn *insn, struct insn_effect *effect, u64 a,
               u64 b, bool carry)
{
    u64 sum = (a + b + carry) & operand_mask(insn);

    set_flags(effect, STATUS_FLAGS,
              result_flags(insn, sum) |
                  carry_flags(insn, (a & b) | ((a | b) & ~sum),
                              (a ^ sum) & (b ^ sum), a ^ b ^ sum));
    return sum;
}

static u64 subtract(const struct insn *insn, struct insn_effect *effect, u64 a,
                    u64 b, bool borrow)
{
    u64 diff = (a - b - borrow) & operand_mask(insn);

    set_flags(effect, STATUS_FLAGS,
              result_flags(insn, diff) |
                  carry_flags(insn, (~a & b) | ((~a | b) & diff),
                              (a ^ b) & (a ^ diff), a ^ b ^ diff));
    return diff;
}

static u64 logic(const struct insn *insn, struct insn_effect *effect,
                 u64 result)
{
    set_flags(effect, STATUS_FLAGS, result_flags(insn, result));
    return result;
}

/* INC and DEC leave the carry alone. */
static u64 count(const struct insn *insn, struct insn_effect *effect, u64 old,
                 bool up)
{
    u64 carry = effect->rflags & X86_EFLAGS_CF;
    u64 result = up ? add(insn, effect, old, 1, false)
                    : subtract(insn, effect, old, 1, false);

    set_flags(effect, X86_EFLAGS_CF, carry);
    return result;
}

static u64 change_bit(const struct insn *insn, const struct cpu_regs *regs,
                      struct insn_effect *effect, u64 old)
{
    u64 number = insn->has_imm ? insn->imm : insn_reg(regs, insn->reg);
    u64 bit = 1ULL << (number & (8 * insn->op_bytes - 1));

    set_flags(effect, X86_EFLAGS_CF, old & bit ? X86_EFLAGS_CF : 0);
    if (insn->kind == INSN_BTS)
        return old | bit;
    if (insn->kind == INSN_BTR)
        return old & ~bit;
    return old ^ bit;
}

static u64 compare_exchange(const struct insn *insn,
                            const struct cpu_regs *regs,
                            struct insn_effect *effect, u64 old)
{
    u64 expected = operand_reg(insn, regs, REG_RAX);

    if (subtract(insn, effect, expected, old, false) == 0)
        return operand_reg(insn, regs, insn->reg);

    effect_set_operand(insn, regs, effect, REG_RAX, old);
    return old;
}

static u64 compare_exchange_8b(const struct cpu_regs *regs,
                               struct insn_effect *effect, u64 old)
{
    u64 expected = (regs->rdx << 32) | (u32)regs->rax;

    if (old == expected) {
        set_flags(effect, X86_EFLAGS_ZF, X86_EFLAGS_ZF);
        return (regs->rcx << 32) | (u32)regs->rbx;
    }
    set_flags(effect, X86_EFLAGS_ZF, 0);
    effect_add_reg(effect, REG_RAX, (u32)old);
    effect_add_reg(effect, REG_RDX, old >> 32);
    return old;
}

/* rsi or rdi after one element of a string. */
static void step_string_reg(const struct insn *insn,
                            const struct cpu_regs *regs,
                            struct insn_effect *effect, unsigned int idx)
{
    u64 step = regs->rflags & X86_EFLAGS_DF ? -(u64)insn->op_bytes
                                            : (u64)insn->op_bytes;
    u64 value = insn_reg(regs, idx) + step;

    effect_add_reg(effect, idx, insn->addrsize ? (u32)value : value);
}

/* Stores that do not read what was there. */
static u64 plain_store(const struct insn *insn, const struct cpu_regs *regs,
                       u64 source, struct insn_effect *effect)
{
    switch (insn->kind) {
    case INSN_MOVS:
        step_string_reg(insn, regs, effect, REG_RSI);
        step_string_reg(insn, regs, effect, REG_RDI);
        return source & operand_mask(insn);
    case INSN_STOS:
        step_string_reg(insn, regs, effect, REG_RDI);
        return operand_reg(insn, regs, REG_RAX);
    default:
        return operand_source(insn, regs);
    }
}

/* Arithmetic on memory and a second operand. */
static u64 arithmetic(const struct insn *insn, const struct cpu_regs *regs,
                      u64 old, struct insn_effect *effect)
{
    u64 operand = operand_source(insn, regs);
    bool carry = regs->rflags & X86_EFLAGS_CF;

    switch (insn->kind) {
    case INSN_ADC:
        return add(insn, effect, old, operand, carry);
    case INSN_SBB:
        return subtract(insn, effect, old, operand, carry);
    case INSN_SUB:
        return subtract(insn, effect, old, operand, false);
    case INSN_OR:
        return logic(insn, effect, old | operand);
    case INSN_AND:
        return logic(insn, effect, old & operand);
    case INSN_XOR:
        return logic(insn, effect, old ^ operand);
    default:
        return add(insn, effect, old, operand, false);
    }
}

/* All others that read what they change. */
static u64 read_modify(const struct insn *insn, const struct cpu_regs *regs,
                       u64 old, struct insn_effect *effect)
{
    switch (insn->kind) {
    case INSN_XCHG:
        effect_set_operand(insn, regs, effect, insn->reg, old);
        return operand_reg(insn, regs, insn->reg);
    case INSN_XADD:
        effect_set_operand(insn, regs, effect, insn->reg, old);
        return add(insn, effect, old, operand_reg(insn, regs, insn->reg),
                   false);
    case INSN_CMPXCHG:
        return compare_exchange(insn, regs, effect, old);
    case INSN_CMPXCHG8B:
        return compare_exchange_8b(regs, effect, old);
    case INSN_INC:
    case INSN_DEC:
        return count(insn, effect, old, insn->kind == INSN_INC);
    case INSN_NOT:
        return ~old & operand_mask(insn);
    case INSN_NEG:
        return subtract(insn, effect, 0, old, false);
    case INSN_BTS:
    case INSN_BTR:
    case INSN_BTC:
        return change_bit(insn, regs, effect, old);
    default:
        return arithmetic(insn, regs, old, effect);
    }
}

int insn_store_result(const struct insn *insn, const struct cpu_regs *regs,
                      u64 old, u64 source, struct insn_effect *effect_out)
{
    struct insn_effect effect = {.rflags = regs->rflags};

    if (!insn_is_store(insn))
        return -EINVAL;

    if (insn_reads_memory(insn))
        effect.value =
            read_modify(insn, regs, old & operand_mask(insn), &effect);
    else
        effect.value = plain_store(insn, regs, source, &effect);
    *effect_out = effect;
    return 0;
}

void insn_complete(const struct insn *insn, const struct insn_effect *effect,
                   struct cpu_regs *regs)
{
    for (unsigned int i = 0; i < effect->nr_regs; i++)
        insn_reg_write(regs, effect->reg[i].idx, effect->reg[i].value);

    regs->rflags = effect->rflags & ~X86_EFLAGS_RF;
    regs->rip += insn->len;
}
