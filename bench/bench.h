/* SPDX-License-Identifier: MIT */
/* What the tools share: time, and the one result line that each prints. */
#ifndef BENCH_H
#define BENCH_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static inline uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static inline uint64_t rdtsc_now(void)
{
    uint32_t a, d;
    __asm__ volatile("rdtsc" : "=a"(a), "=d"(d));
    return ((uint64_t)d << 32) | a;
}

/* "@R name value unit": collected by bench.py from the serial log. */
static inline void result(const char *name, double v, const char *unit)
{
    printf("@R %s %.3f %s\n", name, v, unit);
    fflush(stdout);
}

static inline __attribute__((noreturn)) void die(const char *what)
{
    printf("@E %s: %s\n", what, strerror(errno));
    fflush(stdout);
    exit(1);
}

#endif /* BENCH_H */
