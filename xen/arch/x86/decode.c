/* SPDX-License-Identifier: MIT */
/*
 * Decoder for 64-bit mode: prefixes, opcode, modrm, immediate, then the address
 * of the memory operand. Tables tell what an opcode is and what follows it.
 */
#include "asm/decode.h"

#include "xen/errno.h"

/* What an opcode is followed by, or how its operands are. */
#define OP_MODRM 0x01
#define OP_BYTE  0x02 /* operands of one byte */
#define OP_MEM   0x04 /* the modrm operand must be memory */
#define OP_IMM8  0x08 /* sign-extended */
#define OP_IMMZ  0x10 /* of operand size, but at most 4 bytes; sign-extended */
#define OP_UIMM8 0x20 /* zero-extended */
#define OP_MOFFS 0x40 /* memory at an address given as immediate */
#define OP_IO    0x80 /* operands of at most 4 bytes */

#define OP_STORE (OP_MODRM | OP_MEM)

struct opcode {
    u8 kind;
    u8 flags;
    const u8 *group; /* kinds by the reg field; then `kind` is not used */
};

static const u8 group1[8] = {
    INSN_ADD, INSN_OR, INSN_ADC, INSN_SBB, INSN_AND, INSN_SUB, INSN_XOR,
};
static const u8 group3[8] = {[2] = INSN_NOT, [3] = INSN_NEG};
static const u8 group4[8] = {[0] = INSN_INC, [1] = INSN_DEC};
static const u8 group6[8] = {[2] = INSN_LLDT, [3] = INSN_LTR};
static const u8 group8[8] = {[5] = INSN_BTS, [6] = INSN_BTR, [7] = INSN_BTC};
static const u8 group9[8] = {[1] = INSN_CMPXCHG8B};
static const u8 group11[8] = {[0] = INSN_MOV};

#define OP(insn_kind, op_flags)                                                \
    {                                                                          \
        .kind = (insn_kind), .flags = (op_flags)                               \
    }
#define GROUP(kinds_by_reg, op_flags)                                          \
    {                                                                          \
        .group = (kinds_by_reg), .flags = (op_flags)                           \
    }

/* clang-format off */
static const struct opcode one_byte[256] = {
    [0x00] = OP(INSN_ADD, OP_STORE | OP_BYTE), [0x01] = OP(INSN_ADD, OP_STORE),
    [0x08] = OP(INSN_OR, OP_STORE | OP_BYTE), [0x09] = OP(INSN_OR, OP_STORE),
    [0x10] = OP(INSN_ADC, OP_STORE | OP_BYTE), [0x11] = OP(INSN_ADC, OP_STORE),
    [0x18] = OP(INSN_SBB, OP_STORE | OP_BYTE), [0x19] = OP(INSN_SBB, OP_STORE),
    [0x20] = OP(INSN_AND, OP_STORE | OP_BYTE), [0x21] = OP(INSN_AND, OP_STORE),
    [0x28] = OP(INSN_SUB, OP_STORE | OP_BYTE), [0x29] = OP(INSN_SUB, OP_STORE),
    [0x30] = OP(INSN_XOR, OP_STORE | OP_BYTE), [0x31] = OP(INSN_XOR, OP_STORE),
    [0x6c] = OP(INSN_INS, OP_BYTE),            [0x6d] = OP(INSN_INS, OP_IO),
    [0x6e] = OP(INSN_OUTS, OP_BYTE),           [0x6f] = OP(INSN_OUTS, OP_IO),
    [0x80] = GROUP(group1, OP_STORE | OP_BYTE | OP_IMM8),
    [0x81] = GROUP(group1, OP_STORE | OP_IMMZ),
    [0x83] = GROUP(group1, OP_STORE | OP_IMM8),
    [0x86] = OP(INSN_XCHG, OP_STORE | OP_BYTE), [0x87] = OP(INSN_XCHG, OP_STORE),
    [0x88] = OP(INSN_MOV, OP_STORE | OP_BYTE), [0x89] = OP(INSN_MOV, OP_STORE),
    [0xa2] = OP(INSN_MOV, OP_MOFFS | OP_BYTE), [0xa3] = OP(INSN_MOV, OP_MOFFS),
    [0xa4] = OP(INSN_MOVS, OP_BYTE),           [0xa5] = OP(INSN_MOVS, 0),
    [0xaa] = OP(INSN_STOS, OP_BYTE),           [0xab] = OP(INSN_STOS, 0),
    [0xc6] = GROUP(group11, OP_STORE | OP_BYTE | OP_IMM8),
    [0xc7] = GROUP(group11, OP_STORE | OP_IMMZ),
    [0xcd] = OP(INSN_INT, OP_UIMM8),
    [0xe4] = OP(INSN_IN, OP_BYTE | OP_UIMM8),  [0xe5] = OP(INSN_IN, OP_IO | OP_UIMM8),
    [0xe6] = OP(INSN_OUT, OP_BYTE | OP_UIMM8), [0xe7] = OP(INSN_OUT, OP_IO | OP_UIMM8),
    [0xec] = OP(INSN_IN, OP_BYTE),             [0xed] = OP(INSN_IN, OP_IO),
    [0xee] = OP(INSN_OUT, OP_BYTE),            [0xef] = OP(INSN_OUT, OP_IO),
    [0xf4] = OP(INSN_HLT, 0),
    [0xf6] = GROUP(group3, OP_STORE | OP_BYTE), [0xf7] = GROUP(group3, OP_STORE),
    [0xfa] = OP(INSN_CLI, 0),                     [0xfb] = OP(INSN_STI, 0),
    [0xfe] = GROUP(group4, OP_STORE | OP_BYTE), [0xff] = GROUP(group4, OP_STORE),
};

