/* SPDX-License-Identifier: MIT */
/*
 * Times what a process asks of its kernel: calls, faults, memory, processes.
 *
 * usage: mb [TEST...]
 *
 * Each test runs REP times; the median per operation is reported. Before them
 * comes how long it took from the reset of the machine until here.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "bench.h"

#define REP       5
#define HEAP_SIZE (8 << 20)
static char self[256];
static char **wanted; /* names of tests; none: all */

static int cmp(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static int is_wanted(const char *name)
{
    for (char **w = wanted; *w; w++)
        if (!strcmp(*w, name))
            return 1;
    return !*wanted;
}

static void run(const char *name, int iters, void (*fn)(int))
{
    double r[REP];
    char b[160];
    if (!is_wanted(name))
        return;
    fn(iters / 10 + 1);
    for (int i = 0; i < REP; i++) {
        uint64_t a = now_ns();
        fn(iters);
        r[i] = (double)(now_ns() - a) / iters;
    }
    qsort(r, REP, sizeof *r, cmp);
    snprintf(b, sizeof b, "dom0.%s", name);
    result(b, r[REP / 2], "ns/op");
}

static volatile unsigned sink;
static void t_spin(int n)
{
    for (int i = 0; i < n; i++)
        sink += (unsigned)i;
}
static void t_getpid(int n)
{
    for (int i = 0; i < n; i++)
        syscall(SYS_getpid);
}
static void t_clock(int n)
{
    struct timespec t;
    for (int i = 0; i < n; i++)
        clock_gettime(CLOCK_MONOTONIC, &t);
}
static void t_rdtsc(int n)
{
    for (int i = 0; i < n; i++)
        sink += (unsigned)rdtsc_now();
}
static void t_cpuid(int n)
{
    for (int i = 0; i < n; i++) {
        unsigned a = 0, b, c = 0, d;
        __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    }
}

/* n faults: a fresh anonymous mapping, one write per page. */
static void t_pagefault(int n)
{
    size_t len = (size_t)n * 4096;
    char *p = mmap(0, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                   -1, 0);
    if (p == MAP_FAILED)
        die("mmap");
    madvise(p, len, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < len; i += 4096)
        p[i] = 1;
    munmap(p, len);
}

/* The same pages populated in one call: batches of writes, no faults. */
static void t_populate(int n)
{
    size_t len = (size_t)n * 4096;
    char *p = mmap(0, len, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (p == MAP_FAILED)
        die("mmap");
    munmap(p, len);
}

/* Protect and unprotect 16 touched pages: entries change, the TLB is flushed.
 */
static void t_mprotect(int n)
{
    char *p = mmap(0, 65536, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        die("mmap");
    memset(p, 1, 65536);
    for (int i = 0; i < n; i++)
        mprotect(p, 65536, i & 1 ? PROT_READ | PROT_WRITE : PROT_READ);
    munmap(p, 65536);
}

static void t_mmap1(int n)
{
    for (int i = 0; i < n; i++) {
        char *p = mmap(0, 4096, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            die("mmap");
        *p = 1;
        munmap(p, 4096);
    }
}

/*
 * One page in an otherwise empty slot of 512 GiB: three page tables are made,
 * hooked up, unhooked and freed each time.
 */
static void t_tables(int n)
{
    for (int i = 0; i < n; i++) {
        char *p = mmap((void *)0x300000000000, 4096, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (p == MAP_FAILED)
            die("mmap");
        *p = 1;
        munmap(p, 4096);
    }
}

static void t_fork(int n)
{
    for (int i = 0; i < n; i++) {
        pid_t p = fork();
        if (!p)
            _exit(0);
        waitpid(p, 0, 0);
    }
}

static void t_exec(int n)
{
    for (int i = 0; i < n; i++) {
        pid_t p = fork();
        if (!p) {
            execl(self, self, "-x", (char *)0);
            _exit(1);
        }
        waitpid(p, 0, 0);
    }
}

static void t_pipe(int n)
{
    int a[2], b[2];
    char c = 0;
    if (pipe(a) || pipe(b))
        die("pipe");
    pid_t p = fork();
    if (!p) {
        for (int i = 0; i < n; i++)
            if (read(a[0], &c, 1) != 1 || write(b[1], &c, 1) != 1)
                _exit(1);
        _exit(0);
    }
    for (int i = 0; i < n; i++)
        if (write(a[1], &c, 1) != 1 || read(b[0], &c, 1) != 1)
            die("pingpong");
    waitpid(p, 0, 0);
    close(a[0]);
    close(a[1]);
    close(b[0]);
    close(b[1]);
}

static void onsig(int s)
{
    (void)s;
}
static void t_signal(int n)
{
    pid_t me = getpid();
    for (int i = 0; i < n; i++)
        kill(me, SIGUSR1);
}
static void t_read0(int n)
{
    char c;
    int fd = open("/dev/zero", O_RDONLY);
    for (int i = 0; i < n; i++)
        if (read(fd, &c, 1) != 1)
            die("read");
    close(fd);
}

static void t_memcpy(int n)
{
    static char a[1 << 16], b[1 << 16];
    for (int i = 0; i < n; i++) {
        __asm__ volatile("" ::"r"(b) : "memory");
        memcpy(a, b, sizeof a);
        __asm__ volatile("" ::"r"(a) : "memory");
    }
}

static void run_all(void)
{
    char *heap;

    run("spin", 1000000, t_spin);
    run("getpid", 100000, t_getpid);
    run("read_zero", 50000, t_read0);
    run("clock_gettime", 50000, t_clock);
    run("rdtsc", 50000, t_rdtsc);
    run("cpuid", 20000, t_cpuid);
    run("pagefault", 4000, t_pagefault);
    run("populate", 4000, t_populate);
    run("mmap_touch_munmap", 4000, t_mmap1);
    run("page_tables_3", 1000, t_tables);
    run("mprotect16", 4000, t_mprotect);
    run("signal", 10000, t_signal);
    run("pipe_pingpong", 4000, t_pipe);
    run("fork_exit", 200, t_fork);
    run("fork_exec", 100, t_exec);

    /* The same with more to copy. */
    heap = malloc(HEAP_SIZE);
    if (!heap)
        die("malloc");
    memset(heap, 1, HEAP_SIZE);
    run("fork_exit_8m", 100, t_fork);
    run("memcpy64k", 2000, t_memcpy);
    free(heap);
}

int main(int c, char **v)
{
    if (c > 1 && !strcmp(v[1], "-x"))
        return 0;
    /*
     * Without random addresses: else whether a mapping needs new page tables
     * depends on the run.
     */
    int per = personality(0xffffffff);
    if (!(per & ADDR_NO_RANDOMIZE)) {
        /* The TSC starts with the machine and counts a tick per ns. */
        result("dom0.reset_to_first_program", (double)rdtsc_now() / 1e6, "ms");
        if (personality(per | ADDR_NO_RANDOMIZE) >= 0)
            execv("/proc/self/exe", v);
    }
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
        die("readlink");
    signal(SIGUSR1, onsig);
    wanted = v + 1;
    run_all();
    return 0;
}
