/* SPDX-License-Identifier: MIT */
/*
 * Least privilege; see sandbox.h. Devices and folders are open by now. The
 * store may have to be connected with anew: a socket of that kind is left.
 */
#include "consoled/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "daemons/confine.h"

#define LANDLOCK_TERMINAL                                                      \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)

#define LANDLOCK_FOLDER                                                        \
    (LANDLOCK_TERMINAL | LANDLOCK_ACCESS_FS_READ_DIR |                         \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)

/* Channels' sockets come and go. */
#define LANDLOCK_SOCKETS                                                       \
    (LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE)

/* Terminals: to make one, its number, bytes as they are. Sockets: local ones
 * only. */
static int allow(scmp_filter_ctx filter)
{
    static const unsigned int terminal_ioctls[] = {
        TIOCGPTN,
        TIOCSPTLCK,
        TCGETS,
        TCSETS,
    };
    const size_t nr = sizeof(terminal_ioctls) / sizeof(terminal_ioctls[0]);
    int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                              SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));

    for (size_t i = 0; i < nr && !rc; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                              SCMP_A1(SCMP_CMP_EQ, terminal_ioctls[i], 0));
    return rc;
}

static int filter_calls(void)
{
    static const int calls[] = {
        /* Loop, clients, the store. */
        SCMP_SYS(accept4),
        SCMP_SYS(bind),
        SCMP_SYS(listen),
        SCMP_SYS(umask),
        SCMP_SYS(connect),
        SCMP_SYS(poll),
        SCMP_SYS(ppoll),
        SCMP_SYS(recvmsg),
        SCMP_SYS(setsockopt),
        SCMP_SYS(fcntl),
        SCMP_SYS(clock_nanosleep),
        SCMP_SYS(inotify_add_watch),
        SCMP_SYS(inotify_rm_watch),
        /* Histories and logs. */
        SCMP_SYS(fallocate), /* or, where a file system has it not: */
        SCMP_SYS(pwrite64),
        SCMP_SYS(fstatfs),
        SCMP_SYS(pread64),
        SCMP_SYS(ftruncate),
        SCMP_SYS(unlinkat),
        SCMP_SYS(getdents64),
        SCMP_SYS(lseek),
    };
    static const struct confine_calls own = {
        .calls = calls,
        .nr_calls = sizeof(calls) / sizeof(calls[0]),
        .devices = "EGP",
        .opens_files = true,
        .allow = allow,
    };

    return confine_calls(&own);
}

static int keep_files(const struct consoled *d)
{
    int terminals = openat(d->dev_dir, "ptmx", O_PATH | O_CLOEXEC);
    const struct confine_path paths[] = {
        {d->history_dir, LANDLOCK_FOLDER},
        {d->log_dir, LANDLOCK_FOLDER},
        {d->run_dir, LANDLOCK_SOCKETS},
        {terminals, LANDLOCK_TERMINAL},
    };
    int rc = confine_files(paths, sizeof(paths) / sizeof(paths[0]));

    if (terminals >= 0)
        close(terminals);
    return rc;
}

int sandbox_enter(const struct consoled *d)
{
    int rc = confine_privileges();

    if (!rc)
        rc = keep_files(d);
    return rc ? rc : filter_calls();
}
