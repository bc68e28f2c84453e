/* SPDX-License-Identifier: MIT */
/* Calls about vcpus and time, small ones, plain numbers; and what only the
 * control domain may do. */
#include "public/physdev.h"

#include "random.h"

/* ---- vcpus ------------------------------------------------------------- */

/* Each vcpu's own, as the upcall has to know where it is. */
static uint8_t info_page[MAX_VCPUS][PAGE_SIZE] __attribute__((aligned(4096)));

static void register_info(struct actor *a)
{
    struct vcpu_register_vcpu_info *op = new_arg(a);

    op->mfn = va_to_mfn(info_page[a->vcpu]);
    op->offset = below(a, 64) * 8;
    event_disable();
    if (now(a, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, a->vcpu, op) ==
        0)
        set_vcpu_info(a->vcpu, (void *)(info_page[a->vcpu] + op->offset));
    event_enable();
}

/* Of two that take each other down, none would be left. */
static void down_and_up(struct actor *a)
{
    if (a->vcpu != 0 || world.word[NR_VCPUS] < 2)
        return;
    now(a, __HYPERVISOR_vcpu_op, VCPUOP_down, 1);
    now(a, __HYPERVISOR_vcpu_op, VCPUOP_up, 1);
}

void step_vcpu(struct actor *a)
{
    static const uint8_t cmds[] = {
        VCPUOP_is_up,
        VCPUOP_get_runstate_info,
        VCPUOP_register_runstate_memory_area,
        VCPUOP_set_periodic_timer,
        VCPUOP_stop_periodic_timer,
        VCPUOP_set_singleshot_timer,
        VCPUOP_stop_singleshot_timer,
        VCPUOP_get_physid,
        VCPUOP_register_vcpu_time_memory_area,
    };
    uint64_t *arg = new_arg(a);
    unsigned int id = a->vcpu;

    if (one_in(a, 64)) {
        down_and_up(a);
        return;
    }
    if (one_in(a, 64)) {
        register_info(a);
        return;
    }
    if (one_in(a, 4))
        id = one_in(a, 4) ? (unsigned int)any_number(a) : below(a, 3);
    arg[0] = one_in(a, 2) ? (uint64_t)any_page(a) + below(a, PAGE_SIZE)
                          : 1000000UL << below(a, 12);
    later(a, __HYPERVISOR_vcpu_op, cmds[below(a, sizeof(cmds))], id,
          any_place(a, arg));
}

/* ---- small ones -------------------------------------------------------- */

/* Not in a call's room, which others in the same multicall may get, too:
 * without a timeout it would not come back. */
static void any_sched(struct actor *a)
{
    static struct sched_poll polls[MAX_VCPUS];
    struct sched_poll *poll = &polls[a->vcpu];

    if (one_in(a, 2)) {
        later(a, __HYPERVISOR_sched_op, SCHEDOP_yield);
        return;
    }
    poll->ports = (uint64_t)any_place(a, new_arg(a));
    poll->nr_ports = one_in(a, 8) ? (uint32_t)any_number(a) : below(a, 3);
    poll->timeout = 1;
    later(a, __HYPERVISOR_sched_op, SCHEDOP_poll, poll);
}

void step_other(struct actor *a)
{
    uint64_t *arg = new_arg(a);

    switch (below(a, 10)) {
    case 0:
        later(a, __HYPERVISOR_xen_version, below(a, 12), any_place(a, arg));
        break;
    case 1:
        any_sched(a);
        break;
    case 2:
        later(a, __HYPERVISOR_set_timer_op,
              one_in(a, 2) ? any_number(a) : 1 + below(a, 1000));
        break;
    case 3:
        later(a, __HYPERVISOR_vm_assist, below(a, 2),
              one_in(a, 8) ? any_number(a) : below(a, 6));
        break;
    case 4:
        later(a, __HYPERVISOR_fpu_taskswitch, below(a, 2));
        break;
    case 5:
        later(a, __HYPERVISOR_set_debugreg, below(a, 8),
              one_in(a, 2) ? 0 : any_number(a) & ~3UL);
        later(a, __HYPERVISOR_set_debugreg, 7, 0);
        break;
    case 6:
        later(a, __HYPERVISOR_get_debugreg, any_number(a));
        break;
    case 7:
        later(a, __HYPERVISOR_set_segment_base, below(a, 5), any_number(a));
        break;
    case 8:
        later(a, __HYPERVISOR_console_io, 2 + below(a, 3), any_number(a),
              any_place(a, arg));
        break;
    default:
        if (a->slot == 0)
            break;
        arg[0] = any_number(a);
        arg[1] = any_number(a);
        later(a, __HYPERVISOR_physdev_op, below(a, 32), any_place(a, arg));
        break;
    }
}

