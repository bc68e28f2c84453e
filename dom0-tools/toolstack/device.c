/* SPDX-License-Identifier: MIT */
/* What all classes of devices have in common; see device.h. */
#include "toolstack/device_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "public/io/xenbus.h"
#include "public/xen.h"

/* Of a record: what makes the device anew. */
#define SPEC_NODE "spec"

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

void device_front_fixed(struct device *d, const char *name, const char *format,
                        ...)
{
    va_list args;

    va_start(args, format);
    node_set(d->front, &d->nr_front, name, format, args);
    va_end(args);
    d->front[d->nr_front - 1].fixed = true;
}

void device_place_serve(struct device_place *at, const char *type)
{
    snprintf(at->back, sizeof(at->back), "/local/domain/%u/backend/%s/%u/%u",
             at->backend_id, type, at->domid, at->devid);
}

struct device_place device_place_make(domid_t domid, const char *class,
                                      unsigned int devid, domid_t backend_id)
{
    struct device_place at = {.domid = domid,
                              .class = class,
                              .devid = devid,
                              .backend_id = backend_id};

    device_place_serve(&at, class);
    snprintf(at.front, sizeof(at.front), "/local/domain/%u/device/%s/%u", domid,
             class, devid);
    snprintf(at.record, sizeof(at.record), "/libxl/%u/device/%s/%u", domid,
             class, devid);
    return at;
}

/*
 * Find a device by its record, which names what serves it. *there says whether
 * it has one.
 */
static int place_find(struct store *s, domid_t domid, const char *class,
                      unsigned int devid, struct device_place *at, bool *there,
                      struct error **err_out)
{
    unsigned int backend_id = 0;
    char *back = NULL, type[16];
    int rc;

    *at = device_place_make(domid, class, devid, 0);
    rc = store_read(s, &back, err_out, "%s/backend", at->record);
    if (rc)
        return rc;
    *there = back != NULL;
    if (back && sscanf(back, "/local/domain/%u/backend/%15[^/]", &backend_id,
                       type) == 2) {
        *at = device_place_make(domid, class, devid, (domid_t)backend_id);
        device_place_serve(at, type);
    }
    free(back);
    return 0;
}

static int nodes_write(struct store *s, const char *folder,
                       const struct device_node *nodes, unsigned int nr,
                       struct error **err_out)
{
    unsigned int i;
    int rc = 0;

    for (i = 0; i < nr && !rc; i++)
        if (!nodes[i].fixed)
            rc = store_write(s, nodes[i].value, err_out, "%s/%s", folder,
                             nodes[i].name);
    return rc;
}

/* Those that the folder's owner may not change. */
static int fixed_write(struct store *s, const struct device *d,
                       struct error **err_out)
{
    const struct store_rights rights = {.owner = 0, .reader = d->at.domid};
    unsigned int i;
    int rc = 0;

    for (i = 0; i < d->nr_front && !rc; i++)
        if (d->front[i].fixed)
            rc = store_write_for(s, d->front[i].value, rights, err_out, "%s/%s",
                                 d->at.front, d->front[i].name);
    return rc;
}

/* The backend's folder, or the record of it, which is alike. */
static int back_write(struct store *s, const struct device *d,
                      const char *folder, struct store_rights rights,
                      struct error **err_out)
{
    struct device_node common[] = {{.name = "frontend"},
                                   {.name = "frontend-id"},
                                   {"online", "1", false},
                                   {"state", "1", false}};
    int rc = store_write_for(s, "", rights, err_out, "%s", folder);

    snprintf(common[0].value, sizeof(common[0].value), "%s", d->at.front);
    snprintf(common[1].value, sizeof(common[1].value), "%u", d->at.domid);
    if (!rc)
        rc = nodes_write(s, folder, common, 4, err_out);
    return rc ? rc : nodes_write(s, folder, d->back, d->nr_back, err_out);
}

static int front_write(struct store *s, const struct device *d,
                       struct error **err_out)
{
    const struct store_rights rights = {.owner = d->at.domid,
                                        .reader = d->at.backend_id};
    struct device_node common[] = {
        {.name = "backend"}, {.name = "backend-id"}, {"state", "1", false}};
    int rc = store_write_for(s, "", rights, err_out, "%s", d->at.front);

    snprintf(common[0].value, sizeof(common[0].value), "%s", d->at.back);
    snprintf(common[1].value, sizeof(common[1].value), "%u", d->at.backend_id);
    if (!rc)
        rc = nodes_write(s, d->at.front, common, 3, err_out);
    if (!rc)
        rc = nodes_write(s, d->at.front, d->front, d->nr_front, err_out);
    return rc ? rc : fixed_write(s, d, err_out);
}

