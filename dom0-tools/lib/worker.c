/* SPDX-License-Identifier: MIT */
/* Work in a process of its own; see worker.h. */
#include "lib/worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What comes back of a worker. */
struct outcome {
    bool done;
    int rc;
    enum error_code code;
    char text[2048];
    char hint[512];
};

void *worker_shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

void worker_shared_free(void *memory, size_t size)
{
    if (memory)
        munmap(memory, size);
}

static void outcome_fill(struct outcome *o, int rc, const struct error *err)
{
    const char *hint = error_first_hint(err);
    char *text = err ? error_text(err) : NULL;

    o->rc = rc;
    o->code = err ? error_code(err) : ERROR_INTERNAL;
    snprintf(o->text, sizeof(o->text), "%s", text ? text : "out of memory");
    snprintf(o->hint, sizeof(o->hint), "%s", hint ? hint : "");
    free(text);
    o->done = true;
}

static void worker(int (*run)(void *ctx, struct error **err_out), void *ctx,
                   struct outcome *o)
{
    struct error *err = NULL;
    int rc;

    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    rc = run(ctx, &err);
    outcome_fill(o, rc, err);
    _exit(0);
}

/* Until the worker has ended by itself, or is to end. */
static void await(pid_t pid, const struct cancel *cancel)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
                           {.fd = cancel_fd(cancel), .events = POLLIN}};

    if (fd < 0)
        return;
    while (poll(fds, 2, -1) < 0 && errno == EINTR)
        ;
    if (!fds[0].revents)
        kill(pid, SIGKILL);
    close(fd);
}

static int outcome_take(const struct outcome *o, int status,
                        const struct cancel *cancel, struct error **err_out)
{
    int rc = o->done ? 0 : cancel_check(cancel, err_out);

    if (rc)
        return rc;
    /* A signal to all that belong to one terminal comes here first. */
    if (!o->done && WIFSIGNALED(status) &&
        (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM ||
         WTERMSIG(status) == SIGHUP))
        return error_set(err_out, ERROR_CANCELLED, -ECANCELED, "cancelled");
    if (!o->done)
        return error_set(err_out, ERROR_INTERNAL, -EIO,
                         "the process that did it has failed");
    if (!o->rc)
        return 0;
    error_set(err_out, o->code, o->rc, "%s", o->text);
    if (*o->hint)
        error_hint(err_out, "%s", o->hint);
    return o->rc;
}

int worker_run(int (*run)(void *ctx, struct error **err_out), void *ctx,
               const struct cancel *cancel, struct error **err_out)
{
    struct outcome *o = worker_shared(sizeof(*o));
    int status = 0, rc;
    pid_t pid;

    if (!o)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    pid = fork();
    if (pid == 0)
        worker(run, ctx, o);
    if (pid < 0) {
        rc = error_set(err_out, ERROR_INTERNAL, -errno, "fork: %s",
                       strerror(errno));
    } else {
        await(pid, cancel);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        rc = outcome_take(o, status, cancel, err_out);
    }
    worker_shared_free(o, sizeof(*o));
    return rc;
}
