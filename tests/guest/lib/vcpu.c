/* SPDX-License-Identifier: MIT */
/* Further vcpus, and which one runs. */
#include "guest.h"

static struct vcpu vcpus[MAX_VCPUS];
static struct vcpu_guest_context start_context;

struct vcpu *this_vcpu(void)
{
    uint64_t rsp, index;
    struct vcpu **user_trap;

    __asm__ volatile("movq %%rsp, %0" : "=r"(rsp));
    index = (rsp - 8 - (uint64_t)vcpu_stacks) / VCPU_STACK_SIZE;
    if (index < MAX_VCPUS) {
        vcpus[index].id = (unsigned int)index;
        return &vcpus[index];
    }
    user_trap =
        (struct vcpu **)(vcpu_stacks + MAX_VCPUS * (uint64_t)VCPU_STACK_SIZE);
    return *user_trap;
}

uint64_t vcpu_stack_end(unsigned int id)
{
    return (uint64_t)vcpu_stacks + (id + 1) * (uint64_t)VCPU_STACK_SIZE;
}

void vcpu_context(struct vcpu_guest_context *context, unsigned int id,
                  void (*function)(void))
{
    memset(context, 0, sizeof(*context));
    context->flags = VGCF_in_kernel;
    context->user_regs.rip = (uint64_t)vcpu_entry;
    context->user_regs.cs = FLAT_KERNEL_CS;
    context->user_regs.rflags = RFLAGS_IF;
    context->user_regs.rsp = vcpu_stack_end(id);
    context->user_regs.ss = FLAT_KERNEL_SS;
    context->user_regs.rdi = (uint64_t)function;
    memcpy(context->trap_ctxt, trap_table(), sizeof(context->trap_ctxt));
    context->kernel_ss = FLAT_KERNEL_SS;
    context->kernel_sp = vcpu_stack_end(id);
    context->ctrlreg[3] = va_to_mfn(boot_l4()) << PAGE_SHIFT;
    context->event_callback_eip = (uint64_t)event_entry;
    context->failsafe_callback_eip = (uint64_t)failsafe_entry;
    context->syscall_callback_eip = (uint64_t)syscall_entry;
}

long vcpu_start(unsigned int id, void (*function)(void))
{
    long rc;

    vcpu_context(&start_context, id, function);
    rc = hypercall(__HYPERVISOR_vcpu_op, VCPUOP_initialise, id, &start_context);
    if (rc)
        return rc;
    return hypercall(__HYPERVISOR_vcpu_op, VCPUOP_up, id, NULL);
}

unsigned int vcpu_max(void)
{
    unsigned int nr = 0;

    while (nr < 64 &&
           hypercall(__HYPERVISOR_vcpu_op, VCPUOP_is_up, nr, NULL) >= 0)
        nr++;
    return nr;
}

void vcpu_park(void)
{
    for (;;)
        hypercall(__HYPERVISOR_vcpu_op, VCPUOP_down, this_vcpu()->id, NULL);
}
