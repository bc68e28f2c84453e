/* SPDX-License-Identifier: MIT */
/*
 * Events, timers, and the order in which things happen in the fake port.
 */
#include "fake_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_PORTS 256U
#define MAX_WORK  8192U
#define MAX_STEPS 300000U

struct port {
    bool used;
    bool pending;
    domid_t domid, remote;
    evtchn_port_t peer; /* 0: none is bound */
    os_event_fn *fn;
    void *arg;
};

struct work {
    domid_t domid;
    void (*fn)(void *arg);
    void *arg;
};

static struct port ports[MAX_PORTS];
static struct work works[MAX_WORK];
static unsigned int nr_works;
static struct {
    struct os_timer *first;
} timers[8]; /* per domain */
static uint64_t now;
static domid_t current;
static uint64_t random_state;
static struct fake_chances chances;

static domid_t victim;
static unsigned int kill_at; /* 0: never */
static bool killed;
static jmp_buf end_of_process;
static bool in_step;
static bool in_event;
static bool store_is_forbidden; /* to a front-end's event functions */

static unsigned int fail_at;
static bool failed;
static char last_log[256];
static unsigned int nr_logs;

uint32_t fake_random(uint32_t limit)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(random_state >> 33) % limit;
}

domid_t fake_enter(domid_t domid)
{
    domid_t before = current;

    current = domid;
    return before;
}

domid_t fake_current(void)
{
    return current;
}

void fake_call(void)
{
    if (!in_step || !kill_at || current != victim || --kill_at)
        return;
    killed = true;
    longjmp(end_of_process, 1);
}

void fake_store_call(void)
{
    if (store_is_forbidden && in_event && current == FAKE_FRONT)
        abort();
    fake_call();
}

void fake_forbid_store_in_events(void)
{
    store_is_forbidden = true;
}

bool fake_fails(void)
{
    if (!fail_at || --fail_at)
        return false;
    failed = true;
    return true;
}

void fake_fail_after(unsigned int nr)
{
    fail_at = nr;
    failed = false;
}

bool fake_has_failed(void)
{
    return failed;
}

/* ---- Event channels --------------------------------------------------- */

static struct port *port_new(os_event_fn *fn, void *arg, domid_t remote,
                             evtchn_port_t *port_out)
{
    for (evtchn_port_t i = 1; i < MAX_PORTS; i++) {
        if (ports[i].used)
            continue;
        ports[i] = (struct port){.used = true,
                                 .domid = current,
                                 .remote = remote,
                                 .fn = fn,
                                 .arg = arg};
        *port_out = i;
        return &ports[i];
    }
    return NULL;
}

int os_event_alloc(domid_t remote, os_event_fn *fn, void *arg,
                   evtchn_port_t *port_out)
{
    fake_call();
    if (fake_fails())
        return -XEN_ENOSPC;
    return port_new(fn, arg, remote, port_out) ? 0 : -XEN_ENOSPC;
}

int os_event_bind(domid_t remote, evtchn_port_t remote_port, os_event_fn *fn,
                  void *arg, evtchn_port_t *port_out)
{
    struct port *other, *own;

    fake_call();
    if (remote_port >= MAX_PORTS || fake_fails())
        return -XEN_EINVAL;
    other = &ports[remote_port];
    if (!other->used || other->domid != remote || other->remote != current ||
        other->peer)
        return -XEN_EINVAL;
    own = port_new(fn, arg, remote, port_out);
    if (!own)
        return -XEN_ENOSPC;
    own->peer = remote_port;
    own->pending = true; /* as the hypervisor does */
    other->peer = *port_out;
    return 0;
}

void os_event_close(evtchn_port_t port)
{
    fake_call();
    if (!ports[port].used || ports[port].domid != current)
        abort();
    if (ports[port].peer)
        ports[ports[port].peer].peer = 0;
    ports[port].used = false;
}

void os_event_send(evtchn_port_t port)
{
    evtchn_port_t peer;

    fake_call();
    if (!ports[port].used || ports[port].domid != current)
        abort();
    peer = ports[port].peer;
    if (peer && fake_random(256) >= chances.lost)
        ports[peer].pending = true;
}

void fake_event_inject(domid_t to, evtchn_port_t port)
{
    if (port < MAX_PORTS && ports[port].used && ports[port].domid == to)
        ports[port].pending = true;
}

unsigned int fake_events_due(void)
{
    unsigned int nr = 0;

    for (unsigned int i = 1; i < MAX_PORTS; i++)
        nr += ports[i].used && ports[i].pending;
    return nr;
}

void fake_events_do(unsigned int which)
{
    for (unsigned int i = 1; i < MAX_PORTS; i++) {
        if (!ports[i].used || !ports[i].pending || which--)
            continue;
        ports[i].pending = fake_random(256) < chances.doubled;
        current = ports[i].domid;
        in_event = true;
        ports[i].fn(ports[i].arg);
        in_event = false;
        return;
    }
}

/* ---- Time ------------------------------------------------------------- */

uint64_t os_now_ns(void)
{
    fake_call();
    return now;
}

static void timer_unlink(struct os_timer *timer)
{
    struct os_timer **link = &timers[current].first;

    while (*link && *link != timer)
        link = &(*link)->next;
    if (*link)
        *link = timer->next;
    timer->set = false;
}

