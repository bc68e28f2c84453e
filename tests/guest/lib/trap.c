/* SPDX-License-Identifier: MIT */
/* Traps: the table, what happens to each, traps that a test expects. */
#include "public/callback.h"

#include "guest.h"
#include "internal.h"

/* Pairs in section .fixups: an instruction that may trap, where to go on. */
struct fixup {
    uint64_t insn;
    uint64_t resume;
};

extern const struct fixup fixups_start[], fixups_end[];

static struct trap_info table[257];
static bool (*trap_hook)(struct regs *regs);

const struct trap_info *trap_table(void)
{
    return table;
}

static void fill_table(void)
{
    for (unsigned int i = 0; i < 256; i++) {
        table[i].vector = (uint8_t)i;
        table[i].flags = i == TRAP_BP || i == TRAP_OF || i == 0x80 ? 3 : 0;
        table[i].cs = FLAT_KERNEL_CS;
        table[i].address = (uint64_t)vector_stubs + i * VECTOR_STUB_SIZE;
    }
}

static void register_callback(uint16_t type, const uint8_t *entry)
{
    struct callback_register reg = {.type = type,
                                    .flags = CALLBACKF_mask_events,
                                    .address = (uint64_t)entry};

    hypercall(__HYPERVISOR_callback_op, CALLBACKOP_register, &reg);
}

void trap_init(void)
{
    long rc;

    fill_table();
    rc = hypercall(__HYPERVISOR_set_trap_table, table);
    REQUIRE("trap_table_is_set", rc == 0);
    register_callback(CALLBACKTYPE_event, event_entry);
    register_callback(CALLBACKTYPE_failsafe, failsafe_entry);
    register_callback(CALLBACKTYPE_syscall, syscall_entry);
    trap_clear();
}

void trap_set_hook(bool (*hook)(struct regs *regs))
{
    trap_hook = hook;
}

void trap_clear(void)
{
    struct vcpu *vcpu = this_vcpu();

    memset(&vcpu->trap, 0, sizeof(vcpu->trap));
    vcpu->trap.regs.vector = TRAP_NONE;
}

const struct trap *trap_last(void)
{
    return &this_vcpu()->trap;
}

static bool trap_fix(struct regs *regs)
{
    for (const struct fixup *fixup = fixups_start; fixup < fixups_end;
         fixup++) {
        if (fixup->insn != regs->rip)
            continue;
        regs->rip = fixup->resume;
        return true;
    }
    return false;
}

static uint64_t entry_of(uint64_t va)
{
    const uint64_t *entry = pte_of(va, 1);

    return entry ? READ_ONCE(*entry) : 0;
}

static void trap_die(const struct regs *regs)
{
    static bool dying;

    printf("FAIL trap: vector %lu error 0x%lx rip 0x%lx cs 0x%lx cr2 0x%lx\n",
           regs->vector, regs->error, regs->rip, regs->cs, trap_last()->cr2);
    printf("  rsp 0x%lx rflags 0x%lx rax 0x%lx rcx 0x%lx rdx 0x%lx\n",
           regs->rsp, regs->rflags, regs->rax, regs->rcx, regs->rdx);
    if (!dying) { /* the tables may be what is wrong */
        dying = true;
        printf("  entry of rip 0x%lx", entry_of(regs->rip));
        printf(", of cr2 0x%lx\n", entry_of(trap_last()->cr2));
    }
    check_done();
}

void trap_dispatch(struct regs *regs)
{
    struct vcpu *vcpu = this_vcpu();

    if (regs->vector == VECTOR_EVENT) {
        event_upcall();
        return;
    }
    vcpu->trap.regs = *regs;
    vcpu->trap.cr2 = vcpu_info(vcpu->id)->arch.cr2;
    vcpu->trap.count++;
    if (trap_hook && trap_hook(regs))
        return;
    if ((regs->cs & 3) == 3)
        user_leave();
    if (!trap_fix(regs))
        trap_die(regs);
}

uint64_t try_write(uint64_t va, uint64_t value)
{
    return TRAP_OF_INSN("movq %1, (%0)", : : "r"(va), "r"(value) : "memory");
}

uint64_t try_read(uint64_t va)
{
    uint64_t value;

    return TRAP_OF_INSN("movq (%1), %0", : "=r"(value) : "r"(va) : "memory");
}
