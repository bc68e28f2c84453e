/* SPDX-License-Identifier: MIT */
/*
 * The ring; see ring.h.
 *
 * One system call sends off all that was begun, and sleeps until something is
 * there. So all that can wake us is an operation of the ring, too: polls of the
 * event channels' descriptor, which goes on by itself, and of the loop's one,
 * which has the rest (the store, the opener, NBD), and a timeout.
 *
 * A port that has an event stays masked until its number is written back; what
 * comes meanwhile is not lost, but comes then.
 */
#include "blkd/ring.h"

#include <errno.h>
#include <poll.h>

#include "blkd/pool.h"
#include "lib/evtchn_dev.h"
#include "ports/linux_user/port.h"
#include "pv/timers.h"

#define ENTRIES   256
#define MAX_PORTS 64U
#define SECOND_NS 1000000000UL

/* What an operation is that is no I/O: no pointer is as small. */
enum own_operation {
    OWN_EVENTS = 1,
    OWN_UNMASK,
    OWN_LOOP,
    OWN_TIMEOUT,
    OWN_OTHER_TIMEOUT,
    OWN_END,
};

static struct io_uring ring;
static const struct ring_user *user;

static int events_fd;
static bool events_there; /* to be read */
/* The descriptor does not block, so the kernel takes these as it is told to. */
static uint32_t unmask[MAX_PORTS];
static unsigned int nr_unmask; /* to be written back */

/* What the kernel has of us: */
static bool events_polled;
static bool loop_polled;
static uint64_t timeout_ns = TIMERS_NONE;
static struct __kernel_timespec timeout;

struct io_uring_sqe *ring_place(void)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

    if (!sqe && io_uring_submit(&ring) > 0)
        sqe = io_uring_get_sqe(&ring);
    return sqe;
}

/* ---- What wakes us ---------------------------------------------------- */

static void write_back(struct io_uring_sqe *sqe)
{
    io_uring_prep_write(sqe, events_fd, unmask,
                        nr_unmask * (unsigned int)sizeof(unmask[0]), 0);
    io_uring_sqe_set_flags(sqe, IOSQE_CQE_SKIP_SUCCESS);
    io_uring_sqe_set_data64(sqe, OWN_UNMASK);
    nr_unmask = 0;
}

static void poll_events(struct io_uring_sqe *sqe)
{
    io_uring_prep_poll_add(sqe, events_fd, POLLIN);
    io_uring_sqe_set_data64(sqe, OWN_EVENTS);
    events_polled = true;
}

static void poll_loop(struct io_uring_sqe *sqe)
{
    io_uring_prep_poll_add(sqe, port_loop_fd(), POLLIN);
    io_uring_sqe_set_data64(sqe, OWN_LOOP);
    loop_polled = true;
}

/* One timeout: it moves if it comes too late. One that comes early only makes
 * the loop look at its timers. */
static void set_timeout(struct io_uring_sqe *sqe, uint64_t until_ns)
{
    timeout.tv_sec = (long long)(until_ns / SECOND_NS);
    timeout.tv_nsec = (long long)(until_ns % SECOND_NS);
    if (timeout_ns == TIMERS_NONE) {
        io_uring_prep_timeout(sqe, &timeout, 0, IORING_TIMEOUT_ABS);
        io_uring_sqe_set_data64(sqe, OWN_TIMEOUT);
    } else {
        io_uring_prep_timeout_update(sqe, &timeout, OWN_TIMEOUT,
                                     IORING_TIMEOUT_ABS);
        io_uring_sqe_set_flags(sqe, IOSQE_CQE_SKIP_SUCCESS);
        io_uring_sqe_set_data64(sqe, OWN_OTHER_TIMEOUT);
    }
    timeout_ns = until_ns;
}

