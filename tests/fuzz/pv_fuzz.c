/* SPDX-License-Identifier: MIT */
/*
 * Each half of a PV driver with a peer that the input makes up. The name of the
 * program picks one:
 *
 *   pv_blkback, pv_netback    the input writes to the front-end's rings and
 * data pv_blkfront, pv_netfront  the input writes to the rings as its back-end
 * sees them
 *
 * Input: bytes of one-byte commands with their arguments; see command().
 */
#include "pv_fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz fuzz;

static const struct fuzz_target *target;
static const uint8_t *input, *input_end;

void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

uint8_t fuzz_byte(void)
{
    return input < input_end ? *input++ : 0;
}

static void set(const char *node, const char *name, const char *value)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", node, name);
    fake_store_set(path, value);
}

static void make_nodes(void)
{
    set(target->front, "backend", target->back);
    set(target->front, "backend-id", "0");
    set(target->front, "state", "1");
    set(target->back, "frontend", target->front);
    set(target->back, "frontend-id", "5");
    set(target->back, "online", "1");
    set(target->back, "state", "1");
}

/* Bytes to a place in one of the pages. */
static void write_memory(uint8_t *page)
{
    unsigned int offset = fuzz_byte(), size;

    offset = (offset | (unsigned int)fuzz_byte() << 8) % OS_PAGE_SIZE;
    size = fuzz_byte() % 128;
    while (size-- && offset < OS_PAGE_SIZE) {
        uint8_t byte = fuzz_byte();

        if (page)
            page[offset] = byte;
        offset++;
    }
}

static void set_state(void)
{
    char state[4];

    snprintf(state, sizeof(state), "%u", fuzz_byte() % 9U);
    set(target->is_front ? target->back : target->front, "state", state);
}

static void command(void)
{
    switch (fuzz_byte() % 7) {
    case 0:
    case 1:
        write_memory(fuzz.memory[fuzz_byte() % FUZZ_PAGES]);
        break;
    case 2:
        /* The port of a back-end is the one after its front-end's. */
        fake_event_inject(target->is_front ? FAKE_FRONT : FAKE_BACK,
                          target->is_front ? fuzz.port : fuzz.port + 1);
        break;
    case 3:
        for (unsigned int i = fuzz_byte() % 64; i--;)
            fake_step();
        break;
    case 4:
        set_state();
        break;
    default:
        if (target->speak)
            target->speak();
        break;
    }
    if (target->find)
        target->find();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const struct fuzz_target *const targets[] = {
        &fuzz_blkback, &fuzz_blkfront, &fuzz_netback, &fuzz_netfront};

    (void)argc;
    for (size_t i = 0; i < OS_ARRAY_SIZE(targets); i++)
        if (strstr((*argv)[0], targets[i]->name))
            target = targets[i];
    must(target, "the program has none of the names");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input = data;
    input_end = data + size;
    fake_begin(size ? data[0] : 0);
    memset(&fuzz, 0, sizeof(fuzz));
    make_nodes();
    fake_enter(FAKE_BACK);
    target->begin();
    while (input < input_end)
        command();
    target->end();
    must(fake_end(), "something is left");
    return 0;
}
