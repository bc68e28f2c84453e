/* SPDX-License-Identifier: MIT */
/* The table of xl top; see top.h. */
#include "xl/top.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xl/cmd.h"

#define KIB_PER_PAGE 4

void top_bytes_print(double bytes, char *text, size_t size)
{
    static const char units[] = " KMGT";
    size_t unit = 0;

    while (bytes >= 999.5 && unit < sizeof(units) - 2) {
        bytes /= 1024;
        unit++;
    }
    if (unit == 0)
        snprintf(text, size, "%.0f", bytes);
    else
        snprintf(text, size, bytes < 9.95 ? "%.1f%c" : "%.0f%c", bytes,
                 units[unit]);
}

/* Columns. */

static double name_value(const struct top_table *t, const struct top_row *r)
{
    (void)t, (void)r;
    return 0;
}

static void name_print(const struct top_table *t, const struct top_row *r,
                       char *text, size_t size)
{
    (void)t;
    snprintf(text, size, "%s", r->name);
}

static double id_value(const struct top_table *t, const struct top_row *r)
{
    (void)t;
    return -(double)r->domid;
}

static void id_print(const struct top_table *t, const struct top_row *r,
                     char *text, size_t size)
{
    (void)t;
    snprintf(text, size, "%u", r->domid);
}

static void state_print(const struct top_table *t, const struct top_row *r,
                        char *text, size_t size)
{
    (void)t;
    snprintf(text, size, "%s", r->state);
}

static double cpu_value(const struct top_table *t, const struct top_row *r)
{
    (void)t;
    return r->rates.cpu_percent;
}

static void cpu_print(const struct top_table *t, const struct top_row *r,
                      char *text, size_t size)
{
    (void)t;
    snprintf(text, size, "%.1f", r->rates.cpu_percent);
}

static double time_value(const struct top_table *t, const struct top_row *r)
{
    (void)t;
    return (double)r->info.cpu_time;
}

static void time_print(const struct top_table *t, const struct top_row *r,
                       char *text, size_t size)
{
    (void)t;
    snprintf(text, size, "%llu",
             (unsigned long long)(r->info.cpu_time / 1000000000u));
}

static double memory_value(const struct top_table *t, const struct top_row *r)
{
    (void)t;
    return (double)r->info.tot_pages;
}

static void memory_print(const struct top_table *t, const struct top_row *r,
                         char *text, size_t size)
{
    (void)t;
    snprintf(text, size, "%llu", (unsigned long long)r->info.tot_pages / 256);
}

static void memory_percent_print(const struct top_table *t,
                                 const struct top_row *r, char *text,
                                 size_t size)
{
    double part = t->host_kib ? (double)r->info.tot_pages * KIB_PER_PAGE * 100 /
                                    (double)t->host_kib
                              : 0;

    snprintf(text, size, "%.1f", part);
}

static double vcpus_value(const struct top_table *t, const struct top_row *r)
{
    (void)t;
    return r->info.nr_online_vcpus;
}

static void vcpus_print(const struct top_table *t, const struct top_row *r,
                        char *text, size_t size)
{
    (void)t;
    snprintf(text, size, "%u", r->info.nr_online_vcpus);
}

static double read_value(const struct top_table *t, const struct top_row *r)
{
    (void)t;
    return r->rates.disk_read;
}

static void read_print(const struct top_table *t, const struct top_row *r,
                       char *text, size_t size)
{
    (void)t;
    top_bytes_print(r->rates.disk_read, text, size);
}

static double write_value(const struct top_table *t, const struct top_row *r)
{
    (void)t;
    return r->rates.disk_written;
}

static void write_print(const struct top_table *t, const struct top_row *r,
                        char *text, size_t size)
{
    (void)t;
    top_bytes_print(r->rates.disk_written, text, size);
}

static double sent_value(const struct top_table *t, const struct top_row *r)
{
    (void)t;
    return r->rates.net_sent;
}

static void sent_print(const struct top_table *t, const struct top_row *r,
                       char *text, size_t size)
{
    (void)t;
    top_bytes_print(r->rates.net_sent, text, size);
}

static double received_value(const struct top_table *t, const struct top_row *r)
{
    (void)t;
    return r->rates.net_received;
}

static void received_print(const struct top_table *t, const struct top_row *r,
                           char *text, size_t size)
{
    (void)t;
    top_bytes_print(r->rates.net_received, text, size);
}

