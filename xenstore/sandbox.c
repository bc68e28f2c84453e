/* SPDX-License-Identifier: MIT */
/*
 * Least privilege: no capabilities, no new privileges, no files but the
 * daemon's own, and of the system calls those that the loop makes; all others
 * fail. Devices and folder are open by now.
 */
#include "sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"

/* Allowed with any arguments. */
static const int calls[] = {
    /* Loop and clients. */
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(sched_yield),
    SCMP_SYS(accept4),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(setsockopt),
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    /* The journal. */
    SCMP_SYS(fallocate),
    SCMP_SYS(unlinkat),
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

/* What Linux's xen devices are asked: all of the letters E, G and P. */
static int allow_ioctls(scmp_filter_ctx filter)
{
    static const char letters[] = "EGP";
    int rc = 0;

    for (const char *l = letters; *l && !rc; l++)
        rc = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
            SCMP_A1(SCMP_CMP_MASKED_EQ, 0xff00, (scmp_datum_t)*l << 8));
    return rc;
}

/* Files are opened in a folder that is open, and nothing gets executable. */
static int allow_files(scmp_filter_ctx filter)
{
    int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                              SCMP_A0_32(SCMP_CMP_NE, (uint32_t)AT_FDCWD, 0));

    if (!rc)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
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

/* What the journal does in its folder. */
#define LANDLOCK_OWN                                                           \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |            \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)

static int confine_files(const char *folder)
{
    struct landlock_ruleset_attr all = {.handled_access_fs = LANDLOCK_ALL};
    struct landlock_path_beneath_attr own = {.allowed_access = LANDLOCK_OWN};
    int rc = 0, rules;

    rules = syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
    if (rules < 0)
        return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
    own.parent_fd = open(folder, O_PATH | O_CLOEXEC);
    if (own.parent_fd < 0 ||
        syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &own,
                0) ||
        syscall(SYS_landlock_restrict_self, rules, 0))
        rc = -errno;
    if (own.parent_fd >= 0)
        close(own.parent_fd);
    close(rules);
    return rc;
}

int sandbox_enter(const char *folder)
{
    int rc;

    capng_clear(CAPNG_SELECT_BOTH);
    if (capng_apply(CAPNG_SELECT_BOTH))
        return -EPERM;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -errno;
    rc = confine_files(folder);
    return rc ? rc : filter_calls();
}
