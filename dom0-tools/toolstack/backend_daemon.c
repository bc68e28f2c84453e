/* SPDX-License-Identifier: MIT */
/* Daemons for devices; see backend_daemon.h. */
#include "toolstack/backend_daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "lib/background.h"
#include "lib/lock.h"
#include "lib/process.h"
#include "lib/run_file.h"
#include "lib/service.h"
#include "toolstack/store.h"

#define LOG "/var/log/xen/xl-keep.log"

/* What is kept, by a file of its name, and who keeps it, by a lock. */
struct backend_daemon {
    const char *type;
    const char *name;
    const char *mark;
};

static const struct backend_daemon daemons[] = {
    {"qdisk", "xen-blkd", "xen-blkd.keep"},
    {"qnic", "xen-netd", "xen-netd.keep"},
};
#define NR_DAEMONS (sizeof(daemons) / sizeof(daemons[0]))

/* Has any domain a device of the type? */
static int devices_look(struct store *s, const char *type, bool *there_out)
{
    char **domids, **devids;
    unsigned int nr_domids, nr = 0, i;
    int rc = store_list(s, &domids, &nr_domids, NULL,
                        "/local/domain/0/backend/%s", type);

    for (i = 0; i < nr_domids && !rc && !nr; i++) {
        rc = store_list(s, &devids, &nr, NULL, "/local/domain/0/backend/%s/%s",
                        type, domids[i]);
        free(devids);
    }
    free(domids);
    *there_out = nr;
    return rc;
}

/* Who can't tell says yes: the store may be just away. */
static bool is_wanted(const struct backend_daemon *d)
{
    struct store *s = NULL;
    bool there = true;

    if (!store_open(&s, NULL) && devices_look(s, d->type, &there))
        there = true;
    store_close(s);
    return there;
}

static void tell(const struct backend_daemon *d, const char *text)
{
    char when[32] = "";
    time_t now = time(NULL);
    struct tm parts;

    if (localtime_r(&now, &parts))
        strftime(when, sizeof(when), "%F %T", &parts);
    fprintf(stderr, "%s %s: %s\n", when, d->name, text);
}

static void start_again(const struct backend_daemon *d)
{
    const struct timespec pause = {.tv_sec = 1};
    struct error *err = NULL;
    char *text;

    if (service_runs(d->name))
        return;
    tell(d, "is started");
    if (!service_start(d->name, &err))
        return;
    text = error_text(err);
    tell(d, text ? text : "out of memory");
    free(text);
    error_free(err);
    nanosleep(&pause, NULL);
}

/*
 * In a process of its own. A device that comes while the last look is taken
 * would be nobody's: so it looks again once the lock is free.
 */
static int keep_run(void *ctx)
{
    const struct backend_daemon *d = ctx;
    int lock;

    prctl(PR_SET_NAME, "xl-keep");
    while (is_wanted(d) && !lock_try(d->mark, &lock, NULL)) {
        do {
            start_again(d);
            service_await_end(d->name);
        } while (is_wanted(d));
        run_file_remove(d->mark);
        lock_drop(lock);
    }
    return 0;
}

static int keep(const struct backend_daemon *d, bool ends,
                struct error **err_out)
{
    int lock;

    /* Somebody does. */
    if (lock_try(d->mark, &lock, NULL))
        return 0;
    lock_drop(lock);
    return background_start(keep_run, (void *)d, LOG, ends, err_out);
}

static const struct backend_daemon *daemon_of(const char *type)
{
    size_t i = 0;

    while (strcmp(daemons[i].type, type) != 0)
        i++;
    return &daemons[i];
}

int backend_daemon_ensure(const char *type, struct error **err_out)
{
    const struct backend_daemon *d = daemon_of(type);
    int rc;

    if (service_manager_starts(d->name))
        return 0;
    if (!service_runs(d->name) && !process_find(d->name)) {
        error_set(err_out, ERROR_DEVICE, -ENOENT, "there is no program %s",
                  d->name);
        return error_hint(err_out, "is it installed, and in PATH?");
    }
    rc = run_file_write(d->mark, d->type, err_out);
    return rc ? rc : keep(d, false, err_out);
}

void backend_daemons_keep(bool ends)
{
    char text[2];
    size_t i;

    for (i = 0; i < NR_DAEMONS; i++)
        if (run_file_read(daemons[i].mark, text, sizeof(text)))
            keep(&daemons[i], ends, NULL);
}
