/* SPDX-License-Identifier: MIT */
/* What all classes of devices have in common; see device.h. */
#include "toolstack/device_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "public/io/xenbus.h"

#include "lib/loop.h"

#define PATH_SIZE 80

static void node_set(struct device_node *nodes, unsigned int *nr,
                     const char *name, const char *format, va_list args)
{
    struct device_node *n = &nodes[(*nr)++];

    n->name = name;
    vsnprintf(n->value, sizeof(n->value), format, args);
}

void device_back(struct device *d, const char *name, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    node_set(d->back, &d->nr_back, name, format, args);
    va_end(args);
}

void device_front(struct device *d, const char *name, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    node_set(d->front, &d->nr_front, name, format, args);
    va_end(args);
}

void device_back_path(domid_t domid, const char *class, unsigned int devid,
                      char *path)
{
    snprintf(path, PATH_SIZE, "/local/domain/0/backend/%s/%u/%u", class, domid,
             devid);
}

static void front_path(domid_t domid, const char *class, unsigned int devid,
                       char *path)
{
    snprintf(path, PATH_SIZE, "/local/domain/%u/device/%s/%u", domid, class,
             devid);
}

static void record_path(domid_t domid, const char *class, unsigned int devid,
                        char *path)
{
    snprintf(path, PATH_SIZE, "/libxl/%u/device/%s/%u", domid, class, devid);
}

static int nodes_write(struct store *s, const char *folder,
                       const struct device_node *nodes, unsigned int nr,
                       struct error **err_out)
{
    unsigned int i;
    int rc = 0;

    for (i = 0; i < nr && !rc; i++)
        rc = store_write(s, nodes[i].value, err_out, "%s/%s", folder,
                         nodes[i].name);
    return rc;
}

/* The backend's folder, or the record of it, which is alike. */
static int back_write(struct store *s, const struct device *d,
                      const char *folder, const char *front,
                      struct store_rights rights, struct error **err_out)
{
    struct device_node common[] = {
        {"frontend", ""}, {"frontend-id", ""}, {"online", "1"}, {"state", "1"}};
    int rc = store_write_for(s, "", rights, err_out, "%s", folder);

    snprintf(common[0].value, sizeof(common[0].value), "%s", front);
    snprintf(common[1].value, sizeof(common[1].value), "%u", d->domid);
    if (!rc)
        rc = nodes_write(s, folder, common, 4, err_out);
    return rc ? rc : nodes_write(s, folder, d->back, d->nr_back, err_out);
}

static int front_write(struct store *s, const struct device *d,
                       const char *folder, const char *back,
                       struct error **err_out)
{
    const struct store_rights rights = {.owner = d->domid, .reader = 0};
    struct device_node common[] = {
        {"backend", ""}, {"backend-id", "0"}, {"state", "1"}};
    int rc = store_write_for(s, "", rights, err_out, "%s", folder);

    snprintf(common[0].value, sizeof(common[0].value), "%s", back);
    if (!rc)
        rc = nodes_write(s, folder, common, 3, err_out);
    return rc ? rc : nodes_write(s, folder, d->front, d->nr_front, err_out);
}

static int device_change(struct store *s, void *ctx, struct error **err_out)
{
    const struct store_rights shared = {
        .owner = 0, .reader = ((struct device *)ctx)->domid};
    const struct store_rights own = {0, 0};
    const struct device *d = ctx;
    char back[PATH_SIZE], front[PATH_SIZE], record[PATH_SIZE];
    int rc;

    device_back_path(d->domid, d->class, d->devid, back);
    front_path(d->domid, d->class, d->devid, front);
    record_path(d->domid, d->class, d->devid, record);
    rc = back_write(s, d, record, front, own, err_out);
    if (!rc)
        rc = store_write(s, back, err_out, "%s/backend", record);
    if (!rc)
        rc = back_write(s, d, back, front, shared, err_out);
    return rc ? rc : front_write(s, d, front, back, err_out);
}

int device_write(struct store *s, const struct device *d,
                 struct error **err_out)
{
    return store_transaction(s, device_change, (void *)d, err_out);
}

struct backend_wait {
    struct store *s;
    const char *back;
    bool ending; /* until it is closed or gone; else until it has begun */
};

/* A number in the store, 0 where there is none. */
static int state_read(struct store *s, const char *back, long *state_out,
                      struct error **err_out)
{
    char *text;
    int rc = store_read(s, &text, err_out, "%s/state", back);

    if (!rc)
        *state_out = text ? strtol(text, NULL, 10) : 0;
    free(text);
    return rc;
}

static int backend_done(void *ctx, struct error **err_out)
{
    struct backend_wait *w = ctx;
    long state;
    int rc = state_read(w->s, w->back, &state, err_out);

    if (rc)
        return rc;
    if (w->ending)
        return state == XenbusStateUnknown || state == XenbusStateClosed;
    return state != XenbusStateInitialising;
}

int device_await(struct store *s, const struct device *d, const char *driver,
                 struct error **err_out)
{
    char back[PATH_SIZE], path[PATH_SIZE + 8];
    struct backend_wait w = {.s = s, .back = back};
    long state = 0;
    int rc;

