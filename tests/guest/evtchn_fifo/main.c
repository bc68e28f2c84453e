/* SPDX-License-Identifier: MIT */
/* Event channels through queues: set-up, order by priority, wrong arguments. */
#include "guest.h"

static struct evtchn_fifo_control_block *control;
static event_word_t *words;

static long evtchn_op(int cmd, void *arg)
{
    return hypercall(__HYPERVISOR_event_channel_op, cmd, arg);
}

static long init_control(uint64_t gfn, uint32_t offset, uint32_t vcpu)
{
    struct evtchn_init_control op = {
        .control_gfn = gfn, .offset = offset, .vcpu = vcpu};
    long rc = evtchn_op(EVTCHNOP_init_control, &op);

    if (!rc)
        CHECK_EQ("link_bits", op.link_bits, EVTCHN_FIFO_LINK_BITS);
    return rc;
}

static long expand_array(uint64_t gfn)
{
    struct evtchn_expand_array op = {.array_gfn = gfn};

    return evtchn_op(EVTCHNOP_expand_array, &op);
}

static long set_priority(evtchn_port_t port, uint32_t priority)
{
    struct evtchn_set_priority op = {.port = port, .priority = priority};

    return evtchn_op(EVTCHNOP_set_priority, &op);
}

static evtchn_port_t bind_ipi(void)
{
    struct evtchn_bind_ipi op = {.vcpu = 0};

    CHECK_EQ("bind_ipi", evtchn_op(EVTCHNOP_bind_ipi, &op), 0);
    return op.port;
}

static void send(evtchn_port_t port)
{
    struct evtchn_send op = {.port = port};

    CHECK_EQ("send", evtchn_op(EVTCHNOP_send, &op), 0);
}

static bool word_has(evtchn_port_t port, unsigned int bit)
{
    return READ_ONCE(words[port]) >> bit & 1;
}

static void test_bad_set_up(void)
{
    uint64_t mfn = va_to_mfn(control);

    CHECK("array_before_a_control_block", expand_array(va_to_mfn(words)) < 0);
    CHECK("control_block_of_a_vcpu_that_is_not_there",
          init_control(mfn, 0, 1000) < 0);
    CHECK_EQ("control_block_at_an_odd_offset", init_control(mfn, 4, 0),
             -XEN_EINVAL);
    CHECK_EQ("control_block_across_the_page",
             init_control(mfn, PAGE_SIZE - 64, 0), -XEN_EINVAL);
    CHECK_EQ("control_block_at_a_huge_offset", init_control(mfn, ~7U, 0),
             -XEN_EINVAL);
    CHECK_EQ("control_block_beyond_memory", init_control(0x7fffffffff, 0, 0),
             -XEN_EINVAL);
    CHECK_EQ("control_block_in_the_hypervisor", init_control(0x200, 0, 0),
             -XEN_EINVAL);
    CHECK("control_block_in_a_table",
          init_control(va_to_mfn(boot_l4()), 0, 0) < 0);
}

static void test_set_up(void)
{
    CHECK_EQ("control_block", init_control(va_to_mfn(control), 0, 0), 0);
    CHECK("array_beyond_memory", expand_array(0x7fffffffff) < 0);
    CHECK("array_in_a_table", expand_array(va_to_mfn(boot_l4())) < 0);
    CHECK_EQ("array", expand_array(va_to_mfn(words)), 0);
    CHECK_EQ("array_page_is_no_table",
             mmuext(MMUEXT_PIN_L1_TABLE, va_to_mfn(words)), -XEN_EINVAL);
}

/* Take the head of a queue as a guest kernel does. */
static evtchn_port_t take(unsigned int priority)
{
    evtchn_port_t port = READ_ONCE(control->head[priority]);
    event_word_t word = __atomic_fetch_and(
        &words[port],
        ~(1U << EVTCHN_FIFO_LINKED | (event_word_t)EVTCHN_FIFO_LINK_MASK),
        __ATOMIC_SEQ_CST);

    WRITE_ONCE(control->head[priority], word & EVTCHN_FIFO_LINK_MASK);
    __atomic_fetch_and(&words[port], ~(1U << EVTCHN_FIFO_PENDING),
                       __ATOMIC_SEQ_CST);
    return port;
}

