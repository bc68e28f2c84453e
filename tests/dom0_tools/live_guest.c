/* SPDX-License-Identifier: MIT */
/*
 * A guest for live_xen.c: the other end of a console, as a process.
 * usage: live_guest FOLDER DOMID count|echo|flood
 *
 *   count   writes lines COUNT n without end
 *   echo    sends back what it gets, in capitals
 *   flood   writes without end and without waiting
 */
#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "public/io/console.h"

static struct xencons_interface *page;
static int up, down;

static int file_open(const char *folder, const char *domid, const char *what,
                     bool is_fifo)
{
    char path[512];
    int fd;

    snprintf(path, sizeof(path), "%s/%s.%s", folder, domid, what);
    if (is_fifo)
        mkfifo(path, 0600);
    fd = open(path, O_RDWR | O_CREAT | (is_fifo ? O_NONBLOCK : 0), 0600);
    if (fd < 0) {
        perror(path);
        exit(1);
    }
    return fd;
}

/* An event, or a while: a daemon that is gone sends none. */
static void event_await(void)
{
    struct pollfd fd = {.fd = down, .events = POLLIN};
    char bytes[64];

    if (poll(&fd, 1, 10) > 0 && read(down, bytes, sizeof(bytes)) < 0)
        exit(1);
}

static void event_send(void)
{
    if (write(up, "", 1) < 0)
        return; /* as many as there is room for are enough */
}

static void text_write(const char *text, size_t len)
{
    while (len--) {
        uint32_t prod = page->out_prod;

        while (prod - __atomic_load_n(&page->out_cons, __ATOMIC_ACQUIRE) >=
               sizeof(page->out)) {
            event_send();
            event_await();
        }
        page->out[prod % sizeof(page->out)] = *text++;
        __atomic_store_n(&page->out_prod, prod + 1, __ATOMIC_RELEASE);
    }
    event_send();
}

static void run_count(void)
{
    char line[32];
    unsigned int i;

    for (i = 1;; i++) {
        text_write(line, (size_t)snprintf(line, sizeof(line), "COUNT %u\n", i));
        if (i % 8 == 0)
            usleep(2000);
    }
}

static void run_echo(void)
{
    for (;;) {
        uint32_t cons = page->in_cons;
        char letter;

        if (cons == __atomic_load_n(&page->in_prod, __ATOMIC_ACQUIRE)) {
            event_await();
            continue;
        }
        letter = (char)toupper(page->in[cons % sizeof(page->in)]);
        text_write(&letter, 1);
        __atomic_store_n(&page->in_cons, cons + 1, __ATOMIC_RELEASE);
        event_send();
    }
}

static void run_flood(void)
{
    for (;;)
        text_write("FLOOD FLOOD FLOOD FLOOD\n", 24);
}

int main(int argc, char **argv)
{
    int fd;

    if (argc != 4)
        return 2;
    fd = file_open(argv[1], argv[2], "page", false);
    up = file_open(argv[1], argv[2], "up", true);
    down = file_open(argv[1], argv[2], "down", true);
    if (ftruncate(fd, 4096))
        return 1;
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        return 1;
    puts("ready");
    fflush(stdout);
    text_write("GUEST-UP\n", 9);
    if (!strcmp(argv[3], "count"))
        run_count();
    if (!strcmp(argv[3], "flood"))
        run_flood();
    run_echo();
}
