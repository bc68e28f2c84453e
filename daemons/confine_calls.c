/* SPDX-License-Identifier: MIT */
/* Least privilege: system calls, by seccomp; see confine.h. */
#include "daemons/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

/* What every daemon calls, with any arguments. */
static const int common[] = {
    /* Loop and peers. */
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    SCMP_SYS(newfstatat),
    SCMP_SYS(fstat),
    /* Memory. */
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    /* Time, locks in libraries, the end. */
    SCMP_SYS(clock_gettime),
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

static int allow_calls(scmp_filter_ctx filter, const int *calls, size_t nr)
{
    int rc = 0;

    for (size_t i = 0; i < nr && !rc; i++)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    return rc;
}

/* Of each letter all that there is. */
static int allow_devices(scmp_filter_ctx filter, const char *letters)
{
    int rc = 0;

    for (const char *l = letters; *l && !rc; l++)
        rc = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
            SCMP_A1(SCMP_CMP_MASKED_EQ, 0xff00, (scmp_datum_t)*l << 8));
    return rc;
}

/* What depends on the daemon and on arguments. */
static int allow_some(scmp_filter_ctx filter, const struct confine_calls *what)
{
    int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

    if (!rc && what->opens_files)
        rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                              SCMP_A0_32(SCMP_CMP_NE, (uint32_t)AT_FDCWD, 0));
    if (!rc)
        rc = allow_devices(filter, what->devices);
    if (!rc && what->allow)
        rc = what->allow(filter);
    return rc;
}

int confine_calls(const struct confine_calls *what)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int rc = -ENOMEM;

    if (filter)
        rc = allow_calls(filter, common, sizeof(common) / sizeof(common[0]));
    if (!rc)
        rc = allow_calls(filter, what->calls, what->nr_calls);
    if (!rc)
        rc = allow_some(filter, what);
    if (!rc)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    return rc;
}
