/* SPDX-License-Identifier: MIT */
/*
 * Least privilege; see sandbox.h. Devices and folders are open by now. The
 * store may have to be connected with anew: a socket of that kind is left.
 */
#include "consoled/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

/* Allowed with any arguments. */
static const int calls[] = {
    /* Loop, clients, the store. */
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(accept4),
    SCMP_SYS(connect),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(setsockopt),
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    SCMP_SYS(fcntl),
    SCMP_SYS(inotify_add_watch),
    SCMP_SYS(inotify_rm_watch),
    /* Histories and logs. */
    SCMP_SYS(fallocate), /* or, where a file system has it not: */
    SCMP_SYS(pwrite64),
    SCMP_SYS(fstatfs),
    SCMP_SYS(ftruncate),
    SCMP_SYS(unlinkat),
    SCMP_SYS(getdents64),
    SCMP_SYS(lseek),
    SCMP_SYS(newfstatat),
    SCMP_SYS(fstat),
    /* Memory. */
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    /* Time, locks in libraries, the end. */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(tgkill),
    SCMP_SYS(futex),
    SCMP_SYS(getrandom),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/* Of terminals: to make one, its number, bytes as they are. */
static const unsigned int terminal_ioctls[] = {
    TIOCGPTN,
    TIOCSPTLCK,
    TCGETS,
    TCSETS,
};

/* What Linux's xen devices are asked: all of the letters E, G and P. */
static int allow_ioctls(scmp_filter_ctx filter)
{
    static const char letters[] = "EGP";
    int rc = 0;

    for (const char *l = letters; *l && !rc; l++)
        rc = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
            SCMP_A1(SCMP_CMP_MASKED_EQ, 0xff00, (scmp_datum_t)*l << 8));
    for (size_t i = 0;
         i < sizeof(terminal_ioctls) / sizeof(terminal_ioctls[0]) && !rc; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                              SCMP_A1(SCMP_CMP_EQ, terminal_ioctls[i], 0));
    return rc;
}

/* Files are opened in folders that are open, nothing gets executable, and the
 * only new sockets are local ones. */
static int allow_files(scmp_filter_ctx filter)
{
    int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                              SCMP_A0_32(SCMP_CMP_NE, (uint32_t)AT_FDCWD, 0));

    if (!rc)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (!rc)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                              SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
    return rc;
}

static int filter_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int rc = filter ? 0 : -ENOMEM;

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && !rc; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    if (!rc)
        rc = allow_ioctls(filter);
    if (!rc)
        rc = allow_files(filter);
    if (!rc)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    return rc;
}

/* All that the first version of Landlock knows. */
#define LANDLOCK_ALL ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

#define LANDLOCK_FILES                                                         \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |            \
     LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |               \
     LANDLOCK_ACCESS_FS_REMOVE_FILE)

#define LANDLOCK_TERMINAL                                                      \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)

static int folder_allow(int rules, int folder, uint64_t access)
{
    struct landlock_path_beneath_attr beneath = {.parent_fd = folder,
                                                 .allowed_access = access};

    if (folder < 0)
        return 0;
    return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
                   &beneath, 0)
               ? -errno
               : 0;
}

static int confine_files(const struct consoled *d)
{
    struct landlock_ruleset_attr all = {.handled_access_fs = LANDLOCK_ALL};
    int rc, rules, terminals;

    rules = syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
    if (rules < 0)
        return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
    terminals = openat(d->dev_dir, "ptmx", O_PATH | O_CLOEXEC);
    rc = folder_allow(rules, d->history_dir, LANDLOCK_FILES);
    if (!rc)
        rc = folder_allow(rules, d->log_dir, LANDLOCK_FILES);
    if (!rc)
        rc = folder_allow(rules, terminals, LANDLOCK_TERMINAL);
    if (!rc && syscall(SYS_landlock_restrict_self, rules, 0))
        rc = -errno;
    if (terminals >= 0)
        close(terminals);
    close(rules);
    return rc;
}

int sandbox_enter(const struct consoled *d)
{
    int rc;

    capng_clear(CAPNG_SELECT_BOTH);
    if (capng_apply(CAPNG_SELECT_BOTH))
        return -EPERM;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -errno;
    rc = confine_files(d);
    return rc ? rc : filter_calls();
}
