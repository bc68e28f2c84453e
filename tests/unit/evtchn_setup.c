/* SPDX-License-Identifier: MIT */
/* Domains with event channels, and a fake of their PIRQs. */
#include "evtchn_setup.h"

#include "xen/audit.h"
#include "xen/debug_key.h"
#include "xen/hypercall.h"
#include "xen/irq.h"
#include "xen/page_alloc.h"

#define MAX_PORT 5000

struct domain *d0, *d1, *d2;

unsigned int pirq_ports[NR_PIRQS];
int pirq_bind_result;
unsigned int nr_pirq_unbinds, nr_pirq_unmasks;
const struct vcpu *pirq_vcpu;
void (*debug_key_e)(void);
unsigned int nr_frames_seen;

static void *guest_arg;

unsigned int pirq_count(const struct domain *d)
{
    return d->is_hardware ? NR_PIRQS : 0;
}

int pirq_guest_bind(struct vcpu *v, unsigned int pirq, bool will_share)
{
    (void)will_share;
    assert_int_not_equal(pirq_ports[pirq], 0);
    pirq_vcpu = v;
    return pirq_bind_result;
}

void pirq_guest_unbind(struct domain *d, unsigned int pirq)
{
    (void)d;
    (void)pirq;
    nr_pirq_unbinds++;
}

void pirq_guest_unmask(struct domain *d, unsigned int pirq)
{
    (void)d;
    (void)pirq;
    nr_pirq_unmasks++;
}

void pirq_set_affinity(struct domain *d, unsigned int pirq, struct vcpu *v)
{
    (void)d;
    (void)pirq;
    pirq_vcpu = v;
}

unsigned int pirq_to_evtchn(const struct domain *d, unsigned int pirq)
{
    return d->is_hardware && pirq < NR_PIRQS ? pirq_ports[pirq] : 0;
}

void pirq_set_evtchn(struct domain *d, unsigned int pirq, unsigned int port)
{
    (void)d;
    pirq_ports[pirq] = port;
}

void audit_see(struct audit *a, mfn_t mfn, bool type)
{
    (void)a;
    assert_true(mfn_valid(mfn));
    nr_frames_seen += type;
}

void debug_key_register(char key, const char *help, void (*fn)(void))
{
    (void)help;
    if (key == 'e')
        debug_key_e = fn;
}

static struct domain *new_domain(domid_t domid, unsigned int nr_vcpus)
{
    struct domain *d = fake_domain(domid, nr_vcpus);

    assert_int_equal(evtchn_domain_create(d, MAX_PORT), 0);
    for (unsigned int i = 0; i < nr_vcpus; i++)
        assert_int_equal(evtchn_vcpu_create(d->vcpu[i]), 0);
    return d;
}

int evtchn_set_up_once(void **state)
{
    (void)state;
    init_boot_pages(0, FAKE_RAM_END);
    end_boot_allocator();
    evtchn_init();
    return 0;
}

int evtchn_set_up(void **state)
{
    (void)state;
    d0 = new_domain(0, 2);
    d0->is_control = d0->is_hardware = true;
    hardware_domain = d0;
    d1 = new_domain(1, 3);
    d2 = new_domain(2, 1);
    run_as(d1, 0);
    guest_arg = fake_guest_alloc(64);
    pirq_bind_result = 0;
    nr_frames_seen = 0;
    nr_pirq_unbinds = nr_pirq_unmasks = 0;
    fake_nr_kicks = fake_nr_wakes = 0;
    fake_set_preempt(false);
    return 0;
}

static void end_domain(struct domain *d)
{
    struct page_info *pg;

    assert_int_equal(evtchn_audit(d), 0);
    assert_int_equal(evtchn_domain_close_all(d), 0);
    evtchn_domain_destroy(d);
    while ((pg = page_list_first(&d->mem.page_list)) != NULL) {
        assert_int_equal(pg->type_info & PGT_count_mask, 0);
        assert_int_equal(pg->count_info & PGC_count_mask, 1);
        assert_true(page_get(pg, d));
        assert_true(page_put_allocation(pg));
        page_put(pg);
    }
    assert_int_equal(atomic_read(&d->refcnt), 1);
}

