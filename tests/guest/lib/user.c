/* SPDX-License-Identifier: MIT */
/* Excursions to user mode. */
#include "guest.h"
#include "internal.h"

const struct trap *user_run_by(const struct iret_context *frame, uint64_t nr,
                               const void *arg0, uint64_t arg1)
{
    /* Behind the stacks of the vcpus, with the struct vcpu of this one. */
    uint64_t stack = (uint64_t)vcpu_stacks + MAX_VCPUS * VCPU_STACK_SIZE;
    long rc;

    trap_clear();
    *(struct vcpu **)stack = this_vcpu();
    rc = hypercall(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS,
                   stack + VCPU_STACK_SIZE);
    REQUIRE("stack_switch", rc == 0);
    user_enter(frame, nr, arg0, arg1);
    return trap_last();
}

const struct trap *user_run_frame(const struct iret_context *frame)
{
    return user_run_by(frame, __HYPERVISOR_iret, NULL, 0);
}

const struct trap *user_run(uint64_t rip, uint64_t rsp, uint64_t rflags)
{
    struct iret_context frame = {.rip = rip,
                                 .cs = FLAT_USER_CS,
                                 .rflags = rflags | RFLAGS_IF,
                                 .rsp = rsp,
                                 .ss = FLAT_USER_SS};

    return user_run_frame(&frame);
}
