/* SPDX-License-Identifier: MIT */
/* Least privilege: capabilities, and files by Landlock; see confine.h. */
#include "daemons/confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int confine_privileges(void)
{
    capng_clear(CAPNG_SELECT_BOTH);
    if (capng_apply(CAPNG_SELECT_BOTH))
        return -EPERM;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}

/* All that the first version of Landlock knows. */
#define LANDLOCK_ALL ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

static int path_allow(int rules, const struct confine_path *path)
{
    struct landlock_path_beneath_attr beneath = {
        .parent_fd = path->fd, .allowed_access = path->access};

    if (path->fd < 0)
        return 0;
    return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
                   &beneath, 0)
               ? -errno
               : 0;
}

int confine_files(const struct confine_path *paths, size_t nr)
{
    struct landlock_ruleset_attr all = {.handled_access_fs = LANDLOCK_ALL};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
    int rc = 0;

    if (rules < 0)
        return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
    for (size_t i = 0; i < nr && !rc; i++)
        rc = path_allow(rules, &paths[i]);
    if (!rc && syscall(SYS_landlock_restrict_self, rules, 0))
        rc = -errno;
    close(rules);
    return rc;
}
