/* SPDX-License-Identifier: MIT */
/*
 * A PV kernel of a few KiB, started in place of the control domain's: times the
 * primitives of paravirtualization in ticks of the TSC, with no Linux between.
 *
 * It prints `@R name value unit` per figure and TINY-BENCH-END, then powers
 * off. It has no heap and one stack, and takes no interrupts but the ones it
 * times.
 */
#include "public/callback.h"
#include "public/event_channel.h"
#include "public/sched.h"
#include "public/xen.h"

#define VIRT_BASE 0xffffffff80000000UL
#define PAGE_SIZE 4096UL
#define M2P       ((volatile uint64_t *)MACH2PHYS_VIRT_START)

/* Page-table entries: present, user, accessed, dirty; with and without write.
 */
#define PTE_RW 0x67UL
#define PTE_RO 0x65UL

/* A number that no hypercall has. */
#define HYPERCALL_NONE 63

#define WARM_UP        50
#define NR_EVENTS      2000

/* In tinypv_head.S. */
extern char hypercall_page[], trap_int3[], trap_ud[], ev_cb[], fail_cb[];
extern uint8_t shared_page[];
extern volatile uint64_t ev_count;

static uint8_t test_page[PAGE_SIZE] __attribute__((aligned(4096)));

void start(const struct start_info *si);

static long hypercall(uint64_t nr, uint64_t a, uint64_t b, uint64_t c,
                      uint64_t d)
{
    uint64_t rc = (uint64_t)hypercall_page + nr * 32;
    register uint64_t r10 __asm__("r10") = d;

    __asm__ volatile("call *%%rax"
                     : "+a"(rc), "+D"(a), "+S"(b), "+d"(c), "+r"(r10)
                     :
                     : "rcx", "r8", "r9", "r11", "memory");
    return (long)rc;
}

static void print(const char *text)
{
    uint64_t size = 0;

    while (text[size])
        size++;
    hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, size, (uint64_t)text,
              0);
}

static void print_result(const char *name, uint64_t value, const char *unit)
{
    char digits[24], *at = digits + sizeof(digits) - 1;

    *at = '\0';
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    print("@R tinypv.");
    print(name);
    print(" ");
    print(at);
    print(unit);
}

static uint64_t tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

#define TIME(name, times, action)                                              \
    do {                                                                       \
        uint64_t start_;                                                       \
        for (int i_ = 0; i_ < WARM_UP; i_++) {                                 \
            action;                                                            \
        }                                                                      \
        start_ = tsc();                                                        \
        for (int i_ = 0; i_ < (times); i_++) {                                 \
            action;                                                            \
        }                                                                      \
        print_result(name, (tsc() - start_) / (times), " ticks/op\n");         \
    } while (0)

static long set_va(uint64_t va, uint64_t pte, uint64_t flush)
{
    return hypercall(__HYPERVISOR_update_va_mapping, va, pte, flush, 0);
}

static void time_calls(void)
{
    volatile uint64_t x = 0;

    TIME("loop", 10000, x++);
    TIME("rdtsc", 5000, x += tsc());
    TIME("hypercall_xen_version", 5000,
         hypercall(__HYPERVISOR_xen_version, 0, 0, 0, 0));
    TIME("hypercall_enosys", 5000, hypercall(HYPERCALL_NONE, 0, 0, 0, 0));
    TIME("hypercall_sched_yield", 5000,
         hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0));
    TIME("stack_switch", 2000,
         hypercall(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS,
                   (uint64_t)test_page + PAGE_SIZE, 0, 0));
    TIME("fpu_taskswitch", 2000,
         hypercall(__HYPERVISOR_fpu_taskswitch, 0, 0, 0, 0));
}

/* The page table that maps va; all tables are mapped, read-only. */
static uint64_t *l1_table(const struct start_info *si, uint64_t va)
{
    uint64_t *table = (uint64_t *)si->pt_base;

    for (int level = 3; level >= 1; level--) {
        uint64_t entry = table[va >> (12 + 9 * level) & 511];
        uint64_t mfn = (entry & 0xffffffffff000UL) >> 12;

        table = (uint64_t *)(VIRT_BASE + (M2P[mfn] << 12));
    }
    return table;
}

