/* SPDX-License-Identifier: MIT */
/*
 * Fuzz targets of the console daemon; the word behind the last '_' of the
 * program's name picks one:
 *
 *   ring     a guest that writes what it likes to its console's page, whenever
 *   history  a file that is read as a history
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "consoled/history.h"
#include "consoled/ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* One step: what the guest writes where, then a turn of the daemon. */
struct step {
    uint32_t field; /* of the four indices */
    uint32_t value;
};

static void daemon_turn(struct ring *r)
{
    char text[RING_OUT_SIZE];
    int waiting = ring_out_waiting(r);
    uint32_t room = ring_in_room(r);

    if (waiting > (int)sizeof(text) || room > RING_IN_SIZE)
        abort();
    if (waiting > 0) {
        ring_out_copy(r, text, (uint32_t)waiting);
        ring_out_release(r, (uint32_t)waiting);
        if (r->page->out_cons != r->out_cons)
            abort();
    }
    memset(text, 'i', sizeof(text));
    ring_in_put(r, text, room);
}

static void ring_try(const uint8_t *data, size_t size)
{
    struct xencons_interface page = {0};
    uint32_t *const fields[] = {&page.in_cons, &page.in_prod, &page.out_cons,
                                &page.out_prod};
    struct ring r = {0};
    struct step step;
    uint32_t taken;

    ring_open(&r, &page, NULL);
    for (; size >= sizeof(step); data += sizeof(step), size -= sizeof(step)) {
        memcpy(&step, data, sizeof(step));
        *fields[step.field % 4] = step.value;
        /* Now and then the daemon is another one. */
        taken = step.field >> 8;
        if (step.field & 0x80)
            ring_open(&r, &page, step.field & 0x40 ? &taken : NULL);
        daemon_turn(&r);
    }
}

static void history_try(const uint8_t *data, size_t size)
{
    uint64_t pos = 0;
    char *text;
    size_t len;
    int fd;

    fd = memfd_create("history", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
        ftruncate(fd, HISTORY_DATA + HISTORY_MIN_SIZE))
        abort();
    if (!history_text_of(fd, &pos, &text, &len)) {
        if (len > HISTORY_MIN_SIZE || text[len])
            abort();
        free(text);
    }
    close(fd);
}

static const struct {
    const char *name;
    void (*fn)(const uint8_t *data, size_t size);
} targets[] = {
    {"ring", ring_try},
    {"history", history_try},
};

#define NR_TARGETS (sizeof(targets) / sizeof(targets[0]))

static size_t target;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = strrchr((*argv)[0], '_');

    (void)argc;
    for (target = 0; target < NR_TARGETS; target++)
        if (name && !strcmp(name + 1, targets[target].name))
            return 0;
    fprintf(stderr, "no such target: %s\n", (*argv)[0]);
    exit(1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    targets[target].fn(data, size);
    return 0;
}