static const struct opcode after_0f[256] = {
    [0x00] = GROUP(group6, OP_MODRM),
    [0x06] = OP(INSN_CLTS, 0),                    [0x07] = OP(INSN_SYSRET, 0),
    [0x08] = OP(INSN_INVD, 0),                    [0x09] = OP(INSN_WBINVD, 0),
    [0x30] = OP(INSN_WRMSR, 0),                   [0x31] = OP(INSN_RDTSC, 0),
    [0x32] = OP(INSN_RDMSR, 0),                   [0x33] = OP(INSN_RDPMC, 0),
    [0xa2] = OP(INSN_CPUID, 0),
    [0xab] = OP(INSN_BTS, OP_STORE),           [0xb3] = OP(INSN_BTR, OP_STORE),
    [0xb0] = OP(INSN_CMPXCHG, OP_STORE | OP_BYTE),
    [0xb1] = OP(INSN_CMPXCHG, OP_STORE),
    [0xba] = GROUP(group8, OP_STORE | OP_UIMM8),
    [0xbb] = OP(INSN_BTC, OP_STORE),
    [0xc0] = OP(INSN_XADD, OP_STORE | OP_BYTE), [0xc1] = OP(INSN_XADD, OP_STORE),
    [0xc3] = OP(INSN_MOVNTI, OP_STORE),
    [0xc7] = GROUP(group9, OP_STORE),
};
/* clang-format on */

/* The bytes that are left; `rc` is set when they are not enough. */
struct cursor {
    const u8 *bytes;
    unsigned int nr, pos;
    int rc;
};

static u8 next_byte(struct cursor *c)
{
    if (c->pos >= INSN_MAX_BYTES)
        c->rc = -EINVAL;
    else if (c->pos >= c->nr)
        c->rc = -ENODATA;
    if (c->rc)
        return 0;
    return c->bytes[c->pos++];
}

/* A little-endian number of 1, 2, 4 or 8 bytes, sign-extended. */
static u64 next_signed(struct cursor *c, unsigned int nr)
{
    unsigned int shift = 64 - 8 * nr;
    u64 value = 0;

    for (unsigned int i = 0; i < nr; i++)
        value |= (u64)next_byte(c) << (8 * i);

    return (s64)(value << shift) >> shift;
}

/* Prefixes up to the opcode's first byte, which is returned. REX counts only
 * where it is the last of them; fs and gs are the only segments with a base. */
static u8 decode_prefixes(struct cursor *c, struct insn *insn)
{
    for (;;) {
        u8 byte = next_byte(c);

        switch (byte) {
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e:
            break;
        case 0x64:
        case 0x65:
            insn->seg = byte;
            break;
        case 0x66:
            insn->opsize = true;
            break;
        case 0x67:
            insn->addrsize = true;
            break;
        case 0xf0:
            insn->lock = true;
            break;
        case 0xf2:
        case 0xf3:
            insn->repne = byte == 0xf2;
            insn->rep = byte == 0xf3;
            break;
        default:
            if (byte >= 0x40 && byte <= 0x4f) {
                insn->rex = byte;
                continue;
            }
            return byte;
        }
        insn->rex = 0;
    }
}

#define REX_B 0x1
#define REX_X 0x2
#define REX_R 0x4
#define REX_W 0x8

static void decode_modrm(struct cursor *c, struct insn *insn)
{
    u8 modrm = next_byte(c);

    insn->mod = modrm >> 6;
    insn->reg = ((modrm >> 3) & 7) | (insn->rex & REX_R ? 8 : 0);
    insn->rm = (modrm & 7) | (insn->rex & REX_B ? 8 : 0);
}

