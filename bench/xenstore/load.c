/* SPDX-License-Identifier: MIT */
/*
 * Load for a xenstore daemon, by its socket. Tells which figures there are, one
 * a line and then an empty one; then each line of input names one of them, and
 * is answered by one round of it: nanoseconds of wall time for an operation,
 * and of the daemon's CPU time, which other load disturbs less. "memory" is
 * answered by the daemon's KiB.
 *
 * usage: load PID [GUESTS [floor]]
 *
 * PID is the daemon's. The tree grows to GUESTS guests, 5000 if not given. With
 * "floor" the daemon is floor.c, which knows one watch.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <xen/io/xs_wire.h>
#include <xenstore.h>
#include <xenstore_lib.h>

static pid_t daemon_pid;
static struct xs_handle *h, *watcher;

/* ---- clocks, in ns ---- */

static double clock_ns(clockid_t clock)
{
    struct timespec t;

    if (clock_gettime(clock, &t) < 0)
        err(1, "clock");
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double wall_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* Of all the daemon's threads, in the kernel and out of it. */
static double cpu_ns(void)
{
    clockid_t clock;

    if (clock_getcpuclockid(daemon_pid, &clock) != 0)
        errx(1, "no clock of process %d", daemon_pid);
    return clock_ns(clock);
}

/* ---- operations ---- */

static void must(bool ok, const char *what)
{
    if (!ok)
        err(1, "%s", what);
}

static void put(struct xs_handle *to, xs_transaction_t t, const char *path,
                const char *value)
{
    must(xs_write(to, t, path, value, (unsigned int)strlen(value)), path);
}

static void read_node(int i)
{
    char *value = xs_read(h, XBT_NULL, "/bench/a", NULL);

    (void)i;
    must(value != NULL, "read");
    free(value);
}

static void write_node(int i)
{
    (void)i;
    put(h, XBT_NULL, "/bench/a", "value");
}

static void commit_write(int i)
{
    xs_transaction_t t = xs_transaction_start(h);

    (void)i;
    must(t != XBT_NULL, "start");
    put(h, t, "/bench/a", "value");
    must(xs_transaction_end(h, t, false), "end");
}

/* ---- many requests at once, as of many clients ---- */

#define AT_ONCE 32

static int raw = -1;

static void connect_raw(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "%s",
             xs_daemon_socket());
    raw = socket(AF_UNIX, SOCK_STREAM, 0);
    must(connect(raw, (struct sockaddr *)&address, sizeof(address)) == 0,
         "connect");
}

/* The answers to AT_ONCE requests. */
static void take_answers(void)
{
    static char in[65536];
    struct xsd_sockmsg head;
    size_t len = 0, at = 0;

    for (int nr = 0; nr < AT_ONCE;) {
        ssize_t n = read(raw, in + len, sizeof(in) - len);

        must(n > 0, "answers");
        for (len += (size_t)n; len - at >= sizeof(head); nr++) {
            memcpy(&head, in + at, sizeof(head));
            if (len - at < sizeof(head) + head.len)
                break;
            at += sizeof(head) + head.len;
        }
    }
}

static void read_at_once(int i)
{
    static const char path[] = "/bench/a";
    const struct xsd_sockmsg head = {.type = XS_READ, .len = sizeof(path)};
    char out[AT_ONCE * (sizeof(head) + sizeof(path))], *to = out;

    (void)i;
    for (int nr = 0; nr < AT_ONCE; nr++) {
        to = (char *)memcpy(to, &head, sizeof(head)) + sizeof(head);
        to = (char *)memcpy(to, path, sizeof(path)) + sizeof(path);
    }
    must(write(raw, out, sizeof(out)) == (ssize_t)sizeof(out), "requests");
    take_answers();
}

/* ---- a guest's record ---- */

struct node {
    const char *path; /* %1$d: guest, %2$s: device class, %3$d: device */
    const char *value;
};

