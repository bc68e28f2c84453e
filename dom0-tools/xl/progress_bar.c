/* SPDX-License-Identifier: MIT */
/* Showing how far long work is; see progress_bar.h. */
#include "xl/progress_bar.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define FIRST_MS 500
#define STEP_MS  100
#define BAR      20 /* characters between the brackets */
#define MAX_LINE 512

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_bar_begin(struct progress_bar *bar, FILE *out, const char *what)
{
    *bar = (struct progress_bar){.out = out, .what = what};
    bar->terminal = fileno(out) >= 0 && isatty(fileno(out));
    if (bar->terminal) {
        bar->begin_ms = now_ms();
        bar->next_ms = bar->begin_ms + FIRST_MS;
    }
}

void progress_bar_line(char *line, size_t size, const char *what, uint64_t done,
                       uint64_t total, int64_t elapsed_ms, unsigned int columns)
{
    static const char full[] = "####################";
    static const char empty[] = "....................";
    uint64_t rate = elapsed_ms > 0 ? done * 1000 / (uint64_t)elapsed_ms : 0;
    int filled;

    if (size > columns)
        size = columns ? columns : 1;
    if (total == 0) {
        snprintf(line, size, "%s: %" PRIu64 " MiB, %" PRIu64 " MiB/s", what,
                 done >> 20, rate >> 20);
        return;
    }
    done = done < total ? done : total;
    filled = (int)((double)done * BAR / (double)total);
    if (rate)
        snprintf(line, size,
                 "%s [%.*s%.*s] %3d %%  %" PRIu64 " MiB of %" PRIu64
                 " MiB, %" PRIu64 " s left",
                 what, filled, full, BAR - filled, empty,
                 (int)((double)done * 100 / (double)total), done >> 20,
                 total >> 20, (total - done) / rate);
    else
        snprintf(line, size, "%s [%s]   0 %%", what, empty);
}

static unsigned int columns_of(FILE *out)
{
    struct winsize window;

    if (ioctl(fileno(out), TIOCGWINSZ, &window) || !window.ws_col)
        return 80;
    return window.ws_col;
}

static void progress_bar_show(void *ctx, uint64_t done, uint64_t total)
{
    struct progress_bar *bar = ctx;
    char line[MAX_LINE];
    int64_t now;

    if (!bar->terminal)
        return;
    now = now_ms();
    if (now < bar->next_ms)
        return;
    progress_bar_line(line, sizeof(line), bar->what, done, total,
                      now - bar->begin_ms, columns_of(bar->out));
    /* To the start of the line, and away with what is behind the new one. */
    fprintf(bar->out, "\r%s\033[K", line);
    fflush(bar->out);
    bar->shown = true;
    bar->next_ms = now + STEP_MS;
}

struct progress progress_bar_as(struct progress_bar *bar)
{
    return (struct progress){.fn = progress_bar_show, .ctx = bar};
}

void progress_bar_end(struct progress_bar *bar)
{
    if (bar->shown) {
        fputs("\r\033[K", bar->out);
        fflush(bar->out);
        bar->shown = false;
    }
}
