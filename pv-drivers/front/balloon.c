/* SPDX-License-Identifier: MIT */
/*
 * Gives pages back to the hypervisor and takes others, some at a time, until
 * there are as many as there should be; see balloon.h. What can't be had now is
 * tried again each second.
 */
#include "pv/balloon.h"

#include "pv/store.h"

#define TARGET       "memory/target" /* in KiB, below the domain's own folder */
#define KIB_PER_PAGE (OS_PAGE_SIZE / 1024U)

/* What one step moves, so that others have their turn. */
#define STEP_PAGES 256U
#define RETRY_NS   1000000000UL

static unsigned int step_size(uint64_t distance)
{
    return distance < STEP_PAGES ? (unsigned int)distance : STEP_PAGES;
}

/* Returns the pages moved. */
static unsigned int step(struct balloon *b)
{
    unsigned int nr;

    if (b->pages > b->target) {
        nr = os_balloon_give(step_size(b->pages - b->target));
        b->pages -= nr;
    } else {
        nr = os_balloon_take(step_size(b->target - b->pages));
        b->pages += nr;
    }
    return nr;
}

static void go_on(void *balloon)
{
    struct balloon *b = balloon;
    unsigned int nr;

    if (b->pages == b->target)
        return;
    nr = step(b);
    if (b->pages != b->target)
        os_timer_set(&b->timer, os_now_ns() + (nr ? 0 : RETRY_NS));
}

static void target_changed(void *balloon, const char *path)
{
    struct balloon *b = balloon;
    char value[24];
    uint64_t kib;

    (void)path;
    if (os_store_read(OS_STORE_NONE, TARGET, value, sizeof(value)) ||
        text_to_u64(value, &kib))
        return;
    b->target = kib / KIB_PER_PAGE;
    if (b->target < b->least)
        b->target = b->least;
    if (b->target > b->most)
        b->target = b->most;
    go_on(b);
}

int balloon_open(struct balloon *b, uint64_t pages, uint64_t least,
                 uint64_t most)
{
    *b = (struct balloon){
        .pages = pages,
        .target = pages,
        .least = least,
        .most = most,
        .watch = {.path = TARGET, .fn = target_changed, .arg = b},
        .timer = {.fn = go_on, .arg = b},
    };
    return os_store_watch(&b->watch);
}

void balloon_close(struct balloon *b)
{
    os_timer_cancel(&b->timer);
    os_store_unwatch(&b->watch);
}