/* What a toolstack writes for a PV guest with a disk and a network card. */
static const struct node guest_nodes[] = {
    {"/vm/%1$d/uuid", "6f0b0e9c-6b0c-4a6a-9e5b-0c8f8a3d3b11"},
    {"/vm/%1$d/name", "guest"},
    {"/local/domain/%1$d/name", "guest"},
    {"/local/domain/%1$d/domid", "1"},
    {"/local/domain/%1$d/memory/static-max", "131072"},
    {"/local/domain/%1$d/memory/target", "131072"},
    {"/local/domain/%1$d/memory/videoram", "0"},
    {"/local/domain/%1$d/cpu/0/availability", "online"},
    {"/local/domain/%1$d/control/shutdown", ""},
    {"/local/domain/%1$d/console/port", "2"},
};

#define FRONT "/local/domain/%1$d/device/%2$s/%3$d/"
#define BACK  "/local/domain/0/backend/%2$s/%1$d/%3$d/"

static const struct node device_nodes[] = {
    {FRONT "backend", "/local/domain/0/backend/vbd/1/51712"},
    {FRONT "backend-id", "0"},
    {FRONT "state", "1"},
    {FRONT "virtual-device", "51712"},
    {FRONT "device-type", "disk"},
    {FRONT "event-channel", "9"},
    {FRONT "ring-ref", "8"},
    {FRONT "protocol", "x86_64-abi"},
    {BACK "frontend", "/local/domain/1/device/vbd/51712"},
    {BACK "frontend-id", "1"},
    {BACK "online", "1"},
    {BACK "removable", "0"},
    {BACK "bootable", "1"},
    {BACK "state", "1"},
    {BACK "dev", "xvda"},
    {BACK "type", "phy"},
    {BACK "mode", "w"},
    {BACK "params", "/dev/vg/guest"},
    {BACK "script", "block"},
    {BACK "hotplug-status", "connected"},
    {BACK "sectors", "20971520"},
    {BACK "info", "0"},
};

#define NR(array) (sizeof(array) / sizeof(*(array)))
_Static_assert(NR(guest_nodes) + 2 * NR(device_nodes) == 54, "as documented");

static void put_nodes(xs_transaction_t t, const struct node *nodes, size_t nr,
                      int guest, const char *class, int device)
{
    char path[256];

    for (size_t i = 0; i < nr; i++) {
        snprintf(path, sizeof(path), nodes[i].path, guest, class, device);
        put(h, t, path, nodes[i].value);
    }
}

/* One of the three parts: the guest, its disk, its network card. */
static void put_part(xs_transaction_t t, int guest, int part)
{
    if (part == 0)
        put_nodes(t, guest_nodes, NR(guest_nodes), guest, "", 0);
    else if (part == 1)
        put_nodes(t, device_nodes, NR(device_nodes), guest, "vbd", 51712);
    else
        put_nodes(t, device_nodes, NR(device_nodes), guest, "vif", 0);
}

static int first_guest;

static void put_guest(int i)
{
    (void)i;
    for (int part = 0; part < 3; part++) {
        xs_transaction_t t = xs_transaction_start(h);

        must(t != XBT_NULL, "start");
        put_part(t, first_guest, part);
        must(xs_transaction_end(h, t, false), "end");
    }
    first_guest++;
}

/* Guests up to this one, the quick way, and nobody watches them. */
static void fill_to(int guest)
{
    xs_close(watcher);
    watcher = NULL;
    for (; first_guest < guest; first_guest++)
        for (int part = 0; part < 3; part++)
            put_part(XBT_NULL, first_guest, part);
}

static void print_memory(void)
{
    char path[64], line[128];
    long kib = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/status", daemon_pid);
    f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "VmRSS: %ld", &kib) == 1)
            break;
    if (f)
        fclose(f);
    printf("%ld\n", kib);
}

/* ---- watches ---- */

static void take_event(void)
{
    char **event = xs_read_watch(watcher, NULL);

    must(event != NULL, "event");
    free(event);
}

