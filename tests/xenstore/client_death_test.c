/* SPDX-License-Identifier: MIT */
/* A daemon that dawdles, dies, or talks nonsense: no call hangs. */
#include "fake_daemon.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void trickle(struct fake_daemon *d)
{
    char buf[256];
    struct fake_request req;
    size_t len;

    expect(fake_read(d, &req));
    len = fake_message(buf, XS_WATCH_EVENT, 0, "/w\0t", 5);
    len += fake_message(buf + len, XS_READ, req.msg.req_id, "value", 5);
    for (size_t i = 0; i < len; i++) {
        fake_send(d, buf + i, 1);
        if (i % 8 == 0)
            usleep(200); /* now and then the client sees a part */
    }
    fake_read(d, &req);
}

static void assert_trickle(struct fake_daemon *d, struct xs_handle *h)
{
    char *text = xs_read(h, XBT_NULL, "/a", NULL);
    char **event = xs_check_watch(h);

    assert_string_equal(text, "value");
    assert_string_equal(event[XS_WATCH_PATH], "/w");
    assert_string_equal(event[XS_WATCH_TOKEN], "t");
    free(text);
    free(event);
    fake_stop(d, h);
}

static void single_bytes_are_put_together(void **state)
{
    struct fake_daemon d;

    (void)state;
    assert_trickle(&d, fake_start(&d, trickle, NULL, 0));
}

static void device_works_like_a_socket(void **state)
{
    struct fake_daemon d;

    (void)state;
    assert_trickle(&d, fake_start_device(&d, trickle, NULL));
}

static void assert_dead(struct xs_handle *h, int error)
{
    struct pollfd pfd = {.fd = xs_fileno(h), .events = POLLIN};
    unsigned int n;

    assert_null(xs_read(h, XBT_NULL, "/a", NULL));
    assert_int_equal(errno, error);
    assert_false(xs_write(h, XBT_NULL, "/a", "x", 1));
    assert_int_equal(errno, error);
    assert_true(pfd.fd >= 0);
    assert_int_equal(poll(&pfd, 1, -1), 1);
    assert_null(xs_check_watch(h));
    assert_int_equal(errno, error);
    assert_null(xs_read_watch(h, &n));
    assert_int_equal(errno, error);
}

/* Dies after so many bytes of a reply. */
static void die_within_reply(struct fake_daemon *d)
{
    char buf[64];
    struct fake_request req;
    size_t bytes = *(size_t *)d->arg;

    expect(fake_read(d, &req));
    fake_message(buf, XS_READ, req.msg.req_id, "value", 5);
    fake_send(d, buf, bytes);
}

static void death_within_a_reply_is_ebadf(void **state)
{
    struct fake_daemon d;

    (void)state;
    for (size_t bytes = 0; bytes < sizeof(struct xsd_sockmsg) + 5; bytes++) {
        struct xs_handle *h = fake_start(&d, die_within_reply, &bytes, 0);

        assert_null(xs_read(h, XBT_NULL, "/a", NULL));
        assert_int_equal(errno, EBADF);
        assert_dead(h, EBADF);
        fake_stop(&d, h);
    }
}

static void death_after_a_reply_is_ebadf_next(void **state)
{
    size_t all = sizeof(struct xsd_sockmsg) + 5;
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, die_within_reply, &all, 0);
    char *text = xs_read(h, XBT_NULL, "/a", NULL);

    (void)state;
    assert_string_equal(text, "value");
    free(text);
    assert_dead(h, EBADF);
    fake_stop(&d, h);
}

static void die_at_once(struct fake_daemon *d)
{
    (void)d;
}

static void death_before_a_request_is_ebadf_without_a_signal(void **state)
{
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, die_at_once, NULL, 0);

    (void)state;
    signal(SIGPIPE, SIG_DFL);
    pthread_join(d.thread, NULL);
    assert_dead(h, EBADF);
    xs_close(h);
    close(d.listen_fd);
    unlink(d.path);
    rmdir(d.dir);
}

static void die_with_events(struct fake_daemon *d)
{
    fake_event(d, "/a", "1");
    fake_event(d, "/b", "2");
}

