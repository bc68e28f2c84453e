/* SPDX-License-Identifier: MIT */
/*
 * Delivery of events through queues, 16 for each vcpu, one per priority.
 *
 *   control block of a vcpu        event words: 1024 per page
 *   ready  one bit per queue       31 PENDING  the event was raised
 *   head[] first port of a queue   30 MASKED   not to be queued
 *                                  29 LINKED   is in some queue
 *                                  28 BUSY     the hypervisor sets the link
 *                                  16..0 LINK  next port of the queue, 0: last
 *
 * The hypervisor adds at the end: it sets LINKED, then the link of the last
 * word, or the head where that one has been taken, then the ready bit. The
 * guest takes from the start: it clears LINKED and LINK of the first word.
 * Whoever finds LINKED clear and sets it puts the port into a queue, under the
 * lock of that queue and of the one that the port was in last.
 *
 * All of these words are the guest's. It may write anything at any time and
 * harms its own queues only: ports are looked up by checked number, and no loop
 * waits for it.
 */
#include "evtchn_internal.h"

#include "xen/audit.h"
#include "xen/errno.h"
#include "xen/heap.h"

#define PENDING        (1u << EVTCHN_FIFO_PENDING)
#define MASKED         (1u << EVTCHN_FIFO_MASKED)
#define LINKED         (1u << EVTCHN_FIFO_LINKED)
#define BUSY           (1u << EVTCHN_FIFO_BUSY)

#define WORDS_PER_PAGE (PAGE_SIZE / sizeof(event_word_t))
#define MAX_PAGES      (EVTCHN_FIFO_NR_CHANNELS / WORDS_PER_PAGE)

/* A guest sets and clears flags of a word it has in a queue, but not for ever;
 * with BUSY set it holds still. */
#define LINK_TRIES 4

struct fifo_queue {
    spinlock_t lock; /* rank LOCK_EVTCHN_PORT, inside that of the channel */
    /* Under lock: */
    evtchn_port_t tail; /* last that was added; 0: none */
};

struct fifo_vcpu {
    struct evtchn_fifo_control_block *block; /* the guest's */
    struct fifo_queue queue[EVTCHN_FIFO_MAX_QUEUES];
};

struct evtchn_fifo {
    /* Written under evtchn_domain.lock, read without. Each frame is held with
     * a writable type. */
    unsigned int nr_pages;
    event_word_t *page[MAX_PAGES];
    struct fifo_vcpu *vcpu[]; /* by id; NULL: has no control block */
};

static event_word_t *word_of(const struct evtchn_fifo *f, evtchn_port_t port)
{
    unsigned int page = port / WORDS_PER_PAGE;
    unsigned int nr_pages = READ_ONCE(f->nr_pages);

    if (page >= nr_pages)
        return NULL;
    return &f->page[array_index_nospec(page, nr_pages)][port % WORDS_PER_PAGE];
}

static event_word_t word_set(event_word_t *word, event_word_t bits)
{
    return __atomic_fetch_or(word, bits, __ATOMIC_SEQ_CST);
}

static event_word_t word_clear(event_word_t *word, event_word_t bits)
{
    return __atomic_fetch_and(word, ~bits, __ATOMIC_SEQ_CST);
}

enum link_result { LINK_done, LINK_taken, LINK_contended };

/* Let a word that is in a queue point to `port`, and clear BUSY. */
static enum link_result try_link(event_word_t *word, evtchn_port_t port)
{
    event_word_t w = READ_ONCE(*word);

    for (unsigned int i = 0; i < LINK_TRIES; i++) {
        event_word_t new = (w & ~(BUSY | EVTCHN_FIFO_LINK_MASK)) | port;
        event_word_t seen;

        if (!(w & LINKED))
            return LINK_taken;
        seen = cmpxchg(word, w, new);
        if (seen == w)
            return LINK_done;
        w = seen;
    }
    return LINK_contended;
}

/*
 * Append `port` to the word that was added last. Returns false where the guest
 * has taken that out, so the queue is empty; also where it does not keep to
 * the rules.
 */
static bool link_behind(event_word_t *tail, evtchn_port_t port)
{
    enum link_result result;

    if (tail == NULL)
        return false;
    result = try_link(tail, port);
    if (result == LINK_contended) {
        word_set(tail, BUSY);
        result = try_link(tail, port);
        word_clear(tail, BUSY);
    }
    return result == LINK_done;
}