static u64 decode_sib(struct cursor *c, const struct insn *insn,
                      const struct insn_context *ctx)
{
    u8 sib = next_byte(c);
    unsigned int base = (sib & 7) | (insn->rex & REX_B ? 8 : 0);
    unsigned int index = ((sib >> 3) & 7) | (insn->rex & REX_X ? 8 : 0);
    u64 addr = 0;

    if (index != 4)
        addr = insn_reg(ctx->regs, index) << (sib >> 6);
    if ((sib & 7) == 5 && insn->mod == 0)
        return addr + next_signed(c, 4);
    return addr + insn_reg(ctx->regs, base);
}

/* Address of the modrm operand within its segment; where it is relative to
 * rip, the length of the instruction is still to be added. */
static u64 decode_address(struct cursor *c, const struct insn *insn,
                          const struct insn_context *ctx)
{
    u64 addr;

    if ((insn->rm & 7) == 5 && insn->mod == 0)
        return ctx->regs->rip + next_signed(c, 4);

    if ((insn->rm & 7) == 4)
        addr = decode_sib(c, insn, ctx);
    else
        addr = insn_reg(ctx->regs, insn->rm);
    if (insn->mod == 1)
        addr += next_signed(c, 1);
    else if (insn->mod == 2)
        addr += next_signed(c, 4);
    return addr;
}

static bool is_rip_relative(const struct insn *insn)
{
    return insn->mod == 0 && (insn->rm & 7) == 5;
}

/* An offset becomes a linear address: cut to address size, plus its base. */
static u64 linear_address(const struct insn *insn,
                          const struct insn_context *ctx, u64 offset, u8 seg)
{
    if (insn->addrsize)
        offset = (u32)offset;
    if (seg == 0x64)
        offset += ctx->fs_base;
    else if (seg == 0x65)
        offset += ctx->gs_base;
    return offset;
}

/* 0f 01: registers encode instructions of their own. */
static enum insn_kind group7_kind(const struct insn *insn)
{
    static const u8 memory[8] = {
        [2] = INSN_LGDT, [3] = INSN_LIDT,   [4] = INSN_SMSW,
        [6] = INSN_LMSW, [7] = INSN_INVLPG,
    };
    unsigned int reg = insn->reg & 7, rm = insn->rm & 7;

    if (insn->mod != 3)
        return memory[reg];
    if (reg == 4)
        return INSN_SMSW;
    if (reg == 6)
        return INSN_LMSW;
    if (reg == 2 && rm == 1 && !insn->opsize && !insn->rep && !insn->repne)
        return INSN_XSETBV;
    if (reg == 7 && rm == 0)
        return INSN_SWAPGS;
    if (reg == 7 && rm == 1)
        return INSN_RDTSCP;
    return INSN_UNKNOWN;
}

/* 0f 20..23: always between registers, whatever mod says, and 64 bits wide. */
static void decode_control_register(struct cursor *c, struct insn *insn)
{
    static const u8 kinds[4] = {INSN_MOV_FROM_CR, INSN_MOV_FROM_DR,
                                INSN_MOV_TO_CR, INSN_MOV_TO_DR};

    decode_modrm(c, insn);
    insn->mod = 3;
    insn->op_bytes = 8;
    insn->kind = kinds[insn->opcode & 3];
}

/* Forms of a known opcode that mean something else, or are not supported. */
static bool is_excluded(const struct insn *insn)
{
    switch (insn->kind) {
    case INSN_STOS:
    case INSN_MOVS:
        return insn->rep || insn->repne;
    case INSN_MOVNTI:
        return insn->opsize || insn->rep || insn->repne;
    case INSN_CMPXCHG8B:
        return (insn->rex & REX_W) || insn->opsize || insn->rep || insn->repne;
    default:
        return false;
    }
}

static u8 operand_bytes(const struct insn *insn, u8 flags)
{
    if (flags & OP_BYTE)
        return 1;
    if ((insn->rex & REX_W) && !(flags & OP_IO))
        return 8;
    return insn->opsize ? 2 : 4;
}

/* BTS and its like with the bit number in a register reach past the operand:
 * move the address to the operand-sized element that the bit lies in. */
static u64 bit_element_offset(const struct insn *insn,
                              const struct cpu_regs *regs)
{
    unsigned int shift = 64 - 8 * insn->op_bytes;
    s64 bit = (s64)(insn_reg(regs, insn->reg) << shift) >> shift;
    s64 bits = 8 * insn->op_bytes;

    return (bit & ~(bits - 1)) / 8;
}