/* False: there are not enough places, so don't sleep. */
static bool prepare_to_sleep(uint64_t until_ns)
{
    if (io_uring_sq_space_left(&ring) < OWN_END)
        io_uring_submit(&ring);
    if (io_uring_sq_space_left(&ring) < OWN_END)
        return false;
    if (nr_unmask)
        write_back(io_uring_get_sqe(&ring));
    if (!events_polled && !events_there)
        poll_events(io_uring_get_sqe(&ring));
    if (!loop_polled)
        poll_loop(io_uring_get_sqe(&ring));
    if (until_ns < timeout_ns)
        set_timeout(io_uring_get_sqe(&ring), until_ns);
    return !events_there;
}

/* ---- What has come ---------------------------------------------------- */

/* The operation is over. Returns 0; -errno where we would not hear of events
 * any more. */
static int own_done(enum own_operation own, const struct io_uring_cqe *cqe)
{
    int res = cqe->res;

    switch (own) {
    case OWN_EVENTS:
        events_polled = false;
        events_there = true;
        return res >= 0 || res == -EINTR || res == -ECANCELED ? 0 : res;
    case OWN_UNMASK:
        /* The driver had no page for it: the ports would stay masked. */
        return res == -ENOMEM ? res : 0;
    case OWN_LOOP:
        loop_polled = false;
        return 0;
    case OWN_TIMEOUT:
        timeout_ns = TIMERS_NONE;
        return 0;
    default:
        return 0;
    }
}

/* One that comes while we read finds the driver's ring not empty, and wakes
 * nobody: it is the poll, set anew, that sees it. Those told before have been
 * written back. Returns 0; -errno. */
static int take_events(void)
{
    int nr;

    if (!events_there || nr_unmask || io_uring_sq_ready(&ring))
        return 0;
    nr = evtchn_dev_pending(events_fd, unmask, MAX_PORTS);
    if (nr < 0)
        return nr;
    events_there = nr == MAX_PORTS;
    nr_unmask = (unsigned int)nr;
    port_events(unmask, nr_unmask);
    return 0;
}

static int take_completions(void)
{
    struct io_uring_cqe *cqes[ENTRIES];
    unsigned int nr = io_uring_peek_batch_cqe(&ring, cqes, ENTRIES);
    bool polled = loop_polled, timed = timeout_ns != TIMERS_NONE;
    int rc = 0;

    for (unsigned int i = 0; i < nr && !rc; i++) {
        uint64_t data = io_uring_cqe_get_data64(cqes[i]);

        if (data < OWN_END)
            rc = own_done((enum own_operation)data, cqes[i]);
        else
            user->done(io_uring_cqe_get_data(cqes[i]), cqes[i]->res);
    }
    io_uring_cq_advance(&ring, nr);
    user->all_told();
    if (!rc)
        rc = take_events();
    if (polled && !loop_polled)
        port_ready();
    if (timed && timeout_ns == TIMERS_NONE)
        timers_run();
    return rc;
}

static int wait(uint64_t until_ns)
{
    int rc;

    user->start();
    rc = io_uring_submit_and_wait(&ring, prepare_to_sleep(until_ns));
    if (rc < 0 && rc != -EINTR && rc != -EAGAIN && rc != -EBUSY)
        return rc;
    return take_completions();
}

/* ---- The beginning ---------------------------------------------------- */

/* Completions are noted when we look for them, not by a signal to us; kernels
 * before 6.1 can't. */
static int queue_init(void)
{
    int rc = io_uring_queue_init(ENTRIES, &ring,
                                 IORING_SETUP_SINGLE_ISSUER |
                                     IORING_SETUP_DEFER_TASKRUN);

    return rc == -EINVAL ? io_uring_queue_init(ENTRIES, &ring, 0) : rc;
}

int ring_open(const struct ring_user *ring_user)
{
    int rc = queue_init();

    if (rc)
        return rc;
    /* Only to save some work at each call. */
    io_uring_register_ring_fd(&ring);
    pool_open(&ring);
    user = ring_user;
    events_fd = port_events_fd();
    port_wait_by(wait);
    return 0;
}