static int record_write(struct store *s, const struct device *d,
                        struct error **err_out)
{
    const struct store_rights own = {0, 0};
    int rc = back_write(s, d, d->at.record, own, err_out);

    if (!rc)
        rc = store_write(s, d->at.back, err_out, "%s/backend", d->at.record);
    return rc ? rc
              : store_write(s, d->spec, err_out, "%s/" SPEC_NODE, d->at.record);
}

int device_write_in(struct store *s, const struct device *d,
                    struct error **err_out)
{
    const struct store_rights shared = {.owner = d->at.backend_id,
                                        .reader = d->at.domid};
    char *there = NULL;
    int rc;

    if (!d->spec)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    rc = store_read(s, &there, err_out, "%s/backend", d->at.record);
    if (there) {
        free(there);
        return error_set(err_out, ERROR_DEVICE, -EEXIST,
                         "the domain has this device");
    }
    if (!rc)
        rc = record_write(s, d, err_out);
    if (!rc)
        rc = back_write(s, d, d->at.back, shared, err_out);
    return rc ? rc : front_write(s, d, err_out);
}

static int device_change(struct store *s, void *ctx, struct error **err_out)
{
    return device_write_in(s, ctx, err_out);
}

int device_write(struct store *s, const struct device *d,
                 struct error **err_out)
{
    return store_transaction(s, device_change, (void *)d, err_out);
}

int device_spec_read(struct store *s, const struct device_place *at,
                     char **spec_out, struct error **err_out)
{
    return store_read(s, spec_out, err_out, "%s/" SPEC_NODE, at->record);
}

/* The domain of a name. */
static int domain_by_name(struct store *s, const char *name, domid_t *domid_out,
                          struct error **err_out)
{
    char **ids, *text;
    unsigned int nr, i;
    bool found = false;
    int rc = store_list(s, &ids, &nr, err_out, "/local/domain");

    for (i = 0; !rc && !found && i < nr; i++) {
        rc = store_read(s, &text, err_out, "/local/domain/%s/name", ids[i]);
        found = !rc && text && !strcmp(text, name);
        if (found)
            *domid_out = (domid_t)strtoul(ids[i], NULL, 10);
        if (!rc)
            free(text);
    }
    free(ids);
    if (!rc && !found)
        rc = error_set(err_out, ERROR_NO_DOMAIN, -ESRCH,
                       "backend '%s': no such domain", name);
    return rc;
}

int device_backend_find(struct store *s, const char *which, domid_t *domid_out,
                        struct error **err_out)
{
    unsigned long id = 0;
    char *end = NULL;