/* The queue that the port was in last; NULL if none. */
static struct fifo_queue *last_queue(const struct evtchn_fifo *f,
                                     const struct evtchn *chn)
{
    struct fifo_vcpu *fv = READ_ONCE(f->vcpu[READ_ONCE(chn->last_vcpu)]);

    return fv ? &fv->queue[READ_ONCE(chn->last_priority)] : NULL;
}

/* In the order of addresses; `b` may be NULL or the same. */
static void lock_queues(struct fifo_queue *a, struct fifo_queue *b)
{
    if (b == NULL || a == b) {
        spin_lock_nested(&a->lock);
        return;
    }
    spin_lock_nested(a < b ? &a->lock : &b->lock);
    spin_lock_nested(a < b ? &b->lock : &a->lock);
}

static void unlock_queues(struct fifo_queue *a, struct fifo_queue *b)
{
    spin_unlock(&a->lock);
    if (b != NULL && a != b)
        spin_unlock(&b->lock);
}

/*
 * Append the port to q. Returns true if that was empty.
 *
 * LINKED is set under the lock of q, and under that of the queue where the port
 * was: whoever appends there takes a linked tail for one that the guest has
 * not reached.
 */
static bool append_locked(const struct evtchn_fifo *f, struct fifo_queue *q,
                          event_word_t *head, event_word_t *word,
                          evtchn_port_t port)
{
    bool was_empty;

    ASSERT_LOCKED(&q->lock);
    if (word_set(word, LINKED) & LINKED)
        return false;
    was_empty = q->tail == 0 || q->tail == port ||
                !link_behind(word_of(f, q->tail), port);
    if (was_empty)
        WRITE_ONCE(*head, port);
    q->tail = port;
    return was_empty;
}

/* The port leaves its last queue for q: nothing is appended to it there. */
static void move_locked(struct evtchn *chn, struct fifo_queue *last,
                        unsigned int vcpu_id, unsigned int priority)
{
    if (last != NULL && last->tail == chn->port)
        last->tail = 0;
    WRITE_ONCE(chn->last_vcpu, vcpu_id);
    WRITE_ONCE(chn->last_priority, priority);
}

/* Put the port into the queue of its vcpu and priority, unless it is in one. */
static void enqueue(struct domain *d, struct evtchn *chn, event_word_t *word)
{
    struct evtchn_fifo *f = d->evtchn->fifo;
    unsigned int vcpu_id = READ_ONCE(chn->notify_vcpu);
    unsigned int priority = READ_ONCE(chn->priority);
    struct fifo_vcpu *fv = READ_ONCE(f->vcpu[vcpu_id]);
    struct fifo_queue *q, *last;
    bool was_empty = false;

    if (fv == NULL)
        return;
    q = &fv->queue[priority];
    last = last_queue(f, chn);
    lock_queues(q, last);
    /* Both ends of a channel may be at work here, if the guest unmasks it just
     * when it is sent to: the one that moves it goes first. */
    if (last == last_queue(f, chn) && !(READ_ONCE(*word) & LINKED)) {
        if (last != q)
            move_locked(chn, last, vcpu_id, priority);
        was_empty =
            append_locked(f, q, &fv->block->head[priority], word, chn->port);
    }
    unlock_queues(q, last);

    if (was_empty &&
        !(word_set(&fv->block->ready, 1u << priority) & (1u << priority)))
        evtchn_upcall(d->vcpu[vcpu_id]);
}

static bool evtchn_fifo_set_pending(struct domain *d, struct evtchn *chn)
{
    event_word_t *word = word_of(d->evtchn->fifo, chn->port), old;

    if (word == NULL) {
        bool was_raised = xchg(&chn->raised_early, true);

        /* The page may just have come: pairs with raise_early_ones(). */
        word = word_of(d->evtchn->fifo, chn->port);
        if (word == NULL || !xchg(&chn->raised_early, false)) {
            if (evtchn_is_polled(d))
                evtchn_wake_pollers(d, chn->port);
            return was_raised;
        }
    }
    old = word_set(word, PENDING);
    if (!(old & PENDING) && evtchn_is_polled(d))
        evtchn_wake_pollers(d, chn->port);
    if (!(old & (MASKED | LINKED)))
        enqueue(d, chn, word);
    return old & PENDING;
}

static void evtchn_fifo_clear_pending(struct domain *d, struct evtchn *chn)
{
    event_word_t *word = word_of(d->evtchn->fifo, chn->port);

    WRITE_ONCE(chn->raised_early, false);
    if (word != NULL)
        word_clear(word, PENDING);
}

