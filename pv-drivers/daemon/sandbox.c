/* SPDX-License-Identifier: MIT */
/*
 * Least privilege of the worker: a user that owns nothing, no new privileges,
 * and of the system calls those that the loop makes. It opens no files at all.
 */
#include "daemon/internal.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemons/confine.h"

static int filter_calls(const struct daemon_class *class)
{
    static const int calls[] = {
        /* Store, opener, devices. */
        SCMP_SYS(poll),
        SCMP_SYS(ppoll),
        SCMP_SYS(recvmsg),
        SCMP_SYS(shutdown),
    };
    const struct confine_calls own = {
        .calls = calls,
        .nr_calls = sizeof(calls) / sizeof(calls[0]),
        .devices = "EG",
        .allow = class->allow,
    };

    return confine_calls(&own);
}

int sandbox_enter(const struct daemon_class *class, unsigned int uid)
{
    if (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
        setresuid(uid, uid, uid) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -errno;
    /* The change of user has forgotten it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL))
        return -errno;
    return filter_calls(class);
}
