/* SPDX-License-Identifier: MIT */
/*
 * Instructions as a guest may write them: decoded from a block of exactly their
 * bytes, and those that store carried out on registers of the input's.
 *
 * Input: registers, what is in memory, then the instruction.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xen/compiler.h"
#include "asm/decode.h"

#define NR_WORDS 18 /* general registers, flags, what memory holds */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
    if (!good)
        abort();
}

/* What else than its own fields an instruction may be known by. */
static void check_insn(const struct insn *insn, unsigned int nr)
{
    if (insn->kind == INSN_UNKNOWN) {
        must(insn->len == 0);
        return;
    }
    must(insn->len > 0 && insn->len <= nr && insn->len <= INSN_MAX_BYTES);
    must(insn->op_bytes == 1 || insn->op_bytes == 2 || insn->op_bytes == 4 ||
         insn->op_bytes == 8);
    must(insn->reg < 16 && insn->rm < 16 && insn->mod < 4);
    must(!insn_is_store(insn) || insn->has_mem);
}

/* Registers that it does not name stay, and so does the mode. */
static void carry_out(const struct insn *insn, struct cpu_regs *regs, u64 old,
                      u64 source)
{
    const u64 arithmetic = X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF |
                           X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_OF;
    struct cpu_regs before = *regs;
    struct insn_effect effect;

    if (insn_store_result(insn, regs, old, source, &effect)) {
        must(!insn_is_store(insn));
        return;
    }
    must(insn_is_store(insn) && effect.nr_regs <= ARRAY_SIZE(effect.reg));
    for (unsigned int i = 0; i < effect.nr_regs; i++)
        must(effect.reg[i].idx < 16);
    insn_complete(insn, &effect, regs);
    must(regs->rip == before.rip + insn->len);
    must(((regs->rflags ^ before.rflags) & ~(arithmetic | X86_EFLAGS_RF)) == 0);
    must(regs->cs == before.cs && regs->ss == before.ss);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct insn_context ctx;
    struct cpu_regs regs;
    struct insn insn;
    u64 word[NR_WORDS];
    unsigned int nr;
    u8 *bytes;

    if (size < sizeof(word))
        return 0;
    memcpy(word, data, sizeof(word));
    memset(&regs, 0, sizeof(regs));
    for (unsigned int i = 0; i < 16; i++)
        insn_reg_write(&regs, i, word[i]);
    regs.rip = word[3];
    regs.rflags = word[16];
    ctx = (struct insn_context){&regs, word[4], word[5]};

    nr = (unsigned int)min(size - sizeof(word), (size_t)INSN_MAX_BYTES + 1);
    bytes = malloc(nr ? nr : 1);
    memcpy(bytes, data + sizeof(word), nr);
    if (insn_decode(bytes, nr, &ctx, &insn) == 0) {
        check_insn(&insn, nr);
        carry_out(&insn, &regs, word[17], word[2]);
    }
    free(bytes);
    return 0;
}