static void evtchn_fifo_unmask(struct domain *d, struct evtchn *chn)
{
    event_word_t *word = word_of(d->evtchn->fifo, chn->port), old;

    if (word == NULL)
        return;
    old = word_clear(word, MASKED);
    if ((old & (PENDING | LINKED)) == PENDING)
        enqueue(d, chn, word);
}

static bool evtchn_fifo_is_pending(const struct domain *d,
                                   const struct evtchn *chn)
{
    const event_word_t *word = word_of(d->evtchn->fifo, chn->port);

    return word ? READ_ONCE(*word) & PENDING : READ_ONCE(chn->raised_early);
}

static bool evtchn_fifo_is_masked(const struct domain *d,
                                  const struct evtchn *chn)
{
    const event_word_t *word = word_of(d->evtchn->fifo, chn->port);

    return word == NULL || (READ_ONCE(*word) & MASKED);
}

static bool evtchn_fifo_is_busy(const struct domain *d,
                                const struct evtchn *chn)
{
    const event_word_t *word = word_of(d->evtchn->fifo, chn->port);

    return word != NULL && (READ_ONCE(*word) & LINKED);
}

static const struct evtchn_ops evtchn_fifo_ops = {
    .max_ports = EVTCHN_FIFO_NR_CHANNELS,
    .set_pending = evtchn_fifo_set_pending,
    .clear_pending = evtchn_fifo_clear_pending,
    .unmask = evtchn_fifo_unmask,
    .is_pending = evtchn_fifo_is_pending,
    .is_masked = evtchn_fifo_is_masked,
    .is_busy = evtchn_fifo_is_busy,
};

/* A frame of the guest that it may not use for tables as long as we write to
 * it. NULL if it is none. */
static void *guest_page_get(struct domain *d, u64 gfn)
{
    struct page_info *pg;

    if (!mfn_valid(_mfn(gfn)))
        return NULL;
    pg = mfn_to_page(_mfn(gfn));
    return page_get_and_type(pg, d, PGT_writable) ? page_to_virt(pg) : NULL;
}

static void guest_page_put(const void *va)
{
    page_put_and_type(virt_to_page(va));
}

/* Events that the bitmaps hold are raised when their words come. Locking both
 * ends waits for those who still deliver into the bitmaps. */
static void take_over_pending_locked(struct domain *d)
{
    ASSERT_LOCKED(&d->evtchn->lock);
    for (evtchn_port_t port = 1; port < EVTCHN_2L_NR_CHANNELS; port++) {
        struct evtchn *chn = evtchn_lookup(d, port), *peer;
        unsigned long flags;

        if (chn == NULL || chn->state == EVTCHN_free)
            continue;
        peer = evtchn_lock_ends(chn, &flags);
        if (test_bit(port, d->shared_info->evtchn_pending))
            WRITE_ONCE(chn->raised_early, true);
        if (peer != NULL)
            spin_unlock(&peer->lock);
        spin_unlock_irqrestore(&chn->lock, flags);
    }
}

/* Returns 0 or -ENOMEM. */
static int switch_to_fifo_locked(struct domain *d)
{
    struct evtchn_domain *ed = d->evtchn;
    struct evtchn_fifo *f =
        xmalloc_bytes(sizeof(*f) + d->max_vcpus * sizeof(f->vcpu[0]));

    ASSERT_LOCKED(&ed->lock);
    if (f == NULL)
        return -ENOMEM;
    ed->fifo = f;
    smp_wmb(); /* pairs with evtchn_raise() */
    WRITE_ONCE(ed->ops, &evtchn_fifo_ops);
    take_over_pending_locked(d);
    return 0;
}

static int add_control_block_locked(struct vcpu *v, void *block)
{
    struct evtchn_domain *ed = v->domain->evtchn;
    struct fifo_vcpu *fv;
    int rc = 0;

    ASSERT_LOCKED(&ed->lock);
    if (ed->is_closed || (ed->fifo && ed->fifo->vcpu[v->vcpu_id]))
        return -EINVAL;
    fv = xzalloc(struct fifo_vcpu);
    if (fv == NULL)
        return -ENOMEM;
    fv->block = block;
    for (unsigned int i = 0; i < EVTCHN_FIFO_MAX_QUEUES; i++)
        spin_lock_init(&fv->queue[i].lock, LOCK_EVTCHN_PORT);

    if (ed->fifo == NULL)
        rc = switch_to_fifo_locked(v->domain);
    if (rc == 0) {
        smp_wmb(); /* pairs with enqueue() */
        WRITE_ONCE(ed->fifo->vcpu[v->vcpu_id], fv);
    } else {
        xfree(fv);
    }
    return rc;
}

