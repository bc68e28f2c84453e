/* SPDX-License-Identifier: MIT */
/* Messages of the hypervisor: to the console ring, serial line and screen. */
#ifndef XEN_PRINTK_H
#define XEN_PRINTK_H

#include "xen/compiler.h"
#include "xen/types.h"

enum log_level { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Each starts a message; without one the level is LOG_INFO. */
#define XENLOG_ERR                                                             \
    "\001"                                                                     \
    "0"
#define XENLOG_WARNING                                                         \
    "\001"                                                                     \
    "1"
#define XENLOG_INFO                                                            \
    "\001"                                                                     \
    "2"
#define XENLOG_DEBUG                                                           \
    "\001"                                                                     \
    "3"
/* About a guest: its threshold is guest_loglvl, and it is rate limited. */
#define XENLOG_G_ERR                                                           \
    "\001"                                                                     \
    "4"
#define XENLOG_G_WARNING                                                       \
    "\001"                                                                     \
    "5"
#define XENLOG_G_INFO                                                          \
    "\001"                                                                     \
    "6"
#define XENLOG_G_DEBUG                                                         \
    "\001"                                                                     \
    "7"

/**
 * Print one message, or a part of one up to the next newline.
 *
 * Each line appears as "(XEN) text". Levels past loglvl= / guest_loglvl= are
 * dropped; guest levels are limited to a burst of 10 lines per 5 s and the
 * number of suppressed lines is told. Callable everywhere, NMI included.
 * Locks: LOCK_CONSOLE.
 */
void __printf(1, 2) printk(const char *fmt, ...);

/* A message about a domain or vcpu, with its name: "d1v0 text". */
#define dprintk_d(d, level, fmt, ...)                                          \
    printk(level "d%d " fmt, (d)->domain_id, ##__VA_ARGS__)
#define gprintk_v(v, level, fmt, ...)                                          \
    printk(level "d%dv%u " fmt, (v)->domain->domain_id, (v)->vcpu_id,          \
           ##__VA_ARGS__)

#endif
