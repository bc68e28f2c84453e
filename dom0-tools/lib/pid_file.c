/* SPDX-License-Identifier: MIT */
/* Processes by their pid files; see pid_file.h. */
#include "lib/pid_file.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "lib/run_file.h"

void pid_file_path(const char *name, char *path, size_t size)
{
    snprintf(path, size, "/run/xen/%s.pid", name);
}

static long pid_read(const char *name)
{
    char file[64], text[32];

    snprintf(file, sizeof(file), "%s.pid", name);
    return run_file_read(file, text, sizeof(text)) ? strtol(text, NULL, 10) : 0;
}

/* Whether a process has that name. */
static bool is_called(long pid, const char *name)
{
    char path[64], text[32] = "";
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
    f = fopen(path, "re");
    if (!f)
        return false;
    if (!fgets(text, sizeof(text), f))
        text[0] = 0;
    fclose(f);
    text[strcspn(text, "\n")] = 0;
    return !strcmp(text, name);
}

int pid_file_open(const char *name, const char *program)
{
    long pid = pid_read(name);
    struct pollfd fd = {.fd = pid > 0 ? pidfd_open((pid_t)pid, 0) : -1,
                        .events = POLLIN};

    if (fd.fd < 0 || (!poll(&fd, 1, 0) && is_called(pid, program)))
        return fd.fd;
    close(fd.fd);
    return -1;
}

void pid_file_stop(const char *name, const char *program, int timeout_ms)
{
    struct pollfd fd = {.fd = pid_file_open(name, program), .events = POLLIN};

    if (fd.fd < 0)
        return;
    pidfd_send_signal(fd.fd, SIGTERM, NULL, 0);
    if (poll(&fd, 1, timeout_ms) <= 0)
        pidfd_send_signal(fd.fd, SIGKILL, NULL, 0);
    close(fd.fd);
}