int evtchn_fifo_init_control(struct vcpu *v, u64 gfn, u32 offset)
{
    struct evtchn_domain *ed = v->domain->evtchn;
    char *page;
    int rc;

    if (offset > PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) ||
        offset % 8 != 0)
        return -EINVAL;
    page = guest_page_get(v->domain, gfn);
    if (page == NULL)
        return -EINVAL;

    spin_lock(&ed->lock);
    rc = add_control_block_locked(v, page + offset);
    spin_unlock(&ed->lock);
    if (rc != 0)
        guest_page_put(page);
    return rc;
}

/* Events that found no word, now that there is one. */
static void raise_early_ones(struct domain *d, unsigned int page)
{
    for (unsigned int i = 0; i < WORDS_PER_PAGE; i++) {
        struct evtchn *chn = evtchn_lookup(d, page * WORDS_PER_PAGE + i);
        unsigned long flags;

        if (chn == NULL)
            continue;
        spin_lock_irqsave(&chn->lock, flags);
        if (xchg(&chn->raised_early, false) && chn->state != EVTCHN_free)
            evtchn_fifo_set_pending(d, chn);
        spin_unlock_irqrestore(&chn->lock, flags);
    }
}

static int add_page_locked(struct domain *d, event_word_t *page)
{
    struct evtchn_fifo *f = d->evtchn->fifo;

    ASSERT_LOCKED(&d->evtchn->lock);
    if (f == NULL)
        return -EOPNOTSUPP;
    if (f->nr_pages == MAX_PAGES)
        return -ENOSPC;
    f->page[f->nr_pages] = page;
    smp_wmb(); /* pairs with word_of() */
    WRITE_ONCE(f->nr_pages, f->nr_pages + 1);
    smp_mb(); /* pairs with evtchn_fifo_set_pending() */
    raise_early_ones(d, f->nr_pages - 1);
    return 0;
}

int evtchn_fifo_expand_array(struct domain *d, u64 gfn)
{
    event_word_t *page;
    int rc;

    if (READ_ONCE(d->evtchn->fifo) == NULL)
        return -EOPNOTSUPP;
    page = guest_page_get(d, gfn);
    if (page == NULL)
        return -EINVAL;

    spin_lock(&d->evtchn->lock);
    rc = add_page_locked(d, page);
    spin_unlock(&d->evtchn->lock);
    if (rc != 0)
        guest_page_put(page);
    return rc;
}

int evtchn_fifo_set_priority(struct domain *d, struct evtchn *chn, u32 priority)
{
    unsigned long flags;
    int rc = -EINVAL;

    if (READ_ONCE(d->evtchn->fifo) == NULL)
        return -ENOSYS;
    if (priority > EVTCHN_FIFO_PRIORITY_MIN)
        return -EINVAL;

    spin_lock_irqsave(&chn->lock, flags);
    if (chn->state != EVTCHN_free) {
        WRITE_ONCE(chn->priority, priority);
        rc = 0;
    }
    spin_unlock_irqrestore(&chn->lock, flags);
    return rc;
}

struct evtchn_fifo *evtchn_fifo_leave_locked(struct domain *d)
{
    struct evtchn_domain *ed = d->evtchn;
    struct evtchn_fifo *f = ed->fifo;

    ASSERT_LOCKED(&ed->lock);
    ASSERT(ed->nr_ports == 0);
    WRITE_ONCE(ed->ops, &evtchn_2l_ops);
    ed->fifo = NULL;
    return f;
}

void evtchn_fifo_destroy(struct domain *d, struct evtchn_fifo *f)
{
    if (f == NULL)
        return;
    for (unsigned int i = 0; i < f->nr_pages; i++)
        guest_page_put(f->page[i]);
    for (unsigned int i = 0; i < d->max_vcpus; i++)
        if (f->vcpu[i] != NULL) {
            guest_page_put(f->vcpu[i]->block);
            xfree(f->vcpu[i]);
        }
    xfree(f);
}

void evtchn_audit_frames(struct domain *d, struct audit *a)
{
    const struct evtchn_fifo *f = d->evtchn->fifo;

    if (f == NULL)
        return;
    for (unsigned int i = 0; i < f->nr_pages; i++)
        audit_see(a, virt_to_mfn(f->page[i]), true);
    for (unsigned int i = 0; i < d->max_vcpus; i++)
        if (f->vcpu[i] != NULL)
            audit_see(a, virt_to_mfn(f->vcpu[i]->block), true);
}
