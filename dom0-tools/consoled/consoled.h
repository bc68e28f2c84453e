/* SPDX-License-Identifier: MIT */
/* What all parts of the daemon share: its descriptors, once they are open. */
#ifndef CONSOLED_CONSOLED_H
#define CONSOLED_CONSOLED_H

#include <stddef.h>
#include <stdint.h>

#include "consoled/log_file.h"
#include "consoled/options.h"
#include "lib/privcmd.h"

struct guest;

struct consoled {
    struct options options;
    struct log_style guest_style;
    struct privcmd *privcmd;
    int evtchn;  /* /dev/xen/evtchn */
    int gntdev;  /* /dev/xen/gntdev */
    int run_dir; /* folders */
    int history_dir;
    int log_dir;             /* -1 where nothing is logged */
    int dev_dir;             /* /dev */
    char boot[37];           /* id of the control domain's boot */
    size_t nr_ended;         /* histories that are over; at most so many */
    struct guest *guests;    /* all that are served */
    struct guest *throttled; /* those whose budget is used up */
};

/* Milliseconds of a clock that is never set. */
uint64_t clock_ms(void);

#endif
