/* SPDX-License-Identifier: MIT */
/*
 * Switching a CPU from one vcpu to another.
 *
 * The registers of the vcpu that runs lie at the top of the CPU's stack; they
 * move to its struct when another vcpu needs the place. Going idle leaves
 * everything loaded (cpu_info.loaded), so that a vcpu that slept and wakes on
 * the same CPU costs next to nothing; another CPU that wants it asks for the
 * state back first (sync_vcpu_state()).
 */
#include "asm/switch.h"

#include "xen/sched.h"
#include "xen/softirq.h"
#include "xen/time.h"
#include "asm/asm_macros.h"
#include "asm/cpufeature.h"
#include "asm/mm.h"
#include "asm/processor.h"
#include "asm/pv.h"
#include "asm/smp.h"
#include "asm/spec_ctrl.h"
#include "asm/xpti.h"
#include "asm/xstate.h"

/* entry.S: leave the present stack contents behind. */
void __noreturn switch_to_guest(void);
void __noreturn switch_to_idle(void);

/* CR4 on this host with no guest's wishes; guests add to it. */
static u64 base_cr4;

#define CR4_GUEST_BITS (X86_CR4_TSD | X86_CR4_DE | X86_CR4_FSGSBASE)

void switch_cpu_init(void)
{
    base_cr4 = read_cr4() & ~CR4_GUEST_BITS;
    write_cr4(base_cr4);
    get_cpu_info()->softirq_pending = &this_cpu(softirq_pending);
}

u64 vcpu_hw_cr4(const struct vcpu *v)
{
    u64 cr4 = base_cr4 | (v->arch.cr4 & CR4_GUEST_BITS);

    return v->domain->arch.tsc.emulated ? cr4 | X86_CR4_TSD : cr4;
}

void load_debugregs(struct vcpu *v)
{
    u64 *dr = v->arch.debugreg;
    u64 dr7 = dr[7] & DR7_ENABLED ? dr[7] : DR7_RESERVED_ONE;

    if (dr7 != DR7_RESERVED_ONE) {
        __asm__ volatile("mov %0, %%db0" ::"r"(dr[0]));
        __asm__ volatile("mov %0, %%db1" ::"r"(dr[1]));
        __asm__ volatile("mov %0, %%db2" ::"r"(dr[2]));
        __asm__ volatile("mov %0, %%db3" ::"r"(dr[3]));
    }
    __asm__ volatile("mov %0, %%db7" ::"r"(dr7));
}

/* Load a segment register; false if the CPU refuses the selector. */
#define LOAD_SEGMENT(reg, sel)                                                 \
    __extension__({                                                            \
        bool loaded_ok = true;                                                 \
        __asm__ volatile("1: mov %1, %%" #reg "\n"                             \
                         "   jmp 3f\n"                                         \
                         "2: movb $0, %0\n"                                    \
                         "   mov %2, %%" #reg "\n"                             \
                         "3:\n" EXTABLE("1b", "2b")                            \
                         : "+m"(loaded_ok)                                     \
                         : "r"((u32)(sel)), "r"(0));                           \
        loaded_ok;                                                             \
    })

void load_user_gs(u16 selector)
{
    /* GS must be exchanged meanwhile: loading the selector writes the active
     * base. */
    __asm__ volatile("swapgs");
    (void)LOAD_SEGMENT(gs, selector);
    __asm__ volatile("swapgs");
}

static void save_segments(struct vcpu *v)
{
    u64 active, inactive;

    __asm__ volatile("mov %%ds, %0" : "=m"(v->arch.ds));
    __asm__ volatile("mov %%es, %0" : "=m"(v->arch.es));
    __asm__ volatile("mov %%fs, %0" : "=m"(v->arch.fs));
    __asm__ volatile("mov %%gs, %0" : "=m"(v->arch.gs));

    v->arch.fs_base = rdmsr(MSR_FS_BASE);
    active = rdmsr(MSR_GS_BASE);
    inactive = rdmsr(MSR_KERNEL_GS_BASE);
    v->arch.gs_base_kernel = guest_kernel_mode(v) ? active : inactive;
    v->arch.gs_base_user = guest_kernel_mode(v) ? inactive : active;
}