/* Rewrites the test page's own entry, in all ways that there are. */
static void time_page_tables(const struct start_info *si)
{
    static struct mmu_update updates[32];
    static struct mmuext_op flush = {.cmd = MMUEXT_TLB_FLUSH_LOCAL};
    const uint64_t *p2m = (const uint64_t *)si->mfn_list;
    uint64_t va = (uint64_t)test_page;
    uint64_t mfn = p2m[(va - VIRT_BASE) >> 12];
    uint64_t rw = mfn << 12 | PTE_RW, ro = mfn << 12 | PTE_RO;
    volatile uint64_t *pte = &l1_table(si, va)[va >> 12 & 511];
    uint64_t pte_machine =
        p2m[((uint64_t)pte - VIRT_BASE) >> 12] << 12 | ((uint64_t)pte & 4095);

    for (int i = 0; i < 32; i++) {
        updates[i].ptr = pte_machine;
        updates[i].val = i & 1 ? rw : ro;
    }
    if (set_va(va, ro, UVMF_INVLPG) || set_va(va, rw, UVMF_INVLPG)) {
        print("@E update_va_mapping is refused\n");
        return;
    }
    TIME("update_va_mapping_same", 2000, set_va(va, rw, UVMF_NONE));
    TIME("update_va_mapping_ro_rw", 1000, set_va(va, ro, UVMF_INVLPG);
         set_va(va, rw, UVMF_INVLPG));
    TIME("update_va_mapping_unmap_map", 1000, set_va(va, 0, UVMF_INVLPG);
         set_va(va, rw, UVMF_INVLPG));
    TIME("mmu_update_1", 2000,
         hypercall(__HYPERVISOR_mmu_update, (uint64_t)(updates + 1), 1, 0,
                   DOMID_SELF));
    TIME("mmu_update_32", 200,
         hypercall(__HYPERVISOR_mmu_update, (uint64_t)updates, 32, 0,
                   DOMID_SELF));
    hypercall(__HYPERVISOR_vm_assist, 0, VMASST_TYPE_writable_pagetables, 0, 0);
    TIME("pte_store_emulated", 1000, *pte = rw);
    TIME("mmuext_tlb_flush_local", 2000,
         hypercall(__HYPERVISOR_mmuext_op, (uint64_t)&flush, 1, 0, DOMID_SELF));
}

/* Exceptions that come to the handlers here and go back by the iret call. */
static void time_exceptions(void)
{
    static struct trap_info traps[3] = {
        {.vector = 3, .cs = FLAT_KERNEL_CS},
        {.vector = 6, .cs = FLAT_KERNEL_CS},
    };
    uint32_t a = 0, b, c = 0, d;

    traps[0].address = (uint64_t)trap_int3;
    traps[1].address = (uint64_t)trap_ud;
    if (hypercall(__HYPERVISOR_set_trap_table, (uint64_t)traps, 0, 0, 0)) {
        print("@E set_trap_table is refused\n");
        return;
    }
    TIME("exception_int3_iret", 2000, __asm__ volatile("int3" ::: "memory"));
    TIME("exception_ud_iret", 2000, __asm__ volatile("ud2" ::: "memory"));
    TIME("cpuid", 2000,
         __asm__ volatile("cpuid"
                          : "+a"(a), "=b"(b), "+c"(c), "=d"(d)));
}

static void set_callback(uint16_t type, const char *entry)
{
    struct callback_register callback = {.type = type,
                                         .address = (uint64_t)entry};

    hypercall(__HYPERVISOR_callback_op, CALLBACKOP_register,
              (uint64_t)&callback, 0, 0);
}

static long event_op(uint64_t op, void *arg)
{
    return hypercall(__HYPERVISOR_event_channel_op, op, (uint64_t)arg, 0, 0);
}

/* Two ports of this domain, bound to each other: to send, then to be called. */
static void time_events(volatile struct shared_info *shared)
{
    struct evtchn_alloc_unbound unbound = {.dom = DOMID_SELF,
                                           .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};
    volatile uint64_t *pending;
    struct evtchn_send send;

    if (event_op(EVTCHNOP_alloc_unbound, &unbound))
        return;
    bind.remote_port = unbound.port;
    if (event_op(EVTCHNOP_bind_interdomain, &bind))
        return;
    send.port = bind.local_port;
    TIME("evtchn_send_masked_vcpu", NR_EVENTS, event_op(EVTCHNOP_send, &send));

    set_callback(CALLBACKTYPE_event, ev_cb);
    set_callback(CALLBACKTYPE_failsafe, fail_cb);
    for (int i = 0; i < 64; i++) {
        shared->evtchn_mask[i] = ~0UL;
        shared->evtchn_pending[i] = 0;
    }
    pending = &shared->evtchn_pending[unbound.port / 64];
    shared->vcpu_info[0].evtchn_pending_sel = 0;
    shared->vcpu_info[0].evtchn_upcall_pending = 0;
    shared->evtchn_mask[unbound.port / 64] &= ~(1UL << unbound.port % 64);
    shared->vcpu_info[0].evtchn_upcall_mask = 0;
    ev_count = 0;
    TIME("evtchn_send_upcall_iret", NR_EVENTS, event_op(EVTCHNOP_send, &send);
         *pending = 0; shared->vcpu_info[0].evtchn_pending_sel = 0);
    shared->vcpu_info[0].evtchn_upcall_mask = 1;
    if (ev_count != NR_EVENTS + WARM_UP)
        print("@E some events did not arrive\n");
}

void start(const struct start_info *si)
{
    static struct sched_shutdown poweroff = {SHUTDOWN_poweroff};

    uint64_t reset = tsc();

    print_result("memory", si->nr_pages * (PAGE_SIZE / 1024), " KiB\n");
    print_result("reset_to_kernel", reset / 1000000, " ms\n");
    time_calls();
    time_page_tables(si);
    time_exceptions();
    if (set_va((uint64_t)shared_page, si->shared_info | PTE_RW, UVMF_INVLPG))
        print("@E shared_info cannot be mapped\n");
    else
        time_events((volatile struct shared_info *)shared_page);
    print("TINY-BENCH-END\n");
    for (;;)
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (uint64_t)&poweroff,
                  0, 0);
}
