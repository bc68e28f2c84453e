/* SPDX-License-Identifier: MIT */
/*
 * xl top for people: a table that fills the terminal, by ncurses; see top.h.
 *
 *   xl top  12:34:56                          3 domains, 2 CPUs at 2400 MHz
 *   Memory: 3072 MiB, 1700 MiB free
 *
 *   NAME               ID STATE    CPU% ...      the column that sorts is
 * marked Domain-0            0 -----r   12.3 ... ▁▂▃▅ (and so on) q quit  s
 * sort  r reverse  ...
 */
#define NCURSES_WIDECHAR 1

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/domctl.h"
#include "xl/cmd.h"
#include "xl/top.h"

#define HEAD_LINES  4
#define MAX_DELAY   60
#define CPU_COLUMN  3
#define GRAPH_WIDTH 20

struct screen {
    struct xl *xl;
    struct top_options *options;
    struct top_table table;
    struct usage now;
    bool is_utf8;
    bool graphs;
    bool help;
    bool quit;
    bool reverse;
    size_t sort;
    int first; /* line of the table that is the first on the screen */
};

/* A line that is cut at the edge of the screen. */
static void line_put(int y, int x, const char *text)
{
    if (y < LINES && x < COLS)
        mvaddnstr(y, x, text, COLS - x);
}

static void head_draw(const struct screen *s)
{
    char text[160], clock[16] = "";
    time_t now = time(NULL);
    struct tm tm;

    if (localtime_r(&now, &tm))
        strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
    snprintf(text, sizeof(text),
             "xl top  %s   %zu domain%s, %u CPU%s at %u MHz", clock,
             s->table.nr, s->table.nr == 1 ? "" : "s", s->table.nr_cpus,
             s->table.nr_cpus == 1 ? "" : "s", s->table.cpu_khz / 1000);
    line_put(0, 0, text);
    snprintf(text, sizeof(text), "Memory: %llu MiB, %llu MiB free   every %g s",
             (unsigned long long)s->table.host_kib >> 10,
             (unsigned long long)s->table.free_kib >> 10, s->options->delay);
    line_put(1, 0, text);
}

static int column_put(int y, int x, int width, const char *text)
{
    char cell[80];

    if (width < 0)
        snprintf(cell, sizeof(cell), "%-*.*s", -width, -width, text);
    else
        snprintf(cell, sizeof(cell), "%*.*s", width, width, text);
    line_put(y, x, cell);
    return x + abs(width) + 1;
}

static void titles_draw(const struct screen *s)
{
    int x = 0, y = HEAD_LINES - 1;
    size_t i;

    for (i = 0; i < nr_top_columns; i++) {
        attrset(i == s->sort ? A_REVERSE | A_BOLD : A_REVERSE);
        x = column_put(y, x, top_columns[i].width, top_columns[i].title);
        line_put(y, x - 1, " ");
    }
    if (s->graphs)
        column_put(y, x, -GRAPH_WIDTH, "CPU");
    attrset(A_NORMAL);
}

/* The last samples, each a bar of its height. */
static void graph_draw(const struct screen *s, int y, int x,
                       const struct top_row *row)
{
    static const char *const bars[] = {" ", "▁", "▂", "▃", "▄",
                                       "▅", "▆", "▇", "█"};
    static const char *const plain[] = {" ", ".", ".", ":", "-",
                                        "=", "+", "*", "#"};
    int i;

    for (i = 0; i < GRAPH_WIDTH && x + i < COLS; i++) {
        unsigned int percent = row->cpu_history[TOP_HISTORY - GRAPH_WIDTH + i];
        unsigned int height = percent ? 1 + percent * 7 / 100 : 0;

        mvaddstr(y, x + i, s->is_utf8 ? bars[height] : plain[height]);
    }
}

static void row_draw(const struct screen *s, int y, const struct top_row *row)
{
    char text[80];
    size_t i;
    int x = 0;

    for (i = 0; i < nr_top_columns; i++) {
        const struct top_column *c = &top_columns[i];
        int width = c->width;

        c->print(&s->table, row, text, sizeof(text));
        /* Names are cut only where something stands behind them. */
        x = column_put(y, x, width, text);
    }
    if (s->graphs)
        graph_draw(s, y, x, row);
}

/* Lines below a domain; returns how many, drawn or not. */
static int vcpus_draw(const struct screen *s, int y, const struct top_row *row)
{
    struct xen_domctl_getvcpuinfo info;
    unsigned int vcpu;
    char text[80];
    int lines = 0;

    for (vcpu = 0; vcpu <= row->info.max_vcpu_id; vcpu++) {
        if (domctl_vcpu_info(s->xl->privcmd, row->domid, vcpu, &info, NULL))
            break;
        snprintf(text, sizeof(text), "  vcpu %u: %s, CPU %u, %llu s", vcpu,
                 info.running   ? "running"
                 : !info.online ? "down"
                 : info.blocked ? "blocked"
                                : "waiting",
                 info.cpu, (unsigned long long)(info.cpu_time / 1000000000u));
        if (y + lines >= HEAD_LINES && y + lines < LINES - 1)
            line_put(y + lines, 0, text);
        lines++;
    }
    return lines;
}