/* Calls that cannot end an actor whatever they are given. */
void step_numbers(struct actor *a)
{
    static const uint8_t calls[] = {
        __HYPERVISOR_mmu_update,
        __HYPERVISOR_set_gdt,
        __HYPERVISOR_update_descriptor,
        __HYPERVISOR_memory_op,
        __HYPERVISOR_grant_table_op,
        __HYPERVISOR_mmuext_op,
        __HYPERVISOR_event_channel_op,
        __HYPERVISOR_xen_version,
        __HYPERVISOR_domctl,
        __HYPERVISOR_sysctl,
        __HYPERVISOR_platform_op,
        4,
        63,
    };
    uint64_t arg[4];
    uint8_t nr = calls[below(a, sizeof(calls))];

    if (a->slot == 0 &&
        (nr == __HYPERVISOR_domctl || nr == __HYPERVISOR_sysctl ||
         nr == __HYPERVISOR_platform_op))
        return;
    for (unsigned int i = 0; i < 4; i++)
        arg[i] = one_in(a, 3) ? (uint64_t)new_arg(a) : any_free_va(a);
    /* Nothing that goes on through all of the kernel's memory. */
    if (nr == __HYPERVISOR_mmuext_op)
        arg[1] = below(a, 2);
    if (nr == __HYPERVISOR_grant_table_op) {
        arg[2] = below(a, 4);
        if (arg[0] == GNTTABOP_unmap_and_replace) {
            arg[1] = (uint64_t)grant_room(a);
            arg[2] = 1;
        }
    }
    later(a, nr, arg[0], arg[1], arg[2], arg[3]);
}

/* ---- the control domain ------------------------------------------------ */

static void any_domctl(struct actor *a, domid_t domid)
{
    static struct vcpu_guest_context context;
    struct xen_domctl_getdomaininfo info;

    if (domid == 0)
        return;
    a->count += 2;
    switch (below(a, 3)) {
    case 0:
        domctl_plain(XEN_DOMCTL_pausedomain, domid);
        domctl_plain(XEN_DOMCTL_unpausedomain, domid);
        break;
    case 1:
        domain_get_context(domid, below(a, 3), &context);
        break;
    default:
        domain_info(domid, &info);
        break;
    }
}

void step_foreign(struct actor *a)
{
    unsigned int slot = below(a, NR_PEERS);
    domid_t domid = (domid_t)world.word[PEER_ID + slot];
    struct mmu_update *req = new_arg(a);
    struct mmuext_op *op = new_arg(a);
    uint64_t mfn = world.word[PEER_MFN + 4 * slot + below(a, 4)];

    switch (below(a, 4)) {
    case 0:
        any_domctl(a, domid);
        break;
    case 1:
        op->cmd = one_in(a, 2) ? MMUEXT_UNPIN_TABLE : below(a, 4);
        op->arg1.mfn = mfn;
        later(a, __HYPERVISOR_mmuext_op, op, 1, NULL, domid);
        break;
    default:
        req->ptr = pte_maddr((uint64_t)any_page(a), 1);
        req->val = make_pte(mfn, one_in(a, 2) ? PTE_PAGE_RW : PTE_PAGE_RO);
        later(a, __HYPERVISOR_mmu_update, req, 1, NULL, domid);
        break;
    }
}
