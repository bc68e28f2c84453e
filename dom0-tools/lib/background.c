/* SPDX-License-Identifier: MIT */
/* Processes in the background; see background.h. */
#include "lib/background.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void streams_replace(const char *log)
{
    int null = open("/dev/null", O_RDWR);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

    if (null < 0)
        _exit(1);
    dup2(null, STDIN_FILENO);
    dup2(out < 0 ? null : out, STDOUT_FILENO);
    dup2(out < 0 ? null : out, STDERR_FILENO);
    /* Whoever waits for the end of a pipe from this process waits no longer. */
    closefrom(STDERR_FILENO + 1);
}

/* The child's child is nobody's to wait for. */
static void child_run(int (*run)(void *ctx), void *ctx, const char *log)
{
    if (setsid() < 0 || fork())
        _exit(0);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    streams_replace(log);
    if (chdir("/"))
        _exit(1);
    _exit(run(ctx));
}

int background_start(int (*run)(void *ctx), void *ctx, const char *log,
                     bool ends, struct error **err_out)
{
    pid_t child = fork();

    if (child < 0)
        return error_set(err_out, ERROR_INTERNAL, -errno,
                         "can't start a process: %s", strerror(errno));
    if (child == 0)
        child_run(run, ctx, log);
    while (!ends && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return 0;
}