static void rows_draw(const struct screen *s)
{
    int y = HEAD_LINES - s->first;
    size_t i;

    for (i = 0; i < s->table.nr && y < LINES - 1; i++) {
        if (y >= HEAD_LINES)
            row_draw(s, y, &s->table.row[i]);
        y++;
        if (s->options->vcpus)
            y += vcpus_draw(s, y, &s->table.row[i]);
    }
}

static void help_draw(void)
{
    static const char *const lines[] = {
        "s, S       sort by the next column, by the one before",
        "r          the other way round",
        "v          vcpus",
        "g          graphs",
        "+, -       more time between two looks, less",
        "up, down   move",
        "space      look now",
        "h, ?       this help",
        "q, Esc     end",
    };
    int i;

    for (i = 0; i < (int)(sizeof(lines) / sizeof(lines[0])); i++)
        line_put(HEAD_LINES + i, 2, lines[i]);
}

static void screen_draw(const struct screen *s)
{
    erase();
    head_draw(s);
    titles_draw(s);
    if (s->help)
        help_draw();
    else
        rows_draw(s);
    line_put(LINES - 1, 0,
             "q quit  s sort  r reverse  v vcpus  g graphs  +/- delay  h help");
    refresh();
}

/* Another look at the host. */
static int screen_update(struct screen *s, struct error **err_out)
{
    struct usage next;
    bool first = !s->now.at_ns;
    int rc =
        usage_take(s->xl->privcmd, s->xl->store, BACKEND_SYSFS, &next, err_out);

    if (rc)
        return rc;
    rc = top_table_make(&s->table, first ? NULL : &s->now, &next, err_out);
    usage_free(&s->now);
    s->now = next;
    if (!rc)
        top_table_sort(&s->table, s->sort, s->reverse);
    return rc;
}

static void sort_next(struct screen *s, size_t step)
{
    do
        s->sort = (s->sort + step) % nr_top_columns;
    while (!top_columns[s->sort].value);
    top_table_sort(&s->table, s->sort, s->reverse);
}

static void delay_change(struct screen *s, double by)
{
    double delay = s->options->delay + by;

    if (delay >= 0.5 && delay <= MAX_DELAY)
        s->options->delay = delay;
}

static void scroll_by(struct screen *s, int by)
{
    int first = s->first + by, last = (int)s->table.nr - 1;

    s->first = first < 0 || last < 0 ? 0 : first > last ? last : first;
}

/* Returns whether it is time for another look. */
static bool key_take(struct screen *s, int key)
{
    switch (key) {
    case 'q':
    case 'Q':
    case 27:
        s->quit = true;
        break;
    case 's':
        sort_next(s, 1);
        break;
    case 'S':
        sort_next(s, nr_top_columns - 1);
        break;
    case 'r':
    case 'R':
        s->reverse = !s->reverse;
        top_table_sort(&s->table, s->sort, s->reverse);
        break;
    case 'v':
    case 'V':
        s->options->vcpus = !s->options->vcpus;
        break;
    case 'g':
    case 'G':
        s->graphs = !s->graphs;
        break;
    case '+':
        delay_change(s, 0.5);
        break;
    case '-':
        delay_change(s, -0.5);
        break;
    case 'h':
    case '?':
        s->help = !s->help;
        break;
    case KEY_UP:
        scroll_by(s, -1);
        break;
    case KEY_DOWN:
        scroll_by(s, 1);
        break;
    case KEY_PPAGE:
        scroll_by(s, HEAD_LINES - LINES);
        break;
    case KEY_NPAGE:
        scroll_by(s, LINES - HEAD_LINES);
        break;
    case ' ':
        return true;
    default:
        break;
    }
    return false;
}

static double seconds_since(const struct timespec *from)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - from->tv_sec) +
           (double)(now.tv_nsec - from->tv_nsec) / 1e9;
}

/* Keys, until it is time for another look. */
static void keys_serve(struct screen *s)
{
    struct timespec from;
    bool look = false;

    clock_gettime(CLOCK_MONOTONIC, &from);
    while (!s->quit && !look) {
        double left = s->options->delay - seconds_since(&from);
        int key;

        if (left <= 0)
            return;
        timeout((int)(left * 1000) + 1);
        key = getch();
        if (cancel_requested(s->xl->cancel)) {
            s->quit = true;
            return;
        }
        if (key == ERR)
            continue;
        look = key_take(s, key);
        screen_draw(s);
    }
}

static int screen_loop(struct screen *s, struct error **err_out)
{
    long left = s->options->iterations;
    int rc;

    for (;;) {
        rc = screen_update(s, err_out);
        if (rc)
            return rc;
        screen_draw(s);
        if (left && --left == 0)
            return 0;
        keys_serve(s);
        if (s->quit)
            return 0;
    }
}

int top_screen_run(struct xl *xl, struct top_options *options,
                   struct error **err_out)
{
    struct screen s = {
        .xl = xl, .options = options, .graphs = true, .sort = CPU_COLUMN};
    SCREEN *terminal;
    int rc;

    setlocale(LC_CTYPE, "");
    s.is_utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
    terminal = newterm(NULL, stdout, stdin);
    if (!terminal) {
        error_set(err_out, ERROR_USAGE, -ENOTTY, "no terminal that is known");
        return error_hint(err_out, "set TERM, or use -b or --json");
    }
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    set_escdelay(100);
    curs_set(0);
    rc = screen_loop(&s, err_out);
    endwin();
    delscreen(terminal);
    top_table_free(&s.table);
    usage_free(&s.now);
    return rc;
}
