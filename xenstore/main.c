/* SPDX-License-Identifier: MIT */
/*
 * xenstored: options, start, and the one loop. A round of the loop looks who
 * has something to do, lets each have a turn, commits the journal, sends.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "conn.h"
#include "conn_socket.h"
#include "domain.h"
#include "handover.h"
#include "journal.h"
#include "log.h"
#include "ops.h"
#include "quota.h"
#include "sandbox.h"
#include "spin.h"
#include "xen_dev.h"

#define DEFAULT_FOLDER "/run/xenstored"

/* Events and ports that are looked at in one round. */
#define MAX_EVENTS 64
#define MAX_PORTS  256

/* After a pause this long nobody is taken to wait. */
#define IDLE_MS 1

/* Descriptors for clients. */
#define MAX_FDS 65536

static int epoll_fd = -1;
static bool stopping;

static struct {
    bool no_fork;
    bool print_pid;
    bool no_sandbox;
    const char *pid_file;
} options;

void poller_add(struct poller *p, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = p};

    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, p->fd, &event))
        log_line(LOG_LEVEL_ERROR, "epoll: %s", strerror(errno));
}

void poller_change(struct poller *p, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = p};

    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, p->fd, &event);
}

static void evtchn_ready(struct poller *p, uint32_t events)
{
    uint32_t port[MAX_PORTS];
    unsigned int nr;

    (void)p, (void)events;
    nr = xen_evtchn_pending(port, MAX_PORTS);
    for (unsigned int i = 0; i < nr; i++) {
        /* First, so that what comes meanwhile is an event again. */
        xen_evtchn_unmask(port[i]);
        domain_event(port[i]);
    }
}

static void stop(void)
{
    stopping = true;
}

static void signal_ready(struct poller *p, uint32_t events)
{
    struct signalfd_siginfo info;

    (void)events;
    while (read(p->fd, &info, sizeof(info)) == sizeof(info))
        stop();
}

static void report_quota(domid_t domid, enum quota q, unsigned long used,
                         bool refused)
{
    if (refused)
        log_line(LOG_LEVEL_WARNING,
                 "domain %u: %s: %lu would be over its limit of %u", domid,
                 quota_info[q].name, used, quota_info[q].limit);
    else
        log_line(LOG_LEVEL_WARNING,
                 "domain %u: %s: %lu is near its limit of %u", domid,
                 quota_info[q].name, used, quota_info[q].limit);
}

static void read_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (quota_clock == (unsigned long)now.tv_sec)
        return;
    quota_clock = now.tv_sec;
    conn_expire();
}

static void run(void)
{
    struct epoll_event events[MAX_EVENTS];
    int nr;

    while (!stopping) {
        bool more = conn_any_ready();

        nr = spin_wait(epoll_fd, events, MAX_EVENTS,
                       more             ? 0
                       : journal_busy() ? IDLE_MS
                                        : -1);
        read_clock();
        for (int i = 0; i < nr && !stopping; i++) {
            struct poller *p = events[i].data.ptr;

            p->ready(p, events[i].events);
        }
        if (stopping)
            break;
        conn_run();
        conn_log();
        journal_commit();
        conn_flush();
        if (journal_busy())
            journal_work(!more && !nr);
    }
    /* What was produced since is the successor's to send. */
    conn_log();
}

/* Nodes that clients expect in a new store. */
static void fill_store(void)
{
    struct change c = {.type = CHANGE_MKDIR, .path = "/tool/xenstored"};

    ops_change(&c);
}

static void usage(FILE *to)
{
    fputs("Usage: xenstored [options]\n"
          "  -N, --no-fork            stay in the foreground, log to stderr\n"
          "  -F, --pid-file FILE      write the process id to FILE\n"
          "  -P, --output-pid         print the process id\n"
          "  -E, --entry-nb N         nodes per domain\n"
          "  -S, --entry-size N       bytes per node\n"
          "  -W, --watch-nb N         watches per domain\n"
          "  -t, --transaction N      transactions per domain\n"
          "  -A, --perm-nb N          permissions per node\n"
          "  -M, --path-max N         bytes per path\n"
          "  -Q, --quota NAME=N       any limit; xenstore-control quota lists "
          "them\n"
          "      --no-sandbox         keep privileges, for debugging\n"
          "  -H, --help               this text\n"
          "Where a daemon runs already, the new one takes over from it.\n"
          "XENSTORED_RUNDIR: folder of socket and state, " DEFAULT_FOLDER
          " by default\n",
          to);
}

static void set_limit(const char *name, const char *text)
{
    uint64_t n;

    if (wire_number(text, INT32_MAX, &n) || quota_set(name, n)) {
        fprintf(stderr, "xenstored: %s=%s: no such limit or value\n", name,
                text);
        exit(2);
    }
}

static void set_quota_option(char *text)
{
    char *value = strchr(text, '=');

    if (value)
        *value++ = '\0';
    set_limit(text, value ? value : "");
}

