/* SPDX-License-Identifier: MIT */
/* Suspending: as much of a store's client as that needs, and no interrupts. */
#include "guest.h"
#include "public/io/xs_wire.h"
#include "tiny.h"

#define NODE "control/shutdown"

static struct xenstore_domain_interface *store;

static void store_find(void)
{
    store = mfn_to_va(start_info->store_mfn);
}

static void notify(void)
{
    struct evtchn_send send = {.port = start_info->store_evtchn};

    hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
}

static void bytes_put(const void *data, unsigned int size)
{
    const char *from = data;

    while (size--) {
        while (store->req_prod - READ_ONCE(store->req_cons) ==
               XENSTORE_RING_SIZE)
            sleep_ms(1);
        store->req[MASK_XENSTORE_IDX(store->req_prod)] = *from++;
        barrier();
        WRITE_ONCE(store->req_prod, store->req_prod + 1);
    }
}

static void bytes_get(void *data, unsigned int size)
{
    char *to = data;

    while (size--) {
        while (READ_ONCE(store->rsp_prod) == store->rsp_cons)
            sleep_ms(1);
        *to++ = store->rsp[MASK_XENSTORE_IDX(store->rsp_cons)];
        barrier();
        WRITE_ONCE(store->rsp_cons, store->rsp_cons + 1);
    }
}

/* One request about the node; its answer, cut to fit. */
static void store_call(unsigned int type, char *answer, unsigned int room)
{
    struct xsd_sockmsg head = {.type = type, .len = sizeof(NODE)};
    char rest;

    bytes_put(&head, sizeof(head));
    bytes_put(NODE, sizeof(NODE));
    notify();
    bytes_get(&head, sizeof(head));
    memset(answer, 0, room);
    for (unsigned int i = 0; i < head.len; i++)
        bytes_get(i < room ? &answer[i] : &rest, 1);
    notify();
}

/* Where its memory is, for who sends it while it runs. */
static void p2m_publish(void)
{
    shared_info->arch.max_pfn = start_info->nr_pages;
    shared_info->arch.p2m_vaddr = start_info->mfn_list;
    shared_info->arch.p2m_cr3 = va_to_mfn(boot_l4()) << PAGE_SHIFT;
}

bool suspend_asked(void)
{
    char answer[8];

    if (!store) {
        store_find();
        p2m_publish();
    }
    store_call(XS_READ, answer, sizeof(answer));
    if (memcmp(answer, "suspend", 7))
        return false;
    store_call(XS_WRITE, answer, sizeof(answer));
    return true;
}

/* Frames have other numbers in a new home: pfns stand for them meanwhile. */
bool suspend(void)
{
    struct sched_shutdown op = {.reason = SHUTDOWN_suspend};
    struct start_info *info = (struct start_info *)start_info;
    long cancelled;

    info->store_mfn = mfn_to_pfn(info->store_mfn);
    info->console.domU.mfn = mfn_to_pfn(info->console.domU.mfn);
    update_va_mapping((uint64_t)shared_info, 0, UVMF_INVLPG);
    cancelled = hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &op,
                          va_to_mfn(info));
    if (cancelled) {
        info->store_mfn = pfn_to_mfn(info->store_mfn);
        info->console.domU.mfn = pfn_to_mfn(info->console.domU.mfn);
    }
    event_init();
    store_find();
    p2m_publish();
    return !cancelled;
}
