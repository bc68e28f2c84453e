/* SPDX-License-Identifier: MIT */
/* xl top: its table, and the three ways to show it. */
#ifndef XL_TOP_H
#define XL_TOP_H

#include "toolstack/usage.h"
#include "xl/xl.h"

/* As many samples are kept for the graphs. */
#define TOP_HISTORY 60

struct top_options {
    double delay;    /* seconds */
    long iterations; /* 0: without end */
    bool full_names;
    bool vcpus, networks, disks; /* lines of them below each domain */
    bool repeat_header;
};

/* One domain as the table has it. */
struct top_row {
    domid_t domid;
    char name[64];
    char state[7]; /* letters, as `--b---` */
    struct xen_domctl_getdomaininfo info;
    struct usage_rates rates;
    struct usage_devices devices;
    unsigned char
        cpu_history[TOP_HISTORY]; /* percent of all CPUs, newest last */
};

struct top_table {
    size_t nr;
    struct top_row *row;
    uint64_t host_kib, free_kib;
    unsigned int nr_cpus;
    unsigned int cpu_khz;
};

/* By what rows may be sorted: the columns of the screen that have a key. */
struct top_column {
    const char *title;
    int width; /* right-aligned; negative: left-aligned */
    double (*value)(const struct top_table *t, const struct top_row *r);
    void (*print)(const struct top_table *t, const struct top_row *r,
                  char *text, size_t size);
};

extern const struct top_column top_columns[];
extern const size_t nr_top_columns;

/**
 * Make the table anew of two samples.
 *
 * @table  the one before, whose histories go on; empty at first
 *
 * Returns 0; -ENOMEM.
 */
int top_table_make(struct top_table *table, const struct usage *before,
                   const struct usage *now, struct error **err_out);
void top_table_free(struct top_table *table);

/* Sort it by a column, the highest first (names: A first) or the other way. */
void top_table_sort(struct top_table *table, size_t column, bool reverse);

/* Bytes per second in a few characters: `1.5M`. */
void top_bytes_print(double bytes, char *text, size_t size);

/* One table as the stock tool's batch mode has it. */
int top_batch_print(struct xl *xl, const struct top_table *table,
                    const struct usage *now, const struct top_options *options,
                    struct error **err_out);

/* One table as JSON. */
int top_json_print(struct xl *xl, const struct top_table *table,
                   struct error **err_out);

/**
 * Show it on the terminal until its user has enough.
 *
 * Returns 0; -errno.
 */
int top_screen_run(struct xl *xl, struct top_options *options,
                   struct error **err_out);

#endif
