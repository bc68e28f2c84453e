/* SPDX-License-Identifier: MIT */
/* xenstore-control: commands to the daemon, and its update while it runs. */
#include "commands.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Exit statuses. */
#define CONTROL_NO_DAEMON 1
#define CONTROL_USAGE     2
#define CONTROL_FAILED    3

/* How long transactions may keep an update waiting, in seconds. */
#define UPDATE_TIMEOUT "60"

/* Send words; the daemon's answer for free(), NULL with errno. */
static char *send_words(struct run *run, char *const *words, unsigned int nr)
{
    struct text data = {0};
    char *reply;

    for (unsigned int i = 1; i < nr; i++)
        text_add(&data, words[i], strlen(words[i]) + 1);
    reply = xs_control_command(run->h, words[0], data.bytes,
                               (unsigned int)data.len);
    free(data.bytes);
    return reply;
}

static void print_commands(struct run *run)
{
    char *help = xs_control_command(run->h, "help", NULL, 0);

    if (help)
        fprintf(stderr, "Command not supported. Valid commands are:\n%s\n",
                help);
    else
        fputs("Error when executing command.\n", stderr);
    free(help);
}

static int run_words(struct run *run)
{
    char *reply = send_words(run, run->args, run->nr_args);
    int error = errno;

    if (reply) {
        puts(reply);
        free(reply);
        return 0;
    }
    if (error == EINVAL)
        print_commands(run);
    else
        fprintf(stderr, "Error %d when trying to execute command: %s.\n", error,
                error == EBADF ? "lost the connection to xenstored"
                               : strerror(error));
    return CONTROL_FAILED;
}

/* ---- live-update ---- */

struct update {
    char *binary;
    char *cmdline; /* NULL: as the daemon has it */
    char *timeout;
    bool force;
};

static int update_usage(const char *message)
{
    fprintf(stderr, "%s\n", message);
    return CONTROL_USAGE;
}

/* [-c <cmdline>] [-F] [-t <timeout>] <file> */
static int parse_update(struct run *run, struct update *update)
{
    update->timeout = UPDATE_TIMEOUT;
    for (unsigned int i = 1; i < run->nr_args; i++) {
        char *arg = run->args[i];
        char *value = i + 1 < run->nr_args ? run->args[i + 1] : NULL;

        if (strcmp(arg, "-c") == 0) {
            if (!value)
                return update_usage("Missing command line value");
            update->cmdline = value;
            i++;
        } else if (strcmp(arg, "-t") == 0) {
            if (!value)
                return update_usage("Missing timeout value");
            update->timeout = value;
            i++;
        } else if (strcmp(arg, "-F") == 0) {
            update->force = true;
        } else {
            update->binary = arg;
        }
    }
    if (!update->binary)
        return update_usage("Missing binary specification");
    return 0;
}

/* One step of an update: 0, or what is not OK is told. */
static int update_step(struct run *run, const char *what, char **words,
                       unsigned int nr)
{
    char *reply = send_words(run, words, nr);
    int status = reply && strcmp(reply, "OK") == 0 ? 0 : CONTROL_FAILED;

    if (status)
        fprintf(stderr, "%s failed:\n%s\n", what,
                reply             ? reply
                : errno == EINVAL ? "this daemon does not know the command"
                                  : strerror(errno));
    free(reply);
    return status;
}

/* Transactions of others may make it busy for a while. */
static int update_start(struct run *run, const struct update *update)
{
    char *words[] = {"live-update", "-s", "-t", update->timeout, "-F"};
    unsigned int nr = update->force ? 5 : 4;
    time_t end = time(NULL) + strtol(update->timeout, NULL, 10);
    char *reply;

    while ((reply = send_words(run, words, nr)) != NULL &&
           strcmp(reply, "BUSY") == 0 && time(NULL) < end) {
        free(reply);
        sleep(1);
    }
    if (reply && strcmp(reply, "OK") == 0) {
        puts(reply);
        free(reply);
        return 0;
    }
    fprintf(stderr, "Starting live update failed:\n%s\n",
            reply ? reply : strerror(errno));
    free(reply);
    return CONTROL_FAILED;
}

/* ---- live-update of our daemon: its successor is started from here ---- */

/* Words of a successor's command line. */
#define MAX_CMDLINE 64

/* The process id of our daemon; 0 if it is another, which has been told the
 * new program now. */
static int own_daemon(struct run *run, const struct update *update)
{
    char *words[] = {"live-update", "-f", update->binary};
    char *reply = send_words(run, words, 3);
    int pid = 0;

    if (reply && sscanf(reply, "process %d starts no programs", &pid) != 1)
        pid = 0;
    free(reply);
    return pid;
}

/* Returns 0 or a number of errno. */
static int start_program(const struct update *update, pid_t *pid_out)
{
    char *argv[MAX_CMDLINE + 2] = {update->binary};
    char *rest = NULL;
    int nr = 0;

    if (update->cmdline)
        do
            argv[nr + 1] = strtok_r(nr ? NULL : update->cmdline, " ", &rest);
        while (argv[nr + 1] && ++nr < MAX_CMDLINE);
    argv[nr + 1] = NULL;
    return posix_spawn(pid_out, update->binary, NULL, NULL, argv, environ);
}

/* This connection is handed on: soon the successor answers on it. */
static int start_successor(struct run *run, const struct update *update,
                           int old_pid)
{
    time_t end = time(NULL) + strtol(update->timeout, NULL, 10);
    const struct timespec pause = {.tv_nsec = 50000000};
    pid_t child;
    int error = start_program(update, &child), status = 0, pid;

    while (!error && time(NULL) <= end) {
        if (waitpid(child, &status, WNOHANG) == child && status)
            break;
        pid = own_daemon(run, update);
        if (pid && pid != old_pid) {
            puts("OK");
            return 0;
        }
        nanosleep(&pause, NULL);
    }
    fprintf(stderr, "Starting live update failed:\n%s: %s\n", update->binary,
            error    ? strerror(error)
            : status ? "it has failed"
                     : "it does not take over");
    return CONTROL_FAILED;
}

static int run_update(struct run *run)
{
    struct update update = {0};
    char *abort_words[] = {"live-update", "-a"};
    int status = parse_update(run, &update), pid;

    if (status)
        return status;
    pid = own_daemon(run, &update);
    if (pid)
        return start_successor(run, &update, pid);
    status = update_step(run, "Setting update binary",
                         (char *[]){"live-update", "-f", update.binary}, 3);
    if (!status && update.cmdline)
        status =
            update_step(run, "Setting update cmdline",
                        (char *[]){"live-update", "-c", update.cmdline}, 3);
    if (!status)
        status = update_start(run, &update);
    if (status)
        free(send_words(run, abort_words, 2));
    return status;
}

int run_control(struct run *run)
{
    int status;

    if (!run->nr_args) {
        fputs("Usage:\nxenstore-control <command> [<arg>...]\n", stderr);
        return CONTROL_USAGE;
    }
    run->h = xs_open(0);
    if (!run->h) {
        fputs("Failed to contact Xenstored.\n", stderr);
        return CONTROL_NO_DAEMON;
    }
    if (strcmp(run->args[0], "live-update") == 0)
        status = run_update(run);
    else
        status = run_words(run);
    xs_close(run->h);
    return status;
}