    device_back_path(d->domid, d->class, d->devid, back);
    snprintf(path, sizeof(path), "%s/state", back);
    rc = store_wait(s, path, BACKEND_MS, backend_done, &w, err_out);
    if (rc == -ETIMEDOUT) {
        error_set(err_out, ERROR_NO_ANSWER, rc,
                  "no backend took it within %d s", BACKEND_MS / 1000);
        error_hint(err_out, "load the module %s", driver);
        return rc;
    }
    if (!rc)
        rc = state_read(s, back, &state, err_out);
    if (!rc && state != XenbusStateInitWait && state != XenbusStateConnected)
        rc = error_set(err_out, ERROR_DEVICE, -EIO,
                       "the backend refuses it: see dmesg");
    return rc;
}

/* Ending. */

/* Nodes that ask the backend to end; it sees no frontend any more, too. */
static int end_change(struct store *s, void *ctx, struct error **err_out)
{
    const char *back = ctx;
    long state;
    int rc = state_read(s, back, &state, err_out);

    if (rc || state == XenbusStateUnknown || state == XenbusStateClosed)
        return rc;
    rc = store_write(s, "0", err_out, "%s/online", back);
    return rc ? rc : store_write(s, "5", err_out, "%s/state", back);
}

/* Free the loop device that a disk in a file has. */
static int loop_free(struct store *s, const char *back, struct error **err_out)
{
    char *device = NULL;
    int rc = store_read(s, &device, err_out, "%s/loop-device", back);

    if (!rc && device)
        rc = loop_detach(device, err_out);
    free(device);
    return rc;
}

/* Keep the first error. */
static void note(int *first, int rc)
{
    if (!*first && rc != -ETIMEDOUT)
        *first = rc;
}

/* Remove all nodes of a device whose backend has let it go. */
static int nodes_remove(struct store *s, domid_t domid, const char *class,
                        unsigned int devid, struct error **err_out)
{
    char back[PATH_SIZE], front[PATH_SIZE], record[PATH_SIZE];
    int first = 0;

    device_back_path(domid, class, devid, back);
    front_path(domid, class, devid, front);
    record_path(domid, class, devid, record);
    note(&first, store_remove(s, err_out, "%s", front));
    note(&first, loop_free(s, back, first ? NULL : err_out));
    note(&first, store_remove(s, first ? NULL : err_out, "%s", back));
    note(&first, store_remove(s, first ? NULL : err_out, "%s", record));
    return first;
}

/* Without asking the guest: its folder goes first, which ends the backend. */
static int device_remove(struct store *s, domid_t domid, const char *class,
                         unsigned int devid, struct error **err_out)
{
    char back[PATH_SIZE], front[PATH_SIZE];
    struct backend_wait w = {.s = s, .back = back, .ending = true};
    int first = 0;

    device_back_path(domid, class, devid, back);
    front_path(domid, class, devid, front);
    note(&first, store_transaction(s, end_change, back, err_out));
    note(&first, store_remove(s, first ? NULL : err_out, "%s", front));
    note(&first, store_wait(s, back, BACKEND_MS, backend_done, &w,
                            first ? NULL : err_out));
    note(&first, nodes_remove(s, domid, class, devid, first ? NULL : err_out));
    return first;
}

int device_detach(struct store *s, domid_t domid, const char *class,
                  unsigned int devid, bool force, struct error **err_out)
{
    char back[PATH_SIZE], *text;
    struct backend_wait w = {.s = s, .back = back, .ending = true};
    int rc;

    device_back_path(domid, class, devid, back);
    rc = store_read(s, &text, err_out, "/libxl/%u/device/%s/%u/backend", domid,
                    class, devid);
    if (rc)
        return rc;
    if (!text)
        return error_set(err_out, ERROR_DEVICE, -ENODEV, "no such device");
    free(text);
    if (force)
        return device_remove(s, domid, class, devid, err_out);
    rc = store_transaction(s, end_change, back, err_out);
    if (!rc)
        rc = store_wait(s, back, BACKEND_MS, backend_done, &w, err_out);
    if (rc == -ETIMEDOUT) {
        error_set(err_out, ERROR_NO_ANSWER, rc,
                  "the guest did not release it within %d s",
                  BACKEND_MS / 1000);
        error_hint(err_out, "it may be in use there; --force takes it away");
        return rc;
    }
    return rc ? rc : nodes_remove(s, domid, class, devid, err_out);
}

static int class_remove(struct store *s, domid_t domid, const char *class,
                        struct error **err_out)
{
    unsigned int nr, i;
    char **names;
    int first = store_list(s, &names, &nr, err_out, "/libxl/%u/device/%s",
                           domid, class);

    if (first || !names)
        return first;
    for (i = 0; i < nr; i++)
        note(&first, device_remove(s, domid, class,
                                   (unsigned int)strtoul(names[i], NULL, 10),
                                   first ? NULL : err_out));
    free(names);
    /* The folder of the class is empty now. */
    note(&first, store_remove(s, first ? NULL : err_out,
                              "/local/domain/0/backend/%s/%u", class, domid));
    return first;
}

int device_remove_all(struct store *s, domid_t domid, struct error **err_out)
{
    int first = class_remove(s, domid, "vif", err_out);

    note(&first, class_remove(s, domid, "vbd", first ? NULL : err_out));
    return first;
}
