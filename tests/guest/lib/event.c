/* SPDX-License-Identifier: MIT */
/* Events through the bitmaps of shared_info, counted by an upcall. */
#include "guest.h"
#include "internal.h"

#define NR_COUNTED 256

static uint8_t shared_info_page[PAGE_SIZE] __attribute__((aligned(4096)));
static unsigned int counts[NR_COUNTED];
static struct vcpu_info *infos[XEN_LEGACY_MAX_VCPUS];

struct shared_info *shared_info;

void event_init(void)
{
    long rc = update_va_mapping(
        (uint64_t)shared_info_page,
        make_pte(start_info->shared_info >> PAGE_SHIFT, PTE_PAGE_RW),
        UVMF_INVLPG);

    REQUIRE("shared_info_is_mapped", rc == 0);
    shared_info = (struct shared_info *)shared_info_page;
    for (unsigned int i = 0; i < ARRAY_SIZE(infos); i++)
        infos[i] = &shared_info->vcpu_info[i];
    memset(shared_info->evtchn_mask, 0xff, sizeof(shared_info->evtchn_mask));
}

struct vcpu_info *vcpu_info(unsigned int vcpu)
{
    return infos[vcpu];
}

void set_vcpu_info(unsigned int vcpu, struct vcpu_info *info)
{
    infos[vcpu] = info;
}

void event_disable(void)
{
    WRITE_ONCE(vcpu_info(this_vcpu()->id)->evtchn_upcall_mask, 1);
    barrier();
}

void event_enable(void)
{
    struct vcpu_info *info = vcpu_info(this_vcpu()->id);

    barrier();
    WRITE_ONCE(info->evtchn_upcall_mask, 0);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (READ_ONCE(info->evtchn_upcall_pending))
        hypercall(__HYPERVISOR_xen_version, XENVER_version, NULL);
}

static void take_word(unsigned int word)
{
    uint64_t bits = READ_ONCE(shared_info->evtchn_pending[word]) &
                    ~READ_ONCE(shared_info->evtchn_mask[word]);

    __atomic_fetch_and(&shared_info->evtchn_pending[word], ~bits,
                       __ATOMIC_SEQ_CST);
    for (; bits; bits &= bits - 1) {
        unsigned int port = word * 64 + (unsigned int)__builtin_ctzl(bits);

        if (port < NR_COUNTED)
            __atomic_fetch_add(&counts[port], 1, __ATOMIC_SEQ_CST);
    }
}

void event_upcall(void)
{
    struct vcpu_info *info = vcpu_info(this_vcpu()->id);

    while (__atomic_exchange_n(&info->evtchn_upcall_pending, 0,
                               __ATOMIC_SEQ_CST)) {
        uint64_t words =
            __atomic_exchange_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);

        for (; words; words &= words - 1)
            take_word((unsigned int)__builtin_ctzl(words));
    }
}

unsigned int event_count(evtchn_port_t port)
{
    return READ_ONCE(counts[port]);
}

void event_clear(void)
{
    memset(counts, 0, sizeof(counts));
    barrier();
}

void event_unmask(evtchn_port_t port)
{
    __atomic_fetch_and(&shared_info->evtchn_mask[port / 64],
                       ~(1UL << port % 64), __ATOMIC_SEQ_CST);
}

void event_mask(evtchn_port_t port)
{
    __atomic_fetch_or(&shared_info->evtchn_mask[port / 64], 1UL << port % 64,
                      __ATOMIC_SEQ_CST);
}

bool event_pending(evtchn_port_t port)
{
    return READ_ONCE(shared_info->evtchn_pending[port / 64]) >> port % 64 & 1;
}

void event_clear_pending(evtchn_port_t port)
{
    __atomic_fetch_and(&shared_info->evtchn_pending[port / 64],
                       ~(1UL << port % 64), __ATOMIC_SEQ_CST);
}

bool event_wait(evtchn_port_t port, unsigned int ms)
{
    uint64_t end = time_ns() + ms * MS;

    while (time_ns() < end) {
        if (event_count(port))
            return true;
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
    }
    return event_count(port) != 0;
}