static void events_come_before_the_end(void **state)
{
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, die_with_events, NULL, 0);
    unsigned int n;
    char **event;

    (void)state;
    event = xs_read_watch(h, &n);
    assert_int_equal(n, 2);
    assert_string_equal(event[XS_WATCH_TOKEN], "1");
    free(event);
    event = xs_read_watch(h, NULL);
    assert_string_equal(event[XS_WATCH_TOKEN], "2");
    free(event);
    assert_null(xs_read_watch(h, &n));
    assert_int_equal(errno, EBADF);
    fake_stop(&d, h);
}

/* ---- all who wait ---- */

#define NR_THREADS 10

/* Half of them wait for a reply, the others for an event. */
static void *wait_for_something(void *arg)
{
    static int nr;
    struct xs_handle *h = arg;
    int mine = __atomic_fetch_add(&nr, 1, __ATOMIC_RELAXED);
    unsigned int n;
    void *got;

    got = mine % 2 ? xs_read(h, XBT_NULL, "/a", NULL)
                   : (void *)xs_read_watch(h, &n);
    expect(!got && errno == EBADF);
    return NULL;
}

static void die_when_all_wait(struct fake_daemon *d)
{
    struct fake_request req;

    for (int i = 0; i < NR_THREADS / 2; i++)
        expect(fake_read(d, &req));
    usleep(1000); /* give the others the time to wait; works without */
}

static void death_wakes_all_threads(void **state)
{
    pthread_t threads[NR_THREADS];
    struct fake_daemon d;

    (void)state;
    for (int round = 0; round < 20; round++) {
        struct xs_handle *h = fake_start(&d, die_when_all_wait, NULL, 0);

        for (int i = 0; i < NR_THREADS; i++)
            pthread_create(&threads[i], NULL, wait_for_something, h);
        for (int i = 0; i < NR_THREADS; i++)
            pthread_join(threads[i], NULL);
        fake_stop(&d, h);
    }
}

/* ---- nonsense ---- */

enum nonsense {
    TOO_LONG,
    UNKNOWN_ID,
    WRONG_TYPE,
    EVENT_WITHOUT_TOKEN,
    EMPTY_EVENT,
    NR_NONSENSE
};

static void talk_nonsense(struct fake_daemon *d)
{
    struct fake_request req;
    char buf[64];
    size_t len = 0;

    expect(fake_read(d, &req));
    switch (*(enum nonsense *)d->arg) {
    case TOO_LONG:
        len = fake_message(buf, XS_READ, req.msg.req_id, "x", 1);
        ((struct xsd_sockmsg *)buf)->len = UINT32_MAX;
        break;
    case UNKNOWN_ID:
        len = fake_message(buf, XS_READ, req.msg.req_id + 1, "x", 1);
        break;
    case WRONG_TYPE:
        len = fake_message(buf, XS_WRITE, req.msg.req_id, "x", 1);
        break;
    case EVENT_WITHOUT_TOKEN:
        len = fake_message(buf, XS_WATCH_EVENT, 0, "/a", 3);
        break;
    default:
        len = fake_message(buf, XS_WATCH_EVENT, 0, "", 0);
        break;
    }
    fake_send(d, buf, len);
    expect(!fake_read(d, &req)); /* the client hangs up */
}

static void nonsense_is_eio(void **state)
{
    struct fake_daemon d;

    (void)state;
    for (int i = 0; i < NR_NONSENSE; i++) {
        enum nonsense what = (enum nonsense)i;
        struct xs_handle *h = fake_start(&d, talk_nonsense, &what, 0);

        assert_null(xs_read(h, XBT_NULL, "/a", NULL));
        assert_int_equal(errno, EIO);
        assert_dead(h, EIO);
        fake_stop(&d, h);
    }
}

/* ---- opening ---- */

static void open_says_why_not(void **state)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    char dir[] = "/tmp/xenstore-test-XXXXXX";
    int fd;

    (void)state;
    expect(mkdtemp(dir));
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/socket", dir);
    setenv("XENSTORED_PATH", addr.sun_path, 1);
    if (access("/dev/xen/xenbus", F_OK) != 0) {
        assert_null(xs_open(0));
        assert_int_equal(errno, ENOENT);
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        expect(bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
        assert_null(xs_open(0));
        assert_int_equal(errno, ECONNREFUSED);
        close(fd);
        unlink(addr.sun_path);
    }
    rmdir(dir);
}