static void write_to_event(int i)
{
    write_node(i);
    take_event();
}

static bool bench_is_watched;

static void watch_bench(int arg)
{
    (void)arg;
    watcher = xs_open(0);
    must(watcher && xs_watch(watcher, "/bench", "t"), "watch");
    take_event();
    bench_is_watched = true;
}

static void unwatch_bench(void)
{
    if (bench_is_watched)
        must(xs_unwatch(watcher, "/bench", "t"), "unwatch");
    bench_is_watched = false;
}

/* So many watches on nodes of guests. */
static void watch_guests(int up_to)
{
    static int nr;
    char path[64], token[16];

    for (; nr < up_to; nr++) {
        snprintf(path, sizeof(path), "/local/domain/%d/device/vbd/%d/state",
                 nr % 5000 + 1, nr / 5000);
        snprintf(token, sizeof(token), "%d", nr);
        must(xs_watch(watcher, path, token), "watch");
        take_event();
    }
}

/* ---- figures ---- */

struct figure {
    const char *name;     /* without .wall, .cpu */
    int nr;               /* operations of a round */
    void (*fn)(int i);    /* one, the i-th */
    void (*prepare)(int); /* before the first round, or NULL; its argument: */
    int arg;
    bool no_floor; /* to a daemon that does nothing this means nothing */
};

static const struct figure figures[] = {
    {"read", 1000, read_node, NULL, 0, false},
    {"write", 1000, write_node, NULL, 0, false},
    {"commit_of_one_write", 500, commit_write, NULL, 0, false},
    {"32_reads_at_once", 200, read_at_once, NULL, 0, false},
    {"write_to_event", 500, write_to_event, watch_bench, 0, false},
    {"write_0_watches", 500, write_node, watch_guests, 0, true},
    {"write_1000_watches", 500, write_node, watch_guests, 1000, true},
    {"write_10000_watches", 500, write_node, watch_guests, 10000, true},
    {"guest_record_at_10", 3, put_guest, fill_to, 10, false},
    {"guest_record_at_100", 5, put_guest, fill_to, 100, false},
    {"guest_record_at_3000", 5, put_guest, fill_to, 3000, false},
    {"guest_record_at_5000", 5, put_guest, fill_to, 5000, false},
};

static void list_figures(int guests, bool is_floor)
{
    for (size_t i = 0; i < NR(figures); i++)
        if (!(is_floor && figures[i].no_floor) &&
            !(figures[i].prepare == fill_to && figures[i].arg > guests))
            puts(figures[i].name);
    puts("");
}

static const struct figure *find_figure(const char *name)
{
    for (size_t i = 0; i < NR(figures); i++)
        if (!strcmp(figures[i].name, name))
            return &figures[i];
    errx(1, "%s: no such figure", name);
}

static void run_round(const struct figure *f)
{
    static const struct figure *prepared;
    double wall, cpu;

    if (f->prepare && prepared != f) {
        unwatch_bench();
        f->prepare(f->arg);
    }
    prepared = f;
    wall = wall_ns();
    cpu = cpu_ns();
    for (int i = 0; i < f->nr; i++)
        f->fn(i);
    printf("%.0f %.0f\n", (wall_ns() - wall) / f->nr, (cpu_ns() - cpu) / f->nr);
}

int main(int argc, char **argv)
{
    char line[64];

    if (argc < 2)
        errx(1, "usage: load PID [GUESTS [floor]]");
    daemon_pid = atoi(argv[1]);
    h = xs_open(0);
    if (!h)
        err(1, "xs_open");
    connect_raw();
    write_node(0);
    setvbuf(stdout, NULL, _IOLBF, 0);
    list_figures(argc > 2 ? atoi(argv[2]) : 5000, argc > 3);
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (!strcmp(line, "memory"))
            print_memory();
        else
            run_round(find_figure(line));
    }
    return 0;
}