/* clang-format off */
const struct top_column top_columns[] = {
    {"NAME",   -16, name_value,     name_print},
    {"ID",       5, id_value,       id_print},
    {"STATE",    6, NULL,           state_print},
    {"CPU%",     6, cpu_value,      cpu_print},
    {"TIME",     7, time_value,     time_print},
    {"MEM(M)",   7, memory_value,   memory_print},
    {"MEM%",     5, NULL,           memory_percent_print},
    {"VCPUS",    5, vcpus_value,    vcpus_print},
    {"READ/s",   6, read_value,     read_print},
    {"WRITE/s",  7, write_value,    write_print},
    {"SENT/s",   6, sent_value,     sent_print},
    {"GOT/s",    6, received_value, received_print},
};
/* clang-format on */

const size_t nr_top_columns = sizeof(top_columns) / sizeof(top_columns[0]);

/* Rows. */

static void state_letters(const struct xen_domctl_getdomaininfo *info,
                          char *text)
{
    bool crashed = info->flags & XEN_DOMINF_shutdown &&
                   domain_shutdown_reason(info) == SHUTDOWN_crash;

    text[0] = info->flags & XEN_DOMINF_dying ? 'd' : '-';
    text[1] = info->flags & XEN_DOMINF_shutdown ? 's' : '-';
    text[2] = info->flags & XEN_DOMINF_blocked ? 'b' : '-';
    text[3] = crashed ? 'c' : '-';
    text[4] = info->flags & XEN_DOMINF_paused ? 'p' : '-';
    text[5] = info->flags & XEN_DOMINF_running ? 'r' : '-';
    text[6] = 0;
}

static const struct top_row *row_find(const struct top_table *t, domid_t domid)
{
    size_t i;

    for (i = 0; i < t->nr; i++)
        if (t->row[i].domid == domid)
            return &t->row[i];
    return NULL;
}

static void history_fill(struct top_row *row, const struct top_row *old,
                         unsigned int nr_cpus)
{
    double share = row->rates.cpu_percent / (nr_cpus ? nr_cpus : 1);

    if (old)
        memcpy(row->cpu_history, old->cpu_history + 1, TOP_HISTORY - 1);
    row->cpu_history[TOP_HISTORY - 1] =
        share > 100 ? 100 : (unsigned char)(share + 0.5);
}

int top_table_make(struct top_table *table, const struct usage *before,
                   const struct usage *now, struct error **err_out)
{
    struct top_table made = {
        .host_kib = now->host.total_pages * KIB_PER_PAGE,
        .free_kib = now->host.free_pages * KIB_PER_PAGE,
        .nr_cpus = now->host.nr_cpus,
        .cpu_khz = now->host.cpu_khz,
    };
    size_t i;

    made.row = calloc(now->domains.nr ? now->domains.nr : 1, sizeof(*made.row));
    if (!made.row)
        return out_of_memory(err_out);
    for (i = 0; i < now->domains.nr; i++) {
        const struct domain_entry *d = &now->domains.entry[i];
        struct top_row *row = &made.row[made.nr++];

        row->domid = d->info.domain;
        row->info = d->info;
        snprintf(row->name, sizeof(row->name), "%s", d->name ? d->name : "");
        state_letters(&d->info, row->state);
        row->rates = usage_rates(before, now, row->domid);
        row->devices = usage_devices(now, row->domid);
        history_fill(row, row_find(table, row->domid), made.nr_cpus);
    }
    top_table_free(table);
    *table = made;
    return 0;
}

void top_table_free(struct top_table *table)
{
    free(table->row);
    *table = (struct top_table){0};
}

/* What qsort's function has to know. */
struct sorting {
    const struct top_table *table;
    const struct top_column *column;
    bool reverse;
};

static int by_column(const void *a, const void *b, void *arg)
{
    const struct sorting *s = arg;
    double x = s->column->value(s->table, a), y = s->column->value(s->table, b);
    int order = x > y ? -1 : x < y;

    if (!order)
        order = strcmp(((const struct top_row *)a)->name,
                       ((const struct top_row *)b)->name);
    return s->reverse ? -order : order;
}

void top_table_sort(struct top_table *table, size_t column, bool reverse)
{
    struct sorting s = {table, &top_columns[column], reverse};

    if (s.column->value && table->nr)
        qsort_r(table->row, table->nr, sizeof(*table->row), by_column, &s);
}
