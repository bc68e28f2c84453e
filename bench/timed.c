/* SPDX-License-Identifier: MIT */
/*
 * timed ROW COMMAND...: run a command and write `@R ROW milliseconds ms` to the
 * console: from its start until it has ended, without a shell's share.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
    double begin = now_ms();
    FILE *console;
    int status;
    pid_t child;

    if (argc < 3)
        return 2;
    if (posix_spawnp(&child, argv[2], NULL, NULL, argv + 2, environ) ||
        waitpid(child, &status, 0) < 0 || status)
        return 1;
    begin = now_ms() - begin;
    console = fopen("/dev/hvc0", "w");
    if (!console)
        return 1;
    fprintf(console, "@R %s %.3f ms\n", argv[1], begin);
    return fclose(console) ? 1 : 0;
}