/* Selectors first: loading FS and GS changes their bases. */
static void load_segments(struct vcpu *v)
{
    const u16 sel[4] = {v->arch.ds, v->arch.es, v->arch.fs, v->arch.gs};
    bool kernel = guest_kernel_mode(v);
    bool ok = true;

    ok &= LOAD_SEGMENT(ds, sel[0]);
    ok &= LOAD_SEGMENT(es, sel[1]);
    ok &= LOAD_SEGMENT(fs, sel[2]);
    ok &= LOAD_SEGMENT(gs, sel[3]);

    wrmsr(MSR_FS_BASE, v->arch.fs_base);
    wrmsr(MSR_GS_BASE, kernel ? v->arch.gs_base_kernel : v->arch.gs_base_user);
    wrmsr(MSR_KERNEL_GS_BASE,
          kernel ? v->arch.gs_base_user : v->arch.gs_base_kernel);

    if (unlikely(!ok)) {
        local_irq_enable();
        pv_bounce_failsafe(v, guest_regs(), sel);
        local_irq_disable();
    }
}

/* Take the loaded vcpu's state off this CPU. Interrupts are off. */
static void save_loaded(void)
{
    struct cpu_info *info = get_cpu_info();
    struct vcpu *v = info->loaded;

    v->arch.regs = info->guest_regs;
    save_segments(v);
    xstate_save(v);
    if (v->arch.debugreg[7] & DR7_ENABLED)
        __asm__ volatile("mov %0, %%db7" ::"r"((u64)DR7_RESERVED_ONE));
    pv_unload_descriptors(v);

    info->loaded = NULL;
    write_cr3(image_to_maddr(idle_pg_table));
    cpumask_clear(smp_processor_id(), &v->domain->dirty_cpumask);
    WRITE_ONCE(v->dirty_cpu, VCPU_CPU_CLEAN);
}

static void load_vcpu(struct vcpu *v)
{
    struct cpu_info *info = get_cpu_info();
    mfn_t table =
        guest_kernel_mode(v) ? v->arch.guest_table : v->arch.guest_table_user;

    v->dirty_cpu = smp_processor_id();
    cpumask_set(smp_processor_id(), &v->domain->dirty_cpumask);
    info->loaded = v;
    info->guest_regs = v->arch.regs;

    xpti_switch_vcpu();
    pv_load_descriptors(v);
    write_cr3(mfn_to_maddr(table));
    if (read_cr4() != vcpu_hw_cr4(v))
        write_cr4(vcpu_hw_cr4(v));
    xstate_restore(v);
    if (v->arch.debugreg[7] & DR7_ENABLED)
        load_debugregs(v);
    if (cpu_has_rdtscp)
        wrmsr(MSR_TSC_AUX, v->arch.tsc_aux);
    load_segments(v);
}

void sync_local_state(void)
{
    unsigned long flags = local_irq_save();
    struct cpu_info *info = get_cpu_info();

    if (info->loaded && info->loaded != info->curr)
        save_loaded();
    local_irq_restore(flags);
}

void sync_vcpu_state(struct vcpu *v)
{
    unsigned int cpu = READ_ONCE(v->dirty_cpu);
    struct cpumask mask;

    if (cpu == VCPU_CPU_CLEAN)
        return;
    if (cpu == smp_processor_id()) {
        sync_local_state();
        return;
    }
    cpumask_of(&mask, cpu);
    flush_cpus(&mask, FLUSH_STATE, 0);
}

void context_switch(struct vcpu *prev, struct vcpu *next)
{
    struct cpu_info *info = get_cpu_info();

    if (!is_idle_vcpu(next) && info->loaded != next) {
        unsigned int dirty = READ_ONCE(next->dirty_cpu);

        /* Its registers may still be on the CPU it slept on. */
        if (dirty != VCPU_CPU_CLEAN && dirty != smp_processor_id()) {
            local_irq_enable();
            sync_vcpu_state(next);
            local_irq_disable();
        }
        if (!info->loaded || info->loaded->domain != next->domain)
            spec_ctrl_switch_domain();
        if (info->loaded)
            save_loaded();
        info->curr = next;
        load_vcpu(next);
    }
    info->curr = next;
    context_saved(prev);

    if (is_idle_vcpu(next)) {
        local_irq_enable();
        switch_to_idle();
    }

    update_vcpu_system_time(next);
    vcpu_runstate_publish(next);
    local_irq_enable();
    switch_to_guest();
}

void continue_running(struct vcpu *same)
{
    local_irq_enable();
    if (is_idle_vcpu(same))
        switch_to_idle();
    switch_to_guest();
}
