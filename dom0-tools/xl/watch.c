/* SPDX-License-Identifier: MIT */
/* Having domains watched; see watch.h. */
#include "xl/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "lib/background.h"
#include "lib/privcmd.h"
#include "toolstack/saved_config.h"
#include "toolstack/watch_record.h"
#include "toolstack/watcher.h"

#define LOG_FOLDER "/var/log/xen"

/* The file that the watcher has locked; -1: nobody has ever watched. */
static int lock_open(int flags)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/xl-watch.lock", saved_config_folder());
    return open(path, O_RDWR | O_CLOEXEC | flags, 0600);
}

/* A line in the log of one guest. Without a log it is lost. */
static void tell(const char *name, const char *text)
{
    char path[512], when[32];
    time_t now = time(NULL);
    struct tm parts;
    FILE *log;

    snprintf(path, sizeof(path), LOG_FOLDER "/xl-%.255s.log", name);
    log = strchr(name, '/') ? NULL : fopen(path, "ae");
    if (!log)
        return;
    if (localtime_r(&now, &parts) &&
        strftime(when, sizeof(when), "%F %T", &parts))
        fprintf(log, "%s %s\n", when, text);
    fclose(log);
}

static int watch_once(void)
{
    struct error *err = NULL;
    struct privcmd *p = NULL;
    struct store *s = NULL;
    char *text;
    int rc = privcmd_open(&p, &err);

    if (!rc)
        rc = store_open(&s, &err);
    if (!rc)
        rc = watcher_run(p, s, tell, &err);
    if (rc) {
        text = error_text(err);
        fprintf(stderr, "xl: watching: %s\n", text ? text : "out of memory");
        free(text);
        error_free(err);
    }
    store_close(s);
    privcmd_close(p);
    return rc;
}

/*
 * In a process of its own. A record that is written while the last look is
 * taken would be nobody's: so it looks again once the lock is free.
 */
static int watch_run(void *ctx)
{
    int lock = lock_open(O_CREAT), rc = 0;

    (void)ctx;
    prctl(PR_SET_NAME, "xl-watch");
    while (lock >= 0 && !rc && watch_records_exist() &&
           !flock(lock, LOCK_EX | LOCK_NB)) {
        rc = watch_once();
        flock(lock, LOCK_UN);
    }
    if (lock >= 0)
        close(lock);
    return rc ? 1 : 0;
}

void watch_ensure(bool ends)
{
    int lock = lock_open(0);
    bool nobody = lock < 0 || !flock(lock, LOCK_EX | LOCK_NB);

    if (lock >= 0)
        close(lock);
    if (nobody && watch_records_exist())
        background_start(watch_run, NULL, LOG_FOLDER "/xl-watch.log", ends,
                         NULL);
}

int watch_start(const struct vm_config *config, domid_t domid,
                struct error **err_out)
{
    int rc = watch_record_write(domid, config, err_out);

    if (!rc)
        watch_ensure(false);
    return rc;
}
