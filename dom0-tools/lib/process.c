/* SPDX-License-Identifier: MIT */
/* Running programs; see process.h. */
#include "lib/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_SIZE 2048 /* of what is printed, the end is kept */

/* A program that runs. */
struct running {
    pid_t pid;
    int pidfd;  /* readable when it has ended */
    int output; /* of a pipe */
    char text[OUTPUT_SIZE];
    size_t length;
};

/* Standard input: a file in memory, so that nobody waits for anybody. */
static int input_open(const char *text)
{
    size_t length = text ? strlen(text) : 0;
    int fd = memfd_create("input", MFD_CLOEXEC);

    if (fd >= 0 && (write(fd, text, length) != (ssize_t)length ||
                    lseek(fd, 0, SEEK_SET) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* The environment, with more at its end, which overrides; NULL: no memory. */
static const char **env_make(const char *const *more)
{
    size_t nr = 0, nr_more = 0, i, k, used = 0;
    const char **env;

    while (environ[nr])
        nr++;
    while (more && more[nr_more])
        nr_more++;
    env = calloc(nr + nr_more + 1, sizeof(*env));
    if (!env)
        return NULL;
    for (i = 0; i < nr; i++) {
        size_t length = strcspn(environ[i], "=") + 1;

        for (k = 0; k < nr_more; k++)
            if (!strncmp(environ[i], more[k], length))
                break;
        if (k == nr_more)
            env[used++] = environ[i];
    }
    for (k = 0; k < nr_more; k++)
        env[used++] = more[k];
    return env;
}

static int spawn(const struct process *process, int input, int output,
                 const char **env, pid_t *pid_out)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc)
        return -rc;
    posix_spawnattr_init(&attr);
    /* A group of its own, which can be killed as a whole. */
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    rc = posix_spawnp(pid_out, process->argv[0], &actions, &attr,
                      (char *const *)process->argv, (char *const *)env);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return -rc;
}

static int start(const struct process *process, struct running *r)
{
    int input = input_open(process->input), pipes[2] = {-1, -1}, rc = -EMFILE;
    const char **env = env_make(process->env);

    *r = (struct running){.pid = -1, .pidfd = -1, .output = -1};
    if (input >= 0 && env && !pipe2(pipes, O_CLOEXEC))
        rc = spawn(process, input, pipes[1], env, &r->pid);
    if (!rc) {
        r->pidfd = pidfd_open(r->pid, 0);
        r->output = pipes[0];
        fcntl(r->output, F_SETFL, O_NONBLOCK);
    } else if (pipes[0] >= 0) {
        close(pipes[0]);
    }
    if (pipes[1] >= 0)
        close(pipes[1]);
    if (input >= 0)
        close(input);
    free(env);
    return rc;
}

/* Take what is there. */
static void output_read(struct running *r)
{
    ssize_t got;

    do {
        if (r->length > OUTPUT_SIZE / 2) {
            memmove(r->text, r->text + r->length - OUTPUT_SIZE / 2,
                    OUTPUT_SIZE / 2);
            r->length = OUTPUT_SIZE / 2;
        }
        got = read(r->output, r->text + r->length, OUTPUT_SIZE - 1 - r->length);
        r->length += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    /* All writers have gone: nothing more to look for. */
    if (got == 0) {
        close(r->output);
        r->output = -1;
    }
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Wait for its end, or until it is to be killed. What it leaves in the
 * background is not waited for. Returns 0; -ETIMEDOUT; -ECANCELED.
 */
static int end_await(struct running *r, const struct process *process)
{
    int64_t deadline = now_ms() + process->timeout_ms, left;
    struct pollfd fds[] = {
        {.fd = r->pidfd, .events = POLLIN},
        {.fd = r->output, .events = POLLIN},
        {.fd = cancel_fd(process->cancel), .events = POLLIN}};

    while ((left = deadline - now_ms()) > 0) {
        fds[1].fd = r->output;
        if (poll(fds, 3, (int)left) <= 0)
            continue;
        if (fds[1].revents)
            output_read(r);
        if (fds[0].revents)
            return 0;
        if (fds[2].revents)
            return -ECANCELED;
    }
    return -ETIMEDOUT;
}

/* What it printed, as one line without what moves a terminal's cursor. */
static const char *output_line(struct running *r)
{
    size_t i;

    while (r->length && strchr("\n\r ", r->text[r->length - 1]))
        r->length--;
    r->text[r->length] = 0;
    for (i = 0; i < r->length; i++)
        if (r->text[i] == '\n')
            r->text[i] = ';';
        else if ((unsigned char)r->text[i] < ' ' || r->text[i] == 0x7f)
            r->text[i] = ' ';
    return r->length ? r->text : "it printed nothing";
}

static int status_check(const char *name, struct running *r, int status,
                        struct error **err_out)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status))
        return error_set(err_out, ERROR_DEVICE, -EIO,
                         "%s ended with status %d: %s", name,
                         WEXITSTATUS(status), output_line(r));
    return error_set(err_out, ERROR_DEVICE, -EIO,
                     "%s was ended by signal %d: %s", name, WTERMSIG(status),
                     output_line(r));
}

int process_run(const struct process *process, struct error **err_out)
{
    const char *name = process->argv[0];
    struct running r;
    int status = 0, rc = start(process, &r);

    if (rc)
        return error_set(err_out, ERROR_DEVICE, rc, "%s: %s", name,
                         strerror(-rc));
    rc = end_await(&r, process);
    if (rc)
        kill(-r.pid, SIGKILL);
    while (waitpid(r.pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (r.output >= 0)
        output_read(&r);
    if (!rc)
        rc = status_check(name, &r, status, err_out);
    else if (rc == -ECANCELED)
        rc = cancel_check(process->cancel, err_out);
    else
        error_set(err_out, ERROR_NO_ANSWER, rc,
                  "%s did not end within %d s: %s", name,
                  process->timeout_ms / 1000, output_line(&r));
    if (r.output >= 0)
        close(r.output);
    close(r.pidfd);
    return rc;
}

bool process_find(const char *name)
{
    const char *folders = getenv("PATH"), *end;
    char path[4096];
    bool found = false;

    for (; folders && *folders && !found; folders = *end ? end + 1 : end) {
        end = strchrnul(folders, ':');
        snprintf(path, sizeof(path), "%.*s/%s", (int)(end - folders), folders,
                 name);
        found = access(path, X_OK) == 0;
    }
    return found;
}