static bool has_bit_in_register(const struct insn *insn)
{
    return insn->kind >= INSN_BTS && insn->kind <= INSN_BTC && !insn->has_imm;
}

static void decode_immediate(struct cursor *c, struct insn *insn, u8 flags)
{
    insn->has_imm = flags & (OP_IMM8 | OP_IMMZ | OP_UIMM8);
    if (flags & OP_IMM8)
        insn->imm = next_signed(c, 1);
    else if (flags & OP_UIMM8)
        insn->imm = next_byte(c);
    else if (flags & OP_IMMZ)
        insn->imm = next_signed(c, insn->op_bytes < 4 ? insn->op_bytes : 4);
}

/* Operands that the opcode alone names: rsi and rdi. */
static void decode_string_addresses(struct insn *insn,
                                    const struct insn_context *ctx)
{
    insn->has_mem = true;
    insn->addr = linear_address(insn, ctx, ctx->regs->rdi, 0);
    insn->src_addr = linear_address(insn, ctx, ctx->regs->rsi, insn->seg);
}

static bool is_string(const struct insn *insn)
{
    return insn->kind == INSN_STOS || insn->kind == INSN_MOVS ||
           insn->kind == INSN_INS || insn->kind == INSN_OUTS;
}

/* Everything behind modrm: displacement, immediate, and the addresses. */
static void decode_operands(struct cursor *c, struct insn *insn, u8 flags,
                            const struct insn_context *ctx)
{
    u64 offset = 0;

    insn->has_mem =
        ((flags & OP_MODRM) && insn->mod != 3) || (flags & OP_MOFFS);
    if (flags & OP_MOFFS)
        offset = next_signed(c, insn->addrsize ? 4 : 8);
    else if (insn->has_mem)
        offset = decode_address(c, insn, ctx);
    decode_immediate(c, insn, flags);
    if (is_string(insn))
        decode_string_addresses(insn, ctx);
    if (!(flags & (OP_MODRM | OP_MOFFS)) || !insn->has_mem)
        return;

    if ((flags & OP_MODRM) && is_rip_relative(insn))
        offset += c->pos;
    if (has_bit_in_register(insn))
        offset += bit_element_offset(insn, ctx->regs);
    insn->addr = linear_address(insn, ctx, offset, insn->seg);
}

/* From the opcode to the end. */
static void decode_body(struct cursor *c, struct insn *insn,
                        const struct opcode *op, const struct insn_context *ctx)
{
    u8 flags = op->flags;

    insn->kind = op->kind;
    if (flags & OP_MODRM)
        decode_modrm(c, insn);
    if (op->group)
        insn->kind = op->group[insn->reg & 7];
    if ((flags & OP_MEM) && insn->mod == 3)
        insn->kind = INSN_UNKNOWN;
    if (insn->kind == INSN_UNKNOWN || is_excluded(insn)) {
        insn->kind = INSN_UNKNOWN;
        return;
    }
    insn->op_bytes =
        insn->kind == INSN_CMPXCHG8B ? 8 : operand_bytes(insn, flags);
    decode_operands(c, insn, flags, ctx);
}

static void decode_after_0f(struct cursor *c, struct insn *insn,
                            const struct insn_context *ctx)
{
    insn->map = 1;
    insn->opcode = next_byte(c);
    if (insn->opcode >= 0x20 && insn->opcode <= 0x23) {
        decode_control_register(c, insn);
    } else if (insn->opcode == 0x01) {
        decode_modrm(c, insn);
        insn->kind = group7_kind(insn);
        insn->op_bytes = operand_bytes(insn, 0);
        if (insn->kind != INSN_UNKNOWN)
            decode_operands(c, insn, OP_MODRM, ctx);
    } else {
        decode_body(c, insn, &after_0f[insn->opcode], ctx);
    }
}

int insn_decode(const u8 *bytes, unsigned int nr,
                const struct insn_context *ctx, struct insn *insn_out)
{
    struct cursor c = {.bytes = bytes, .nr = nr};
    struct insn insn = {.kind = INSN_UNKNOWN};

    insn.opcode = decode_prefixes(&c, &insn);
    if (insn.opcode == 0x0f)
        decode_after_0f(&c, &insn, ctx);
    else
        decode_body(&c, &insn, &one_byte[insn.opcode], ctx);

    if (c.rc)
        return c.rc;
    if (insn.lock && insn.kind != INSN_UNKNOWN && !insn_reads_memory(&insn))
        return -EINVAL;
    insn.len = insn.kind == INSN_UNKNOWN ? 0 : (u8)c.pos;
    *insn_out = insn;
    return 0;
}
