/* SPDX-License-Identifier: MIT */
/*
 * Domains that make calls at random, several vcpus each, and the control domain
 * that does so too. Nothing is expected of a single call. After each batch, and
 * in the middle of it, the hypervisor counts all references again; at the end
 * nothing may be left over.
 *
 * Options: seed=N calls=N batch=N domains=0..3 vcpus=1..3 dom0=0|1. What was
 * used is printed first.
 */
#include "random.h"

#define MAX_GUESTS 3
#define BATCH_MS   600000

static struct domain guests[MAX_GUESTS];
static uint64_t own_word[MAILBOX_WORDS];
static unsigned int nr_audits, nr_bad_audits, nr_undead;
static uint64_t all_calls;

static struct {
    uint64_t seed, calls, batch, domains, vcpus, dom0;
} opt = {.calls = 1000000, .batch = 40000, .domains = 2, .vcpus = 2, .dom0 = 1};

/* ---- options ----------------------------------------------------------- */

static void read_options(void)
{
    opt.seed = rdtsc() % 1000000000;
    option_read("seed=", &opt.seed);
    option_read("calls=", &opt.calls);
    option_read("batch=", &opt.batch);
    option_read("domains=", &opt.domains);
    option_read("vcpus=", &opt.vcpus);
    option_read("dom0=", &opt.dom0);
    REQUIRE("options_are_in_range",
            opt.domains <= MAX_GUESTS && opt.vcpus >= 1 && opt.vcpus <= 3 &&
                opt.dom0 <= 1 && opt.domains + opt.dom0 > 0 && opt.batch > 0);
    printf("note: seed=%lu calls=%lu batch=%lu domains=%lu vcpus=%lu "
           "dom0=%lu\n",
           opt.seed, opt.calls, opt.batch, opt.domains, opt.vcpus, opt.dom0);
}

/* ---- guest side -------------------------------------------------------- */

static volatile unsigned int nr_running;

static void second_actor(void)
{
    unsigned int vcpu = this_vcpu()->id;

    actor_run(vcpu);
    __atomic_fetch_sub(&nr_running, 1, __ATOMIC_SEQ_CST);
    vcpu_park();
}

static void run_actors(void)
{
    unsigned int nr = (unsigned int)mailbox->word[NR_VCPUS];

    world_init(mailbox->word);
    nr_running = nr - 1;
    for (unsigned int i = 1; i < nr; i++)
        REQUIRE("start_an_actor", vcpu_start(i, second_actor) == 0);
    actor_run(0);
    wait_until(&nr_running, 0, 10000);
}

/* ---- control side: its own actor --------------------------------------- */

static volatile unsigned int own_done;

static void own_actor(void)
{
    actor_run(1);
    own_done = 1;
    vcpu_park();
}

/* ---- control side: audits ---------------------------------------------- */

static uint32_t console_index;
static char console[8192];

/* What the hypervisor has printed since the last time. */
static unsigned int read_console(void)
{
    struct xen_sysctl op = {.u.readconsole = {.incremental = 1,
                                              .index = console_index,
                                              .buffer = (uint64_t)console,
                                              .count = sizeof(console)}};

    if (sysctl(XEN_SYSCTL_readconsole, &op))
        return 0;
    console_index = op.u.readconsole.index;
    return op.u.readconsole.count;
}

static bool console_has(unsigned int size, const char *text, unsigned int len)
{
    for (unsigned int i = 0; i + len <= size; i++)
        if (memcmp(&console[i], text, len) == 0)
            return true;
    return false;
}

static void audit(void)
{
    static const char good[] = "no inconsistency";
    static char key[] = "A";
    struct xen_sysctl op = {
        .u.debug_keys = {.keys = (uint64_t)key, .nr_keys = 1}};
    bool found = false;
    unsigned int size;

    while (read_console() == sizeof(console))
        ;
    sysctl(XEN_SYSCTL_debug_keys, &op);
    while ((size = read_console()) != 0)
        found |= console_has(size, good, sizeof(good) - 1);
    nr_audits++;
    nr_bad_audits += !found;
}

/* ---- control side: batches --------------------------------------------- */

static uint64_t *words_of(unsigned int slot)
{
    if (slot == 0)
        return own_word;
    return (uint64_t *)guests[slot - 1].mailbox->word;
}

static bool has_actors(unsigned int slot)
{
    return slot == 0 ? opt.dom0 : guests[slot - 1].mailbox != NULL;
}

static unsigned int nr_actors(unsigned int slot)
{
    return slot == 0 ? 1 : (unsigned int)opt.vcpus;
}

/* The control domain's actor runs on its second vcpu. */
static uint64_t done_by(unsigned int slot, unsigned int i)
{
    return READ_ONCE(words_of(slot)[DONE + i + (slot == 0)]);
}

/* Let all know of each other. */
static void introduce(void)
{
    for (unsigned int to = 0; to < NR_PEERS; to++) {
        for (unsigned int i = 0; i < NR_PEERS && has_actors(to); i++) {
            uint64_t *word = words_of(to);

            word[PEER_ID + i] = i == 0          ? 0
                                : has_actors(i) ? guests[i - 1].id
                                                : DOMID_INVALID;
            for (unsigned int k = 0; k < 4 && has_actors(i); k++)
                word[PEER_MFN + 4 * i + k] = words_of(i)[OWN_MFN + k];
        }
        if (to == MAX_GUESTS)
            break;
    }
}

static uint64_t calls_done(void)
{
    uint64_t sum = 0;

    for (unsigned int slot = 0; slot <= MAX_GUESTS; slot++)
        for (unsigned int i = 0; has_actors(slot) && i < nr_actors(slot); i++)
            sum += done_by(slot, i);
    return sum;
}

