/* SPDX-License-Identifier: MIT */
/*
 * xenconsoled: start, and the one loop. What is new comes as an event of a port
 * (a guest wrote), of the store (a guest came or went) or of a descriptor (a
 * viewer typed, or has room).
 */
#include <errno.h>
#include <fcntl.h>
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

#include "consoled/client.h"
#include "consoled/consoled.h"
#include "consoled/guest.h"
#include "consoled/guests.h"
#include "consoled/hypervisor_log.h"
#include "consoled/message.h"
#include "consoled/poller.h"
#include "consoled/pty.h"
#include "consoled/sandbox.h"
#include "lib/evtchn_dev.h"
#include "lib/gntdev.h"

#define MAX_FDS 65536

/* How often those are looked at whose budget was used up. */
#define THROTTLE_MS 20

static struct consoled consoled;
static bool stopping;

uint64_t clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void fail(const char *what, int rc)
{
    message("%s: %s", what, strerror(-rc));
    exit(1);
}

/* Make a folder and those above it. */
static int folder_make(const char *path)
{
    char part[512];
    char *slash = part;

    if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part))
        return -ENAMETOOLONG;
    while ((slash = strchr(slash + 1, '/'))) {
        *slash = 0;
        if (mkdir(part, 0755) && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

static int folder_open(const char *path)
{
    int rc = folder_make(path), fd;

    if (rc)
        fail(path, rc);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        fail(path, -errno);
    return fd;
}

/* Lowest number of the descriptor that holds the lock. */
#define LOCK_FD 4000

/*
 * One daemon per host: wait a while until a predecessor has ended. The lock's
 * descriptor has a high number: a process that is killed closes it after its
 * devices, so that whoever gets the lock can bind the ports.
 */
static void folder_lock(struct consoled *d)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    const char *folder = d->options.run_folder;
    int dir = folder_open(folder), low, fd, tries = 500;

    low = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    fd = low < 0 ? low : fcntl(low, F_DUPFD_CLOEXEC, LOCK_FD);
    if (fd < 0)
        fail(folder, -errno);
    close(low);
    d->run_dir = dir;
    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (!tries--) {
            message("%s: another xenconsoled runs", folder);
            exit(1);
        }
        nanosleep(&pause, NULL);
    }
}

static void boot_read(char *boot)
{
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

    if (!f || fscanf(f, "%36s", boot) != 1)
        fail("boot_id", -EIO);
    fclose(f);
}

static void pid_write(const char *path)
{
    FILE *f = fopen(path, "we");

    if (!f)
        fail(path, -errno);
    fprintf(f, "%d\n", getpid());
    fclose(f);
}

static void evtchn_ready(struct poller *p, uint32_t events)
{
    (void)p, (void)events;
    guests_events(&consoled);
}

static void signal_ready(struct poller *p, uint32_t events)
{
    struct signalfd_siginfo info;

    (void)events;
    while (read(p->fd, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGHUP)
            guests_reopen_logs(&consoled);
        else
            stopping = true;
    }
}

static void signals_start(void)
{
    static struct poller poller = {.ready = signal_ready};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    poller.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    poller_add(&poller, EPOLLIN);
}

static void devices_open(struct consoled *d)
{
    static struct poller poller = {.ready = evtchn_ready};
    struct error *err = NULL;

    if (privcmd_open(&d->privcmd, &err)) {
        char *text = error_text(err);

        message("%s", text ? text : "out of memory");
        exit(1);
    }
    d->evtchn = evtchn_dev_open();
    if (d->evtchn < 0)
        fail("/dev/xen/evtchn", d->evtchn);
    d->gntdev = gntdev_open();
    if (d->gntdev < 0)
        fail("/dev/xen/gntdev", d->gntdev);
    d->dev_dir = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (d->dev_dir < 0)
        fail("/dev", -errno);
    poller.fd = d->evtchn;
    poller_add(&poller, EPOLLIN);
}

static void folders_open(struct consoled *d)
{
    d->history_dir = folder_open(d->options.history_folder);
    d->log_dir = -1;
    if (d->options.log_guests || d->options.log_hypervisor)
        d->log_dir = folder_open(d->options.log_folder);
    boot_read(d->boot);
    d->nr_ended =
        history_prune(d->history_dir, d->boot, d->options.history_files);
}

static int timeout_min(int a, int b)
{
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

/* Tells the process that was started that its child serves. */
static int ready_fd = -1;

/*
 * Go on in a child. The parent ends when that serves, or fails: whoever started
 * it knows then.
 */
static void background_begin(void)
{
    int fds[2];
    pid_t child;
    char byte;

    if (pipe2(fds, O_CLOEXEC))
        fail("pipe", -errno);
    child = fork();
    if (child < 0)
        fail("fork", -errno);
    if (child > 0) {
        close(fds[1]);
        _exit(read(fds[0], &byte, 1) == 1 ? 0 : 1);
    }
    close(fds[0]);
    ready_fd = fds[1];
    setsid();
    if (chdir("/"))
        fail("/", -errno);
}

static void streams_replace(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        fail("/dev/null", -errno);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    close(null);
    message_open(true, consoled.options.verbose);
}

static void background_ready(void)
{
    if (write(ready_fd, "", 1) != 1)
        message("nobody waits for the start");
    close(ready_fd);
}

static void run(struct consoled *d)
{
    while (!stopping) {
        int timeout = guests_timeout();

        if (d->throttled)
            timeout = timeout_min(timeout, THROTTLE_MS);
        if (d->options.log_hypervisor)
            timeout = timeout_min(timeout, HYPERVISOR_LOG_MS);
        poller_round(timeout);
        guests_unthrottle(d);
        guests_retry(d);
        hypervisor_log_poll(d);
    }
}

static void start(struct consoled *d)
{
    struct rlimit fds = {.rlim_cur = MAX_FDS, .rlim_max = MAX_FDS};
    int rc;

    setrlimit(RLIMIT_NOFILE, &fds);
    rc = poller_init();
    if (rc)
        fail("epoll", rc);
    folder_lock(d);
    signals_start();
    devices_open(d);
    folders_open(d);
    rc = pty_init(d);
    if (rc)
        fail("inotify", rc);
    if (d->options.log_hypervisor && (rc = hypervisor_log_open(d)))
        fail("hypervisor.log", rc);
    rc = client_listen(d);
    if (rc)
        fail(d->options.run_folder, rc);
    rc = guests_open(d);
    if (rc)
        fail("xenstore", rc);
    pid_write(d->options.pid_file);
    tzset(); /* its files are out of reach later */
    if (!d->options.foreground)
        streams_replace();
    rc = d->options.no_sandbox ? 0 : sandbox_enter(d);
    if (rc)
        fail("sandbox", rc);
    if (!d->options.foreground)
        background_ready();
}

int main(int argc, char **argv)
{
    struct consoled *d = &consoled;

    switch (options_parse(argc, argv, &d->options, stdout, stderr)) {
    case OPTIONS_RUN:
        break;
    case OPTIONS_DONE:
        return 0;
    default:
        return 2;
    }
    d->guest_style = (struct log_style){
        .timestamp = d->options.stamp_guests,
        .replace_escape = d->options.replace_escape,
    };
    message_open(false, d->options.verbose);
    if (!d->options.foreground)
        background_begin();
    start(d);
    run(d);
    message_verbose("stopped");
    return 0;
}