static void parse_options(int argc, char **argv)
{
    static const struct option longs[] = {
        {"no-fork", no_argument, NULL, 'N'},
        {"pid-file", required_argument, NULL, 'F'},
        {"output-pid", no_argument, NULL, 'P'},
        {"entry-nb", required_argument, NULL, 'E'},
        {"entry-size", required_argument, NULL, 'S'},
        {"watch-nb", required_argument, NULL, 'W'},
        {"transaction", required_argument, NULL, 't'},
        {"perm-nb", required_argument, NULL, 'A'},
        {"path-max", required_argument, NULL, 'M'},
        {"quota", required_argument, NULL, 'Q'},
        {"trace-file", required_argument, NULL, 'T'},
        {"no-sandbox", no_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'H'},
        {0},
    };
    static const struct {
        int option;
        const char *limit;
    } limits[] = {
        {'E', "nodes"},        {'S', "node-size"},   {'W', "watches"},
        {'t', "transactions"}, {'A', "permissions"}, {'M', "path-max"},
    };
    int c;

    while ((c = getopt_long(argc, argv, "NF:PE:S:W:t:A:M:Q:T:H", longs,
                            NULL)) != -1) {
        switch (c) {
        case 'N':
            options.no_fork = true;
            continue;
        case 'F':
            options.pid_file = optarg;
            continue;
        case 'n':
            options.no_sandbox = true;
            continue;
        case 'P':
            options.print_pid = true;
            continue;
        case 'Q':
            set_quota_option(optarg);
            continue;
        case 'T': /* other daemons trace there; units pass it on */
            continue;
        case 'H':
            usage(stdout);
            exit(0);
        }
        for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
            if (limits[i].option == c) {
                set_limit(limits[i].limit, optarg);
                c = 0;
            }
        if (c) {
            usage(stderr);
            exit(2);
        }
    }
}

static void die(const char *what, int rc)
{
    log_line(LOG_LEVEL_ERROR, "%s: %s", what, strerror(-rc));
    exit(1);
}

/* Lowest number of the descriptor that holds the lock. */
#define LOCK_FD 1000

/*
 * One daemon per folder: wait until a predecessor has gone, after asking it to
 * hand over. The lock's descriptor has a high number: a process that is killed
 * closes it after its devices, so that whoever gets the lock can bind the
 * ports.
 */
static struct handover *lock_folder(const char *folder)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    struct handover *h = NULL;
    char path[4096];
    int fd, low, tries = 1000;

    if (mkdir(folder, 0755) && errno != EEXIST)
        die(folder, -errno);
    snprintf(path, sizeof(path), "%s/lock", folder);
    low = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    fd = low < 0 ? low : fcntl(low, F_DUPFD_CLOEXEC, LOCK_FD);
    if (fd < 0)
        die(path, -errno);
    close(low);
    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (!h)
            h = handover_take(folder);
        if (!tries--) {
            log_line(LOG_LEVEL_ERROR, "%s: another xenstored runs there",
                     folder);
            exit(1);
        }
        nanosleep(&pause, NULL);
    }
    return h;
}

static void write_pid(void)
{
    FILE *f;

    if (options.print_pid) {
        printf("%d\n", getpid());
        fflush(stdout);
    }
    if (!options.pid_file)
        return;
    f = fopen(options.pid_file, "we");
    if (!f)
        die(options.pid_file, -errno);
    fprintf(f, "%d\n", getpid());
    fclose(f);
}

static void start_signals(void)
{
    static struct poller poller = {.ready = signal_ready};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    poller.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    poller_add(&poller, EPOLLIN);
}

static void start_xen(void)
{
    static struct poller poller = {.ready = evtchn_ready};
    int rc = xen_open();

    if (rc) {
        log_line(LOG_LEVEL_WARNING,
                 "no hypervisor here (%s): serving local clients only",
                 strerror(-rc));
        return;
    }
    poller.fd = xen_evtchn_fd();
    poller_add(&poller, EPOLLIN);
    domain_connect();
}

/* Serve local clients, those of a predecessor first. */
static void start_clients(const char *folder, struct handover *h)
{
    char path[4096];
    int fd;

    snprintf(path, sizeof(path), "%s/socket", folder);
    fd = h ? handover_listener(h) : conn_socket_bind(path);
    if (fd < 0)
        die(path, fd);
    if (h)
        handover_finish(h);
    conn_socket_serve(fd);
    handover_listen(folder, stop);
}

int main(int argc, char **argv)
{
    const char *folder = getenv("XENSTORED_RUNDIR");
    struct rlimit fds = {.rlim_cur = MAX_FDS, .rlim_max = MAX_FDS};
    struct handover *h;
    int rc;

    if (!folder)
        folder = DEFAULT_FOLDER;
    parse_options(argc, argv);
    if (!options.no_fork) {
        if (daemon(0, 0))
            die("daemon", -errno);
        log_open(true);
    }
    setrlimit(RLIMIT_NOFILE, &fds);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        die("epoll", -errno);
    quota_report = report_quota;
    read_clock();
    h = lock_folder(folder);

    ops_init();
    rc = journal_open(folder);
    if (rc < 0)
        die(folder, rc);
    if (rc == 0)
        fill_store();
    start_signals();
    start_xen();
    journal_begin();
    start_clients(folder, h);
    write_pid();
    rc = options.no_sandbox ? 0 : sandbox_enter(folder);
    if (rc)
        die("sandbox", rc);
    run();
    journal_close();
    xen_close();
    return 0;
}