static void unmask(evtchn_port_t port)
{
    __atomic_fetch_and(&words[port], ~(1U << EVTCHN_FIFO_MASKED),
                       __ATOMIC_SEQ_CST);
}

static void test_queue(void)
{
    evtchn_port_t first = bind_ipi(), second = bind_ipi();

    unmask(first);
    unmask(second);
    send(first);
    CHECK("pending_is_set", word_has(first, EVTCHN_FIFO_PENDING));
    CHECK("port_is_linked", word_has(first, EVTCHN_FIFO_LINKED));
    CHECK_EQ("port_is_the_head", control->head[EVTCHN_FIFO_PRIORITY_DEFAULT],
             first);
    CHECK_EQ("queue_is_ready",
             control->ready >> EVTCHN_FIFO_PRIORITY_DEFAULT & 1, 1);
    CHECK_EQ("upcall_is_pending", vcpu_info(0)->evtchn_upcall_pending, 1);
    send(second);
    CHECK_EQ("second_port_follows_the_first",
             words[first] & EVTCHN_FIFO_LINK_MASK, second);
    send(first);
    CHECK_EQ("a_linked_port_is_not_linked_again",
             words[second] & EVTCHN_FIFO_LINK_MASK, 0);
    CHECK_EQ("first_comes_first", take(EVTCHN_FIFO_PRIORITY_DEFAULT), first);
    CHECK_EQ("then_the_second", take(EVTCHN_FIFO_PRIORITY_DEFAULT), second);
    CHECK_EQ("queue_is_empty", control->head[EVTCHN_FIFO_PRIORITY_DEFAULT], 0);
    WRITE_ONCE(control->ready, 0);
    send(second);
    CHECK_EQ("an_empty_queue_begins_anew",
             control->head[EVTCHN_FIFO_PRIORITY_DEFAULT], second);
    take(EVTCHN_FIFO_PRIORITY_DEFAULT);
}

static void test_mask(void)
{
    evtchn_port_t port = bind_ipi();
    struct evtchn_unmask op = {.port = port};

    __atomic_fetch_or(&words[port], 1U << EVTCHN_FIFO_MASKED, __ATOMIC_SEQ_CST);
    send(port);
    CHECK("masked_port_is_pending", word_has(port, EVTCHN_FIFO_PENDING));
    CHECK("masked_port_is_not_linked", !word_has(port, EVTCHN_FIFO_LINKED));
    CHECK_EQ("unmask", evtchn_op(EVTCHNOP_unmask, &op), 0);
    CHECK("unmasked_port_is_linked", word_has(port, EVTCHN_FIFO_LINKED));
    take(EVTCHN_FIFO_PRIORITY_DEFAULT);
}

static void test_priority(void)
{
    evtchn_port_t port = bind_ipi();

    unmask(port);
    CHECK_EQ("priority", set_priority(port, EVTCHN_FIFO_PRIORITY_MAX), 0);
    send(port);
    CHECK_EQ("port_is_in_the_queue_of_its_priority",
             control->head[EVTCHN_FIFO_PRIORITY_MAX], port);
    CHECK_EQ("queue_of_the_priority_is_ready", control->ready & 1, 1);
    take(EVTCHN_FIFO_PRIORITY_MAX);
    CHECK_EQ("priority_16", set_priority(port, 16), -XEN_EINVAL);
    CHECK_EQ("huge_priority", set_priority(port, ~0U), -XEN_EINVAL);
    CHECK_EQ("priority_of_a_port_that_is_not_there", set_priority(100000, 3),
             -XEN_EINVAL);
}

/* Links are the guest's to spoil; the hypervisor must not follow them. */
static void test_spoiled_words(void)
{
    evtchn_port_t port = bind_ipi(), next = bind_ipi();

    unmask(port);
    unmask(next);
    send(port);
    WRITE_ONCE(words[port], words[port] | (event_word_t)EVTCHN_FIFO_LINK_MASK);
    WRITE_ONCE(control->head[EVTCHN_FIFO_PRIORITY_DEFAULT], 0x1ffff);
    send(next);
    send(port);
    CHECK("spoiled_links_do_no_harm", word_has(next, EVTCHN_FIFO_PENDING));
}

void test_main(void)
{
    event_disable();
    control = page_alloc();
    words = page_alloc();
    test_bad_set_up();
    test_set_up();
    test_queue();
    test_mask();
    test_priority();
    test_spoiled_words();
}