static void hang_up(struct fake_daemon *d)
{
    struct fake_request req;

    while (fake_read(d, &req))
        ;
}

static void descriptors_close_on_exec(void **state)
{
    bool before[64];
    struct fake_daemon d;
    struct xs_handle *h;

    (void)state;
    for (int fd = 0; fd < 64; fd++)
        before[fd] = fcntl(fd, F_GETFD) >= 0;
    h = fake_start(&d, hang_up, NULL, 0);
    assert_true(xs_fileno(h) >= 0);
    for (int fd = 0; fd < 64; fd++) {
        int flags = fcntl(fd, F_GETFD);

        /* listen_fd is the test's, d.fd too, once it is accepted */
        if (flags >= 0 && !before[fd] && fd != d.listen_fd &&
            fd != __atomic_load_n(&d.fd, __ATOMIC_RELAXED))
            assert_true(flags & FD_CLOEXEC);
    }
    fake_stop(&d, h);
}

/* ---- fork and signals ---- */

static void event_then_echo(struct fake_daemon *d)
{
    struct fake_request req;

    fake_event(d, "/a", "t");
    while (fake_read(d, &req))
        fake_reply(d, &req, req.payload, req.msg.len);
}

static void child_gives_up_the_handle(void **state)
{
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, event_then_echo, NULL, 0);
    struct pollfd pfd = {.fd = xs_fileno(h), .events = POLLIN};
    int status;
    pid_t pid;

    (void)state;
    free(xs_read(h, XBT_NULL, "/b", NULL)); /* queues the event */
    pid = fork();
    if (pid == 0) {
        xs_daemon_destroy_postfork(h);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(poll(&pfd, 1, 0), 1);
    free(xs_check_watch(h));
    assert_int_equal(poll(&pfd, 1, 0), 0);
    free(xs_read(h, XBT_NULL, "/b", NULL));
    fake_stop(&d, h);
}

static int alarms;

static void count_alarm(int signal)
{
    (void)signal;
    __atomic_fetch_add(&alarms, 1, __ATOMIC_RELAXED);
}

static void reply_after_alarms(struct fake_daemon *d)
{
    struct fake_request req;

    expect(fake_read(d, &req));
    while (__atomic_load_n(&alarms, __ATOMIC_RELAXED) < 5)
        usleep(100);
    fake_reply(d, &req, "x", 1);
    fake_read(d, &req);
}

static void signals_do_not_end_a_call(void **state)
{
    struct sigaction action = {.sa_handler = count_alarm};
    const struct itimerval often = {{0, 2000}, {0, 2000}},
                           off = {{0, 0}, {0, 0}};
    struct fake_daemon d;
    struct xs_handle *h;
    sigset_t set;
    char *text;

    (void)state;
    /* The daemon's thread shall not take them. */
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    h = fake_start(&d, reply_after_alarms, NULL, 0);
    sigaction(SIGALRM, &action, NULL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    text = xs_read(h, XBT_NULL, "/a", NULL);
    setitimer(ITIMER_REAL, &off, NULL);
    assert_string_equal(text, "x");
    free(text);
    fake_stop(&d, h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_bytes_are_put_together),
        cmocka_unit_test(device_works_like_a_socket),
        cmocka_unit_test(death_within_a_reply_is_ebadf),
        cmocka_unit_test(death_after_a_reply_is_ebadf_next),
        cmocka_unit_test(death_before_a_request_is_ebadf_without_a_signal),
        cmocka_unit_test(events_come_before_the_end),
        cmocka_unit_test(death_wakes_all_threads),
        cmocka_unit_test(nonsense_is_eio),
        cmocka_unit_test(open_says_why_not),
        cmocka_unit_test(descriptors_close_on_exec),
        cmocka_unit_test(child_gives_up_the_handle),
        cmocka_unit_test(signals_do_not_end_a_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
