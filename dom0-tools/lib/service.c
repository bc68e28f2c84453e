/* SPDX-License-Identifier: MIT */
/* Daemons for guests' devices; see service.h. */
#include "lib/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "lib/process.h"

/* There is one of these where systemd is the service manager: sd_booted(3). */
#define MANAGER_FOLDER "/run/systemd/system"

#define START_MS       10000
#define STEP_MS        10

static int lock_open(const char *name)
{
    char path[64];

    snprintf(path, sizeof(path), "/run/%s/lock", name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

bool service_runs(const char *name)
{
    int fd = lock_open(name);
    bool runs = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;

    if (fd >= 0)
        close(fd);
    return runs;
}

void service_await_end(const char *name)
{
    int fd = lock_open(name);

    while (fd >= 0 && flock(fd, LOCK_SH) && errno == EINTR)
        ;
    if (fd >= 0)
        close(fd);
}

bool service_manager_starts(const char *name)
{
    const char *argv[] = {"systemctl", "start", name, NULL};
    const struct process process = {.argv = argv, .timeout_ms = START_MS};

    return !access(MANAGER_FOLDER, F_OK) &&
           (service_runs(name) || !process_run(&process, NULL));
}

int service_start(const char *name, struct error **err_out)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000};
    const char *argv[] = {name, NULL};
    const struct process process = {.argv = argv, .timeout_ms = START_MS};
    int rc = process_run(&process, err_out), tries;

    for (tries = 0; !rc && tries < START_MS / STEP_MS; tries++) {
        if (service_runs(name))
            return 0;
        nanosleep(&step, NULL);
    }
    return rc ? rc
              : error_set(err_out, ERROR_NO_ANSWER, -ETIMEDOUT,
                          "%s does not start", name);
}