static void report_stuck(void)
{
    for (unsigned int slot = 0; slot <= MAX_GUESTS; slot++)
        for (unsigned int i = 0; has_actors(slot) && i < nr_actors(slot); i++)
            printf("note: slot %u vcpu %u: %lu of %lu calls, at 0x%lx\n", slot,
                   i, done_by(slot, i), words_of(slot)[LIMIT],
                   words_of(slot)[DRAWN + i + (slot == 0)]);
}

/* Wait until all have made so many calls. */
static bool wait_for(uint64_t wanted)
{
    uint64_t end = time_ns() + BATCH_MS * MS;

    for (unsigned int slot = 0; slot <= MAX_GUESTS; slot++)
        for (unsigned int i = 0; has_actors(slot) && i < nr_actors(slot); i++)
            while (done_by(slot, i) < wanted) {
                if (slot > 0)
                    domain_drain(&guests[slot - 1]);
                if (time_ns() > end) {
                    report_stuck();
                    return false;
                }
                sleep_ms(1);
            }
    return true;
}

static bool guests_live(void)
{
    for (unsigned int slot = 1; slot <= MAX_GUESTS; slot++)
        if (has_actors(slot) && (domain_flags(guests[slot - 1].id) &
                                 (XEN_DOMINF_shutdown | XEN_DOMINF_dying)))
            return false;
    return true;
}

static void set_limit(uint64_t limit)
{
    for (unsigned int slot = 0; slot <= MAX_GUESTS; slot++)
        if (has_actors(slot))
            words_of(slot)[LIMIT] = limit;
}

/* One batch; the audit in the middle meets calls half way. */
static bool run_batch(uint64_t limit, uint64_t size)
{
    bool good;

    introduce();
    set_limit(limit);
    good = wait_for(limit - size / 2);
    audit();
    good = good && wait_for(limit);
    audit();
    return good && guests_live();
}

static void start_guest(unsigned int i, uint64_t limit)
{
    struct xen_domctl_createdomain config;

    domain_config(&config);
    config.max_vcpus = (uint32_t)opt.vcpus;
    domain_build(&guests[i], &config);
    guests[i].mailbox->word[SLOT] = i + 1;
    guests[i].mailbox->word[SEED] = opt.seed;
    guests[i].mailbox->word[NR_VCPUS] = opt.vcpus;
    guests[i].mailbox->word[LIMIT] = limit;
    domain_start(&guests[i], run_actors);
}

/* Or its actor would take all there is in time. */
static void limit_own_memory(void)
{
    struct xen_memory_domain self = {.domid = DOMID_SELF};
    long pages = memory_op(XENMEM_current_reservation, &self);
    struct xen_domctl op = {.u.max_mem.max_memkb = (uint64_t)pages * 4 + 4096};

    REQUIRE("limit_own_memory", domctl(XEN_DOMCTL_max_mem, 0, &op) == 0);
}

static void start_all(void)
{
    if (opt.dom0) {
        limit_own_memory();
        own_word[SEED] = opt.seed;
        own_word[NR_VCPUS] = 1;
        world_init(own_word);
        REQUIRE("start_an_actor", vcpu_start(1, own_actor) == 0);
    }
    for (unsigned int i = 0; i < opt.domains; i++)
        start_guest(i, 0);
}

static void run_batches(const char *name, uint64_t calls)
{
    unsigned int nr = (unsigned int)(opt.dom0 + opt.domains * opt.vcpus);
    uint64_t each = opt.batch / nr + 1, limit = 0;
    bool good = true;

    while (good && limit * nr < calls) {
        limit += each;
        good = run_batch(limit, each);
    }
    all_calls += calls_done();
    CHECK(name, good);
}

/* Others may still map what it has granted: it is gone when they are, too. */
static void kill_guest(unsigned int i)
{
    domain_unmap(&guests[i]);
    if (domctl_plain(XEN_DOMCTL_destroydomain, guests[i].id))
        nr_undead++;
}

/* Domains go while they and others are at work, and come again. */
static void run_deaths(void)
{
    uint64_t each = opt.batch / 16 + 1;

    for (unsigned int i = 0; i < 4 * opt.domains; i++) {
        unsigned int slot = i % (unsigned int)opt.domains;

        introduce();
        set_limit(~0UL);
        wait_for(each);
        all_calls += calls_done();
        kill_guest(slot);
        audit();
        start_guest(slot, ~0UL);
    }
    CHECK_EQ("domains_die_at_work", nr_undead, 0);
}

static void end_guests(void)
{
    for (unsigned int i = 0; i < opt.domains; i++) {
        guests[i].mailbox->word[STOP] = 1;
        domain_finish(&guests[i]);
        kill_guest(i);
    }
    for (unsigned int i = 0; i < opt.domains; i++)
        if (!domain_wait_flags(guests[i].id, ~0U, 0))
            CHECK("a_destroyed_domain_is_gone", false);
}

void test_main(void)
{
    struct host_count before;

    read_options();
    start_all();
    run_batches("actors_get_on", opt.calls);
    own_word[STOP] = 1;
    if (opt.dom0)
        CHECK("own_actor_stops", wait_until(&own_done, 1, 10000));
    world_release();
    opt.dom0 = 0;
    end_guests();
    if (opt.domains > 0) {
        host_count(&before);
        for (unsigned int i = 0; i < opt.domains; i++)
            start_guest(i, 0);
        run_deaths();
        end_guests();
        host_check("all_comes_back", &before);
    }
    printf("note: %lu calls, %u audits\n", all_calls, nr_audits);
    CHECK("audits_were_made", nr_audits > 0);
    CHECK_EQ("audits_are_clean", nr_bad_audits, 0);
}
