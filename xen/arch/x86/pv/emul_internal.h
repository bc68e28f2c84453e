/* SPDX-License-Identifier: MIT */
/* What the files that emulate privileged instructions share. */
#ifndef EMUL_INTERNAL_H
#define EMUL_INTERNAL_H

#include "xen/vcpu.h"
#include "asm/decode.h"

enum emul_result {
    EMUL_DONE,    /* move rip on */
    EMUL_AGAIN,   /* a part of a repeated instruction is done: rip stays */
    EMUL_REFUSED, /* the guest gets the #GP */
    EMUL_INVALID, /* the guest gets #UD */
    EMUL_FAULTED, /* the guest is at its fault handler already */
};

typedef enum emul_result emul_fn(struct vcpu *v, struct cpu_regs *regs,
                                 const struct insn *insn);

/* Control and debug registers: emul_cr.c. */
emul_fn emul_clts, emul_mov_from_cr, emul_mov_to_cr;
emul_fn emul_mov_from_dr, emul_mov_to_dr;

/* Ports: emul_io.c. */
emul_fn emul_in, emul_out, emul_ins, emul_outs;

#endif
