/* SPDX-License-Identifier: MIT */
/* The simulated CPUs: one runs at a time, in the test program's one thread. */
#include "fake/fake.h"

#include <stdlib.h>

#include "asm/processor.h"

/* Here it is the member that is meant. */
#undef current

unsigned long fake_irqflags = X86_EFLAGS_IF;
void (*fake_cpuid)(u32 leaf, u32 subleaf, u32 regs_out[4]);

static struct cpu_info infos[FAKE_NR_CPUS];
static unsigned int this;

struct cpu_info *fake_cpu_info(void)
{
    infos[this].processor_id = this;
    return &infos[this];
}

void fake_set_cpu(unsigned int cpu)
{
    if (cpu >= FAKE_NR_CPUS)
        abort();
    this = cpu;
}

void fake_set_current(struct vcpu *v)
{
    infos[this].curr = v;
    if (v != NULL)
        v->processor = this;
}