    if (which)
        id = strtoul(which, &end, 10);
    if (which && (end == which || *end || id >= DOMID_FIRST_RESERVED))
        return domain_by_name(s, which, domid_out, err_out);
    *domid_out = (domid_t)id;
    return 0;
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

int device_await(struct store *s, const struct device_place *at,
                 const char *hint, struct error **err_out)
{
    struct backend_wait w = {.s = s, .back = at->back};
    char path[sizeof(at->back) + 8];
    long state = 0;
    int rc;

    snprintf(path, sizeof(path), "%s/state", at->back);
    rc = store_wait(s, path, BACKEND_MS, backend_done, &w, err_out);
    if (rc == -ETIMEDOUT) {
        error_set(err_out, ERROR_NO_ANSWER, rc,
                  "no backend took it within %d s", BACKEND_MS / 1000);
        error_hint(err_out, "%s", hint);
        return rc;
    }
    if (!rc)
        rc = state_read(s, at->back, &state, err_out);
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

void device_note(int *first, int rc)
{
    if (!*first && rc != -ETIMEDOUT)
        *first = rc;
}

/* Classes of devices, the type of those that a daemon serves, and what ends the
 * host's part of one. */
static const struct device_class {
    const char *name;
    const char *daemons;
    int (*host_end)(struct store *s, const struct device_place *at,
                    struct error **err_out);
} classes[] = {{"vif", "qnic", vif_host_end}, {"vbd", "qdisk", disk_host_end}};
#define NR_CLASSES (sizeof(classes) / sizeof(classes[0]))

static int host_end(struct store *s, const struct device_place *at,
                    struct error **err_out)
{
    size_t i;

    /* Another domain ends its part itself. */
    if (at->backend_id)
        return 0;
    for (i = 0; i < NR_CLASSES; i++)
        if (!strcmp(classes[i].name, at->class))
            return classes[i].host_end(s, at, err_out);
    return 0;
}

/* Remove all of a device whose backend has let it go. */
static int rest_remove(struct store *s, const struct device_place *at,
                       struct error **err_out)
{
    int first = 0;

    device_note(&first, store_remove(s, err_out, "%s", at->front));
    device_note(&first, host_end(s, at, first ? NULL : err_out));
    device_note(&first,
                store_remove(s, first ? NULL : err_out, "%s", at->back));
    device_note(&first,
                store_remove(s, first ? NULL : err_out, "%s", at->record));
    return first;
}

/* Without asking the guest: its folder goes, which ends the backend. */
static int device_end(struct store *s, const struct device_place *at,
                      struct error **err_out)
{
    int first = 0;

    device_note(&first,
                store_transaction(s, end_change, (void *)at->back, err_out));
    device_note(&first,
                store_remove(s, first ? NULL : err_out, "%s", at->front));
    return first;
}

/* Remove all of a device that is at its end. */
static int device_remove(struct store *s, const struct device_place *at,
                         struct error **err_out)
{
    struct backend_wait w = {.s = s, .back = at->back, .ending = true};
    int first = 0;

    device_note(&first,
                store_wait(s, at->back, BACKEND_MS, backend_done, &w, err_out));
    device_note(&first, rest_remove(s, at, first ? NULL : err_out));
    return first;
}

static int device_end_and_remove(struct store *s, const struct device_place *at,
                                 struct error **err_out)
{
    int first = 0;

    device_note(&first, device_end(s, at, err_out));
    device_note(&first, device_remove(s, at, first ? NULL : err_out));
    return first;
}

void device_undo(struct store *s, const struct device_place *at)
{
    const struct cancel *cancel = store_set_cancel(s, NULL);

    device_end_and_remove(s, at, NULL);
    store_set_cancel(s, cancel);
}

int device_detach(struct store *s, domid_t domid, const char *class,
                  unsigned int devid, bool force, struct error **err_out)
{
    struct backend_wait w = {.s = s, .ending = true};
    struct device_place at;
    bool there;
    int rc = place_find(s, domid, class, devid, &at, &there, err_out);

    if (rc)
        return rc;
    if (!there)
        return error_set(err_out, ERROR_DEVICE, -ENODEV, "no such device");
    if (force)
        return device_end_and_remove(s, &at, err_out);
    w.back = at.back;
    rc = store_transaction(s, end_change, at.back, err_out);
    if (!rc)
        rc = store_wait(s, at.back, BACKEND_MS, backend_done, &w, err_out);
    if (rc == -ETIMEDOUT) {
        error_set(err_out, ERROR_NO_ANSWER, rc,
                  "the guest did not release it within %d s",
                  BACKEND_MS / 1000);
        error_hint(err_out, "it may be in use there; --force takes it away");
        return rc;
    }
    return rc ? rc : rest_remove(s, &at, err_out);
}

/* Do something with each device of a class. Goes on after a failure. */
static int class_each(struct store *s, domid_t domid, const char *class,
                      int (*act)(struct store *s, const struct device_place *at,
                                 struct error **err_out),
                      struct error **err_out)
{
    unsigned int nr, i;
    char **names;
    int first = store_list(s, &names, &nr, err_out, "/libxl/%u/device/%s",
                           domid, class);

    if (first || !names)
        return first;
    for (i = 0; i < nr; i++) {
        struct device_place at;
        bool there;

        device_note(&first,
                    place_find(s, domid, class,
                               (unsigned int)strtoul(names[i], NULL, 10), &at,
                               &there, first ? NULL : err_out));
        device_note(&first, act(s, &at, first ? NULL : err_out));
    }
    free(names);
    return first;
}

/* The folders of a class that are empty now. */
static int folders_remove(struct store *s, domid_t domid,
                          const struct device_class *class,
                          struct error **err_out)
{
    int first = 0;

    device_note(&first,
                store_remove(s, err_out, "/local/domain/0/backend/%s/%u",
                             class->name, domid));
    device_note(&first, store_remove(s, first ? NULL : err_out,
                                     "/local/domain/0/backend/%s/%u",
                                     class->daemons, domid));
    return first;
}

int device_end_all(struct store *s, domid_t domid, struct error **err_out)
{
    int first = 0;
    size_t i;

    for (i = 0; i < NR_CLASSES; i++)
        device_note(&first, class_each(s, domid, classes[i].name, device_end,
                                       first ? NULL : err_out));
    return first;
}

int device_remove_all(struct store *s, domid_t domid, struct error **err_out)
{
    int first = 0;
    size_t i;

    for (i = 0; i < NR_CLASSES; i++) {
        device_note(&first, class_each(s, domid, classes[i].name, device_remove,
                                       first ? NULL : err_out));
        device_note(&first, folders_remove(s, domid, &classes[i],
                                           first ? NULL : err_out));
    }
    return first;
}
