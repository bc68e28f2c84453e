/* SPDX-License-Identifier: MIT */
/* Block devices of images; see nbd.h. */
#include "lib/nbd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nbd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/lock.h"
#include "lib/process.h"

#define FOLDER       "/dev/"
#define SHORT_SIZE   (NBD_NAME_SIZE - sizeof(FOLDER) + 1) /* without it */

#define PROGRAM      NBD_PROGRAM
#define MAX_OPTIONS  10
#define MAX_PLACE    5
#define START_MS     30000
#define STOP_MS      30000
#define SETTLE_TRIES 2000 /* of 5 ms */

/* A number of /sys/block/<device>, -1 where it has none. */
static long number_read(const char *name, const char *what)
{
    char path[64], text[32] = "";
    ssize_t got;
    int fd;

    snprintf(path, sizeof(path), "/sys/block/%s/%s", name, what);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    got = read(fd, text, sizeof(text) - 1);
    close(fd);
    return got > 0 ? strtol(text, NULL, 10) : -1;
}

/* It has a process only while it is connected. */
static bool is_free(const char *name)
{
    return number_read(name, "pid") < 0 && number_read(name, "size") == 0;
}

/* A device that nobody uses, under the lock. */
static int free_find(char *name_out, struct error **err_out)
{
    unsigned int i;

    for (i = 0;; i++) {
        snprintf(name_out, SHORT_SIZE, "nbd%u", i);
        if (number_read(name_out, "size") < 0)
            break;
        if (is_free(name_out))
            return 0;
    }
    error_set(err_out, ERROR_DEVICE, -ENODEV, "all %u nbd devices are in use",
              i);
    return error_hint(err_out, "load the module nbd with a larger nbds_max=");
}

int nbd_check(struct error **err_out)
{
    if (number_read("nbd0", "size") >= 0)
        return 0;
    error_set(err_out, ERROR_DEVICE, -ENODEV, "there are no nbd devices");
    return error_hint(err_out, "load the module nbd");
}

/* The program says that it serves before the driver has heard of it. */
static bool gets_connected(const char *name)
{
    const struct timespec step = {.tv_nsec = 5000000};
    int tries;

    for (tries = 0; tries < SETTLE_TRIES; tries++) {
        if (number_read(name, "pid") > 0 && number_read(name, "size") > 0)
            return true;
        nanosleep(&step, NULL);
    }
    return false;
}

int nbd_program_run(const struct nbd_image *image, const char *const place[],
                    struct error **err_out)
{
    const char *argv[MAX_OPTIONS + MAX_PLACE + 1] = {
        PROGRAM,     "--fork",
        "--format",  image->format,
        "--cache",   image->direct ? "none" : "writeback",
        "--discard", image->no_discard ? "ignore" : "unmap",
        image->path,
    };
    const struct process process = {.argv = argv, .timeout_ms = START_MS};
    size_t nr = 0, i;
    int rc;

    while (argv[nr])
        nr++;
    if (image->read_only)
        argv[nr++] = "--read-only";
    for (i = 0; place[i]; i++)
        argv[nr++] = place[i];
    rc = process_run(&process, err_out);
    return rc == -ENOENT ? error_hint(err_out, NBD_INSTALL_HINT) : rc;
}

int nbd_attach(const struct nbd_image *image, char *device_out,
               struct error **err_out)
{
    char name[SHORT_SIZE];
    int lock, rc = nbd_check(err_out);

    if (!rc)
        rc = lock_take("nbd", &lock, err_out);
    if (rc)
        return rc;
    rc = free_find(name, err_out);
    if (!rc) {
        snprintf(device_out, NBD_NAME_SIZE, FOLDER "%s", name);
        rc = nbd_program_run(
            image, (const char *const[]){"--connect", device_out, NULL},
            err_out);
    }
    if (!rc && !gets_connected(name)) {
        rc = error_set(err_out, ERROR_NO_ANSWER, -ETIMEDOUT,
                       "%s: %s does not serve %s", image->path, PROGRAM,
                       device_out);
        nbd_detach(device_out, NULL);
    }
    lock_drop(lock);
    return rc;
}

/* The process that serves a device, of which the driver names one thread. */
static int server_open(const char *name)
{
    char path[64], line[256];
    long thread = number_read(name, "pid"), process = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%ld/status", thread);
    f = thread > 0 ? fopen(path, "re") : NULL;
    while (f && !process && fgets(line, sizeof(line), f))
        if (!strncmp(line, "Tgid:", 5))
            process = strtol(line + 5, NULL, 10);
    if (f)
        fclose(f);
    return process > 0 ? pidfd_open((pid_t)process, 0) : -1;
}

static bool server_ends(int pidfd)
{
    struct pollfd fd = {.fd = pidfd, .events = POLLIN};

    return poll(&fd, 1, STOP_MS) > 0;
}

int nbd_detach(const char *device, struct error **err_out)
{
    int fd = open(device, O_RDWR | O_CLOEXEC);
    int server = server_open(device + strlen(FOLDER)), rc = 0;

    if (fd < 0) {
        rc = error_set(err_out, ERROR_DEVICE, -errno, "%s: %s", device,
                       strerror(errno));
    } else {
        ioctl(fd, NBD_CLEAR_QUE);
        ioctl(fd, NBD_DISCONNECT);
        ioctl(fd, NBD_CLEAR_SOCK);
        close(fd);
    }
    if (!rc && server >= 0 && !server_ends(server))
        rc = error_set(err_out, ERROR_NO_ANSWER, -ETIMEDOUT,
                       "%s: %s does not let it go", device, PROGRAM);
    if (server >= 0)
        close(server);
    return rc;
}
