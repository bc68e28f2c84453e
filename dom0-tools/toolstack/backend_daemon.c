/* SPDX-License-Identifier: MIT */
/* Daemons for devices; see backend_daemon.h. */
#include "toolstack/backend_daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "lib/background.h"
#include "lib/lock.h"
#include "lib/nbd_server.h"
#include "lib/process.h"
#include "lib/run_file.h"
#include "lib/service.h"
#include "toolstack/store.h"

#define LOG "/var/log/xen/xl-keep.log"

/* Between two tries to start what can't be started, in seconds. */
#define MAX_PAUSE 64U

/* What is kept, by a file of its name, and who keeps it, by a lock. */
struct backend_daemon {
    const char *type;
    const char *name;
    const char *mark;
    bool (*is_wanted)(const struct backend_daemon *d);
    /* Start again what has ended, then wait for an end; or for `pause` seconds,
     * where it could not be started. Returns whether it could. */
    bool (*look_after)(const struct backend_daemon *d, unsigned int pause);
};

static bool has_devices(const struct backend_daemon *d);
static bool daemon_look_after(const struct backend_daemon *d,
                              unsigned int pause);
static bool has_images(const struct backend_daemon *d);
static bool images_look_after(const struct backend_daemon *d,
                              unsigned int pause);

static const struct backend_daemon daemons[] = {
    {"qdisk", "xen-blkd", "xen-blkd.keep", has_devices, daemon_look_after},
    {"qnic", "xen-netd", "xen-netd.keep", has_devices, daemon_look_after},
    /* As many processes as there are images. */
    {"image", "qemu-nbd", "qemu-nbd.keep", has_images, images_look_after},
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
static bool has_devices(const struct backend_daemon *d)
{
    struct store *s = NULL;
    bool there = true;

    if (!store_open(&s, NULL) && devices_look(s, d->type, &there))
        there = true;
    store_close(s);
    return there;
}

static bool has_images(const struct backend_daemon *d)
{
    (void)d;
    return nbd_servers_exist();
}

static void tell(const char *name, const char *text)
{
    char when[32] = "";
    time_t now = time(NULL);
    struct tm parts;

    if (localtime_r(&now, &parts))
        strftime(when, sizeof(when), "%F %T", &parts);
    fprintf(stderr, "%s %s: %s\n", when, name, text);
}

static void tell_error(const char *name, const struct error *err)
{
    char *text = error_text(err);

    tell(name, text ? text : "out of memory");
    free(text);
}

static bool start_again(const struct backend_daemon *d)
{
    struct error *err = NULL;

    if (service_runs(d->name))
        return true;
    tell(d->name, "is started");
    if (!service_start(d->name, &err))
        return true;
    tell_error(d->name, err);
    error_free(err);
    return false;
}

static bool daemon_look_after(const struct backend_daemon *d,
                              unsigned int pause)
{
    if (!start_again(d)) {
        sleep(pause);
        return false;
    }
    service_await_end(d->name);
    return true;
}

static void tell_of_image(const char *name, struct error *err)
{
    if (err)
        tell_error(name, err);
    else
        tell(name, "its image is served again");
}

static bool images_look_after(const struct backend_daemon *d,
                              unsigned int pause)
{
    (void)d;
    return nbd_servers_look_after(tell_of_image, pause);
}

/* As long as something is wanted. What can't be started is tried less and less
 * often: each time is some lines in the log. */
static void look_after(const struct backend_daemon *d)
{
    unsigned int pause = 1;

    do {
        if (d->look_after(d, pause))
            pause = 1;
        else if (pause < MAX_PAUSE)
            pause *= 2;
    } while (d->is_wanted(d));
}

/* Each process that is watched is a file. */
static void files_allow(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
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
    files_allow();
    while (d->is_wanted(d) && !lock_try(d->mark, &lock, NULL)) {
        look_after(d);
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

static int mark_and_keep(const struct backend_daemon *d, struct error **err_out)
{
    int rc = run_file_write(d->mark, d->type, err_out);

    return rc ? rc : keep(d, false, err_out);
}

int backend_daemon_ensure(const char *type, struct error **err_out)
{
    const struct backend_daemon *d = daemon_of(type);

    if (service_manager_starts(d->name))
        return 0;
    if (!service_runs(d->name) && !process_find(d->name)) {
        error_set(err_out, ERROR_DEVICE, -ENOENT, "there is no program %s",
                  d->name);
        return error_hint(err_out, "is it installed, and in PATH?");
    }
    return mark_and_keep(d, err_out);
}

int backend_images_keep(struct error **err_out)
{
    return mark_and_keep(daemon_of("image"), err_out);
}

void backend_daemons_keep(bool ends)
{
    char text[2];
    size_t i;

    for (i = 0; i < NR_DAEMONS; i++)
        if (run_file_read(daemons[i].mark, text, sizeof(text)))
            keep(&daemons[i], ends, NULL);
}
