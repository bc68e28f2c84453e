/* SPDX-License-Identifier: MIT */
/* Timing a command's steps; see timing.h. */
#include "xl/timing.h"

#include <time.h>

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void step_note(void *ctx, const char *doing)
{
    struct timing *t = ctx;

    /* Those that find no room count to the last one. */
    if (t->nr == TIMING_MAX_STEPS)
        return;
    t->step[t->nr].doing = doing;
    t->step[t->nr].begin_ns = now_ns();
    t->nr++;
}

void timing_begin(struct timing *t, const char *doing)
{
    t->nr = 0;
    step_note(t, doing);
}

struct steps timing_steps(struct timing *t)
{
    return (struct steps){.fn = step_note, .ctx = t};
}

static void line_print(FILE *out, int64_t ns, const char *doing)
{
    fprintf(out, "%10.3f ms  %s\n", (double)ns / 1e6, doing);
}

void timing_print(const struct timing *t, FILE *out)
{
    int64_t end = now_ns();
    unsigned int i;

    for (i = 0; i < t->nr; i++)
        line_print(out,
                   (i + 1 < t->nr ? t->step[i + 1].begin_ns : end) -
                       t->step[i].begin_ns,
                   t->step[i].doing);
    if (t->nr)
        line_print(out, end - t->step[0].begin_ns, "in all");
}