int evtchn_tear_down(void **state)
{
    (void)state;
    end_domain(d0);
    end_domain(d1);
    end_domain(d2);
    hardware_domain = NULL;
    fake_domains_free();
    fake_guest_free();
    assert_int_equal(fake_heap_in_use(), 0);
    return 0;
}

void run_as(struct domain *d, unsigned int vcpu_id)
{
    fake_set_current(d->vcpu[vcpu_id]);
}

long evtchn_call(unsigned int cmd, void *arg, size_t size)
{
    long rc;

    memcpy(guest_arg, arg, size);
    rc = do_event_channel_op(cmd, (unsigned long)guest_arg, 0, 0, 0);
    memcpy(arg, guest_arg, size);
    return rc;
}

long alloc_unbound(domid_t dom, domid_t remote)
{
    struct evtchn_alloc_unbound op = {.dom = dom, .remote_dom = remote};
    long rc = CALL(EVTCHNOP_alloc_unbound, &op);

    return rc ? rc : op.port;
}

long bind_interdomain(domid_t remote, evtchn_port_t remote_port)
{
    struct evtchn_bind_interdomain op = {.remote_dom = remote,
                                         .remote_port = remote_port};
    long rc = CALL(EVTCHNOP_bind_interdomain, &op);

    return rc ? rc : op.local_port;
}

long bind_virq(unsigned int virq, unsigned int vcpu)
{
    struct evtchn_bind_virq op = {.virq = virq, .vcpu = vcpu};
    long rc = CALL(EVTCHNOP_bind_virq, &op);

    return rc ? rc : op.port;
}

long bind_ipi(unsigned int vcpu)
{
    struct evtchn_bind_ipi op = {.vcpu = vcpu};
    long rc = CALL(EVTCHNOP_bind_ipi, &op);

    return rc ? rc : op.port;
}

long bind_pirq(unsigned int pirq)
{
    struct evtchn_bind_pirq op = {.pirq = pirq};
    long rc = CALL(EVTCHNOP_bind_pirq, &op);

    return rc ? rc : op.port;
}

long close_port(evtchn_port_t port)
{
    struct evtchn_close op = {.port = port};

    return CALL(EVTCHNOP_close, &op);
}

long send_port(evtchn_port_t port)
{
    struct evtchn_send op = {.port = port};

    return CALL(EVTCHNOP_send, &op);
}

long unmask_port(evtchn_port_t port)
{
    struct evtchn_unmask op = {.port = port};

    return CALL(EVTCHNOP_unmask, &op);
}

long bind_vcpu(evtchn_port_t port, unsigned int vcpu)
{
    struct evtchn_bind_vcpu op = {.port = port, .vcpu = vcpu};

    return CALL(EVTCHNOP_bind_vcpu, &op);
}

long reset_domain(domid_t dom)
{
    struct evtchn_reset op = {.dom = dom};

    return CALL(EVTCHNOP_reset, &op);
}

struct evtchn_status port_status(evtchn_port_t port)
{
    struct evtchn_status op = {.dom = DOMID_SELF, .port = port};

    if (CALL(EVTCHNOP_status, &op) != 0)
        memset(&op, 0xff, sizeof(op));
    return op;
}

void connect_domains(struct domain *a, struct domain *b, evtchn_port_t *pa,
                     evtchn_port_t *pb)
{
    struct vcpu *before = current;
    long port;

    run_as(b, 0);
    port = alloc_unbound(DOMID_SELF, a->domain_id);
    assert_true(port > 0);
    *pb = port;
    run_as(a, 0);
    port = bind_interdomain(b->domain_id, *pb);
    assert_true(port > 0);
    *pa = port;
    fake_set_current(before);
}

bool is_pending_2l(const struct domain *d, evtchn_port_t port)
{
    return test_bit(port, d->shared_info->evtchn_pending);
}

bool is_selected_2l(const struct vcpu *v, evtchn_port_t port)
{
    return test_bit(port / 64, &v->vcpu_info->evtchn_pending_sel);
}

void forget_upcall(struct vcpu *v)
{
    memset(v->domain->shared_info->evtchn_pending, 0,
           sizeof(v->domain->shared_info->evtchn_pending));
    v->vcpu_info->evtchn_pending_sel = 0;
    v->vcpu_info->evtchn_upcall_pending = 0;
    fake_nr_kicks = fake_nr_wakes = 0;
}
