/* SPDX-License-Identifier: MIT */
/* Scripts of devices; see hotplug.h. */
#include "toolstack/hotplug.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/process.h"

#define SCRIPT_MS 40000

/* What a script finds in its environment. */
struct environment {
    char script[4200];
    char type[32];
    char path[120];
    char interface[64];
    char gateway[300];
    const char *list[8];
};

static int environment_make(struct store *s, const struct device_place *at,
                            const char *script, const char *interface,
                            struct environment *e, struct error **err_out)
{
    char *gateway = NULL;
    unsigned int nr = 0;
    int rc;

    snprintf(e->script, sizeof(e->script), "script=%s", script);
    snprintf(e->type, sizeof(e->type), "XENBUS_TYPE=%s", at->class);
    snprintf(e->path, sizeof(e->path), "XENBUS_PATH=backend/%s/%u/%u",
             at->class, at->domid, at->devid);
    e->list[nr++] = e->script;
    e->list[nr++] = e->type;
    e->list[nr++] = e->path;
    e->list[nr++] = "XENBUS_BASE_PATH=backend";
    if (interface) {
        rc = store_read(s, &gateway, err_out, "%s/gatewaydev", at->record);
        if (rc)
            return rc;
        snprintf(e->interface, sizeof(e->interface), "vif=%s", interface);
        e->list[nr++] = e->interface;
        if (gateway) {
            snprintf(e->gateway, sizeof(e->gateway), "netdev=%s", gateway);
            e->list[nr++] = e->gateway;
        }
        free(gateway);
    }
    e->list[nr] = NULL;
    return 0;
}

/* A script's own words on why it failed, in place of nothing. */
static void reason_add(struct store *s, const struct device_place *at,
                       struct error **err_out)
{
    char *reason = NULL;

    if (!store_read(s, &reason, NULL, "%s/hotplug-error", at->back) && reason &&
        *reason)
        error_wrap(err_out, "%s", reason);
    free(reason);
}

int hotplug_check(const char *script, struct error **err_out)
{
    int rc;

    if (!access(script, X_OK))
        return 0;
    rc = -errno;
    error_set(err_out, ERROR_DEVICE, rc, "script %s: %s", script,
              strerror(-rc));
    return rc == -EACCES ? error_hint(err_out, "make it executable") : rc;
}

int hotplug_run(struct store *s, const struct device_place *at,
                const char *script, const char *action, const char *interface,
                struct error **err_out)
{
    const char *argv[] = {script, action, interface ? "type_if=vif" : NULL,
                          NULL};
    struct environment e = {0};
    const struct process process = {.argv = argv,
                                    .env = e.list,
                                    .timeout_ms = SCRIPT_MS,
                                    .cancel = store_cancel(s)};
    int rc = environment_make(s, at, script, interface, &e, err_out);

    if (rc)
        return rc;
    rc = process_run(&process, err_out);
    if (rc)
        reason_add(s, at, err_out);
    return rc ? error_wrap(err_out, "script") : 0;
}
