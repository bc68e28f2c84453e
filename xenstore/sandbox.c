/* SPDX-License-Identifier: MIT */
/* Least privilege; see sandbox.h. Devices and folder are open by now. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <unistd.h>

#include "daemons/confine.h"

/* What the journal does in its folder. */
#define LANDLOCK_JOURNAL                                                       \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |            \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)

static int filter_calls(void)
{
    static const int calls[] = {
        /* Loop and clients. */
        SCMP_SYS(sched_yield),
        SCMP_SYS(accept4),
        SCMP_SYS(setsockopt),
        SCMP_SYS(clock_nanosleep),
        /* The journal. */
        SCMP_SYS(fallocate),
        SCMP_SYS(unlinkat),
        SCMP_SYS(lseek),
    };
    static const struct confine_calls own = {
        .calls = calls,
        .nr_calls = sizeof(calls) / sizeof(calls[0]),
        .devices = "EGP",
        .opens_files = true,
    };

    return confine_calls(&own);
}

static int keep_folder(const char *folder)
{
    struct confine_path journal = {.access = LANDLOCK_JOURNAL};
    int rc;

    journal.fd = open(folder, O_PATH | O_CLOEXEC);
    if (journal.fd < 0)
        return -errno;
    rc = confine_files(&journal, 1);
    close(journal.fd);
    return rc;
}

int sandbox_enter(const char *folder)
{
    int rc = confine_privileges();

    if (!rc)
        rc = keep_folder(folder);
    return rc ? rc : filter_calls();
}
