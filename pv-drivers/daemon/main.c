/* SPDX-License-Identifier: MIT */
/* Options of a daemon, and its start. */
#include "daemon/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ports/linux_user/port.h"

/* High: a process that is killed closes it after its devices, so that whoever
 * gets the lock can bind the ports. */
#define LOCK_FD 4000
#define MAX_FDS 65536

static void usage(const struct daemon_class *class)
{
    fprintf(
        stderr,
        "usage: %s [-N] [-t TYPE] [-d FOLDER] [-F FILE] [-u UID]\n"
        "  -N, --no-fork        stay in the foreground, messages to stderr\n"
        "  -t, --type TYPE      serve backend/TYPE (%s)\n"
        "  -d, --folder FOLDER  for locks and notes (/run/%s)\n"
        "  -F, --pid-file FILE  write the process id to a file\n"
        "  -u, --uid UID        of the process that serves guests (65534)\n"
        "      --no-sandbox     keep privileges, for a debugger\n",
        class->name, class->type, class->name);
    exit(2);
}

static void parse(const struct daemon_class *class, int argc, char **argv,
                  struct options *o)
{
    static const struct option names[] = {
        {"no-fork", no_argument, NULL, 'N'},
        {"type", required_argument, NULL, 't'},
        {"folder", required_argument, NULL, 'd'},
        {"pid-file", required_argument, NULL, 'F'},
        {"uid", required_argument, NULL, 'u'},
        {"no-sandbox", no_argument, NULL, 'S'},
        {0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "Nt:d:F:u:", names, NULL)) != -1) {
        switch (c) {
        case 'N':
            o->foreground = true;
            break;
        case 't':
            o->type = optarg;
            break;
        case 'd':
            o->folder = optarg;
            break;
        case 'F':
            o->pid_file = optarg;
            break;
        case 'u':
            o->uid = (unsigned int)strtoul(optarg, NULL, 10);
            break;
        case 'S':
            o->no_sandbox = true;
            break;
        default:
            usage(class);
        }
    }
    if (optind != argc)
        usage(class);
}

static void fail(const char *what)
{
    os_log("%s: %s", what, strerror(errno));
    exit(1);
}

/* A device takes several descriptors, and there are many. Root may have as
 * many as it asks for; else what is allowed must do. */
static void descriptors_allow(void)
{
    struct rlimit limit = {.rlim_cur = MAX_FDS, .rlim_max = MAX_FDS};

    if (!setrlimit(RLIMIT_NOFILE, &limit) || getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* One daemon per folder: wait a while until a predecessor has ended. Workers
 * inherit the lock, so the last of them has ended, too. */
static void lock_folder(const char *folder)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    char path[PV_PATH_MAX];
    int low, fd, tries = 500;

    if (mkdir(folder, 0700) && errno != EEXIST)
        fail(folder);
    if (snprintf(path, sizeof(path), "%s/lock", folder) >= (int)sizeof(path))
        fail(folder);
    low = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    fd = low < 0 ? low : fcntl(low, F_DUPFD_CLOEXEC, LOCK_FD);
    if (fd < 0)
        fail(path);
    close(low);
    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (!tries--) {
            os_log("%s: another daemon runs", folder);
            exit(1);
        }
        nanosleep(&pause, NULL);
    }
}

static void write_pid(const char *path)
{
    FILE *f = fopen(path, "we");

    if (!f)
        fail(path);
    fprintf(f, "%d\n", getpid());
    fclose(f);
}

int daemon_main(const struct daemon_class *class, int argc, char **argv)
{
    char folder[64];
    struct options options = {.type = class->type, .uid = 65534};

    snprintf(folder, sizeof(folder), "/run/%s", class->name);
    options.folder = folder;
    parse(class, argc, argv, &options);
    if (!options.foreground) {
        port_log_to_syslog(class->name);
        if (daemon(0, 0))
            fail("daemon");
    }
    descriptors_allow();
    lock_folder(options.folder);
    if (options.pid_file)
        write_pid(options.pid_file);
    return opener_run(class, &options);
}