void os_timer_set(struct os_timer *timer, uint64_t deadline_ns)
{
    fake_call();
    if (timer->set)
        timer_unlink(timer);
    timer->deadline_ns = deadline_ns;
    timer->set = true;
    timer->next = timers[current].first;
    timers[current].first = timer;
}

void os_timer_cancel(struct os_timer *timer)
{
    fake_call();
    if (timer->set)
        timer_unlink(timer);
}

static struct os_timer *next_timer(domid_t *domid_out)
{
    struct os_timer *first = NULL;

    for (domid_t d = 0; d < 8; d++)
        for (struct os_timer *t = timers[d].first; t; t = t->next)
            if (!first || t->deadline_ns < first->deadline_ns) {
                first = t;
                *domid_out = d;
            }
    return first;
}

static void timer_do(struct os_timer *timer, domid_t domid)
{
    current = domid;
    if (now < timer->deadline_ns)
        now = timer->deadline_ns;
    timer_unlink(timer);
    timer->fn(timer->arg);
}

void fake_advance(uint64_t ns)
{
    now += ns;
}

/* ---- Work ------------------------------------------------------------- */

void fake_work(domid_t domid, void (*fn)(void *arg), void *arg)
{
    if (nr_works == MAX_WORK)
        abort();
    works[nr_works++] = (struct work){domid, fn, arg};
}

static void work_do(unsigned int which)
{
    struct work w = works[which];

    works[which] = works[--nr_works];
    current = w.domid;
    w.fn(w.arg);
}

/* ---- Steps ------------------------------------------------------------ */

static bool do_one(void)
{
    unsigned int events = fake_events_due(), watches = fake_watches_due();
    unsigned int all = events + watches + nr_works, which;
    domid_t domid = 0;
    struct os_timer *timer = next_timer(&domid);

    if (timer && (!all || timer->deadline_ns <= now)) {
        timer_do(timer, domid);
        return true;
    }
    if (!all)
        return false;
    which = fake_random(all);
    if (which < events)
        fake_events_do(which);
    else if (which < events + watches)
        fake_watches_do(which - events);
    else
        work_do(which - events - watches);
    return true;
}

bool fake_step(void)
{
    domid_t before = current;
    bool did = true;

    in_step = true;
    in_event = false;
    if (setjmp(end_of_process))
        fake_kill(victim);
    else
        did = do_one();
    in_step = false;
    current = before;
    return did;
}

void fake_settle(void)
{
    for (unsigned int i = 0; i < MAX_STEPS; i++)
        if (!(fake_events_due() + fake_watches_due() + nr_works) ||
            !fake_step())
            return;
    abort();
}

bool fake_run_until(bool (*condition)(void *arg), void *arg)
{
    for (unsigned int i = 0; i < MAX_STEPS; i++) {
        if (condition(arg))
            return true;
        if (!fake_step())
            return condition(arg);
    }
    return false;
}

void fake_kill_after(domid_t domid, unsigned int nr_calls)
{
    victim = domid;
    kill_at = nr_calls;
    killed = nr_calls ? false : killed;
}

bool fake_was_killed(void)
{
    return killed;
}

void fake_kill(domid_t domid)
{
    fake_store_kill(domid);
    fake_events_kill(domid);
    fake_memory_kill(domid);
}

void fake_events_kill(domid_t domid)
{
    unsigned int left = 0;

    for (unsigned int i = 1; i < MAX_PORTS; i++) {
        if (!ports[i].used || ports[i].domid != domid)
            continue;
        if (ports[i].peer)
            ports[ports[i].peer].peer = 0;
        ports[i].used = false;
    }
    for (unsigned int i = 0; i < nr_works; i++)
        if (works[i].domid != domid)
            works[left++] = works[i];
    nr_works = left;
    timers[domid].first = NULL;
    kill_at = 0;
}

void fake_events_begin(void)
{
    store_is_forbidden = false;
    now = 1000000000;
    kill_at = 0;
    killed = false;
    failed = false;
    fail_at = 0;
    chances = (struct fake_chances){0};
    nr_logs = 0;
    last_log[0] = '\0';
}

bool fake_events_end(void)
{
    bool good = true;

    for (unsigned int i = 1; i < MAX_PORTS; i++)
        if (ports[i].used) {
            fprintf(stderr, "domain %u has left port %u\n", ports[i].domid, i);
            good = false;
        }
    for (domid_t d = 0; d < 8; d++) {
        if (timers[d].first) {
            fprintf(stderr, "domain %u has left a timer\n", d);
            good = false;
        }
        fake_events_kill(d);
    }
    return good;
}

void fake_set_chances(struct fake_chances to)
{
    chances = to;
}

void fake_begin(uint32_t seed)
{
    random_state = seed * 2654435761U + 1;
    current = 0;
    for (domid_t d = 0; d < 8; d++)
        fake_kill(d); /* what a test that failed has left */
    fake_memory_begin();
    fake_events_begin();
    fake_store_begin();
}

bool fake_end(void)
{
    bool good = fake_store_end();

    good &= fake_events_end();
    return fake_memory_end() && good;
}

/* ---- The log ---------------------------------------------------------- */

void os_log(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(last_log, sizeof(last_log), format, args);
    va_end(args);
    nr_logs++;
    if (getenv("PV_LOG"))
        fprintf(stderr, "log: domain %u: %s\n", current, last_log);
}

const char *fake_last_log(void)
{
    return last_log;
}

unsigned int fake_nr_logs(void)
{
    return nr_logs;
}
